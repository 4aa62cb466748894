"""What several processes share: limits through Redis, connections through a pooler. On PostgreSQL and Redis alone."""

import base64
import concurrent.futures
import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from secrets_app import envelope
from secrets_app.envelope import Contents
from tests.operations.tools import needs, running
from tests.site import Site, free_port, running_site

pytestmark = pytest.mark.live
on_postgres = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs PostgreSQL: .ci/run has it"
)
on_redis = pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs Redis: .ci/run has it")


def ask(site: Site, path: str, body: dict[str, object] | None = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(site.origin + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@on_redis
def test_a_limit_is_one_limit_for_all_processes(tmp_path):
    """Twenty uses a day are twenty, whichever of four processes is asked."""
    with (
        running_site(
            tmp_path, workers=4, RATE_LIMITS="receipt=20/d", SECRET_KEY=secrets.token_hex(20)
        ) as site,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _n: ask(site, "/api/v2/receipts/" + "r" * 31)[0], range(60)))
    assert answers.count(404) == 20
    assert answers.count(429) == 40


def pooler(directory: Path, url: str) -> tuple[list[str], int]:
    """PgBouncer in transaction mode before the server of `url`, with fewer connections than the site asks for."""
    parts, port = urlsplit(url), free_port()
    (directory / "users.txt").write_text(f'"{parts.username}" "{parts.password or ""}"\n')
    (directory / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={parts.hostname} port={parts.port or 5432} user={parts.username}"
        f" password={parts.password or 'none'}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {directory}/users.txt\n"
        "pool_mode = transaction\nmax_client_conn = 200\ndefault_pool_size = 2\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    command = [needs("pgbouncer"), str(directory / "pgbouncer.ini")]
    if os.geteuid() == 0:  # which it refuses to run as
        directory.chmod(0o755)
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    return command, port


@on_postgres
def test_the_site_works_behind_a_pooler_in_transaction_mode(tmp_path_factory, monkeypatch):
    """Thirty secrets at once over two connections, each opened once by one of two."""
    outside = Path("/tmp") / f"onetime-pooler-{secrets.token_hex(6)}"
    outside.mkdir()
    command, port = pooler(outside, os.environ["DATABASE_URL"])
    with running(command, port=port, log=outside / "log"):
        parts = urlsplit(os.environ["DATABASE_URL"])
        login = f"{parts.username}:{parts.password}" if parts.password else parts.username
        monkeypatch.setenv("DATABASE_URL", f"postgres://{login}@127.0.0.1:{port}{parts.path}")
        with running_site(tmp_path_factory.mktemp("site"), workers=2) as site:
            site.manage("housekeeping", "--quiet")
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                assert list(pool.map(lambda _n: one_life(site), range(30))) == [[200, 410]] * 30
    for path in outside.iterdir():
        path.unlink()
    outside.rmdir()


def one_life(site: Site) -> list[int]:
    """The answers to two claims of one secret, sorted; acknowledged after."""
    key = envelope.new_link_key()
    keys, name = envelope.derive(key, None), envelope.secret_id(key)
    sealed = envelope.seal_with(keys.content_key, name, Contents("pooled"))
    made = ask(site, "/api/v2/secrets", {
        "id": name.hex(), "proof_hash": b64(envelope.proof_hash(keys.proof)), "envelope": b64(sealed),
        "ttl": 3600, "passphrase": False,
    })  # fmt: skip
    assert made[0] == 201, made
    claims = [secrets.token_bytes(16) for _both in range(2)]
    path = f"/api/v2/secrets/{name.hex()}"
    answers = [
        ask(site, f"{path}/claim", {"proof": b64(keys.proof), "claim": b64(claim)}) for claim in claims
    ]
    assert json.loads(answers[0][1])["envelope"] == b64(sealed)
    assert ask(site, f"{path}/ack", {"claim": b64(claims[0])})[0] == 204
    return sorted(status for status, _body in answers)
