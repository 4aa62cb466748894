"""The open page without script: the text, and a download button for each file, for the holder of the claim."""

import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import envelope, services
from secrets_app.envelope import Contents, File, FileMeta
from secrets_app.models import Secret, Segment
from tests.secrets_app.test_open_page import FORM, new_claim

pytestmark = pytest.mark.django_db(transaction=True)

MEGA = 1024 * 1024
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
NAMES = [
    "notes.pdf",
    "нотатки.pdf",
    "../../x",
    "cod\u202eexe.txt",
    "<img onerror>",
    "a\r\nSet-Cookie: x=1",
    "n" * 300,
    "",
]


def make(*contents: bytes, text="hello", passphrase=None, names=NAMES, inline=False) -> envelope.LinkKey:
    """A secret as other programs make it, in segments or in one piece."""
    files = [File(name, "text/html", data) for name, data in zip(names, contents, strict=False)]
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    sealed = envelope.seal_with(keys.content_key, secret_id, Contents(text, tuple(files)))
    terms: dict[str, Any] = {
        "secret_id": secret_id, "proof_hash": envelope.proof_hash(keys.proof), "ttl": 3600,
        "passphrase": passphrase is not None, "limits": ANONYMOUS,
    }  # fmt: skip
    if inline:
        services.create(envelope=sealed, **terms)
    else:
        upload(sealed, terms)
    return key


def upload(sealed: bytes, terms) -> None:
    from secrets_app import uploads

    right = secrets.token_bytes(16)
    uploads.begin(key=right, size=len(sealed), **terms)
    for number, segment in enumerate(envelope.split_envelope(sealed)):
        uploads.put(terms["secret_id"], right, number, segment)
    uploads.finish(terms["secret_id"], right)


@pytest.fixture
def submit(client):
    """Post a form as a browser does."""

    def send(**fields):
        return client.post("/secret", urlencode(fields), content_type=FORM)

    return send


def open_(submit, link, passphrase="", claim=None):
    return submit(link=link, passphrase=passphrase, claim=claim or new_claim())


def downloads(page: str) -> list[dict[str, str]]:
    """What each download button posts."""
    forms = re.findall(r"<form[^>]*>(.*?)</form>", page, re.DOTALL)
    found = [dict(HIDDEN.findall(form)) for form in forms]
    return [form for form in found if form.get("action") == "download"]


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("passphrase", [None, "ключ"])
def test_each_file_has_a_button_and_comes_to_the_byte(submit, inline, passphrase):
    contents = [b"1" * 1000, b"", b"\0\xff"]
    page = open_(
        submit, make(*contents, passphrase=passphrase, inline=inline), passphrase or ""
    ).content.decode()
    assert ">\nhello</textarea>" in page
    buttons = downloads(page)
    assert len(buttons) == 3
    assert [b"".join(submit(**form).streaming_content) for form in buttons] == contents


@pytest.mark.parametrize("size", [MEGA - 1, MEGA, MEGA + 1, 3 * MEGA + 5])
def test_files_across_segments_come_to_the_byte(submit, size):
    contents = [bytes(range(250)) * (size // 250) + b"x" * (size % 250), b"2" * 700_000]
    buttons = downloads(open_(submit, make(*contents)).content.decode())
    # In any order, and more than once.
    for number in (1, 0, 1):
        response = submit(**buttons[number])
        assert int(response["Content-Length"]) == len(contents[number])
        assert b"".join(response.streaming_content) == contents[number]


def test_what_comes_is_for_the_disk_whatever_the_sender_called_it(submit):
    buttons = downloads(open_(submit, make(*[b"<script>"] * len(NAMES))).content.decode())
    found = []
    for form in buttons:
        response = submit(**form)
        assert response["Content-Type"] == "application/octet-stream"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies
        found.append(response["Content-Disposition"])
        response.close()  # as a server does, whether or not anybody took the bytes
    assert found[0] == 'attachment; filename="notes.pdf"'
    assert found[1] == "attachment; filename*=utf-8''%D0%BD%D0%BE%D1%82%D0%B0%D1%82%D0%BA%D0%B8.pdf"
    assert found[2] == 'attachment; filename="x"'
    assert found[3] == 'attachment; filename="codexe.txt"'
    assert found[4] == 'attachment; filename="_img onerror_"'
    assert found[5] == 'attachment; filename="aSet-Cookie_ x=1"'
    assert found[6] == f'attachment; filename="{"n" * 200}"'
    assert found[7] == 'attachment; filename="file"'


def test_names_are_text_in_which_nothing_hides(submit):
    page = open_(submit, make(*[b"1"] * len(NAMES))).content.decode()
    assert "cod⟨U+202E⟩exe.txt" in page
    assert "&lt;img onerror&gt;" in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "a⟨U+000D⟩⟨U+000A⟩Set-Cookie" in page


def test_a_file_alone_comes_without_an_empty_text(submit):
    page = open_(submit, make(b"1", text=None)).content.decode()
    assert re.search(r'<div id="secret-part" hidden>', page)
    assert len(downloads(page)) == 1
    assert '<div id="secret-part">' in open_(submit, make(b"1")).content.decode()


LEADS = {
    "/secret": ("Copy it now to where you need it.", "Save it now to where you need it."),
    "/uk/secret": ("Скопіюйте її зараз туди, де вона потрібна.", "Збережіть її зараз там, де вона потрібна."),
}


@pytest.mark.parametrize("path", LEADS)
def test_what_to_do_with_it_fits_a_text_or_files_alone(client, path):
    """Nobody can copy a file: who gets nothing else is told to save it."""
    for text, seen, hidden in (("hello", *LEADS[path]), (None, *reversed(LEADS[path]))):
        body = urlencode({"link": make(b"1", text=text), "claim": new_claim()})
        page = client.post(path, body, content_type=FORM).content.decode()
        (lead,) = re.findall(r'<p class="lead" id="[a-z]+-lead">([^<]*)</p>', page)
        assert lead.startswith(seen)
        assert hidden not in lead


def test_a_text_alone_has_no_buttons_and_no_key(submit):
    page = open_(submit, make(inline=True)).content.decode()
    assert downloads(page) == []
    assert 'name="key"' not in page


def test_neither_link_nor_passphrase_is_on_the_answer(submit):
    link = make(b"1", passphrase="the-passphrase")
    page = open_(submit, link, "the-passphrase").content.decode()
    assert link not in page
    assert "the-passphrase" not in page


def test_a_wrong_passphrase_opens_nothing(submit):
    link = make(b"1", passphrase="right")
    assert open_(submit, link, "wrong").status_code == 403
    assert Secret.objects.get().state == "new"


def test_a_reload_within_the_hold_has_the_files_again(submit):
    link, mine = make(b"1"), new_claim()
    for _ in range(2):
        assert len(downloads(open_(submit, link, claim=mine).content.decode())) == 1
    assert open_(submit, link).status_code == 410


def test_downloading_goes_on_while_somebody_downloads(submit):
    """Each fetched segment moves the end of the hold."""
    (button,) = downloads(open_(submit, make(b"1")).content.decode())
    start = timezone.now()
    for seconds in (100, 200, 300):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            assert b"".join(submit(**button).streaming_content) == b"1"
    with time_machine.travel(start + timedelta(seconds=430), tick=False):
        late = submit(**button)
    assert late.status_code == 410
    assert "already been opened" in late.content.decode()


def test_erase_now_ends_it_for_the_files_too(submit):
    page = open_(submit, make(b"1" * 2 * MEGA)).content.decode()
    (button,) = downloads(page)
    erased = submit(action="erase", id=button["id"], claim=button["claim"])
    assert "Erased" in erased.content.decode()
    assert not Segment.objects.exists()
    assert submit(**button).status_code == 410


def test_a_stranger_gets_nothing(submit):
    (button,) = downloads(open_(submit, make(b"1")).content.decode())
    assert submit(**button | {"claim": new_claim()}).status_code == 404
    assert submit(**button | {"id": "0" * 32}).status_code == 404
    assert submit(**button | {"key": "A" * 43}).status_code == 422
    assert submit(**button | {"file": "1"}).status_code == 404
    assert b"".join(submit(**button).streaming_content) == b"1"


@pytest.mark.parametrize(
    "change",
    [{"id": "x"}, {"claim": "!"}, {"key": "short"}, {"file": "-1"}, {"file": "x"}, {"file": "9" * 6}],
)
def test_a_malformed_download_is_refused(submit, change):
    (button,) = downloads(open_(submit, make(b"1")).content.decode())
    assert submit(**button | change).status_code == 400


def test_looking_hands_out_nothing(client, submit):
    (button,) = downloads(open_(submit, make(b"1")).content.decode())
    assert client.get("/secret", button).headers.get("Content-Disposition") is None


def test_an_envelope_that_lies_about_its_files_consumes_nothing(submit, monkeypatch):
    def lie(text, files=()):
        return real(text, [FileMeta(file.name, file.type, 10**9) for file in files])

    real = envelope.pack_header
    monkeypatch.setattr(envelope, "pack_header", lie)
    link = make(b"1")
    assert open_(submit, link).status_code == 422
    assert Secret.objects.get().state == "new"
