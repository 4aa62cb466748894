"""Opening, burning and closing write to the journal first; where that cannot be, nothing is consumed."""

import os
from pathlib import Path

import pytest

from accounts import services as accounts
from accounts.models import User
from billing.limits import ANONYMOUS
from onetime import journal
from secrets_app import envelope, here, services
from secrets_app.envelope import Contents
from secrets_app.errors import WrongProof
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def path(tmp_path, settings):
    settings.BACKUP_JOURNAL = str(tmp_path / "journal")
    return tmp_path / "journal"


@pytest.fixture
def read_only(path, monkeypatch):
    """A journal that was good so far, on a file system gone read-only."""
    journal.ensure()

    def fail(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "write", fail)
    monkeypatch.setattr(Path, "unlink", fail)


def make(**more):
    return services.create_here(Contents("x"), None, ttl=3600, limits=ANONYMOUS, **more)


def kinds(path):
    return {name: line.kind for name, line in journal.read(path).lines.items()} if path.exists() else {}


def name(made):
    return journal.secret_name(made.secret.id.bytes)


def test_an_opening_is_in_the_journal(path):
    made = make()
    here.open_link(made.link, None, b"n" * 16)
    assert kinds(path) == {name(made): journal.OPENED}


def test_a_burning_is_in_the_journal(path):
    made = make()
    services.burn(made.receipt)
    assert kinds(path) == {name(made): journal.BURNED}


def test_what_was_not_consumed_is_not_in_the_journal(path):
    """Creating, looking, and a passphrase that is wrong."""
    made = services.create_here(Contents("x"), "right", ttl=3600, limits=ANONYMOUS)
    services.by_receipt(made.receipt)
    with pytest.raises(WrongProof):
        here.open_link(made.link, "wrong", b"n" * 16)
    assert kinds(path) == {}


def test_closing_an_account_burns_and_closes_in_the_journal(path):
    user = User.objects.create_user("alice@example.com")
    mine, other = make(owner=user), make()
    account = journal.account_name(user.pk, user.created_at)
    accounts.close(user, tell=False)
    assert kinds(path) == {name(mine): journal.BURNED, account: journal.CLOSED}
    assert name(other) not in kinds(path)


def test_without_a_journal_that_can_be_trusted_an_opening_is_refused_and_consumes_nothing(client, read_only):
    made = make()
    answer = client.post("/secret", f"link={made.link}", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 503
    assert Secret.objects.get().state == State.NEW


def test_without_it_a_burning_and_a_closing_change_nothing(client, read_only):
    user = User.objects.create_user("alice@example.com")
    made = make(owner=user)
    assert client.post(f"/api/v2/receipts/{made.receipt}/burn").status_code == 503
    with pytest.raises(journal.JournalBroken):
        accounts.close(user, tell=False)
    assert Secret.objects.get().state == State.NEW
    assert User.objects.get() == user


def test_the_journal_costs_no_statement_more_for_an_opening(django_assert_num_queries):
    made = make()
    keys = envelope.derive(made.link, None)
    with django_assert_num_queries(2):
        services.claim(envelope.secret_id(made.link), keys.proof, b"n" * 16, check=services.as_received)
