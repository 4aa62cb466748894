"""What can go wrong, each with the exit status that scripts see; the manual page lists them."""


class CommandError(Exception):
    """Printed as one line on standard error."""

    exit_status = 1


class Usage(CommandError):
    """The command cannot be understood, or needs a terminal that is not there."""

    exit_status = 2


class Gone(CommandError):
    """The secret was opened or burned before, or has expired."""

    exit_status = 3


class WrongPassphrase(CommandError):
    """The passphrase is wrong or missing; nothing was consumed."""

    exit_status = 4


class Unknown(CommandError):
    """The link is incomplete, or the server knows no such secret."""

    exit_status = 5


class Unreachable(CommandError):
    """The server does not answer, or fails."""

    exit_status = 6


class Refused(CommandError):
    """The server refuses: too large, too many, a lifetime or a token that is not allowed."""

    exit_status = 7


class Busy(Refused):
    """Too many calls; in `wait` seconds the server takes another."""

    def __init__(self, text: str, wait: int) -> None:
        super().__init__(text)
        self.wait = wait


class Incomplete(CommandError):
    """An upload lacks segments that the server was sent, or was not."""
