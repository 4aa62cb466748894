# ruff: noqa: SLF001 - Model._meta is public: https://docs.djangoproject.com/en/5.2/ref/models/meta/
"""The inventory of data: everything that the site keeps, counts, logs, mails or leaves in a browser.

This is the one source. The privacy page and docs/compliance are rendered from it, and
`manage.py check --tag privacy` refuses whatever is stored without being declared here, and
whatever is declared here and gone. To add a model field, add its name to a line below, or a line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from inspect import isfunction
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onetime import mail, metrics, ratelimit
from onetime.journal import CLOSED_ACCOUNT_DAYS

#: A sentence that is translated when it is shown.
Text = Promise


class Kind(StrEnum):
    FIELD = "field"
    CACHE = "cache"
    LOG = "log"
    COOKIE = "cookie"
    BROWSER = "browser"
    MAIL = "mail"
    FILE = "file"
    METRIC = "metric"


HEADINGS = {
    Kind.FIELD: _("In the database"),
    Kind.CACHE: _("In the cache, to limit abuse"),
    Kind.LOG: _("In the server’s log"),
    Kind.COOKIE: _("Cookies"),
    Kind.BROWSER: _("In your browser, besides cookies"),
    Kind.MAIL: _("Mail"),
    Kind.FILE: _("In files beside the database"),
    Kind.METRIC: _("In numbers for whoever runs the site"),
}


@dataclass(frozen=True, slots=True)
class Datum:
    """One row of the table: the names that code knows it by, and what people are told.

    The four texts are translated when shown; they may hold the names of `numbers()` in braces.
    `names` are unique within a kind.
    """

    kind: Kind
    names: tuple[str, ...]
    what: Text
    why: Text
    how_long: Text
    basis: Text


def numbers() -> dict[str, Any]:
    """What the texts may say in figures, read from the settings so that it cannot be wrong."""
    return {
        "hold": settings.HOLD_SECONDS,
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "admin_days": ADMIN_LOG_DAYS,
        "closed_days": CLOSED_ACCOUNT_DAYS,
        "event_days": BILLING_EVENT_DAYS,
    }


#: The figures of an installation whose settings are left as they are, for papers that name none.
USUAL_NUMBERS = {"hold": 120, "session_days": 14, "admin_days": 365, "closed_days": 400, "event_days": 30}


def shown(sentence: Text, figures: dict[str, Any] | None = None) -> str:
    """A text of the inventory in the reader's language, with its figures."""
    return str(sentence).format(**(figures or numbers()))


#: Days that housekeeping keeps the operators' own actions, and notices from the payment provider.
ADMIN_LOG_DAYS = 365
BILLING_EVENT_DAYS = 30

# --- Words that several lines share -----------------------------------------------------------------

ASKED = _("To do what you ask for (GDPR Article 6(1)(b))")
SAFETY = _("To keep the service available and safe (GDPR Article 6(1)(f))")
LAW = _("Because tax law asks for it (GDPR Article 6(1)(c))")
CHOICE = _("Your own choice, taken back at any time (GDPR Article 6(1)(a))")
NOBODY = _("Says nothing about a person")

RECEIPT_LIFE = _("Twice the lifetime that the sender chose, then the row goes")
CONTENT_LIFE = _(
    "Until it is opened, burned or expired. After opening: until the reader’s browser says it has it, "
    "{hold} seconds at most"
)
ACCOUNT_LIFE = _("Until you close the account")
SITE_LIFE = _("As long as the site runs")
DAY = _("Until the limit’s time is over, a day at most; then nobody can tell who it was")


def field(model: str, names: str, what: Text, why: Text, how_long: Text, basis: Text) -> Datum:
    """Fields of one model, `names` parted by spaces: field("accounts.User", "email", …)."""
    return Datum(Kind.FIELD, tuple(f"{model}.{name}" for name in names.split()), what, why, how_long, basis)


def other(kind: Kind, names: str, what: Text, why: Text, how_long: Text, basis: Text) -> Datum:
    """Anything that is not a model field, `names` parted by spaces."""
    return Datum(kind, tuple(names.split()), what, why, how_long, basis)


SECRETS = (
    field(
        "secrets_app.Secret", "content",
        _("The secret itself, encrypted twice: with a key from the link, which we do not have, "
             "and with a key that is not in the database"),
        _("To hand it to whoever opens the link"), CONTENT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Secret", "label",
        _("Your own words about a secret, if you have an account and wrote some, encrypted"),
        _("So that you can tell your secrets apart"), CONTENT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Secret", "id proof_hash receipt_hash claim_hash listing_hash",
        _("Fingerprints of keys that are in the link and the receipt, not the keys"),
        _("To find the secret, and to let one reader and nobody else open it"), RECEIPT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Secret",
        "state passphrase size segments created_at expires_at opened_at burned_at hold_until forget_at "
        "due_at receipt_seen",
        _("What became of a secret and when, its size in steps, whether it needs a passphrase "
             "(never the passphrase), and whether a program has read its receipt"),
        _("To delete it in time, and to show sender and recipient whether it was opened"),
        RECEIPT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Secret", "owner",
        _("Which account made a secret, if it was made while signed in"),
        _("To list your secrets"), RECEIPT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Segment", "id secret_id number content object",
        _("A secret with files, in pieces, encrypted twice in the same way, and where each piece is kept"),
        _("To hand it to whoever opens the link"), CONTENT_LIFE, ASKED,
    ),
    field(
        "secrets_app.Upload",
        "id key_hash size segments proof_hash passphrase ttl owner created_at expires_at",
        _("What is being sent and not a secret yet: its size, fingerprints of its keys and, if you are "
             "signed in, your account"),
        _("So that you can go on when the connection breaks"),
        _("Until all of it has come, six hours at most"), ASKED,
    ),
)  # fmt: skip

ACCOUNTS = (
    field(
        "accounts.User", "email",
        _("Your e-mail address, if you open an account"),
        _("To sign you in and to send account notices"), ACCOUNT_LIFE, ASKED,
    ),
    field(
        "accounts.User", "id password created_at verified_at session_version",
        _("A number, when the account was opened and its address confirmed and, if you want a password, its "
          "Argon2 hash"),
        _("To sign you in, and to sign you out everywhere"), ACCOUNT_LIFE, ASKED,
    ),
    field(
        "accounts.User", "is_superuser is_staff is_active groups user_permissions",
        _("Whether an account is an operator’s, and what it may do"),
        _("To let operators, and nobody else, administer the site"), ACCOUNT_LIFE, SAFETY,
    ),
    field(
        "accounts.Preferences", "user language lifetime passphrase opened_notices",
        _("What you chose on the account page: language of mails, defaults for new secrets, notices"),
        _("To do as you chose"), ACCOUNT_LIFE, ASKED,
    ),
    field(
        "accounts.ApiToken", "id user token_hash created_at last_used_on",
        _("The hash of an API token, if you made one, when it was made, and the day it was last used"),
        _("To let your programs sign in, and to show you which token is in use"),
        _("Until you revoke it or close the account"), ASKED,
    ),
    field("accounts.User_groups", "id user group",
          _("Which operator is in which group"),
          _("To let operators administer the site"), ACCOUNT_LIFE, SAFETY),
    field("accounts.User_user_permissions", "id user permission",
          _("What an operator may do"),
          _("To let operators administer the site"), ACCOUNT_LIFE, SAFETY),
    field(
        "account.EmailAddress", "id user email verified primary",
        _("The same e-mail address, and whether it was confirmed"),
        _("To know that the address is yours"), ACCOUNT_LIFE, ASKED,
    ),
    field(
        "account.EmailConfirmation", "id email_address created sent key",
        _("A confirmation that is under way"),
        _("To know that the address is yours"), ACCOUNT_LIFE, ASKED,
    ),
    field(
        "mfa.Authenticator", "id user type data created_at last_used_at",
        _("Your passkeys, code generator and recovery codes, if you set them up, and when each was "
             "last used"),
        _("To check the second step of a sign-in"), _("Until you remove it or close the account"),
        ASKED,
    ),
    field(
        "sessions.Session", "session_key session_data expire_date",
        _("That a browser is signed in to an account, or an address and a code while it is signing in"),
        _("To sign you in and to keep you signed in"),
        _("Until you sign out, {session_days} days after your last visit at most"), ASKED,
    ),
)  # fmt: skip

OPERATIONS = (
    field(
        "admin.LogEntry",
        "id action_time user content_type object_id object_repr action_flag change_message",
        _("What an operator changed in the administration pages"),
        _("To be able to answer for what operators do"), _("{admin_days} days"), SAFETY,
    ),
    field("auth.Permission", "id name content_type codename",
          _("The list of permissions that exist"), _("The administration pages need it"),
          SITE_LIFE, NOBODY),
    field("auth.Group", "id name permissions",
          _("Groups of operators"), _("The administration pages need it"), SITE_LIFE, NOBODY),
    field("auth.Group_permissions", "id group permission",
          _("What a group of operators may do"), _("The administration pages need it"),
          SITE_LIFE, NOBODY),
    field("contenttypes.ContentType", "id app_label model",
          _("The list of tables"), _("The administration pages need it"), SITE_LIFE, NOBODY),
)  # fmt: skip

#: Names are the limits of onetime.ratelimit; the pattern of their keys is in CACHE_KEYS.
LIMIT_NAMES = (
    "create create_day status claim upload_segment segment wrong_proof wrong_proof_all receipt feedback "
    "sign_in sign_in_address sign_in_address_all mail_link api_token"
)
CACHE = (
    other(
        Kind.CACHE, LIMIT_NAMES,
        _("How often a client did something lately. The client is a number computed from its address "
          "with a key that changes every day; the address itself is not kept. Likewise for an account, "
          "and for an e-mail address that codes are sent to"),
        _("To stop guessing and flooding"), DAY, SAFETY,
    ),
)  # fmt: skip

#: The keys that may be in the cache, as regular expressions. django-ratelimit writes `rl:` and a
#: keyed digest.
CACHE_KEYS = (r"rl:[0-9a-f]{64}",)

LOG = (
    other(
        Kind.LOG, "django.request",
        _("Requests that failed: the time, the kind of page (never its address, which may hold a key) "
             "and the error"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), SAFETY,
    ),
    other(
        Kind.LOG, "django.security",
        _("That a suspicious request was refused, without a word of what was in it"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), SAFETY,
    ),
    other(
        Kind.LOG, "onetime.journal",
        _("That the journal of opened secrets could not be written"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), NOBODY,
    ),
    other(
        Kind.LOG, "secrets_app.objects",
        _("That the store for files did not answer"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), NOBODY,
    ),
    other(
        Kind.LOG, "onetime.outbox",
        _("That a notice could not be mailed, without the address or a word of it"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), NOBODY,
    ),
    other(
        Kind.LOG, "onetime.billing",
        _("That the payment provider did not answer, or that a payment needs the operator’s eye, without "
          "an address, a name or an amount"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), NOBODY,
    ),
    other(
        Kind.LOG, "onetime.feedback",
        _("That a feedback could not be mailed, without a word of it"),
        _("To find and mend faults"), _("As the operator’s log rotation says"), NOBODY,
    ),
)  # fmt: skip

COOKIES = (
    other(
        Kind.COOKIE, "session",
        _("One cookie with a random number, set when you start to sign in and not before"),
        _("To keep you signed in"),
        _("Until you sign out, {session_days} days after your last visit at most"), ASKED,
    ),
)  # fmt: skip

BROWSER = (
    other(
        Kind.BROWSER, "history.state",
        _("While you open a secret: its name and a random number, in the history of that one tab"),
        _("So that a reload or a broken connection does not lose the secret"),
        _("Until you close the tab"), ASKED,
    ),
)  # fmt: skip

NOT_KEPT = _("Not kept by the site: in memory until a mail server has taken it")
MAIL = (
    other(
        Kind.MAIL, "sign_in_code address_confirmation",
        _("Codes to sign in or to confirm an address"),
        _("To know that the mailbox is yours"), NOT_KEPT, ASKED,
    ),
    other(
        Kind.MAIL, "address_changed security_change account_closed",
        _("Notices of changes to how your account is reached or protected, and of its closing"),
        _("So that you notice what somebody else might have done"), NOT_KEPT, SAFETY,
    ),
    other(
        Kind.MAIL, "secret_link",
        _("A secret link, to the address that you have it sent to while signed in"),
        _("To deliver the link; for this it passes through our mail server"), NOT_KEPT, ASKED,
    ),
    other(
        Kind.MAIL, "opened_notice",
        _("A notice that a secret of yours was opened, if you switched such notices on"),
        _("To tell you"), NOT_KEPT, CHOICE,
    ),
    other(
        Kind.MAIL, "payment_failed subscription_ended",
        _("Notices that a payment failed or that a subscription has ended"),
        _("So that you do not lose your plan unawares"), NOT_KEPT, ASKED,
    ),
    other(
        Kind.MAIL, "feedback",
        _("What you write in the feedback form, and your address if you give one, sent to the operator "
             "and not stored here"),
        _("To answer you"), _("Not kept by the site; the operator’s mailbox keeps it"), ASKED,
    ),
)  # fmt: skip

FILES = (
    other(
        Kind.FILE, "journal",
        _("Hashes of the names of secrets that were opened or burned, and of accounts that were closed, "
             "with the time"),
        _("So that a restored backup can never bring them back"),
        _("Secrets: until they would have expired. Accounts: {closed_days} days"), SAFETY,
    ),
    other(
        Kind.FILE, "backup",
        _("Backups of accounts and receipts, if the operator makes them, encrypted to a key that "
             "this server does not have"),
        _("To recover from the loss of the database"), _("As many as the operator keeps"), SAFETY,
    ),
)  # fmt: skip

METRICS = (
    other(
        Kind.METRIC,
        "onetime_secrets_live onetime_uploads onetime_secrets_due onetime_purge_lag_seconds onetime_accounts "
        "onetime_billing_notices_open onetime_mail_waiting onetime_cache_up onetime_database_up "
        "onetime_worker_resident_bytes onetime_worker_uptime_seconds",
        _("How many secrets and accounts there are, and whether everything runs, if the operator "
          "switched that on: totals alone, which say nothing about anybody"),
        _("To notice when the service is in trouble"),
        _("Not kept by the site: counted when the operator’s monitoring asks"), NOBODY,
    ),
)  # fmt: skip

BILLING = (
    field(
        "billing.Plan",
        "id slug name summary position offered max_ttl max_text_bytes max_files_bytes creates_per_hour "
        "creates_per_day api mail_links opening_notices stripe_product_id",
        _("The plans that the operator offers"), _("To show them and to apply their limits"),
        SITE_LIFE, NOBODY,
    ),
    field("billing.PlanText", "id plan language name summary",
          _("The plans’ names in other languages"), _("To show them"), SITE_LIFE, NOBODY),
    field("billing.PlanPrice", "id plan interval currency unit_amount active stripe_price_id",
          _("What the plans cost"), _("To show it and to charge it"), SITE_LIFE, NOBODY),
    field(
        "billing.BillingAccount",
        "id user ref customer_id subscription_id status price_id plan period_start period_end unpaid_since "
        "ends_at trial_used synced_at rev",
        _("If you pay for a plan: which plan, until when, and under which numbers the payment provider knows "
          "you. Your card, name and address are with the provider, never here"),
        _("To give you what you paid for"), ACCOUNT_LIFE, ASKED,
    ),
    field("billing.BillingAccount", "comp_plan comp_until comp_reason",
          _("A plan that the operator gave you, until when and why"),
          _("To give it to you"), ACCOUNT_LIFE, ASKED),
    field(
        "billing.StripeEvent", "id event_id type customer_id received_at processed_at attempts error",
        _("That the payment provider reported something about a customer’s number, not what it was"),
        _("So that no report is lost or counted twice"), _("{event_days} days"), ASKED,
    ),
)  # fmt: skip

INVENTORY: tuple[Datum, ...] = (
    *SECRETS, *ACCOUNTS, *BILLING, *OPERATIONS, *CACHE, *LOG, *COOKIES, *BROWSER, *MAIL, *FILES, *METRICS,
)  # fmt: skip


# --- Reading it -----------------------------------------------------------------------------------


def names(kind: Kind) -> list[str]:
    """Every declared name of one kind, in order; a name declared twice is there twice."""
    return [name for datum in INVENTORY if datum.kind is kind for name in datum.names]


def of_kind(kind: Kind) -> list[Datum]:
    return [datum for datum in INVENTORY if datum.kind is kind]


def table(figures: dict[str, Any] | None = None) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(heading, rows) for the privacy page, in the reader's language."""
    for kind in Kind:
        rows = [
            {
                "what": shown(datum.what, figures),
                "why": shown(datum.why, figures),
                "how_long": shown(datum.how_long, figures),
                "basis": shown(datum.basis, figures),
                "names": datum.names,
            }
            for datum in of_kind(kind)
        ]
        if rows:
            yield str(HEADINGS[kind]), rows


# --- Comparing it with the site -----------------------------------------------------------------------


def model_fields() -> set[str]:
    """Every column-bearing field and many-to-many field of every installed model."""
    return {
        f"{model._meta.label}.{each.name}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for each in (*model._meta.local_fields, *model._meta.local_many_to_many)
    }


def compare(declared: Iterable[str], found: Iterable[str]) -> tuple[list[str], list[str]]:
    """(found and not declared, declared and not found), each sorted."""
    declared, found = set(declared), set(found)
    return sorted(found - declared), sorted(declared - found)


def mail_functions() -> set[str]:
    """Every mail that the site can send: the public functions of onetime.mail."""
    return {
        name
        for name, value in vars(mail).items()
        if isfunction(value) and value.__module__ == mail.__name__ and not name.startswith("_")
    }


def found() -> dict[Kind, set[str]]:
    """What a running process can be asked; what only the source shows is in onetime.source_rules."""
    return {
        Kind.FIELD: model_fields(),
        Kind.CACHE: set(ratelimit.DEFAULTS),
        Kind.COOKIE: {settings.SESSION_COOKIE_NAME.removeprefix("__Host-")},
        Kind.MAIL: mail_functions(),
        Kind.METRIC: metrics.names(),
    }
