"""WCAG 2.2 AA as far as a machine can tell: axe-core over every page, state, theme and language."""

from pathlib import Path

import pytest

from tests.browser.states import STATES, serve, served_pages

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PREFIXES = {"en": "", "uk": "/uk"}
WIDTHS = {"light": 1280, "dark": 360}  # each theme at one end of the widths

#: Colours are looked at when they have settled; what is accepted is its rule's name alone.
RUN = """async ([tags, accepted]) => {
  const changing = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.allSettled(changing.map(one => one.finished));
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"], elementRef: true });
  return violations.flatMap(({ id, nodes }) => nodes.map(node =>
    node.element.matches(accepted[id] ?? ":not(*)") ? id : `${id}: ${node.html} ${node.failureSummary}`));
}"""


def violations(page, accepted=None) -> list[str]:
    """What axe finds in both themes; for elements that `accepted` has a selector of, by rule, the rule alone."""
    accepted = accepted or {}
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    found = []
    for theme, width in WIDTHS.items():
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        said = page.evaluate(RUN, [TAGS, accepted])
        found += [one if one in accepted else f"{theme} {width}: {one}" for one in said]
    return found


@pytest.mark.parametrize("language", PREFIXES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_that_script_makes_has_no_violation(person, language, state):
    page = person()
    STATES[state](page, PREFIXES[language])
    assert violations(page) == []


@pytest.mark.parametrize("language", PREFIXES)
def test_every_page_that_the_server_makes_has_no_violation(person, site, language):
    prefix = PREFIXES[language]
    page = person()
    found = {}
    for state, text in served_pages(site, [prefix])[prefix].items():
        serve(page, text)
        found[state] = violations(page)
    assert {state: said for state, said in found.items() if said} == {}


def test_axe_finds_what_is_wrong(person):
    """The test of the test: a picture without words, a control without a name, pale text."""
    page = person()
    serve(page, '<title>x</title><img src="/x"><input><p style="color: #ccc; background: #fff">pale</p>')
    said = "\n".join(violations(page))
    for rule in ("image-alt", "label", "html-has-lang"):
        assert rule in said
