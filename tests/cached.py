"""What the cache holds, in Redis or in this process, as lines of text."""

from typing import Any

from django.core.cache import cache


def cached_lines() -> list[str]:
    held: Any = cache
    if hasattr(held, "client"):
        redis = held.client.get_client()
        return [f"{key!r} {redis.get(key)!r}" for key in redis.scan_iter("*")]
    return [f"{key} {value!r}" for key, value in held._cache.items()]
