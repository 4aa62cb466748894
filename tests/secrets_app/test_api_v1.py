"""API v1, the contract with every client of Onetime Secret.

1. Every answer is JSON in UTF-8 and not stored, every success is 200; unknown routes and wrong methods are 404
   in JSON. No cookie is read or set, no Origin or Referer looked at, and nothing under /api redirects.
2. Parameters come from the query and the body, whatever its type; the body wins; blank is not given. The secret
   and the passphrase are kept exactly. What cannot be read is 400.
3. Credentials are HTTP Basic with an account's address and API token. A header that is there and wrong is 401
   on every route, and nothing else happens; an empty pair is anonymous. Keys work for whoever holds them.
4. /metadata/ and /receipt/ are /private/ by other names, /create is /share. No GET or HEAD opens, burns or creates.
5. A receipt has just the fields of its state, integers in whole seconds, never null. T is shown to R alone, and
   only while the secret is unopened.
6. A lifetime is clamped, never refused.
7. Errors have a string `message` with the texts that clients compare, and never a `value`.
8. The server stores no key that opens; R leads to T and T not to R; `recent` lists A, which reads and burns and
   leads nowhere. A wrong passphrase never consumes. A secret is given out once. What other clients of ours made
   opens by its link key; what holds files is unknown here.
"""

import base64
import json
import re
import secrets as random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client

from accounts import tokens
from accounts.models import User
from billing.limits import ANONYMOUS, FREE
from secrets_app import envelope, services
from secrets_app.envelope import Contents, File, LinkKey, ReceiptKey
from secrets_app.models import Secret

pytestmark = pytest.mark.django_db

NEW = {
    "custid", "metadata_key", "secret_key", "ttl", "metadata_ttl", "secret_ttl", "state", "updated", "created",
    "recipient", "passphrase_required",
}  # fmt: skip
KEY = re.compile("[0-9A-Za-z]{31}")
FORM = "application/x-www-form-urlencoded"
NAMES = ["private", "metadata", "receipt"]
EVERY_ROUTE = [
    ("GET", "status"), ("GET", "authcheck"), ("POST", "share"), ("POST", "create"), ("POST", "generate"),
    ("POST", "secret/K"), ("GET", "private/K"), ("POST", "private/K"), ("POST", "private/K/burn"),
    ("GET", "private/recent"), ("POST", "private/recent"), ("GET", "share"), ("GET", "secret/K"),
]  # fmt: skip


class Person:
    """A client of the API, with an account or without."""

    def __init__(self, email=None):
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {}
        self.email = email or "anon"
        if email:
            self.user = User.objects.create_user(email)
            self.token = tokens.create(self.user)
            self.headers = {"Authorization": basic(f"{email}:{self.token}")}

    def call(self, method, path, body=b"", content_type=FORM, **headers):
        """The answer to a call, which is checked to be one: JSON, not stored, without a cookie."""
        # The type is no argument, for Django's client drops that of an empty body.
        given = {"Content-Type": content_type, **self.headers, **headers}
        answer = self.client.generic(method, f"/api/v1/{path}", body, headers=given)
        assert answer["Content-Type"] == "application/json; charset=utf-8"
        assert "no-store" in answer["Cache-Control"]
        assert "Set-Cookie" not in answer
        assert not answer.cookies
        return answer

    def post(self, path, **fields):
        return self.call("POST", path, urlencode(fields).encode())

    def share(self, secret="the secret", **fields):
        answer = self.post("share", secret=secret, **fields)
        assert answer.status_code == 200
        return answer.json()


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def stranger():
    return Person()


@pytest.fixture
def alice():
    return Person("alice@example.com")


@pytest.fixture
def bob():
    return Person("bob@example.com")


def assert_unknown(answer, key):
    assert answer.status_code == 404
    assert answer.json() == {"message": "Unknown secret", "secret_key": key}


# 1. Transport


@pytest.mark.parametrize("headers", [{}, {"Accept": "text/html"}, {"Accept": "*/*", "User-Agent": "curl/8"}])
def test_status_is_nominal_for_whoever_asks(stranger, headers):
    answer = stranger.call("GET", "status", **headers)
    assert answer.status_code == 200
    assert answer.json() == {"status": "nominal", "locale": "en"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("GET", "nothing"), ("POST", "share/"), ("GET", "status/"), ("GET", "private/"), ("PUT", "share"),
        ("POST", "secret/"), ("POST", "private/x/burn/more"), ("GET", "share"), ("GET", "generate"), ("GET", "create"),
        ("HEAD", "share"), ("GET", "secret/" + "k" * 31), ("GET", "private/" + "k" * 31 + "/burn"), ("DELETE", "status"),
        ("OPTIONS", "share"), ("POST", "status"),
    ],
)  # fmt: skip
def test_any_other_route_or_method_is_not_found(stranger, method, path):
    answer = stranger.call(method, path)
    assert answer.status_code == 404
    if method != "HEAD":
        assert answer.json() == {"message": "Not Found"}
    assert not Secret.objects.exists()


def test_neither_origin_nor_cookies_matter(alice):
    """A session of yesterday, which a page would renew, and a browser that calls from elsewhere."""
    session = SessionStore()
    session["_auth_user_id"] = str(alice.user.pk)
    session.save()
    alice.client.cookies["session"] = session.session_key
    answer = alice.call(
        "POST", "share", b"secret=x", Origin="https://elsewhere.example", **{"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 200
    assert alice.client.generic("POST", "/api/v1/share", b"secret=x", FORM).json()["custid"] == "anon"


def test_a_failure_of_ours_is_answered_in_json(stranger, settings):
    """A server key that is none makes every sealing fail."""
    stranger.client.raise_request_exception = False
    settings.SECRET_ENCRYPTION_KEYS = ["not a key"]
    answer = stranger.call("POST", "share", b"secret=x")
    assert answer.status_code == 500
    assert answer.json() == {"message": "An unexpected error occurred :["}


# 2. Input


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"secret=caf%C3%A9+%0D%0A%01&"),
        ("", b"secret=caf%C3%A9+%0D%0A%01"),
        ("text/html; charset=utf-8, application/x-www-form-urlencoded", b"secret=caf%C3%A9%20%0D%0A%01"),
        ("application/json", json.dumps({"secret": "café \r\n\x01"}).encode()),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=secret\r\n\r\ncafé \r\n\x01\r\n--b--".encode(),
        ),
    ],
)
def test_a_secret_is_read_from_any_body_and_kept_exactly(stranger, content_type, body):
    made = stranger.call("POST", "share", body, content_type).json()
    opened = stranger.call("POST", f"secret/{made['secret_key']}", b"", "application/json")
    assert opened.status_code == 200
    assert opened.json() == {"value": "café \r\n\x01", "secret_key": made["secret_key"]}


@pytest.mark.parametrize("content_type", ["application/json", "", FORM, "multipart/form-data; boundary=x"])
def test_everything_may_be_in_the_query(stranger, content_type):
    made = stranger.call("POST", "share?secret=in+the+query&ttl=120&passphrase=p", b"", content_type).json()
    assert made["ttl"] == 120
    assert made["passphrase_required"] is True
    opened = stranger.call("POST", f"secret/{made['secret_key']}?passphrase=p", b"", content_type)
    assert opened.json()["value"] == "in the query"


def test_the_key_in_the_path_is_the_one_that_counts(stranger):
    one, two = stranger.share("one"), stranger.share("two")
    answer = stranger.post(
        f"secret/{one['secret_key']}", secret_key=two["secret_key"], SECRET_KEY=two["secret_key"]
    )
    assert answer.json()["value"] == "one"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"), ("application/json", b"[1]"), ("multipart/form-data", b"secret=x"),
        (FORM, b"secret=%ff"), ("multipart/form-data; boundary=x", b"--x\r\n"), ("application/json", b'{"secret":{}}'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_bad_request(stranger, content_type, body):
    kept = stranger.share()
    for path in ["share", "generate", f"secret/{kept['secret_key']}", f"private/{kept['metadata_key']}/burn"]:
        answer = stranger.call("POST", path, body, content_type)
        assert answer.status_code == 400
        assert answer.json() == {"message": "Bad request"}
    assert Secret.objects.get().state == "new"


# 3. Credentials


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
def test_wrong_credentials_are_refused_on_every_route(alice, settings, method, path):
    settings.RATE_LIMITS = "off"
    made = alice.share()
    path = path.replace("K", made["secret_key"] if path.startswith("secret") else made["metadata_key"])
    email, token = alice.email, alice.token
    wrong = [
        basic(f"{email}:{'0' * 40}"), basic(f"nobody@example.com:{token}"), basic(f":{token}"), basic(f"{email}:"),
        basic(email), "Basic", "Basic !", "Basic /w==", f"Bearer {token}", "", "Digest x", basic(f"{email}:{token}") + "=",
    ]  # fmt: skip
    for header in wrong:
        answer = alice.call(method, path, b"secret=more", Authorization=header)
        assert answer.status_code == 401, header
        assert answer.json() == {"message": "Not authorized"}
        assert answer["WWW-Authenticate"] == 'Basic realm="OTS"'
    assert Secret.objects.get().state == "new"


def test_a_token_belongs_to_its_own_account_and_to_active_ones(alice, bob):
    assert (
        alice.call("GET", "authcheck", Authorization=basic(f"{bob.email}:{alice.token}")).status_code == 401
    )
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    assert alice.call("GET", "authcheck").status_code == 401


def test_the_scheme_is_read_in_any_case_and_an_empty_pair_is_anonymous(alice):
    assert alice.call(
        "GET", "authcheck", Authorization=alice.headers["Authorization"].replace("B", "b", 1)
    ).json() == {
        "status": "nominal",
        "locale": "en",
    }
    answer = alice.call("POST", "share", b"secret=x", Authorization="Basic Og==")
    assert answer.json()["custid"] == "anon"


@pytest.mark.parametrize("path", ["authcheck", "private/recent", "metadata/recent", "receipt/recent"])
def test_two_routes_need_credentials(stranger, path):
    answer = stranger.call("GET", path)
    assert answer.status_code == 401
    assert answer.json() == {"message": "Not authorized"}


def test_guessing_tokens_is_slowed(stranger):
    for _ in range(60):
        assert (
            stranger.call("GET", "status", Authorization=basic(f"a@example.com:{'0' * 40}")).status_code
            == 401
        )
    answer = stranger.call("GET", "status", Authorization=basic(f"a@example.com:{'0' * 40}"))
    assert answer.status_code == 429


# 4. Routes


def test_a_stranger_with_the_keys_may_do_what_the_owner_may(alice, stranger):
    """ots.bash sends no credentials when it reads or opens its owner's secrets."""
    made = alice.share("the owner's")
    receipt = stranger.post(f"private/{made['metadata_key']}").json()
    assert receipt["custid"] == "alice@example.com"
    assert receipt["secret_key"] == made["secret_key"]
    assert stranger.post(f"secret/{made['secret_key']}").json()["value"] == "the owner's"


@pytest.mark.parametrize("name", NAMES)
def test_a_receipt_has_three_names_and_create_is_share(stranger, name):
    made = stranger.post("create", secret="x").json()
    assert set(made) == NEW
    for method in ("GET", "POST"):
        assert (
            stranger.call(method, f"{name}/{made['metadata_key']}").json()["metadata_key"]
            == made["metadata_key"]
        )
    assert stranger.post(f"{name}/{made['metadata_key']}/burn").json()["state"]["state"] == "burned"


def test_no_get_or_head_changes_anything(alice):
    made = alice.share()
    before = Secret.objects.values().get()
    for method in ("GET", "HEAD"):
        for path in [
            "share?secret=x", "create?secret=x", "generate", f"secret/{made['secret_key']}", "private/recent",
            f"private/{made['metadata_key']}", f"private/{made['metadata_key']}/burn", "status",
        ]:  # fmt: skip
            alice.call(method, path)
    assert Secret.objects.values().get() == before


# 5. Receipts


def test_sharing_answers_a_receipt(alice):
    with time_machine.travel("2030-01-01T00:00:00.7Z", tick=False):
        made = alice.share(ttl=3600)
    assert KEY.fullmatch(made.pop("metadata_key"))
    assert KEY.fullmatch(made.pop("secret_key"))
    assert made == {
        "custid": "alice@example.com", "ttl": 3600, "metadata_ttl": 7200, "secret_ttl": 3600, "state": "new",
        "updated": 1893456000, "created": 1893456000, "recipient": [], "passphrase_required": False,
    }  # fmt: skip
    assert not any(isinstance(value, float) for value in made.values())


def test_generating_answers_a_receipt_and_a_fresh_value(stranger):
    values = set()
    for _ in range(3):
        made = stranger.post("generate", passphrase="p", ttl="300").json()
        assert set(made) == NEW | {"value"}
        assert len(made["value"]) >= 12
        assert made["passphrase_required"] is True
        assert stranger.post(f"secret/{made['secret_key']}", passphrase="p").json()["value"] == made["value"]
        values.add(made["value"])
    assert len(values) == 3


def test_a_receipt_goes_from_new_to_viewed_to_received(stranger):
    """A GET does not advance it; the first POST still says new."""
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False):
        made = stranger.share(ttl=3600)
    path = f"private/{made['metadata_key']}"
    with time_machine.travel("2030-01-01T00:01:40.5Z", tick=False):
        states = [stranger.call(method, path).json()["state"] for method in ("GET", "POST", "GET", "POST")]
        assert states == ["new", "new", "viewed", "viewed"]
        receipt = stranger.post(path).json()
        assert set(receipt) == NEW
        assert (receipt["secret_ttl"], receipt["metadata_ttl"], receipt["ttl"]) == (3500, 7100, 3600)
        stranger.post(f"secret/{made['secret_key']}")
        assert stranger.post(path).json() == {
            "custid": "anon", "metadata_key": made["metadata_key"], "ttl": 3600, "metadata_ttl": 7100, "state": "received",
            "updated": 1893456100, "created": 1893456000, "received": 1893456100, "recipient": [],
            "passphrase_required": False,
        }  # fmt: skip


def test_burning_nests_the_receipt(stranger):
    made = stranger.share()
    answer = stranger.post(f"private/{made['metadata_key']}/burn")
    assert answer.status_code == 200
    assert set(answer.json()) == {"state", "secret_shortkey"}
    assert answer.json()["secret_shortkey"] == made["secret_key"][:6]
    burned = answer.json()["state"]
    assert set(burned) == NEW - {"secret_key", "secret_ttl"}
    assert (burned["state"], burned["metadata_key"]) == ("burned", made["metadata_key"])
    assert stranger.post(f"private/{made['metadata_key']}").json()["state"] == "burned"
    assert Secret.objects.get().content is None


def test_an_expired_receipt_says_so_until_it_is_forgotten(stranger):
    made = stranger.share(ttl=60)
    row = Secret.objects.get()
    with time_machine.travel(row.expires_at, tick=False):
        expired = stranger.post(f"private/{made['metadata_key']}").json()
        assert set(expired) == NEW - {"secret_key", "secret_ttl"}
        assert expired["state"] == "expired"
        assert_unknown(stranger.post(f"secret/{made['secret_key']}"), made["secret_key"])
        assert_unknown(stranger.post(f"private/{made['metadata_key']}/burn"), made["metadata_key"])
    with time_machine.travel(row.forget_at, tick=False):
        assert_unknown(stranger.post(f"private/{made['metadata_key']}"), made["metadata_key"])


# 6. Lifetimes


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [
        ("", 604_800),
        ("0", 604_800),
        ("soon", 604_800),
        ("90.9", 90),
        ("1", 60),
        ("-1", 60),
        ("9" * 30, 604_800),
    ],
)
def test_a_lifetime_is_clamped(stranger, ttl, seconds):
    assert stranger.share(ttl=ttl)["ttl"] == seconds


def test_an_account_may_keep_secrets_for_longer(alice):
    assert alice.share(ttl=10**9)["ttl"] == FREE.max_ttl > 604_800
    answer = alice.call(
        "POST", "share", json.dumps({"secret": "x", "ttl": 3600.5}).encode(), "application/json"
    )
    assert answer.json()["ttl"] == 3600


# 7. Errors


@pytest.mark.parametrize("body", [b"", b"secret=", b"ttl=60&passphrase=x", b"secret"])
def test_nothing_to_share_is_refused(stranger, body):
    answer = stranger.call("POST", "share", body)
    assert answer.status_code == 404
    assert answer.json() == {"message": "You did not provide anything to share"}
    assert not Secret.objects.exists()


def test_the_largest_secret_is_kept_and_one_byte_more_is_refused(stranger):
    most = ANONYMOUS.max_text_bytes
    text = "ї" * (most // 2)
    made = stranger.share(text)
    assert stranger.post(f"secret/{made['secret_key']}").json()["value"] == text
    for body in [b"secret=" + b"x" * (most + 1), b"secret=" + b"%01" * (3 * most)]:
        answer = stranger.call("POST", "share", body)
        assert answer.status_code == 404
        assert answer.json() == {"message": f"Secret value exceeds the maximum size of {most} bytes"}
    assert Secret.objects.count() == 1


def test_any_text_asked_for_as_a_key_is_an_unknown_secret(stranger):
    for key in ["k" * 31, "short", "k" * 400, "ключ", "a b", "a-b_c", "recent!", "\x00"]:
        for path in [f"secret/{quote(key)}", f"private/{quote(key)}", f"metadata/{quote(key)}/burn"]:
            assert_unknown(stranger.call("POST", path), key)


def test_a_limit_answers_in_the_words_that_clients_compare(stranger):
    for _ in range(ANONYMOUS.creates_per_hour):
        stranger.share()
    answer = stranger.post("share", secret="x")
    assert answer.status_code == 429
    assert answer.json() == {"message": "Apologies dear citizen! You have been rate limited."}
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_an_account_has_a_count_of_its_own(alice, bob, stranger):
    for _ in range(ANONYMOUS.creates_per_hour + 1):
        alice.share()
    assert stranger.post("share", secret="x").status_code == 200
    assert bob.post("share", secret="x").status_code == 200


# 8. Our own rules


def stored():
    """Every byte of every row that the database holds of secrets."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM secrets_app_secret")
        return repr(
            [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
        )


def test_the_server_stores_no_key(alice):
    made = alice.share("a very secret secret", passphrase="a very secret phrase")
    listed = alice.call("GET", "private/recent").json()[0]["metadata_key"]
    for text in [made["metadata_key"], made["secret_key"], listed, "very secret"]:
        assert text not in stored()


def test_each_key_works_as_itself_only(alice):
    """T as a metadata key, and R or A as a secret key, are unknown and consume nothing."""
    made = alice.share()
    listed = alice.call("GET", "private/recent").json()[0]["metadata_key"]
    assert_unknown(alice.post(f"private/{made['secret_key']}"), made["secret_key"])
    assert_unknown(alice.post(f"private/{made['secret_key']}/burn"), made["secret_key"])
    for key in (made["metadata_key"], listed):
        assert_unknown(alice.post(f"secret/{key}"), key)
    assert Secret.objects.get().state == "new"


def test_r_leads_to_t_one_way(stranger):
    made = stranger.share()
    assert envelope.link_key_from_receipt(ReceiptKey(made["metadata_key"])) == made["secret_key"]
    assert envelope.link_key_from_receipt(ReceiptKey(made["secret_key"])) != made["metadata_key"]


def test_recent_lists_keys_that_lead_nowhere(alice, bob, stranger):
    made = [alice.share(f"number {number}") for number in range(3)]
    bob.share()
    alice.post(f"secret/{made[0]['secret_key']}")
    listed = alice.call("GET", "private/recent").json()
    assert [receipt["state"] for receipt in listed] == ["new", "new", "received"]
    assert all(set(receipt) <= (NEW - {"secret_key"}) | {"received"} for receipt in listed)
    assert listed == alice.call("POST", "receipt/recent").json()
    key = listed[0]["metadata_key"]
    assert KEY.fullmatch(key)
    assert key not in json.dumps(made)
    assert made[2]["secret_key"] not in json.dumps(listed)
    for name in NAMES:
        assert stranger.call("GET", f"{name}/{key}").json()["metadata_key"] == key
    assert "secret_key" not in stranger.post(f"private/{key}").json()
    burned = stranger.post(f"receipt/{key}/burn").json()
    assert burned["secret_shortkey"] == ""
    assert (burned["state"]["metadata_key"], burned["state"]["state"]) == (key, "burned")
    assert_unknown(stranger.post(f"secret/{made[2]['secret_key']}"), made[2]["secret_key"])


def test_recent_reaches_back_thirty_days_and_at_least_fifty(alice):
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False):
        services.create_here(
            Contents("old"), None, ttl=FREE.max_ttl * 3, limits=replace(FREE, max_ttl=10**8), owner=alice.user
        )
    with time_machine.travel("2030-01-20T00:00:00Z", tick=False):
        for number in range(60):
            services.create_here(Contents(str(number)), None, ttl=FREE.max_ttl, limits=FREE, owner=alice.user)
    with time_machine.travel("2030-01-30T00:00:00Z", tick=False):
        assert len(alice.call("GET", "private/recent").json()) == 61
    with time_machine.travel("2030-01-31T00:00:01Z", tick=False):
        assert len(alice.call("GET", "private/recent").json()) == 60


def test_a_wrong_passphrase_is_an_unknown_secret_and_touches_nothing(stranger):
    made = stranger.share(passphrase=" correct horse ")
    before = Secret.objects.values().get()
    for phrase in ["wrong", "", "correct horse"]:
        assert_unknown(stranger.post(f"secret/{made['secret_key']}", passphrase=phrase), made["secret_key"])
        assert_unknown(
            stranger.post(f"private/{made['metadata_key']}/burn", passphrase=phrase), made["metadata_key"]
        )
    assert Secret.objects.values().get() == before
    opened = stranger.post(f"secret/{made['secret_key']}", passphrase=" correct horse ")
    assert opened.json()["value"] == "the secret"


def test_the_right_passphrase_burns(stranger):
    made = stranger.share(passphrase="p")
    answer = stranger.post(f"private/{made['metadata_key']}/burn", passphrase="p")
    assert answer.json()["state"]["state"] == "burned"


def test_a_passphrase_is_ignored_where_none_is_needed(stranger):
    assert (
        stranger.post(f"secret/{stranger.share()['secret_key']}", passphrase="any").json()["value"]
        == "the secret"
    )


def test_too_many_wrong_guesses_are_slowed_and_the_secret_stays(stranger, settings):
    settings.RATE_LIMITS = "wrong_proof=2/10m"
    made = stranger.share(passphrase="right")
    for _ in range(2):
        assert stranger.post(f"secret/{made['secret_key']}", passphrase="wrong").status_code == 404
    answer = stranger.post(f"secret/{made['secret_key']}", passphrase="right")
    assert answer.status_code == 429
    assert "Retry-After" in answer
    assert Secret.objects.get().state == "new"


def test_a_secret_is_given_out_once(stranger):
    made = stranger.share()
    assert stranger.post(f"secret/{made['secret_key']}").status_code == 200
    assert_unknown(stranger.post(f"secret/{made['secret_key']}"), made["secret_key"])
    assert Secret.objects.get().content is None
    assert_unknown(stranger.post(f"private/{made['metadata_key']}/burn"), made["metadata_key"])


def sealed(contents, passphrase=None):
    """A secret as the browser makes it; (T, R)."""
    key = envelope.new_link_key()
    made = services.create(
        secret_id=envelope.secret_id(key), proof_hash=envelope.proof_hash(envelope.derive(key, passphrase).proof),
        envelope=envelope.seal(key, passphrase, contents), ttl=3600, passphrase=bool(passphrase), limits=ANONYMOUS,
    )  # fmt: skip
    return key, made.receipt


@pytest.mark.parametrize("passphrase", [None, "ключ 🔑"])
def test_what_a_browser_made_opens_by_its_link_key(stranger, passphrase):
    key, receipt = sealed(Contents("end to end, ї"), passphrase)
    shown = stranger.post(f"private/{receipt}").json()
    assert set(shown) == NEW - {"secret_key"}
    assert stranger.post(f"secret/{key}", passphrase=passphrase or "").json() == {
        "value": "end to end, ї",
        "secret_key": key,
    }


def test_files_have_no_place_here_and_are_not_consumed(stranger):
    key, _receipt = sealed(Contents("and a file", (File("a.txt", "text/plain", b"x"),)))
    assert_unknown(stranger.post(f"secret/{key}"), key)
    assert Secret.objects.get().state == "new"


def test_an_envelope_that_cannot_be_opened_is_not_consumed(stranger):
    key = LinkKey("K" * 31)
    services.create(
        secret_id=envelope.secret_id(key), proof_hash=envelope.proof_hash(envelope.derive(key, None).proof),
        envelope=b"\x01" + random.token_bytes(400), ttl=3600, passphrase=False, limits=ANONYMOUS,
    )  # fmt: skip
    assert_unknown(stranger.post(f"secret/{key}"), key)
    assert Secret.objects.get().state == "new"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_value(stranger):
    made = stranger.share()

    def fetch(_number):
        try:
            return Person().post(f"secret/{made['secret_key']}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fetch, range(16)))
    assert sorted(answers) == [200] + [404] * 15


# Mail


def test_a_link_is_mailed_for_an_account(alice, mailoutbox):
    answer = alice.call(
        "POST", "share", b"secret=x&recipient=someone@example.com&recipient%5B%5D=al@example.org&passphrase=p"
    )
    made = answer.json()
    assert made["recipient"] == ["so*****@example.com", "a*****@example.org"]
    assert [mail.to for mail in mailoutbox] == [["someone@example.com"], ["al@example.org"]]
    assert f"/secret#{made['secret_key']}" in mailoutbox[0].body
    assert alice.post(f"private/{made['metadata_key']}").json()["recipient"] == []
    assert "someone" not in stored()


def test_a_stranger_may_not_have_links_mailed(stranger, mailoutbox):
    answer = stranger.post("generate", recipient="someone@example.com")
    assert answer.status_code == 404
    assert answer.json() == {"message": "An account is required to send emails."}
    assert not mailoutbox
    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    "address", ["someone", "a@b@c", "a b@example.com", "someone@example.com\nBcc: x@example.com"]
)
def test_an_address_that_is_none_is_refused(alice, mailoutbox, address):
    answer = alice.post("share", secret="x", recipient=address)
    assert answer.status_code == 404
    assert answer.json() == {"message": f"Undeliverable email address: {address}"}
    assert not mailoutbox
    assert not Secret.objects.exists()


def test_a_mail_that_cannot_be_sent_leaves_no_secret(alice, settings):
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    answer = alice.post("share", secret="x", recipient="someone@example.com")
    assert answer.json() == {"message": "Undeliverable email address: someone@example.com"}
    assert Secret.objects.get().content is None


def test_mails_are_limited_by_account(alice, mailoutbox, settings):
    settings.RATE_LIMITS = "mail_link=1/h"
    assert alice.post("share", secret="x", recipient="someone@example.com").status_code == 200
    assert alice.post("share", secret="x", recipient="someone@example.com").status_code == 429
    assert len(mailoutbox) == 1


def test_the_cost_in_statements(stranger, django_assert_num_queries):
    with django_assert_num_queries(1):
        made = stranger.share()
    with django_assert_num_queries(1):
        stranger.call("GET", f"private/{made['metadata_key']}")
    with django_assert_num_queries(2):
        stranger.post(f"secret/{made['secret_key']}")
