"""The create page without script, with a file: sealed while it arrives, kept nowhere in clear."""

import re
import tempfile
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory

from accounts.models import User
from billing.limits import ANONYMOUS
from onetime.views import Unavailable
from secrets_app import envelope, here
from secrets_app.models import Secret, Segment, Upload
from tests.secrets_app.forms import DELIMITER, END, MULTIPART, field, fields, file
from tests.secrets_app.test_create_page import LINK, found

pytestmark = pytest.mark.django_db(transaction=True)

MEGA = 1024 * 1024


@pytest.fixture
def submit(client):
    """Post a form as it goes over the wire."""

    def send(body: bytes, kind: str = MULTIPART, path: str = "/", **headers):
        return client.post(path, body, content_type=kind, headers=headers)

    return send


def opened(page: str, passphrase: str | None = None):
    """The text, and the files as (name, type, bytes), behind the link on the answer."""
    link, claim = envelope.LinkKey(found(LINK, page)), b"c" * 16
    secret = here.open_link(link, passphrase, claim)
    contents = [
        here.read_file(secret.secret_id, secret.content_key, claim, number)
        for number in range(len(secret.files))
    ]
    return secret.text, [(each.meta.name, each.meta.type, b"".join(each.pieces)) for each in contents]


def nothing_stored() -> bool:
    return not (Secret.objects.exists() or Upload.objects.exists() or Segment.objects.exists())


def test_the_page_has_the_file_as_its_last_field(client):
    page = client.get("/").content.decode()
    form = page[page.index('id="create"') : page.index("</form>", page.index('id="create"'))]
    assert 'enctype="multipart/form-data"' in form
    names = re.findall(r' name="(\w+)"', form)
    assert (
        [name for name in names if name in {"text", "passphrase", "ttl", "file"}][-1] == names[-1] == "file"
    )
    assert "10 MB" in form


def test_a_text_and_a_file_open_by_the_link_on_the_answer(submit):
    response = submit(fields(text="see\r\nthe file") + file(b"%PDF-1.7\r\n\0\xff", "нотатки.pdf") + END)
    assert response.status_code == 200
    assert not response.cookies
    assert opened(response.content.decode()) == (
        "see\nthe file",
        [("нотатки.pdf", "application/pdf", b"%PDF-1.7\r\n\0\xff")],
    )


def test_a_file_may_come_alone_and_behind_a_passphrase(submit):
    response = submit(fields(text="", passphrase="ключ") + file(b"x" * 100, "a.txt", "text/plain") + END)
    page = response.content.decode()
    assert "It asks for a passphrase" in page
    assert opened(page, "ключ") == (None, [("a.txt", "text/plain", b"x" * 100)])


@pytest.mark.parametrize("size", [0, 1, MEGA - 1, MEGA, MEGA + 1, 3 * MEGA + 5])
def test_a_file_of_every_length_arrives_to_the_byte(submit, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    text, files = opened(submit(fields() + file(data) + END).content.decode())
    assert text == "hello"
    assert files[0][2] == data


def test_without_a_file_it_is_a_text_like_any_other(submit):
    """What a browser sends where none was chosen."""
    page = submit(
        fields(text=" as typed\r\n") + file(b"", "", "application/octet-stream") + END
    ).content.decode()
    assert opened(page) == (" as typed\n", [])
    assert Secret.objects.get().segments == 0


def test_a_sender_s_path_is_nobody_s_business(submit):
    page = submit(fields() + file(b"1", r"C:\Users\alice\plan.txt") + END).content.decode()
    assert opened(page)[1][0][0] == "plan.txt"


def test_an_account_owns_what_it_posts_and_a_visitor_s_secret_belongs_to_nobody(client, submit):
    submit(fields() + file(b"1") + END)
    assert Secret.objects.get().owner is None
    alice = User.objects.create_user(email="alice@example.com")
    client.force_login(alice)
    submit(fields() + file(b"1") + END)
    assert Secret.objects.filter(owner=alice).count() == 1


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (fields() + file(b"1") + file(b"2") + END, 400, "One file can come with it"),
        (fields() + file(b"1") + field("text", "late") + END, 400, "did not arrive as it was sent"),
        (fields() + file(b"1" * 3 * MEGA) + file(b"2") + END, 400, "did not arrive as it was sent"),
        (fields() + file(b"1" * 3 * MEGA), 400, "did not arrive as it was sent"),
        (fields() + file(b"1" * 3 * MEGA)[:-MEGA], 400, "did not arrive as it was sent"),
        (fields(ttl="1") + file(b"1") + END, 400, "Select a valid choice."),
        (fields(text="й" * 50_001) + file(b"1") + END, 400, "The secret is too long."),
    ],
)  # fmt: skip
def test_a_refused_form_says_why_and_keeps_what_was_typed(submit, body, status, words):
    given = field("passphrase", "typed phrase") + body.replace(field("passphrase", ""), b"")
    response = submit(given)
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert "Choose the file again" in page
    assert "typed phrase" in page
    assert nothing_stored()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (fields() + file(b"1") + END, "multipart/form-data", 400),
        (fields() + file(b"1") + END, "multipart/form-data; boundary=other", 400),
        (fields()[:-9], MULTIPART, 400), (b"\r\n", MULTIPART, 400), (b"text=hello", MULTIPART, 400),
        (field("text", b"\xff\xfe") + END, MULTIPART, 400), (fields() + file(b"1", field="other") + END, MULTIPART, 400),
        (fields() + file(b"1", "") + END, MULTIPART, 400), (field("text", "a" * 300_000) + END, MULTIPART, 413),
        (b"".join(field(f"f{n}", "") for n in range(50)) + file(b"1") + END, MULTIPART, 400),
        (DELIMITER + b"\r\n" + b"X" * 20_000 + END, MULTIPART, 400),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(submit, body, kind, status):
    response = submit(body, kind)
    assert response.status_code == status
    assert nothing_stored()


def test_it_is_refused_in_the_reader_s_language(submit):
    page = submit(fields() + file(b"1") + file(b"2") + END, path="/uk/").content.decode()
    assert '<html lang="uk"' in page
    assert "Виберіть файл ще раз: браузер його не запам’ятав." in page


def small(_user):
    return replace(ANONYMOUS, max_files_bytes=2 * MEGA, max_text_bytes=1000, creates_per_hour=2)


def no_files(_user):
    return replace(ANONYMOUS, max_files_bytes=0)


@pytest.mark.parametrize("size", [2 * MEGA + 1, 2 * MEGA + 5000, 5 * MEGA])
def test_a_file_over_the_limit_is_refused_and_what_was_typed_stays(submit, settings, size):
    """Whether the announced length shows it, or only the file's end does."""
    settings.LIMITS_FOR = f"{__name__}.small"
    response = submit(fields(text="not to be lost") + file(b"1" * size) + END)
    assert response.status_code == 413
    page = response.content.decode()
    assert "The file is too large: 2.1 MB is the most." in page
    assert "not to be lost" in page
    assert nothing_stored()


def test_a_file_of_just_the_limit_is_taken(submit, settings):
    settings.LIMITS_FOR = f"{__name__}.small"
    assert submit(fields() + file(b"1" * 2 * MEGA) + END).status_code == 200


def test_a_plan_without_files_offers_none_and_takes_none(client, submit, settings):
    settings.LIMITS_FOR = f"{__name__}.no_files"
    assert 'name="file"' not in client.get("/?plan").content.decode()
    response = submit(fields() + file(b"1") + END)
    assert response.status_code == 413
    assert "Your plan takes no files." in response.content.decode()
    assert nothing_stored()
    assert submit(fields() + END).status_code == 200


def test_a_limited_visitor_keeps_what_they_typed(submit, settings):
    settings.LIMITS_FOR = f"{__name__}.small"
    body = fields(text="not to be lost") + file(b"1") + END
    assert [submit(body).status_code for _ in range(2)] == [200, 200]
    response = submit(body)
    assert response.status_code == 429
    assert "not to be lost" in response.content.decode()
    assert Secret.objects.count() == 2


def test_a_store_that_does_not_answer_loses_nothing_that_was_typed(submit, monkeypatch):
    def down(*_args):
        raise Unavailable("the object store does not answer")

    monkeypatch.setattr("secrets_app.segments.put", down)
    response = submit(fields(text="not to be lost") + file(b"1" * 3 * MEGA) + END)
    assert response.status_code == 503
    assert "not to be lost" in response.content.decode()
    assert nothing_stored()


def test_a_refused_form_does_not_count_against_the_limit(submit, settings):
    settings.LIMITS_FOR = f"{__name__}.small"
    for _ in range(3):
        assert submit(fields(ttl="1") + file(b"1") + END).status_code == 400
    assert submit(fields() + file(b"1") + END).status_code == 200


def test_no_file_ever_touches_the_disk(submit, monkeypatch, client):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a temporary file")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.__init__", refuse)
    assert submit(fields() + file(b"1" * 5 * MEGA) + END).status_code == 200
    # Any other view, which leaves the form to Django, has the fields and no file.
    request = RequestFactory().post("/", fields() + file(b"1" * 5 * MEGA) + END, content_type=MULTIPART)
    assert (request.POST["text"], list(request.FILES)) == ("hello", [])


def large(_user):
    return replace(ANONYMOUS, max_files_bytes=64 * MEGA)


class Wire:
    """The body of a request with a file of `size` bytes, which nobody holds."""

    def __init__(self, size: int) -> None:
        self.before, self.left, self.after = fields() + file(b"")[:-2], size, b"\r\n" + END
        self.length = len(self.before) + size + len(self.after)

    def read(self, count: int) -> bytes:
        if self.before:
            given, self.before = self.before[:count], self.before[count:]
        elif self.left:
            given = bytes(min(self.left, count))
            self.left -= len(given)
        else:
            given, self.after = self.after[:count], self.after[count:]
        return given

    readline = read  # Django wants it to be there


def test_the_memory_for_a_large_file_is_small(settings):
    """The first segment, one that fills and what sealing takes, whatever the size."""
    settings.LIMITS_FOR = f"{__name__}.large"
    post_wire(Wire(1))
    tracemalloc.start()
    try:
        status = post_wire(Wire(40 * MEGA))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status == "200 OK"
    assert Secret.objects.order_by("-size")[0].segments > 40
    assert peak < 10 * MEGA


def post_wire(wire: Wire) -> str:
    request = RequestFactory().post("/", b"x", content_type=MULTIPART)
    environ = request.environ | {"CONTENT_LENGTH": str(wire.length), "wsgi.input": wire}
    statuses: list[str] = []
    handler: Any = WSGIHandler()
    handler(environ, lambda status, _headers: statuses.append(status))
    return statuses[0]


# Cross-site


@pytest.fixture
def strict(db):
    """A signed-in person in an old browser, which says nothing of where a request comes from."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user(email="alice@example.com"))
    return client


def token_of(client: Client) -> str:
    page = client.get("/").content.decode()
    match = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert match
    return match[1]


def test_an_old_browser_of_an_account_proves_itself_by_the_token(strict):
    body = field("csrfmiddlewaretoken", token_of(strict)) + fields() + file(b"1" * MEGA) + END
    assert strict.post("/", body, content_type=MULTIPART).status_code == 200
    assert Secret.objects.count() == 1


@pytest.mark.parametrize("token", [None, "", "x" * 64, "0" * 32])
def test_without_the_right_token_nothing_is_stored(strict, token):
    token_of(strict)
    for more in (file(b"1" * MEGA), b""):
        body = (b"" if token is None else field("csrfmiddlewaretoken", token)) + fields() + more + END
        assert strict.post("/", body, content_type=MULTIPART).status_code == 403
    assert nothing_stored()


def test_a_token_after_the_file_comes_too_late(strict):
    body = fields() + file(b"1") + field("csrfmiddlewaretoken", token_of(strict)) + END
    assert strict.post("/", body, content_type=MULTIPART).status_code == 403
    assert nothing_stored()


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_site_s_form_is_refused_whatever_it_holds(strict, headers):
    body = field("csrfmiddlewaretoken", token_of(strict)) + fields() + file(b"1") + END
    assert strict.post("/", body, content_type=MULTIPART, headers=headers).status_code == 403
    assert nothing_stored()


def test_a_visitor_needs_no_token(db):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/", fields() + file(b"1") + END, content_type=MULTIPART).status_code == 200
