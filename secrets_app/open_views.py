"""Opening a secret. Script talks to API v2; the posted form here serves those without it."""

import base64
import re
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from onetime import ratelimit
from onetime.kept import VisitorPage
from onetime.views import NOT_STORED, allow, error, visitor_page
from secrets_app import envelope, services
from secrets_app.envelope import BadEnvelope, LinkKey, SecretId
from secrets_app.errors import Gone, UnknownSecret, WrongProof
from secrets_app.forms import OpenForm
from secrets_app.pages import FORM_SLACK, Unreadable, answer, api_root, moment, read_form

#: What stands in the cached open page where each visitor gets their own.
CLAIM_PLACE = "claim-place-in-the-cached-page"
LINK_PLACE = "link-place-in-the-cached-page"
CLAIM = re.compile(r"[A-Za-z0-9_-]{22}")
LINK_KEY = re.compile(r"[0-9A-Za-z]{31}")
ID = re.compile(r"[0-9a-f]{32}")
ENDED_STATES = ("opened", "burned", "expired", "lost", "unknown")


@allow("GET", "HEAD", "POST")
def open_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return answer_open_form(request)
    return VisitorPage(the_open_page(request), hole=CLAIM_PLACE, fill=new_claim, headers=NOT_STORED)


@allow("GET", "HEAD")
def open_link(request: HttpRequest, rest: str) -> HttpResponse:
    """The same page for a link of the form /secret/KEY, as API v1 prints it; script moves the key.

    `rest` goes nowhere but into the form, and only if it can be a key.
    """
    # The cache of pages goes by the path, and a link key must not be kept there.
    request.path_info = "/secret"
    page = the_open_page(request, rest if LINK_KEY.fullmatch(rest) else "")
    return HttpResponse(page.replace(CLAIM_PLACE, new_claim(), 1), headers=NOT_STORED)


def the_open_page(request: HttpRequest, link: str = "") -> str:
    """The page with a place where each visitor's own claim goes."""

    def context() -> dict[str, Any]:
        return open_context(request, OpenForm(initial={"link": LINK_PLACE}), CLAIM_PLACE)

    return visitor_page(request, "open.html", context).replace(LINK_PLACE, link, 1)


def open_context(request: HttpRequest, form: OpenForm, claim: str) -> dict[str, Any]:
    return {
        "form": form,
        "claim": claim,
        "ended_states": ENDED_STATES,
        "hold_seconds": settings.HOLD_SECONDS,
        "page_config": {"api": api_root(request)},
    }


def new_claim() -> str:
    return secrets.token_urlsafe(16)


def decode_claim(text: str) -> bytes | None:
    """The 16 bytes of a claim, or None for anything else."""
    return base64.urlsafe_b64decode(text + "==") if CLAIM.fullmatch(text) else None


def answer_open_form(request: HttpRequest) -> HttpResponse:
    try:
        data = read_form(request, FORM_SLACK + 3 * 4096)
    except Unreadable as unreadable:
        return error(request, unreadable.status)
    if data.get("action") == "erase":
        return erase(request, data.get("id", ""), data.get("claim", ""))
    form = OpenForm(data)
    claim = data.get("claim", "")
    if decode_claim(claim) is None:
        claim = new_claim()
    if not form.is_valid():
        return answer(request, "open.html", open_context(request, form, claim), 400)
    return open_here(request, form, claim)


def open_here(request: HttpRequest, form: OpenForm, claim: str) -> HttpResponse:
    link: LinkKey = form.cleaned_data["link"]
    secret_id = envelope.secret_id(link)
    try:
        ratelimit.check_opening(request, secret_id.hex())
        opened = services.open_here(link, form.cleaned_data["passphrase"], decode_claim(claim) or b"")
    except ratelimit.RateLimited as limited:
        form.add_error(None, _("Too many tries. Nothing is lost: wait a while, then try again."))
        return answer(request, "open.html", open_context(request, form, claim), 429, limited.retry_after)
    except WrongProof:
        ratelimit.count_wrong_guess(request, secret_id.hex())
        form.add_error("passphrase", wrong_passphrase(form.cleaned_data["passphrase"]))
        return answer(request, "open.html", open_context(request, form, claim), 403)
    except UnknownSecret:
        return ended(request, 404, "unknown")
    except BadEnvelope:
        return ended(request, 422, "broken")
    except Gone as gone:
        return ended(request, 410, gone.state, gone.at)
    context = {"state": "shown", "text": opened.contents.text or "", "hold_seconds": settings.HOLD_SECONDS}
    return answer(request, "opened.html", {**context, "secret_id": secret_id.hex(), "claim": claim})


def wrong_passphrase(given: str) -> str:
    if not given:
        return _("This secret needs a passphrase. The sender told you one in some other way.")
    return _("Wrong passphrase. Try again: nothing was touched.")


def ended(request: HttpRequest, status: int, state: str, at: datetime | None = None) -> HttpResponse:
    context = {"state": state, "when": moment(at) if at else ""}
    return answer(request, "opened.html", context, status)


def erase(request: HttpRequest, secret_id: str, claim: str) -> HttpResponse:
    nonce = decode_claim(claim)
    if nonce is None or not ID.fullmatch(secret_id):
        return error(request, 400)
    try:
        services.acknowledge(SecretId(bytes.fromhex(secret_id)), nonce)
    except UnknownSecret:
        return ended(request, 404, "unknown")
    return answer(request, "opened.html", {"state": "erased"})
