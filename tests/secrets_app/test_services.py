"""The life of a secret, as the services keep it."""

import datetime as dt
import secrets

import pytest
import time_machine
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import envelope, here, services
from secrets_app.envelope import Contents
from secrets_app.errors import (
    AlreadyExists,
    BadContent,
    BadLifetime,
    Gone,
    TooLarge,
    UnknownSecret,
    WrongProof,
)
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db


def make(text="hello", passphrase=None, ttl=3600, **more):
    return services.create_here(Contents(text), passphrase, ttl=ttl, limits=ANONYMOUS, **more)


def nonce():
    return secrets.token_bytes(16)


def test_a_secret_opens_once():
    """The first claim gets the content; another claim, though its proof is right, is told when."""
    made = make("once")
    assert here.open_link(made.link, None, nonce()).text == "once"
    with pytest.raises(Gone) as gone:
        here.open_link(made.link, None, nonce())
    assert gone.value.state == "opened"
    assert abs(gone.value.at - timezone.now()) < dt.timedelta(seconds=5)


def test_the_same_holder_may_fetch_again_within_the_hold():
    made, mine = make(), nonce()
    first = here.open_link(made.link, None, mine)
    with time_machine.travel(first.hold_until - dt.timedelta(seconds=1), tick=False):
        assert here.open_link(made.link, None, mine).text == "hello"


def claim_while_another_is_under_way(made, mine, other):
    """`mine` reads the row while it is new; `other` wins before `mine` can."""
    secret_id = envelope.secret_id(made.link)
    proof = envelope.derive(made.link, None).proof

    def overtaken(sealed):
        services.claim(secret_id, proof, other, check=services.as_received)
        return sealed

    return services.claim(secret_id, proof, mine, check=overtaken)


def test_a_claim_that_is_repeated_while_its_first_try_is_still_under_way_is_not_refused():
    """A connection that breaks makes the client ask again at once; the first try may win meanwhile."""
    made, mine = make(), nonce()
    sealed, hold_until = claim_while_another_is_under_way(made, mine, mine)
    assert sealed
    assert hold_until == Secret.objects.get().hold_until


def test_a_claim_that_was_overtaken_by_another_one_gets_nothing():
    made = make()
    with pytest.raises(Gone):
        claim_while_another_is_under_way(made, nonce(), nonce())


def test_the_same_holder_is_refused_after_the_hold_even_if_no_purge_ran():
    made, mine = make(), nonce()
    first = here.open_link(made.link, None, mine)
    with time_machine.travel(first.hold_until, tick=False), pytest.raises(Gone):
        here.open_link(made.link, None, mine)


def test_an_acknowledgement_erases_at_once():
    made, mine = make(), nonce()
    here.open_link(made.link, None, mine)
    services.acknowledge(envelope.secret_id(made.link), mine)
    assert Secret.objects.get().content is None
    with pytest.raises(Gone):
        here.open_link(made.link, None, mine)


def test_a_stranger_cannot_acknowledge():
    made = make()
    here.open_link(made.link, None, nonce())
    with pytest.raises(UnknownSecret):
        services.acknowledge(envelope.secret_id(made.link), nonce())
    assert Secret.objects.get().content is not None


def test_a_wrong_passphrase_touches_nothing():
    made = make(passphrase="right")
    before = Secret.objects.values().get()
    with pytest.raises(WrongProof):
        here.open_link(made.link, "wrong", nonce())
    assert Secret.objects.values().get() == before
    assert here.open_link(made.link, "right", nonce()).text == "hello"


def test_a_passphrase_is_ignored_where_none_is_needed():
    made = make()
    assert here.open_link(made.link, "whatever", nonce()).text == "hello"


def test_a_failing_check_consumes_nothing():
    """A damaged row or a bug of ours: the claim raises and the secret stays new."""
    made = make()
    keys = envelope.derive(made.link, None)

    def fail(_envelope: bytes) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        services.claim(envelope.secret_id(made.link), keys.proof, nonce(), check=fail)
    assert Secret.objects.get().state == State.NEW


def test_without_a_hold_the_answer_erases(settings):
    settings.HOLD_SECONDS = 0
    made, mine = make(), nonce()
    assert here.open_link(made.link, None, mine).text == "hello"
    assert Secret.objects.get().content is None
    with pytest.raises(Gone):
        here.open_link(made.link, None, mine)


def test_an_expired_secret_is_unreadable_before_any_purge():
    made = make(ttl=60)
    with time_machine.travel(made.secret.expires_at, tick=False), pytest.raises(Gone) as gone:
        here.open_link(made.link, None, nonce())
    assert gone.value.state == "expired"
    assert gone.value.at == made.secret.expires_at


def test_burning_erases_and_tells_the_holder_of_the_link():
    made = make()
    assert services.burn(made.receipt).state == State.BURNED
    assert Secret.objects.get().content is None
    with pytest.raises(Gone) as gone:
        here.open_link(made.link, None, nonce())
    assert gone.value.state == "burned"


def test_burning_what_was_opened_is_refused():
    made = make()
    here.open_link(made.link, None, nonce())
    with pytest.raises(Gone):
        services.burn(made.receipt)
    assert Secret.objects.get().state == State.OPENED


def test_burning_twice_is_refused():
    made = make()
    services.burn(made.receipt)
    with pytest.raises(Gone):
        services.burn(made.receipt)


def test_the_link_key_is_no_receipt_and_the_receipt_opens_nothing():
    made = make()
    with pytest.raises(UnknownSecret):
        services.by_receipt(made.link)
    with pytest.raises(UnknownSecret):
        here.open_link(envelope.LinkKey(made.receipt), None, nonce())


def test_an_id_is_taken_once():
    made = make()
    with pytest.raises(AlreadyExists):
        services.create(
            secret_id=envelope.secret_id(made.link), proof_hash=b"p" * 32, envelope=b"\x01" + b"x" * 300,
            ttl=60, passphrase=False, limits=ANONYMOUS,
        )  # fmt: skip


@pytest.mark.parametrize("ttl", [-1, 0, 59, ANONYMOUS.max_ttl + 1])
def test_a_lifetime_out_of_range_is_refused(ttl):
    with pytest.raises(BadLifetime):
        make(ttl=ttl)
    assert not Secret.objects.exists()


def test_a_text_over_the_limit_is_refused_and_the_longest_is_kept():
    with pytest.raises(TooLarge):
        make("x" * (ANONYMOUS.max_text_bytes + 1))
    made = make("\x01" * ANONYMOUS.max_text_bytes)
    assert here.open_link(made.link, None, nonce()).text == "\x01" * ANONYMOUS.max_text_bytes


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + b"x" * 400])
def test_what_cannot_be_an_envelope_is_refused(data):
    with pytest.raises(BadContent):
        services.create(
            secret_id=envelope.SecretId(b"i" * 16), proof_hash=b"p" * 32, envelope=data, ttl=60,
            passphrase=False, limits=ANONYMOUS,
        )  # fmt: skip


def test_a_tombstone_is_unknown_after_twice_the_lifetime():
    made = make(ttl=60)
    with time_machine.travel(made.secret.forget_at, tick=False), pytest.raises(UnknownSecret):
        services.by_receipt(made.receipt)


def test_creating_costs_one_statement_and_claiming_two(django_assert_num_queries):
    with django_assert_num_queries(1):
        made = make()
    keys, secret_id, mine = envelope.derive(made.link, None), envelope.secret_id(made.link), nonce()
    with django_assert_num_queries(2):
        services.claim(secret_id, keys.proof, mine, check=services.as_received)
    with django_assert_num_queries(1):
        services.acknowledge(secret_id, mine)


def test_opening_on_the_server_reads_the_row_once(django_assert_num_queries):
    """With a passphrase too: whether one is needed comes from the same row as the content."""
    made = make(passphrase="right")
    with django_assert_num_queries(2):
        assert here.open_link(made.link, "right", nonce()).text == "hello"
