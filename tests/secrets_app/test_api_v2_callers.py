"""Who calls API v2: a stranger, an account by its token, an account by its session in a browser."""

import json
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from billing import limits
from tests.secrets_app.v2 import Api, seal, slug

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "header",
    ["Bearer " + "0" * 40, "Bearer", "Bearer ", "Bearer é", "Basic YTpi", "", "x", "Bearer " + "A" * 100_000],
)
@pytest.mark.parametrize("path", ["status", "limits", "receipts", "secrets/" + "0" * 32])
def test_a_wrong_token_is_refused_everywhere(header, path):
    answer = Api({"Authorization": header}).call("GET", path)
    assert (answer.status_code, slug(answer)) == (401, "not-authorized")
    assert answer["WWW-Authenticate"] == 'Bearer realm="onetime"'


def test_a_token_speaks_for_its_account(alice):
    assert alice.call("GET", "limits").json()["plan"] == "free"
    assert Api().call("GET", "limits").json()["plan"] == "anonymous"
    alice.create(seal(ttl=limits.FREE.max_ttl))


def test_guessing_tokens_is_slowed():
    guess = Api({"Authorization": "Bearer " + "0" * 40})
    for _ in range(60):
        assert guess.call("GET", "status").status_code == 401
    assert slug(guess.call("GET", "status")) == "rate-limited"


def test_a_plan_may_come_without_tokens(alice, settings):
    settings.LIMITS_FOR = "tests.secrets_app.test_api_v2_callers.without_api"
    answer = alice.call("GET", "limits")
    assert (answer.status_code, slug(answer)) == (403, "plan-without-api")


def without_api(_user):
    return replace(limits.FREE, api=False)


@pytest.fixture
def browser(alice):
    """Alice in a browser: a session, and what a browser says of where a request comes from."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(), backend=settings.AUTHENTICATION_BACKENDS[0])
    api = Api(client=client)
    api.headers = {"Sec-Fetch-Site": "same-origin"}
    return api


def call(browser, method, path, body=None, **headers):
    """As Api.call, for a session that may be renewed with its cookie."""
    given = {**browser.headers, **headers}
    data = b"" if body is None else json.dumps(body).encode()
    return browser.client.generic(method, f"/api/v2/{path}", data, "application/json", headers=given)


def test_a_session_speaks_for_its_account(browser):
    assert call(browser, "POST", "secrets", seal().body).status_code == 201
    assert len(call(browser, "GET", "receipts").json()["items"]) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer " + "0" * 40},
    ],
)  # fmt: skip
def test_another_site_cannot_use_the_session(browser, headers):
    """A token beside the cookie is no excuse: the session would count too."""
    answer = call(browser, "POST", "secrets", seal().body, **headers)
    assert (answer.status_code, slug(answer)) == (403, "forbidden")


def test_a_token_alone_needs_no_word_of_where_it_comes_from(alice):
    answer = alice.call("POST", "secrets", seal().body, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 201
