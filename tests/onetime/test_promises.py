"""Promises that hold for the whole site at once: no cookie for a visitor on any path, nothing in the cache
that is not declared, nothing in a live server's log that names a person or a secret."""

import re
import secrets as random_source
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from onetime import inventory
from onetime.embedded import server_command
from secrets_app import envelope
from tests import site as sites
from tests.site import running_site

#: What a converter of our URLs takes, and what others do.
SAMPLES = {
    "KeyConverter": "k" * 31,
    "SecretIdConverter": "a" * 32,
    "IntConverter": "1",
    "UUIDConverter": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
}
#: What a person sends to sign in: the form with the address, and the press on the passkey button.
SIGN_IN = ("/account/sign-in", "/account/sign-in/passkey/begin")
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def paths(patterns=None, before: str = "/") -> Iterator[str]:
    """A path for every URL pattern of the site, with something plausible where a value goes."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + filled(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


def filled(pattern) -> str:
    text = str(pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
    for name, converter in getattr(pattern, "converters", {}).items():
        text = re.sub(rf"<(\w+:)?{name}>", SAMPLES.get(type(converter).__name__, "x"), text)
    return re.sub(r"\(\?P<\w+>[^)]*\)+", "x", text).replace("\\", "")


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/uk"])
def test_no_visitor_is_sent_a_cookie_on_any_path_by_any_method(prefix):
    """Only submitting the sign-in form may start the one cookie; everything else, errors included, sets none."""
    every = sorted(set(paths()) | {"/nowhere", "/static/nowhere.css"})
    assert len(every) > 20
    started = set()
    for path in every:
        for method in METHODS:
            answer = getattr(Client(raise_request_exception=False), method)(prefix + path)
            assert answer.status_code < 500, (method, path)
            if answer.cookies:
                started.add((method, path, *answer.cookies))
    assert started <= {("post", path, "session") for path in SIGN_IN}


@pytest.mark.django_db
def test_every_key_in_the_cache_is_of_a_declared_family_and_holds_no_address(rf, client, monkeypatch):
    """What is counted: creating, claiming with wrong proofs, feedback; the keys are keyed digests."""
    written = []
    real: Any = type(cache._connections["default"] if hasattr(cache, "_connections") else cache)
    for name in ("add", "incr", "set"):
        method = getattr(real, name, None)
        assert method is not None

        def note(self, key, *args, _method=method, **kwargs):
            written.append((key, args))
            return _method(self, key, *args, **kwargs)

        monkeypatch.setattr(real, name, note)
    counted = real.count

    def note_counted(self, notes):
        written.extend((each.key, (each.more,)) for each in notes)
        return counted(self, notes)

    monkeypatch.setattr(real, "count", note_counted)
    made = envelope.new_link_key()
    id_ = envelope.secret_id(made).hex()
    client.post("/", {"text": "x", "passphrase": "p", "ttl": "3600"}, REMOTE_ADDR="198.51.100.7")
    client.get(f"/api/v2/secrets/{id_}", REMOTE_ADDR="198.51.100.7")
    client.post(
        f"/api/v2/secrets/{id_}/claim", {}, content_type="application/json", REMOTE_ADDR="198.51.100.7"
    )
    client.post("/feedback", {"text": "x"}, REMOTE_ADDR="198.51.100.7")
    assert written
    for key, args in written:
        assert any(re.fullmatch(pattern, key) for pattern in inventory.CACHE_KEYS), key
        assert "198.51.100.7" not in repr((key, args))


# --- A live server -----------------------------------------------------------------------------------


def ask(url, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.live
def test_a_live_site_s_log_names_no_key_address_query_or_header(tmp_path, monkeypatch):
    """Good requests and refused ones, errors and a suspicious host, while somebody has even switched the
    server's access log on."""
    command = [*server_command(0, 1)]
    loud = [word for word in command if word != "--no-access-log"]

    def with_access_log(port, workers):
        return [str(port) if word == "0" else word for word in [*loud, "--access-log", "--log-level", "info"]]

    monkeypatch.setattr(sites, "server_command", with_access_log)
    key, marker = "Zz9" + "k" * 28, "query" + random_source.token_hex(8)
    headers = {
        "User-Agent": "agent-" + marker,
        "X-Forwarded-For": "198.51.100.7",
        "Referer": f"http://x/{marker}",
    }
    with running_site(tmp_path, workers=1, TRUSTED_PROXY_COUNT="1") as site:
        for path in (
            "/",
            f"/secret/{key}",
            f"/receipt/{key}",
            f"/private/{key}",
            f"/api/v2/receipts/{key}",
            f"/x/{key}",
        ):
            ask(f"{site.origin}{path}?q={marker}", **headers)
            ask(f"{site.origin}{path}?q={marker}", data=b"a=" + marker.encode(), **headers)
        ask(f"{site.origin}/feedback", data=b"text=hello", Host="evil.example", **headers)
    written = site.log.read_text()
    assert "/receipt/<key:receipt> 404" in written  # the site's own log is at work
    for trace in (key, marker, "198.51.100.7", "127.0.0.1 -", "evil.example", "q="):
        assert trace not in written, trace
