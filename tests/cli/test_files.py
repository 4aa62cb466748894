"""Files from a sender whom nobody needs to trust."""

import pytest

from onetime_cli import files
from onetime_cli.envelope import File
from onetime_cli.errors import CommandError, Usage


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"), ("../../etc/passwd", "passwd"), ("C:\\Windows\\win.ini", "win.ini"), ("", "file"),
        (".", "file"), ("..", "file"), ("/", "file"), (".bashrc", "bashrc"), ("a\nb\x1b[2J", "a_b_[2J"), ("a/", "file"),
        ("нотатки.pdf", "нотатки.pdf"), ("exe\u202egpj.x", "exe_gpj.x"), ("trailing. .", "trailing"),
    ],
)  # fmt: skip
def test_a_name_is_made_harmless(name, safe):
    assert files.safe_name(name) == safe


def test_a_long_name_keeps_its_end():
    name = files.safe_name("ї" * 300 + ".pdf")
    assert len(name.encode()) <= 200
    assert name.endswith("ї.pdf")


def test_nothing_is_overwritten_and_nobody_else_may_read(tmp_path):
    paths = [files.save(File("a.txt", "", data), tmp_path) for data in (b"1", b"2", b"3")]
    assert [path.name for path in paths] == ["a.txt", "a (2).txt", "a (3).txt"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    assert paths[0].stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_way_is_not_followed(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "elsewhere")
    assert files.save(File("a.txt", "", b"1"), tmp_path).name == "a (2).txt"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CommandError):
        files.save(File("a.txt", "", b"1"), tmp_path / "nowhere")


def test_a_file_is_shared_by_its_last_name(tmp_path):
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    assert files.read(str(tmp_path / "notes.pdf")) == File("notes.pdf", "application/pdf", b"%PDF")
    with pytest.raises(Usage, match="No such file"):
        files.read(str(tmp_path / "none"))
