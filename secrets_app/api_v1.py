"""API v1: what the many clients of Onetime Secret speak; docs/api.md lists how we answer.

The server sees the content for the length of one request and keeps no key that opens it. Every answer
is JSON, every success 200, and no GET changes anything.
"""

import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from onetime import ratelimit
from onetime.limits import DEFAULT_LIFETIME, MINIMUM_LIFETIME, Limits, limits_for
from onetime.views import NOT_STORED
from secrets_app import envelope as format1
from secrets_app import listing, quota, services, v1_input, v1_mail, v1_receipts
from secrets_app.body import BodyTooLarge, read_body
from secrets_app.envelope import BadEnvelope, Contents, LinkKey
from secrets_app.errors import Gone, TooLarge, UnknownSecret, WrongProof
from secrets_app.models import Secret, State
from secrets_app.services import CreatedHere
from secrets_app.v1_callers import NotAuthorized, caller
from secrets_app.v1_input import BadInput, Parameters

View = Callable[..., HttpResponse]

#: A byte of text takes up to six in a body: \u0001 in JSON.
LARGEST_ESCAPE = 6
BODY_SLACK = 65_536
GENERATED_CHARACTERS = 16  # of base 62: 95 bits
RECENT_DAYS, RECENT_COUNT = 30, 100


class NothingToShare(Exception):
    """The secret is missing or empty."""


class AccountNeeded(Exception):
    """Mails are sent for accounts only."""


# --- Answers --------------------------------------------------------------------------------------


def answer(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        status=status,
        content_type="application/json; charset=utf-8",
        headers=NOT_STORED,
    )


def refusal(error: Exception, key: str | None) -> HttpResponse:
    """A refused call. Clients compare these texts, and most of the statuses are 404."""
    match error:
        case NotAuthorized():
            response = answer({"message": "Not authorized"}, 401)
            response["WWW-Authenticate"] = 'Basic realm="OTS"'
            return response
        case UnknownSecret() | Gone() | WrongProof() | BadEnvelope():
            return answer({"message": "Unknown secret", "secret_key": key}, 404)
        case NothingToShare():
            return answer({"message": "You did not provide anything to share"}, 404)
        case TooLarge():
            return answer({"message": f"Secret value exceeds the maximum size of {error.limit} bytes"}, 404)
        case AccountNeeded():
            return answer({"message": "An account is required to send emails."}, 404)
        case v1_mail.Undeliverable():
            return answer({"message": f"Undeliverable email address: {error.address}"}, 404)
        case BadInput():
            return answer({"message": "Bad request"}, 400)
        case _:
            raise error


REFUSALS = (
    NotAuthorized, UnknownSecret, Gone, WrongProof, BadEnvelope, NothingToShare, TooLarge, AccountNeeded,
    v1_mail.Undeliverable, BadInput,
)  # fmt: skip


def call(*methods: str) -> Callable[[View], View]:
    """A route that answers to `methods`, for whoever calls. Cookies mean nothing here."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def wrapped(request: HttpRequest, key: str | None = None) -> HttpResponse:
            try:
                who = caller(request)
                if request.method not in methods:
                    return answer({"message": "Not Found"}, 404)
                return view(request, who) if key is None else view(request, who, key)
            except REFUSALS as error:
                return refusal(error, key)

        return wrapped

    return decorate


def parameters(request: HttpRequest, limits: Limits) -> Parameters:
    """What the client gave. Raises BadInput or TooLarge."""
    try:
        body = read_body(request, LARGEST_ESCAPE * limits.max_text_bytes + BODY_SLACK)
    except BodyTooLarge:
        raise TooLarge(limits.max_text_bytes) from None
    # WSGI hands the bytes of the query over as Latin-1.
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    return v1_input.parse(request.META.get("CONTENT_TYPE") or "", query, body)


# --- Service -------------------------------------------------------------------------------------


@call("GET", "HEAD")
def status(_request: HttpRequest, _who: User | None) -> HttpResponse:
    return answer({"status": "nominal", "locale": "en"})


@call("GET", "HEAD")
def authcheck(_request: HttpRequest, who: User | None) -> HttpResponse:
    if who is None:
        raise NotAuthorized
    return answer({"status": "nominal", "locale": "en"})


# --- Create --------------------------------------------------------------------------------------


@call("POST")
def share(request: HttpRequest, who: User | None) -> HttpResponse:
    limits = limits_for(who)
    quota.count_creation(request, who, limits)
    given = parameters(request, limits)
    if not given.secret:
        raise NothingToShare
    return answer(_made(request, who, limits, given, given.secret))


@call("POST")
def generate(request: HttpRequest, who: User | None) -> HttpResponse:
    limits = limits_for(who)
    quota.count_creation(request, who, limits)
    value = "".join(secrets.choice(format1.ALPHABET) for _ in range(GENERATED_CHARACTERS))
    return answer(_made(request, who, limits, parameters(request, limits), value) | {"value": value})


def _made(
    request: HttpRequest, who: User | None, limits: Limits, given: Parameters, text: str
) -> dict[str, Any]:
    """Make a secret of `text`, mail it where that is asked for, and show its receipt."""
    if given.recipients:
        if who is None or not limits.mail_links:
            raise AccountNeeded
        v1_mail.check_addresses(request, who, given.recipients)
    made = services.create_here(
        Contents(text),
        given.passphrase or None,
        ttl=v1_input.lifetime(
            given.ttl, default=DEFAULT_LIFETIME, least=MINIMUM_LIFETIME, most=limits.max_ttl
        ),
        limits=limits,
        owner=who,
    )
    if who is not None:
        v1_mail.send_links(made, who, given.recipients)
    return _fresh_receipt(made, who, given.recipients)


def _fresh_receipt(made: CreatedHere, who: User | None, recipients: tuple[str, ...]) -> dict[str, Any]:
    return v1_receipts.receipt(
        made.secret,
        made.receipt,
        made.link,
        now=made.secret.created_at,
        owner=who.email if who else None,
        recipients=recipients,
    )


# --- Open ------------------------------------------------------------------------------------------


@call("POST")
def open_secret(request: HttpRequest, who: User | None, key: str) -> HttpResponse:
    link = LinkKey(key)
    secret_id = format1.secret_id(link)
    ratelimit.check_opening(request, secret_id.hex())
    given = parameters(request, limits_for(who))
    with _counting_guesses(request, secret_id, given.passphrase):
        value = services.read_text(link, given.passphrase or None)
    return answer({"value": value, "secret_key": key})


class _counting_guesses:  # noqa: N801 - reads as the statement it is
    """Slow a client that guesses passphrases; the secret itself stays. Whoever enters has checked."""

    def __init__(self, request: HttpRequest, secret_id: bytes, passphrase: str) -> None:
        self.request, self.name, self.guessed = request, secret_id.hex(), bool(passphrase)

    def __enter__(self) -> None:
        """Nothing to do before the guess."""

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        # A call without a passphrase is no guess: many clients only ask for one then.
        if kind is not None and issubclass(kind, WrongProof) and self.guessed:
            ratelimit.count_wrong_guess(self.request, self.name)


# --- Receipts ----------------------------------------------------------------------------------------


@call("GET", "HEAD", "POST")
def metadata(request: HttpRequest, _who: User | None, key: str) -> HttpResponse:
    ratelimit.check(request, "receipt")
    secret = services.by_receipt(key)
    body = v1_receipts.receipt(secret, key, v1_receipts.link_key(secret, key))
    # The first reading after the making still says "new"; a GET changes nothing.
    if request.method == "POST" and body["state"] == "new":
        services.note_seen(secret)
    return answer(body)


@call("POST")
def burn(request: HttpRequest, who: User | None, key: str) -> HttpResponse:
    ratelimit.check(request, "receipt")
    given = parameters(request, limits_for(who))
    secret = services.by_receipt(key)
    link = v1_receipts.link_key(secret, key)
    if link is not None and secret.passphrase and secret.state_at(timezone.now()) == State.NEW:
        ratelimit.check_guessing(request, secret.id.hex)
        with _counting_guesses(request, services.as_secret_id(secret.id), given.passphrase):
            services.check_passphrase(secret, link, given.passphrase or None)
    burned = services.burn_found(secret)
    shortkey = "" if link is None else link[:6]
    return answer({"state": v1_receipts.receipt(burned, key, None), "secret_shortkey": shortkey})


@call("GET", "HEAD", "POST")
def recent(_request: HttpRequest, who: User | None) -> HttpResponse:
    if who is None:
        raise NotAuthorized
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    return answer([_listed(secret, who) for secret in listing.newest(who, RECENT_COUNT, since=since)])


def _listed(secret: Secret, owner: User) -> dict[str, Any]:
    """A receipt by A, the key that lists show: it leads to no link."""
    key = services.listing_key(services.as_secret_id(secret.id))
    return v1_receipts.receipt(secret, key, None, owner=owner.email)
