"""`make contact-sheet`: every page and state at three widths, in both themes and languages, for people to look at.

Writes docs/images/contact-sheet-LANGUAGE-WIDTH-THEME.jpg and docs/images/create.png. With a directory as
its argument, the single pictures stay there.
"""

import html
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.states import STATES, create, serve, served_pages
from tests.site import ROOT, Site, running_site

IMAGES = ROOT / "docs" / "images"
WIDTHS = {360: 120, 768: 180, 1280: 240}  # width of the window, and of its picture on the sheet
THEMES = ("light", "dark")
PREFIXES = {"en": "", "uk": "/uk"}
TALLEST = 420  # pixels of one picture on the sheet

STYLE = """body { margin: 8px; font: 9px sans-serif; background: #888; color: #000; display: flex; flex-wrap: wrap; gap: 8px }
figure { margin: 0 } figcaption { background: #fff; padding: 1px 3px; margin-bottom: 1px; white-space: nowrap; overflow: hidden }"""


def new_page(browser: Browser, site: Site, **options: object) -> Page:
    context = browser.new_context(base_url=site.origin, locale="en-GB", timezone_id="UTC", **options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    return context.new_page()


def states(browser: Browser, site: Site, prefix: str) -> Iterator[tuple[str, Page]]:
    """Each state of each page by its name, with script first, then as the server serves it."""
    for name, reach in STATES.items():
        page = new_page(browser, site)
        reach(page, prefix)
        yield name, page
        page.context.close()
    for name, text in served_pages(site, [prefix])[prefix].items():
        page = new_page(browser, site)
        serve(page, text)
        yield f"served {name}", page
        page.context.close()


def photograph(page: Page, folder: Path, name: str) -> None:
    for width in WIDTHS:
        for theme in THEMES:
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            path = folder / f"{width}-{theme}" / f"{name.replace(': ', '-').replace(' ', '-')}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=path, full_page=True)


def write_sheet(browser: Browser, folder: Path, width: int, target: Path) -> None:
    figures = "".join(
        f"<figure style='width:{WIDTHS[width]}px'><figcaption>{html.escape(path.stem)}</figcaption>"
        f"<div style='max-height:{TALLEST}px;overflow:hidden'><img src='{path.as_uri()}' width='{WIDTHS[width]}'></div></figure>"
        for path in sorted(folder.iterdir())
    )
    source = folder.parent / "sheet.html"
    source.write_text(f"<!doctype html><meta charset='utf-8'><style>{STYLE}</style>{figures}")
    page = browser.new_page(viewport={"width": 1616, "height": 800})
    page.goto(source.as_uri())
    page.screenshot(path=target, full_page=True, type="jpeg", quality=30)
    page.close()


def photograph_for_readme(browser: Browser, site: Site) -> None:
    page = new_page(browser, site, viewport={"width": 1000, "height": 760})
    create(page, "")
    page.screenshot(path=IMAGES / "create.png")
    page.context.close()


def main(kept: Path) -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        running_site(Path(var)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        photograph_for_readme(browser, site)
        for language, prefix in PREFIXES.items():
            for name, page in states(browser, site, prefix):
                photograph(page, kept / language, name)
            for width in WIDTHS:
                for theme in THEMES:
                    target = IMAGES / f"contact-sheet-{language}-{width}-{theme}.jpg"
                    write_sheet(browser, kept / language / f"{width}-{theme}", width, target)
                    sys.stdout.write(f"{target.relative_to(ROOT)} {target.stat().st_size // 1000} kB\n")
        browser.close()
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary)))
