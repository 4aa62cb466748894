"""What both APIs say of a secret that a restore left out: that it is over, never that it is new."""

import pytest
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import envelope, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State
from secrets_app.v1_receipts import NAMES

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost():
    made = services.create_here(Contents("x"), None, ttl=3600, limits=ANONYMOUS)
    Secret.objects.update(state=State.LOST, content=None, expires_at=timezone.now())
    return made


def test_v2_says_that_it_was_lost(client, lost):
    id_ = envelope.secret_id(lost.link).hex()
    assert client.get(f"/api/v2/receipts/{lost.receipt}").json()["state"] == "lost"
    assert client.get(f"/api/v2/secrets/{id_}").json()["state"] == "gone"
    assert client.post(f"/api/v2/receipts/{lost.receipt}/burn").status_code == 410


def test_v1_says_that_it_expired(client, lost):
    """Its clients know no other word for what ended unopened."""
    answer = client.post(f"/api/v1/private/{lost.receipt}")
    assert answer.json()["state"] == "expired"
    assert "secret_key" not in answer.json()


def test_v1_has_a_word_for_every_state_that_is_over():
    assert set(NAMES) == set(State) - {State.NEW}
