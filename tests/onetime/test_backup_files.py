"""Secrets in segments, in a backup and on their way back: whole or not at all."""

import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from onetime.backup_format import BackupError
from onetime.journal import Journal, Line, secret_name
from onetime.management import backup_content, restoring
from onetime.management.restoring import NotRestorable
from secrets_app import services
from secrets_app.keyring import new_key
from secrets_app.models import Secret, Segment, State, Upload
from secrets_app.restoring import Outcome
from tests.secrets_app.v2 import Api, sending

pytestmark = pytest.mark.django_db


def back_up(*, live=True):
    counts: Counter[str] = Counter()
    return b"".join(backup_content.lines(live=live, counts=counts)), counts


def wipe():
    for model in (Segment, Upload, Secret):
        model.objects.all().delete()


def journal(*opened):
    past = datetime.now(UTC) - timedelta(days=1)
    lines = {
        secret_name(pk.bytes): Line("o", timezone.now(), timezone.now(), secret_name(pk.bytes))
        for pk in opened
    }
    return Journal(past, lines)


def restore(data, *opened, complete=True):
    wipe()
    return restoring.restore([data], journal(*opened) if complete else None)


def content_of(sent):
    nonce = b"n" * 16
    Api().call("POST", f"secrets/{sent.sealed.id}/claim", sent.sealed.claim(nonce))
    return (
        sent.open([sent.fetch(Api(), number, nonce).content for number in range(len(sent.parts))])
        .files[0]
        .data
    )


def test_what_nobody_has_opened_comes_back_whole():
    sent, text = sending(), sending(1)
    sent.send(Api())
    text.send(Api())
    data, counts = back_up()
    assert counts["live secrets"] == 2
    result = restore(data)
    assert result.secrets[Outcome.LIVE] == 2
    assert content_of(sent) == sent.content
    assert content_of(text) == text.content


def test_what_was_opened_since_comes_back_as_a_tombstone_without_segments():
    kept, opened = sending(), sending()
    kept.send(Api())
    opened.send(Api())
    data, _counts = back_up()
    result = restore(data, Secret.objects.get(pk=opened.sealed.id).pk)
    assert (result.secrets[Outcome.LIVE], result.secrets[Outcome.CONSUMED]) == (1, 1)
    row = Secret.objects.get(pk=opened.sealed.id)
    assert (row.state, row.segments) == (State.OPENED, 0)
    assert {str(one.secret_id.hex) for one in Segment.objects.all()} == {kept.sealed.id}


def test_without_a_journal_it_is_lost_and_leaves_no_segment():
    sent = sending()
    sent.send(Api())
    data, _counts = back_up()
    assert restore(data, complete=False).secrets[Outcome.LOST] == 1
    assert not Segment.objects.exists()
    assert Secret.objects.get().state == State.LOST


def test_a_backup_without_live_secrets_and_one_of_tombstones_holds_no_segment():
    sent, ended, going = sending(), sending(), sending()
    sent.send(Api())
    receipt = ended.send(Api())["receipt"]
    services.burn(receipt)
    going.begin(Api())
    going.put(Api(), 0)
    data, counts = back_up(live=False)
    assert counts["secrets_app.Segment"] == 0
    data, counts = back_up()
    assert counts["secrets_app.Segment"] == 3
    assert counts["live secrets"] == 1
    assert restore(data).secrets[Outcome.LIVE] == 1
    assert not Upload.objects.exists()


def test_one_of_which_a_segment_is_missing_is_lost_and_nothing_of_it_stays():
    """As when it was opened while the backup was being made: better gone than half."""
    sent, whole = sending(), sending()
    sent.send(Api())
    whole.send(Api())
    Segment.objects.filter(secret_id=sent.sealed.id, number=1).delete()
    data, _counts = back_up()
    checked = restoring.check([data], journal())
    result = restore(data)
    assert checked.secrets == result.secrets
    assert (result.secrets[Outcome.LIVE], result.secrets[Outcome.LOST]) == (1, 1)
    row = Secret.objects.get(pk=sent.sealed.id)
    assert (row.state, row.segments, row.due_at) == (State.LOST, 0, row.forget_at)
    assert Segment.objects.count() == 3
    assert content_of(whole) == whole.content


def test_other_server_keys_are_refused_and_nothing_is_written(settings):
    sent = sending()
    sent.send(Api())
    data, _counts = back_up()
    settings.SECRET_ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(NotRestorable):
        restore(data)
    assert not Secret.objects.exists()
    assert not Segment.objects.exists()


def test_segments_are_in_memory_one_by_one():
    """20 MB pass through in far less: what is in memory does not grow with the file."""
    sending(9_900_000).send(Api())
    sending(9_900_000).send(Api())
    sizes = [len(line) for line in backup_content.lines(live=True, counts=Counter())]
    tracemalloc.start()
    for _line in backup_content.lines(live=True, counts=Counter()):
        pass
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) > 26_000_000
    assert peak < 12_000_000


def test_the_end_counts_every_segment():
    """A backup that was cut between two segments has another count than it says."""
    sending().send(Api())
    data, _counts = back_up()
    lines = data.splitlines(keepends=True)
    segments = [line for line in lines if b"secrets_app.segment" in line]
    assert len(segments) == 3
    assert json.loads(lines[-1])["counts"]["secrets_app.Segment"] == 3
    with pytest.raises(BackupError):
        restore(b"".join(line for line in lines if line != segments[1]))
