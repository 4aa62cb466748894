"""The settings, and the only reader of the environment.

Every variable may also be given as NAME_FILE, a path whose content is the value (as
container platforms hand out secrets). What is missing or malformed stops the process
with one message that lists all of it; there is no default for a key.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import EnvValidationError, FileAwareEnv
from marshmallow.validate import Length, Range

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = FileAwareEnv(eager=False)


def unguessable_or_none(value: str) -> None:
    """A token that nobody can try out, or none at all."""
    if value:
        Length(min=32)(value)


DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", validate=Length(min=32))
# The second lock on every stored secret, newest first. Kept apart from SECRET_KEY so that
# rotating sign-in sessions never touches stored secrets, and the other way round.
SECRET_ENCRYPTION_KEYS: list[str] = env.list("SECRET_ENCRYPTION_KEYS")
SITE_ORIGIN = env.str("SITE_ORIGIN")
SITE_NAME = env.str("SITE_NAME", "Onetime Secret")
DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'onetime.sqlite3'}")
DATABASE_POOL = env.bool("DATABASE_POOL", False)
REDIS_URL = env.str("REDIS_URL", "")
EMAIL_URL = env.str("EMAIL_URL", "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "onetime@localhost")
OPERATOR_EMAIL = env.str("OPERATOR_EMAIL", "")
OPERATOR_NAME = env.str("OPERATOR_NAME", "")
OPERATOR_JURISDICTION = env.str("OPERATOR_JURISDICTION", "")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRETS: list[str] = env.list("STRIPE_WEBHOOK_SECRETS", [])
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")
# Whether the key is one for real money; said apart from the key, it catches a mix-up at the start.
STRIPE_LIVEMODE = env.bool("STRIPE_LIVEMODE", STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")))
BILLING_GRACE_DAYS = env.int("BILLING_GRACE_DAYS", 7)
BILLING_TRIAL_DAYS = env.int("BILLING_TRIAL_DAYS", 0)
BILLING_DELETE_CUSTOMER = env.bool("BILLING_DELETE_CUSTOMER", True)
# How many proxies of ours stand before the server; 0 trusts no forwarded address at all.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0, validate=Range(min=0))
ADMIN_PATH = env.str("ADMIN_PATH", "admin/").strip("/") + "/"
ADMIN_REQUIRES_SECOND_FACTOR = env.bool("ADMIN_REQUIRES_SECOND_FACTOR", False)
# Seconds during which the holder of a claim may fetch again; 0 erases with the answer.
HOLD_SECONDS = env.int("HOLD_SECONDS", 120, validate=Range(0, 3600))
RATE_LIMITS = env.str("RATE_LIMITS", "on")
# What /metrics asks for; without it there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", "", validate=unguessable_or_none)
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
# Tests only: a directory that `pseudo_locale` filled, whose two pseudo-languages join the real ones.
PSEUDO_LOCALES = env.str("PSEUDO_LOCALES", "")
BACKUP_PUBLIC_KEY = env.str("BACKUP_PUBLIC_KEY", "")
# What was opened or burned, outside the database: see onetime/journal.py. Empty: none is kept.
BACKUP_JOURNAL = env.str("BACKUP_JOURNAL", str(VAR_DIR / "consumed.journal"))

# Where the segments of files are kept; empty: in the database. See docs/files.md.
FILES_URL = env.str("FILES_URL", "")

try:
    env.seal()
except EnvValidationError as error:
    reasons: Any = error.error_messages
    missing = "; ".join(f"{name}: {', '.join(why)}" for name, why in reasons.items())
    raise ImproperlyConfigured(f"The environment is incomplete. {missing}") from None

ORIGIN = urlsplit(SITE_ORIGIN)
if ORIGIN.scheme not in {"http", "https"} or not ORIGIN.hostname or ORIGIN.path.strip("/"):
    raise ImproperlyConfigured("SITE_ORIGIN must be like https://secrets.example.com, without a path.")
SITE_ORIGIN = SITE_ORIGIN.rstrip("/")
HTTPS = ORIGIN.scheme == "https"
ALLOWED_HOSTS = [ORIGIN.hostname, "127.0.0.1", "localhost"] if not HTTPS else [ORIGIN.hostname]

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "onetime",
    "accounts",
    "secrets_app",
    "billing",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "accounts.admin_apps.OperatorsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

# The order is the cost: what an anonymous visitor's request does not need returns early.
MIDDLEWARE = [
    "onetime.middleware.KeptPagesMiddleware",
    "onetime.middleware.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "onetime.middleware.LanguageMiddleware",
    "onetime.middleware.RateLimitMiddleware",
    "onetime.middleware.SessionMiddleware",
    "onetime.middleware.CrossSiteMiddleware",
    "onetime.middleware.AuthenticationMiddleware",
    "onetime.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "onetime.urls"
WSGI_APPLICATION = "onetime.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "onetime.context.site",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------


def database_from_url(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for sqlite:///path or postgres://user:password@host:port/name.

    A PostgreSQL socket directory goes into the query: postgres:///name?host=/run/postgresql.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite_database(parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path)
    if parts.scheme in {"postgres", "postgresql"}:
        return postgres_database(url)
    raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgres://")


def sqlite_database(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "onetime.sqlite",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A writer takes its lock at BEGIN, so two never meet half-way (SQLITE_BUSY).
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # secure_delete overwrites what is erased; FULL keeps a confirmed secret through
            # a power cut.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }


def postgres_database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, object] = {}
    for pair in filter(None, parts.query.split("&")):
        name, _sep, value = pair.partition("=")
        options[name] = value
    if DATABASE_POOL:
        options["pool"] = {"min_size": 2, "max_size": 8}
    return {
        "ENGINE": "onetime.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0 if DATABASE_POOL else None,
        "CONN_HEALTH_CHECKS": True,
        # They break behind a transaction-mode pooler; so do prepared statements: see onetime/postgresql.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": database_from_url(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def files_store_from_url(url: str) -> dict[str, Any] | None:
    """Options of django-storages for s3://KEY:SECRET@HOST:PORT/BUCKET?region=…&tls=0; None for an empty url.

    Without a host it is Amazon's, without a key what the machine's role allows.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        endpoint, query = _endpoint(parts), dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ImproperlyConfigured(FILES_URL_FORM) from None
    bucket = parts.path.strip("/")
    good = parts.scheme == "s3" and bucket and "/" not in bucket and set(query) <= {"region", "tls"}
    if not good or bool(parts.username) != bool(parts.password) or query.get("tls", "1") not in {"0", "1"}:
        raise ImproperlyConfigured(FILES_URL_FORM)
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "FILES_URL needs django-storages: pip install --require-hashes -r requirements.txt "
            "-r requirements-s3.txt"
        )
    return {
        "bucket_name": bucket,
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        "endpoint_url": f"{'http' if query.get('tls') == '0' else 'https'}://{endpoint}"
        if endpoint
        else None,
        "region_name": query.get("region"),
        "default_acl": None,
    }


FILES_URL_FORM = "FILES_URL must be like s3://KEY:SECRET@HOST:PORT/BUCKET?region=eu-central-1&tls=1"


def _endpoint(parts: SplitResult) -> str:
    """HOST:PORT without the keys. Raises ValueError for a port that is none."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


FILES_STORE = files_store_from_url(FILES_URL)

# Redis may vanish and return: onetime.cache counts in the process meanwhile.
CACHES = {
    "default": (
        {
            "BACKEND": "onetime.cache.RedisOrProcessCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "onetime",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
        }
        if REDIS_URL
        else {"BACKEND": "onetime.cache.ProcessCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
    ),
    # What django-ratelimit wants counted; the cache above does it, see onetime/cache.py.
    "notes": {"BACKEND": "onetime.cache.Notes"},
}

# --- Sessions: the one cookie ------------------------------------------------------------------

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_PATH = "/"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "onetime.views.forbidden"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Transport --------------------------------------------------------------------------------

SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"
# Bodies over this are refused before they are read; each view names a smaller limit of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# A file in a form is in clear: Django's handlers would park it on the disk. The one page that takes files
# reads them itself (secrets_app/posted.py).
FILE_UPLOAD_HANDLERS = ["onetime.no_files.NoFiles"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# --- Accounts ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# One query and one Argon2 for every try at a password, whatever the address.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Of allauth: the stages of a sign-in and the second factors. See accounts/adapter.py.
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the mailed code has verified it before there is an account
ACCOUNT_RATE_LIMITS = False  # ours are in onetime/ratelimit.py
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # 30 seconds early or late
MFA_RECOVERY_CODE_DIGITS = 10
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # the device is unlocked: held and known, or held and been
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers allow http://localhost alone
# A passkey belongs to a name; browsers refuse one for a bare address.
PASSKEYS = not ORIGIN.hostname.replace(".", "").isdigit() and ":" not in ORIGIN.hostname

# --- Language -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("uk", _("Ukrainian"))]
LOCALE_PATHS = [BASE_DIR / "onetime" / "locale"]
FORMAT_MODULE_PATH = ["onetime.formats"]
if PSEUDO_LOCALES:
    if HTTPS:
        raise ImproperlyConfigured("PSEUDO_LOCALES is for tests: it has no place on a site with HTTPS.")
    LANGUAGES += [(code, _("English")) for code in ("en-xa", "ar-xb")]
    LOCALE_PATHS.append(Path(PSEUDO_LOCALES))
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---------------------------------------------------------------------------------

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "onetime.storage.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# --- Mail, log, limits ------------------------------------------------------------------------------


def email_from_url(url: str) -> dict[str, object]:
    """Django's EMAIL_* settings for smtp://, smtps://, smtp+starttls:// or file:///directory."""
    parts = urlsplit(url)
    if not url:
        return {"EMAIL_BACKEND": "onetime.mail.UnconfiguredBackend"}
    if parts.scheme == "file":
        return {"EMAIL_BACKEND": "onetime.mail.FileAndTerminalBackend", "EMAIL_FILE_PATH": parts.path}
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"}:
        raise ImproperlyConfigured(
            "EMAIL_URL must begin with smtp://, smtps://, smtp+starttls:// or file:///"
        )
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtps": 465, "smtp+starttls": 587}[parts.scheme],
        "EMAIL_HOST_USER": parts.username or "",
        "EMAIL_HOST_PASSWORD": parts.password or "",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
        "EMAIL_TIMEOUT": 10,
    }


globals().update(email_from_url(EMAIL_URL))

LOGGING_CONFIG = "onetime.log.configure"
# Django calls LOGGING_CONFIG only where this is not empty; what it holds is not used.
LOGGING: dict[str, object] = {"version": 1}

# Plan limits come from billing; the core asks through onetime.limits and knows no billing.
LIMITS_FOR = "billing.limits.limits_for"

RATELIMIT_USE_CACHE = "notes"
RATELIMIT_HASH_ALGORITHM = "onetime.ratelimit.keyed_digest"
SILENCED_SYSTEM_CHECKS = [
    # The embedded site counts in each process: the README says so.
    "django_ratelimit.E003",
    "django_ratelimit.W001",
]

BILLING_ENABLED = bool(STRIPE_SECRET_KEY)
