"""Up and down by segment through API v2: what a client sends, in any order and however often, opens once."""

import datetime as dt
import io
import random
import secrets

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import downloads, envelope, services, uploads
from secrets_app.errors import Gone
from secrets_app.models import Secret, Segment, State, Upload
from secrets_app.objects import Missing
from tests.secrets_app.v2 import Api, b64, seal, sending, slug

pytestmark = pytest.mark.django_db


def claim(sent, nonce, **headers):
    return Api().call("POST", f"secrets/{sent.sealed.id}/claim", sent.sealed.claim(nonce), **headers)


def acknowledge(sent, nonce):
    return Api().call("POST", f"secrets/{sent.sealed.id}/ack", {"claim": b64(nonce)})


def stored_segments():
    return [
        bytes(content or b"")
        for content in Segment.objects.order_by("number").values_list("content", flat=True)
    ]


# --- Up ---------------------------------------------------------------------------------------


def test_beginning_says_how_to_cut():
    sent = sending()
    with time_machine.travel("2030-01-01T12:00:00Z", tick=False):
        answer = sent.begin(Api())
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": sent.sealed.id, "segments": 3, "segment_bytes": 1_048_592,
            "expires_at": "2030-01-01T18:00:00.000Z",
        },
    )  # fmt: skip


def test_what_is_sent_in_any_order_and_twice_is_what_is_opened():
    sent, api = sending(passphrase="пароль"), Api()
    sent.begin(api)
    order = [0, 1, 2, 2, 0]
    random.shuffle(order)
    for number in order:
        assert sent.put(api, number).status_code == 204
    made = sent.finish(api).json()
    assert made["state"] == "new"
    nonce = secrets.token_bytes(16)
    opened = claim(sent, nonce).json()
    assert (opened["segments"], opened["size"]) == (3, sent.body["size"])
    assert "envelope" not in opened
    contents = sent.open([sent.fetch(api, number, nonce).content for number in range(3)])
    assert contents.text == "see the file"
    assert contents.files[0].data == sent.content


def test_a_segment_that_is_sent_again_replaces_the_first():
    sent, api = sending(), Api()
    sent.begin(api)
    sent.put(api, 1, b"x" * 1_048_592)
    sent.send(api)
    nonce = b"n" * 16
    claim(sent, nonce)
    assert sent.fetch(api, 1, nonce).content == sent.parts[1]


def test_the_same_beginning_is_answered_the_same_and_counted_once(settings):
    settings.RATE_LIMITS = "on"
    sent, api = sending(), Api()
    first, again = sent.begin(api), sent.begin(api)
    assert first.json() == again.json()
    assert "create" in first["RateLimit"]
    assert "create" not in again["RateLimit"]
    assert Upload.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_taken_is_refused():
    """By another upload, by another shape of this one, and by a secret, whichever way it was made."""
    sent, api = sending(), Api()
    sent.begin(api)
    for changes in ({"upload": b64(b"u" * 16)}, {"size": sent.body["size"] + 1}, {"ttl": 60}):
        answer = api.call("POST", "uploads", sent.body | changes)
        assert (answer.status_code, slug(answer)) == (409, "already-exists")
    sent.send(api)
    assert slug(sent.begin(api)) == "already-exists"
    inline = seal()
    api.create(inline)
    body = {**sent.body, "id": inline.id}
    assert slug(api.call("POST", "uploads", body)) == "already-exists"
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"size": 0}, "bad-envelope"),
        ({"size": 272}, "bad-envelope"),
        ({"size": 1 + 1_048_592 + 16}, "bad-envelope"),
        ({"size": uploads.largest_envelope(ANONYMOUS) + 1}, "content-too-large"),
        ({"size": 10**30}, "content-too-large"),
        ({"size": -1}, "bad-request"),
        ({"size": 1.5}, "bad-request"),
        ({"ttl": 59}, "bad-lifetime"),
        ({"ttl": ANONYMOUS.max_ttl + 1}, "bad-lifetime"),
        ({"upload": "short"}, "bad-request"),
        ({"envelope": ""}, "bad-request"),
    ],
)
def test_a_beginning_that_is_none_stores_nothing(changes, problem):
    answer = Api().call("POST", "uploads", sending(10).body | changes)
    assert slug(answer) == problem
    assert not Upload.objects.exists()


def test_the_largest_of_the_plan_is_taken_and_names_the_limit_beyond():
    body, largest = sending(10).body, uploads.largest_envelope(ANONYMOUS)
    answer = Api().call("POST", "uploads", body | {"size": largest + 1})
    assert answer.json()["limit"] == ANONYMOUS.max_files_bytes
    assert Api().call("POST", "uploads", body | {"size": largest}).status_code == 201


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_segment_of_another_length_is_refused(number, change):
    sent, api = sending(), Api()
    sent.begin(api)
    right = len(sent.parts[number])
    answer = sent.put(api, number, b"x" * (right + change))
    assert (answer.status_code, slug(answer)) == (400, "bad-request")
    assert str(right) in answer.json()["detail"]
    assert not Segment.objects.exists()


def test_a_segment_that_has_no_place_or_no_type_is_refused():
    sent, api = sending(), Api()
    sent.begin(api)
    assert slug(sent.put(api, 3, b"x" * 1_048_592)) == "unknown"
    assert slug(sent.put(api, 1, None, **{"Content-Type": "text/plain"})) == "unsupported-media-type"
    for number in ("00", "-1", "x", "1000000"):
        assert slug(api.call("PUT", f"{sent.path}/segments/{number}")) == "not-found"


def test_who_has_not_the_key_can_do_nothing(alice, bob):
    """Not see, not send, not finish, not cancel: a wrong key is answered like a name that never was."""
    sent = sending()
    sent.begin(alice)
    for number in range(3):
        sent.put(alice, number)
    right, nowhere = sent.upload, sending()
    for sender in (bob, Api()):
        for upload in (b64(b"x" * 16), right):
            sent.upload = nowhere.upload = upload
            target = nowhere if upload == right else sent
            answers = [
                target.put(sender, 0),
                target.status(sender),
                target.finish(sender),
                target.cancel(sender),
            ]
            assert [(a.status_code, slug(a)) for a in answers] == [(404, "unknown")] * 4
    sent.upload = right
    for header in ("", "x", "é" * 22):
        assert slug(alice.call("GET", sent.path, **{"Upload-Key": header})) == "bad-request"
    assert sent.finish(alice).status_code == 201


def test_a_broken_upload_learns_what_is_missing_and_goes_on():
    sent, api = sending(6_000_000), Api()
    sent.begin(api)
    assert sent.status(api).json()["missing"] == [[0, 5]]
    for number in (1, 2, 4):
        sent.put(api, number)
    assert sent.status(api).json()["missing"] == [[0, 0], [3, 3], [5, 5]]
    early = sent.finish(api)
    assert (early.status_code, slug(early)) == (409, "incomplete-upload")
    assert early.json()["missing"] == [[0, 0], [3, 3], [5, 5]]
    assert not Secret.objects.exists()
    for number in (0, 3, 5):
        sent.put(api, number)
    assert sent.status(api).json()["missing"] == []
    assert sent.finish(api).status_code == 201


def test_finishing_may_be_repeated_even_after_it_was_opened():
    sent, api = sending(), Api()
    first = sent.send(api)
    assert sent.finish(api).json() == first
    claim(sent, b"n" * 16)
    assert sent.finish(api).json() == first
    assert Api().call("GET", f"receipts/{first['receipt']}").json()["state"] == "opened"
    sent.upload = b64(b"x" * 16)
    assert slug(sent.finish(api)) == "unknown"


def test_the_lifetime_counts_from_the_end_of_the_upload():
    sent, api = sending(ttl=300), Api()
    with time_machine.travel("2030-01-01T12:00:00Z", tick=False) as clock:
        sent.begin(api)
        for number in range(3):
            sent.put(api, number)
        clock.shift(dt.timedelta(hours=5))
        assert sent.finish(api).json()["expires_at"] == "2030-01-01T17:05:00.000Z"


def test_it_belongs_to_the_account_that_began_it(alice):
    made = sending(10)
    made.send(alice)
    assert Secret.objects.get().owner == alice.user
    assert len(alice.call("GET", "receipts").json()["items"]) == 1


def test_nothing_can_be_opened_before_the_end(alice):
    sent = sending()
    sent.begin(alice)
    for number in range(3):
        sent.put(alice, number)
    assert slug(Api().call("GET", f"secrets/{sent.sealed.id}")) == "unknown"
    assert slug(claim(sent, b"n" * 16)) == "unknown"
    assert slug(sent.fetch(alice, 0, b"n" * 16)) == "unknown"
    assert alice.call("GET", "receipts").json()["items"] == []


@pytest.mark.parametrize("moment", ["begun", "half", "whole"])
def test_a_cancelled_upload_leaves_nothing(moment):
    sent, api = sending(), Api()
    sent.begin(api)
    for number in range({"begun": 0, "half": 2, "whole": 3}[moment]):
        sent.put(api, number)
    assert sent.cancel(api).status_code == 204
    assert not Upload.objects.exists()
    assert not Segment.objects.exists()
    for answer in (sent.cancel(api), sent.put(api, 0), sent.finish(api), sent.status(api)):
        assert slug(answer) == "unknown"
    assert not Segment.objects.exists()


def test_an_upload_that_is_never_finished_is_erased_by_the_purge():
    sent, api = sending(), Api()
    sent.begin(api)
    sent.put(api, 0)
    with time_machine.travel(Upload.objects.get().expires_at, tick=False):
        for answer in (sent.put(api, 1), sent.finish(api), sent.status(api), sent.cancel(api)):
            assert slug(answer) == "unknown"
        out = io.StringIO()
        call_command("purge_secrets", stdout=out)
    assert "1 unfinished uploads" in out.getvalue()
    assert not Upload.objects.exists()
    assert not Segment.objects.exists()


def test_nothing_is_written_into_a_secret_once_it_is_finished():
    sent, api = sending(), Api()
    sent.send(api)
    assert slug(sent.put(api, 0, b"x" * 1_048_592)) == "unknown"
    assert slug(sent.cancel(api)) == "unknown"
    claim(sent, b"n" * 16)
    assert sent.fetch(api, 0, b"n" * 16).content == sent.parts[0]


def test_stored_segments_are_under_the_second_lock():
    sent = sending()
    sent.send(Api())
    stored = stored_segments()
    assert all(part not in kept for part, kept in zip(sent.parts, stored, strict=True))
    secret_id = envelope.SecretId(bytes.fromhex(sent.sealed.id))
    opened = [services.keyring().open(secret_id, number, kept) for number, kept in enumerate(stored)]
    assert opened == sent.parts


# --- Down -------------------------------------------------------------------------------------


def test_looking_tells_the_size_as_of_any_other():
    sent = sending()
    sent.send(Api())
    found = Api().call("GET", f"secrets/{sent.sealed.id}").json()
    assert (found["state"], found["size"]) == ("new", sent.body["size"])


def test_the_whole_envelope_streams_to_who_asks_for_bytes():
    sent = sending()
    sent.send(Api())
    answer = claim(sent, b"n" * 16, Accept="application/octet-stream")
    assert answer["Content-Length"] == str(sent.body["size"])
    assert answer["Content-Disposition"] == "attachment"
    assert answer["Hold-Until"].endswith("Z")
    whole = b"".join(answer.streaming_content)
    assert sent.open(envelope.split_envelope(whole)).files[0].data == sent.content


def test_one_claim_wins_and_the_same_one_may_go_on():
    sent = sending()
    sent.send(Api())
    mine, other = b"m" * 16, b"o" * 16
    assert claim(sent, mine).status_code == claim(sent, mine).status_code == 200
    late = claim(sent, other)
    assert (late.status_code, late.json()["state"]) == (410, "opened")
    assert slug(sent.fetch(Api(), 0, other)) == "unknown"
    for _ in range(2):
        answer = sent.fetch(Api(), 0, mine)
        assert answer.content == sent.parts[0]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment"
    assert slug(sent.fetch(Api(), 3, mine)) == "unknown"


def test_a_wrong_passphrase_touches_nothing():
    sent = sending(passphrase="right")
    sent.send(Api())
    before = Secret.objects.values().get()
    answer = Api().call("POST", f"secrets/{sent.sealed.id}/claim", sent.sealed.claim(b"n" * 16, "wrong"))
    assert slug(answer) == "wrong-proof"
    assert Secret.objects.values().get() == before
    assert Segment.objects.count() == 3


def test_segments_of_a_secret_in_one_piece_are_none():
    sealed = seal()
    Api().create(sealed)
    Api().open(sealed, b"n" * 16)
    answer = Api().call("POST", f"secrets/{sealed.id}/segments/0", {"claim": b64(b"n" * 16)})
    assert slug(answer) in {"gone", "unknown"}
    assert Secret.objects.get().content is not None


def test_going_on_keeps_the_hold_for_an_hour_at_most():
    """Each segment, fetched when less than half of the hold is left, moves its end; never beyond the hour."""
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    with time_machine.travel("2030-01-01T12:00:00Z", tick=False) as clock:
        Secret.objects.update(
            expires_at=timezone.now() + dt.timedelta(1), forget_at=timezone.now() + dt.timedelta(2)
        )
        assert claim(sent, nonce).json()["hold_until"] == "2030-01-01T12:02:00.000Z"
        clock.shift(59)
        assert sent.fetch(Api(), 0, nonce)["Hold-Until"] == "2030-01-01T12:02:00.000Z"
        clock.shift(2)
        assert sent.fetch(Api(), 0, nonce)["Hold-Until"] == "2030-01-01T12:03:01.000Z"
        assert Secret.objects.get().due_at == Secret.objects.get().hold_until
        for _ in range(59):
            clock.shift(60.5)
            answer = sent.fetch(Api(), 1, nonce)
            if answer.status_code != 200:
                break
            assert answer["Hold-Until"] <= "2030-01-01T13:00:00.000Z"
        assert (answer.status_code, slug(answer)) == (410, "gone")
        assert timezone.now() >= dt.datetime(2030, 1, 1, 13, tzinfo=dt.UTC)


def test_the_hold_ends_for_who_stops_fetching():
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    claim(sent, nonce)
    with time_machine.travel(Secret.objects.get().hold_until, tick=False):
        assert slug(sent.fetch(Api(), 0, nonce)) == "gone"
        call_command("purge_secrets", stdout=io.StringIO())
    assert not Segment.objects.exists()
    row = Secret.objects.get()
    assert (row.state, row.segments, row.size) == (State.OPENED, 0, sent.body["size"])


def test_no_hold_still_lets_a_secret_in_segments_be_fetched(settings):
    settings.HOLD_SECONDS = 0
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    claim(sent, nonce)
    assert sent.fetch(Api(), 2, nonce).content == sent.parts[2]
    soon = timezone.now() + dt.timedelta(seconds=50)
    assert Secret.objects.filter(hold_until__range=(soon, soon + dt.timedelta(seconds=10))).exists()


def test_an_acknowledgement_erases_every_segment_at_once():
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    claim(sent, nonce)
    assert slug(acknowledge(sent, b"x" * 16)) == "unknown"
    assert Segment.objects.count() == 3
    for _ in range(2):
        assert acknowledge(sent, nonce).status_code == 204
    assert not Segment.objects.exists()
    assert slug(sent.fetch(Api(), 0, nonce)) == "gone"
    assert slug(claim(sent, nonce)) == "gone"


def test_a_stream_breaks_off_when_the_secret_is_erased_meanwhile():
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    pieces = iter(claim(sent, nonce, Accept="application/octet-stream").streaming_content)
    next(pieces), next(pieces)
    acknowledge(sent, nonce)
    with pytest.raises(Gone):
        next(pieces)


def test_burning_erases_every_segment():
    sent = sending()
    receipt = sent.send(Api())["receipt"]
    assert Api().call("POST", f"receipts/{receipt}/burn").json()["state"] == "burned"
    assert not Segment.objects.exists()
    assert claim(sent, b"n" * 16).json()["state"] == "burned"


def test_one_that_nobody_opens_is_erased_when_it_expires():
    sent = sending(ttl=60)
    sent.send(Api())
    with time_machine.travel(Secret.objects.get().expires_at, tick=False):
        assert claim(sent, b"n" * 16).json()["state"] == "expired"
        call_command("purge_secrets", stdout=io.StringIO())
    assert not Segment.objects.exists()
    assert Secret.objects.get().segments == 0


def test_one_that_no_purge_saw_for_long_is_forgotten_with_its_segments():
    sending(ttl=60).send(Api())
    with time_machine.travel(Secret.objects.get().forget_at, tick=False):
        call_command("purge_secrets", stdout=io.StringIO())
    assert not Secret.objects.exists()
    assert not Segment.objects.exists()


def test_the_segments_of_others_stay():
    """Whatever ends one secret or upload leaves the others whole."""
    kept, ended, sent = sending(), sending(), sending()
    kept.send(Api())
    sent.begin(Api())
    sent.put(Api(), 0)
    receipt = ended.send(Api())["receipt"]
    Api().call("POST", f"receipts/{receipt}/burn")
    call_command("purge_secrets", stdout=io.StringIO())
    assert Segment.objects.count() == 4
    assert claim(kept, b"n" * 16).status_code == 200


def test_the_cost_of_a_segment_does_not_grow(django_assert_max_num_queries):
    sent, api, nonce = sending(), Api(), b"n" * 16
    sent.begin(api)
    with django_assert_max_num_queries(5):  # find, and in a transaction: lock, write
        sent.put(api, 0)
    sent.send(api)
    claim(sent, nonce)
    with django_assert_max_num_queries(2):
        sent.fetch(api, 0, nonce)


def test_the_sweep_erases_what_belongs_to_nothing_and_nothing_else():
    made, sent = sending(), sending()
    made.send(Api())
    sent.begin(Api())
    sent.put(Api(), 0)
    inline = seal()
    Api().create(inline)
    for name in (inline.id, sending(10).sealed.id):
        Segment.objects.create(secret_id=name, number=0, content=b"x")
    out = io.StringIO()
    call_command("sweep_segments", stdout=out)
    call_command("sweep_segments", stdout=out)
    assert out.getvalue().splitlines() == ["Erased 2 orphaned segments.", "Erased 0 orphaned segments."]
    assert {row.secret_id.hex for row in Segment.objects.all()} == {made.sealed.id, sent.sealed.id}


# --- Accounts ---------------------------------------------------------------------------------


def test_closing_an_account_erases_what_it_sends_and_what_it_sent(alice, bob):
    from accounts import services as accounts

    theirs = sending()
    theirs.send(bob)
    sending().send(alice)
    open_upload = sending()
    open_upload.begin(alice)
    open_upload.put(alice, 0)
    accounts.close(alice.user, tell=False)
    assert not Upload.objects.exists()
    assert {row.secret_id.hex for row in Segment.objects.all()} == {theirs.sealed.id}


def test_an_export_names_what_is_being_sent(alice, bob):
    from accounts.export import sections

    sent = sending()
    sent.begin(alice)
    data = dict(sections(alice.user))
    assert [row["size"] for row in data["unfinished_uploads"]] == [sent.body["size"]]
    assert sent.sealed.id not in str(data)
    assert dict(sections(bob.user))["unfinished_uploads"] == []


# --- Clients of v1, and keys ---------------------------------------------------------------------


def test_v1_does_not_know_it_and_consumes_nothing(client):
    sent = sending()
    sent.send(Api())
    answer = client.post(f"/api/v1/secret/{sent.sealed.key}")
    assert (answer.status_code, answer.json()["message"]) == (404, "Unknown secret")
    assert Secret.objects.get().state == "new"
    assert Segment.objects.count() == 3


def test_segments_of_secrets_and_uploads_are_sealed_again(settings):
    from secrets_app.keyring import new_key

    made, sent, api = sending(), sending(), Api()
    made.send(api)
    sent.begin(api)
    sent.put(api, 0)
    old, fresh = settings.SECRET_ENCRYPTION_KEYS, new_key()
    settings.SECRET_ENCRYPTION_KEYS = [fresh, *old]
    out = io.StringIO()
    call_command("rotate_keys", "--dry-run", stdout=out)
    call_command("rotate_keys", stdout=out)
    call_command("rotate_keys", stdout=out)
    said = [line for line in out.getvalue().splitlines() if "segments" in line]
    assert ["4 segments" in said[0], "4 segments" in said[1], " 0 segments" in said[2]] == [True] * 3
    settings.SECRET_ENCRYPTION_KEYS = [fresh]
    for number in (1, 2):
        sent.put(api, number)
    assert sent.finish(api).status_code == 201
    for each in (made, sent):
        claim(each, b"n" * 16)
        parts = [each.fetch(api, number, b"n" * 16).content for number in range(3)]
        assert each.open(parts).files[0].data == each.content


def test_a_rotation_without_the_old_key_says_so_and_changes_nothing(settings):
    from django.core.management import CommandError

    from secrets_app.keyring import new_key

    sending().send(Api())
    before = stored_segments()
    settings.SECRET_ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(CommandError, match="segment"):
        call_command("rotate_keys", stdout=io.StringIO())
    assert stored_segments() == before


def test_a_lost_segment_is_our_mistake_and_not_an_opening_by_somebody(client):
    """A segment that is missing though nobody erased it must not read as "somebody was first"."""
    sent, nonce = sending(), b"n" * 16
    sent.send(Api())
    claim(sent, nonce)
    Segment.objects.filter(number=1).delete()
    with pytest.raises(Missing):
        downloads.fetch(envelope.SecretId(bytes.fromhex(sent.sealed.id)), nonce, 1)
