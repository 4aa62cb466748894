"""The only module that knows Redis: a cache that goes on in the process when Redis is gone."""

import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from redis.exceptions import RedisError

RETRY_SECONDS = 5


class RedisOrProcessCache(RedisCache):  # type: ignore[misc]
    """django-redis while it answers, this process's memory while it does not.

    After a failure Redis is left alone for RETRY_SECONDS, so that an outage costs one
    timeout now and then instead of one in every request. What is cached here (limits,
    counters) may be lost or counted per process without harm to any secret.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._process = LocMemCache(f"process-{server}", {})
        self._redis_again_at = 0.0

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
