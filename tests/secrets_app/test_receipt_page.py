"""The receipt page: what became of a secret, for its sender, and burning it."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import here, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db

UNKNOWN = "r" * 31


def make(text="the-very-secret", passphrase=None, ttl=3600):
    return services.create_here(Contents(text), passphrase, ttl=ttl, limits=ANONYMOUS)


def page_of(client, made):
    return client.get(f"/receipt/{made.receipt}").content.decode()


@pytest.mark.parametrize("alias", ["receipt", "private", "metadata", "uk/receipt"])
def test_it_is_found_by_each_of_its_addresses(client, alias):
    response = client.get(f"/{alias}/{make().receipt}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert not response.cookies


def test_it_shows_status_and_never_the_secret_or_its_link(client):
    made = make(passphrase="the-passphrase")
    page = page_of(client, made)
    assert "Not opened yet" in page
    assert made.link not in page
    assert made.secret.id.hex not in page
    assert "the-very-secret" not in page
    assert "the-passphrase" not in page


def test_it_tells_when_the_secret_was_opened(client):
    made = make()
    here.open_link(made.link, None, b"c" * 16)
    page = page_of(client, made)
    assert '<span class="badge opened">Opened</span>' in page
    assert "Yes, burn it" not in page


def test_it_tells_that_the_secret_expired_without_a_purge(client):
    made = make(ttl=300)
    with time_machine.travel(timezone.now() + timedelta(seconds=301), tick=False):
        assert "Expired unopened" in page_of(client, made)


def test_it_is_forgotten_after_twice_the_lifetime(client):
    made = make(ttl=300)
    with time_machine.travel(timezone.now() + timedelta(seconds=601), tick=False):
        assert client.get(f"/receipt/{made.receipt}").status_code == 404


def test_burning_takes_a_post_and_says_so(client):
    made = make()
    client.get(f"/receipt/{made.receipt}", {"action": "burn"})
    assert Secret.objects.get().state == "new"
    response = client.post(f"/receipt/{made.receipt}", {"action": "burn"})
    assert response.status_code == 303
    assert response["Location"] == f"/receipt/{made.receipt}"
    assert Secret.objects.get().content is None
    assert '<span class="badge burned">Burned</span>' in page_of(client, made)


def test_burning_twice_or_too_late_shows_what_happened(client):
    made = make()
    here.open_link(made.link, None, b"c" * 16)
    assert client.post(f"/receipt/{made.receipt}").status_code == 303
    assert Secret.objects.get().state == "opened"


def test_another_site_cannot_make_a_visitor_burn():
    client, made = Client(enforce_csrf_checks=True), make()
    response = client.post(f"/receipt/{made.receipt}", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert Secret.objects.get().state == "new"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_receipt_is_not_found_in_words(client, method):
    response = getattr(client, method)(f"/receipt/{UNKNOWN}")
    assert response.status_code == 404
    assert "No receipt is known by this address" in response.content.decode()


def test_the_link_key_is_no_receipt(client):
    assert client.get(f"/receipt/{make().link}").status_code == 404


@pytest.mark.parametrize("cut", ["short", "r" * 30, "r" * 32])
def test_a_cut_address_is_not_found(client, cut):
    assert client.get(f"/receipt/{cut}").status_code == 404


def test_another_method_is_refused(client):
    assert client.delete(f"/receipt/{make().receipt}").status_code == 405


def test_it_tells_that_the_secret_was_lost_in_a_restore(client):
    made = make()
    Secret.objects.update(state=State.LOST, content=None, expires_at=timezone.now())
    page = page_of(client, made)
    assert "Lost in a restore of the site" in page
    assert "change the password or key in it" in page
    assert "Yes, burn it" not in page
