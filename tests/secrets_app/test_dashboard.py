"""The dashboard: an account's own secrets, labels, burning."""

import datetime as dt
import re
import secrets
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from billing.limits import FREE
from secrets_app import here, history, housekeeping, services
from secrets_app.envelope import Contents
from secrets_app.listing import Place
from secrets_app.models import Secret, State
from tests.accounts.people import ALICE, CHARLIE, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user(ALICE)


@pytest.fixture
def charlie():
    return User.objects.create_user(CHARLIE)


def make(owner, text="hush", passphrase=None, ttl=3600):
    return services.create_here(Contents(text), passphrase, ttl=ttl, limits=FREE, owner=owner)


def key_of(made):
    return services.listing_key(services.as_secret_id(made.secret.id))


def fill(owner, count, **fields):
    """`count` rows, a second apart, as fast as they can be made."""
    now = timezone.now()
    Secret.objects.bulk_create(
        Secret(
            id=uuid.uuid4(), passphrase=False, size=301, proof_hash=b"p" * 32, owner=owner,
            receipt_hash=secrets.token_bytes(32), listing_hash=secrets.token_bytes(32),
            created_at=now - dt.timedelta(seconds=n), expires_at=now + dt.timedelta(days=7),
            forget_at=now + dt.timedelta(days=14), due_at=now + dt.timedelta(days=7), **fields,
        )
        for n in range(count)
    )  # fmt: skip


def test_it_lists_what_the_account_made_and_nothing_else(alice, charlie):
    mine, theirs, nobodys = make(alice), make(charlie), make(None)
    page = sign_in(ALICE).get("/dashboard").content.decode()
    assert key_of(mine) in page
    assert key_of(theirs) not in page
    assert key_of(nobodys) not in page


def test_it_shows_no_key_that_opens_and_no_id(alice):
    """The handle in a list reads status and burns; link, receipt and id are nowhere on the page."""
    made = make(alice)
    page = sign_in(ALICE).get("/dashboard").content.decode()
    for hidden in (made.link, made.receipt, made.secret.id.hex, str(made.secret.id)):
        assert hidden not in page
    assert sign_in(ALICE).get(f"/receipt/{key_of(made)}").status_code == 200


def test_it_is_nobody_elses(alice):
    for path in ("/dashboard", "/dashboard?state=new"):
        assert Client().get(path).headers["Location"].startswith("/account/sign-in?next=/dashboard")


def test_it_shows_the_state_of_each(alice):
    made = {state: make(alice, ttl=60) for state in State}
    here.open_link(made[State.OPENED].link, None, b"n" * 16)
    services.burn(made[State.BURNED].receipt)
    now = timezone.now()
    Secret.objects.filter(id=made[State.EXPIRED].secret.id).update(expires_at=now, due_at=now)
    Secret.objects.filter(id=made[State.LOST].secret.id).update(state=State.LOST, content=None)
    rows = {row.key: row.state for row in history.page(alice).rows}
    assert rows == {key_of(one): state for state, one in made.items()}
    for state in State:
        shown = [row.key for row in history.page(alice, state).rows]
        assert shown == [key_of(made[state])]
    client = sign_in(ALICE)
    for state in State:
        page = client.get("/dashboard", {"state": state}).content.decode()
        assert re.findall(r'href="/receipt/([0-9A-Za-z]{31})"', page) == [key_of(made[state])]


def test_expired_is_the_same_before_and_after_the_purge(alice):
    made = make(alice, ttl=60)
    Secret.objects.update(expires_at=timezone.now(), due_at=timezone.now())
    assert [row.key for row in history.page(alice, State.EXPIRED).rows] == [key_of(made)]
    housekeeping.purge_batch(10)
    assert [row.key for row in history.page(alice, State.EXPIRED).rows] == [key_of(made)]


@pytest.mark.parametrize(
    "query", ["state=nonsense", "after=x", "after=" + "A" * 32, "after=" + "_" * 32, "after=%00"]
)
def test_nonsense_in_the_address_is_not_found(alice, query):
    assert sign_in(ALICE).get(f"/dashboard?{query}").status_code in {200, 404}


def test_paging_shows_each_once_newest_first(alice):
    fill(alice, 2 * history.PAGE_ROWS + 7)
    Secret.objects.update(created_at=timezone.now())  # all at once: the id settles the order
    seen, after = [], None
    for rows in (history.PAGE_ROWS, history.PAGE_ROWS, 7):
        page = history.page(alice, "", after)
        assert len(page.rows) == rows
        seen += [row.secret.id for row in page.rows]
        after = Place.from_cursor(page.next) if page.next else None
    assert after is None
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen)


def test_the_links_lead_through_all_pages(alice):
    fill(alice, history.PAGE_ROWS + 1)
    client = sign_in(ALICE)
    first = client.get("/dashboard").content.decode()
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = client.get(older.replace("&amp;", "&")).content.decode()
    assert second.count('class="row"') == 1
    assert 'rel="next"' not in second
    assert 'href="/dashboard">' in second


def test_a_page_costs_a_fixed_number_of_statements(alice):
    fill(alice, 60)
    client = sign_in(ALICE)
    with CaptureQueriesContext(connection) as queries:
        client.get("/dashboard")
    assert len(queries) <= 4
    assert not [query for query in queries if '"content"' in query["sql"]]


def test_a_page_is_found_by_an_index(alice):
    """Neither the first page nor one behind 4,000 rows, nor one of a rare state, reads the whole table."""
    fill(alice, 5_000)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE secrets_app_secret")
    row = Secret.objects.order_by("-created_at")[4_000]
    for after in (None, Place(row.created_at, row.id)):
        for state in ("", *State.values):
            plan = history.of(alice, state, after, timezone.now())[:51].explain()
            assert "secret_owner_" in plan
            assert "Seq Scan" not in plan
            assert "SCAN secrets_app_secret" not in plan


# --- Burning --------------------------------------------------------------------------------------------


def test_one_or_many_are_burned(alice):
    made = [make(alice) for _ in range(4)]
    client = sign_in(ALICE)
    assert client.post("/dashboard/burn", {"key": key_of(made[0])}).status_code == 303
    client.post("/dashboard/burn", {"key": [key_of(made[1]), key_of(made[2])], "state": "new"})
    states = [Secret.objects.get(id=one.secret.id).state for one in made]
    assert states == [State.BURNED] * 3 + [State.NEW]
    assert "2 secrets were burned" in client.get("/dashboard").content.decode()
    assert Secret.objects.get(id=made[0].secret.id).content is None


def test_a_stranger_burns_nothing(alice):
    made = make(alice)
    client = sign_in(CHARLIE)
    client.post("/dashboard/burn", {"key": key_of(made)})
    assert "Nothing was burned" in client.get("/dashboard").content.decode()
    Client().post("/dashboard/burn", {"key": key_of(made)})
    assert Secret.objects.get().state == State.NEW


@pytest.mark.parametrize("keys", [[], [""], ["x"], ["0" * 31], ["0" * 31] * 500, ["\0" * 31]])
def test_nonsense_burns_nothing(alice, keys):
    make(alice)
    assert sign_in(ALICE).post("/dashboard/burn", {"key": keys}).status_code in {303, 400}
    assert Secret.objects.get().state == State.NEW


def test_what_was_opened_stays_opened(alice):
    made = make(alice)
    here.open_link(made.link, None, b"n" * 16)
    sign_in(ALICE).post("/dashboard/burn", {"key": key_of(made)})
    assert Secret.objects.get().state == State.OPENED


def test_burning_goes_back_to_the_page_of_the_list(alice):
    answer = sign_in(ALICE).post("/dashboard/burn", {"state": "new", "after": "A" * 32})
    assert answer.headers["Location"] == "/dashboard?state=new&after=" + "A" * 32


# --- Labels ---------------------------------------------------------------------------------------------


def label(client, made, text):
    return client.post("/dashboard/label", {"key": key_of(made), "label": text})


def test_a_label_is_shown_to_its_maker_and_sealed_in_the_database(alice):
    made = make(alice)
    client = sign_in(ALICE)
    assert label(client, made, "  The  VPN of Bob ").status_code == 303
    assert "<strong>The VPN of Bob</strong>" in client.get("/dashboard").content.decode()
    assert b"VPN" not in bytes(Secret.objects.get().label or b"VPN")


def test_a_recipient_and_the_receipt_never_show_it(alice, client):
    made = make(alice)
    label(sign_in(ALICE), made, "Telltale")
    paths = [f"/receipt/{made.receipt}", f"/receipt/{key_of(made)}", f"/secret/{made.link}", "/secret"]
    paths += [f"/api/v2/secrets/{made.secret.id.hex}", f"/api/v2/receipts/{made.receipt}"]
    for path in paths:
        assert "Telltale" not in client.get(path).content.decode()


def test_a_label_outlives_the_content_and_goes_with_the_tombstone(alice):
    """So an opened or burned secret can still be told apart in the list, until its row is purged."""
    made = make(alice, ttl=60)
    label(sign_in(ALICE), made, "For Bob")
    services.burn(made.receipt)
    assert [row.label for row in history.page(alice).rows] == ["For Bob"]
    Secret.objects.update(forget_at=timezone.now(), due_at=timezone.now())
    housekeeping.purge_batch(10)
    assert not Secret.objects.exists()


def test_a_label_can_be_taken_away(alice):
    made = make(alice)
    client = sign_in(ALICE)
    label(client, made, "For Bob")
    label(client, made, "  ")
    assert Secret.objects.get().label is None


def test_a_stranger_labels_nothing(alice):
    made = make(alice)
    assert label(sign_in(CHARLIE), made, "Mine").status_code == 404
    assert label(Client(), made, "Mine").status_code == 302
    assert Secret.objects.get().label is None


def test_a_label_that_is_too_long_is_refused(alice):
    made = make(alice)
    assert label(sign_in(ALICE), made, "x" * (history.MOST_LABEL + 1)).status_code == 400
    assert label(sign_in(ALICE), made, "ї" * history.MOST_LABEL).status_code == 303


def test_a_label_is_escaped(alice):
    made = make(alice)
    client = sign_in(ALICE)
    label(client, made, "<script>alert(1)</script>")
    assert "<script>alert" not in client.get("/dashboard").content.decode()


def test_a_label_that_no_key_opens_is_left_out(alice, settings):
    made = make(alice)
    label(sign_in(ALICE), made, "For Bob")
    settings.SECRET_ENCRYPTION_KEYS = ["A" * 43]
    assert [row.label for row in history.page(alice).rows] == [""]
