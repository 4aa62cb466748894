"""Files of this machine, and files from a sender whom nobody needs to trust."""

import os
import threading

import pytest

from onetime_cli import files
from onetime_cli.envelope import FileMeta
from onetime_cli.errors import CommandError, Usage


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"), ("../../etc/passwd", "passwd"), ("C:\\Windows\\win.ini", "win.ini"), ("", "file"),
        (".", "file"), ("..", "file"), ("/", "file"), (".bashrc", "bashrc"), ("a\nb\x1b[2J", "a_b_[2J"), ("a/", "file"),
        ("нотатки.pdf", "нотатки.pdf"), ("exe\u202egpj.x", "exe_gpj.x"), ("trailing. .", "trailing"),
        ("-rf", "_-rf"), ("~", "_~"), ("a\x9bb\u200fc\u2028d", "a_b_c_d"), ("nul.txt", "_nul.txt"), ("COM1", "_COM1"),
        ("console", "console"), ("a\0b", "a_b"), ("<img onerror>", "_img onerror_"), ("👩\u200d👧.png", "👩\u200d👧.png"),
        ("half \ud83d a pair", "half ? a pair"),
    ],
)  # fmt: skip
def test_a_name_is_made_harmless(name, safe):
    assert files.safe_name(name) == safe


def test_a_long_name_keeps_its_end():
    name = files.safe_name("ї" * 300 + ".pdf")
    assert len(name.encode()) <= 200
    assert name.endswith("ї.pdf")


def arrived(folder, name, data):
    file = files.Arriving(folder, name)
    file.write(data)
    file.close()
    return file


def test_nothing_is_overwritten_and_nobody_else_may_read(tmp_path):
    paths = [arrived(tmp_path, "a.txt", data).keep() for data in (b"1", b"2", b"3")]
    assert [path.name for path in paths] == ["a.txt", "a (2).txt", "a (3).txt"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    assert paths[0].stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 3


def test_a_link_in_the_way_is_not_followed(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "elsewhere")
    assert arrived(tmp_path, "a.txt", b"1").keep().name == "a (2).txt"
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_on_its_way_has_no_name_of_its_own_and_nobody_else_may_read_it(tmp_path):
    file = arrived(tmp_path, "a.txt", b"1")
    (path,) = tmp_path.iterdir()
    assert path.name.startswith(".onetime-")
    assert path.stat().st_mode & 0o777 == 0o600
    file.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_kept_is_not_dropped(tmp_path):
    file = arrived(tmp_path, "a.txt", b"1")
    file.keep()
    file.drop()
    assert (tmp_path / "a.txt").read_bytes() == b"1"


def test_a_folder_that_cannot_take_files_is_refused_beforehand(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(Usage, match="is not a folder"):
            files.check_folder(folder, 1, named=False)
    files.check_folder(tmp_path, 1, named=True)
    with pytest.raises(CommandError, match="no room"):
        files.check_folder(tmp_path, 1 << 60, named=False)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(Usage, match="--output"):
        files.check_folder(tmp_path, 1, named=True)
    files.check_folder(tmp_path, 1, named=False)  # a text goes to the terminal


def test_a_file_is_shared_by_its_last_name(tmp_path):
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    found = files.source(str(tmp_path / "notes.pdf"), 0)
    assert found.meta == FileMeta("notes.pdf", "application/pdf", 4)
    assert (found.read(0, 4), found.read(1, 2)) == (b"%PDF", b"PD")


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_file_is_not_shared(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Usage):
        files.source(path, 0)


@pytest.mark.parametrize("change", [b"longer", b"x", b"%PDG"])
def test_a_file_that_changes_while_it_is_sent_ends_it(tmp_path, change):
    path = tmp_path / "notes.pdf"
    path.write_bytes(b"%PDF")
    found = files.source(str(path), 0)
    other = tmp_path / "other"
    other.write_bytes(change)
    os.utime(other, ns=(1, 1))
    other.replace(path)
    with pytest.raises(CommandError, match="changed"):
        found.read(0, 4)
    path.unlink()
    with pytest.raises(CommandError):
        found.read(0, 4)


def test_a_pipe_is_held_as_far_as_the_server_takes_it(tmp_path):
    def pipe(data: bytes) -> str:
        path = tmp_path / f"pipe{len(data)}"
        os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=[data]).start()
        assert files.is_pipe(str(path))
        return str(path)

    found = files.source(pipe(b"12345"), 5)
    assert (found.meta.size, found.read(1, 3)) == (5, b"234")
    with pytest.raises(Usage, match="more than 5 bytes"):
        files.source(pipe(b"123456"), 5)
