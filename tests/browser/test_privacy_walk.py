"""Chromium with an empty profile walks every public page and the whole flow, in both languages: no cookie, nothing
in storage, no request to another origin, no complaint in the console."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from onetime.audit import START

pytestmark = pytest.mark.browser

LANGUAGES = ["en", "uk"]
#: Everything that a page can leave behind in a browser.
LEFT = """async () => ({
  cookie: document.cookie,
  name: window.name,
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map((database) => database.name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING = {"cookie": "", "name": "", "local": [], "session": [], "databases": [], "caches": [], "workers": 0}


class Walk:
    """One visitor, and everything that their browser was asked to do or complained about."""

    def __init__(self, context: BrowserContext, origin: str, language: str) -> None:
        self.context, self.origin, self.language = context, origin, language
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.set_cookies: list[str] = []
        context.on("request", lambda request: self.requested.append(request.url))
        context.on("response", self.note)
        self.page = self.visitor()

    def visitor(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.hear)
        return page

    def note(self, response) -> None:
        if "set-cookie" in response.headers:
            self.set_cookies.append(response.url)

    def hear(self, message) -> None:
        # A page that is not there is reported as an error, which is what this walk asks for.
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.origin}/{self.language}{path}")

    def check(self) -> None:
        """Nothing is left behind, as of now."""
        for page in self.context.pages:
            if urlsplit(page.url).scheme == "http":
                assert page.evaluate(LEFT) == NOTHING, page.url
        assert self.context.cookies() == []
        assert self.context.storage_state() == {"cookies": [], "origins": []}
        assert self.set_cookies == []
        assert self.complaints == []
        foreign = [url for url in self.requested if not url.startswith((self.origin, "data:", "blob:"))]
        assert foreign == []


@pytest.fixture(params=LANGUAGES)
def walk(browser, site, request):
    context = browser.new_context(locale=request.param)
    context.set_default_timeout(15_000)
    walk = Walk(context, site.origin, request.param)
    yield walk
    context.close()


def test_every_public_page_leaves_nothing(walk):
    """From the known pages along every link of the site."""
    waiting = [walk.origin + path for path in START if not path.startswith(("/.well-known", "/robots"))]
    seen = set()
    while waiting:
        address = waiting.pop().split("#")[0]
        if address in seen or not address.startswith(walk.origin) or address.endswith((".txt", ".json")):
            continue
        seen.add(address)
        walk.page.goto(address)
        walk.check()
        waiting += walk.page.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)")
    assert {
        f"{walk.origin}/{page}"
        for page in ("privacy", "uk/privacy", "uk/terms", "help", "plans", "uk/plans", "feedback")
    } <= seen
    assert len(seen) > 20


def share(walk: Walk, text: str, passphrase: str = "") -> None:
    """Share with script. Fields are found by their ids: the words differ between languages."""
    walk.go("/")
    walk.page.locator("#id_text").fill(text)
    if passphrase:
        walk.page.locator("#id_passphrase").fill(passphrase)
    walk.page.locator("#create-button").click()
    expect(walk.page.locator("#link")).to_have_value(re.compile("/secret#"))


def test_sharing_opening_and_erasing_leave_nothing(walk):
    """A passphrase typed wrong first, a reload in the hold, 'erase now', and a second visitor who is too late."""
    share(walk, "a secret to open", "right")
    link = walk.page.locator("#link").input_value()
    walk.check()
    walk.page.goto(link)
    walk.page.locator("#show-form input[type=password]").fill("wrong")
    walk.page.locator("#show-form button[type=submit]").click()
    expect(walk.page.locator("#show-form .error").first).to_be_visible()
    walk.check()
    walk.page.locator("#show-form input[type=password]").fill("right")
    walk.page.locator("#show-form button[type=submit]").click()
    expect(walk.page.locator("#secret")).to_have_value("a secret to open")
    walk.check()
    walk.page.locator("#erase-form button").click()
    expect(walk.page.locator("#erased")).to_be_visible()
    walk.check()
    late = walk.visitor()
    late.goto(link)
    expect(late.locator("main h1:visible")).to_be_visible()
    walk.check()


def test_files_leave_nothing(walk):
    """Shared, opened, looked at and saved: what the browser held of them is gone with the page."""
    walk.go("/")
    expect(walk.page.locator("#choose-files")).to_be_enabled()
    walk.page.locator("#files").set_input_files(
        [{"name": f"{name}.txt", "mimeType": "text/plain", "buffer": b"x"} for name in "ab"]
    )
    expect(walk.page.locator("#files-list > li")).to_have_count(2)
    walk.page.locator("#create-button").click()
    expect(walk.page.locator("#link")).to_have_value(re.compile("/secret#"))
    walk.check()
    walk.page.goto(walk.page.locator("#link").input_value())
    walk.page.locator("#show-form button[type=submit]").click()
    expect(walk.page.locator("#received-list > li")).to_have_count(2)
    walk.page.locator("#received-list summary").first.click()
    for button in ("#received-list button >> nth=0", "#save-all"):
        with walk.page.expect_download():
            walk.page.locator(button).click()
    walk.check()


def test_burning_leaves_nothing(walk):
    share(walk, "a secret to burn")
    receipt = walk.page.locator("#receipt-link").input_value()
    walk.page.goto(receipt)
    walk.check()
    walk.page.locator("details:has(button.danger) summary").click()
    walk.page.locator("button.danger").click()
    expect(walk.page.locator(".badge.burned")).to_be_visible()
    walk.check()


def test_feedback_leaves_nothing(walk, site):
    walk.go("/feedback")
    walk.page.locator("form.sheet button[type=submit]").click()
    expect(walk.page.locator("#error-summary")).to_be_visible()
    walk.check()
    walk.page.locator("#id_text").fill(f"from the walk in {walk.language}")
    walk.page.locator("form.sheet button[type=submit]").click()
    walk.page.wait_for_url("**/feedback/sent")
    walk.check()
    assert any(f"from the walk in {walk.language}" in mail for mail in site.mails())


def test_the_walk_itself_would_notice(walk):
    """A plant of each kind, so that a silent walk means a clean site and not a blind walk."""
    walk.go("/about")
    for plant in ("localStorage.x = 1", "document.cookie = 'x=1'", "window.name = 'x'", "caches.open('x')"):
        walk.page.evaluate(plant)
        with pytest.raises(AssertionError):
            walk.check()
        walk.page.evaluate("localStorage.clear(); window.name = ''; caches.delete('x')")
        walk.context.clear_cookies()
        walk.check()
    walk.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
    with pytest.raises(AssertionError):
        walk.check()
