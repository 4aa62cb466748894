"""Pages without data are answered from memory: the same answer, to nobody else, and never for longer than it is true."""

import pytest
from django.contrib.auth import get_user_model

from billing import limits
from billing.models import Plan
from onetime import kept, middleware, process
from onetime.wsgi import application

pytestmark = pytest.mark.django_db

PAGES = ["/", "/about", "/uk/privacy", "/api", "/security"]


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.pages.clear()
    yield
    kept.pages.clear()


def kept_answers() -> set[str]:
    return {name[0] for name, page in kept.pages.items() if isinstance(page, kept.VisitorPage)}


@pytest.mark.parametrize("path", PAGES)
def test_the_second_answer_is_the_first_byte_by_byte_headers_and_all(client, path):
    first, second = client.get(path), client.get(path)
    assert kept_answers() == {path}
    assert (second.content, list(second.items())) == (first.content, list(first.items()))
    assert second["Content-Security-Policy"] == middleware.policy()
    assert second["Content-Length"] == str(len(second.content))


def test_every_visitor_of_the_open_page_gets_a_claim_of_their_own(client):
    answers = [client.get("/secret") for _ in range(5)]
    assert len({answer.content for answer in answers}) == 5
    assert {len(answer.content) for answer in answers} == {int(answers[-1]["Content-Length"])}
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


def test_a_link_key_in_the_path_is_kept_nowhere(client):
    client.get("/secret/" + "K" * 31)
    client.get("/secret/anything")
    assert kept_answers() == set()
    assert "K" * 31 not in str(kept.pages)


def test_languages_are_kept_apart(client):
    for language, word in (("en", 'lang="en"'), ("uk", 'lang="uk"'), ("en", 'lang="en"')):
        answer = client.get("/about", headers={"Accept-Language": language})
        assert word in answer.content.decode()
        assert answer["Vary"] == "Accept-Language"
    assert 'lang="uk"' in client.get("/uk/about").content.decode()


def test_a_request_with_a_cookie_goes_the_whole_way(client):
    """Whoever is signed in sees their own page, and what they see is kept for nobody."""
    visitor = client.get("/").content
    client.force_login(get_user_model().objects.create_user("alice@example.com"))
    mine = client.get("/")
    assert mine.content != visitor
    assert mine["Cache-Control"] == "no-store"
    client.logout()
    client.cookies.clear()
    assert client.get("/").content == visitor


def test_a_page_that_tells_limits_is_made_anew_when_they_change(client):
    before = client.get("/").content
    Plan.objects.filter(slug="anonymous").update(max_ttl=3600)
    limits.forget()
    assert client.get("/").content != before


def test_what_posts_is_never_answered_from_memory(client):
    client.get("/about")
    assert client.post("/about").status_code == 405
    assert client.head("/about").status_code == 200


def test_errors_and_pages_with_data_are_not_kept(client):
    for path in ("/nowhere", "/feedback", "/receipt/" + "0" * 31, "/healthz", "/api/v2/limits"):
        client.get(path)
    assert kept_answers() == set()


def test_a_worker_is_warm_before_its_first_request(django_assert_num_queries, client):
    """The pages that everybody asks for are there in each language, and cost the first visitor no query."""
    process.show_first_pages(application)
    assert kept_answers() == set(process.PAGES)
    with django_assert_num_queries(0):
        for language in ("en", "uk"):
            assert client.get("/", headers={"Accept-Language": language}).status_code == 200
