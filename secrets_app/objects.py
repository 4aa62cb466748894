"""The object store for segments, where FILES_URL names one. The only module that knows S3.

An object has a random name and holds a segment under both locks: the store learns sizes and times.
Rows name objects, never the other way round, so what no row names is an orphan.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils import timezone

from onetime.views import Unavailable

logger = logging.getLogger(__name__)

#: How many names one call of S3 deletes at most.
AT_ONCE = 1000
#: An object may be older than the row that will name it, but never by so much.
UNNAMED_FOR = timedelta(hours=1)


class Missing(LookupError):
    """No object has that name."""


class Store:
    """A bucket of an S3-compatible service. Its methods raise Unavailable where it does not answer."""

    def __init__(self, options: dict[str, Any]) -> None:
        from botocore.config import Config
        from storages.backends.s3 import S3Storage

        config = Config(
            s3={"addressing_style": "path" if options["endpoint_url"] else "auto"},
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 3},
            # Checksums that many stores but Amazon's do not know; both locks tell what was changed.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # One connection for each thread, kept by django-storages.
        self._storage = S3Storage(**options, client_config=config)

    def put(self, data: bytes | bytearray) -> str:
        """Keep `data`; the name that it has now."""
        name = secrets.token_hex(16)
        with _answering():
            self._storage.bucket.Object(name).put(Body=data)
        return name

    def get(self, name: str) -> bytes:
        """Raises Missing."""
        with _answering():
            data: bytes = self._storage.bucket.Object(name).get()["Body"].read()
        return data

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects, whether or not they are still there."""
        left = iter(names)
        while some := list(islice(left, AT_ONCE)):
            with _answering():
                wanted = {"Objects": [{"Key": name} for name in some], "Quiet": True}
                errors = self._storage.bucket.delete_objects(Delete=wanted).get("Errors")
            if errors:
                raise Unavailable("the store refuses to delete")

    def unnamed(self) -> Iterator[list[str]]:
        """The names of objects that a row must name by now, some at a time."""
        settled = timezone.now() - UNNAMED_FOR
        with _answering():
            objects = iter(self._storage.bucket.objects.all())
            names = (each.key for each in objects if each.last_modified < settled)
            while some := list(islice(names, AT_ONCE)):
                yield some


@contextmanager
def _answering() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"NoSuchKey", "404"}:
            raise Missing from None
        raise Unavailable(f"the object store says {code}") from None
    except BotoCoreError as error:
        raise Unavailable(f"the object store does not answer: {type(error).__name__}") from None


@lru_cache(maxsize=4)
def _store(options: tuple[tuple[str, Any], ...]) -> Store:
    return Store(dict(options))


def store() -> Store | None:
    """The store that FILES_URL names, or None where segments are in the database."""
    options: dict[str, Any] | None = settings.FILES_STORE
    return None if options is None else _store(tuple(options.items()))


def get(name: str) -> bytes:
    """What an object holds. Raises Missing, or Unavailable also where FILES_URL names no store any more."""
    found = store()
    if found is None:
        raise Unavailable("FILES_URL is gone, and segments are still in the store that it named")
    return found.get(name)


def drop(names: list[str]) -> None:
    """Delete objects that no row names any more. What cannot be deleted now is left to the sweep."""
    found = store()
    if found is None or not names:
        return
    try:
        found.delete(names)
    except Unavailable:
        logger.exception("objects: could not be deleted now; housekeeping tries again")
