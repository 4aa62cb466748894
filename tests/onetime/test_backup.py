"""backup and restore: accounts and receipts come back, what has ended never does.

The whole goes through real databases and real commands: this installation's kind to every kind that
can be had here (PostgreSQL where DATABASE_URL names one), and back.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps

from onetime.backup_format import new_key_pair, private_key, public_key
from onetime.management.backup_content import KEPT, LEFT_OUT
from tests.onetime.test_nothing_on_disk import postgres_rows
from tests.site import ROOT, site_database, site_environment

POSTGRES = os.environ.get("DATABASE_URL", "").startswith("postgres")
KINDS = ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]

FILL = """
import json
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from accounts.models import ApiToken, Preferences, User
from billing.limits import ANONYMOUS
from billing.models import BillingAccount, Plan, PlanPrice
from secrets_app import here, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret
group = Group.objects.create(name="keepers")
group.permissions.set(Permission.objects.filter(codename="view_user"))
for number in range(3):
    user = User.objects.create_user(f"person{number}@example.com", "a long password")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
user.groups.add(group)
Authenticator.objects.create(user=user, type="totp", data={"secret": "sealed"})
Preferences.objects.create(user=user, language="uk")
ApiToken.objects.create(user=user, token_hash=b"h" * 32)
Plan.objects.filter(slug="free").update(max_ttl=4321)
own = Plan.objects.create(slug="own", name="Own", max_ttl=9999, max_text_bytes=1, max_files_bytes=1,
                          creates_per_hour=1, creates_per_day=1)
PlanPrice.objects.create(plan=own, interval="month", currency="eur", unit_amount=500, stripe_price_id="price_1")
BillingAccount.objects.create(user=user, customer_id="cus_2", plan=own, status="active", subscription_id="sub_2")
BillingAccount.objects.create(user=User.objects.get(email="person1@example.com"), comp_reason="a gift")
def make(name):
    made = services.create_here(Contents("text of " + name), None, ttl=3600, limits=ANONYMOUS, owner=user)
    return {"link": made.link, "receipt": made.receipt, "id": made.secret.id.hex}
made = {name: make(name) for name in ("live", "opened", "burned", "expired", "before")}
here.open_link(made["before"]["link"], None, b"n" * 16)
Secret.objects.filter(pk=made["expired"]["id"]).update(expires_at=timezone.now())
print(json.dumps(made))
"""
CLOSE = """
from accounts import services as accounts; from accounts.models import User
accounts.close(User.objects.get(email="person1@example.com"), tell=False)
"""
LOOK = """
import json
from secrets_app import here; from secrets_app.errors import Gone; from secrets_app.models import Secret
made, found = json.loads({made!r}), {{}}
for name, keys in made.items():
    row = Secret.objects.get(pk=keys["id"])
    try:
        result = here.open_link(keys["link"], None, b"m" * 16).text
    except Gone as gone:
        result = "gone " + gone.state
    found[name] = [result, row.content is not None, row.opened_at is not None, str(row.owner)]
print(json.dumps(found))
"""


def ending(made):
    """Code that opens one secret and burns another."""
    return f"""
from secrets_app import here, services
here.open_link({made["opened"]["link"]!r}, None, b"n" * 16)
services.burn({made["burned"]["receipt"]!r})
"""


@dataclass
class Installation:
    """A database and its own files, without a server."""

    env: dict[str, str]
    var: Path

    def manage(self, *arguments, fails=False):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def run(self, code, **values):
        return self.manage("shell", "--no-imports", "-c", code.format(**values) if values else code)

    def look(self, made):
        """What each made secret is here now: [what opening it gives, had content, was opened, owner]."""
        return json.loads(self.run(LOOK, made=json.dumps(made)))

    def rows(self):
        """Everything in the database, as one value to compare."""
        url = self.env["DATABASE_URL"]
        if url.startswith("postgres"):
            return postgres_rows(url)
        with contextlib.closing(sqlite3.connect(self.var / "site.sqlite3")) as connection:
            return list(connection.iterdump())


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """An empty SQLite database to copy: migrating takes seconds."""
    var = tmp_path_factory.mktemp("migrated")
    env = site_environment(var, 9, f"sqlite:///{var / 'site.sqlite3'}")
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    return var / "site.sqlite3"


@pytest.fixture(scope="module")
def installation(migrated):
    """Makes installations: installation(directory, kind, **environment)."""
    with contextlib.ExitStack() as stack:

        def make(var, kind="sqlite", **more):
            var.mkdir()
            keys = {"SECRET_KEY": "k" * 50, "SECRET_ENCRYPTION_KEYS": "QUFB" * 10 + "QUE"}
            if kind == "sqlite":
                shutil.copy(migrated, var / "site.sqlite3")
                return Installation(
                    site_environment(var, 9, f"sqlite:///{var / 'site.sqlite3'}", **keys | more), var
                )
            url = stack.enter_context(site_database(var))
            made = Installation(site_environment(var, 9, url, **keys | more), var)
            made.manage("migrate", "-v0")
            return made

        yield make


@dataclass
class History:
    """A backup with live secrets, after which one was opened, one burned and one account closed."""

    source: Installation
    made: dict[str, dict[str, str]]
    file: Path
    key: Path
    before: bytes | list[str]

    @property
    def journal(self):
        return self.source.env["BACKUP_JOURNAL"]


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """(file with a private key, public key)."""
    private, public = new_key_pair()
    path = tmp_path_factory.mktemp("key") / "private"
    path.write_text(private)
    return path, public


@pytest.fixture(scope="module")
def histories(tmp_path_factory, installation, key):
    """The history for each kind of database, made once: nothing below changes it."""
    made = {}

    def of(kind="sqlite"):
        if kind not in made:
            source = installation(tmp_path_factory.mktemp("history") / kind, kind)
            links = json.loads(source.run(FILL))
            (source.var / "backups").mkdir()
            source.manage("backup", str(source.var / "backups"), "--to", key[1], "--live-secrets")
            (file,) = (source.var / "backups").iterdir()
            before = source.rows()
            source.run(ending(links) + CLOSE)
            made[kind] = History(source, links, file, key[0], before)
        return made[kind]

    return of


@pytest.fixture
def history(histories):
    return histories()


@pytest.fixture
def target(tmp_path, installation):
    return installation(tmp_path / "target")


def restore(target, history, *options, fails=False):
    return target.manage("restore", str(history.file), "--key", str(history.key), *options, fails=fails)


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_accounts_come_back_and_what_ended_since_does_not(histories, installation, tmp_path, kind, to):
    """backup → open, burn, close → restore into a fresh database of any kind: accounts, groups and second factors
    are back, but for the closed one; the live secret opens; those opened and burned since say so."""
    history, target = histories(kind), installation(tmp_path / "target", to)
    said = restore(target, history, "--journal", history.journal)
    assert "1 live, 2 ended, 2 consumed, 0 lost" in said
    assert "1 accounts were closed since and stay closed" in said
    found = target.look(history.made)
    owner = "person2@example.com"
    assert found["live"] == ["text of live", True, False, owner]
    assert found["opened"] == ["gone opened", False, True, owner]
    assert found["burned"] == ["gone burned", False, False, owner]
    assert found["before"] == ["gone opened", False, True, owner]
    assert found["expired"] == ["gone expired", False, False, owner]
    kept = (entry.model for entry in KEPT if entry.model != "secrets_app.Secret")
    dump = "dumpdata", *kept, "--natural-foreign"
    back = target.manage(*dump)
    assert json.loads(back) == json.loads(history.source.manage(*dump))
    assert "keepers" in back
    assert "price_1" in back
    assert "cus_2" in back
    assert "person1@example.com" not in back
    assert "a gift" not in back
    target.run("from accounts.models import User; User.objects.create_user('next@example.com')")


def test_without_a_journal_live_secrets_are_left_out_and_their_receipts_say_so(history, target):
    said = restore(target, history)
    assert "0 live, 2 ended, 0 consumed, 3 lost" in said
    assert "their receipts say so" in said
    assert "closed since the backup are open again" in said
    found = target.look(history.made)
    assert {found[name][0] for name in ("live", "opened", "burned")} == {"gone lost"}
    assert not any(row[1] for row in found.values())


def test_a_journal_that_began_after_the_backup_is_not_trusted(history, target, tmp_path):
    """Such a journal may miss what was opened in between; what it does know is used."""
    head, *lines = Path(history.journal).read_text().splitlines(keepends=True)
    words = head.split()
    words[2] = str(int(words[2]) + 3_600_000)
    late = tmp_path / "late"
    late.write_text(" ".join(words) + "\n" + "".join(line for line in lines if line.startswith("b")))
    assert "0 live, 2 ended, 1 consumed, 2 lost" in restore(target, history, "--journal", str(late))
    found = target.look(history.made)
    assert found["burned"][0] == "gone burned"
    assert found["opened"][0] == found["live"][0] == "gone lost"


def test_a_backup_without_live_secrets_holds_no_content(history, target, tmp_path, key):
    """Told by the restore, which would bring back what is there; the source's live secret is untouched."""
    history.source.manage("backup", str(tmp_path), "--to", key[1])
    (file,) = tmp_path.glob("*.backup")
    said = target.manage("restore", str(file), "--key", str(key[0]), "--journal", history.journal)
    assert "0 live" in said
    assert "1 lost" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_file_a_wrong_key_and_a_cut_change_nothing_and_say_why(history, installation, tmp_path, kind):
    target = installation(tmp_path / "target", kind)
    before = target.rows()
    good = history.file.read_bytes()
    flipped = bytearray(good)
    flipped[len(flipped) // 2] ^= 1
    private, _public = new_key_pair()
    (tmp_path / "other key").write_text(private)
    bad = (
        (bytes(flipped), history.key, "changed or cut"),
        (good[:-1], history.key, "changed or cut"),
        (good[:50], history.key, "ends within its header"),
        (b"", history.key, "not a backup"),
        (good, tmp_path / "other key", "made for another key"),
        (good, history.file, "not a private backup key"),
    )
    for data, key, why in bad:
        (tmp_path / "bad").write_bytes(data)
        said = target.manage("restore", str(tmp_path / "bad"), "--key", str(key), fails=True)
        assert why in said
        assert "Nothing was changed" in said
        assert target.rows() == before


def test_other_server_keys_are_refused_before_anything_is_written(history, installation, tmp_path):
    target = installation(tmp_path / "other", SECRET_ENCRYPTION_KEYS="WFhY" * 10 + "WFg")
    before = target.rows()
    assert "SECRET_ENCRYPTION_KEYS" in restore(target, history, "--journal", history.journal, fails=True)
    assert target.rows() == before
    assert "0 live" in restore(target, history, "--journal", history.journal, "--without-live-secrets")


def test_a_database_in_use_and_a_missing_journal_are_refused(history, target):
    before = target.rows()
    assert "Nothing was changed" in restore(target, history, "--journal", "/nonexistent", fails=True)
    assert target.rows() == before
    target.run("from accounts.models import User; User.objects.create_user('here@example.com')")
    before = target.rows()
    assert "in use" in restore(target, history, fails=True)
    assert target.rows() == before


def test_checking_changes_nothing(history, target):
    before = target.rows()
    assert "Good: the backup" in restore(target, history, "--check")
    assert target.rows() == before


def test_the_file_holds_nothing_readable_and_is_its_owner_s(history):
    data = history.file.read_bytes()
    for needle in (
        "person2@example.com",
        "text of live",
        history.made["live"]["link"],
        history.made["live"]["id"],
    ):
        assert needle.encode() not in data
    assert history.file.stat().st_mode & 0o077 == 0


def test_keep_deletes_the_oldest_of_our_files_and_no_other(target, tmp_path, key):
    directory = tmp_path / "backups"
    directory.mkdir()
    old = "onetime-20200101T000000Z.backup"
    others = {"onetime-20210101T000000Z.backup", "mine.backup", "onetime-notes.txt"}
    for name in (old, *others):
        (directory / name).touch()
    target.env["BACKUP_PUBLIC_KEY"] = key[1]
    target.manage("backup", str(directory), "--keep", "2")
    left = {path.name for path in directory.iterdir()}
    assert others < left
    assert old not in left
    assert len(left) == 4


def test_a_failed_backup_leaves_no_file_and_says_why(target, key):
    assert "cannot be written" in target.manage("backup", "/nonexistent", "--to", key[1], fails=True)
    assert "public backup key" in target.manage("backup", str(target.var), "--to", key[1][:-2], fails=True)
    assert "Give a public key" in target.manage("backup", str(target.var), fails=True)
    target.env["BACKUP_JOURNAL"] = ""
    live = "backup", str(target.var), "--to", key[1], "--live-secrets"
    assert "set BACKUP_JOURNAL" in target.manage(*live, fails=True)
    assert not list(target.var.glob("onetime-*"))


def test_keygen_makes_a_pair_that_fits_and_overwrites_no_key(target):
    path = target.var / "private"
    public = target.manage("backup_keygen", str(path)).strip()
    private = path.read_text()
    assert private_key(private).public_key().public_bytes_raw() == public_key(public).public_bytes_raw()
    assert path.stat().st_mode & 0o077 == 0
    assert "cannot be made" in target.manage("backup_keygen", str(path), fails=True)
    assert path.read_text() == private


def test_every_model_is_backed_up_or_left_out_with_a_reason():
    """A new model must be named in one of the two lists of onetime/management/backup_content.py."""
    models = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    kept = {entry.model for entry in KEPT}
    assert kept | set(LEFT_OUT) == models
    assert not kept & set(LEFT_OUT)
