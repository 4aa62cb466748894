"""When a sign-in needs a second step."""

from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asked for once an authenticator app is set up.

    allauth asks whoever has a passkey too. Here a passkey is a way to sign in of its own (it
    is held and unlocked: two factors in one), so having one does not lock out a device without it.
    """

    def _should_handle(self, request: HttpRequest) -> bool:
        has_app = is_mfa_enabled(self.login.user, [Authenticator.Type.TOTP]) if self.login.user else False
        return has_app and bool(super()._should_handle(request))
