"""Files in real Chromium: chosen, dropped or pasted, sent and fetched by segment, shown and saved, on good and bad lines."""

import base64
import hashlib
import io
import json
import random
import re
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from secrets_app import envelope
from secrets_app.envelope import Contents, File
from tests.browser.states import receiving, sending_files
from tests.browser.test_main_job import expect_heading, passphrase_of, press_show
from tests.browser.test_matrix import b64, call
from tests.browser.test_without_mouse import tab_to
from tests.site import running_site

pytestmark = pytest.mark.browser

MEBIBYTE = 1024 * 1024
LARGEST = 100_000_000
LONG_MS = 120_000
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def accept(dialog: Dialog, asked: list[str]) -> None:
    """Say yes to what the browser asks, and remember what it was."""
    asked.append(dialog.type)
    dialog.accept()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where a visitor may share as much as with the largest plan."""
    with running_site(tmp_path_factory.mktemp("site"), files=LARGEST) as running:
        yield running


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def file(name: str, data: bytes, kind: str = "application/octet-stream") -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


def add(page: Page, *files: Any) -> None:
    """Choose files, by their contents or all by their paths, and wait until they are listed."""
    expect(page.locator("#choose-files")).to_be_enabled()
    listed = page.locator("#files-list > li").count()
    page.locator("#files").set_input_files(list(files))
    expect(page.locator("#files-list > li")).to_have_count(listed + len(files))


def press_create(page: Page) -> None:
    page.get_by_role("button", name="Create the link").click()


def link_of(page: Page) -> str:
    expect(page.get_by_role("heading", name="Your link is ready")).to_be_visible(timeout=LONG_MS)
    return page.get_by_label("Secret link, to send").input_value()


def share(page: Page, *files: Any, text: str = "", passphrase: str = "") -> str:
    page.goto("/")
    page.get_by_label("Your secret").fill(text)
    passphrase_of(page).fill(passphrase)
    add(page, *files)
    press_create(page)
    return link_of(page)


def open_link(page: Page, link: str) -> None:
    page.goto(link)
    press_show(page)


def expect_files(page: Page, count: int) -> None:
    expect(page.get_by_role("heading", name="Here is your secret")).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#received-list > li")).to_have_count(count)


def save(page: Page, number: int = 0) -> tuple[str, bytes]:
    """Press Save in a row; the name and the bytes that the browser saves."""
    with page.expect_download() as started:
        page.locator("#received-list > li").nth(number).get_by_role("button").click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def save_all(page: Page) -> zipfile.ZipFile:
    with page.expect_download() as started:
        page.get_by_role("button", name="Save all as ZIP").click()
    assert started.value.suggested_filename == "files.zip"
    return zipfile.ZipFile(io.BytesIO(Path(started.value.path()).read_bytes()))


def count_requests(page: Page, pattern: str) -> list[str]:
    """The methods and addresses asked for from now on that `pattern` finds."""
    seen: list[str] = []
    page.on("request", lambda r: seen.append(f"{r.method} {r.url}") if re.search(pattern, r.url) else None)
    return seen


def status(site, secret: str) -> int:
    try:
        with urllib.request.urlopen(f"{site.origin}/api/v2/secrets/{secret}") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def stored(site) -> dict[str, int]:
    code = (
        "from secrets_app.models import *; "
        "print(Secret.objects.count(), Upload.objects.count(), Segment.objects.count())"
    )
    secrets, uploads, segments = map(int, site.manage("shell", "--no-imports", "-c", code).split())
    return {"secrets": secrets, "uploads": uploads, "segments": segments}


# --- There and back -----------------------------------------------------------------------------------


def test_a_file_of_every_awkward_size_comes_back_as_it_was(person):
    sizes = (0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1)
    files = [noise(size, size) for size in sizes]
    link = share(person(), *(file(f"{len(data)}.bin", data) for data in files), text="see the files")
    recipient = person()
    open_link(recipient, link)
    expect_files(recipient, len(files))
    expect(recipient.get_by_label("Secret", exact=True)).to_have_value("see the files")
    expect(recipient.locator(".lead:visible")).to_have_text(re.compile("^Copy it now"))
    for number, data in enumerate(files):
        name, saved = save(recipient, number)
        assert name == f"{len(data)}.bin"
        assert saved == data


@pytest.mark.parametrize("size", [0, 1])
def test_one_small_file_is_a_secret_too(person, size):
    link = share(person(), file("a.bin", b"x" * size))
    recipient, late = person(), person()
    open_link(recipient, link)
    expect_files(recipient, 1)
    expect(recipient.get_by_label("Secret", exact=True)).to_be_hidden()
    expect(recipient.locator(".lead:visible")).to_have_text(re.compile("^Save it now to where you need it"))
    expect(recipient.get_by_role("button", name="Save all")).to_be_hidden()
    assert save(recipient) == ("a.bin", b"x" * size)
    late.goto(link)
    expect_heading(late, "This secret has already been opened")


def test_a_hundred_megabytes_come_back_while_both_pages_answer(person, tmp_path):
    """Neither page stops for longer than a reader would notice."""
    path = tmp_path / "large.bin"
    path.write_bytes(noise(LARGEST))
    longest = """() => { let last = performance.now(); window.longest = 0;
      setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 20); }"""
    sender, recipient = person(), person()
    sender.goto("/")
    add(sender, path)
    sender.evaluate(longest)
    press_create(sender)
    expect(sender.locator("#upload")).to_be_visible()
    link = link_of(sender)
    recipient.goto(link)
    recipient.evaluate(longest)
    press_show(recipient)
    expect_files(recipient, 1)
    for page in (sender, recipient):
        assert page.evaluate("window.longest") < 2000
    name, saved = save(recipient)
    assert name == "large.bin"
    assert hashlib.sha256(saved).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_twenty_files_come_back_one_by_one_or_as_an_archive(person):
    files = {f"{number} – звіт.bin": noise(10_000 + number, number) for number in range(20)}
    link = share(person(), *(file(name, data) for name, data in files.items()), passphrase="Їжак")
    recipient = person()
    recipient.goto(link)
    passphrase_of(recipient).fill("Їжак")
    press_show(recipient)
    expect_files(recipient, 20)
    assert dict(save(recipient, number) for number in (0, 19)) == {
        name: files[name] for name in ("0 – звіт.bin", "19 – звіт.bin")
    }
    archive = save_all(recipient)
    assert archive.testzip() is None
    assert {info.filename: archive.read(info) for info in archive.infolist()} == files


HOSTILE = {
    "../../x": ("../../x", "x"),
    "cod\u202eexe.txt": ("cod⟨U+202E⟩exe.txt", "codexe.txt"),
    "<img src=x onerror=alert(1)>": ("<img src=x onerror=alert(1)>", "_img src=x onerror=alert(1)_"),
    "a\u0000b\u001b.txt": ("a⟨U+0000⟩b⟨U+001B⟩.txt", "ab.txt"),
    "ї" * 296 + ".txt": ("ї" * 296 + ".txt", "ї" * 98 + ".txt"),
    "Пароль «Їжака».txt": ("Пароль «Їжака».txt", "Пароль «Їжака».txt"),
    "a   b.txt": ("a   b.txt", "a   b.txt"),
}


def test_a_hostile_name_is_seen_for_what_it_is_and_leads_nowhere(person):
    sender, recipient = person(viewport={"width": 320, "height": 640}), person()
    link = share(sender, *(file(name, b"x") for name in HOSTILE))
    open_link(recipient, link)
    expect_files(recipient, len(HOSTILE))
    shown = [element.text_content() for element in recipient.locator("[data-file-name]").all()]
    assert shown == [seen for seen, _saved in HOSTILE.values()]
    archive = save_all(recipient)
    assert archive.namelist() == [saved for _seen, saved in HOSTILE.values()]
    for number, (_seen, saved) in enumerate(HOSTILE.values()):
        name, _data = save(recipient, number)
        assert " ".join(name.split()) == " ".join(saved.split())  # Chromium makes one space of several


def test_names_are_seen_on_the_senders_page_too(person):
    page = person(viewport={"width": 320, "height": 640})
    page.goto("/")
    add(page, *(file(name, b"x") for name in HOSTILE))
    shown = [element.text_content() for element in page.locator("[data-file-name]").all()]
    assert shown == [seen for seen, _saved in HOSTILE.values()]
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320


def test_the_server_never_sees_a_name_a_kind_or_a_byte(person):
    sender, recipient = person(), person()
    sent: list[bytes] = []
    for page in (sender, recipient):
        page.on(
            "request", lambda request: sent.append(request.url.encode() + (request.post_data_buffer or b""))
        )
    link = share(
        sender, file("telling-name.txt", b"telling-bytes " * 50, "text/telling-kind"), text="telling-text"
    )
    open_link(recipient, link)
    expect_files(recipient, 1)
    everything = b"\n".join(sent).replace(link.encode(), b"")
    assert b"/segments/0" in everything
    assert b"telling" not in everything
    assert link.partition("#")[2].encode() not in everything


# --- Choosing -------------------------------------------------------------------------------------------


def test_files_are_removed_before_they_are_sent(person):
    sender = person()
    sender.goto("/")
    add(sender, *(file(name, b"x" * 1000) for name in ("a", "b", "c")))
    expect(sender.locator("#files-total")).to_have_text("3 kB of 100 MB")
    sender.get_by_role("button", name="Remove b").click()
    expect(sender.get_by_role("button", name="Remove c")).to_be_focused()
    sender.get_by_role("button", name="Remove c").click()
    expect(sender.get_by_role("button", name="Remove a")).to_be_focused()
    sender.get_by_role("button", name="Remove a").click()
    expect(sender.get_by_role("button", name="Add files")).to_be_focused()
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text="Or add a file.")).to_be_visible()
    add(sender, file("d", b"d"))
    press_create(sender)
    recipient = person()
    open_link(recipient, link_of(sender))
    expect_files(recipient, 1)
    assert save(recipient) == ("d", b"d")


def test_files_are_shared_and_saved_by_keyboard_alone(person):
    sender, recipient = person(), person()
    sender.on("filechooser", lambda _chooser: None)  # Playwright catches them from here on, none too late
    sender.goto("/")
    expect(sender.get_by_role("button", name="Add files")).to_be_enabled()
    tab_to(sender, "#choose-files")
    with sender.expect_file_chooser() as chooser:
        sender.keyboard.press("Enter")
    assert chooser.value.is_multiple()
    chooser.value.set_files([file("a", b"x"), file("b", b"y" * 3 * MEBIBYTE)])
    expect(sender.locator("#files-list > li")).to_have_count(2)
    sender.locator("#id_text").focus()
    tab_to(sender, "#files-list > li:first-child button")
    sender.keyboard.press("Enter")
    tab_to(sender, "#create-button")
    sender.route("**/segments/2", lambda _route: None)
    with sender.expect_request("**/segments/2"):
        sender.keyboard.press("Enter")
    tab_to(sender, "#cancel")
    sender.keyboard.press("Enter")
    expect(sender.locator("#create-button")).to_be_focused()
    sender.unroute("**/segments/2")
    sender.keyboard.press("Enter")
    recipient.goto(link_of(sender))
    expect(recipient.locator("#show-button")).to_be_visible()
    tab_to(recipient, "#show-button")
    recipient.keyboard.press("Enter")
    expect(recipient.locator("#shown-heading")).to_be_focused()
    tab_to(recipient, "#received-list button")
    with recipient.expect_download():
        recipient.keyboard.press("Enter")
    expect(recipient.locator("[role=status]").filter(has_text="Saving b")).to_be_attached()


def test_how_far_it_is_is_said_aloud_at_every_tenth(person):
    sender, recipient = person(), person()
    sending_files(sender, "")
    expect(sender.locator("#upload-status[role=status]")).to_have_text("60% sent")
    receiving(recipient, "")
    expect(recipient.locator("#download-status[role=status]")).to_have_text("60% received")


def test_more_than_the_plan_takes_is_said_before_anything_is_read(person, tmp_path):
    sender = person()
    sender.goto("/")
    asked = count_requests(sender, "/api/")
    path = tmp_path / "large.bin"
    with path.open("wb") as sparse:
        sparse.truncate(LARGEST)
    add(sender, path)
    expect(sender.locator("#files-total.over")).to_have_count(0)
    add(sender, file("one more", b"x"))
    expect(sender.locator("#files-total.over")).to_have_text("100,000,001 bytes of 100,000,000 bytes")
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text="100,000,000 bytes is the most")).to_be_visible()
    assert asked == []
    sender.get_by_role("button", name="Remove large.bin").click()
    press_create(sender)
    link_of(sender)


def test_names_that_need_more_room_than_there_is_are_refused_at_once(person):
    sender = person()
    sender.goto("/")
    asked = count_requests(sender, "/api/")
    sender.locator("#files").evaluate(
        """(input) => { const transfer = new DataTransfer();
          for (let n = 0; n < 1200; n++) transfer.items.add(new File([], "ї".repeat(125) + n));
          input.files = transfer.files; input.dispatchEvent(new Event("change")); }"""
    )
    expect(sender.locator("#files-list > li")).to_have_count(1200)
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text="too many files for one link")).to_be_visible()
    assert asked == []


def drag(page: Page, kind: str, *paths: Path) -> None:
    """Drag files from another program to the page's heading, as the browser itself sees it."""
    box = page.locator("h1").first.bounding_box()
    assert box
    page.context.new_cdp_session(page).send("Input.dispatchDragEvent", {
        "type": kind, "x": box["x"] + 5, "y": box["y"] + 5,
        "data": {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1},
    })  # fmt: skip


def test_files_may_be_dropped_anywhere(person, tmp_path):
    sender = person()
    sender.goto("/")
    (tmp_path / "folder").mkdir()
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(name)
    drag(sender, "dragEnter", tmp_path / "one.txt")
    drag(sender, "dragOver", tmp_path / "one.txt")
    expect(sender.locator("#create.dropping")).to_be_visible()
    drag(sender, "drop", *(tmp_path / name for name in ("one.txt", "folder", "two.txt")))
    expect(sender.locator("#create.dropping")).to_have_count(0)
    expect(sender.locator("#files-list > li")).to_have_count(2)
    expect(sender.get_by_role("alert").filter(has_text="A folder cannot be shared")).to_be_visible()
    press_create(sender)
    recipient = person()
    open_link(recipient, link_of(sender))
    expect_files(recipient, 2)
    assert dict(save(recipient, number) for number in (0, 1)) == {
        "one.txt": b"one.txt",
        "two.txt": b"two.txt",
    }


def test_a_picture_is_pasted_from_the_clipboard(person):
    """A real one: what a screenshot leaves there. Text beside it goes where text goes."""
    sender = person(permissions=["clipboard-read", "clipboard-write"])
    sender.goto("/")
    sender.evaluate(
        """(data) => navigator.clipboard.write([new ClipboardItem({
          "image/png": new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: "image/png" }) })])""",
        base64.b64encode(PIXEL).decode(),
    )
    sender.locator("#id_text").focus()
    sender.keyboard.press("Control+V")
    expect(sender.get_by_role("button", name="Remove image.png")).to_be_visible()
    expect(sender.locator("#id_text")).to_have_value("")
    sender.evaluate("navigator.clipboard.writeText('words')")
    sender.keyboard.press("Control+V")
    expect(sender.locator("#id_text")).to_have_value("words")
    expect(sender.locator("#files-list > li")).to_have_count(1)
    press_create(sender)
    recipient = person()
    open_link(recipient, link_of(sender))
    expect_files(recipient, 1)
    name, data = save(recipient)
    assert name == "image.png"
    assert data.startswith(b"\x89PNG")
    recipient.get_by_text("Preview").click()
    expect(recipient.get_by_role("img", name="Picture in image.png")).to_be_visible()


def test_a_spreadsheets_picture_of_its_cells_is_not_taken_for_a_file(person):
    """Cells are copied as text and as a picture of them: into a text field goes the text."""
    sender = person()
    sender.goto("/")
    pasted = """(target) => { const data = new DataTransfer(); data.setData("text/plain", "1\\t2");
      data.items.add(new File(["x"], "image.png", { type: "image/png" }));
      return target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }"""
    assert sender.locator("#id_text").evaluate(pasted) is True  # left to the browser
    assert sender.locator("h1").first.evaluate(pasted) is False
    expect(sender.locator("#files-list > li")).to_have_count(1)


def test_the_code_for_files_comes_with_the_first_file(person):
    sender = person()
    asked = count_requests(sender, r"(chosen|sending|upload|transfer|names)\.[0-9a-f]+\.js")
    sender.goto("/")
    sender.wait_for_load_state("networkidle")
    assert asked == []
    sender.route("**/upload*.js", lambda route: route.abort())
    sender.locator("#id_text").fill("typed before")
    sender.locator("#files").set_input_files([file("a", b"x")])
    expect(sender.get_by_role("alert").filter(has_text="The part for files did not load.")).to_be_visible()
    expect(sender.locator("#id_text")).to_have_value("typed before")
    sender.unroute("**/upload*.js")
    add(sender, file("a", b"x"))
    expect(sender.locator("#files-problem")).to_be_hidden()
    press_create(sender)
    link_of(sender)


# --- Bad lines ------------------------------------------------------------------------------------------


def test_a_line_cut_while_sending_mends_itself(person):
    """The page asks what is missing and sends that alone."""
    sender = person()
    sender.goto("/")
    data = noise(8 * MEBIBYTE)
    add(sender, file("a.bin", data))
    cut = {"after": 3}

    def break_some(route):
        cut["after"] -= 1
        if -4 < cut["after"] < 0:
            route.abort("connectionreset")
        else:
            route.continue_()

    sender.route("**/segments/*", break_some)
    asked = count_requests(sender, "/api/v2/uploads")
    press_create(sender)
    link = link_of(sender)
    assert sum("GET" in one for one in asked) >= 1
    assert sum("PUT" in one for one in asked) <= 9 + 3
    recipient = person()
    open_link(recipient, link)
    expect_files(recipient, 1)
    assert save(recipient) == ("a.bin", data)


def test_being_offline_while_sending_is_waited_out(person):
    sender = person()
    sender.goto("/")
    add(sender, file("a.bin", noise(6 * MEBIBYTE)))
    sender.route("**/segments/3", lambda route: (sender.context.set_offline(True), route.abort()), times=1)
    press_create(sender)
    expect(sender.get_by_text("There is no connection. Nothing is lost")).to_be_visible()
    sender.context.set_offline(False)
    link_of(sender)


def test_a_server_in_trouble_is_waited_for(person):
    sender = person()
    sender.goto("/")
    add(sender, file("a.bin", noise(2 * MEBIBYTE)))
    answers: list[dict[str, Any]] = [{"status": 502}, {"status": 429, "headers": {"Retry-After": "1"}}]
    sender.route("**/segments/1", lambda route: route.fulfill(**answers.pop(0)), times=2)
    press_create(sender)
    expect(sender.get_by_text("The server does not answer as it should.")).to_be_visible()
    expect(sender.get_by_text("Too many tries. Nothing is lost")).to_be_visible()
    link_of(sender)


def test_a_line_cut_while_fetching_mends_itself(person):
    data = noise(6 * MEBIBYTE)
    link = share(person(), file("a.bin", data))
    recipient, other = person(), person()
    recipient.goto(link)
    fetched = count_requests(recipient, "/segments/")
    recipient.route("**/segments/4", lambda route: route.abort("connectionreset"), times=1)
    press_show(recipient)
    expect(recipient.get_by_text("There is no connection. Nothing is lost")).to_be_visible()
    other.goto(link)
    expect_heading(other, "This secret has already been opened")
    expect_files(recipient, 1)
    assert save(recipient) == ("a.bin", data)
    assert len(fetched) == 7 + 1  # what was there was not fetched again


def test_a_reload_while_fetching_goes_on_with_the_same_claim(person):
    data = noise(5 * MEBIBYTE)
    link = share(person(), file("a.bin", data))
    recipient = person()
    recipient.goto(link)
    recipient.route("**/segments/3", lambda _route: None)  # never answered
    press_show(recipient)
    expect_heading(recipient, "Receiving the secret")
    expect(recipient.locator("#download-percent")).to_have_text(re.compile("[1-9]"))
    recipient.unroute("**/segments/3")
    asked: list[str] = []
    recipient.on("dialog", lambda dialog: accept(dialog, asked))
    recipient.reload()
    assert asked == ["beforeunload"]  # to close it would lose it
    expect_files(recipient, 1)
    assert save(recipient) == ("a.bin", data)


def test_a_hold_that_ends_while_fetching_is_explained(person, site):
    link = share(person(), file("a.bin", noise(3 * MEBIBYTE)))
    recipient = person()
    recipient.goto(link)
    gone = {
        "type": "/api#gone",
        "title": "Gone",
        "status": 410,
        "state": "opened",
        "at": "2030-01-01T00:00:00Z",
    }
    recipient.route(
        "**/segments/2",
        lambda route: route.fulfill(
            status=410, content_type="application/problem+json", body=json.dumps(gone)
        ),
    )
    press_show(recipient)
    expect_heading(recipient, "Not all of it arrived in time")


def test_a_changed_segment_is_not_shown(person):
    link = share(person(), file("a.bin", noise(2 * MEBIBYTE)))
    recipient = person()
    recipient.goto(link)

    def change(route):
        answer = route.fetch()
        body = bytearray(answer.body())
        body[1000] ^= 1
        route.fulfill(response=answer, body=bytes(body))

    recipient.route("**/segments/1", change, times=1)
    press_show(recipient)
    expect_heading(recipient, "The secret arrived damaged")
    recipient.reload()  # as it says
    expect_files(recipient, 1)


def send(site, plaintext: bytes) -> str:
    """Any plaintext at all, sealed and sent by segment as a client of its own would; the link."""
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, None), envelope.secret_id(key)
    step = envelope.SEGMENT_BYTES
    chunks = [plaintext[at : at + step] for at in range(0, len(plaintext), step)]
    upload = {"Upload-Key": b64(bytes(16))}
    path = f"{site.origin}/api/v2/uploads"
    begin = {
        "id": secret_id.hex(), "upload": upload["Upload-Key"], "size": envelope.envelope_size(len(plaintext)),
        "proof_hash": b64(envelope.proof_hash(keys.proof)), "ttl": 3600, "passphrase": False,
    }  # fmt: skip
    call(site, "uploads", begin)
    for number, chunk in enumerate(chunks):
        sealed = envelope.seal_segment(keys.content_key, secret_id, number, number == len(chunks) - 1, chunk)
        headers = {"Content-Type": "application/octet-stream", **upload}
        address = f"{path}/{secret_id.hex()}/segments/{number}"
        with urllib.request.urlopen(urllib.request.Request(address, sealed, headers, method="PUT")):
            pass
    call(site, f"uploads/{secret_id.hex()}/finish", {}, **upload)
    return f"{site.origin}/secret#{key}"


def plaintext(header: bytes, rest: bytes) -> bytes:
    return len(header).to_bytes(4) + header + rest


ONE_FILE = b'{"files":[{"name":"a","type":"","size":3}]}'


@pytest.mark.parametrize(
    ("made", "good"),
    [
        pytest.param(plaintext(ONE_FILE, b"abc" + bytes(MEBIBYTE)), True, id="as it should be"),
        pytest.param(
            plaintext(ONE_FILE, b"abc" + bytes(MEBIBYTE) + b"x"), False, id="hidden after the zeros"
        ),
        pytest.param(
            plaintext(ONE_FILE.replace(b"3", b"9999999"), bytes(MEBIBYTE)), False, id="too large a file"
        ),
        pytest.param(plaintext(b"[]", bytes(MEBIBYTE)), False, id="no header"),
        pytest.param(b"\xff\xff\xff\xff" + bytes(MEBIBYTE), False, id="a header without end"),
    ],
)
def test_what_was_badly_made_is_not_shown(person, site, made, good):
    recipient = person()
    open_link(recipient, send(site, made))
    if good:
        expect_files(recipient, 1)
        assert save(recipient) == ("a", b"abc")
    else:
        expect_heading(recipient, "The secret arrived damaged")


def test_a_tab_closed_while_sending_leaves_nothing_to_open(person, site):
    sender = person()
    sender.goto("/")
    before = stored(site)
    add(sender, file("a.bin", noise(5 * MEBIBYTE)))
    sender.route("**/segments/4", lambda _route: None)
    with sender.expect_request("**/segments/4") as request:
        press_create(sender)
    secret = request.value.url.split("/uploads/")[1].split("/")[0]
    assert status(site, secret) == 404
    sender.close()
    assert status(site, secret) == 404
    assert stored(site)["secrets"] == before["secrets"]


def test_the_browser_asks_before_it_closes_what_is_being_sent(person):
    sender = person()
    sender.goto("/")
    add(sender, file("a.bin", noise(2 * MEBIBYTE)))
    sender.route("**/segments/1", lambda _route: None)
    with sender.expect_request("**/segments/1"):
        press_create(sender)
    asked: list[str] = []
    sender.on("dialog", lambda dialog: accept(dialog, asked))
    sender.goto("/about")
    assert asked == ["beforeunload"]


def test_cancelling_keeps_what_was_chosen_and_erases_what_was_sent(person, site):
    sender = person()
    sender.goto("/")
    before = stored(site)
    sender.get_by_label("Your secret").fill("typed")
    passphrase_of(sender).fill("phrase")
    add(sender, file("a.bin", noise(4 * MEBIBYTE)))
    sender.route("**/segments/3", lambda _route: None)
    with sender.expect_request("**/segments/3"):
        press_create(sender)
    expect(sender.locator("#upload-percent")).to_have_text(re.compile("[1-9]"), timeout=LONG_MS)
    with sender.expect_request_finished(lambda request: request.method == "DELETE"):
        sender.get_by_role("button", name="Cancel").click()
    expect(sender.get_by_role("button", name="Create the link")).to_be_focused()
    expect(sender.locator("#upload")).to_be_hidden()
    expect(sender.locator("#problem")).to_be_hidden()
    expect(sender.get_by_label("Your secret")).to_have_value("typed")
    expect(sender.locator("#files-list > li")).to_have_count(1)
    assert stored(site) == before
    sender.unroute("**/segments/3")
    press_create(sender)
    link_of(sender)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "There is no connection. Nothing you typed is lost"),
        ({"status": 413}, "too large"),
        ({"status": 400}, "The server refused the request."),
        ({"status": 500}, "Something went wrong on our side."),
        ({"status": 429, "headers": {"Retry-After": "120"}}, "try again in 2 minutes"),
    ],
)
def test_an_upload_that_does_not_begin_loses_nothing(person, answer, words):
    sender = person()
    sender.goto("/")
    sender.get_by_label("Your secret").fill("typed")
    add(sender, file("a.bin", b"x"))
    sender.route(
        "**/api/v2/uploads", lambda route: route.fulfill(**answer) if answer else route.abort(), times=1
    )
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(sender.get_by_label("Your secret")).to_have_value("typed")
    expect(sender.locator("#files-list > li")).to_have_count(1)
    press_create(sender)
    link_of(sender)


def test_an_upload_that_the_server_has_forgotten_is_started_again(person):
    sender = person()
    sender.goto("/")
    add(sender, file("a.bin", b"x"))
    sender.route("**/finish", lambda route: route.fulfill(status=404), times=1)
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text="Sending took so long")).to_be_visible()
    press_create(sender)
    link_of(sender)


def test_a_lost_answer_to_the_finish_loses_nothing(person):
    sender, recipient = person(), person()
    sender.goto("/")
    add(sender, file("a.bin", b"x"))
    sender.route("**/finish", lambda route: (route.fetch(), route.abort("connectionreset")), times=1)
    press_create(sender)
    recipient.goto(link_of(sender))
    press_show(recipient)
    expect_files(recipient, 1)


def test_a_file_that_changed_after_it_was_chosen_is_refused(person, tmp_path):
    sender = person()
    sender.goto("/")
    path = tmp_path / "a.txt"
    path.write_text("as it was chosen")
    add(sender, path)
    path.write_text("something else, of another length")
    press_create(sender)
    expect(sender.get_by_role("alert").filter(has_text="A file cannot be read")).to_be_visible()
    sender.get_by_role("button", name="Remove a.txt").click()
    add(sender, path)
    press_create(sender)
    link_of(sender)


# --- Opening ------------------------------------------------------------------------------------------


def test_of_two_who_open_at_once_one_gets_the_files(person):
    link = share(person(), file("a.bin", noise(2 * MEBIBYTE)))
    pages = [person(), person()]
    for page in pages:
        page.goto(link)
        expect(page.locator("#show-button")).to_be_visible()
    for page in pages:
        page.locator("#show-button").evaluate("button => { button.click(); }")
    for page in pages:
        expect(
            page.locator("[data-state=shown], [data-state=opened]").locator("visible=true")
        ).to_be_visible()
    got = [page.locator("[data-state=shown]").is_visible() for page in pages]
    assert sorted(got) == [False, True]


def test_a_wrong_passphrase_costs_nothing(person):
    link = share(person(), file("a.bin", b"x"), passphrase="right")
    recipient = person()
    recipient.goto(link)
    passphrase_of(recipient).fill("wrong")
    press_show(recipient)
    expect(recipient.get_by_text("Wrong passphrase. Try again")).to_be_visible()
    passphrase_of(recipient).fill("right")
    press_show(recipient)
    expect_files(recipient, 1)
    recipient.get_by_role("button", name="Save a.bin").click()
    recipient.reload()  # within the hold
    passphrase_of(recipient).fill("right")
    press_show(recipient)
    expect_files(recipient, 1)


def test_erase_now_erases_the_segments_too(person, site):
    before = stored(site)["segments"]
    link = share(person(), file("a.bin", noise(2 * MEBIBYTE)))
    recipient = person()
    open_link(recipient, link)
    expect_files(recipient, 1)
    expect(recipient.get_by_text(re.compile(r"for (2:00|1:\d\d) more"))).to_be_visible()
    assert stored(site)["segments"] == before + 3
    recipient.get_by_role("button", name="erase now").click()
    expect(recipient.locator("#erased")).to_be_visible()
    assert stored(site)["segments"] == before
    assert save(recipient)[0] == "a.bin"  # what is on the page stays


def test_the_browser_asks_before_it_closes_what_was_not_saved(person):
    link = share(person(), file("a", b"x"), file("b", b"y"))
    recipient = person()
    open_link(recipient, link)
    expect_files(recipient, 2)
    asked: list[str] = []
    recipient.on("dialog", lambda dialog: accept(dialog, asked))
    save(recipient, 0)
    recipient.reload()
    assert asked == ["beforeunload"]
    expect_files(recipient, 2)
    save(recipient, 0)
    save(recipient, 1)
    recipient.reload()
    assert asked == ["beforeunload"]


def test_the_code_for_files_is_fetched_again_when_the_line_was_cut(person):
    link = share(person(), file("a", b"x"))
    recipient = person()
    recipient.goto(link)
    recipient.route("**/zip*.js", lambda route: route.abort(), times=1)
    press_show(recipient)
    expect(recipient.get_by_text("There is no connection. Nothing is lost")).to_be_visible()
    expect_files(recipient, 1)


def test_a_look_inside_runs_and_loads_nothing(person):
    markup = b"<!doctype html><img src='/x'><script>document.title = 'run'</script>"
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'run\'"/>'
    files = (
        file("page.html", markup, "text/html"), file("drawing.svg", drawing, "image/svg+xml"),
        file("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\0\0\0\1" * 2, "image/png"),
        file("program.exe", b"MZ\0\0\xff", "text/plain"), file("long.txt", "ї".encode() * 50_000),
    )  # fmt: skip
    link = share(person(), *files)
    recipient = person()
    open_link(recipient, link)
    expect_files(recipient, len(files))
    asked = count_requests(recipient, "")
    summaries = recipient.locator("#received-list summary").locator("visible=true")
    expect(summaries).to_have_count(4)
    for summary in summaries.all():
        summary.click()
    expect(recipient.get_by_label("Beginning of page.html")).to_have_value(markup.decode())
    expect(recipient.get_by_label("Beginning of drawing.svg")).to_have_value(drawing.decode())
    expect(recipient.get_by_text("This picture cannot be drawn here.").locator("visible=true")).to_have_count(
        1
    )
    expect(recipient.get_by_text("Only the beginning is shown.").locator("visible=true")).to_have_count(1)
    expect(recipient.get_by_label("Beginning of program.exe")).to_have_count(0)
    assert recipient.title().startswith("Open a secret")
    assert asked == []


def test_files_in_a_secret_of_one_piece_are_shown_too(person, site):
    """As another client may make one: everything in the envelope, no segments."""
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, None), envelope.secret_id(key)
    contents = Contents("hello", (File("a.txt", "text/plain", b"inline"), File("b", "", b"")))
    call(site, "secrets", {
        "id": secret_id.hex(), "proof_hash": b64(envelope.proof_hash(keys.proof)), "ttl": 3600,
        "envelope": b64(envelope.seal_with(keys.content_key, secret_id, contents)), "passphrase": False,
    })  # fmt: skip
    recipient = person()
    open_link(recipient, f"{site.origin}/secret#{key}")
    expect_files(recipient, 2)
    expect(recipient.get_by_label("Secret", exact=True)).to_have_value("hello")
    assert save(recipient, 0) == ("a.txt", b"inline")
    assert save(recipient, 1) == ("b", b"")
