"""The open page: one page for every secret, and its plain form for those without script."""

import re
import secrets
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import envelope, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
CLAIM = re.compile(r'name="claim" value="([A-Za-z0-9_-]{22})"')
KEY = "k" * 31


def make(text="hello", passphrase=None, ttl=3600):
    return services.create_here(Contents(text), passphrase, ttl=ttl, limits=ANONYMOUS)


def new_claim():
    return secrets.token_urlsafe(16)


def found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    assert match
    return match[1]


@pytest.fixture
def submit(client):
    """Post the form as a browser does."""

    def send(link, passphrase="", claim=None, **more):
        fields = {"link": link, "passphrase": passphrase, "claim": claim or new_claim(), **more}
        return client.post("/secret", urlencode(fields), content_type=FORM)

    return send


def without_claim(page: bytes) -> str:
    return CLAIM.sub("", page.decode())


def test_it_is_the_same_page_for_every_secret_without_query_or_cookie(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        first, second = client.get("/secret"), client.get("/secret")
    assert first.status_code == 200
    assert without_claim(first.content) == without_claim(second.content)
    assert not first.cookies
    assert first["Cache-Control"] == "no-store"
    assert "noindex" in first["X-Robots-Tag"]


def test_each_page_carries_a_claim_of_its_own(client):
    pages = [client.get("/secret").content.decode() for _ in range(5)]
    claims = [re.findall(r'name="claim" value="([^"]+)"', page) for page in pages]
    assert {len(found) for found in claims} == {1}
    assert len({found[0] for found in claims if CLAIM.search(f'name="claim" value="{found[0]}"')}) == 5


def test_looking_at_the_link_opens_nothing(client):
    """Scanners and previews may GET and HEAD both forms of a link as often as they like."""
    made = make()
    for path in ("/secret", f"/secret/{made.link}", f"/uk/secret/{made.link}"):
        client.get(path)
        client.head(path)
    assert Secret.objects.get().state == "new"


def test_a_key_in_the_path_is_filled_into_the_form_and_nowhere_else(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get(f"/secret/{KEY}").content.decode()
    assert page.count(KEY) == 1
    assert f'value="{KEY}"' in page


def test_a_key_in_the_path_does_not_stay_for_the_next_visitor(client):
    client.get(f"/secret/{KEY}")
    assert KEY not in client.get("/secret").content.decode()
    assert KEY not in client.get("/secret/" + "j" * 31).content.decode()


@pytest.mark.parametrize("rest", ["short", "k" * 30, "k" * 32, '"><script>x', "k" * 30 + "-"])
def test_what_cannot_be_a_key_is_not_filled_in(client, rest):
    response = client.get(f"/secret/{rest}")
    assert response.status_code == 200
    assert rest not in response.content.decode()
    assert "<script>x" not in response.content.decode()


def test_the_plain_form_shows_the_secret_once(submit):
    made = make("first\n<b>second</b>")
    response = submit(f"http://testserver/secret#{made.link}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    assert ">\nfirst\n&lt;b&gt;second&lt;/b&gt;</textarea>" in response.content.decode()
    later = submit(made.link)
    assert later.status_code == 410
    assert "already been opened" in later.content.decode()
    assert "first" not in later.content.decode()


def test_a_text_that_begins_with_a_line_end_keeps_it(submit):
    """A browser drops the first line end inside a textarea, so the page puts one of its own there."""
    assert ">\n\nsecond line</textarea>" in submit(make("\nsecond line").link).content.decode()


@pytest.mark.parametrize(
    "form", ["{}", "http://testserver/secret#{}", "https://x.example/secret/{}", " <{}> "]
)
def test_a_link_is_taken_in_every_form_that_mail_makes_of_it(submit, form):
    assert submit(form.format(make().link)).status_code == 200


def test_loading_the_answer_again_shows_it_again_to_the_same_holder(submit):
    made, mine = make(), new_claim()
    assert submit(made.link, claim=mine).status_code == 200
    assert "hello" in submit(made.link, claim=mine).content.decode()
    with time_machine.travel(timezone.now() + timedelta(seconds=121), tick=False):
        assert submit(made.link, claim=mine).status_code == 410


def test_erase_now_ends_it_at_once(client, submit):
    made, mine = make(), new_claim()
    page = submit(made.link, claim=mine).content.decode()
    secret_id = found(re.compile(r'name="id" value="([0-9a-f]{32})"'), page)
    body = urlencode({"action": "erase", "id": secret_id, "claim": mine})
    response = client.post("/secret", body, content_type=FORM)
    assert "Erased" in response.content.decode()
    assert Secret.objects.get().content is None
    assert submit(made.link, claim=mine).status_code == 410


def test_a_stranger_cannot_erase(client, submit):
    made, mine = make(), new_claim()
    submit(made.link, claim=mine)
    body = urlencode({"action": "erase", "id": Secret.objects.get().id.hex, "claim": new_claim()})
    assert client.post("/secret", body, content_type=FORM).status_code == 404
    assert submit(made.link, claim=mine).status_code == 200


@pytest.mark.parametrize("fields", [{"id": "x", "claim": "a" * 22}, {"id": "a" * 32, "claim": "!"}, {}])
def test_a_malformed_erasure_is_refused(client, fields):
    body = urlencode({"action": "erase", **fields})
    assert client.post("/secret", body, content_type=FORM).status_code == 400


def test_a_wrong_passphrase_costs_nothing(submit):
    made = make(passphrase="right")
    for wrong in ("wrong", "Right", "right "):
        response = submit(made.link, wrong)
        assert response.status_code == 403
        assert "Wrong passphrase" in response.content.decode()
    assert "hello" in submit(made.link, "right").content.decode()


def test_a_missing_passphrase_is_asked_for(submit):
    response = submit(make(passphrase="right").link)
    assert response.status_code == 403
    assert "needs a passphrase" in response.content.decode()


def test_a_needless_passphrase_does_no_harm(submit):
    assert submit(make().link, "none was set").status_code == 200


def test_too_many_wrong_passphrases_have_to_wait_and_lose_nothing(submit):
    made = make(passphrase="right")
    with time_machine.travel(timezone.now(), tick=False):  # within one window of the count
        answers = [submit(made.link, f"wrong {n}") for n in range(11)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Nothing is lost" in answers[-1].content.decode()
    assert Secret.objects.get().state == "new"


def test_a_cut_link_is_told_from_a_wrong_one(submit, django_assert_num_queries):
    made = make()
    with django_assert_num_queries(0):
        response = submit(f"http://testserver/secret#{made.link[:-1]}")
    assert response.status_code == 400
    assert "looks cut off" in response.content.decode()
    assert Secret.objects.get().state == "new"


def test_an_empty_form_says_so(submit):
    response = submit("")
    assert response.status_code == 400
    assert "Paste the link first." in response.content.decode()


def test_an_unknown_link_says_so(submit):
    response = submit(KEY)
    assert response.status_code == 404
    assert "nothing behind this link" in response.content.decode()


def test_a_burned_secret_says_when(submit):
    made = make()
    services.burn(made.receipt)
    response = submit(made.link)
    assert response.status_code == 410
    assert f"{timezone.now():%-d %B %Y}" in response.content.decode()
    assert "burned unopened" in response.content.decode()


def test_an_expired_secret_says_so(submit):
    made = make(ttl=300)
    with time_machine.travel(timezone.now() + timedelta(seconds=301), tick=False):
        response = submit(made.link)
    assert response.status_code == 410
    assert "has expired" in response.content.decode()


@pytest.mark.parametrize("claim", ["", "short", "!" * 22, "a" * 200])
def test_a_malformed_claim_is_replaced(submit, claim):
    """Whoever posts without a good claim still opens the secret, and can load it again."""
    made = make()
    page = submit(made.link, claim=claim or " ").content.decode()
    mine = found(CLAIM, page)
    assert submit(made.link, claim=mine).status_code == 200


def test_an_envelope_that_cannot_be_opened_is_told_and_not_consumed(submit):
    """A program of somebody's own may have stored anything under a good proof."""
    keys = envelope.derive(envelope.LinkKey(KEY), None)
    services.create(
        secret_id=envelope.secret_id(envelope.LinkKey(KEY)),
        proof_hash=envelope.proof_hash(keys.proof),
        envelope=b"\x01" + secrets.token_bytes(300),
        ttl=3600,
        passphrase=False,
        limits=ANONYMOUS,
    )
    response = submit(KEY)
    assert response.status_code == 422
    assert "This secret is damaged" in response.content.decode()
    assert Secret.objects.get().state == "new"


def test_a_length_that_is_no_number_is_refused(client):
    response = client.generic("POST", "/secret", b"link=a", FORM, CONTENT_LENGTH="six")
    assert response.status_code == 400


def test_bad_bytes_types_and_lengths_are_refused(client):
    assert client.post("/secret", b"link=%ff", content_type=FORM).status_code == 400
    assert client.post("/secret", b"link=a", content_type="text/plain").status_code == 415
    assert client.post("/secret", b"link=" + b"a" * 50_000, content_type=FORM).status_code == 413
    assert client.put("/secret", b"").status_code == 405
    assert client.post(f"/secret/{KEY}", b"", content_type=FORM).status_code == 405


def test_a_null_character_in_the_link_is_refused(submit):
    assert submit("a\0b").status_code == 400


def test_a_secret_lost_in_a_restore_says_so(submit):
    """Whether it had been opened before, nobody can know: the recipient is told just that."""
    made = make()
    Secret.objects.update(state=State.LOST, content=None, expires_at=timezone.now())
    response = submit(made.link)
    assert response.status_code == 410
    assert "lost in a restore of the site" in response.content.decode()
    assert f"{timezone.now():%-d %B %Y}" in response.content.decode()
