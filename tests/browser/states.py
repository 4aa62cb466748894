"""The states that script makes of a page, each reached as people reach it, in any language.

Controls are found by id, because their words differ by language.
"""

import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

from playwright.sync_api import FilePayload, Page, expect

from tests.site import ROOT, Site

PASSPHRASE = "Їжак ½"
TEXT = "Пароль: 12345\nsecond line of the secret"
READY_MS = 15_000


def picture(width: int, height: int) -> bytes:
    """A PNG of a slope from dark to light green."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + b"".join(bytes((20, 40 + 200 * x // width, 80)) for x in range(width))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


#: What can be looked at, and names that are long, foreign or mean to hide something.
FILES = {
    "picture.png": picture(900, 300),
    "Паролі та ключі для бухгалтерії.txt": TEXT.encode(),
    "cod\u202eexe.scr": bytes(12_345),
    "very-" + "long-" * 40 + "name.tar.gz": bytes(1_234_567),
}

State = Callable[[Page, str], None]


# --- Making ---------------------------------------------------------------------------------------


def create(page: Page, prefix: str) -> None:
    page.goto(f"{prefix}/")
    expect(page.locator("#create-button")).to_be_enabled()


def typed(page: Page, prefix: str) -> None:
    create(page, prefix)
    page.locator("#id_text").fill(TEXT)


def press_create(page: Page) -> None:
    page.locator("#create-button").click()


def make(page: Page, prefix: str, passphrase: str = "") -> str:
    """Share with script; the link."""
    typed(page, prefix)
    page.locator("#id_passphrase").fill(passphrase)
    press_create(page)
    expect(page.locator("#made-heading")).to_be_visible(timeout=READY_MS)
    return page.locator("#link").input_value()


def made(page: Page, prefix: str) -> None:
    make(page, prefix)


def made_with_all_open(page: Page, prefix: str) -> None:
    make(page, prefix, PASSPHRASE)
    for summary in page.locator("#made summary").all():
        summary.click()
    expect(page.locator("#qr-place svg")).to_be_visible()


def made_and_burned(page: Page, prefix: str) -> None:
    make(page, prefix)
    press_burn(page)
    expect(page.locator("#burned")).to_be_visible()


def press_burn(page: Page) -> None:
    page.locator("#burn summary").click()
    page.locator("#burn-form [type=submit]").click()


def not_burned(page: Page, prefix: str) -> None:
    make(page, prefix)
    page.route("**/burn", lambda route: route.abort())
    press_burn(page)
    expect(page.locator("#burn-problem")).to_be_visible()


def generator(page: Page, prefix: str) -> None:
    create(page, prefix)
    page.locator("#generator summary").click()
    expect(page.locator("#generated")).not_to_have_value("")


def generator_of_words(page: Page, prefix: str) -> None:
    generator(page, prefix)
    page.locator("[name=kind][value=words]").check()
    page.locator("#count").fill("12")


def generator_lost(page: Page, prefix: str) -> None:
    page.route("**/generator*.js", lambda route: route.abort())
    create(page, prefix)
    page.locator("#generator summary").click()
    expect(page.locator("#generator-problem")).to_be_visible()


def qr_lost(page: Page, prefix: str) -> None:
    page.route("**/qr*.js", lambda route: route.abort())
    make(page, prefix)
    page.locator("#qr summary").click()
    expect(page.locator("#qr-problem")).to_be_visible()


def nothing_written(page: Page, prefix: str) -> None:
    create(page, prefix)
    press_create(page)
    expect(page.locator("#problem")).to_be_visible()


def too_long(page: Page, prefix: str) -> None:
    create(page, prefix)
    page.locator("#id_text").fill("й" * 50_001)
    press_create(page)
    expect(page.locator("#problem")).to_be_visible()


def failing(status: int | None) -> State:
    """Pressing the button while the server answers `status`, or nothing at all."""

    def state(page: Page, prefix: str) -> None:
        typed(page, prefix)
        answer = {"status": status, "headers": {"Retry-After": "120"}} if status else None
        page.route("**/api/v2/secrets", lambda route: route.fulfill(**answer) if answer else route.abort())
        press_create(page)
        expect(page.locator("#problem")).to_be_visible(timeout=READY_MS)

    return state


def sending(page: Page, prefix: str) -> None:
    """A slow line: the answer is long in coming."""
    typed(page, prefix)
    page.route("**/api/v2/secrets", lambda _route: None)
    press_create(page)
    expect(page.locator("#create-button.busy")).to_be_visible()
    page.wait_for_function("document.querySelector('#progress').textContent !== ''")


def add_files(page: Page, *files: tuple[str, bytes]) -> None:
    listed = page.locator("#files-list > li").count()
    page.locator("#files").set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files]
    )
    expect(page.locator("#files-list > li")).to_have_count(listed + len(files))


def files_chosen(page: Page, prefix: str) -> None:
    typed(page, prefix)
    add_files(page, *FILES.items())


def dropping(page: Page, prefix: str) -> None:
    files_chosen(page, prefix)
    page.locator("#create").evaluate(
        """form => { const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File([], "x"));
          form.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true })); }"""
    )
    expect(page.locator("#create.dropping")).to_be_visible()


def files_too_large(page: Page, prefix: str) -> None:
    create(page, prefix)
    add_files(page, ("a.bin", bytes(10_000_001)))
    press_create(page)
    expect(page.locator("[data-problem=files-large]")).to_be_visible()


def files_lost(page: Page, prefix: str) -> None:
    page.route("**/chosen*.js", lambda route: route.abort())
    create(page, prefix)
    page.locator("#files").set_input_files([FilePayload(name="a", mimeType="", buffer=b"")])
    expect(page.locator("#files-problem")).to_be_visible()


def sending_files(page: Page, prefix: str) -> None:
    """The last segment never arrives."""
    create(page, prefix)
    add_files(page, ("a.bin", bytes(2_500_000)))
    page.route("**/segments/2", lambda _route: None)
    press_create(page)
    expect(page.locator("#upload-percent")).to_have_text(re.compile("66"), timeout=READY_MS)


def sending_files_interrupted(status: int | None) -> State:
    def state(page: Page, prefix: str) -> None:
        create(page, prefix)
        add_files(page, ("a.bin", b"x"))
        answer = {"status": status, "headers": {"Retry-After": "120"}} if status else None
        page.route("**/segments/0", lambda route: route.fulfill(**answer) if answer else route.abort())
        press_create(page)
        expect(page.locator("#hitch")).to_be_visible(timeout=READY_MS)

    return state


def plain_create(page: Page, prefix: str) -> None:
    """A browser that cannot encrypt here."""
    page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    page.goto(f"{prefix}/")
    expect(page.locator(".without-script [type=submit]")).to_be_visible()


# --- Opening --------------------------------------------------------------------------------------


def opening(link: str, prefix: str) -> str:
    return link.replace("/secret#", f"{prefix}/secret#")


def expect_state(page: Page, state: str) -> None:
    expect(page.locator(f'[data-state="{state}"]')).to_be_visible(timeout=READY_MS)


def come(page: Page, prefix: str, passphrase: str = "") -> str:
    """Make a secret, then open its link in the same window; the link as opened."""
    link = opening(make(page, prefix, passphrase), prefix)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    page.goto(link)
    return link


def ready(page: Page, prefix: str) -> None:
    come(page, prefix)
    expect_state(page, "ready")


def ready_with_passphrase(page: Page, prefix: str) -> None:
    come(page, prefix, PASSPHRASE)
    expect(page.locator("#passphrase")).to_be_visible()


def wrong_passphrase(page: Page, prefix: str) -> None:
    ready_with_passphrase(page, prefix)
    page.locator("#passphrase").fill("wrong")
    page.locator("#show-button").click()
    expect(page.locator("#passphrase-error")).to_be_visible(timeout=READY_MS)


def shown(page: Page, prefix: str) -> None:
    ready(page, prefix)
    page.locator("#show-button").click()
    expect_state(page, "shown")


def come_for_files(page: Page, prefix: str, *files: tuple[str, bytes], text: str = "") -> None:
    create(page, prefix)
    page.locator("#id_text").fill(text)
    add_files(page, *files)
    press_create(page)
    expect(page.locator("#made-heading")).to_be_visible(timeout=READY_MS)
    link = opening(page.locator("#link").input_value(), prefix)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    page.goto(link)
    expect_state(page, "ready")


def files_shown(page: Page, prefix: str) -> None:
    come_for_files(page, prefix, *FILES.items(), text=TEXT)
    page.locator("#show-button").click()
    expect_state(page, "shown")
    expect(page.locator("#received-list > li")).to_have_count(len(FILES))


def files_without_text(page: Page, prefix: str) -> None:
    """All that can be looked at is looked at."""
    come_for_files(page, prefix, *FILES.items())
    page.locator("#show-button").click()
    expect_state(page, "shown")
    summaries = page.locator("#received-list summary").locator("visible=true")
    expect(summaries).to_have_count(2)
    for summary in summaries.all():
        summary.click()
    expect(page.locator("#received-list canvas").locator("visible=true")).to_have_count(1)


def receiving(page: Page, prefix: str) -> None:
    come_for_files(page, prefix, ("a.bin", bytes(2_500_000)))
    page.route("**/segments/2", lambda _route: None)
    page.locator("#show-button").click()
    expect(page.locator("#download-percent")).to_have_text(re.compile("66"), timeout=READY_MS)


def late(page: Page, prefix: str) -> None:
    come_for_files(page, prefix, ("a.bin", b"x"))
    page.route("**/segments/0", lambda route: route.fulfill(status=410))
    page.locator("#show-button").click()
    expect_state(page, "late")


def ready_large(page: Page, prefix: str) -> None:
    """Larger than a browser should be asked to hold without a word."""
    link = opening(make(page, prefix), prefix)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    status = {
        "state": "new",
        "passphrase": False,
        "size": 3_000_000_000,
        "expires_at": "2100-01-01T00:00:00Z",
    }
    page.route("**/api/v2/secrets/*", lambda route: route.fulfill(json=status))
    page.goto(link)
    expect(page.locator("#ready-large")).to_be_visible(timeout=READY_MS)


def covered(page: Page, prefix: str) -> None:
    shown(page, prefix)
    page.locator("#cover").click()


def erased(page: Page, prefix: str) -> None:
    shown(page, prefix)
    page.locator("#erase-form [type=submit]").click()
    expect(page.locator("#erased")).to_be_visible()


def opened_by_another(page: Page, prefix: str) -> None:
    shown(page, prefix)
    link = page.url
    page.evaluate("history.replaceState(null, '')")  # as in another browser, which has no claim
    page.goto("about:blank")
    page.goto(link)
    expect_state(page, "opened")


def gone(page: Page, prefix: str) -> None:
    """Burned, and locked by a passphrase that has to be given first."""
    link = opening(make(page, prefix, PASSPHRASE), prefix)
    press_burn(page)
    expect(page.locator("#burned")).to_be_visible()
    page.goto(link)
    expect_state(page, "gone")


def burned(page: Page, prefix: str) -> None:
    gone(page, prefix)
    page.locator("#gone-passphrase").fill(PASSPHRASE)
    page.locator("#gone-form [type=submit]").click()
    expect_state(page, "burned")


def paste(page: Page, prefix: str) -> None:
    page.goto(f"{prefix}/secret")
    expect_state(page, "missing")


def incomplete(page: Page, prefix: str) -> None:
    page.goto(f"{prefix}/secret#abc")
    expect_state(page, "incomplete")


def unknown(page: Page, prefix: str) -> None:
    link = opening(make(page, prefix), prefix)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    page.route("**/api/v2/secrets/*", lambda route: route.fulfill(status=404))
    page.goto(link)
    expect_state(page, "unknown")


def checking(page: Page, prefix: str) -> None:
    link = opening(make(page, prefix), prefix)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    page.route("**/api/v2/secrets/*", lambda _route: None)
    page.goto(link)
    expect_state(page, "checking")


def trouble(page: Page, prefix: str) -> None:
    ready(page, prefix)
    page.route("**/claim", lambda route: route.fulfill(status=500))
    page.locator("#show-button").click()
    expect_state(page, "trouble")


def damaged(page: Page, prefix: str) -> None:
    ready(page, prefix)
    broken = json.dumps({"envelope": "AAAA", "hold_until": "2030-01-01T00:00:00Z"})
    page.route(
        "**/claim", lambda route: route.fulfill(status=200, content_type="application/json", body=broken)
    )
    page.locator("#show-button").click()
    expect_state(page, "broken")


def offline(page: Page, prefix: str) -> None:
    ready(page, prefix)
    page.route("**/claim", lambda route: route.abort())
    page.locator("#show-button").click()
    expect(page.locator("[data-hitch=offline]")).to_be_visible(timeout=READY_MS)


def too_many_tries(page: Page, prefix: str) -> None:
    ready(page, prefix)
    page.route("**/claim", lambda route: route.fulfill(status=429, headers={"Retry-After": "90"}))
    page.locator("#show-button").click()
    expect(page.locator("[data-hitch=busy]")).to_be_visible(timeout=READY_MS)


STATES: dict[str, State] = {
    "create": create,
    "create: generator": generator,
    "create: generator of words": generator_of_words,
    "create: generator lost": generator_lost,
    "create: nothing written": nothing_written,
    "create: too long": too_long,
    "create: sending": sending,
    "create: offline": failing(None),
    "create: refused": failing(400),
    "create: too large": failing(413),
    "create: limit reached": failing(429),
    "create: server trouble": failing(500),
    "create: files": files_chosen,
    "create: dropping files": dropping,
    "create: files too large": files_too_large,
    "create: files did not load": files_lost,
    "create: sending files": sending_files,
    "create: sending files offline": sending_files_interrupted(None),
    "create: sending files, server trouble": sending_files_interrupted(502),
    "create: sending files, limit reached": sending_files_interrupted(429),
    "create: no encryption here": plain_create,
    "made": made,
    "made: all open": made_with_all_open,
    "made: not burned": not_burned,
    "made: QR code lost": qr_lost,
    "made: burned": made_and_burned,
    "open: paste": paste,
    "open: cut off": incomplete,
    "open: checking": checking,
    "open: ready": ready,
    "open: passphrase": ready_with_passphrase,
    "open: wrong passphrase": wrong_passphrase,
    "open: shown": shown,
    "open: large": ready_large,
    "open: receiving": receiving,
    "open: files and text": files_shown,
    "open: files alone, looked at": files_without_text,
    "open: not in time": late,
    "open: covered": covered,
    "open: erased": erased,
    "open: opened by another": opened_by_another,
    "open: gone": gone,
    "open: burned": burned,
    "open: unknown": unknown,
    "open: damaged": damaged,
    "open: server trouble": trouble,
    "open: offline": offline,
    "open: limit reached": too_many_tries,
}


# --- Pages of the server ---------------------------------------------------------------------------


def served_pages(site: Site, prefixes: list[str]) -> dict[str, dict[str, str]]:
    """Every page that `site` serves, by language prefix and state (see tests/pages.py)."""
    code = f"import django; django.setup(); from tests.pages import print_pages; print_pages(*{prefixes})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=site.env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return dict(json.loads(done.stdout))


def serve(page: Page, text: str) -> None:
    """Show a page that the server made earlier, with the site's own styles and script."""
    address = "**/as-served"
    page.route(address, lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=text))
    page.goto("/as-served")
    page.unroute(address)
