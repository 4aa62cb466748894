"""share, open, status and burn, against a running site, as people and scripts call them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Terminal, environment, run
from tests.site import free_port

pytestmark = pytest.mark.live

LINK = r"http://127\.0\.0\.1:\d+/secret#[0-9A-Za-z]{31}"


@pytest.fixture
def shared(site):
    """Share `text`; (link, receipt)."""

    def share(text: str = "the secret", *arguments: str, **env: Any) -> tuple[str, str]:
        done = run("share", "--json", *arguments, stdin=text.encode(), ONETIME_SERVER=site.origin, **env)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        return made["link"], made["receipt"]

    return share


def test_a_text_goes_in_and_comes_out(site):
    made = run("share", stdin="пароль 🔑\n".encode(), ONETIME_SERVER=site.origin)
    assert re.fullmatch(LINK + "\n", made.stdout.decode())
    assert "/receipt/" in made.stderr.decode()
    opened = run("open", "--yes", stdin=made.stdout)
    assert (opened.returncode, opened.stdout.decode()) == (0, "пароль 🔑")


def test_a_line_end_is_kept_if_it_is_asked_for(shared):
    link, _receipt = shared("one\r\ntwo\r\n", "--exact")
    assert run("open", "-y", link).stdout == b"one\r\ntwo\r\n"
    link, _receipt = shared("one\r\ntwo\r\n")
    assert run("open", "-y", link).stdout == b"one\r\ntwo"


def test_files_go_in_and_come_out_with_a_text(site, tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "порожній.txt").write_bytes(b"")
    made = run(
        "share", "a.bin", "-", "порожній.txt", stdin=b"with files", cwd=tmp_path, ONETIME_SERVER=site.origin
    )
    (tmp_path / "out").mkdir()
    opened = run("open", "--yes", "--json", "--output", "out", stdin=made.stdout, cwd=tmp_path)
    assert json.loads(opened.stdout) == {"text": "with files", "files": ["out/a.bin", "out/порожній.txt"]}
    assert (tmp_path / "out/a.bin").read_bytes() == (tmp_path / "a.bin").read_bytes()


@pytest.mark.parametrize("stdin", [b"", b"\n", b"\xff"])
def test_nothing_or_no_text_is_not_shared(site, stdin):
    assert run("share", stdin=stdin, ONETIME_SERVER=site.origin).returncode == 2


def test_a_passphrase_comes_from_the_environment_a_file_or_a_descriptor(site, shared, tmp_path):
    (tmp_path / "phrase").write_text("ключ\nand more\n")
    link, _receipt = shared("x", ONETIME_PASSPHRASE="ключ")
    assert run("open", "-y", link, "--passphrase-file", str(tmp_path / "phrase")).stdout == b"x"
    reader, writer = os.pipe()
    os.write(writer, "ключ\n".encode())
    os.close(writer)
    made = subprocess.run(
        [sys.executable, "-m", "onetime_cli", "share", "--passphrase-fd", str(reader)],
        input=b"y", capture_output=True, check=True, pass_fds=[reader], env=environment(ONETIME_SERVER=site.origin),
    )  # fmt: skip
    os.close(reader)
    assert run("open", "-y", stdin=made.stdout, ONETIME_PASSPHRASE="ключ").stdout == b"y"


def test_a_wrong_or_missing_passphrase_consumes_nothing(shared):
    link, receipt = shared("x", ONETIME_PASSPHRASE="right")
    assert run("open", "-y", link, ONETIME_PASSPHRASE="wrong").returncode == 4
    assert run("open", "-y", link).returncode == 4
    assert b"Not opened yet" in run("status", receipt).stdout
    assert run("open", "-y", link, ONETIME_PASSPHRASE="right").stdout == b"x"


def test_a_passphrase_is_ignored_where_none_is_needed(shared):
    link, _receipt = shared("x")
    assert run("open", "-y", link, ONETIME_PASSPHRASE="any").stdout == b"x"


def test_status_tells_and_changes_nothing(shared):
    link, receipt = shared("x")
    assert b"Not opened yet" in run("status", link).stdout
    assert json.loads(run("status", "--json", receipt).stdout)["state"] == "new"
    run("open", "-y", link)
    assert run("status", link).stdout.startswith(b"Gone")
    assert re.match(rb"The secret was opened on \d{4}-", run("status", stdin=receipt.encode()).stdout)


def test_burning_takes_the_receipt(shared):
    link, receipt = shared("x")
    assert run("burn", "-y", link).returncode == 2
    assert run("burn", "-y", receipt).stdout.startswith(b"The secret was burned on")
    assert run("burn", "-y", receipt).returncode == 3
    assert run("open", "-y", link).returncode == 3


def test_what_is_gone_says_when(shared):
    link, _receipt = shared("x")
    run("open", "-y", link)
    again = run("open", "-y", link)
    assert again.returncode == 3
    assert re.search(rb"was opened on \d{4}-\d\d-\d\d at", again.stderr)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2), (["nothing"], 2), (["share", "--ttl", "soon"], 2), (["share", "/nowhere"], 2),
        (["share", "--passphrase", "x"], 2), (["share", "--passphrase-fd", "99"], 2),
        (["share", "--passphrase-file", "/nowhere"], 2), (["share", "--ttl", "1s"], 7), (["share", "--ttl", "9999w"], 7),
        (["open", "-y", "https://a.example/secret#cut"], 5), (["open", "-y", "k" * 31], 5), (["status", "k" * 31], 5),
        (["burn", "-y", "k" * 31], 2), (["open", "k" * 31, "-y", "--server", "nowhere"], 2),
    ],
)  # fmt: skip
def test_each_failure_has_its_exit_status(site, arguments, status):
    done = run(*arguments, stdin=b"x", ONETIME_SERVER=site.origin)
    assert done.returncode == status, done.stderr
    assert done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_a_wrong_token_is_refused(site):
    assert run("share", stdin=b"x", ONETIME_SERVER=site.origin, ONETIME_TOKEN="0" * 40).returncode == 7


def test_a_server_that_is_not_there_has_its_exit_status():
    done = run("share", stdin=b"x", ONETIME_SERVER=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 6
    assert b"does not answer" in done.stderr


def test_opening_needs_a_yes_or_a_terminal(shared):
    link, receipt = shared("x")
    assert run("open", link).returncode == 2
    assert b"Not opened yet" in run("status", receipt).stdout


def test_at_a_terminal_it_asks_before_it_consumes(shared):
    link, receipt = shared("x")
    refused = Terminal("open", link)
    refused.wait_for("Open it now? [y/N]")
    refused.type("\n")
    assert refused.end() == 1
    assert b"Not opened yet" in run("status", receipt).stdout
    accepted = Terminal("open")
    accepted.wait_for("Link: ")
    accepted.type(link + "\n")
    accepted.wait_for("Open it now? [y/N]")
    accepted.type("y\n")
    assert accepted.end() == 0
    assert accepted.screen.rstrip().endswith("x")


def test_a_passphrase_at_a_terminal_is_not_echoed_and_may_be_mistyped(site):
    share = Terminal("share", "--passphrase", "-", ONETIME_SERVER=site.origin)
    share.wait_for("Ctrl-D")
    share.type("the secret\n\x04")
    for prompt in ("Passphrase: ", "The same again: "):
        share.wait_for(prompt)
        share.type("correct horse\n")
    assert share.end() == 0
    assert "correct horse" not in share.screen
    link = re.search(LINK, share.screen)
    assert link
    opening = Terminal("open", "--yes", link[0])
    opening.wait_for("Passphrase: ")
    opening.type("wrong\n")
    opening.wait_for("The passphrase is wrong. Nothing was consumed.")
    opening.wait_for("Passphrase: ", times=2)
    opening.type("correct horse\n")
    assert opening.end() == 0
    assert "the secret" in opening.screen


def test_a_link_leaves_the_list_of_processes(shared):
    """While it waits for an answer, no other user of the machine can see what it was called with."""
    link, _receipt = shared("x")
    waiting = Terminal("open", link)
    waiting.wait_for("Open it now?")
    seen = Path(f"/proc/{waiting.pid}/cmdline").read_bytes()
    waiting.type("\x03")
    assert waiting.end() == 130
    assert b"onetime_cli" in seen
    assert link.partition("#")[2].encode() not in seen


def test_a_code_is_drawn_beside_the_link(site):
    done = run("share", "--qr", stdin=b"x", ONETIME_SERVER=site.origin)
    assert re.fullmatch(LINK + "\n", done.stdout.decode())
    assert done.stderr.decode().count("█") > 100


def test_progress_shows_at_a_terminal(site, tmp_path):
    (tmp_path / "big.bin").write_bytes(os.urandom(150_000))
    share = Terminal("share", "big.bin", cwd=tmp_path, ONETIME_SERVER=site.origin)
    assert share.end() == 0
    assert "Sending [##############################] 100 %" in share.screen
    link = re.search(LINK, share.screen)
    assert link
    opened = run("open", "--yes", link[0], cwd=tmp_path)
    assert b"Saved big (2).bin" in opened.stderr


def test_a_program_that_stops_reading_is_no_error_message(shared):
    link, _receipt = shared("line\n" * 10_000)
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m onetime_cli open --yes '{link}' | head -c 5"],
        capture_output=True, check=False, env=environment(),
    )  # fmt: skip
    assert done.stdout == b"line\n"
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
