"""Chromium for the browser tests, and the site they look at."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser said against our pages, such as a blocked script. A test fails by it at its end."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def person(browser: Browser, site, complaints) -> Iterator[Callable[..., Page]]:
    """A page in a browser of its own: each call is another person."""
    contexts: list[BrowserContext] = []

    def arrive(**options) -> Page:
        context = browser.new_context(base_url=site.origin, locale="en-GB", timezone_id="UTC", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complain(message, complaints))
        return page

    yield arrive
    for context in contexts:
        context.close()


def complain(message, complaints: list[str]) -> None:
    # The browser reports every 4xx and cut connection here; the tests look at what the page makes of them.
    if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
        complaints.append(message.text)
