"""The headers of every answer, errors included."""

import pytest

from onetime.middleware import policy

pytestmark = pytest.mark.django_db

PATHS = ["/healthz", "/api/v2/limits", "/nowhere", "/api/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(client, path):
    answer = client.get(path)
    assert answer["Content-Security-Policy"] == policy()
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "geolocation=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_sets_a_cookie(client, path):
    assert not client.get(path).cookies
    assert not client.post(path).cookies


def test_the_policy_starts_from_nothing_and_allows_nothing_unsafe():
    """default-src 'none', no unsafe-*, no wildcard, no other host, Trusted Types required."""
    directives = dict(part.split(" ", 1) for part in policy().split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert set(directives.values()) <= {"'none'", "'self'", "'script'"}
    assert "unsafe" not in policy()


def test_a_page_may_widen_one_directive_and_drop_another():
    widened = policy(form_action="'self' https://checkout.stripe.com", trusted_types="")
    assert "form-action 'self' https://checkout.stripe.com" in widened
    assert "trusted-types '" not in widened


def test_https_is_remembered_only_where_the_site_is_https(client, settings):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    settings.SECURE_HSTS_SECONDS = 31536000
    client.handler.load_middleware()
    assert (
        client.get("/healthz")["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    )


def test_an_answer_says_its_length(client):
    """HTTP/1.0 clients exist: without a length they cannot tell an answer from a broken one."""
    answer = client.get("/healthz")
    assert answer["Content-Length"] == str(len(answer.content))
