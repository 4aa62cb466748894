"""Opening a secret. Script talks to API v2; the posted form here serves those without it."""

import base64
import math
import re
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from onetime import ratelimit
from onetime.kept import VisitorPage
from onetime.views import NOT_STORED, allow, error, visitor_page
from secrets_app import envelope, here, names, services
from secrets_app.envelope import BadEnvelope, LinkKey, SecretId
from secrets_app.errors import Gone, UnknownSecret, WrongProof
from secrets_app.forms import OpenForm, size
from secrets_app.pages import FORM_SLACK, Unreadable, answer, api_root, moment, read_form
from secrets_app.streams import Stream

#: What stands in the cached open page where each visitor gets their own.
CLAIM_PLACE = "claim-place-in-the-cached-page"
LINK_PLACE = "link-place-in-the-cached-page"
CLAIM = re.compile(r"[A-Za-z0-9_-]{22}")
LINK_KEY = re.compile(r"[0-9A-Za-z]{31}")
ID = re.compile(r"[0-9a-f]{32}")
FILE_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
NUMBER = re.compile(r"[0-9]{1,5}")
ENDED_STATES = ("opened", "burned", "expired", "lost", "unknown")
#: Why there is nothing to show; `refusal` has the page of each.
NOTHING_HERE = (UnknownSecret, BadEnvelope, Gone)


@allow("GET", "HEAD", "POST")
def open_page(request: HttpRequest) -> Any:
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


def answer_open_form(request: HttpRequest) -> HttpResponseBase:
    try:
        data = read_form(request, FORM_SLACK + 3 * 4096)
    except Unreadable as unreadable:
        return error(request, unreadable.status)
    if data.get("action") == "erase":
        return erase(request, data.get("id", ""), data.get("claim", ""))
    if data.get("action") == "download":
        return download(request, data)
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
        opened = here.open_link(link, form.cleaned_data["passphrase"], decode_claim(claim) or b"")
    except ratelimit.RateLimited as limited:
        form.add_error(None, _("Too many tries. Nothing is lost: wait a while, then try again."))
        return answer(request, "open.html", open_context(request, form, claim), 429, limited.retry_after)
    except WrongProof:
        ratelimit.count_wrong_guess(request, secret_id.hex())
        form.add_error("passphrase", wrong_passphrase(form.cleaned_data["passphrase"]))
        return answer(request, "open.html", open_context(request, form, claim), 403)
    except NOTHING_HERE as why:
        return refusal(request, why)
    return answer(request, "opened.html", opened_context(opened, claim))


def opened_context(opened: here.OpenedHere, claim: str) -> dict[str, Any]:
    """What the page shows, and what its forms send back: the claim, and the key to these files alone."""
    left = math.ceil((opened.hold_until - timezone.now()).total_seconds())
    key = base64.urlsafe_b64encode(opened.content_key).decode().rstrip("=")
    return {
        "state": "shown",
        "text": opened.text or "",
        "no_text": not opened.text and bool(opened.files),
        "files": [(names.visible(file.name), size(file.size)) for file in opened.files],
        "hold_seconds": max(0, left),
        "secret_id": opened.secret_id.hex(),
        "claim": claim,
        "file_key": key if opened.files else "",
    }


def wrong_passphrase(given: str) -> str:
    if not given:
        return _("This secret needs a passphrase. The sender told you one in some other way.")
    return _("Wrong passphrase. Try again: nothing was touched.")


def refusal(request: HttpRequest, why: UnknownSecret | BadEnvelope | Gone) -> HttpResponse:
    if isinstance(why, Gone):
        return ended(request, 410, why.state, why.at)
    if isinstance(why, BadEnvelope):
        return ended(request, 422, "broken")
    return ended(request, 404, "unknown")


def ended(request: HttpRequest, status: int, state: str, at: datetime | None = None) -> HttpResponse:
    context = {"state": state, "when": moment(at) if at else ""}
    return answer(request, "opened.html", context, status)


def erase(request: HttpRequest, secret_id: str, claim: str) -> HttpResponse:
    nonce = decode_claim(claim)
    if nonce is None or not ID.fullmatch(secret_id):
        return error(request, 400)
    try:
        services.acknowledge(SecretId(bytes.fromhex(secret_id)), nonce)
    except UnknownSecret as why:
        return refusal(request, why)
    return answer(request, "opened.html", {"state": "erased"})


# --- Files ----------------------------------------------------------------------------------------


def download(request: HttpRequest, data: Any) -> HttpResponseBase:
    """One file of a secret that this claim has opened, decrypted as it goes out."""
    nonce, secret_id = decode_claim(data.get("claim", "")), data.get("id", "")
    key, number = data.get("key", ""), data.get("file", "")
    if nonce is None or not (
        ID.fullmatch(secret_id) and FILE_KEY.fullmatch(key) and NUMBER.fullmatch(number)
    ):
        return error(request, 400)
    ratelimit.check(request, "segment")
    content_key = base64.urlsafe_b64decode(key + "=")
    try:
        file = here.read_file(SecretId(bytes.fromhex(secret_id)), content_key, nonce, int(number))
    except NOTHING_HERE as why:
        return refusal(request, why)
    return as_attachment(file)


def as_attachment(file: here.FileHere) -> HttpResponseBase:
    """A file for the disk and nothing else: no browser guesses its type, or shows it. Raises Unavailable."""
    name = names.safe(file.meta.name)
    headers = NOT_STORED | {
        "Content-Length": str(file.meta.size),
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
    }
    with Stream() as stream:
        return StreamingHttpResponse(
            stream.of(file.pieces), content_type="application/octet-stream", headers=headers
        )
