"""Alice owns, Bob has another account; who has none is a stranger."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts import tokens
from accounts.models import User
from onetime.limits import limits_for
from tests.secrets_app.v2 import Api


def account(email):
    user = User.objects.create_user(email)
    return Api({"Authorization": f"Bearer {tokens.create(user)}"}, user=user)


@pytest.fixture
def alice(db):
    return account("alice@example.com")


@pytest.fixture
def bob(db):
    return account("bob@example.com")


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Callable[..., Any]) -> Callable[..., Any]:
    """Counted as in a process that has served before, and knows the plans (tests/billing/test_limits.py)."""

    def counted(*args: Any, **kwargs: Any) -> Any:
        limits_for(None)
        return django_assert_num_queries(*args, **kwargs)

    return counted
