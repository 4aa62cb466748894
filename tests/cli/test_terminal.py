"""What is shown at a terminal cannot steer it, and progress is for people only."""

import io

from onetime_cli import terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_secret_cannot_steer_the_terminal():
    assert (
        terminal.printable("a\tb\n\x1b]0;title\x07\r\x9bü 🔑\u202e")
        == "a\tb\n\\x1b]0;title\\x07\\r\\x9bü 🔑\\u202e"
    )


def test_progress_is_a_bar_that_ends_its_line():
    screen = Screen()
    show = terminal.progress("Sending", screen)
    for done in (0, 500_000, 1_000_000):
        show(done, 1_000_000)
    assert screen.getvalue().split("\r")[1:] == [
        "Sending [" + "-" * 30 + "]   0 %",
        "Sending [" + "#" * 15 + "-" * 15 + "]  50 %",
        "Sending [" + "#" * 30 + "] 100 %\n",
    ]


def test_progress_of_little_or_into_a_file_is_not_shown():
    screen, file = Screen(), io.StringIO()
    terminal.progress("Sending", screen)(1000, 1000)
    terminal.progress("Sending", file)(1_000_000, 1_000_000)
    assert screen.getvalue() == file.getvalue() == ""
