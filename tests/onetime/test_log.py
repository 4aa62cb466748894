"""The log names what happened and the route, never a key, a query, an address or a header."""

import io
import logging

import pytest
from django.conf import settings as django_settings
from django.test import Client

from onetime import log

KEY = "Zz9" + "k" * 28


@pytest.fixture
def lines():
    """What the site's own handler writes while the test runs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(log.RouteInsteadOfPath())
    handler.setFormatter(log.Line())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", [f"/secret/{KEY}/more?q={KEY}", f"/api/v2/receipts/{KEY}?q={KEY}", f"/api/v2/receipts/{KEY}/burn"]
)
def test_a_refused_request_leaves_no_key_in_the_log(lines, path):
    Client(REMOTE_ADDR="198.51.100.7").get(
        path, headers={"User-Agent": "curious", "Referer": f"http://x/{KEY}"}
    )
    written = lines.getvalue()
    assert "django.request" in written
    for secret in (KEY, "198.51.100.7", "curious", "q="):
        assert secret not in written


@pytest.mark.django_db
def test_a_bug_is_logged_with_its_place_and_without_the_path(lines, monkeypatch):
    def fail(_receipt):
        raise RuntimeError(f"a bug with {KEY} in its message")

    monkeypatch.setattr("secrets_app.services.by_receipt", fail)
    answer = Client(raise_request_exception=False).get(f"/api/v2/receipts/{KEY}")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "RuntimeError" in lines.getvalue()
    assert KEY not in lines.getvalue()


@pytest.mark.django_db
def test_a_forged_host_is_refused_and_not_quoted(lines):
    answer = Client().post(
        "/api/v2/secrets", headers={"Host": "evil.example", "Origin": "http://evil.example"}
    )
    assert answer.status_code in {400, 403, 415}
    Client(enforce_csrf_checks=True).post(
        "/api/v2/secrets", headers={"Host": "evil.example", "Origin": "http://evil.example"}
    )
    assert "evil.example" not in lines.getvalue()


def test_the_site_configures_its_log_through_this_module():
    assert django_settings.LOGGING_CONFIG == "onetime.log.configure"
