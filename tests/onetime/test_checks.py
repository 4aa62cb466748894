"""`check --tag privacy`: each planted violation is refused, by name."""

import copy
import logging
import subprocess
import sys
import types

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models

from onetime import checks, inventory, middleware
from onetime.inventory import Kind
from tests.site import ROOT, site_environment


def refusal():
    """What the command says, as one text."""
    with pytest.raises(SystemCheckError) as error:
        call_command("check", "--tag", "privacy")
    return str(error.value)


def test_the_site_as_it_is_keeps_its_promises():
    call_command("check", "--tag", "privacy")
    checks.refuse_to_start()


@pytest.fixture
def installed(monkeypatch):
    """Name one more app in the settings that the checks see; Django itself would try to import it."""

    def add(name):
        names = [*django_settings.INSTALLED_APPS, name]
        monkeypatch.setattr(checks, "settings", types.SimpleNamespace(INSTALLED_APPS=names))

    return add


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("analytical", "analytics"), ("posthog", "analytics"), ("hotjar", "session replay"),
        ("django_ads", "advertising"), ("raven.contrib.django.raven_compat", "error reporting"),
        ("waffle", "experiments"), ("axes", "addresses"), ("allauth.usersessions", "addresses"),
        ("allauth.socialaccount", "social"), ("acme_analytics_pro", "tracking, by its name"),
        ("onetime.heatmap", "tracking, by its name"),
    ],
)  # fmt: skip
def test_software_that_watches_is_refused_as_an_app_by_list_or_by_name(installed, name, kind):
    installed(name)
    said = [message for message in checks.check_apps() if message.id == "privacy.E001"]
    assert name in said[0].msg
    assert kind in said[0].msg


def test_an_app_that_nobody_reviewed_is_refused(installed):
    """No list knows every name: what is not on ours is refused too."""
    installed("brand_new_thing")
    assert [(m.id, "brand_new_thing" in m.msg) for m in checks.check_apps()] == [("privacy.E002", True)]


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("elasticapm.contrib.django.middleware.TracingMiddleware", "privacy.E003"),
        ("visitor_tracking.Middleware", "privacy.E003"),
        ("brand_new.Middleware", "privacy.E004"),
        ("django.middleware.locale.LocaleMiddleware", "privacy.E004"),
    ],
)
def test_middleware_that_watches_or_is_unknown_is_refused(settings, name, id_):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, name]
    said = refusal()
    assert id_ in said
    assert name.split(".")[0] in said or "LocaleMiddleware" in said


def test_a_context_processor_from_elsewhere_is_refused(settings):
    settings.TEMPLATES = copy.deepcopy(settings.TEMPLATES)
    settings.TEMPLATES[0]["OPTIONS"]["context_processors"].append("google_analytics.context.tag")
    assert "google_analytics.context.tag" in refusal()


def test_a_reporter_that_is_merely_imported_is_refused(monkeypatch):
    """Such reporters need no app: they patch the process."""
    monkeypatch.setitem(sys.modules, "sentry_sdk", types.ModuleType("sentry_sdk"))
    assert "sentry_sdk is loaded: error reporting" in refusal()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CSRF_USE_SESSIONS", False, "csrftoken cookie"),
        ("SESSION_SAVE_EVERY_REQUEST", True, "every visitor gets a session"),
        ("MESSAGE_STORAGE", "django.contrib.messages.storage.cookie.CookieStorage", "messages cookie"),
        ("SESSION_COOKIE_HTTPONLY", False, "SESSION_COOKIE_HTTPONLY"),
        ("SESSION_COOKIE_SAMESITE", "None", "SESSION_COOKIE_SAMESITE"),
        ("SESSION_COOKIE_SECURE", True, "SESSION_COOKIE_SECURE"),
        ("SESSION_COOKIE_DOMAIN", ".example.com", "SESSION_COOKIE_DOMAIN"),
        ("SESSION_COOKIE_NAME", "tracker", "The cookie tracker is not declared"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "SESSION_ENGINE"),
        ("EMAIL_BACKEND", "anymail.backends.mailgun.EmailBackend", "rewrite links"),
        ("ADMINS", [("Op", "op@example.com")], "mail them whole requests"),
        ("LOGGING_CONFIG", "logging.config.dictConfig", "hold link keys"),
        ("LOGGING", {}, "LOGGING not empty"),
        ("STATIC_URL", "https://cdn.example.net/", "STATIC_URL is https://cdn.example.net/"),
    ],
)
@pytest.mark.filterwarnings("ignore:Overriding setting")
def test_a_setting_that_breaks_a_promise_is_named(settings, name, value, words):
    setattr(settings, name, value)
    assert words in refusal()


def test_django_s_own_sessions_are_refused(settings):
    """They would start a session for a visitor whom a view gave one by accident."""
    own = "onetime.middleware.SessionMiddleware"
    django_s = "django.contrib.sessions.middleware.SessionMiddleware"
    settings.MIDDLEWARE = [django_s if name == own else name for name in settings.MIDDLEWARE]
    assert "keeps visitors without a session" in refusal()


@pytest.mark.parametrize(
    ("directive", "source"),
    [("script-src", "'self' https://cdn.example.net"), ("style-src", "'unsafe-inline'"), ("img-src", "*"),
     ("form-action", "'self' https://checkout.stripe.com")],
)  # fmt: skip
def test_a_foreign_host_in_the_policy_of_every_page_is_refused(monkeypatch, directive, source):
    monkeypatch.setitem(middleware.CONTENT_SECURITY_POLICY, directive, source)
    said = refusal()
    assert "privacy.E008" in said
    assert source.split()[-1] in said


@pytest.fixture
def handler():
    """A handler that a test may spoil, on a log of its own."""
    logger, handler = logging.getLogger("onetime.test_of_checks"), logging.StreamHandler()
    handler.filters = list(logging.getLogger().handlers[0].filters)
    logger.addHandler(handler)
    yield handler
    logger.handlers.clear()


def test_a_log_format_with_addresses_is_refused(handler):
    handler.setFormatter(logging.Formatter("%(clientip)s %(message)s"))
    assert "prints client in every line" in refusal()


def test_a_log_that_goes_elsewhere_is_refused(handler):
    from logging.handlers import HTTPHandler

    logger = logging.getLogger("onetime.test_of_checks")
    logger.addHandler(HTTPHandler("logs.example.net", "/"))
    assert "goes to logging.handlers.HTTPHandler" in refusal()


def test_a_handler_without_the_filter_is_refused(handler):
    handler.filters = []
    assert "lacks the filter" in refusal()


@pytest.fixture
def undeclared_model():
    from django.apps import apps

    class Visit(models.Model):
        address = models.GenericIPAddressField()

        class Meta:
            app_label = "onetime"

    yield Visit
    del apps.all_models["onetime"]["visit"]
    apps.clear_cache()


def test_an_undeclared_field_is_named(undeclared_model):
    said = refusal()
    assert "The field onetime.Visit.address is not declared" in said
    assert "legal basis" in said


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.FIELD, "accounts.User.birthday"), (Kind.MAIL, "newsletter"), (Kind.LOG, "onetime.visits")],
)
def test_a_declaration_of_what_is_gone_is_named(monkeypatch, kind, name):
    extra = inventory.other(kind, name, *([inventory.ASKED] * 4))
    monkeypatch.setattr(inventory, "INVENTORY", (*inventory.INVENTORY, extra))
    assert f"declares the {kind} {name}, which does not exist" in refusal()


def test_an_undeclared_mail_is_named(monkeypatch):
    from onetime import mail

    def newsletter():
        pass

    newsletter.__module__ = mail.__name__
    monkeypatch.setattr(mail, "newsletter", newsletter, raising=False)
    assert "The mail newsletter is not declared" in refusal()


def test_an_undeclared_limit_in_the_cache_is_named(monkeypatch):
    from onetime import ratelimit

    monkeypatch.setitem(ratelimit.DEFAULTS, "visits", "1/h")
    assert "The cache visits is not declared" in refusal()


def test_a_thing_declared_twice_is_named(monkeypatch):
    monkeypatch.setattr(inventory, "INVENTORY", (*inventory.INVENTORY, inventory.COOKIES[0]))
    assert "declares the cookie session twice" in refusal()


def test_a_server_does_not_start_over_a_broken_promise(settings):
    """Django runs no checks before a WSGI server; wsgi.py does."""
    settings.SESSION_SAVE_EVERY_REQUEST = True
    with pytest.raises(ImproperlyConfigured, match=r"privacy\.E006"):
        checks.refuse_to_start()


def test_the_wsgi_module_runs_the_checks(tmp_path):
    env = site_environment(tmp_path, 9, f"sqlite:///{tmp_path / 'db'}")
    plant = "import sys, types; sys.modules['sentry_sdk'] = types.ModuleType('x'); import onetime.wsgi"
    done = subprocess.run(
        [sys.executable, "-c", plant], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "sentry_sdk is loaded" in done.stderr
    clean = subprocess.run([sys.executable, "-c", "import onetime.wsgi"], cwd=ROOT, env=env, check=False)
    assert clean.returncode == 0
