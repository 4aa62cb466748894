"""The create page without script: the form is the page, and the same form posts."""

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from accounts.models import User
from billing.limits import ANONYMOUS, FREE
from secrets_app import envelope, here, services
from secrets_app.models import Secret

pytestmark = pytest.mark.django_db

LINK = re.compile(r"http://testserver/secret#([0-9A-Za-z]{31})")
RECEIPT = re.compile(r"http://testserver/receipt/([0-9A-Za-z]{31})")
FORM = "application/x-www-form-urlencoded"


def found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    assert match
    return match[1]


@pytest.fixture
def submit(client):
    """Post the form as a browser does."""

    def send(**fields):
        given = {"text": "hello", "passphrase": "", "ttl": "3600", **fields}
        return client.post("/", urlencode(given), content_type=FORM)

    return send


def opened(link: str, passphrase: str | None = None) -> str | None:
    return here.open_link(envelope.LinkKey(link), passphrase, b"c" * 16).text


def test_it_shows_the_form_without_a_query_and_without_a_cookie(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/")
    page = response.content.decode()
    assert response.status_code == 200
    assert not response.cookies
    for name in ("text", "passphrase", "ttl"):
        assert f'name="{name}"' in page


def test_it_offers_the_lifetimes_of_the_plan_and_chooses_seven_days(client):
    page = client.get("/").content.decode()
    offered = [int(seconds) for seconds in re.findall(r'<option value="(\d+)"', page)]
    assert offered == list(ANONYMOUS.lifetimes())
    assert '<option value="604800" selected>7 days</option>' in page


def test_it_offers_an_account_its_own_limits(client):
    client.force_login(User.objects.create_user(email="alice@example.com"))
    page = client.get("/").content.decode()
    assert f'<option value="{FREE.max_ttl}">14 days</option>' in page
    assert f'"max_text_bytes": {FREE.max_text_bytes}' in page


def test_what_an_account_was_shown_is_not_shown_to_a_visitor(client):
    client.force_login(User.objects.create_user(email="alice@example.com"))
    client.get("/")
    client.logout()
    assert f'"max_text_bytes": {ANONYMOUS.max_text_bytes}' in client.get("/").content.decode()


def test_a_posted_secret_opens_by_the_link_on_the_answer(submit):
    response = submit(text="  as typed \r\nsecond line ")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    link = found(LINK, response.content.decode())
    assert opened(link) == "  as typed \nsecond line "


def test_the_answer_sets_no_cookie_and_stays_at_an_address_that_tells_nothing(submit):
    """There is no redirect: the address bar never shows something of the sender's to send by mistake."""
    response = submit()
    assert not response.cookies
    assert "Location" not in response


def test_the_answer_keeps_the_receipt_apart_from_the_link(submit):
    page = submit().content.decode()
    receipt = found(RECEIPT, page)
    assert services.by_receipt(receipt).state == "new"
    before, stub = page.split('class="part stub"')
    assert not RECEIPT.search(before)
    assert "only for you" in stub


def test_the_secret_itself_is_not_on_the_answer(submit):
    page = submit(text="the-very-secret", passphrase="the-passphrase").content.decode()
    assert "the-very-secret" not in page
    assert "the-passphrase" not in page


def test_a_passphrase_is_needed_where_one_was_given(submit):
    page = submit(passphrase=" with spaces ").content.decode()
    link = found(LINK, page)
    assert "It asks for a passphrase" in page
    assert opened(link, " with spaces ") == "hello"


def test_an_account_owns_what_it_posts(client, submit):
    alice = User.objects.create_user(email="alice@example.com")
    client.force_login(alice)
    submit()
    assert Secret.objects.get().owner == alice


def test_a_visitor_s_secret_belongs_to_nobody(submit):
    submit()
    assert Secret.objects.get().owner is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "Write or paste the secret first."),
        ({"text": "й" * 50_001}, "The secret is too long."),
        ({"text": "a\0b"}, "Null characters are not allowed."),
        ({"ttl": "1"}, "Select a valid choice."),
        ({"ttl": "1209600"}, "Select a valid choice."),
        ({"ttl": "x"}, "Select a valid choice."),
        ({"passphrase": "p" * 1001}, "at most 1000 characters"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(submit, fields, words):
    response = submit(**({"text": "typed text", "passphrase": "typed phrase"} | fields))
    page = response.content.decode()
    assert response.status_code == 400
    assert words in page
    assert 'id="error-summary"' in page
    for kept in {"text": "typed text", "passphrase": "typed phrase"}.items():
        assert (kept[1] in page) == (kept[0] not in fields)
    assert Secret.objects.count() == 0


def test_a_refused_form_links_its_summary_to_the_field(submit):
    page = submit(text="").content.decode()
    assert '<a href="#id_text">Write or paste the secret first.</a>' in page
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="id_text_helptext id_text_error"' in page


def test_markup_in_what_was_typed_is_text(submit):
    page = submit(text="</textarea><script>alert(1)</script>", ttl="x").content.decode()
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;" in page


def test_text_that_is_not_utf_8_is_refused(client):
    response = client.post("/", b"text=%ff%fe&passphrase=&ttl=3600", content_type=FORM)
    assert response.status_code == 400
    assert Secret.objects.count() == 0


def test_a_huge_form_is_refused_by_its_length(client):
    response = client.post("/", b"text=" + b"a" * (4 * ANONYMOUS.max_text_bytes), content_type=FORM)
    assert response.status_code == 413
    assert "Too large" in response.content.decode()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_another_media_type_is_refused(client, kind):
    assert client.post("/", b"text=hello", content_type=kind).status_code == 415


def test_another_method_is_refused_in_words(client):
    response = client.put("/", b"")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"
    assert "That does not work here" in response.content.decode()


def test_a_limited_visitor_keeps_what_they_typed(submit, settings):
    settings.LIMITS_FOR = "tests.secrets_app.test_create_page.one_an_hour"
    assert submit().status_code == 200
    response = submit(text="not to be lost")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "not to be lost" in response.content.decode()
    assert Secret.objects.count() == 1


def one_an_hour(_user):
    return replace(ANONYMOUS, creates_per_hour=1)


def test_a_refused_form_does_not_count_against_the_limit(submit, settings):
    settings.LIMITS_FOR = "tests.secrets_app.test_create_page.one_an_hour"
    assert submit(text="").status_code == 400
    assert submit().status_code == 200


def test_a_prefixed_page_keeps_its_language_and_gives_a_link_without_it(client):
    page = client.get("/uk/").content.decode()
    assert '<html lang="uk"' in page
    assert 'action="/uk/"' in page
    assert '"api": "/api/v2"' in page
    posted = client.post("/uk/", "text=a&passphrase=&ttl=3600", content_type=FORM).content.decode()
    assert LINK.search(posted)


def test_head_and_get_change_nothing(client):
    client.head("/")
    client.get("/", {"text": "a", "ttl": "3600"})
    assert Secret.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "leads"), [({"text": "a" * 100_001}, True), ({"text": ""}, False), ({"ttl": "1"}, False)]
)
def test_a_limit_that_was_reached_leads_to_the_plans_and_a_mistake_does_not(submit, fields, leads):
    summary = submit(**fields).content.decode().partition('id="error-summary"')[2].partition("</div>")[0]
    assert summary
    assert ('href="/plans"' in summary) is leads
