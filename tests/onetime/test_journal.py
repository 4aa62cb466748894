"""The journal: every opening and burning is in it before it happens, or it is not trusted at all."""

import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from onetime import journal
from onetime.journal import BadJournal, JournalBroken

LATER = datetime.now(UTC) + timedelta(days=7)


@pytest.fixture
def path(tmp_path, settings):
    settings.BACKUP_JOURNAL = str(tmp_path / "journal")
    return tmp_path / "journal"


def test_it_remembers_what_was_opened_and_burned_and_closed(path):
    journal.opened(b"i" * 16, LATER)
    journal.burned([(b"j" * 16, LATER), (b"k" * 16, LATER)])
    journal.closed(7, LATER)
    lines = journal.read(path).lines
    assert lines[journal.secret_name(b"i" * 16)].kind == journal.OPENED
    assert lines[journal.secret_name(b"k" * 16)].kind == journal.BURNED
    assert lines[journal.account_name(7, LATER)].kind == journal.CLOSED
    assert abs(lines[journal.secret_name(b"i" * 16)].at - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_names_nothing_that_the_site_could_be_asked_by(path):
    """An id is what the site knows a secret by; whoever reads the journal must not learn it."""
    journal.opened(b"i" * 16, LATER)
    assert (b"i" * 16).hex() not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_line_for_a_secret_is_the_one_that_counts(path):
    """A second reader who came too late leaves a line as well; it must not change the time."""
    with time_machine.travel(LATER - timedelta(days=1), tick=False):
        journal.opened(b"i" * 16, LATER)
    with time_machine.travel(LATER, tick=False):
        journal.opened(b"i" * 16, LATER)
    (line,) = journal.read(path).lines.values()
    assert line.at == (LATER - timedelta(days=1)).replace(microsecond=line.at.microsecond)


def test_many_writers_lose_no_line_while_it_is_rotated(path):
    def write(first):
        for number in range(first, first + 200):
            journal.opened(number.to_bytes(16, "big"), LATER)

    threads = [threading.Thread(target=write, args=(start * 1000,)) for start in range(4)]
    journal.ensure()
    for thread in threads:
        thread.start()
    for _ in range(10):
        rewind(path)
        journal.keep()
    for thread in threads:
        thread.join()
    assert len(journal.read(path).lines) == 800
    assert list(path.parent.iterdir()) == [path]


def rewind(path):
    """Make the journal look as if it was rotated long ago, in place."""
    with path.open("r+") as file:
        words = file.readline().split()
        file.seek(0)
        file.write(" ".join([*words[:4], "1".rjust(len(words[4]), "0")]))


def test_rotating_drops_what_has_expired_and_nothing_else(path):
    journal.opened(b"o" * 16, datetime.now(UTC) + timedelta(days=1))
    journal.opened(b"n" * 16, LATER)
    since = journal.read(path).since
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        assert journal.keep() == 1
        assert journal.keep() == 0
    left = journal.read(path)
    assert list(left.lines) == [journal.secret_name(b"n" * 16)]
    assert left.since == since


def test_a_day_passes_between_rotations(path):
    journal.opened(b"o" * 16, datetime.now(UTC) - timedelta(days=1))
    assert journal.keep() == 0


def test_a_full_disk_removes_the_journal_rather_than_leave_a_gap(path, monkeypatch, caplog):
    """The opening goes on; a restore will find no journal that reaches back, and leave live secrets out."""
    journal.opened(b"i" * 16, LATER)
    monkeypatch.setattr(os, "write", lambda _descriptor, data: len(data) - 1)
    journal.opened(b"j" * 16, LATER)
    monkeypatch.undo()
    assert not path.exists()
    assert "not writable" in caplog.text
    journal.opened(b"k" * 16, LATER)
    assert list(journal.read(path).lines) == [journal.secret_name(b"k" * 16)]


def test_an_opening_is_refused_where_the_journal_can_neither_be_written_nor_removed(path, monkeypatch):
    """A file system gone read-only: the old journal would look complete."""
    journal.opened(b"i" * 16, LATER)

    def read_only(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "write", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(JournalBroken):
        journal.opened(b"j" * 16, LATER)


def test_a_missing_directory_is_made(tmp_path, settings):
    settings.BACKUP_JOURNAL = str(tmp_path / "not" / "yet" / "journal")
    journal.opened(b"i" * 16, LATER)
    assert len(journal.read(Path(settings.BACKUP_JOURNAL)).lines) == 1


def test_without_a_path_none_is_kept(settings):
    settings.BACKUP_JOURNAL = ""
    journal.opened(b"i" * 16, LATER)
    assert journal.ensure() is None
    assert journal.keep() == 0


def test_journals_of_several_hosts_are_complete_since_the_latest(path, tmp_path, settings):
    journal.opened(b"i" * 16, LATER)
    settings.BACKUP_JOURNAL = str(tmp_path / "second")
    with time_machine.travel(LATER, tick=False):
        journal.opened(b"j" * 16, LATER)
    both = journal.read_all([path, tmp_path / "second"])
    assert both is not None
    assert len(both.lines) == 2
    assert both.since == journal.read(tmp_path / "second").since
    assert journal.read_all([]) is None


@pytest.mark.parametrize(
    "text",
    ["", "x\n", "onetime-journal-1 since x rotated 1\n", "onetime-journal-1 since 1 rotated 1\nx 1 1 a\n",
     "onetime-journal-1 since 1 rotated 1\no 1 1\n", "onetime-journal-1 since 1 rotated 1\no 1 1 a"],
)  # fmt: skip
def test_what_is_no_journal_or_has_a_torn_line_is_refused(tmp_path, text):
    (tmp_path / "journal").write_text(text)
    with pytest.raises(BadJournal):
        journal.read(tmp_path / "journal")
