"""What can be said no to. Services raise these; each view maps them to its own format."""

from datetime import datetime


class SecretError(Exception):
    """Any refusal of this app."""


class UnknownSecret(SecretError):
    """No row has this id or this receipt."""


class AlreadyExists(SecretError):
    """A secret with this id was made before."""


class WrongProof(SecretError):
    """The link is right and the passphrase is not; nothing was touched."""


class Gone(SecretError):
    """The proof is right and the content is no longer to be had.

    `state` is opened, burned, expired or lost (in a restore), `at` when that happened.
    """

    def __init__(self, state: str, at: datetime) -> None:
        super().__init__(state)
        self.state = state
        self.at = at


class TooLarge(SecretError):
    """The content is over the plan's limit; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class BadLifetime(SecretError):
    """The lifetime is below the minimum or over the plan's limit; both in seconds."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__(minimum, maximum)
        self.minimum = minimum
        self.maximum = maximum


class BadContent(SecretError):
    """The envelope cannot be one: wrong version, or a length that no envelope has."""


class IncompleteUpload(SecretError):
    """Segments are missing; `missing` has their first and last numbers, gap by gap."""

    def __init__(self, missing: list[tuple[int, int]]) -> None:
        super().__init__(missing)
        self.missing = missing


class WrongLength(SecretError):
    """A segment has another length than its place asks for; `expected` is in bytes."""

    def __init__(self, expected: int) -> None:
        super().__init__(expected)
        self.expected = expected
