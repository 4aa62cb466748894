"""Segments in an S3-compatible store, against a real server: object and row live and die together."""

import datetime as dt
import io
import logging
from collections import Counter

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction

from onetime.management import backup_content, restoring
from onetime.settings import files_store_from_url
from onetime.views import Unavailable
from secrets_app import here, segments, services, uploads
from secrets_app.envelope import SecretId
from secrets_app.errors import UnknownSecret
from secrets_app.keyring import new_key
from secrets_app.models import Secret, Segment, Upload
from tests.onetime.test_backup_files import journal, wipe
from tests.s3 import running_s3
from tests.secrets_app.v2 import Api, b64, sending, slug

from billing.limits import ANONYMOUS  # isort: skip

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.live]


@pytest.fixture(scope="module")
def s3():
    with running_s3() as running:
        yield running


@pytest.fixture
def bucket(s3, settings):
    made = s3.bucket()
    settings.FILES_STORE = files_store_from_url(made.url)
    return made


def claim(sent, nonce=b"n" * 16):
    return Api().call("POST", f"secrets/{sent.sealed.id}/claim", sent.sealed.claim(nonce))


def named():
    return set(Segment.objects.values_list("object", flat=True))


def sweep():
    out = io.StringIO()
    call_command("sweep_segments", stdout=out)
    return out.getvalue().strip()


def test_what_is_sent_is_in_objects_with_random_names_and_comes_back(bucket):
    sent = sending()
    sent.send(Api())
    assert bucket.names() == named()
    assert not Segment.objects.filter(content__isnull=False).exists()
    claim(sent)
    parts = [sent.fetch(Api(), number, b"n" * 16).content for number in range(3)]
    assert sent.open(parts).files[0].data == sent.content
    whole = Api().call(
        "POST",
        f"secrets/{sent.sealed.id}/claim",
        sent.sealed.claim(b"n" * 16),
        Accept="application/octet-stream",
    )
    assert len(b"".join(whole.streaming_content)) == sent.body["size"]


def test_the_store_learns_neither_names_nor_contents(bucket):
    """Objects are under both locks, and named by chance: nothing leads from one to a link or to its neighbours."""
    sent = sending()
    sent.send(Api())
    for name in bucket.names():
        assert sent.sealed.id not in name
        assert not any(part in bucket.read(name) for part in sent.parts)


@pytest.mark.parametrize("end", ["acknowledge", "burn", "expire", "close"])
def test_objects_go_with_their_secret(bucket, end, alice):
    from accounts import services as accounts

    sent, kept = sending(ttl=60), sending()
    receipt = sent.send(alice)["receipt"]
    kept.send(Api())
    if end == "acknowledge":
        claim(sent)
        Api().call("POST", f"secrets/{sent.sealed.id}/ack", {"claim": b64(b"n" * 16)})
    elif end == "burn":
        services.burn(receipt)
    elif end == "close":
        accounts.close(alice.user, tell=False)
    else:
        with time_machine.travel(Secret.objects.get(pk=sent.sealed.id).expires_at, tick=False):
            call_command("purge_secrets", stdout=io.StringIO())
    assert bucket.names() == named()
    assert len(named()) == 3


def test_objects_go_with_their_upload(bucket):
    for end in ("cancel", "expire"):
        sent = sending()
        sent.begin(Api())
        sent.put(Api(), 0)
        assert len(bucket.names()) == 1
        if end == "cancel":
            sent.cancel(Api())
        else:
            with time_machine.travel(Upload.objects.get().expires_at, tick=False):
                call_command("purge_secrets", stdout=io.StringIO())
        assert bucket.names() == set()


def test_a_segment_that_is_sent_again_leaves_one_object(bucket):
    sent = sending()
    sent.begin(Api())
    for _ in range(3):
        sent.put(Api(), 0)
    assert bucket.names() == named()
    assert len(named()) == 1


def test_a_refused_segment_leaves_no_object(bucket):
    sent = sending()
    sent.send(Api())
    secret_id = SecretId(bytes.fromhex(sent.sealed.id))
    with pytest.raises(UnknownSecret):
        uploads.put(secret_id, b"k" * 16, 0, b"x")
    assert bucket.names() == named()


def test_an_erasure_that_is_rolled_back_keeps_its_objects(bucket):
    sent = sending()
    receipt = sent.send(Api())["receipt"]

    def burn_and_fail():
        with transaction.atomic():
            services.burn(receipt)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        burn_and_fail()
    assert bucket.names() == named()
    assert len(named()) == 3


def test_orphans_are_swept_once_they_are_old_enough(bucket):
    """As a process leaves them that dies between the object and its row; a fresh one may still get its row."""
    sent = sending()
    sent.send(Api())
    bucket.client.put_object(Bucket=bucket.name, Key="f" * 32, Body=b"x")
    assert sweep() == "Erased 0 orphaned segments."
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61), tick=False):
        # Signed by the clock, which the server compares with its own: asked before, swept after.
        assert sweep() == "Erased 1 orphaned segments."
    assert bucket.names() == named()
    assert len(named()) == 3


def test_files_are_made_and_opened_here_too(bucket):
    with here.HereUpload(text="t", name="n", type="", passphrase=None, ttl=60, limits=ANONYMOUS) as upload:
        upload.write(b"x" * 2_500_000)
        made = upload.finish()
    opened = here.open_link(made.link, None, b"n" * 16)
    file = here.read_file(opened.secret_id, opened.content_key, b"n" * 16, 0)
    assert b"".join(file.pieces) == b"x" * 2_500_000
    assert bucket.names() == named()


def test_a_rotation_seals_objects_again_and_leaves_no_old_one(bucket, settings):
    sent = sending()
    sent.send(Api())
    before = bucket.names()
    fresh, old = new_key(), settings.SECRET_ENCRYPTION_KEYS
    settings.SECRET_ENCRYPTION_KEYS = [fresh, *old]
    call_command("rotate_keys", stdout=io.StringIO())
    settings.SECRET_ENCRYPTION_KEYS = [fresh]
    assert bucket.names() == named()
    assert not bucket.names() & before
    claim(sent)
    assert sent.fetch(Api(), 1, b"n" * 16).content == sent.parts[1]


def test_a_backup_holds_what_the_objects_hold(bucket, settings):
    """And is restored to wherever segments are kept then: here into the database, and into objects again."""
    sent = sending()
    sent.send(Api())
    data = b"".join(backup_content.lines(live=True, counts=Counter()))
    for store in (None, settings.FILES_STORE):
        settings.FILES_STORE = store
        wipe()
        restoring.restore([data], journal())
        assert Segment.objects.filter(content__isnull=store is not None).count() == 3
        assert [segments.get(row.secret_id, row.number) for row in Segment.objects.all()]
    claim(sent)
    parts = [sent.fetch(Api(), number, b"n" * 16).content for number in range(3)]
    assert sent.open(parts).files[0].data == sent.content


def test_secrets_opened_while_they_are_being_backed_up_are_left_out(bucket):
    """The row is in the snapshot, the object is gone: the restore says that it is lost."""
    sent = sending()
    sent.send(Api())
    bucket.client.delete_object(Bucket=bucket.name, Key=min(named()))
    data = b"".join(backup_content.lines(live=True, counts=Counter()))
    wipe()
    assert (
        str(restoring.restore([data], journal()).secrets)
        == "Counter({<Outcome.LOST: 'lost'>: 1, <Outcome.LIVE: 'live'>: 0})"
    )
    assert not Segment.objects.exists()


def test_what_came_before_the_store_stays_readable(s3, settings):
    """Rows written before FILES_URL was set are read from the database, and erased as ever."""
    sent = sending()
    sent.send(Api())
    settings.FILES_STORE = files_store_from_url(s3.bucket().url)
    claim(sent)
    assert sent.fetch(Api(), 0, b"n" * 16).content == sent.parts[0]
    Api().call("POST", f"secrets/{sent.sealed.id}/ack", {"claim": b64(b"n" * 16)})
    assert not Segment.objects.exists()


def test_a_store_that_does_not_answer_consumes_nothing_and_says_so(bucket, settings, caplog):
    sent, other = sending(), sending()
    receipt = sent.send(Api())["receipt"]
    claim(sent)
    good = settings.FILES_STORE
    settings.FILES_STORE = files_store_from_url("s3://k:s@127.0.0.1:9/gone?region=us-east-1&tls=0")
    answer = sent.fetch(Api(), 0, b"n" * 16)
    assert (answer.status_code, slug(answer)) == (503, "service-unavailable")
    other.begin(Api())
    assert slug(other.put(Api(), 0)) == "service-unavailable"
    settings.FILES_STORE = good
    assert sent.fetch(Api(), 0, b"n" * 16).content == sent.parts[0]
    assert other.put(Api(), 0).status_code == 204
    settings.FILES_STORE = files_store_from_url("s3://k:s@127.0.0.1:9/gone?region=us-east-1&tls=0")
    with caplog.at_level(logging.ERROR):
        assert (
            Api().call("POST", f"secrets/{sent.sealed.id}/ack", {"claim": b64(b"n" * 16)}).status_code == 204
        )
    assert "housekeeping tries again" in caplog.text
    assert receipt not in caplog.text
    assert Segment.objects.filter(secret_id=sent.sealed.id).count() == 0


def test_a_wrong_bucket_is_said_plainly(bucket, settings):
    settings.FILES_STORE = files_store_from_url(bucket.url.replace(bucket.name, "nowhere"))
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        sweep()
