"""The main job by keyboard, zoomed to 400 %, with less motion, in forced colours, and by ear."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.states import make, opening, sending

pytestmark = pytest.mark.browser

MOST_STOPS = 60

FOCUS = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const { top, bottom, width, height } = document.activeElement.getBoundingClientRect();
  return {
    ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    seen: width > 0 && height > 0 && bottom > 0 && top < innerHeight,
  };
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus; every stop on the way is in sight and has its ring."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        assert page.evaluate(FOCUS) == {"ring": True, "seen": True}, page.evaluate(
            "document.activeElement.outerHTML"
        )
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def announced(page: Page, words: str) -> None:
    status = page.locator("[role=status]").filter(has_text=words)
    expect(status.first).to_be_attached()


def test_a_secret_is_shared_opened_and_erased_by_keyboard_alone(person):
    sender = person(permissions=["clipboard-read", "clipboard-write"])
    sender.goto("/")
    sender.keyboard.press("Tab")
    expect(sender.locator(".skip")).to_be_focused()
    sender.keyboard.press("Enter")
    expect(sender.locator("#main")).to_be_focused()
    tab_to(sender, "#id_text")
    sender.keyboard.type("by hand")
    tab_to(sender, "#id_passphrase")
    sender.keyboard.type("spoken")
    tab_to(sender, "#id_ttl")
    sender.keyboard.press("ArrowUp")
    tab_to(sender, "#create-button")
    sender.keyboard.press("Enter")
    expect(sender.locator("#made-heading")).to_be_focused()
    link = sender.locator("#link").input_value()
    tab_to(sender, "[data-copies=link]")
    sender.keyboard.press("Enter")
    announced(sender, "Copied")
    assert sender.evaluate("navigator.clipboard.readText()") == link
    recipient = person()
    recipient.goto(link)
    expect(recipient.locator("#show-button")).to_be_visible()
    tab_to(recipient, "#passphrase")
    recipient.keyboard.type("spoken")
    recipient.keyboard.press("Enter")
    expect(recipient.locator("#shown-heading")).to_be_focused()
    expect(recipient.locator("#secret")).to_have_value("by hand")
    tab_to(recipient, "#erase-form [type=submit]")
    recipient.keyboard.press("Enter")
    announced(recipient, "Our copy is erased.")


def test_no_page_traps_the_keyboard(person):
    """From the first control to the last and out again."""
    page = person()
    for path in ("/", "/secret", "/nowhere"):
        page.goto(path)
        last = page.locator("a[href], button, input, select, textarea, summary").locator("visible=true").last
        for _ in range(MOST_STOPS):
            page.keyboard.press("Tab")
            if last.evaluate("element => element === document.activeElement"):
                break
        else:
            raise AssertionError(path)


@pytest.mark.parametrize("prefix", ["", "/uk"])
def test_a_secret_is_shared_and_opened_at_400_percent(person, prefix):
    """A window of 1280 by 1024 shows 320 by 256 CSS pixels then: everything is reached by scrolling down alone."""
    zoomed = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}
    sender, recipient = person(**zoomed), person(**zoomed)
    link = opening(make(sender, prefix), prefix)
    sender.locator("[data-copies=link]").click()
    recipient.goto(link)
    recipient.locator("#show-button").click()
    expect(recipient.locator("#secret")).to_be_in_viewport(ratio=0.1)
    for page in (sender, recipient):
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 320


def test_motion_is_reduced_on_request(person):
    page = person(reduced_motion="reduce")
    sending(page, "")
    running = page.evaluate(
        "document.getAnimations().map(one => one.effect.getComputedTiming().duration).filter(ms => ms > 1)"
    )
    assert running, "the spinner still shows that something goes on"
    assert all(duration >= 5000 for duration in running)
    arrow = "summary => getComputedStyle(summary, '::before').transitionProperty"
    assert page.locator("summary").first.evaluate(arrow) == "none"


def test_nothing_is_told_by_colour_alone_in_forced_colours(person):
    """The system's own colours leave borders, the focus ring, and the QR code in black on white."""
    page = person(forced_colors="active", color_scheme="dark")
    make(page, "")
    for summary in page.locator("#made summary").all():
        summary.click()
    expect(page.locator("#qr-place svg")).to_be_visible()
    assert page.locator(".qr").evaluate("qr => getComputedStyle(qr).backgroundColor") == "rgb(255, 255, 255)"
    for button in page.locator(".button:visible").all():
        border, background = button.evaluate(
            "one => [getComputedStyle(one).borderTopColor, getComputedStyle(document.body).backgroundColor]"
        )
        assert border != background
    page.goto("/nowhere")
    tab_to(page, ".button")


def test_what_runs_is_said_aloud(person):
    page = person()
    sending(page, "")
    announced(page, "Sending…")


def test_what_is_wrong_is_tied_to_its_field(person):
    page = person()
    page.goto("/secret")
    page.locator("#paste-form").evaluate("form => form.submit()")
    summary = page.locator("#error-summary")
    expect(summary).to_have_attribute("role", "alert")
    summary.get_by_role("link").first.click()
    field = page.locator("#id_link")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby").split()
    words = " ".join(page.locator(f"#{one}").inner_text() for one in described)
    assert "Paste the link first." in words


def test_a_passphrase_can_be_pasted_and_shown(person):
    page = person(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.evaluate("navigator.clipboard.writeText('from the manager')")
    field = page.locator("#id_passphrase")
    field.focus()
    page.keyboard.press("Control+V")
    expect(field).to_have_value("from the manager")
    page.locator("[data-reveals=id_passphrase]").click()
    expect(field).to_have_attribute("type", "text")


def test_a_part_that_did_not_load_says_so_and_loads_when_opened_again(person):
    """The QR code and the generator come when they are opened, and the line may be cut by then."""
    page = person()
    page.goto("/")
    for part, file in (("generator", "generator"), ("qr", "qr")):
        if part == "qr":
            make(page, "")
        page.route(f"**/{file}*.js", lambda route: route.abort())
        summary = page.locator(f"#{part} > summary")
        summary.click()
        expect(page.locator(f"#{part}-problem")).to_be_visible()
        page.unroute(f"**/{file}*.js")
        summary.click()
        summary.click()
        expect(page.locator(f"#{part}-problem")).to_be_hidden()
    expect(page.locator("#qr-place svg")).to_be_visible()
