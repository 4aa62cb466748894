"""At most one holder, whoever asks at the same moment and whichever process answers."""

import http.client
import json
import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from secrets_app import envelope
from secrets_app.envelope import Contents
from secrets_app.v2_call import to_base64

pytestmark = pytest.mark.live

SECRETS = 200
CLAIMS = 50


def post(connection, path, body):
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def create(connection):
    key = envelope.new_link_key()
    keys = envelope.derive(key, None)
    status, _made = post(
        connection,
        "/api/v2/secrets",
        {
            "id": envelope.secret_id(key).hex(),
            "proof_hash": to_base64(envelope.proof_hash(keys.proof)),
            "envelope": to_base64(envelope.seal(key, None, Contents(f"for one: {key}"))),
            "ttl": 3600,
            "passphrase": False,
        },
    )
    assert status == 201
    return key, keys


class Rush:
    """CLAIMS threads with a connection each, let loose on one secret at a time."""

    def __init__(self, port):
        self.barrier = threading.Barrier(CLAIMS)
        self.local = threading.local()
        self.port = port

    def claim(self, key, keys):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = {"proof": to_base64(keys.proof), "claim": to_base64(secrets.token_bytes(16))}
        self.barrier.wait(60)
        return post(self.local.connection, f"/api/v2/secrets/{envelope.secret_id(key).hex()}/claim", body)


def test_two_hundred_secrets_with_fifty_parallel_claims_each_have_one_holder(site):
    """200 secrets x 50 claims at once over HTTP against several processes: one 200, forty-nine 410."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    made = [create(connection) for _ in range(SECRETS)]
    random.shuffle(made)
    rush = Rush(site.port)
    with ThreadPoolExecutor(CLAIMS) as pool:
        for key, keys in made:
            answers = list(pool.map(lambda _turn, k=key, p=keys: rush.claim(k, p), range(CLAIMS)))
            winners = [body for status, body in answers if status == 200]
            assert len(winners) == 1
            assert sorted(status for status, _body in answers) == [200] + [410] * (CLAIMS - 1)
            assert {body["state"] for status, body in answers if status == 410} == {"opened"}
