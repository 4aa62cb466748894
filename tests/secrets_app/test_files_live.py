"""Large files through a real server: killed in the middle, watched for memory, held up by slow clients.

Whatever dies and when, a secret is whole or it is not there, and nothing is left behind.
"""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.files import at_once, warm, watching
from benchmarks.transfer import Connection, Sent, Unexpected, to_base64, workers_of
from tests.s3 import running_s3
from tests.site import running_site, supervised

pytestmark = [pytest.mark.live, pytest.mark.storm]

MB = 1_000_000
#: What a dropped connection looks like, and what the server says while its database comes back.
BROKEN = (OSError, ConnectionError, Unexpected)


@pytest.fixture(scope="module")
def files_site(tmp_path_factory):
    with running_site(Path(tmp_path_factory.mktemp("files")), files=100 * MB) as site, supervised(site):
        yield site


@pytest.fixture(scope="module")
def bucket():
    with running_s3() as s3:
        yield s3.bucket()


@pytest.fixture(scope="module")
def store_site(tmp_path_factory, bucket):
    """A site that keeps segments in an object store."""
    var = Path(tmp_path_factory.mktemp("store"))
    with running_site(var, files=100 * MB, FILES_URL=bucket.url) as site, supervised(site):
        yield site


def ask(site, sql):
    """The first column of the first row, asked of the database itself."""
    url = site.env["DATABASE_URL"]
    if url.startswith("postgres"):
        import psycopg

        with psycopg.connect(url) as connection:
            row = connection.execute(sql).fetchone()
    else:
        with closing(sqlite3.connect(site.var / "site.sqlite3", timeout=20)) as connection:
            row = connection.execute(sql).fetchone()
    return row[0] if row else None


def orphans(site):
    return ask(
        site,
        "SELECT count(*) FROM secrets_app_segment s WHERE NOT EXISTS (SELECT 1 FROM secrets_app_upload u "
        "WHERE u.id = s.secret_id) AND NOT EXISTS (SELECT 1 FROM secrets_app_secret t WHERE t.id = s.secret_id "
        "AND t.segments > 0)",
    )


def segments_of(site, sent):
    name = sent.id.hex()
    return ask(
        site,
        f"SELECT count(*) FROM secrets_app_segment WHERE replace(CAST(secret_id AS text), '-', '') = '{name}'",
    )


def began(process):
    """When a process began, in ticks since the machine did."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])


def kill_worker(site):
    """SIGKILL to the oldest worker. A server that gives up, since its workers die fast, is started again."""
    workers = workers_of(site.process.pid)
    with suppress(OSError, ValueError):  # one may be dead already, or none be there yet
        os.kill(min(workers, key=began), signal.SIGKILL)


def end_backends(site):
    """Every connection of this site's database but ours, as an administrator ends them; SQLite has none."""
    url = site.env["DATABASE_URL"]
    if not url.startswith("postgres"):
        pytest.skip("there is no server behind SQLite")
    ask(
        site,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def persist(work, seconds=90):
    """Do `work` until it is done, as a client that goes on after a broken connection."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except BROKEN:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def resume_send(site, sent):
    """Send what is missing and finish, over a new connection, as any client resumes."""

    def work():
        to = Connection(site.port)
        path, key = f"/api/v2/uploads/{sent.id.hex()}", {"Upload_Key": sent.upload}
        missing = json.loads(to.call("GET", path, **key))["missing"]
        for number, part in enumerate(sent.sealed()):
            if any(first <= number <= last for first, last in missing):
                sent.put(to, number, part)
        sent.finish(to)

    persist(work)


def disturb(break_it, work, times=2, apart=0.1):
    """Run `work` in a thread while the site is broken several times."""
    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(times):
        time.sleep(apart)
        break_it()
    thread.join(120)
    assert not thread.is_alive()


@pytest.mark.parametrize("break_it", [kill_worker, end_backends])
def test_an_upload_goes_on_after_a_kill_and_is_whole(files_site, break_it):
    """Killed while segments are being sent: the client asks what is missing, and what is opened is all of it."""
    sent = Sent(12 * MB)
    persist(lambda: sent.begin(Connection(files_site.port)))

    def work():
        with suppress(*BROKEN):
            to = Connection(files_site.port)
            for number, part in enumerate(sent.sealed()):
                sent.put(to, number, part)

    disturb(lambda: break_it(files_site), work)
    resume_send(files_site, sent)
    assert segments_of(files_site, sent) == sent.segments
    persist(lambda: sent.receive(Connection(files_site.port)))
    assert segments_of(files_site, sent) == 0
    assert orphans(files_site) == 0


@pytest.mark.parametrize("break_it", [kill_worker, end_backends])
def test_finishing_and_claiming_in_a_storm_is_all_or_nothing(files_site, break_it):
    """Killed around the two moments that decide: each repeated call finds what the first one did."""
    for _ in range(3):
        sent = Sent(2 * MB)
        to = persist(lambda s=sent: (s.begin(c := Connection(files_site.port)), c)[1])
        for number, part in enumerate(sent.sealed()):
            persist(lambda s=sent, n=number, p=part: s.put(Connection(files_site.port), n, p))
        disturb(
            lambda: break_it(files_site),
            lambda s=sent: persist(lambda: s.finish(Connection(files_site.port))),
            2,
            0.02,
        )
        assert to
        disturb(
            lambda: break_it(files_site),
            lambda s=sent: persist(lambda: s.claim(Connection(files_site.port))),
            2,
            0.02,
        )
        for number in range(sent.segments):
            persist(lambda s=sent, n=number: s.fetch(Connection(files_site.port), n))
        persist(lambda s=sent: s.receive(Connection(files_site.port)))
        assert segments_of(files_site, sent) == 0
    assert orphans(files_site) == 0


@pytest.mark.parametrize("break_it", [kill_worker, end_backends])
def test_a_download_goes_on_after_a_kill(files_site, break_it):
    """Every segment again with the same claim; a whole stream breaks off short of its announced length."""
    sent = Sent(12 * MB)
    persist(lambda: sent.send(Connection(files_site.port)))
    persist(lambda: sent.claim(Connection(files_site.port)))
    disturb(
        lambda: break_it(files_site),
        lambda: [
            persist(lambda n=n: sent.fetch(Connection(files_site.port), n)) for n in range(sent.segments)
        ],
    )
    persist(lambda: sent.receive(Connection(files_site.port)))
    assert segments_of(files_site, sent) == 0
    assert orphans(files_site) == 0


def named(site):
    """The names of all objects that a row names, asked of the site itself."""
    code = "from secrets_app.models import Segment; print(*Segment.objects.values_list('object', flat=True))"
    return site.manage("shell", "--no-imports", "-c", code).split()


def sweep_later(site):
    """What `sweep_segments` does an hour later, when no object can still be waiting for its row."""
    code = (
        "from datetime import timedelta; from secrets_app import objects, segments; "
        "objects.UNNAMED_FOR = timedelta(minutes=-1); print(segments.sweep())"
    )
    return int(site.manage("shell", "--no-imports", "-c", code))


@contextmanager
def no_new_rows(site):
    """Whoever wants to write a row of a segment waits."""
    url = site.env["DATABASE_URL"]
    if url.startswith("postgres"):
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE secrets_app_segment IN SHARE MODE")
            yield
    else:
        with closing(sqlite3.connect(site.var / "site.sqlite3", timeout=20)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield


def kill_between_object_and_row(site, bucket, work):
    """Run `work`, which sends a segment, and kill every worker when its object is there and its row is not."""
    thread = threading.Thread(target=work)
    with no_new_rows(site):
        before, deadline = bucket.names(), time.monotonic() + 30
        thread.start()
        while bucket.names() == before:
            assert time.monotonic() < deadline, "no object came"
        for worker in workers_of(site.process.pid):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    thread.join(120)
    assert not thread.is_alive()


def test_kills_lose_nothing_and_leave_nothing_where_segments_are_in_an_object_store(store_site, bucket):
    """Also between an object and its row: every row has its object all along, and an object that was left
    without one goes with the sweep."""
    sent, port = Sent(12 * MB), store_site.port
    persist(lambda: sent.begin(Connection(port)))
    parts = list(sent.sealed())

    def send(number):
        persist(lambda: sent.put(Connection(port), number, parts[number]))

    def fetch(number):
        persist(lambda: sent.fetch(Connection(port), number))

    kill_between_object_and_row(store_site, bucket, lambda: send(0))
    disturb(lambda: kill_worker(store_site), lambda: [send(number) for number in range(1, sent.segments)])
    disturb(lambda: kill_worker(store_site), lambda: persist(lambda: sent.finish(Connection(port))))
    names = named(store_site)
    assert len(names) == len(set(names)) == sent.segments
    assert set(names) < bucket.names()
    persist(lambda: sent.claim(Connection(port)))
    disturb(lambda: kill_worker(store_site), lambda: [fetch(number) for number in range(sent.segments)])
    persist(lambda: sent.receive(Connection(port)))
    assert (segments_of(store_site, sent), orphans(store_site)) == (0, 0)
    left = bucket.names()
    assert left
    assert sweep_later(store_site) == len(left)
    assert bucket.names() == set()


def test_an_upload_that_dies_with_the_server_leaves_nothing_after_its_time(tmp_path):
    """kill -9 of the server itself and no client that comes back: the purge takes all of it, and nothing else."""
    with running_site(tmp_path / "first", files=100 * MB) as site:
        kept, left = Sent(3 * MB), Sent(3 * MB)
        to = Connection(site.port)
        kept.send(to)
        left.begin(to)
        for number, part in list(enumerate(left.sealed()))[:2]:
            left.put(to, number, part)
        workers = workers_of(site.process.pid)
        site.process.kill()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        site.process.wait()
        assert segments_of(site, left) == 2
        site.manage(
            "shell", "--no-imports", "-c",
            "from secrets_app.models import Upload; from django.utils import timezone; "
            "Upload.objects.update(expires_at=timezone.now())",
        )  # fmt: skip
        site.manage("housekeeping", "--quiet")
        assert (segments_of(site, left), segments_of(site, kept)) == (0, kept.segments)
        assert orphans(site) == 0


def test_a_worker_s_memory_does_not_grow_with_the_files(files_site):
    """Ten files at once, up and down; docs/files.md has the figure for 100 MB each."""
    warm(files_site, 10)
    sent = [Sent(20 * MB) for _ in range(10)]
    with watching(files_site) as grown:
        at_once(10, lambda number: sent[number].pass_through(Connection(files_site.port)))
    assert max(grown) < 64 * MB


def stalled(site, sent):
    """Claim for the whole stream and take none of it; (connection, status)."""
    to = Connection(site.port)
    body = {"proof": to_base64(sent.keys.proof), "claim": to_base64(sent.nonce)}
    headers = {"Content-Type": "application/json", "Accept": "application/octet-stream"}
    to.http.request("POST", f"/api/v2/secrets/{sent.id.hex()}/claim", json.dumps(body), headers)
    answer = to.http.getresponse()
    return to, answer


def test_clients_that_take_nothing_of_a_stream_hold_up_nobody_else(files_site):
    """As many as like: beyond a few a worker says 503, consuming nothing, and goes on answering. A place is
    free again when its client is gone, and fetching by segment needs none."""
    sent = [Sent(12 * MB) for _ in range(8)]
    for each in sent:
        each.send(Connection(files_site.port))
    answers = [(each, *stalled(files_site, each)) for each in sent]
    began = time.monotonic()
    for _ in range(20):
        Connection(files_site.port).call("GET", "/api/v2/status")
    assert time.monotonic() - began < 10
    refused = [each for each, _to, answer in answers if answer.status == 503]
    assert refused
    assert all(answer.status in {200, 503} for _each, _to, answer in answers)
    refused[0].receive(Connection(files_site.port))
    for _each, to, answer in answers:
        answer.close()
        to.http.close()

    def again():
        to, answer = stalled(files_site, refused[-1])
        if answer.status != 200:
            raise Unexpected(answer.status)
        assert len(answer.read()) == int(answer.headers["Content-Length"])
        to.http.close()

    persist(again)
