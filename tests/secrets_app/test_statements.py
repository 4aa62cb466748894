"""The written-out statements store and read what the ORM would: names and values come from the model."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from secrets_app import statements
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db


def new_secret(**changed: Any) -> Secret:
    now = timezone.now()
    fields: dict[str, Any] = {
        "id": uuid.uuid4(), "state": State.NEW, "passphrase": True, "size": 305, "proof_hash": b"p" * 32,
        "receipt_hash": uuid.uuid4().bytes * 2, "content": b"\x00\xffsealed", "created_at": now,
        "expires_at": now + timedelta(hours=1), "forget_at": now + timedelta(hours=2),
        "due_at": now + timedelta(hours=1),
    }  # fmt: skip
    return Secret(**fields | changed)


def fields(secret: Secret) -> dict[str, Any]:
    values = {field.attname: getattr(secret, field.attname) for field in Secret._meta.concrete_fields}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in values.items()}


def test_a_row_is_read_back_as_the_orm_reads_it():
    secret = new_secret()
    assert statements.insert(secret)
    assert fields(Secret.objects.get(pk=secret.pk)) == fields(secret)
    found = statements.by_id(secret.pk)
    assert found is not None
    assert fields(found) == fields(secret)


def test_what_is_left_out_is_not_fetched():
    secret = new_secret()
    statements.insert(secret)
    found = statements.by_id(secret.pk, "content", "label")
    assert found is not None
    assert found.get_deferred_fields() == {"content", "label"}


def test_what_is_not_there_is_not_found():
    assert statements.by_id(uuid.uuid4(), "content") is None


def test_an_id_or_a_receipt_that_is_taken_is_refused_and_the_transaction_lives():
    first = new_secret()
    assert statements.insert(first)
    assert not statements.insert(new_secret(id=first.id))
    assert not statements.insert(new_secret(receipt_hash=first.receipt_hash))
    assert Secret.objects.count() == 1


def test_every_field_of_a_new_row_is_stored_or_empty_by_itself():
    """A field that the model gains must be in the INSERT, be null, or have a default in the database."""
    for name, field in statements.FIELDS.items():
        by_itself = field.null or field.has_db_default()
        assert name in statements.INSERTED or by_itself, name
    columns = statements.INSERT.partition("(")[2].partition(")")[0].split(", ")
    assert tuple(columns) == statements.INSERTED
    assert statements.INSERT.count("%s") == len(columns)


def test_one_claim_takes_a_secret_and_a_second_does_not():
    secret, now = new_secret(), timezone.now()
    statements.insert(secret)
    assert statements.take(secret, b"1" * 32, now, now + timedelta(seconds=5), erase=False)
    assert not statements.take(secret, b"2" * 32, now, now + timedelta(seconds=5), erase=False)
    stored = Secret.objects.get(pk=secret.pk)
    assert (stored.state, bytes(stored.claim_hash or b"")) == (State.OPENED, b"1" * 32)
    assert stored.due_at == stored.hold_until == now + timedelta(seconds=5)
    assert not statements.erase_held(secret.pk, b"2" * 32)
    assert statements.erase_held(secret.pk, b"1" * 32)
    stored.refresh_from_db()
    assert stored.content is None
    assert stored.due_at == secret.forget_at


def test_a_secret_that_is_erased_with_the_answer_leaves_nothing():
    secret, now = new_secret(), timezone.now()
    statements.insert(secret)
    assert statements.take(secret, b"1" * 32, now, now, erase=True)
    stored = Secret.objects.get(pk=secret.pk)
    assert stored.content is None
    assert stored.due_at == secret.forget_at


@pytest.mark.parametrize(
    "changed", [{"state": State.BURNED, "content": None}, {"expires_at": timezone.now() - timedelta(1)}]
)
def test_what_has_ended_is_taken_by_nobody(changed):
    secret, now = new_secret(**changed), timezone.now()
    statements.insert(secret)
    assert not statements.take(secret, b"1" * 32, now, now, erase=False)
