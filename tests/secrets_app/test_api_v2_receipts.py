"""Receipts by their key, burning, and the account's list."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from billing.limits import FREE
from secrets_app import services
from secrets_app.envelope import SecretId
from secrets_app.models import Secret
from tests.secrets_app.v2 import Api, seal, slug

pytestmark = pytest.mark.django_db


def test_a_receipt_tells_the_state_and_the_times():
    sealed = seal(passphrase="p")
    made = Api().create(sealed)
    path = f"receipts/{made['receipt']}"
    assert Api().call("GET", path).json() == {
        "state": "new", "created_at": made["created_at"], "expires_at": made["expires_at"], "passphrase": True,
        "size": 273,
    }  # fmt: skip
    Api().open(sealed)
    opened = Api().call("GET", path).json()
    assert opened["state"] == "opened"
    assert opened["opened_at"].endswith("Z")


def test_burning_destroys_what_nobody_has_opened():
    made = Api().create()
    answer = Api().call("POST", f"receipts/{made['receipt']}/burn")
    assert answer.status_code == 200
    assert answer.json()["state"] == "burned"
    assert answer.json()["burned_at"].endswith("Z")
    assert Secret.objects.get().content is None
    again = Api().call("POST", f"receipts/{made['receipt']}/burn")
    assert (again.status_code, slug(again), again.json()["state"]) == (410, "gone", "burned")


def test_the_link_key_is_no_receipt():
    sealed = seal()
    Api().create(sealed)
    assert slug(Api().call("GET", f"receipts/{sealed.key}")) == "unknown"
    assert slug(Api().call("POST", f"receipts/{sealed.key}/burn")) == "unknown"


def test_the_list_is_the_accounts_own(alice, bob):
    made = [alice.create() for _ in range(3)]
    bob.create()
    page = alice.call("GET", "receipts").json()
    assert [item["created_at"] for item in page["items"]] == sorted(
        (m["created_at"] for m in made), reverse=True
    )
    assert page["next"] is None
    assert len(bob.call("GET", "receipts").json()["items"]) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer " + "0" * 40}])
def test_a_stranger_has_no_list(headers):
    answer = Api(headers).call("GET", "receipts")
    assert (answer.status_code, slug(answer)) == (401, "not-authorized")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_listed_key_reads_and_burns_and_is_not_the_receipt_key(alice):
    sealed = seal()
    made = alice.create(sealed)
    listed = alice.call("GET", "receipts").json()["items"][0]
    assert listed["receipt"] not in (made["receipt"], sealed.key)
    assert Api().call("GET", f"receipts/{listed['receipt']}").json()["state"] == "new"
    assert Api().call("POST", f"receipts/{listed['receipt']}/burn").json()["state"] == "burned"


def make_many(owner, times):
    """Secrets of `owner`, several at the very same moment."""
    for moment in times:
        with time_machine.travel(moment, tick=False):
            for _ in range(3):
                body = seal().body
                services.create(
                    secret_id=SecretId(bytes.fromhex(body["id"])), proof_hash=b"p" * 32,
                    envelope=b"\x01" + b"x" * 300, ttl=3600, passphrase=False,
                    limits=FREE, owner=owner,
                )  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 4, 12, 100])
def test_pages_cover_everything_once_in_order(alice, limit):
    now = timezone.now()
    make_many(alice.user, [now - timedelta(seconds=number) for number in range(4)])
    found, cursor = [], ""
    while True:
        page = alice.call("GET", f"receipts?limit={limit}" + (f"&cursor={cursor}" if cursor else "")).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(found) == len({item["receipt"] for item in found}) == 12
    assert [item["created_at"] for item in found] == sorted((i["created_at"] for i in found), reverse=True)


def test_what_is_made_between_two_pages_shifts_nothing(alice):
    for _ in range(4):
        alice.create()
    first = alice.call("GET", "receipts?limit=2").json()
    alice.create()
    second = alice.call("GET", f"receipts?limit=2&cursor={first['next']}").json()
    assert not {i["receipt"] for i in first["items"]} & {i["receipt"] for i in second["items"]}
    assert second["next"] is None


def test_every_page_costs_the_same(alice, django_assert_num_queries):
    for _ in range(3):
        alice.create()
    page = alice.call("GET", "receipts?limit=1").json()
    for path in ["receipts?limit=1", f"receipts?limit=1&cursor={page['next']}"]:
        with django_assert_num_queries(3):  # the token, the plan, the page
            alice.call("GET", path)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=²", "cursor=", "cursor=x", "cursor=" + "A" * 31,
     "cursor=" + "_" * 32, "cursor=ключ", "cursor=%ff"],
)  # fmt: skip
def test_a_limit_or_cursor_that_is_none_is_refused(alice, query):
    answer = alice.call("GET", f"receipts?{query}")
    assert (answer.status_code, slug(answer)) == (400, "bad-request")


def test_a_cursor_of_anothers_list_shows_ones_own(alice, bob):
    for _ in range(3):
        alice.create()
        bob.create()
    cursor = bob.call("GET", "receipts?limit=1").json()["next"]
    mine = {item["receipt"] for item in alice.call("GET", "receipts").json()["items"]}
    assert {i["receipt"] for i in alice.call("GET", f"receipts?cursor={cursor}").json()["items"]} <= mine
