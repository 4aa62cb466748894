"""Everything that is held about an account, as one JSON file."""

import json

import pytest

from accounts import tokens
from accounts.export import dumps, stream
from accounts.models import User
from accounts.signals import exporting
from secrets_app import history, services
from secrets_app.envelope import Contents
from tests.accounts.people import ALICE, CHARLIE, forget_proof, sign_in
from tests.accounts.test_app import set_up

from billing.limits import FREE  # isort: skip

pytestmark = pytest.mark.django_db


def export(client):
    answer = client.post("/account/export")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="onetime-')
    return b"".join(answer.streaming_content).decode()


def test_it_holds_every_part():
    client = sign_in(ALICE)
    user = User.objects.get()
    set_up(client)
    tokens.create(user)
    made = services.create_here(Contents("hush"), None, ttl=3600, limits=FREE, owner=user)
    key = services.listing_key(services.as_secret_id(made.secret.id))
    history.set_label(user, key, "For Bob")
    data = json.loads(export(client))
    assert data["account"]["email"] == ALICE
    assert {factor["type"] for factor in data["account"]["second_factors"]} == {"totp", "recovery_codes"}
    assert len(data["account"]["api_tokens"]) == 1
    (secret,) = data["secrets"]
    assert secret["label"] == "For Bob"
    assert secret["receipt"] == key
    assert secret["state"] == "new"


def test_it_holds_no_key_no_content_and_nothing_of_others():
    client = sign_in(ALICE)
    user, other = User.objects.get(), User.objects.create_user(CHARLIE)
    key, recovery = set_up(client)
    token = tokens.create(user)
    mine = services.create_here(Contents("hush"), None, ttl=3600, limits=FREE, owner=user)
    theirs = services.create_here(Contents("psst"), None, ttl=3600, limits=FREE, owner=other)
    text = export(client)
    for hidden in (key, token, mine.receipt, mine.link, mine.secret.id.hex, "hush", CHARLIE, *recovery):
        assert hidden not in text
    assert services.listing_key(services.as_secret_id(theirs.secret.id)) not in text
    assert "argon2" not in text


def test_an_account_without_anything_exports_too():
    assert json.loads(export(sign_in(ALICE)))["secrets"] == []


def test_a_long_list_is_written_as_it_is_read():
    """A section may be an iterator: the first row is written before the last is read."""
    user, read = User.objects.create_user(ALICE), []

    def section(sender, user, **kwargs):
        def rows():
            for n in range(1000):
                read.append(n)
                yield {"n": n}

        return {"long": rows()}

    exporting.connect(section)
    try:
        pieces = stream(user)
        first = next(piece for piece in pieces if '"n"' in piece)
        assert len(read) == 1
        json.loads("[" + first.lstrip("[\n") + "]")
        assert "".join(pieces).count('"n"') == 999
    finally:
        exporting.disconnect(section)


def test_a_get_downloads_nothing_and_an_old_proof_neither():
    client = sign_in(ALICE)
    assert "attachment" not in client.get("/account/export").headers.get("Content-Disposition", "")
    forget_proof(client)
    assert client.post("/account/export").status_code == 302


def test_text_stays_readable():
    assert dumps("Київ") == '"Київ"'
