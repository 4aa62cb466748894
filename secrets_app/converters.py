"""What the parts of our URLs look like."""

import uuid

from django.urls import register_converter


class SecretIdConverter:
    """A secret's id: 32 lower-case hex digits, as the client derives it."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> uuid.UUID:
        return uuid.UUID(hex=value)

    def to_url(self, value: uuid.UUID) -> str:
        return value.hex


class KeyConverter:
    """A link key, receipt key or listing key: 31 base-62 characters."""

    regex = "[0-9A-Za-z]{31}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class SegmentConverter:
    """The number of a segment, from 0, as computers write it."""

    regex = "0|[1-9][0-9]{0,5}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(SecretIdConverter, "secret_id")
register_converter(KeyConverter, "key")
register_converter(SegmentConverter, "segment")
