"""The sums of the scripts: of what a site really sends, all of it, and a changed one shows."""

import hashlib
import re
import urllib.request
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from onetime import client_code, views


def said(**options) -> str:
    out = StringIO()
    call_command("client_hashes", stdout=out, **options)
    return out.getvalue()


def lines(text: str) -> dict[str, str]:
    return {path: digest for digest, path in (line.split("  ") for line in text.splitlines())}


@pytest.mark.live
def test_they_are_of_what_a_running_site_sends(site):
    """Every script of the list is fetched, and every script that a page names is in the list."""
    listed = lines(site.manage("client_hashes"))
    own = {path: digest for path, digest in listed.items() if not path.startswith("static/admin/")}
    assert len(own) >= 10
    for path, digest in own.items():
        with urllib.request.urlopen(f"{site.origin}/{path}", timeout=10) as answer:
            assert hashlib.sha256(answer.read()).hexdigest() == digest, path
    for page in ("/", "/secret", "/account/sign-in"):
        with urllib.request.urlopen(site.origin + page, timeout=10) as answer:
            loaded = re.findall(r'<script[^>]* src="/([^"]+)"', answer.read().decode())
        assert set(loaded) <= set(own), page


@pytest.mark.live
def test_the_security_page_of_a_site_shows_them(site):
    listed = lines(site.manage("client_hashes"))
    with urllib.request.urlopen(f"{site.origin}/uk/security", timeout=10) as answer:
        text = answer.read().decode()
    assert all(
        f"/{path}" in text and digest in text for path, digest in listed.items() if "/admin/" not in path
    )


def test_every_script_of_the_source_is_there():
    source = {
        path.relative_to(root).as_posix()
        for root in settings.BASE_DIR.glob("*/static")
        if root.parent.name in {"onetime", "accounts", "secrets_app", "billing"}
        for path in root.rglob("*.js")
    }
    assert source <= {script.name for script in client_code.scripts()}
    assert source


def test_its_own_list_is_right_and_a_changed_one_is_not(tmp_path):
    whole = tmp_path / "list"
    whole.write_text(said())
    assert "scripts are those of the list" in said(check=whole)
    first, *rest = whole.read_text().splitlines(keepends=True)
    whole.write_text(first.replace(first[:4], "ffff" if first[:4] != "ffff" else "0000") + "".join(rest))
    with pytest.raises(CommandError, match="not those of the list"):
        said(check=whole)
    whole.write_text("".join(rest))
    with pytest.raises(CommandError, match=re.escape(first.split()[1])):
        said(check=whole)


def test_a_list_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        said(check=tmp_path / "none")


def test_integrity_says_the_same_in_the_words_of_browsers():
    hexadecimal, sri = lines(said()), lines(said(integrity=True))
    assert hexadecimal.keys() == sri.keys()
    assert all(re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", digest) for digest in sri.values())


@pytest.mark.django_db
def test_the_page_leaves_out_what_only_operators_load(client):
    views._pages.clear()
    text = client.get("/security").text
    assert "create.js" in text
    assert "/admin/" not in text.partition('id="scripts"')[2].partition("</details>")[0]
