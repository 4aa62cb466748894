"""Everything under /account. No trailing slashes."""

from allauth.mfa.base.views import authenticate as second_step
from django.urls import path

from accounts import authenticator_app as app
from accounts import email_change, pages, passkeys, proof, sign_in
from accounts.proof import sensitive
from accounts.second_step import limited

urlpatterns = [
    path("/sign-in", sign_in.sign_in, name="account_login"),  # the name that allauth knows
    path("/sign-in", sign_in.sign_in, name="sign-in"),
    path("/sign-in/code", sign_in.code, name="account_code"),
    path("/sign-in/code/resend", sign_in.resend, name="account_code_resend"),
    path("/sign-in/password", sign_in.password, name="account_password_login"),
    path("/sign-in/passkey", passkeys.sign_in, name="account_passkey_login"),
    path("/sign-in/passkey/begin", passkeys.begin_sign_in, name="account_passkey_login_begin"),
    path("/sign-in/second-step", limited(second_step), name="mfa_authenticate"),
    path("/sign-in/off", sign_in.inactive, name="account_inactive"),
    path("/sign-out", sign_in.sign_out, name="account_logout"),
    path("/sign-out/everywhere", pages.sign_out_everywhere, name="account_sign_out_everywhere"),
    path("/prove", proof.prove, name="account_reauthenticate"),
    path("/prove/passkey/begin", passkeys.begin_proof, name="account_proof_begin"),
    path("", pages.account, name="account"),
    path("/preferences", pages.choices, name="account_preferences"),
    path("/email", email_change.start, name="account_email"),
    path("/email/codes", email_change.confirm, name="account_email_codes"),
    path("/password", pages.password, name="account_password"),
    path("/passkeys", sensitive(passkeys.passkeys), name="account_passkeys"),
    path("/passkeys/begin", sensitive(passkeys.begin_add), name="account_passkeys_begin"),
    path("/passkeys/add", sensitive(passkeys.add), name="account_passkeys_add"),
    path("/passkeys/<int:pk>/remove", sensitive(passkeys.remove), name="account_passkeys_remove"),
    path("/app", sensitive(app.app), name="account_app"),
    path("/app/begin", sensitive(app.begin), name="account_app_begin"),
    path("/app/confirm", sensitive(app.confirm), name="account_app_confirm"),
    path("/app/remove", sensitive(app.remove), name="account_app_remove"),
    path("/app/recovery-codes", sensitive(app.recovery_codes), name="account_recovery_codes"),
    path("/tokens", pages.api_tokens, name="account_api_tokens"),
    path("/tokens/<int:pk>/revoke", pages.revoke_token, name="account_revoke_token"),
    path("/export", pages.export_data, name="account_export"),
    path("/close", pages.close, name="account_close"),
    path("/closed", pages.closed, name="account_closed"),
]
