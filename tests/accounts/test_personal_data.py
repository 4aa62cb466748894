"""What is left of a person after a whole visit: the e-mail address, and nothing else."""

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from tests.accounts.people import ALICE, ask_code, sign_in
from tests.cached import cached_lines

pytestmark = pytest.mark.django_db

ADDRESS, AGENT, REFERRER = "203.0.113.77", "Telltale/1.0 (Test)", "https://referrer.example/page"
HEADERS = {"user-agent": AGENT, "referer": REFERRER, "accept-language": "en-GB,fr-CH;q=0.7"}


def visit():
    """Sign up with a detour over a wrong code, look around, change things, sign in again."""
    client = Client(REMOTE_ADDR=ADDRESS, headers=HEADERS)
    code = ask_code(client, ALICE)
    client.post("/account/sign-in/code", {"code": "00000000" if code != "0000 0000" else "11111111"})
    client.post("/account/sign-in/code", {"code": code})
    for path in ("/account", "/dashboard", "/account/preferences", "/account/tokens", "/account/passkeys"):
        assert client.get(path).status_code == 200
    client.post("/account/preferences", {"language": "uk"})
    client.post("/account/sign-in/password", {"email": ALICE, "password": "wrong"})
    sign_in(ALICE, Client(REMOTE_ADDR=ADDRESS, headers=HEADERS))
    return client


def everything_stored():
    """(model, column, value) of every row of every table; sessions decoded."""
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                yield model._meta.label, field.name, str(getattr(row, field.attname))
            if isinstance(row, Session):
                yield model._meta.label, "decoded", str(row.get_decoded())


def test_the_address_is_the_only_personal_datum_and_stands_in_one_column():
    """Over all columns of all tables: no network address, user agent, referrer or language header, and
    the e-mail address in accounts.User.email alone: sessions know the account by its number."""
    visit()
    found = list(everything_stored())
    places = {(label, column) for label, column, value in found if ALICE in value.lower()}
    assert places == {("accounts.User", "email")}
    for tell in (ADDRESS, AGENT, REFERRER, "fr-CH", "203.0.113"):
        assert not [place for place in found if tell in place[2]]


def test_no_row_is_kept_of_what_nobody_needs():
    visit()
    rows = {model._meta.label for model in apps.get_models() if model._default_manager.exists()}
    kept = {"accounts.User", "accounts.Preferences", "sessions.Session"}
    built_in = {"contenttypes.ContentType", "auth.Permission", "billing.Plan"}
    assert rows - built_in == kept
    assert User.objects.get().last_login is None


def test_the_cache_holds_no_raw_address():
    """Neither in a key nor in a value: the limits count keyed digests."""
    visit()
    held = cached_lines()
    assert held
    assert not [line for line in held if ADDRESS in line or ALICE in line.lower() or AGENT in line]
