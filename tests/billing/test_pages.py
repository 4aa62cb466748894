"""The pricing page and a person's own: what they say, to whom, and where their forms may lead."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import BillingAccount, Plan, PlanText
from tests.billing.conftest import make_plan

pytestmark = pytest.mark.django_db
SELF_ONLY = "form-action 'self';"


def text(answer):
    return answer.content.decode()


def test_the_plans_are_shown_with_their_prices_by_the_month(client, local, shop):
    page = text(client.get("/plans"))
    for words in ("Not signed in", "Free account", "One", "Two", "9 CAD", "85 CAD", "Kept for up to 90 days"):
        assert words in page
    assert "90 CAD" not in page


def test_and_by_the_year_without_script(client, local, shop):
    """The switch is two links; a plan without such a price says so."""
    page = text(client.get("/plans?interval=year"))
    assert "90 CAD" in page
    assert "Not by the year" in page
    assert 'href="/plans"' in page
    assert "<script" not in page


def test_a_site_with_one_kind_of_price_has_no_switch(client, local):
    from billing.catalogue import set_price

    set_price(make_plan("one"), "month", "cad", 900)
    assert "By the year" not in text(client.get("/plans"))


def test_a_visitor_gets_no_cookie_and_no_form_that_leads_away(client, local, shop):
    answer = client.get("/plans")
    assert not answer.cookies
    assert SELF_ONLY in answer["Content-Security-Policy"]
    assert "<form" not in text(answer)
    assert "Sign in to subscribe" in text(answer)


def test_only_pages_with_such_a_form_may_lead_to_stripe(local, shop, alice, settings):
    """Browsers hold redirects to form-action too. With a real key it is Stripe's two hosts."""
    for path in ("/plans", "/billing"):
        assert f"form-action 'self' {local.url};" in alice.browser.get(path)["Content-Security-Policy"]
    session = alice.open_checkout(shop.month)
    local.pay(session)
    assert SELF_ONLY in alice.come_back(session)["Content-Security-Policy"]
    settings.STRIPE_API_BASE = ""
    allowed = "form-action 'self' https://checkout.stripe.com https://billing.stripe.com;"
    assert allowed in alice.browser.get("/plans")["Content-Security-Policy"]


def test_no_page_loads_anything_from_stripe(local, shop, alice):
    for path in ("/plans", "/billing"):
        page = alice.browser.get(path)
        assert "stripe.com" not in text(page)
        assert "script-src 'self'" in page["Content-Security-Policy"]


def test_visitors_cost_no_query_after_the_first(client, local, shop, django_assert_num_queries):
    client.get("/plans")
    with django_assert_num_queries(0):
        client.get("/plans")


def test_a_changed_plan_is_seen_at_once(client, local, shop):
    client.get("/plans")
    shop.one.name = "Renamed"
    shop.one.save()
    assert "Renamed" in text(client.get("/plans"))
    PlanText.objects.create(plan=shop.one, language="uk", name="Один", summary="Для себе")
    assert "Один" in text(client.get("/uk/plans"))
    assert "Renamed" in text(client.get("/plans"))


def test_a_hidden_plan_is_not_shown(client, local, shop):
    Plan.objects.filter(pk=shop.two.pk).update(offered=False)
    assert "Two" not in text(client.get("/plans"))


def test_ones_own_plan_is_marked_and_the_others_lead_to_the_portal(local, shop, alice):
    alice.subscribe(shop.month)
    local.deliver()
    page = text(alice.browser.get("/plans"))
    assert "Your plan" in page
    assert "Change my plan" in page
    assert "/billing/checkout" not in page


def test_whoever_is_signed_in_is_not_told_what_visitors_get(local, shop, alice):
    page = text(alice.browser.get("/plans"))
    assert "Not signed in" not in page
    assert "Free account" in page


def test_a_trial_is_offered_to_those_who_had_none(local, shop, alice, settings):
    settings.BILLING_TRIAL_DAYS = 14
    assert "Try 14 days free, then 9 CAD" in text(alice.browser.get("/plans"))
    BillingAccount.objects.create(user=alice.user, trial_used=True)
    assert "Subscribe for 9 CAD" in text(alice.browser.get("/plans"))


def test_amounts_are_written_as_the_reader_does(client, local):
    from billing.catalogue import set_price

    set_price(make_plan("one"), "month", "cad", 123450)
    assert "1,234.50 CAD" in text(client.get("/plans"))
    assert "1\N{NO-BREAK SPACE}234,50 CAD" in text(client.get("/uk/plans"))


# --- A person's own page ----------------------------------------------------------------------------


def test_a_visitor_signs_in_first(client, db):
    answer = client.get("/billing")
    assert (answer.status_code, "next=%2Fbilling" in answer["Location"]) == (303, True)


def test_somebody_without_a_subscription_sees_the_free_account(local, shop, charlie):
    page = text(charlie.browser.get("/billing"))
    assert "Free account" in page
    assert "No subscription" in page
    assert "/billing/portal" not in page


def test_a_subscriber_sees_plan_status_and_when_it_renews(local, shop, alice):
    alice.subscribe(shop.month)
    local.deliver()
    page = text(alice.browser.get("/billing"))
    for words in ("One", "Active", "Renews on", "Change, cancel, card, invoices"):
        assert words in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "trialing"}, "Free trial"),
        ({"status": "past_due", "unpaid_since": timezone.now()}, "Your last payment failed"),
        ({"status": "past_due", "unpaid_since": timezone.now() - timedelta(days=30)}, "Your plan is on hold"),
        ({"status": "unpaid"}, "Your plan is on hold"),
        ({"status": "active", "ends_at": timezone.now() + timedelta(days=3)}, "Cancelled, not over yet"),
        ({"status": "canceled"}, "Ended"),
    ],
)
def test_each_standing_is_said_in_words(local, shop, alice, fields, words):
    end = timezone.now() + timedelta(days=20)
    BillingAccount.objects.create(
        user=alice.user, plan=shop.one, customer_id="cus_1", period_end=end, **fields
    )
    assert words in text(alice.browser.get("/billing"))


def test_nobody_sees_another_persons_page(local, shop, alice, charlie):
    alice.subscribe(shop.month)
    local.deliver()
    assert "No subscription" in text(charlie.browser.get("/billing"))


def test_nothing_of_a_persons_page_is_kept_by_caches(local, alice):
    assert alice.browser.get("/billing")["Cache-Control"] == "no-store"
    assert alice.browser.get("/plans")["Cache-Control"] == "no-store"


# --- Without keys -----------------------------------------------------------------------------------


def test_without_keys_the_plans_say_how_to_reach_the_operator(client, settings):
    settings.BILLING_ENABLED, settings.OPERATOR_EMAIL = False, "operator@example.com"
    make_plan("one")
    page = text(client.get("/plans"))
    assert "Plans cannot be bought on this site" in page
    assert 'href="mailto:operator@example.com"' in page
    assert "Sign in to subscribe" not in page


def test_without_keys_a_given_plan_works_and_shows(client, settings, django_user_model):
    settings.BILLING_ENABLED = False
    user = django_user_model.objects.create_user("alice@example.com")
    BillingAccount.objects.create(
        user=user, comp_plan=make_plan("one"), comp_until=timezone.now() + timedelta(days=9)
    )
    client.force_login(user)
    page = text(client.get("/billing"))
    assert "Given to you" in page
    assert "One" in page
    assert "/billing/portal" not in page


@pytest.mark.parametrize(
    "path", ["/billing/checkout", "/billing/portal", "/billing/done", "/billing/returned"]
)
def test_without_keys_the_ways_to_stripe_do_not_exist(client, settings, path):
    settings.BILLING_ENABLED = False
    assert client.post(path).status_code == 404
    assert client.get(path).status_code == 404
