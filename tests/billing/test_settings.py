"""Keys that do not fit together stop the process; without keys Stripe's library is not loaded."""

import os
import subprocess
import sys

import pytest

from tests.site import ROOT, site_environment

LIVE = "sk_live_" + "x" * 20
TEST = "sk_test_" + "x" * 20


def start(tmp_path, code="print('started')", **more):
    env = site_environment(tmp_path, 1, f"sqlite:///{tmp_path / 'x.sqlite3'}", **more)
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=ROOT, env={**env, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"STRIPE_SECRET_KEY": "pk_test_x"}, "must begin with sk_test_"),
        ({"STRIPE_SECRET_KEY": "whsec_x"}, "must begin with sk_test_"),
        ({"STRIPE_SECRET_KEY": TEST, "STRIPE_LIVEMODE": "true"}, "different modes"),
        ({"STRIPE_SECRET_KEY": LIVE, "STRIPE_LIVEMODE": "false"}, "different modes"),
        ({"STRIPE_SECRET_KEY": LIVE, "STRIPE_API_BASE": "http://127.0.0.1:1"}, "sk_test_ key only"),
        ({"STRIPE_SECRET_KEY": "rk_test_x", "STRIPE_API_BASE": "http://127.0.0.1:1"}, "sk_test_ key only"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:1"}, "sk_test_ key only"),
        ({"STRIPE_SECRET_KEY": LIVE}, "needs an https SITE_ORIGIN"),
        ({"STRIPE_SECRET_KEY": TEST, "STRIPE_WEBHOOK_SECRETS": "whsec_a,b"}, "must begin with whsec_"),
        ({"BILLING_GRACE_DAYS": "-1"}, "must not be below 0"),
    ],
)
def test_settings_that_do_not_fit_stop_the_process(tmp_path, more, reason):
    done = start(tmp_path, **more)
    assert done.returncode != 0
    assert reason in done.stderr
    for key in (LIVE, TEST):
        assert key not in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"STRIPE_SECRET_KEY": TEST},
        {"STRIPE_SECRET_KEY": "rk_test_x", "STRIPE_WEBHOOK_SECRETS": "whsec_a,whsec_b"},
        {"STRIPE_SECRET_KEY": TEST, "STRIPE_API_BASE": "http://127.0.0.1:12111"},
        {"STRIPE_SECRET_KEY": LIVE, "SITE_ORIGIN": "https://secrets.example.com", "STRIPE_LIVEMODE": "true"},
    ],
)
def test_settings_that_fit_start(tmp_path, more):
    done = start(tmp_path, **more)
    assert done.stdout == "started\n", done.stderr


def test_without_keys_the_library_is_never_loaded(tmp_path):
    """Neither by the start nor by resolving every address nor by the admin."""
    code = (
        "import sys; from django.urls import get_resolver; get_resolver().url_patterns; "
        "import billing.admin, billing.webhook; print('stripe' in sys.modules)"
    )
    done = start(tmp_path, code)
    assert done.stdout == "False\n", done.stderr
