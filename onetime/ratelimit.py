"""Named rate limits, and the only reader of the client's address.

The address never leaves this module: everybody else gets a client key, an HMAC of the
address (IPv6 by /64, the smallest block a provider hands to one customer) under a key that
changes every day. It cannot be turned back into the address, and yesterday's keys cannot be
matched with today's.
"""

import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from django.conf import settings
from django.core.cache import cache, caches
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django_ratelimit.core import get_usage

if TYPE_CHECKING:
    from onetime.cache import Note, Notes, ProcessCache

#: name: (rate, in words). A rate is count/period as django-ratelimit writes it.
DEFAULTS: dict[str, str] = {
    "create": "120/h",  # replaced by the plan's own number where it has one
    "create_day": "500/d",  # as above
    "status": "600/10m",
    "claim": "300/10m",
    "wrong_proof": "10/10m",  # one client on one secret
    "wrong_proof_all": "100/h",  # everybody on one secret; see check_guessing
    "upload_segment": "12000/10m",  # every call about an upload; a segment is 1 MiB
    "segment": "12000/10m",
    "receipt": "600/10m",
    "feedback": "5/h",
    "sign_in": "20/10m",
    "sign_in_address": "6/h",  # code mails that one client asks for to one address
    "sign_in_address_all": "30/h",  # and that everybody asks for to it
    "mail_link": "30/h",  # secret links that one account has mailed
    "api_token": "60/10m",  # wrong tokens of one client
}


#: Counters of this process's last uses, by use, rate and day: see `_noted`.
_counters: "dict[tuple[Use, str, int], Counter]" = {}
MOST_COUNTERS = 2000


class Usage(NamedTuple):
    """Where a client stands with one limit; `window` and `left` are in seconds."""

    name: str
    used: int
    limit: int
    window: int
    left: int


class RateLimited(Exception):
    """A named limit is reached; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, name: str, retry_after: int) -> None:
        super().__init__(name)
        self.name = name
        self.retry_after = max(1, retry_after)


def configured_rates(value: str) -> dict[str, str]:
    """The rates that RATE_LIMITS asks for: `on`, `off`, or `NAME=rate,…` over the defaults.

    Raises ImproperlyConfigured for a name or a rate that does not exist.
    """
    if value == "off":
        return {}
    rates = dict(DEFAULTS)
    for pair in filter(None, "" if value == "on" else value.split(",")):
        name, _sep, rate = pair.partition("=")
        count, slash, period = rate.partition("/")
        if name not in DEFAULTS or not count.isdigit() or not slash or period[-1:] not in tuple("smhd"):
            raise ImproperlyConfigured(
                f"RATE_LIMITS: {pair!r} is not NAME=count/period; names: {', '.join(DEFAULTS)}"
            )
        rates[name] = rate
    return rates


@lru_cache(maxsize=8)
def _rates(value: str) -> dict[str, str]:
    return configured_rates(value)


def client_address(request: HttpRequest) -> str:
    """The address of the client, as the configured number of proxies reports it.

    Each trusted proxy appends the peer it saw to X-Forwarded-For, so the entry that counts is
    the TRUSTED_PROXY_COUNT-th from the right; what stands before it anybody may have written.
    """
    count: int = settings.TRUSTED_PROXY_COUNT
    if count:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= count:
            return str(hops[-count])
    return str(request.META.get("REMOTE_ADDR") or "")


@lru_cache(maxsize=2)
def _day_key(secret_key: str, day: int) -> bytes:
    return hmac.digest(secret_key.encode(), b"onetime client key %d" % day, "sha256")


def _today_key() -> bytes:
    return _day_key(settings.SECRET_KEY, int(time.time()) // 86400)


def _block(address: str) -> bytes:
    """The bytes that stand for one client: the whole IPv4 address, or an IPv6 /64."""
    with suppress(OSError, ValueError):  # ValueError: a NUL in what a proxy passed on
        return socket.inet_pton(socket.AF_INET, address)
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a Unix socket leaves the address empty: one bucket for all
        return b""
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.ipv4_mapped.packed if parsed.ipv4_mapped else parsed.packed[:8]
    return parsed.packed


def client_key(request: HttpRequest) -> str:
    """32 hex digits that stand for the client today and for nobody tomorrow."""
    return hmac.digest(_today_key(), _block(client_address(request)), "sha256")[:16].hex()


class keyed_digest:  # noqa: N801 - called as hashlib.sha256 is
    """What django-ratelimit hashes its cache keys with: keyed, so that no guess can be tried."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def hexdigest(self) -> str:
        return hmac.digest(_today_key(), self._data, hashlib.sha256).hex()


def _window(rate: str) -> int:
    """The seconds of a rate's period: 600 of 20/10m."""
    period = rate.partition("/")[2]
    return int(period[:-1] or 1) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[period[-1]]


class Use(NamedTuple):
    """One use of the limit `name` by `key`, to be counted or only looked at, at the usual rate or `rate`."""

    name: str
    key: str
    rate: str | None = None
    look: bool = False


def _usages(*uses: Use) -> dict[str, Usage]:
    """Where each use stands, by its name and without those that nothing limits; one round trip for all.

    After one that is over its limit the others are only looked at.
    """
    if settings.RATE_LIMITS == "off":
        return {}
    usual = _rates(settings.RATE_LIMITS)
    rated = [(use, rate) for use in uses if (rate := use.rate or usual.get(use.name))]
    noted = [_noted(use, rate) for use, rate in rated]
    counts = cast("ProcessCache", cache).count([note for note, _usage in noted]) if noted else []
    return {
        usage.name: usage._replace(used=count) for (_note, usage), count in zip(noted, counts, strict=True)
    }


class Counter(NamedTuple):
    """What django-ratelimit makes of a use, the same for as long as its window lasts."""

    note: "Note"
    limit: int
    ends_at: int  # seconds since the epoch


def _noted(use: Use, rate: str) -> "tuple[Note, Usage]":
    """What to count for a use, and against what; the count is to come."""
    now = int(time.time())
    name = (use, rate, now // 86400)  # the key that counters are named by changes every day
    counter = _counters.get(name)
    if counter is None or counter.ends_at <= now:
        counter = _counter(use, rate, now)
        # Looked at is a client on one secret: it hardly comes again, and would drive out those that do.
        if not use.look:
            if len(_counters) >= MOST_COUNTERS:
                _counters.clear()
            _counters[name] = counter
    left = counter.ends_at - now
    return counter.note, Usage(use.name, 0, counter.limit, _window(rate), left)


def _counter(use: Use, rate: str, now: int) -> Counter:
    notes = cast("Notes", caches[settings.RATELIMIT_USE_CACHE])
    usage = get_usage(
        None, group=use.name, key=lambda _group, _request: use.key, rate=rate, increment=not use.look
    )
    return Counter(notes.take()._replace(limit=usage["limit"]), usage["limit"], now + usage["time_left"])


def usages(request: HttpRequest) -> list[Usage]:
    """The limits that this request has counted against, for the headers that tell a client."""
    found: list[Usage] = request.__dict__.setdefault("_rate_usages", [])
    return found


def check(request: HttpRequest, name: str, *, subject: str | None = None, rate: str | None = None) -> None:
    """Count one use of `name` by this client, or by `subject` where given.

    Raises RateLimited when the use is one too many.
    """
    check_all(request, {name: rate}, subject=subject)


def check_all(request: HttpRequest, rates: Mapping[str, str | None], *, subject: str | None = None) -> None:
    """`check` for several limits at once, each with its rate or None for the usual one.

    Raises RateLimited; then those that follow are not counted.
    """
    key = subject or client_key(request)
    _refuse(request, _usages(*(Use(name, key, rate) for name, rate in rates.items())).values())


def _refuse(request: HttpRequest, found: Iterable[Usage]) -> None:
    """Remember what was counted; raises RateLimited for the first that is one too many."""
    for usage in found:
        usages(request).append(usage)
        if usage.used > usage.limit:
            raise RateLimited(usage.name, usage.left)


def check_guessing(request: HttpRequest, secret: str) -> None:
    """Refuse a client that has guessed wrong too often on this secret.

    A client is refused after its own wrong tries, and, once everybody's tries together are
    too many, after its first. So guessing from many addresses is bounded, and a recipient who
    has not yet tried always has a first try: nobody else can lock them out.
    Raises RateLimited.
    """
    _refuse_guesser(secret, _usages(_own_guesses(secret, client_key(request), look=True)))


def check_opening(request: HttpRequest, secret: str) -> None:
    """`check` of a claim and `check_guessing` at once. Raises RateLimited."""
    client = client_key(request)
    found = _usages(Use("claim", client), _own_guesses(secret, client, look=True))
    _refuse(request, [usage for name, usage in found.items() if name == "claim"])
    _refuse_guesser(secret, found)


def _own_guesses(secret: str, client: str, *, look: bool) -> Use:
    return Use("wrong_proof", f"{secret}:{client}", look=look)


def _all_guesses(secret: str, *, look: bool) -> Use:
    return Use("wrong_proof_all", secret, look=look)


def _refuse_guesser(secret: str, found: dict[str, Usage]) -> None:
    """Everybody's guesses are looked up only for who has guessed wrong: hardly anybody has."""
    mine = found.get("wrong_proof")
    if mine is None or not mine.used:
        return
    if mine.used >= mine.limit:
        raise RateLimited("wrong_proof", mine.left)
    everybody = _usages(_all_guesses(secret, look=True)).get("wrong_proof_all")
    if everybody is not None and everybody.used >= everybody.limit:
        raise RateLimited("wrong_proof_all", everybody.left)


def count_wrong_guess(request: HttpRequest, secret: str) -> None:
    """Remember that this client proved the wrong passphrase for this secret."""
    _usages(_own_guesses(secret, client_key(request), look=False), _all_guesses(secret, look=False))
