"""Where the core's limits come from: the plans, kept in this process for up to a minute.

A visitor costs one query a minute and process, a signed-in person one a request. A change made
in this process is seen at once, one made in another within KEEP_SECONDS.
"""

import time
from typing import Any, NamedTuple

from django.db.models import F, FilteredRelation, Q

from billing.models import ANONYMOUS as ANONYMOUS_SLUG
from billing.models import FREE as FREE_SLUG
from billing.models import LIMIT_FIELDS, BillingAccount, Plan, limits_of
from onetime.limits import Limits

#: What holds where the catalogue has no such row: the numbers of the first catalogue.
ANONYMOUS = Limits(
    plan="anonymous",
    max_ttl=604_800,
    max_text_bytes=100_000,
    max_files_bytes=10_000_000,
    creates_per_hour=120,
    creates_per_day=500,
    api=True,
    mail_links=False,
    opening_notices=False,
)
FREE = Limits(
    plan="free",
    max_ttl=1_209_600,
    max_text_bytes=1_000_000,
    max_files_bytes=25_000_000,
    creates_per_hour=300,
    creates_per_day=2_000,
    api=True,
    mail_links=True,
    opening_notices=True,
)
KEEP_SECONDS = 60
#: A request asks more than once; nothing outlives it by more than this.
KEEP_FOR_A_REQUEST = 1
ACCOUNT_FIELDS = ("status", "period_start", "unpaid_since")


class Kept(NamedTuple):
    until: float  # monotonic seconds
    plans: dict[str, Limits]  # by slug


_kept: Kept | None = None
_generation = 0


def forget(**_signal: Any) -> None:
    """Read again: a plan or somebody's subscription has changed."""
    global _kept, _generation
    _kept, _generation = None, _generation + 1


def generation() -> int:
    """A number that changes whenever the plans may have changed in this process."""
    return _generation


def limits_for(user: Any) -> Limits:
    """The limits of an account, or of an anonymous visitor (None will do for one)."""
    if user is None or not user.is_authenticated:
        return _plans().get(ANONYMOUS_SLUG, ANONYMOUS)
    kept = getattr(user, "_limits", None)
    if kept and kept[0] == _generation and time.monotonic() < kept[1]:
        return kept[2]  # type: ignore[no-any-return]
    began, found = _generation, _read_for(user.pk)
    user._limits = (began, time.monotonic() + KEEP_FOR_A_REQUEST, found)  # noqa: SLF001 - ours
    return found


def _plans() -> dict[str, Limits]:
    kept = _kept
    if kept is None or time.monotonic() >= kept.until:
        began = _generation
        kept = _keep(began, Plan.objects.values("slug", *LIMIT_FIELDS))
    return kept.plans


def _keep(began: int, rows: Any) -> Kept:
    """Remember the plans, unless they changed while they were being read."""
    global _kept  # noqa: PLW0603
    read = Kept(time.monotonic() + KEEP_SECONDS, {row["slug"]: limits_of(row) for row in rows})
    if began == _generation:
        _kept = read
    return read


def _read_for(user_id: int) -> Limits:
    """One query for the plans and this person's place among them."""
    began = _generation
    rows = list(
        Plan.objects.annotate(
            mine=FilteredRelation("subscribers", condition=Q(subscribers__user=user_id)),
            given=FilteredRelation("given_to", condition=Q(given_to__user=user_id)),
        ).values(
            "pk",
            "slug",
            *LIMIT_FIELDS,
            mine_id=F("mine__pk"),
            given_id=F("given__pk"),
            **{f"mine_{name}": F(f"mine__{name}") for name in ACCOUNT_FIELDS},
            given_until=F("given__comp_until"),
        )
    )
    plans = _keep(began, rows).plans
    now = _account(rows).plan_id_now()
    slug = next((row["slug"] for row in rows if row["pk"] == now), FREE_SLUG)
    return plans.get(slug, FREE)


def _account(rows: list[dict[str, Any]]) -> BillingAccount:
    """As much of the person's account as the access rule needs."""
    account = BillingAccount()
    for row in rows:
        if row["mine_id"]:
            account.plan_id = row["pk"]
            for name in ACCOUNT_FIELDS:
                setattr(account, name, row[f"mine_{name}"])
        if row["given_id"]:
            account.comp_plan_id, account.comp_until = row["pk"], row["given_until"]
    return account
