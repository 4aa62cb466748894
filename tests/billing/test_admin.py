"""An operator's work, through the pages that operators use."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing.models import BillingAccount, Plan, PlanPrice, StripeEvent
from tests.billing.conftest import first_catalogue, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("operator@example.com"))
    return browser


def url(name, *args):
    from django.urls import reverse

    return reverse(f"admin:billing_{name}", args=args)


def text(answer):
    return answer.content.decode()


def form_of(plan, **changes):
    """The change form of a plan, filled in as it is."""
    names = (
        "name", "slug", "summary", "position", "max_ttl", "max_text_bytes", "max_files_bytes",
        "creates_per_hour", "creates_per_day",
    )  # fmt: skip
    filled = {name: getattr(plan, name) for name in names} | {"api": "on", "offered": "on"} | changes
    for prefix in ("texts", "prices"):
        filled |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return filled


# --- Plans ------------------------------------------------------------------------------------------


def test_a_new_plan_is_made_priced_and_bought(local, operator, alice):
    """From nothing to a paying subscriber, all in the admin."""
    new = Plan(slug="team", name="Team", summary="", position=5, max_ttl=86_400, max_text_bytes=1,
               max_files_bytes=1, creates_per_hour=1, creates_per_day=1)  # fmt: skip
    assert operator.post(url("plan_add"), form_of(new)).status_code == 302
    plan = Plan.objects.get(slug="team")
    answer = operator.post(
        url("plan_price", plan.pk), {"amount": "85", "currency": "CAD", "interval": "month"}, follow=True
    )
    assert "85 CAD / month for new subscribers." in text(answer)
    price = PlanPrice.objects.get()
    assert price.stripe_price_id
    alice.subscribe(price)
    local.deliver()
    assert alice.plan == "team"
    listed = text(operator.get(url("plan_changelist")))
    assert "85 CAD / month" in listed
    assert '<td class="field-live">1</td>' in listed


def test_an_operator_changes_what_everybody_gets_without_a_deploy(operator, client):
    from onetime.limits import limits_for

    first_catalogue()
    plan = Plan.objects.get(slug="anonymous")
    assert limits_for(None).max_text_bytes == 100_000
    answer = operator.post(url("plan_change", plan.pk), form_of(plan, max_text_bytes=5000))
    assert answer.status_code == 302
    assert limits_for(None).max_text_bytes == 5000


def test_a_new_price_says_how_many_stay_on_the_old_one(local, shop, operator, alice):
    alice.subscribe(shop.month)
    local.deliver()
    answer = operator.post(
        url("plan_price", shop.one.pk), {"amount": "12", "currency": "cad", "interval": "month"}, follow=True
    )
    assert "12 CAD / month for new subscribers. 1 subscriber stays on 9 CAD / month." in text(answer)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"amount": "0"}, "greater than or equal to 0.01"),
        ({"amount": "9.505"}, "fewer decimals"),
        ({"amount": "x"}, "Enter a number"),
        ({"amount": "99999999"}, "less than or equal to"),
        ({"currency": "c4d"}, "Three small letters"),
        ({"interval": "week"}, "not one of the available choices"),
    ],
)
def test_a_price_that_cannot_be_is_refused_in_words(local, shop, operator, given, words):
    before = PlanPrice.objects.count()
    filled = {"amount": "9.50", "currency": "cad", "interval": "month"} | given
    assert words in text(operator.post(url("plan_price", shop.one.pk), filled))
    assert PlanPrice.objects.count() == before


def test_a_price_is_withdrawn(local, shop, operator):
    answer = operator.post(url("plan_withdraw", shop.one.pk, shop.year.pk), follow=True)
    assert "Withdrawn. 0 subscribers stay on it." in text(answer)
    shop.year.refresh_from_db()
    assert shop.year.active is False


def test_differences_are_shown_and_a_push_mends_them(local, shop, operator, client_at_stripe):
    client_at_stripe.products.update("plan_one", {"name": "Renamed"})
    compare = url("plan_compare", shop.one.pk)
    assert "called “Renamed” at Stripe and “One” here" in text(operator.get(compare))
    assert "Stripe has exactly what is set here" in text(
        operator.post(url("plan_push", shop.one.pk), follow=True)
    )


def test_when_stripe_is_silent_the_admin_says_so(local, shop, operator):
    local.fail_next(status=500, times=3)
    assert "Nothing could be compared" in text(operator.get(url("plan_compare", shop.one.pk)))
    local.fail_next(status=500, times=3)
    assert "Stripe did not take it: Unreachable" in text(
        operator.post(url("plan_push", shop.one.pk), follow=True)
    )


def test_a_renamed_plan_is_renamed_at_stripe(local, shop, operator):
    operator.post(url("plan_change", shop.one.pk), form_of(shop.one, name="Solo"))
    assert {each["id"]: each["name"] for each in local.objects("product")}["plan_one"] == "Solo"


def test_a_rename_while_stripe_is_silent_is_kept_and_said(local, shop, operator):
    local.fail_next(status=500, times=3)
    answer = operator.post(url("plan_change", shop.one.pk), form_of(shop.one, name="Solo"), follow=True)
    assert "not yet at Stripe" in text(answer)
    assert Plan.objects.get(pk=shop.one.pk).name == "Solo"


def test_the_name_for_programs_cannot_be_changed(local, shop, operator):
    """It is in the product's id at Stripe."""
    operator.post(url("plan_change", shop.one.pk), form_of(shop.one, slug="other"))
    assert Plan.objects.get(pk=shop.one.pk).slug == "one"


def test_a_plan_that_everybody_has_is_offered_to_nobody_for_money(operator):
    first_catalogue()
    free = Plan.objects.get(slug="free")
    answer = operator.post(
        url("plan_price", free.pk), {"amount": "1", "currency": "cad", "interval": "month"}
    )
    assert answer.status_code == 302
    assert not PlanPrice.objects.exists()


def test_the_longest_lifetime_is_chosen_in_words(operator):
    page = text(operator.get(url("plan_add")))
    for words in ("5 minutes", "1 hour", "7 days", "90 days"):
        assert f">{words}</option>" in page


@pytest.mark.parametrize("field", ["max_ttl", "max_text_bytes"])
def test_limits_that_make_no_sense_are_refused(local, shop, operator, field):
    answer = operator.post(url("plan_change", shop.one.pk), form_of(shop.one, **{field: -1}))
    assert answer.status_code == 200
    assert "errorlist" in text(answer)


# --- Nobody deletes, and only operators see ---------------------------------------------------------


def test_nobody_can_delete_what_money_depends_on(local, shop, operator, alice):
    alice.subscribe(shop.month)
    local.deliver()
    event = StripeEvent.objects.all()[0]
    for name, pk in (("plan", shop.one.pk), ("billingaccount", alice.account.pk), ("stripeevent", event.pk)):
        assert operator.post(url(f"{name}_delete", pk), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        operator.post(url(f"{name}_changelist"), chosen)
        assert "deletelink" not in text(operator.get(url(f"{name}_change", pk)))
    assert Plan.objects.filter(pk=shop.one.pk).exists()
    assert StripeEvent.objects.filter(pk=event.pk).exists()
    assert alice.account


def test_others_see_and_do_nothing(local, shop, alice, charlie):
    alice.subscribe(shop.month)
    local.deliver()
    staff = Client()
    staff.force_login(User.objects.create_user("clerk@example.com", is_staff=True))
    event, account = StripeEvent.objects.all()[0], alice.account
    before = len(local.log())
    for browser in (Client(), charlie.browser, staff):
        for address in (
            url("plan_price", shop.one.pk), url("plan_withdraw", shop.one.pk, shop.year.pk),
            url("plan_compare", shop.one.pk), url("plan_push", shop.one.pk),
            url("billingaccount_read_again", account.pk), url("stripeevent_again", event.pk),
            url("billingaccount_change", account.pk), url("plan_change", shop.one.pk),
        ):  # fmt: skip
            assert browser.post(address).status_code in {302, 403}
            assert "cus_" not in text(browser.get(address))
    shop.year.refresh_from_db()
    assert shop.year.active
    assert len(local.log()) == before


def test_a_link_cannot_push_withdraw_or_process(local, shop, operator, alice):
    """A GET changes nothing."""
    alice.subscribe(shop.month)
    local.deliver()
    event = StripeEvent.objects.all()[0]
    before = len(local.log())
    for address in (
        url("plan_withdraw", shop.one.pk, shop.year.pk), url("plan_push", shop.one.pk),
        url("billingaccount_read_again", alice.account.pk), url("stripeevent_again", event.pk),
    ):  # fmt: skip
        assert operator.get(address).status_code == 302
    shop.year.refresh_from_db()
    assert shop.year.active
    assert len(local.log()) == before


# --- Accounts ---------------------------------------------------------------------------------------


def gift(plan, **changes):
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    return {
        "comp_plan": plan.pk,
        "comp_until_0": day,
        "comp_until_1": "00:00",
        "comp_reason": "A teacher",
    } | changes


def test_a_plan_is_given_to_somebody_who_never_bought(operator, settings):
    """Works without any key."""
    from onetime.limits import limits_for

    settings.BILLING_ENABLED = False
    alice = User.objects.create_user("alice@example.com")
    filled = gift(make_plan("one"), email="Alice@Example.com")
    assert operator.post(url("billingaccount_add"), filled).status_code == 302
    assert limits_for(User.objects.get(pk=alice.pk)).plan == "one"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"comp_reason": ""}, "needs an end and a reason"),
        ({"comp_until_0": "", "comp_until_1": ""}, "needs an end and a reason"),
        ({"email": "nobody@example.com"}, "no account with this address"),
    ],
)
def test_a_gift_needs_an_account_an_end_and_a_reason(operator, changes, words):
    User.objects.create_user("alice@example.com")
    filled = gift(make_plan("one"), email="alice@example.com") | changes
    assert words in text(operator.post(url("billingaccount_add"), filled))
    assert not BillingAccount.objects.exists()


def test_a_plan_that_everybody_has_cannot_be_given(operator):
    User.objects.create_user("alice@example.com")
    first_catalogue()
    filled = gift(Plan.objects.get(slug="free"), email="alice@example.com")
    assert "not one of the available choices" in text(operator.post(url("billingaccount_add"), filled))


def test_nobody_gets_two_rows(operator):
    BillingAccount.objects.create(user=User.objects.create_user("alice@example.com"))
    answer = operator.post(url("billingaccount_add"), gift(make_plan("one"), email="alice@example.com"))
    assert "in the list already" in text(answer)


def test_only_the_gift_can_be_written(local, shop, operator, alice):
    """What Stripe says cannot be typed in."""
    alice.subscribe(shop.month)
    local.deliver()
    forged = gift(shop.two, status="canceled", customer_id="cus_forged", user=1) | {"plan": shop.two.pk}
    assert operator.post(url("billingaccount_change", alice.account.pk), forged).status_code == 302
    account = alice.account
    assert (account.status, account.plan, account.comp_plan) == ("active", shop.one, shop.two)
    assert account.customer_id != "cus_forged"
    assert account.user == alice.user


def test_an_account_is_read_again_from_stripe(local, shop, operator, alice):
    alice.subscribe(shop.month)
    page = url("billingaccount_change", alice.account.pk)
    assert "Read again from Stripe" in text(operator.get(page))
    answer = operator.post(url("billingaccount_read_again", alice.account.pk), follow=True)
    assert "This is what Stripe says now" in text(answer)
    assert alice.plan == "one"
    local.fail_next(status=500, times=3)
    answer = operator.post(url("billingaccount_read_again", alice.account.pk), follow=True)
    assert "Stripe did not answer" in text(answer)


def test_an_account_links_to_the_dashboard_of_the_right_mode(local, shop, operator, alice, settings):
    alice.subscribe(shop.month)
    page, customer = url("billingaccount_change", alice.account.pk), alice.account.customer_id
    assert f"https://dashboard.stripe.com/test/customers/{customer}" in text(operator.get(page))
    settings.STRIPE_LIVEMODE = True
    assert f"https://dashboard.stripe.com/customers/{customer}" in text(operator.get(page))


def test_refunds_and_disputes_are_on_the_page_of_the_account(local, shop, operator, alice, client_at_stripe):
    alice.subscribe(shop.month)
    charge = local.objects("charge")[0]["id"]
    local.dispute(charge)
    client_at_stripe.refunds.create({"charge": charge})
    local.deliver()
    page = text(operator.get(url("billingaccount_change", alice.account.pk)))
    assert "charge.refunded" in page
    assert "charge.dispute.created" in page
    found = text(operator.get(url("stripeevent_changelist") + "?attention=money"))
    assert "charge.refunded" in found
    assert "invoice.paid" not in found.split('id="changelist-filter"')[0].split('id="result_list"')[1]


def test_accounts_are_found_by_address(local, shop, operator, alice, charlie):
    for person in (alice, charlie):
        person.subscribe(shop.month)
    page = text(operator.get(url("billingaccount_changelist") + "?q=alice@example.com"))
    assert "alice@example.com" in page
    assert "charlie@example.com" not in page


# --- Events -----------------------------------------------------------------------------------------


def test_an_event_that_failed_is_processed_again(local, shop, operator, alice):
    alice.subscribe(shop.month)
    local.fail_next(status=500, times=300, method="get", path="/v1/subscriptions")
    local.deliver(types=["invoice.paid"])
    local.release()
    event = StripeEvent.objects.get(type="invoice.paid")
    assert event.event_id in text(operator.get(url("stripeevent_change", event.pk)))
    answer = operator.post(url("stripeevent_again", event.pk), follow=True)
    assert "Done: invoice.paid" in text(answer)
    event.refresh_from_db()
    assert event.processed_at
    assert alice.plan == "one"


def test_several_events_are_processed_again_and_a_failure_is_said(local, shop, operator, alice):
    alice.subscribe(shop.month)
    local.deliver()
    keys = list(StripeEvent.objects.values_list("pk", flat=True))
    local.fail_next(status=500, times=3)
    chosen = {"action": "process_again", "_selected_action": keys}
    page = text(operator.post(url("stripeevent_changelist"), chosen, follow=True))
    assert "(Unreachable)" in page
    assert "Done: " in page


def test_an_event_cannot_be_typed_in_or_changed(local, shop, operator, alice):
    alice.subscribe(shop.month)
    local.deliver()
    assert operator.get(url("stripeevent_add")).status_code == 403
    event = StripeEvent.objects.all()[0]
    operator.post(url("stripeevent_change", event.pk), {"type": "payout.paid", "error": "x"})
    assert StripeEvent.objects.get(pk=event.pk).type == event.type
