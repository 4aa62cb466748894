"""Files by the command line, against a running site: to the byte, over lines that break, in little memory."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from onetime.embedded import server_command
from tests.cli.command import Terminal, environment, run
from tests.cli.line import line
from tests.site import ROOT, running_site, wait_until_alive

pytestmark = pytest.mark.live

MEGA = 1024 * 1024


@pytest.fixture
def here(tmp_path):
    """A folder to share from, with one to save to."""
    (tmp_path / "out").mkdir()
    return tmp_path


def share(origin: str, here: Path, *paths: str, stdin: bytes = b"", **env: str) -> str:
    """The link of a secret with these files."""
    done = run("share", *paths, stdin=stdin, cwd=here, ONETIME_SERVER=origin, **env)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.decode().strip())


def open_(link: str, here: Path, **env: str):
    """What opening prints, as JSON."""
    done = run("open", "--yes", "--json", "--output", "out", stdin=link.encode(), cwd=here, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def left(here: Path) -> list[str]:
    return sorted(path.name for path in (here / "out").iterdir())


def kept(site) -> tuple[int, int]:
    """How many uploads and segments the site has; other tests may have left some there."""
    code = "from secrets_app.models import Upload as U, Segment as S; print(U.objects.count(), S.objects.count())"
    uploads, segments = site.manage("shell", "--no-imports", "-c", code).split()
    return int(uploads), int(segments)


@pytest.mark.parametrize("size", [0, 1, MEGA - 1, MEGA, MEGA + 1, 3 * MEGA])
def test_a_file_of_every_length_comes_out_as_it_went_in(site, here, size):
    data = os.urandom(size)
    (here / "a.bin").write_bytes(data)
    found = open_(share(site.origin, here, "a.bin"), here)
    assert found == {"text": None, "files": ["out/a.bin"]}
    assert (here / "out/a.bin").read_bytes() == data
    assert (here / "out/a.bin").stat().st_mode & 0o777 == 0o600
    assert left(here) == ["a.bin"]


def test_twenty_files_and_a_text_come_out_in_their_order(site, here):
    names = [f"{number}.bin" for number in range(20)]
    for number, name in enumerate(names):
        (here / name).write_bytes(os.urandom(number * 30_000))
    found = open_(share(site.origin, here, *names, "-", stdin=b"twenty"), here)
    assert found["text"] == "twenty"
    assert found["files"] == [f"out/{name}" for name in names]
    assert all((here / "out" / name).read_bytes() == (here / name).read_bytes() for name in names)


def test_names_that_mean_harm_stay_in_the_folder(site, here):
    names = ["нотатки.txt", "cod\u202eexe.txt", "<img onerror>", "a\nb", "-rf", "b\\..\\..\\x", "ї" * 100]
    for name in names:
        (here / name).write_text(name)
    found = open_(share(site.origin, here, "--", *names), here)
    assert left(here) == sorted(Path(path).name for path in found["files"])
    assert [Path(path).read_text() for path in map(here.joinpath, found["files"])] == names
    assert left(here) == sorted(
        ["нотатки.txt", "cod_exe.txt", "_img onerror_", "a_b", "_-rf", "x", "ї" * 100]
    )


def test_a_passphrase_guards_files_too(site, here):
    (here / "a").write_bytes(b"1" * 2 * MEGA)
    link = share(site.origin, here, "a", ONETIME_PASSPHRASE="ключ")
    wrong = run("open", "-y", "-o", "out", stdin=link.encode(), cwd=here, ONETIME_PASSPHRASE="wrong")
    assert wrong.returncode == 4
    assert left(here) == []
    open_(link, here, ONETIME_PASSPHRASE="ключ")
    assert left(here) == ["a"]


def test_a_pipe_is_a_file_too(site, here):
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m onetime_cli share <(printf 123)"],
        capture_output=True, check=True, env=environment(ONETIME_SERVER=site.origin),
    )  # fmt: skip
    (path,) = open_(done.stdout.decode(), here)["files"]
    assert (here / path).read_bytes() == b"123"


def test_it_opens_once_and_is_erased_at_once(site, here):
    (here / "a").write_bytes(b"1" * 2 * MEGA)
    uploads, segments = kept(site)
    link = share(site.origin, here, "a")
    assert kept(site) == (uploads, segments + 3)
    open_(link, here)
    assert kept(site) == (uploads, segments)
    assert run("open", "-y", stdin=link.encode()).returncode == 3


def test_files_over_the_limit_are_refused_before_anything_is_sent(site, here):
    with (here / "a").open("wb") as file:
        file.truncate(13_000_000)
    before = kept(site)
    with line(site.port) as way:
        done = run("share", "a", cwd=here, ONETIME_SERVER=way.origin)
        assert done.returncode == 7
        assert b"10000000" in done.stderr
        assert way.passed < 10_000
    assert kept(site) == before


@pytest.mark.parametrize("folder", ["nowhere", "file"])
def test_a_folder_that_takes_no_files_is_refused_before_anything_is_opened(site, here, folder):
    (here / "file").write_bytes(b"1")
    link = share(site.origin, here, "file")
    assert run("open", "-y", "-o", folder, stdin=link.encode(), cwd=here).returncode == 2
    assert open_(link, here)["files"] == ["out/file"]


# Lines that break


def test_sending_goes_on_after_the_line_broke(site, here):
    (here / "a").write_bytes(os.urandom(4 * MEGA))
    with line(site.port, breaks=(MEGA // 2, 2 * MEGA, 3 * MEGA), refuses=3) as way:
        done = run("share", "a", cwd=here, ONETIME_SERVER=way.origin)
        assert way.broken == 3
        # No segment that had arrived was sent again.
        assert way.passed < 7 * MEGA
    assert done.returncode == 0, done.stderr
    assert b"Going on by itself" in done.stderr
    open_(done.stdout.decode().replace(way.origin, site.origin), here)
    assert (here / "out/a").read_bytes() == (here / "a").read_bytes()


def test_receiving_goes_on_after_the_line_broke(site, here):
    (here / "a").write_bytes(os.urandom(4 * MEGA))
    link = share(site.origin, here, "a")
    with line(site.port, breaks=(MEGA // 2, 2 * MEGA, 3 * MEGA), refuses=3) as way:
        open_(link.replace(site.origin, way.origin), here)
        assert way.broken == 3
    assert (here / "out/a").read_bytes() == (here / "a").read_bytes()
    assert left(here) == ["a"]


def kill(process) -> None:
    """The server and its workers, at once."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def test_a_server_that_is_killed_and_comes_back_gets_the_rest(here):
    (here / "a").write_bytes(os.urandom(5 * MEGA))
    with running_site(here / "var") as own, line(own.port, stalls=2 * MEGA) as way:
        outcome: list[str] = []
        sender = threading.Thread(target=lambda: outcome.append(share(way.origin, here, "a")))
        sender.start()
        assert way.stalled.wait(30)
        kill(own.process)
        way.go_on()
        with own.log.open("ab") as log:
            again = subprocess.Popen(
                server_command(own.port, 2), cwd=ROOT, env=own.env, stdout=log, stderr=log
            )
        try:
            wait_until_alive(f"{own.origin}/healthz", again)
            sender.join(60)
            open_(outcome[0].replace(way.origin, own.origin), here)
        finally:
            kill(again)
    assert (here / "out/a").read_bytes() == (here / "a").read_bytes()


def stopped(way, command: subprocess.Popen[bytes], number: int) -> tuple[int, bytes]:
    """Stop a command while the line stands still; its exit status, and what it said."""
    assert way.stalled.wait(30)
    command.send_signal(number)
    _out, said = command.communicate(timeout=30)
    return command.returncode, said


def start(here: Path, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "onetime_cli", *arguments], cwd=here, env=environment(**env),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_stops_sending_leaves_nothing_on_the_server(site, here, number):
    (here / "a").write_bytes(os.urandom(4 * MEGA))
    before = kept(site)
    with line(site.port, stalls=2 * MEGA) as way:
        status, said = stopped(way, start(here, "share", "a", ONETIME_SERVER=way.origin), number)
    assert status == 130
    assert b"Nothing was shared. What had been sent is erased." in said
    assert kept(site) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_stops_receiving_keeps_no_half_a_file(site, here, number):
    (here / "a").write_bytes(os.urandom(4 * MEGA))
    link = share(site.origin, here, "a")
    with line(site.port, stalls=2 * MEGA) as way:
        command = start(here, "open", "-y", "-o", "out", link.replace(site.origin, way.origin))
        status, _said = stopped(way, command, number)
    assert status == 130
    assert left(here) == []


def test_a_file_that_changes_while_it_is_sent_ends_it_without_a_trace(site, here):
    (here / "a").write_bytes(os.urandom(4 * MEGA))
    before = kept(site)
    with line(site.port, stalls=2 * MEGA) as way:
        command = start(here, "share", "a", ONETIME_SERVER=way.origin)
        assert way.stalled.wait(30)
        (here / "a").write_bytes(os.urandom(4 * MEGA))
        way.go_on()
        _out, said = command.communicate(timeout=30)
    assert command.returncode == 1
    assert b"a was changed while it was being sent. Nothing was shared." in said
    assert kept(site) == before


def test_progress_shows_at_a_terminal(site, here):
    (here / "a").write_bytes(os.urandom(3 * MEGA))
    link = share(site.origin, here, "a")
    opening = Terminal("open", "--yes", "-o", "out", link, cwd=here)
    assert opening.end() == 0
    assert "Fetching [##########" in opening.screen
    assert "Saved out/a" in opening.screen


# Memory


#: Reads its own high-water mark: what the kernel tells a parent counts the parent's memory before the start.
MEASURED = """
import atexit, pathlib, sys
from onetime_cli.main import program
atexit.register(lambda: sys.stderr.write(pathlib.Path("/proc/self/status").read_text()))
program()
"""


def most_memory(*arguments: str, cwd: Path, stdin: str = "", **env: str) -> tuple[int, str]:
    """Bytes that a command held in memory at most, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], cwd=cwd, env=environment(**env), input=stdin,
        capture_output=True, check=True, text=True, timeout=120,
    )  # fmt: skip
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert found
    return int(found[1]) * 1024, done.stdout.strip()


def test_a_large_file_takes_little_memory_either_way(here):
    """Sixty megabytes, against one byte."""
    (here / "small").write_bytes(b"1")
    with (here / "large").open("wb") as file:
        for _ in range(60):
            file.write(os.urandom(1_000_000))
    with running_site(here / "var", files=10**8) as own:
        used = {}
        for name in ("small", "large"):
            used[f"share {name}"], link = most_memory("share", name, cwd=here, ONETIME_SERVER=own.origin)
            used[f"open {name}"], _said = most_memory("open", "-y", "-o", "out", cwd=here, stdin=link + "\n")
    assert (here / "out/large").stat().st_size == 60_000_000
    assert used["share large"] - used["share small"] < 16 * MEGA
    assert used["open large"] - used["open small"] < 16 * MEGA
