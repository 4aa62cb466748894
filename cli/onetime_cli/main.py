"""The command line itself: options, exit statuses, and a link that leaves the list of processes."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from onetime_cli import commands, completion, links
from onetime_cli.errors import CommandError, Usage
from onetime_cli.terminal import say

INTERRUPTED = 130
_KEY = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{31}(?![0-9A-Za-z])")
_HANDED_OVER = "--arguments-from-descriptor"


def parser() -> argparse.ArgumentParser:
    """Every command and option; the completions and a test of the manual page read it too."""
    whole = argparse.ArgumentParser(
        prog="onetime",
        description="Share a password or a file by a link that opens once. What you share is encrypted here; "
        "the server never sees it.",
        epilog="Environment: ONETIME_SERVER, ONETIME_TOKEN, ONETIME_TOKEN_FILE, ONETIME_PASSPHRASE.",
    )
    whole.add_argument("--version", action="version", version=_version())
    found = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _share(found.add_parser("share", help="share files, or text from standard input"))
    _open(found.add_parser("open", help="open a secret, which works once"))
    _status(found.add_parser("status", help="see whether a secret was opened; changes nothing"))
    _burn(found.add_parser("burn", help="destroy a secret that nobody has opened"))
    shells = found.add_parser("completion", help="print the completion for a shell")
    shells.add_argument("shell", choices=sorted(completion.SHELLS))
    shells.set_defaults(run=lambda options: sys.stdout.write(completion.SHELLS[options.shell](parser())))
    return whole


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--server", metavar="URL", default=os.environ.get("ONETIME_SERVER"), help="the server"
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")


def _passphrase(command: argparse.ArgumentParser) -> None:
    group = command.add_mutually_exclusive_group()
    group.add_argument("--passphrase", action="store_true", help="ask for a passphrase")
    group.add_argument("--passphrase-file", metavar="FILE", help="read it from the first line of FILE")
    group.add_argument("--passphrase-fd", metavar="N", type=int, help="read it from file descriptor N")


def _share(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", metavar="FILE", nargs="*", help="a file, or - for text from standard input")
    command.add_argument(
        "--ttl", metavar="TIME", type=links.seconds, default=604_800, help="30m, 12h, 7d (default)"
    )
    command.add_argument("--qr", action="store_true", help="draw the link as a QR code")
    command.add_argument("--exact", action="store_true", help="keep the line end at the end of the text")
    _passphrase(command)
    _common(command)
    command.set_defaults(run=commands.share)


def _open(command: argparse.ArgumentParser) -> None:
    command.add_argument("link", metavar="LINK", nargs="?", help="the link; asked for if not given")
    command.add_argument("-y", "--yes", action="store_true", help="open without asking")
    command.add_argument("-o", "--output", metavar="FOLDER", help="where files are saved; here, if not given")
    _passphrase(command)
    _common(command)
    command.set_defaults(run=commands.open_link)


def _status(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "link", metavar="LINK", nargs="?", help="a link or a receipt; asked for if not given"
    )
    _common(command)
    command.set_defaults(run=commands.status)


def _burn(command: argparse.ArgumentParser) -> None:
    command.add_argument("receipt", metavar="RECEIPT", nargs="?", help="a receipt; asked for if not given")
    command.add_argument("-y", "--yes", action="store_true", help="burn without asking")
    _common(command)
    command.set_defaults(run=commands.burn)


def _version() -> str:
    try:
        return f"onetime {version('onetime-cli')}"
    except PackageNotFoundError:
        return "onetime, not installed"


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    try:
        options = parser().parse_args(arguments)
        options.run(options)
        sys.stdout.flush()
    except CommandError as error:
        say(f"onetime: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        say("")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CommandError.exit_status
    return 0


def program() -> None:
    """The installed command."""
    _end_cleanly()
    sys.exit(main(_arguments()))


def _end_cleanly() -> None:
    """End like Ctrl-C when asked to stop or when the terminal goes: no half a file stays here or there."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What nohup ignores stays ignored.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> list[str]:
    """The arguments, after a link among them has left the list of processes.

    Every user of a machine may see how a command was called. So where a link or a receipt was given, the
    program starts itself again and hands the arguments over through a pipe; only the blink before that shows.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == [_HANDED_OVER]:
        with os.fdopen(int(arguments[1]), encoding="utf-8") as pipe:
            handed: list[str] = json.load(pipe)
        return handed
    if os.name == "posix" and sys.executable and any(_KEY.search(argument) for argument in arguments):
        _start_again(arguments)
    return arguments


def _start_again(arguments: list[str]) -> None:
    text = json.dumps(arguments).encode()
    if len(text) > 4096:  # noqa: PLR2004 - what every pipe holds (PIPE_BUF); nobody reads before we write
        raise SystemExit(f"onetime: {Usage('The arguments are too long.')}")
    reader, writer = os.pipe()
    os.write(writer, text)
    os.close(writer)
    os.set_inheritable(reader, True)
    # -P: a folder of our name where the command is run must not be taken for us.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "onetime_cli", _HANDED_OVER, str(reader)])  # noqa: S606
