"""The only module that knows Redis: a cache that goes on in the process when Redis is gone.

It counts for the rate limits too. django-ratelimit says what is to be counted, how long and against
which limit, and would ask the cache two or three times for each; `Notes` takes down what it wants,
and `count` does all that a request needs in one round trip.
"""

import time
from contextlib import suppress
from typing import Any, NamedTuple

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
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
        self._script = ""

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
        redis = self.client.get_client()
        keys = [str(self.client.make_key(note.key)) for note in notes]
        numbers = [number for note in notes for number in note[1:]]
        with suppress(NoScriptError):
            if self._script:
                return list(redis.evalsha(self._script, len(keys), *keys, *numbers))
        self._script = redis.script_load(COUNT)
        return list(redis.evalsha(self._script, len(keys), *keys, *numbers))

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
