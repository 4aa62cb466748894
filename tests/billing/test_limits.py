"""What asking for limits costs, and how soon a change is seen."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from billing import limits
from billing.limits import ANONYMOUS, FREE
from billing.models import BillingAccount, Plan
from onetime.limits import limits_for
from tests.billing.conftest import first_catalogue, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return User.objects.create_user("alice@example.com")


def again(user):
    """The same person in another request."""
    return User.objects.get(pk=user.pk)


def test_a_visitor_costs_one_query_and_then_none(django_assert_num_queries):
    with django_assert_num_queries(1):
        first = limits_for(None)
    with django_assert_num_queries(0):
        assert limits_for(AnonymousUser()) == first == limits_for(None)
    assert first.plan == "anonymous"


def test_somebody_signed_in_costs_one_query_a_request(user, django_assert_num_queries):
    """Also the first time, and however often the request asks."""
    with django_assert_num_queries(1):
        assert limits_for(user).plan == "free"
        assert limits_for(user).plan == "free"


def test_a_subscriber_costs_one_query_a_request(user, django_assert_num_queries):
    BillingAccount.objects.create(user=user, plan=make_plan("one"), status="active")
    with django_assert_num_queries(1):
        assert limits_for(user).plan == "one"
        assert limits_for(user).max_ttl == 90 * 86_400


def test_the_first_catalogue_has_the_numbers_that_hold_without_it(user):
    """A site is never without limits, even with an empty table."""
    first_catalogue()
    assert set(Plan.objects.values_list("slug", flat=True)) == {"anonymous", "free", "plus"}
    assert limits_for(None) == ANONYMOUS
    assert limits_for(user) == FREE
    Plan.objects.all().delete()
    limits.forget()
    assert limits_for(None) == ANONYMOUS
    assert limits_for(again(user)) == FREE


def test_an_operators_change_is_seen_at_once_here(user):
    limits_for(None), limits_for(user)
    for slug in ("anonymous", "free"):
        plan = Plan.objects.get_or_create(slug=slug)[0]
        plan.max_text_bytes = 4321
        plan.save()
    assert limits_for(None).max_text_bytes == 4321
    assert limits_for(user).max_text_bytes == 4321


def test_another_process_sees_a_change_within_a_minute(monkeypatch):
    """An update that sends no signal here is what a change elsewhere looks like."""
    clock = SimpleNamespace(monotonic=lambda: 1000.0)
    monkeypatch.setattr(limits, "time", clock)
    limits_for(None)
    Plan.objects.filter(slug="anonymous").update(max_text_bytes=4321)
    clock.monotonic = lambda: 1059.9
    assert limits_for(None).max_text_bytes == ANONYMOUS.max_text_bytes
    clock.monotonic = lambda: 1060.0
    assert limits_for(None).max_text_bytes == 4321


def test_a_subscription_is_seen_at_once_whichever_process_wrote_it(user):
    """Nothing about a person is kept from one request to the next."""
    account = BillingAccount.objects.create(user=user, plan=make_plan("one"), status="active")
    assert limits_for(again(user)).plan == "one"
    BillingAccount.objects.filter(pk=account.pk).update(status="canceled")
    assert limits_for(again(user)).plan == "free"


def test_nobody_gets_another_persons_plan(user):
    charlie = User.objects.create_user("charlie@example.com")
    BillingAccount.objects.create(user=user, plan=make_plan("one"), status="active")
    assert limits_for(charlie).plan == "free"


def test_a_given_plan_holds_until_its_end(user):
    until = timezone.now() + timedelta(days=1)
    BillingAccount.objects.create(user=user, comp_plan=make_plan("one"), comp_until=until)
    assert limits_for(again(user)).plan == "one"
    with time_machine.travel(until + timedelta(seconds=1)):
        assert limits_for(again(user)).plan == "free"


def test_the_same_plan_given_and_paid_is_one_plan(user):
    plan, other = make_plan("one"), make_plan("two")
    BillingAccount.objects.create(user=user, plan=plan, status="active", comp_plan=plan)
    assert limits_for(again(user)).plan == "one"
    BillingAccount.objects.filter(user=user).update(comp_plan=other)
    assert limits_for(again(user)).plan == "two"


def test_what_was_read_before_a_change_is_not_kept_after_it(monkeypatch):
    """A slow reader must not put back the plans from before."""
    from django.db.models import QuerySet

    real = QuerySet.values

    def slowly(self, *names, **named):
        rows = list(real(self, *names, **named))
        limits.forget()  # somebody saves a plan while these rows are on their way
        return rows

    monkeypatch.setattr(QuerySet, "values", slowly)
    limits_for(None)
    monkeypatch.undo()
    Plan.objects.filter(slug="anonymous").update(max_text_bytes=4321)
    assert limits_for(None).max_text_bytes == 4321
