"""What is derived at run time from the installed library."""

import stripe

from tests.stripe_local import api, check, empty, spec
from tests.stripe_local.calls import HANDLERS


def test_it_knows_hundreds_of_calls():
    """Every service of API v1 is read, not only the ones that are modelled."""
    assert len(spec.operations()) > 400
    assert spec.match("get", "/v1/treasury/transactions/x") is not None


def test_every_modelled_call_exists_in_the_library():
    """After an upgrade, a call that Stripe removed fails here by its name."""
    assert api.MODELLED
    assert [each for each in HANDLERS if each not in spec.operations()] == []


def test_every_modelled_parameter_exists_in_the_library():
    """A parameter that a handler reads but Stripe no longer takes fails here by its name."""
    missing = []
    for key, (_, takes) in HANDLERS.items():
        params = spec.params_of(spec.operations()[key])
        known = spec.keys_of(params)[0] if params else {}
        missing += [(key, name) for name in takes if name.split(".")[0] not in known]
    assert missing == []


def test_a_literal_path_wins_over_a_placeholder():
    """`/v1/invoices/search` is not the invoice called "search"."""
    found = spec.match("get", "/v1/invoices/search")
    assert found is not None
    assert found.path == "/v1/invoices/search"


def test_it_makes_complete_resources():
    """Every resource of API v1 can be made empty, and is then what the library declares."""
    generic = {"list", "search_result", "file_upload"}
    names = [name for name in spec.RESOURCES - generic if not name.startswith("v2.")]
    assert len(names) > 100
    assert {
        name: check.problems(empty.make(name)) for name in names if check.problems(empty.make(name))
    } == {}


def test_a_removed_field_is_noticed():
    """The classes of this version, not of an older one: the period is on the item, not on the subscription."""
    assert "current_period_end" not in spec.fields_of(stripe.Subscription)
    assert "current_period_end" in spec.fields_of(stripe.SubscriptionItem)


def test_the_checker_names_every_departure():
    """A wrong enumeration, an unknown field, a missing one, a wrong type, a bool for a number."""
    wrong = empty.make("subscription") | {"status": "happy", "extra": 1, "cancel_at": "5", "created": True}
    del wrong["currency"]
    found = " ".join(check.problems(wrong))
    for name in ("status", "extra: unknown", "cancel_at", "created", "currency: missing"):
        assert name in found


def test_the_checker_looks_inside():
    """Lists, pages and nested objects are checked too."""
    subscription = empty.make("subscription")
    subscription["items"]["data"] = [empty.make("subscription_item") | {"quantity": "1"}]
    subscription["billing_mode"]["type"] = "odd"
    found = " ".join(check.problems(subscription))
    assert "items[0].quantity" in found
    assert "billing_mode.type" in found


def test_a_deleted_resource_is_a_bare_marker():
    """Three fields and no more."""
    marker = {"id": "cus_1", "object": "customer", "deleted": True}
    assert check.problems(marker) == []
    assert check.problems(marker | {"email": "alice@example.com"}) != []
