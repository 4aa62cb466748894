"""The main job in real Chromium: share a secret, open it once, gone. With script and without."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

SECRET = "  пароль\n<b>no markup</b> 🗝 "


def share(page: Page, text: str = SECRET, passphrase: str = "") -> str:
    """Share with script; the link."""
    page.goto("/")
    page.get_by_label("Your secret").fill(text)
    passphrase_of(page).fill(passphrase)
    page.get_by_role("button", name="Create the link").click()
    expect(page.get_by_role("heading", name="Your link is ready")).to_be_visible()
    return page.get_by_label("Secret link, to send").input_value()


def share_plainly(page: Page, text: str = SECRET, passphrase: str = "") -> str:
    """Share by the plain form; the link."""
    page.goto("/")
    page.get_by_label("Your secret").fill(text)
    passphrase_of(page).fill(passphrase)
    page.get_by_role("button", name="Create the link", disabled=False).click()
    return page.get_by_label("Secret link, to send").input_value()


def passphrase_of(page: Page) -> Locator:
    """The passphrase field that this state of the page shows."""
    return page.get_by_label("Passphrase").locator("visible=true")


def press_show(page: Page) -> None:
    page.get_by_role("button", name="Show the secret").click()


def expect_heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1, name=words)).to_be_visible()


def expect_secret(page: Page, text: str = SECRET) -> None:
    expect_heading(page, "Here is your secret")
    expect(page.get_by_label("Secret", exact=True)).to_have_value(text)


def test_it_is_shared_opened_and_gone(person):
    sender, recipient, stranger = person(), person(), person()
    link = share(sender)
    recipient.goto(link)
    expect_heading(recipient, "Someone sent you a secret")
    press_show(recipient)
    expect_secret(recipient)
    stranger.goto(link)
    expect_heading(stranger, "This secret has already been opened")
    expect(stranger.get_by_text("Was it not you?")).to_be_visible()
    for page in (sender, recipient, stranger):
        assert page.context.cookies() == []
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_the_server_never_sees_the_text_the_key_or_the_passphrase(person):
    sender, recipient = person(), person()
    sent: list[str] = []
    for page in (sender, recipient):
        page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    link = share(sender, "plain-words-here", "pass-phrase-here")
    recipient.goto(link)
    passphrase_of(recipient).fill("pass-phrase-here")
    press_show(recipient)
    expect_secret(recipient, "plain-words-here")
    everything = "\n".join(sent).replace(link, "")  # the browser names a fragment here; it does not send it
    assert "/claim" in everything
    for word in ("plain-words-here", "pass-phrase-here", link.partition("#")[2]):
        assert word not in everything


def test_it_works_without_script(person):
    sender, recipient, stranger = (person(java_script_enabled=False) for _ in range(3))
    link = share_plainly(sender)
    for page in (recipient, stranger):
        page.goto("/secret")
        page.get_by_label("Secret link").fill(link)
        press_show(page)
    expect_secret(recipient)
    expect_heading(stranger, "This secret has already been opened")
    recipient.reload()
    expect_secret(recipient)
    recipient.get_by_role("button", name="erase now").click()
    expect_heading(recipient, "Erased")


@pytest.mark.parametrize("scripted", ["sender", "recipient"])
def test_what_one_way_makes_the_other_opens(person, scripted):
    sender = person(java_script_enabled=scripted == "sender")
    recipient = person(java_script_enabled=scripted == "recipient")
    link = (share if scripted == "sender" else share_plainly)(sender, passphrase="Їжак ½")
    if scripted == "recipient":
        recipient.goto(link)
    else:
        recipient.goto("/secret")
        recipient.get_by_label("Secret link").fill(link)
    passphrase_of(recipient).fill("Їжак ½")
    press_show(recipient)
    expect_secret(recipient)


def test_a_wrong_passphrase_three_times_costs_nothing(person):
    link = share(person(), passphrase="right")
    recipient = person()
    recipient.goto(link)
    for wrong in ("wrong", "Right", "right "):
        passphrase_of(recipient).fill(wrong)
        press_show(recipient)
        expect(recipient.get_by_text("Wrong passphrase. Try again")).to_be_visible()
        expect(passphrase_of(recipient)).to_be_focused()
    passphrase_of(recipient).fill("right")
    press_show(recipient)
    expect_secret(recipient)


def test_a_link_without_its_last_character_is_told_without_asking_the_server(person):
    link = share(person())
    recipient = person()
    asked: list[str] = []
    recipient.on("request", lambda request: asked.append(request.url))
    recipient.goto(link[:-1])
    expect_heading(recipient, "This link looks cut off")
    assert not [url for url in asked if "/api/" in url]
    recipient.goto(link)
    press_show(recipient)
    expect_secret(recipient)


def test_a_line_cut_between_claim_and_answer_loses_nothing(person):
    """The server has given the secret away and the answer is lost: a reload shows it, here and nowhere else."""
    link = share(person())
    recipient, stranger = person(), person()
    recipient.goto(link)

    def lose_the_answer(route):
        route.fetch()  # the server opens it for this claim
        route.abort("connectionreset")

    recipient.route("**/claim", lose_the_answer)
    press_show(recipient)
    expect(recipient.get_by_text("There is no connection.")).to_be_visible()
    stranger.goto(link)
    expect_heading(stranger, "This secret has already been opened")
    recipient.unroute("**/claim")
    recipient.reload()
    expect_secret(recipient)


def test_a_cut_line_mends_itself_without_a_reload(person):
    link = share(person())
    recipient = person()
    recipient.goto(link)
    recipient.route("**/claim", lambda route: (route.fetch(), route.abort()), times=1)
    press_show(recipient)
    expect_secret(recipient)


def test_a_passphrase_secret_asks_for_it_again_after_a_reload(person):
    link = share(person(), passphrase="right")
    recipient = person()
    recipient.goto(link)
    for _ in range(2):
        passphrase_of(recipient).fill("right")
        press_show(recipient)
        expect_secret(recipient)
        recipient.reload()
    expect(passphrase_of(recipient)).to_be_visible()


def test_erase_now_ends_the_hold(person):
    link = share(person())
    recipient = person()
    recipient.goto(link)
    press_show(recipient)
    expect(recipient.get_by_text(re.compile(r"for (2:00|1:5\d) more"))).to_be_visible()
    recipient.get_by_role("button", name="erase now").click()
    expect(recipient.locator("#erased")).to_be_visible()
    expect_secret(recipient)  # what is on the page stays
    recipient.reload()
    expect_heading(recipient, "This secret has already been opened")
    expect(recipient.get_by_text("Was it not you?")).to_be_hidden()  # it was: this very page


def test_only_the_passphrase_tells_what_became_of_a_secret_with_one(person):
    sender, stranger = person(), person()
    link = share(sender, passphrase="right")
    sender.get_by_text("Burn it now").click()
    sender.get_by_role("button", name="Yes, burn it").click()
    expect(sender.get_by_text("The secret was burned.")).to_be_visible()
    stranger.goto(link)
    expect_heading(stranger, "This secret is gone")
    passphrase_of(stranger).fill("wrong")
    stranger.get_by_role("button", name="Tell me when").click()
    expect(stranger.get_by_text("Wrong passphrase. Try again.")).to_be_visible()
    passphrase_of(stranger).fill("right")
    stranger.get_by_role("button", name="Tell me when").click()
    expect_heading(stranger, "The sender has taken this secret back")


def test_a_key_in_the_path_moves_into_the_fragment(person):
    link = share(person())
    recipient = person()
    recipient.goto(link.replace("#", "/"))
    expect_heading(recipient, "Someone sent you a secret")
    assert recipient.url == link
    press_show(recipient)
    expect_secret(recipient)


def test_the_other_language_opens_the_same_secret(person):
    link = share(person())
    recipient = person()
    recipient.goto(link)
    recipient.get_by_role("link", name="Українська").click()
    recipient.wait_for_url("**/uk/secret#*")
    expect(recipient.locator("#show-button")).to_be_visible()
    assert recipient.url.partition("#")[2] == link.partition("#")[2]


def test_a_pasted_link_opens_too(person):
    link = share(person())
    recipient = person()
    recipient.goto("/secret")
    recipient.get_by_label("Secret link").fill(f" <{link}>. ")
    press_show(recipient)
    expect_heading(recipient, "Someone sent you a secret")
    press_show(recipient)
    expect_secret(recipient)


def test_a_failed_request_keeps_everything_typed(person):
    sender = person()
    sender.goto("/")
    sender.get_by_label("Your secret").fill(SECRET)
    passphrase_of(sender).fill("phrase")
    for answer, words in (
        (None, "There is no connection."),
        ({"status": 500}, "Something went wrong on our side."),
        ({"status": 413}, "too large"),
        ({"status": 429, "headers": {"Retry-After": "120"}}, "try again in 2 minutes"),
    ):
        sender.route(
            "**/api/v2/secrets",
            lambda route, _request, answer=answer: route.fulfill(**answer) if answer else route.abort(),
            times=1,
        )
        sender.get_by_role("button", name="Create the link").click()
        expect(sender.get_by_role("alert").filter(has_text=words)).to_be_visible()
        expect(sender.get_by_label("Your secret")).to_have_value(SECRET)
        expect(passphrase_of(sender)).to_have_value("phrase")
    sender.get_by_role("button", name="Create the link").click()
    expect_heading(sender, "Your link is ready")


def test_an_empty_or_too_long_secret_is_not_sent(person):
    sender = person()
    asked: list[str] = []
    sender.on("request", lambda request: asked.append(request.url))
    sender.goto("/")
    create = sender.get_by_role("button", name="Create the link")
    create.click()
    expect(sender.get_by_role("alert").filter(has_text="Write or paste the secret first.")).to_be_visible()
    sender.get_by_label("Your secret").fill("й" * 50_001)
    expect(sender.locator("#text-count.over")).to_be_visible()
    create.click()
    expect(sender.get_by_role("alert").filter(has_text="100,000 bytes is the most")).to_be_visible()
    assert not [url for url in asked if "/api/" in url]


def test_a_browser_that_cannot_encrypt_gets_the_plain_way(person):
    """On plain http there is no WebCrypto: the page says so, and the form posts."""
    sender, recipient = person(), person()
    for page in (sender, recipient):
        page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    sender.goto("/")
    expect(sender.get_by_text("Without script your browser cannot encrypt.")).to_be_visible()
    link = share_plainly(sender)
    recipient.goto(link)
    expect(recipient.get_by_label("Secret link")).to_have_value(link)
    press_show(recipient)
    expect_secret(recipient)


def test_script_that_does_not_come_leaves_the_plain_way(person):
    sender = person()
    sender.route("**/*.js", lambda route: route.abort())
    sender.goto("/")
    expect(sender.get_by_text("Without script your browser cannot encrypt.")).to_be_visible(timeout=10_000)
    expect(sender.get_by_text("Encrypted in your browser")).to_be_hidden()
    share_plainly(sender)
    expect_heading(sender, "Your link is ready")


def test_the_address_bar_never_shows_something_of_the_sender_s(person):
    sender = person()
    share(sender)
    assert sender.url.endswith("/")
    expect(sender.get_by_label("Private receipt link, only for you")).to_be_hidden()


def test_the_result_copies_the_link_and_the_message(person, site):
    sender = person(permissions=["clipboard-read", "clipboard-write"])
    link = share(sender, passphrase="x")
    copied = "navigator.clipboard.readText()"
    sender.get_by_role("button", name="Copy the link").click()
    expect(sender.get_by_role("button", name="Copied")).to_be_visible()
    assert sender.evaluate(copied) == link
    sender.get_by_text("Message ready to send").click()
    sender.get_by_role("button", name="Copy the message").click()
    expect(sender.get_by_role("button", name="Copied").last).to_be_visible()
    message = sender.evaluate(copied)
    assert link in message
    assert "UTC" in message
    assert "It asks for a passphrase" in message
    assert "tell me at once" in message
    assert "receipt" not in message


def test_the_copied_secret_is_what_was_sent_line_ends_and_all(person):
    text = "one\r\ntwo\r\n"
    link = share(
        person(), "placeholder"
    )  # a textarea cannot hold CR LF, so this one is made by the API's way
    assert link
    sender, recipient = person(), person(permissions=["clipboard-read", "clipboard-write"])
    sender.goto("/")
    sender.locator("#id_text").evaluate(
        "(area, text) => Object.defineProperty(area, 'value', { get: () => text })", text
    )
    sender.get_by_role("button", name="Create the link").click()
    expect_heading(sender, "Your link is ready")
    recipient.goto(sender.get_by_label("Secret link, to send").input_value())
    press_show(recipient)
    expect_secret(recipient, text.replace("\r\n", "\n"))
    recipient.get_by_role("button", name="Copy the secret").click()
    expect(recipient.get_by_role("button", name="Copied")).to_be_visible()
    assert recipient.evaluate("navigator.clipboard.readText()") == text


def test_the_secret_can_be_hidden_and_shown(person):
    link = share(person())
    recipient = person()
    recipient.goto(link)
    press_show(recipient)
    recipient.get_by_role("button", name="Hide").click()
    expect(recipient.get_by_label("Secret", exact=True)).to_have_value("••••••••")
    recipient.get_by_role("button", name="Show", exact=True).click()
    expect_secret(recipient)


def test_the_receipt_tells_the_opening_and_burns(person):
    sender, recipient = person(), person()
    link = share(sender)
    receipt = sender.locator("#receipt-link").input_value()
    watching = person()
    watching.goto(receipt)
    expect(watching.get_by_text("Not opened yet")).to_be_visible()
    recipient.goto(link)
    press_show(recipient)
    expect_secret(recipient)
    watching.reload()
    expect(watching.locator(".badge", has_text="Opened")).to_be_visible()


def test_the_receipt_burns_without_script(person):
    link = share(person())
    sender = person(java_script_enabled=False)
    link = share_plainly(sender)
    sender.goto(sender.locator("#receipt-link").input_value())
    sender.get_by_text("Burn it now").click()
    sender.get_by_role("button", name="Yes, burn it").click()
    expect(sender.locator(".badge", has_text="Burned")).to_be_visible()
    recipient = person()
    recipient.goto(link)
    expect_heading(recipient, "The sender has taken this secret back")


def test_the_qr_code_is_drawn_here_and_says_the_link(person):
    sender = person()
    share(sender)
    asked: list[str] = []
    sender.on("request", lambda request: asked.append(request.url))
    sender.get_by_text("QR code", exact=True).click()
    picture = sender.get_by_role("img", name="QR code of the secret link")
    expect(picture).to_be_visible()
    assert all("/static/secrets_app/js/" in url for url in asked)
    assert picture.get_attribute("viewBox") == "-4 -4 41 41"  # version 4: room for 62 characters


def test_the_generator_makes_what_is_asked_for(person):
    sender = person()
    sender.goto("/")
    sender.get_by_text("Generate a password").click()
    made = sender.locator("#generated")
    expect(made).to_have_value(re.compile(r"^[^lI1O0o]{20}$"))
    sender.get_by_label("Length").fill("40")
    sender.get_by_label("!?#&").check()
    expect(made).to_have_value(re.compile(r"^(?=.*[!#$%&*+=?@^_~-])\S{40}$"))
    sender.get_by_label("Words", exact=True).check()
    expect(made).to_have_value(re.compile(r"^[a-z]+(-[a-z]+){5}$"))
    sender.get_by_role("button", name="Put it into the secret").click()
    expect(sender.get_by_label("Your secret")).to_have_value(made.input_value())


def test_the_generator_speaks_ukrainian_on_ukrainian_pages(person):
    sender = person()
    sender.goto("/uk/")
    sender.locator("#generator summary").click()
    sender.locator("[name=kind][value=words]").check()
    expect(sender.locator("#generated")).to_have_value(re.compile(r"^[а-щьюяґєії]+(-[а-щьюяґєії]+){5}$"))


def test_a_limit_that_was_reached_leads_to_the_plans(person):
    """And a mistake that no plan would change does not."""
    page = person()
    page.goto("/")
    way = page.locator("#problem").get_by_role("link", name="See what each plan allows")
    page.get_by_role("button", name="Create the link").click()
    expect(page.locator("#problem")).to_be_visible()
    expect(way).to_be_hidden()
    page.locator("#id_text").fill("x" * 100_001)
    page.get_by_role("button", name="Create the link").click()
    expect(way).to_have_attribute("href", "/plans")
    expect(way).to_be_visible()
