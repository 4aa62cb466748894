"""housekeeping: one command for all that is past its time; one broken step keeps no other from its work."""

import datetime as dt
import os
import signal
import subprocess
import sys
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from billing.limits import ANONYMOUS
from onetime.management.commands import housekeeping
from secrets_app import services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State
from tests.site import ROOT

pytestmark = pytest.mark.django_db


def keep_house(*arguments):
    out, err = StringIO(), StringIO()
    call_command("housekeeping", *arguments, stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def test_expired_secrets_sessions_and_old_operators_entries_go():
    made = services.create_here(Contents("x"), None, ttl=3600, limits=ANONYMOUS)
    Secret.objects.update(expires_at=timezone.now(), due_at=timezone.now())
    old, live = SessionStore(), SessionStore()
    for session, days in ((old, -1), (live, 1)):
        session.set_expiry(timezone.now() + dt.timedelta(days=days))
        session.create()
    user = get_user_model().objects.create_user("op@example.com")
    for days in (364, 366):
        entry = LogEntry.objects.create(user=user, action_flag=1, object_repr="x")
        LogEntry.objects.filter(pk=entry.pk).update(action_time=timezone.now() - dt.timedelta(days=days))
    keep_house()
    assert Secret.objects.get(pk=made.secret.pk).state == State.EXPIRED
    assert Session.objects.get().session_key == live.session_key
    assert LogEntry.objects.count() == 1


def test_a_broken_step_is_named_and_the_others_are_done(monkeypatch):
    done = []

    def note():
        done.append(1)
        return "fine"

    def fail():
        raise RuntimeError("the disk is full")

    steps = (("first", fail), ("second", note))
    monkeypatch.setattr(housekeeping, "OFTEN", steps)
    monkeypatch.setattr(housekeeping, "RARELY", ())
    with pytest.raises(CommandError, match="not done"):
        keep_house()
    assert done == [1]


def test_quiet_says_nothing_when_all_is_well():
    assert keep_house("--quiet") == ""


def test_every_step_says_what_it_did():
    said = keep_house()
    for title, _step in housekeeping.OFTEN + housekeeping.RARELY:
        assert f"{title}: " in said


@pytest.mark.live
def test_a_loop_ends_by_a_signal_and_leaves_no_trace(site):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "housekeeping", "--loop", "1"],
        cwd=ROOT,
        env=site.env,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"secrets: ")
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 0


def test_a_loop_of_no_seconds_is_refused():
    with pytest.raises(CommandError, match="at least 1"):
        keep_house("--loop", "0")
