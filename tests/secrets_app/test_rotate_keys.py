"""`rotate_keys` re-seals live secrets with the newest key; after it the old key may go."""

import io
import secrets

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.core.management import CommandError, call_command

from accounts import sealing
from accounts.authenticator_app import activate
from accounts.models import User
from billing.limits import ANONYMOUS
from secrets_app import here, services
from secrets_app.envelope import Contents
from secrets_app.keyring import UnknownKey, new_key
from secrets_app.models import Secret

pytestmark = pytest.mark.django_db


def make(text="text"):
    return services.create_here(Contents(text), None, ttl=3600, limits=ANONYMOUS)


def rotate(*arguments):
    out = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue().strip()


def stored(column):
    return bytes(Secret.objects.values_list(column, flat=True).get())


def open_text(made):
    return here.open_link(made.link, None, secrets.token_bytes(16)).text


@pytest.fixture
def newer(settings):
    """A new key before the old one, as an operator puts it."""
    fresh = new_key()
    old = settings.SECRET_ENCRYPTION_KEYS

    def install(*, keep_old):
        settings.SECRET_ENCRYPTION_KEYS = [fresh, *old] if keep_old else [fresh]

    return install


def test_secrets_open_before_during_and_after_a_rotation(newer):
    before, during, after = make("1"), make("2"), make("3")
    assert open_text(before) == "1"
    newer(keep_old=True)
    assert open_text(during) == "2"
    rotate()
    newer(keep_old=False)
    assert open_text(after) == "3"


def test_without_rotation_the_old_key_is_needed_and_nothing_is_consumed(newer):
    made = make()
    newer(keep_old=False)
    with pytest.raises(UnknownKey):
        open_text(made)
    assert Secret.objects.get().state == "new"
    with pytest.raises(CommandError, match="cannot be opened"):
        rotate()


def test_it_is_resumable_and_counts_what_was_current(newer):
    for number in range(5):
        make(str(number))
    newer(keep_old=True)
    assert rotate("--batch", "2").startswith("5 secrets re-sealed, 0 ")
    assert rotate("--batch", "2").startswith("0 secrets re-sealed, 5 ")


def test_a_dry_run_changes_nothing(newer):
    make()
    newer(keep_old=True)
    before = stored("content")
    assert rotate("--dry-run").startswith("1 secrets would be re-sealed")
    assert stored("content") == before


def test_a_label_is_sealed_again_too(newer):
    made = make()
    secret_id = services.as_secret_id(made.secret.id)
    sealed = services.keyring().seal(secret_id, services.LABEL_NUMBER, b"for Ada")
    Secret.objects.update(label=sealed)
    newer(keep_old=True)
    rotate()
    newer(keep_old=False)
    label = stored("label")
    assert services.keyring().open(secret_id, services.LABEL_NUMBER, label) == b"for Ada"


def test_the_label_of_a_tombstone_is_sealed_again_too(newer):
    """The content is gone, the label is still shown: it must not be lost with the old key."""
    made = make()
    secret_id = services.as_secret_id(made.secret.id)
    Secret.objects.update(label=services.keyring().seal(secret_id, services.LABEL_NUMBER, b"for Ada"))
    services.burn(made.receipt)
    newer(keep_old=True)
    assert "1 labels" in rotate("--dry-run")
    rotate()
    newer(keep_old=False)
    assert services.keyring().open(secret_id, services.LABEL_NUMBER, stored("label")) == b"for Ada"


def test_second_factors_are_sealed_again_too(newer):
    """Whoever has an authenticator app can still sign in when the old key is gone, with a recovery code too."""
    user = User.objects.create_user("ada@example.com")
    key = generate_totp_secret()
    recovery = activate(user, key)
    newer(keep_old=True)
    assert "2 second factors would be" in rotate("--dry-run")
    rotate()
    newer(keep_old=False)
    assert sealing.unseal(Authenticator.objects.get(type="totp").data["secret"]) == key
    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == recovery


def test_a_second_factor_that_no_key_opens_stops_it(newer):
    activate(User.objects.create_user("ada@example.com"), generate_totp_secret())
    newer(keep_old=False)
    with pytest.raises(CommandError):
        rotate()
