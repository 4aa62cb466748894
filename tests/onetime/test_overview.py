"""The operators' overview: counts and health of every part, and nothing about anybody."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from onetime import overview
from secrets_app.models import Secret
from tests.accounts.people import CHARLIE, sign_in
from tests.pages import make

pytestmark = pytest.mark.django_db


def operator() -> Any:
    client = sign_in("operator@example.com")
    User.objects.filter(email="operator@example.com").update(is_staff=True, is_superuser=True)
    return client


def values() -> dict[str, tuple[object, bool]]:
    return {str(fact.name): (fact.value, fact.alarming) for fact in overview.facts()}


def test_it_counts_live_secrets_and_accounts():
    make()
    gone = make()
    Secret.objects.filter(pk=gone.secret.pk).update(expires_at=timezone.now())
    User.objects.create_user(CHARLIE)
    found = values()
    assert found["Live secrets"] == (1, False)
    assert found["Accounts"] == (1, False)


def test_it_says_when_the_purge_does_not_run():
    assert values()["Purge"] == ("keeps up", False)
    late = make()
    Secret.objects.filter(pk=late.secret.pk).update(due_at=timezone.now() - timedelta(hours=1))
    found = values()
    assert found["Waiting for the purge"] == (1, False)
    assert found["Purge"][1]


def test_it_says_when_mail_cannot_be_sent(settings):
    assert not values()["Mail"][1]
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    assert values()["Mail"][1]


def test_an_operator_sees_it_first_with_the_site_s_name_and_the_way_home():
    page = operator().get("/admin/").content.decode()
    assert page.index('id="overview"') < page.index("accounts/user")
    assert "Live secrets" in page
    assert "Onetime Secret" in page
    assert 'href="/"' in page


def test_it_names_nobody():
    User.objects.create_user(CHARLIE)
    assert CHARLIE not in str(values())


def test_it_is_ukrainian_on_a_ukrainian_page():
    page = operator().get("/uk/admin/").content.decode()
    assert "Живих таємниць" in page
    assert "Огляд" in page


def test_others_never_see_it():
    assert "overview" not in sign_in(CHARLIE).get("/admin/", follow=True).content.decode()
    assert "overview" not in Client().get("/admin/", follow=True).content.decode()
