"""Whatever made a secret, everything else opens it: pages with and without script, both APIs, the command line."""

import base64
import html
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from secrets_app import envelope
from secrets_app.envelope import Contents, LinkKey
from tests.browser.test_main_job import expect_heading, passphrase_of, press_show, share
from tests.cli.command import run

pytestmark = pytest.mark.browser

MOST_BYTES = 100_000
TEXTS = {
    "unicode": (" Їжак, 鍵 and 🔑\n\n\tlast line ", ""),
    "passphrase": ("x", "ﬁ ключ 🗝 "),  # a ligature that NFKC takes apart; the space at the end counts
    "largest": ("ї" * (MOST_BYTES // 2), ""),
}
WAYS = ("browser", "form", "v1", "v2", "command")
BINARY = {"Accept": "application/octet-stream"}


def post(url: str, body: bytes, content_type: str, **headers: str) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": content_type, **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def form(url: str, **fields: str) -> Any:
    return post(url, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded").decode()


def call(site, path: str, body: dict[str, Any], **headers: str) -> Any:
    return post(f"{site.origin}/api/v2/{path}", json.dumps(body).encode(), "application/json", **headers)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def textarea(page: str, name: str) -> str:
    """The value of a textarea: HTML drops one line end at its start, and no other."""
    match = re.search(rf'<textarea[^>]* id="{name}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert match, page
    return html.unescape(match[1]).removeprefix("\n")


def make(way: str, site, person, text: str, passphrase: str) -> Any:
    """A secret made by one `way`; its link."""
    match way:
        case "browser":
            return share(person(), text, passphrase)
        case "form":
            return textarea(form(f"{site.origin}/", text=text, passphrase=passphrase, ttl="3600"), "link")
        case "v1":
            made = json.loads(form(f"{site.origin}/api/v1/share", secret=text, passphrase=passphrase))
            return f"{site.origin}/secret/{made['secret_key']}"
        case "v2":
            return f"{site.origin}/secret#{make_v2(site, text, passphrase)}"
        case "command":
            done = run(
                "share",
                "--exact",
                stdin=text.encode(),
                ONETIME_SERVER=site.origin,
                ONETIME_PASSPHRASE=passphrase,
            )
            return done.stdout.decode().strip()
    raise AssertionError(way)


def make_v2(site, text: str, passphrase: str) -> LinkKey:
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    sealed = envelope.seal_with(keys.content_key, secret_id, Contents(text))
    body = {
        "id": secret_id.hex(), "proof_hash": b64(envelope.proof_hash(keys.proof)), "envelope": b64(sealed),
        "ttl": 3600, "passphrase": bool(passphrase),
    }  # fmt: skip
    call(site, "secrets", body)
    return key


def open_(way: str, site, person, link: str, passphrase: str) -> Any:
    """What another `way` finds behind the link."""
    key = envelope.parse_link(link)
    match way:
        case "browser":
            return open_in_browser(person(), link, passphrase)
        case "form":
            claim = b64(secrets.token_bytes(16))
            page = form(f"{site.origin}/secret", link=link, passphrase=passphrase, claim=claim)
            return textarea(page, "secret")
        case "v1":
            return json.loads(form(f"{site.origin}/api/v1/secret/{key}", passphrase=passphrase))["value"]
        case "v2":
            return open_v2(site, key, passphrase)
        case "command":
            return run("open", "--yes", stdin=link.encode(), ONETIME_PASSPHRASE=passphrase).stdout.decode()
    raise AssertionError(way)


def open_in_browser(page, link: str, passphrase: str) -> Any:
    page.goto(link)
    if passphrase:
        passphrase_of(page).fill(passphrase)
    press_show(page)
    expect_heading(page, "Here is your secret")
    return page.get_by_label("Secret", exact=True).input_value()


def open_v2(site, key: LinkKey, passphrase: str) -> str | None:
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    claim = {"proof": b64(keys.proof), "claim": b64(secrets.token_bytes(16))}
    sealed = call(site, f"secrets/{secret_id.hex()}/claim", claim, **BINARY)
    return envelope.open_with(keys.content_key, secret_id, sealed).text


@pytest.mark.parametrize("opener", WAYS)
@pytest.mark.parametrize("maker", WAYS)
@pytest.mark.parametrize("case", TEXTS)
def test_what_one_makes_the_other_opens(site, person, maker, opener, case):
    text, passphrase = TEXTS[case]
    link = make(maker, site, person, text, passphrase)
    assert open_(opener, site, person, link, passphrase) == text


def refused(url: str, **fields: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        form(url, **fields)
    with error.value:
        return error.value.code


def test_nobody_makes_a_secret_of_nothing(site, person):
    page = person()
    page.goto("/")
    expect(page.get_by_role("button", name="Create the link")).to_be_enabled()
    page.get_by_role("button", name="Create the link").click()
    expect(page.get_by_role("heading", name="Your link is ready")).to_be_hidden()
    assert refused(f"{site.origin}/", text="", passphrase="", ttl="3600") == 400
    assert refused(f"{site.origin}/api/v1/share", secret="") == 404
    assert run("share", stdin=b"", ONETIME_SERVER=site.origin).returncode == 2
    body = {"id": "0" * 32, "proof_hash": "A" * 43, "envelope": "", "ttl": 3600, "passphrase": False}
    with pytest.raises(urllib.error.HTTPError) as error:
        call(site, "secrets", body)
    with error.value:
        assert error.value.code == 422
