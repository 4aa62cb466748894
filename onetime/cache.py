"""The only module that knows Redis: a cache that goes on in the process when Redis is gone.

It counts for the rate limits too. django-ratelimit says what is to be counted, how long and against
which limit, and would ask the cache two or three times for each; `Notes` takes down what it wants,
and `count` does all that a request needs in one round trip.
"""

import hashlib
import time
from contextlib import suppress
from typing import Any, NamedTuple

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import NoScriptError, RedisError

RETRY_SECONDS = 5

#: For each key: count one more use, which begins its time, or only look. See `Note`.
COUNT = """
local counts, over = {}, false
for i, key in ipairs(KEYS) do
  local more, seconds, limit = ARGV[3 * i - 2], ARGV[3 * i - 1], tonumber(ARGV[3 * i])
  if more == "0" or over then
    counts[i] = tonumber(redis.call("GET", key) or 0)
  else
    counts[i] = redis.call("INCR", key)
    if counts[i] == 1 then redis.call("EXPIRE", key, seconds) end
    over = counts[i] > limit
  end
end
return counts
"""
COUNT_SHA = hashlib.sha1(COUNT.encode(), usedforsecurity=False).hexdigest()  # what Redis calls it


class Note(NamedTuple):
    """One counter: its key, 1 to count a use or 0 to look, how many seconds it lives, and its limit.

    Once a count is over its limit, those that follow are only looked at.
    """

    key: str
    more: int
    seconds: int
    limit: int = 0


class Notes(BaseCache):
    """The cache that django-ratelimit is given: it holds nothing and notes what was to be counted."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._last: Note | None = None

    def add(self, key: Any, value: Any, timeout: Any = None, version: Any = None) -> bool:
        self._last = Note(key, value, timeout)
        return True

    def take(self) -> Note:
        """What was noted last. Each thread has notes of its own. Raises LookupError where nothing was."""
        if self._last is None:
            raise LookupError("nothing was to be counted")
        noted, self._last = self._last, None
        return noted


class ProcessCache(LocMemCache):
    """This process's memory, which counts as Redis does."""

    def count(self, notes: list[Note]) -> list[int]:
        counts, over = [], False
        for note in notes:
            counts.append(self._count(note) if note.more and not over else int(self.get(note.key, 0)))
            over = over or bool(note.more and counts[-1] > note.limit)
        return counts

    def _count(self, note: Note) -> int:
        # One that is culled or expires in between is begun again.
        with suppress(ValueError):
            return 1 if self.add(note.key, 1, note.seconds) else int(self.incr(note.key))
        self.set(note.key, 1, note.seconds)
        return 1


class RedisOrProcessCache(RedisCache):  # type: ignore[misc]
    """django-redis while it answers, this process's memory while it does not.

    After a failure Redis is left alone for RETRY_SECONDS, so that an outage costs one
    timeout now and then instead of one in every request. What is cached here (limits,
    counters) may be lost or counted per process without harm to any secret.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._process = ProcessCache(f"process-{server}", {})
        self._redis_again_at = 0.0
        self._connection: Any = None  # each thread has a cache of its own, and so a connection

    def _either(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._redis_again_at:
            try:
                return getattr(super(), method)(*args, **kwargs)
            except RedisError:
                self._redis_again_at = time.monotonic() + RETRY_SECONDS
        return getattr(self._process, method)(*args, **kwargs)

    def redis_answers(self) -> bool:
        """Whether Redis itself answers just now."""
        try:
            return bool(self.client.get_client().ping())
        except RedisError:
            return False

    def count(self, notes: list[Note]) -> list[int]:
        """What each counter stands at, counted first where a note says so; one round trip."""
        if time.monotonic() >= self._redis_again_at:
            try:
                return self._count_in_redis(notes)
            except RedisError:
                self._redis_again_at = time.monotonic() + RETRY_SECONDS
        return self._process.count(notes)

    def _count_in_redis(self, notes: list[Note]) -> list[int]:
        keys = [str(self.client.make_key(note.key)) for note in notes]
        given = [len(keys), *keys, *(number for note in notes for number in note[1:])]
        try:
            return self._ask("EVALSHA", COUNT_SHA, *given)
        except (NoScriptError, RedisGone):
            # It may have ended a connection that was kept; a use counted twice harms nobody.
            return self._ask("EVAL", COUNT, *given)

    def _ask(self, *command: Any) -> list[int]:
        """What Redis answers, over a connection that this thread keeps and that opens itself anew.

        A client of redis-py would take one from its pool for each command, which takes longer than asking.
        """
        if self._connection is None:
            self._connection = self.client.get_client().connection_pool.get_connection()
        self._connection.send_command(*command)
        return list(self._connection.read_response())

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("set", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("incr", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("delete", *args, **kwargs)
