"""The privacy promises as system checks: `manage.py check --tag privacy`, and every start.

The lists below name what is known; the rules beside them refuse what is not. Lists of names age,
so each of them is backed by a rule about structure that needs no list.
"""

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - as Django calls it
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connections

from onetime import inventory, middleware, source_rules
from onetime.inventory import Kind
from onetime.log import RouteInsteadOfPath

TAG = "privacy"

#: Import names of software that watches visitors or reports to somebody, by what it is. Kept as
#: module roots; a sub-package of one of them is refused too. Reviewed at each release.
TRACKING = {
    "analytics": {
        "analytical", "amplitude", "countly", "django_google_analytics", "easy_timezones", "fathom",
        "google_analytics", "heap", "keen", "matomo", "matomo_api_tracking", "mixpanel", "piwik", "plausible",
        "posthog", "segment", "snowplow_tracker", "statsd", "tracking", "tracking_analyzer", "umami",
        "user_visit", "django_visitor", "visits", "request", "silk", "hitcount", "pageviews",
    },
    "session replay": {
        "fullstory", "highlight_io", "hotjar", "logrocket", "mouseflow", "openreplay", "smartlook",
    },
    "advertising": {
        "adzone", "admob", "criteo", "django_ads", "facebook_business", "facebook_pixel", "google_ads",
        "googleads", "adserver",
    },
    "error reporting": {
        "airbrake", "bugsnag", "elasticapm", "honeybadger", "newrelic", "opbeat", "raven", "rollbar",
        "sentry_sdk", "ddtrace", "appsignal", "opentelemetry", "logfire", "django_datadog_logger",
        "scout_apm", "stackify",
    },
    "experiments on visitors": {
        "ab_testing", "experiments", "growthbook", "launchdarkly", "ldclient", "optimizely", "waffle",
    },
    "logging of addresses": {
        "axes", "defender", "django_structlog", "easyaudit", "login_history", "auditlog", "request_logging",
        "django_guid", "loginas", "user_sessions", "usersessions", "field_audit", "pghistory",
    },
    "marketing mail": {
        "anymail", "klaviyo", "mailchimp3", "mailchimp_marketing", "mailchimp_transactional", "postmarker",
        "sendgrid", "sendgrid_backend", "sparkpost", "hubspot", "intercom", "customerio", "brevo_python",
    },
    "social buttons": {
        "addthis", "disqus", "django_social_share", "sharethis", "social_share", "socialaccount",
    },
}  # fmt: skip
KIND_OF_TRACKING = {name: kind for kind, names in TRACKING.items() for name in names}

#: What software for watching calls itself, where no list knows it yet.
WATCHING = re.compile(r"analytic|tracking|tracker|telemetr|pixel|session_?replay|advert|retarget|heatmap")

#: Packages whose applications and middleware may be installed. Anything else needs a review of
#: what it stores, and a line in the inventory.
OWN_PACKAGES = set(source_rules.PACKAGES)
ALLOWED_PACKAGES = OWN_PACKAGES | {"django", "allauth", "whitenoise"}
#: allauth's parts, each reviewed: `usersessions` stores addresses, `socialaccount` asks third parties.
ALLOWED_ALLAUTH = {"allauth", "allauth.account", "allauth.mfa"}

MAIL_BACKENDS = {
    "django.core.mail.backends.smtp.EmailBackend",
    "django.core.mail.backends.console.EmailBackend",
    "django.core.mail.backends.dummy.EmailBackend",
    "django.core.mail.backends.filebased.EmailBackend",
    "django.core.mail.backends.locmem.EmailBackend",  # what Django's test runner puts in place
    "onetime.mail.FileAndTerminalBackend",
    "onetime.mail.UnconfiguredBackend",
}
SESSION_ENGINES = {
    "django.contrib.sessions.backends.db",
    "django.contrib.sessions.backends.cached_db",
}
#: What each cookie setting must be, and why.
COOKIE_SETTINGS: dict[str, tuple[Any, str]] = {
    "CSRF_USE_SESSIONS": (True, "else every form gives its visitor a csrftoken cookie"),
    "SESSION_SAVE_EVERY_REQUEST": (False, "else every visitor gets a session"),
    "SESSION_COOKIE_HTTPONLY": (True, "no script needs the session"),
    "SESSION_COOKIE_DOMAIN": (None, "the session belongs to this host alone"),
    "MESSAGE_STORAGE": (
        "django.contrib.messages.storage.session.SessionStorage",
        "the other storages give visitors a messages cookie",
    ),
}
CSP_KEYWORDS = {"'self'", "'none'", "'script'"}
#: Conversions in a log format that would print who or where from.
LOG_FORMAT_WORDS = ("request", "client", "ip", "address", "user", "path", "url", "query", "host", "referer")
#: Where servers say that they start and stop; they know nothing of requests.
SERVER_LOGS = {"_granian", "gunicorn.error", "uvicorn.error"}
LOG_HANDLERS = {
    "logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "logging._StderrHandler",
    "logging.handlers.RotatingFileHandler", "logging.handlers.TimedRotatingFileHandler",
    "logging.handlers.WatchedFileHandler",
}  # fmt: skip
#: What PostgreSQL's settings must be so that it writes no statement into its log, with what is in it. A
#: failed one is an "error", but "log" and "fatal" would quote what runs when its connection is ended.
QUIET_DATABASE = {
    "log_min_error_statement": ("panic",),
    "log_parameter_max_length_on_error": ("0",),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}


def error(id_: str, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"{TAG}.{id_}")


# --- Software that watches ------------------------------------------------------------------------


def tracking_kind(dotted: str) -> str | None:
    """What a module is known to do to visitors, from its dotted name."""
    parts = dotted.lower().split(".")
    if parts[0] == "django":
        return None
    known = parts if parts[0] not in OWN_PACKAGES else []
    kind = next((KIND_OF_TRACKING[part] for part in known if part in KIND_OF_TRACKING), None)
    return kind or ("tracking, by its name" if WATCHING.search(dotted.lower()) else None)


def allowed(dotted: str) -> bool:
    return dotted.split(".", 1)[0] in ALLOWED_PACKAGES


@register(TAG)
def check_apps(**_kwargs: object) -> list[CheckMessage]:
    return [*_app_errors()]


def _app_errors() -> Iterator[CheckMessage]:
    for app in settings.INSTALLED_APPS:
        name = app.split(".apps.")[0]
        if kind := tracking_kind(name):
            yield error(
                "E001", f"INSTALLED_APPS has {app}: {kind}.", "Visitors are promised that nobody watches."
            )
        elif not allowed(name) or (name.startswith("allauth") and name not in ALLOWED_ALLAUTH):
            yield error(
                "E002",
                f"INSTALLED_APPS has {app}, which nobody has reviewed.",
                "Read what it stores and sends, declare that in onetime/inventory.py, then allow it here.",
            )


@register(TAG)
def check_middleware(**_kwargs: object) -> list[CheckMessage]:
    return [*_middleware_errors()]


def context_processors() -> list[str]:
    engines: list[dict[str, Any]] = settings.TEMPLATES
    return [name for engine in engines for name in engine.get("OPTIONS", {}).get("context_processors", [])]


def _middleware_errors() -> Iterator[CheckMessage]:
    for name in (*settings.MIDDLEWARE, *context_processors()):
        if kind := tracking_kind(name):
            yield error("E003", f"{name} is {kind}.", "It would see every request.")
        elif not allowed(name):
            yield error(
                "E004", f"{name} is from a package that nobody has reviewed.", "It would see every request."
            )
    if "django.middleware.locale.LocaleMiddleware" in settings.MIDDLEWARE:
        yield error("E004", "LocaleMiddleware reads a language cookie; languages are chosen by URL.")


@register(TAG)
def check_loaded_modules(**_kwargs: object) -> list[CheckMessage]:
    """Reporters that need no app and no middleware: they patch the process they are imported in."""
    reporters = TRACKING["error reporting"] | TRACKING["session replay"] | TRACKING["advertising"]
    return [
        error(
            "E005",
            f"{name} is loaded: {KIND_OF_TRACKING[name]}.",
            "It sends what goes wrong to somebody else.",
        )
        for name in sorted(reporters & set(sys.modules))
    ]


# --- Cookies and sessions ---------------------------------------------------------------------------


@register(TAG)
def check_cookies(**_kwargs: object) -> list[CheckMessage]:
    return [*_cookie_errors()]


def _cookie_errors() -> Iterator[CheckMessage]:
    for name, (wanted, why) in COOKIE_SETTINGS.items():
        if getattr(settings, name) != wanted:
            yield error("E006", f"{name} must be {wanted!r}: {why}.")
    https = settings.SITE_ORIGIN.startswith("https:")
    if settings.SESSION_COOKIE_SECURE is not https:
        yield error("E006", f"SESSION_COOKIE_SECURE must be {https} for {settings.SITE_ORIGIN}.")
    if settings.SESSION_COOKIE_SAMESITE not in {"Lax", "Strict"}:
        yield error(
            "E006", "SESSION_COOKIE_SAMESITE must be Lax or Strict: no other site may use the session."
        )
    declared = set(inventory.names(Kind.COOKIE))
    if settings.SESSION_COOKIE_NAME.removeprefix("__Host-") not in declared:
        yield error(
            "E006", f"The cookie {settings.SESSION_COOKIE_NAME} is not declared in onetime/inventory.py."
        )
    if settings.SESSION_ENGINE not in SESSION_ENGINES:
        yield error("E007", f"SESSION_ENGINE is {settings.SESSION_ENGINE}; it must be the database.",
                    "Signing out must end a session; a cookie holds a random number only.")  # fmt: skip
    if "onetime.middleware.SessionMiddleware" not in settings.MIDDLEWARE:
        yield error("E007", "onetime.middleware.SessionMiddleware must be in MIDDLEWARE.",
                    "It is what keeps visitors without a session.")  # fmt: skip


# --- Third parties in pages ---------------------------------------------------------------------------


@register(TAG)
def check_content_policy(**_kwargs: object) -> list[CheckMessage]:
    policies = {"onetime.middleware": middleware.CONTENT_SECURITY_POLICY}
    return [
        error(
            "E008",
            f"The Content-Security-Policy of {where} allows {source} as {directive}.",
            "Pages load from this host alone; a page that must post elsewhere says so in its own view.",
        )
        for where, policy in policies.items()
        for directive, sources in policy.items()
        for source in sources.split()
        if source not in CSP_KEYWORDS
    ]


@register(TAG)
def check_static_host(**_kwargs: object) -> list[CheckMessage]:
    return [
        error("E009", f"{name} is {value}: files would come from another host.")
        for name in ("STATIC_URL", "MEDIA_URL")
        if "//" in (value := str(getattr(settings, name) or "").removeprefix(settings.SITE_ORIGIN))
    ]


# --- Log and mail -----------------------------------------------------------------------------------


@register(TAG)
def check_logging(**_kwargs: object) -> list[CheckMessage]:
    return [*_logging_errors()]


def _logging_errors() -> Iterator[CheckMessage]:
    if settings.LOGGING_CONFIG != "onetime.log.configure" or not settings.LOGGING:
        yield error("E010", "LOGGING_CONFIG must be onetime.log.configure, and LOGGING not empty.",
                    "Django's own configuration logs paths, which hold link keys.")  # fmt: skip
    if settings.ADMINS or settings.MANAGERS:
        yield error("E011", "ADMINS and MANAGERS must be empty.", "Django would mail them whole requests.")
    for name, logger in (("root", logging.getLogger()), *sorted(logging.Logger.manager.loggerDict.items())):
        for handler in getattr(logger, "handlers", ()):
            yield from _handler_errors(name, handler)


def _handler_errors(name: str, handler: logging.Handler) -> Iterator[CheckMessage]:
    kind = f"{type(handler).__module__}.{type(handler).__qualname__}"
    if kind.startswith("_pytest.") or name in SERVER_LOGS or kind == "logging.NullHandler":
        return
    if kind not in LOG_HANDLERS:
        yield error("E012", f"The log {name} goes to {kind}.", "The log stays on this machine.")
    elif not any(isinstance(each, RouteInsteadOfPath) for each in handler.filters):
        yield error("E012", f"A handler of the log {name} lacks the filter that takes link keys out.")
    form = str(getattr(handler.formatter, "_fmt", "")).lower()
    for word in LOG_FORMAT_WORDS:
        if f"%({word}" in form or f"{{{word}" in form:
            yield error("E013", f"The log {name} prints {word} in every line.", "Nobody's address is logged.")


@register(TAG, Tags.database)
def check_database_log(databases: Sequence[str] | None = None, **_kwargs: object) -> list[CheckMessage]:
    """What sealed content could outlive its erasure in: PostgreSQL's own log.

    It asks the database, so it runs where one is named: `check --database default`, `migrate`, `prepare`.
    A warning, for the site itself keeps its promises; and none from a database that does not answer.
    """
    return [message for alias in databases or () for message in _database_log_warnings(alias)]


def _database_log_warnings(alias: str) -> Iterator[CheckMessage]:
    for name, value in sorted(database_log(alias).items()):
        if value not in QUIET_DATABASE[name]:
            yield Warning(
                f"PostgreSQL's {name} is {value}: it may write statements into its log, with sealed content.",
                hint=f"As its superuser: ALTER ROLE … SET {name} = {QUIET_DATABASE[name][0]}. "
                "docs/operations.md has the command.",
                id=f"{TAG}.W001",
            )


def database_log(alias: str) -> dict[str, str]:
    """What PostgreSQL has as each of those settings; nothing of other databases, or where it is away."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return {}
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(QUIET_DATABASE)]
            )
            return dict(cursor.fetchall())
    except DatabaseError:
        return {}


@register(TAG)
def check_mail(**_kwargs: object) -> list[CheckMessage]:
    if settings.EMAIL_BACKEND in MAIL_BACKENDS:
        return []
    return [
        error(
            "E014",
            f"EMAIL_BACKEND is {settings.EMAIL_BACKEND}.",
            "Services that send mail rewrite links and count who opens them: use SMTP.",
        )
    ]


# --- The inventory, and the source ---------------------------------------------------------------------


@register(TAG)
def check_inventory(**_kwargs: object) -> list[CheckMessage]:
    return [*_inventory_errors()]


def _inventory_errors() -> Iterator[CheckMessage]:
    root = Path(settings.BASE_DIR)
    for kind, found in (inventory.found() | source_rules.found(root)).items():
        undeclared, gone = inventory.compare(inventory.names(kind), found)
        for name in undeclared:
            yield error("E015", f"The {kind} {name} is not declared in onetime/inventory.py.",
                        "Say what it is for, how long it is kept and on what legal basis.")  # fmt: skip
        for name in gone:
            yield error("E016", f"onetime/inventory.py declares the {kind} {name}, which does not exist.")
    for kind in Kind:
        declared = inventory.names(kind)
        for name in sorted({name for name in declared if declared.count(name) > 1}):
            yield error("E017", f"onetime/inventory.py declares the {kind} {name} twice.")


@register(TAG)
def check_source(**_kwargs: object) -> list[CheckMessage]:
    root = Path(settings.BASE_DIR)
    return [Error(str(breach), id=breach.id) for breach in source_rules.scan(root)]


# --- At the start of a server ------------------------------------------------------------------------

CHECKS = (
    check_apps, check_middleware, check_loaded_modules, check_cookies, check_content_policy,
    check_static_host, check_logging, check_mail, check_inventory, check_source,
)  # fmt: skip


def scan_stamp() -> Path:
    """Where `prepare` notes the sources that it has found to keep the promises."""
    return Path(settings.STATIC_ROOT) / ".scanned"


def scanned() -> str:
    """The digest of those sources, or "" where none were read yet."""
    try:
        return scan_stamp().read_text()
    except OSError:
        return ""


def refuse_to_start() -> None:
    """Stop a server that would break a promise; raises ImproperlyConfigured with all reasons.

    Django runs system checks before commands and not before a WSGI server, so wsgi.py calls this.
    Sources that `prepare` has read and found good are not read again while they stay the same.
    """
    known = scanned() == source_rules.digest(Path(settings.BASE_DIR))
    found = [message for check in CHECKS if not (known and check is check_source) for message in check()]
    if found:
        raise ImproperlyConfigured(
            "The privacy promises do not hold. "
            + " ".join(f"({message.id}) {message.msg}" for message in found)
        )
