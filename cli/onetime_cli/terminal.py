"""Talking with the person: questions, passphrases, a progress bar. What is secret is never echoed."""

import getpass
import os
import re
import sys
import unicodedata
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from onetime_cli.errors import Usage, WrongPassphrase

#: Progress is shown from this size on, in bytes: what is smaller is there before one could read it.
WORTH_SHOWING = 100_000
BAR_CHARACTERS = 30


def say(text: str) -> None:
    """A line for the person, on standard error, so that standard output holds the result alone."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def asked_for(options: Namespace) -> bool:
    """Whether a passphrase was named in any way."""
    return any((options.passphrase, options.passphrase_file, options.passphrase_fd is not None))


def given_passphrase(options: Namespace) -> str | None:
    """The passphrase of a file, a descriptor or the environment; None to ask for, or none at all."""
    if options.passphrase_fd is not None:
        try:
            with os.fdopen(options.passphrase_fd, encoding="utf-8") as file:
                return _first_line(file)
        except (OSError, UnicodeDecodeError):
            raise Usage(f"Nothing can be read from descriptor {options.passphrase_fd}.") from None
    if options.passphrase_file:
        try:
            with Path(options.passphrase_file).open(encoding="utf-8") as file:
                return _first_line(file)
        except (OSError, UnicodeDecodeError):
            raise Usage(f"{options.passphrase_file} cannot be read.") from None
    return None if options.passphrase else os.environ.get("ONETIME_PASSPHRASE") or None


def _first_line(file: TextIO) -> str:
    text = file.readline().rstrip("\r\n")
    if not text:
        raise Usage("The passphrase is empty.")
    return text


def new_passphrase() -> str:
    """A passphrase to share with, asked for twice."""
    first = _hidden("Passphrase: ")
    if not first:
        raise Usage("The passphrase is empty.")
    if _hidden("The same again: ") != first:
        raise Usage("The two are not the same.")
    return first


def known_passphrase() -> str:
    """The passphrase that opens, asked for once. Raises WrongPassphrase where nobody can be asked."""
    try:
        return _hidden("Passphrase: ")
    except Usage:
        raise WrongPassphrase("A passphrase is needed: name one, or use a terminal.") from None


def _hidden(prompt: str) -> str:
    try:
        with open("/dev/tty", "r+b", buffering=0):  # noqa: PTH123 - else getpass would echo what it reads
            pass
    except OSError:
        raise Usage("There is no terminal to ask for a passphrase.") from None
    return getpass.getpass(prompt)


def confirm(question: str) -> bool:
    """Ask at the terminal, even where standard input is a pipe. Raises Usage without one."""
    try:
        with open("/dev/tty", encoding="utf-8") as answers:  # noqa: PTH123
            sys.stderr.write(f"{question} [y/N] ")
            sys.stderr.flush()
            return answers.readline().strip().lower() in {"y", "yes"}
    except OSError:
        raise Usage("There is no terminal to ask at: add --yes.") from None


def read_line(prompt: str) -> str:
    """A line of standard input, such as a link; asked for where a person sits."""
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    return sys.stdin.readline().strip()


def printable(text: str) -> str:
    """`text` as a terminal may show it: a secret must not steer the cursor or rename the window."""
    return "".join(c if c in "\n\t" or not _steers(c) else repr(c)[1:-1] for c in text)


def _steers(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or bool(
        re.match("[\u202a-\u202e\u2066-\u2069]", character)
    )


def progress(label: str, stream: TextIO | None = None) -> Callable[[int, int], None]:
    """A bar on standard error, if that is a terminal and there is enough to wait for."""
    out = stream or sys.stderr

    def show(done: int, total: int) -> None:
        if total < WORTH_SHOWING or not out.isatty():
            return
        filled = BAR_CHARACTERS * done // total
        bar = "#" * filled + "-" * (BAR_CHARACTERS - filled)
        out.write(f"\r{label} [{bar}] {100 * done // total:3} %" + ("\n" if done >= total else ""))
        out.flush()

    return show
