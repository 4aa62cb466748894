"""Nothing scrolls sideways, is cut off or overlaps: narrow, zoomed, spaced out, longer, right to left."""

import pytest
from django.core.management import call_command

from tests.browser.states import STATES, serve, served_pages
from tests.site import running_site

pytestmark = pytest.mark.browser

WIDTHS = (320, 360)  # 320 CSS pixels are a window of 1280 at 400 % (WCAG 1.4.10)
PREFIXES = {"en": "", "uk": "/uk", "longer": "/en-xa", "right to left": "/ar-xb"}
PSEUDO = ("longer", "right to left")

#: What the reader may set without loss (WCAG 1.4.12). A constructed sheet is not the page's own markup.
SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
    p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""

#: Elements that make the page wider than its window, and those that cut their own words off.
FAULTS = """() => {
  const name = element => element.outerHTML.slice(0, 120);
  const all = [...document.querySelectorAll("body *")].filter(element =>
    element.checkVisibility() && !element.closest(".visually-hidden, .skip"));
  const outside = document.scrollingElement.scrollWidth <= innerWidth ? [] : all.filter(element => {
    const { left, right } = element.getBoundingClientRect();
    return right > innerWidth + 1 || left < -1;
  });
  const cut = all.filter(element => {
    const { overflowX } = getComputedStyle(element);
    const words = element.matches("button, .button, a, label, legend, summary, h1, h2, p, li, dt, dd, .badge");
    return (words || overflowX === "hidden") && element.scrollWidth > element.clientWidth + 1
      && getComputedStyle(element).display !== "inline";
  });
  return [...outside.map(one => "outside: " + name(one)), ...cut.map(one => "cut: " + name(one))];
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site that speaks the pseudo-languages too."""
    var = tmp_path_factory.mktemp("site")
    call_command("pseudo_locale", str(var / "pseudo"), verbosity=0)
    with running_site(var, PSEUDO_LOCALES=str(var / "pseudo")) as running:
        yield running


def faults(page) -> list[str]:
    """What does not fit at each width, as the page is and with the reader's own spacing."""
    found = []
    for spacing in ("", "spaced"):
        if spacing:
            page.evaluate(SPACING)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            found += [f"{width} {spacing}: {fault}" for fault in page.evaluate(FAULTS)]
    return found


@pytest.mark.parametrize("language", PSEUDO)
@pytest.mark.parametrize("state", STATES)
def test_every_state_that_script_makes_fits(person, language, state):
    page = person()
    STATES[state](page, PREFIXES[language])
    assert faults(page) == []


def test_every_page_that_the_server_makes_fits_in_every_language(person, site):
    page = person()
    found = {}
    for prefix, pages in served_pages(site, list(PREFIXES.values())).items():
        for state, text in pages.items():
            serve(page, text)
            found[prefix, state] = faults(page)
    assert {state: said for state, said in found.items() if said} == {}


def test_right_to_left_turns_the_page_round(person):
    page = person(viewport={"width": 1280, "height": 800})
    for prefix, side in (("", "left"), ("/ar-xb", "right")):
        page.goto(f"{prefix}/")
        brand = page.locator(".brand").bounding_box()
        assert page.locator("html").get_attribute("dir") == ("rtl" if side == "right" else "ltr")
        assert (brand["x"] > 640) == (side == "right")
        # What is always left to right stays so: a link, a generated password.
        assert page.locator("#generated").evaluate("area => getComputedStyle(area).direction") == "ltr"


@pytest.mark.parametrize(
    ("state", "below", "room"),
    [("create: sending", "#progress", 12), ("create: sending files", "#upload", 24)],
)
@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_said_while_a_secret_is_sent_stands_clear_of_the_button(person, state, below, room, width):
    """By `room` CSS pixels; and while nothing is said, nothing is moved."""
    page = person(viewport={"width": width, "height": 800})
    STATES["create"](page, "")
    form = page.locator("#create").bounding_box()["height"]
    page.locator("#progress").evaluate("said => said.remove()")
    assert page.locator("#create").bounding_box()["height"] == form
    STATES[state](page, "")
    button, said = page.locator("#create-button").bounding_box(), page.locator(below).bounding_box()
    assert said["y"] - (button["y"] + button["height"]) >= room


def test_the_finder_of_faults_finds_them(person):
    """The test of the test: a box too wide for the window, and words too long for their button."""
    page = person()
    page.goto("/")
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator("h1").first.evaluate(
        "heading => { heading.style.width = '900px'; document.querySelector('.brand').style.width = '2px' }"
    )
    said = "\n".join(page.evaluate(FAULTS))
    assert "outside: <h1" in said
    assert "cut: <a" in said
