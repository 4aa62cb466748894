import json
import secrets
import urllib.request
from base64 import urlsafe_b64encode

from onetime_cli import envelope

ORIGIN = "https://secrets.example.com"


def base64url(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def call(path, body, accept="application/json"):
    headers = {"Content-Type": "application/json", "Accept": accept}
    request = urllib.request.Request(f"{ORIGIN}/api/v2/{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


# Share
key = envelope.new_link_key()
keys = envelope.derive(key, passphrase=None)
secret_id = envelope.secret_id(key)
sealed = envelope.seal(key, None, envelope.Contents("correct horse battery staple"))
call(
    "secrets",
    {
        "id": secret_id.hex(),
        "proof_hash": base64url(envelope.proof_hash(keys.proof)),
        "envelope": base64url(sealed),
        "ttl": 3600,
        "passphrase": False,
    },
)
print(f"{ORIGIN}/secret#{key}")

# Open, which works once
claim = base64url(secrets.token_bytes(16))
sealed = call(
    f"secrets/{secret_id.hex()}/claim",
    {"proof": base64url(keys.proof), "claim": claim},
    accept="application/octet-stream",
)
print(envelope.open_envelope(key, None, sealed).text)
call(f"secrets/{secret_id.hex()}/ack", {"claim": claim})
