"""The pseudo-languages: what they change, what they keep, and where they may be used."""

import gettext
import io
import os
import subprocess
import sys

import pytest
from django.core.management import call_command

from onetime.pseudo import accented, mirrored
from tests.messages import ROOT

SENTENCE = 'Up to %(limit)s of {used}: <a href="/help">help</a> &amp; 5%%'
KEPT = ("%(limit)s", "{used}", '<a href="/help">', "</a>", "&amp;", "%%")


@pytest.mark.parametrize("turn", [accented, mirrored])
def test_placeholders_markup_and_entities_are_kept(turn):
    turned = turn(SENTENCE)
    assert all(part in turned for part in KEPT)
    assert "help<" not in turned


def test_accented_text_is_a_third_longer_at_least():
    text = "Encrypted in your browser before it is sent."
    assert len(accented(text)) > 1.3 * len(text)


def test_mirrored_words_run_from_right_to_left():
    assert mirrored("two words") == "\u202etwo\u202c \u202ewords\u202c"


@pytest.mark.parametrize("locale", ["en_XA", "ar_XB"])
def test_the_catalogues_hold_every_text_and_both_numbers(tmp_path, locale):
    """Each is read back by the standard library: singular, plural, and no text left in English."""
    call_command("pseudo_locale", str(tmp_path), stdout=io.StringIO())
    with (tmp_path / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    one, many = (read.ngettext("%(count)s day", "%(count)s days", count) for count in (1, 2))
    assert one != many
    assert "%(count)s" in one
    assert read.gettext("Create the link") != "Create the link"


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    code = "from onetime import settings; print([code for code, name in settings.LANGUAGES])"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_site_has_them_only_where_asked_to():
    assert start().stdout.strip() == "['en', 'uk']"
    assert "'en-xa', 'ar-xb'" in start(PSEUDO_LOCALES="/nowhere").stdout


def test_a_site_with_https_does_not_start_with_them():
    refused = start(PSEUDO_LOCALES="/nowhere", SITE_ORIGIN="https://secrets.example.com")
    assert refused.returncode
    assert "PSEUDO_LOCALES" in refused.stderr
