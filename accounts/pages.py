"""The account page and what it leads to: preferences, password, sessions, tokens, export, closing."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import export, preferences, proof, services, tokens
from accounts.answers import show
from accounts.forms import NewPasswordForm, PreferencesForm
from accounts.person import person
from accounts.signals import CannotClose
from onetime.limits import Limits, limits_for
from onetime.mail import Change
from onetime.views import NOT_STORED, error, not_found

MOST_TOKENS = 10


@login_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    user = person(request)
    context = {"ways": proof.methods(user), "tokens": user.api_tokens.count(), "limits": limits_for(user)}
    return show(request, "account", context)


def durations(limits: Limits) -> list[tuple[int, str]]:
    """The lifetimes that `limits` allow, in seconds and in words."""
    return [(seconds, in_words(seconds)) for seconds in limits.lifetimes()]


def in_words(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if hours:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    user = person(request)
    limits, chosen = limits_for(user), preferences.of(user)
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(limits, durations(limits), data, instance=chosen)
    if data is None:
        return show(request, "preferences", {"form": form})
    if not form.is_valid():
        return show(request, "preferences", {"form": form}, 400)
    form.save()
    messages.success(request, _("Your preferences are saved."))
    return redirect("account_preferences")


@sensitive_post_parameters("password")
@proof.sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Set or change the password, or take it away."""
    user = person(request)
    if request.method != "POST":
        return show(request, "password", {"form": NewPasswordForm(user)})
    if request.POST.get("action") == "remove":
        services.set_password(request, user, None)
        return redirect("account")
    form = NewPasswordForm(user, request.POST)
    if not form.is_valid():
        return show(request, "password", {"form": form}, 400)
    services.set_password(request, user, form.cleaned_data["password"])
    messages.success(request, _("Your password is set. Every other session was signed out."))
    return redirect("account")


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the account, this one too. API tokens stay."""
    services.end_sessions(person(request))
    request.session.flush()
    return redirect("account_login")


@proof.sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The tokens; making one shows it in the answer, this once."""
    user, made = person(request), None
    if request.method == "POST":
        if user.api_tokens.count() >= MOST_TOKENS:
            return error(request, 400, detail=_("Revoke a token first: there are as many as there may be."))
        made = tokens.create(user)
        services.security_changed(request, user, Change.TOKEN_MADE)
    listed = user.api_tokens.order_by("pk")
    context = {"tokens": listed, "made": made, "room": listed.count() < MOST_TOKENS}
    return show(request, "api_tokens", context)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    if not tokens.revoke(person(request), pk):
        return not_found(request)
    messages.success(request, _("The token is revoked."))
    return redirect("account_api_tokens")


@proof.sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def export_data(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    if request.method != "POST":
        return show(request, "export")
    response = StreamingHttpResponse(
        export.stream(person(request)), content_type="application/json", headers=NOT_STORED
    )
    day = timezone.now().date().isoformat()
    response["Content-Disposition"] = f'attachment; filename="onetime-{day}.json"'
    return response


@proof.sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """Ask once; then close the account at once."""
    if request.method != "POST":
        return show(request, "close")
    if request.POST.get("sure") != "yes":
        return show(request, "close", {"unsure": True}, 400)
    try:
        services.close(person(request))
    except CannotClose as reason:
        return show(request, "close", {"problem": str(reason)}, 503)
    request.session.flush()
    return redirect("account_closed")


@require_GET
def closed(request: HttpRequest) -> HttpResponse:
    return show(request, "closed")
