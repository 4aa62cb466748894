"""The fault harness itself: it kills nobody else, cuts what it says it cuts, and would notice a broken promise."""

import contextlib
import json
import random
import socket
import subprocess
import sys
import threading

import pytest

from faults import document, nuisance, soak, upgrade, verdict, watching
from faults.breaking import FAULTS
from faults.client import Client, NoAnswer
from faults.cluster import POSTGRES
from faults.ledger import Entry, Ledger
from faults.processes import Child, children, end, kill, lives, seen
from faults.wire import Wire
from tests.operations.tools import needs


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def entry(**more) -> Entry:
    made = Entry("k" * 31, "a" * 32, "text", False, 3600, confirmed_at=1)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def ledger(*entries: Entry) -> Ledger:
    found = Ledger()
    for each in entries:
        found.add(each)
    return found


# --- Killing --------------------------------------------------------------------------------------------


def test_a_number_that_belongs_to_another_process_by_now_is_not_signalled():
    process = sleeper()
    try:
        now = seen(process.pid)
        assert now is not None
        assert kill(Child(now.pid, now.started - 1)) is False
        assert process.poll() is None
        assert kill(now) is True
        assert process.wait(10) == -9
        assert kill(now) is False
    finally:
        process.kill()
        process.wait()


def test_what_a_child_has_started_ends_with_it():
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    (grandchild,) = children(process.pid)
    end(process, 9)
    process.stdout.close()
    assert not lives(grandchild)


# --- Cutting --------------------------------------------------------------------------------------------


@pytest.fixture
def echo():
    """A server that sends back what it gets; the port of a wire to it, and the wire."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(1000):
                    connection.sendall(data)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    wire = Wire(server.getsockname()[1])
    yield wire
    wire.close()
    server.close()


def say(wire: Wire, data: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", wire.port), timeout=5) as connection:
            connection.sendall(data)
            return connection.recv(1000)
    except OSError:
        return b""


def test_a_wire_passes_on_and_is_cut(echo):
    assert say(echo, b"hello") == b"hello"
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        connection.sendall(b"one")
        assert connection.recv(100) == b"one"
        echo.cut()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    echo.down.set()
    assert say(echo, b"hello") == b""
    echo.down.clear()
    assert say(echo, b"hello") == b"hello"


def test_a_wire_loses_answers(echo):
    echo.lose_answers_after = 2
    assert say(echo, b"hello") == b"he"
    echo.lose_answers_after = -1
    assert say(echo, b"hello") == b"hello"


def test_an_answer_that_breaks_off_is_none(echo):
    """The ledger must not take half an answer for one."""
    client = Client(echo.port, Ledger(), threading.Event(), 0)
    with pytest.raises(NoAnswer):
        client.once("GET", "/limits")  # an echo is no HTTP


# --- Judging --------------------------------------------------------------------------------------------


def test_two_holders_are_noticed():
    assert verdict.two_holders(ledger(entry(holders={"a"}), entry(holders={"b"}))) == []
    assert verdict.two_holders(ledger(entry(holders={"a", "b"}))) == ["a" * 32]


def test_what_nobody_got_though_somebody_asked_is_noticed():
    fine = (entry(claimed_at=2, holders={"a"}, refused={"b"}), entry(), entry(burned=True))
    assert verdict.lost_in_the_window(ledger(*fine)) == []
    lost = ledger(entry(claimed_at=2, refused={"a", "b"}))
    assert verdict.lost_in_the_window(lost) == ["a" * 32 + ": every claim refused"]


def test_every_fault_says_what_it_is_and_can_be_drawn():
    assert len(FAULTS) >= 15
    assert all(weight > 0 and words for weight, words, _fault in FAULTS.values())
    drawn = random.Random(1).choices(
        list(FAULTS), [weight for weight, _words, _fault in FAULTS.values()], k=1000
    )
    assert set(drawn) == set(FAULTS)


# --- Soaking --------------------------------------------------------------------------------------------


def looks(values: list[float], what: str = "memory, PSS") -> list[watching.Sample]:
    return [{"worker 1": {what: value}} for value in values]


def half_an_hour(values: list[float], what: str = "memory, PSS") -> watching.Series:
    (found,) = watching.series(looks(values, what), 1800 / len(values))
    return found


def test_what_grows_all_the_time_is_not_flat():
    """Ten megabytes an hour, as a leak of a few kilobytes a request would."""
    found = half_an_hour([80 + 10 * index / 120 / 2 for index in range(120)])
    assert found.flat is True  # 1.7 MB from third to third: below what the rule tells apart
    assert found.per_hour == pytest.approx(10, abs=0.1)  # and so the growth stands beside it
    found = half_an_hour([80 + 30 * index / 120 / 2 for index in range(120)])
    assert found.flat is False
    assert found.per_hour == pytest.approx(30, abs=0.1)


def test_what_has_grown_by_warming_up_alone_is_flat():
    found = half_an_hour([60 + min(index, 40) for index in range(120)])
    assert (found.first, found.middle, found.last, found.per_hour, found.flat) == (79.5, 100, 100, 0, True)


def test_file_descriptors_that_are_never_closed_are_not_flat():
    assert half_an_hour([20 + index // 10 for index in range(120)], "file descriptors").flat is False
    assert half_an_hour([20 + index % 4 for index in range(120)], "file descriptors").flat is True


def test_of_a_few_minutes_nothing_is_said_to_be_flat():
    (found,) = watching.series(looks([80.0] * 12), 5)
    assert found.flat is None
    with pytest.raises(ValueError, match="no third"):
        watching.series(looks([80.0] * 5), 360)


def test_a_process_that_has_ended_is_not_taken_for_a_quiet_one():
    process = sleeper()
    seen_of_it = watching.process(process.pid)
    process.kill()
    assert min(seen_of_it.values()) > 0
    process.wait()
    with pytest.raises(OSError, match=str(process.pid)):
        watching.process(process.pid)


@pytest.mark.live
def test_a_soak_of_half_a_minute_holds_every_promise_beside_every_nuisance():
    """The same as the half hour of docs/reliability.md, but for what only time tells."""
    for program in ("nginx", "redis-server", str(POSTGRES / "postgres")):
        needs(program)
    figures, found, _run = soak.soak(0.5, 5, seed=7)
    assert {name: broken for name, broken in found.items() if broken} == {}
    assert figures["samples"] == 6
    assert {each["who"] for each in figures["watched"]} >= {
        "worker 1",
        "worker 2",
        "housekeeping",
        "PostgreSQL",
    }
    assert figures["secrets"] > 20
    assert figures["repeated"] == 0
    assert set(figures["nuisance"]) == set(nuisance.KINDS)
    assert all(sum(each["outcomes"].values()) > 1 for each in figures["nuisance"].values())
    assert document.soak(figures).count("\n") > 30


@pytest.mark.storm
def test_an_upgrade_and_the_way_back_disturb_nobody():
    """As in docs/reliability.md, in shorter phases."""
    for program in ("nginx", "redis-server", "git", str(POSTGRES / "postgres")):
        needs(program)
    try:
        commit = upgrade.version_before()
    except (subprocess.CalledProcessError, ValueError):
        pytest.skip("this copy has no history")
    figures, problems = upgrade.upgrade(commit, 3)
    assert problems == []
    assert all(phase["answered"] > 20 for phase in figures["phases"])
    assert figures["migrations"] != []


def test_the_document_shows_the_figures_of_the_runs():
    """Else run: python -m faults.document"""
    figures = json.loads(document.FIGURES.read_text())
    text = document.DOCUMENT.read_text()
    assert document.written(text, figures) == text
    assert figures["faults"]["faults"] >= 1000


def test_the_runs_that_are_published_broke_no_promise():
    """A defect that a run finds is mended, tested, and the run made again."""
    figures = json.loads(document.FIGURES.read_text())
    assert figures["faults"]["faults"] >= 1000
    for part in ("faults", "hosts", "upgrade", "soak"):
        assert set(figures[part]["verdicts"].values()) == {0}, part


def test_the_half_hour_that_is_published_was_long_enough_and_flat():
    soaked = json.loads(document.FIGURES.read_text())["soak"]
    assert soaked["minutes"] >= 30
    assert [each["what"] for each in soaked["watched"] if each["flat"] is not True] == []
