"""Accounts in real Chromium: signing up and in by every way, changing the address, closing."""

import re
import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.site import Site, free_port, running_site

pytestmark = [pytest.mark.browser, pytest.mark.live]

CODE = re.compile(r"^ {4}(\d{4} \d{4})\s*$", re.MULTILINE)
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    """A site by name, because passkeys belong to names; the limits on guessing are on, in one process."""
    port = free_port()
    limits = "sign_in=1000/h,sign_in_address=1000/h,sign_in_address_all=1000/h"
    origin = f"http://localhost:{port}"
    var = tmp_path_factory.mktemp("accounts")
    with running_site(var, port=port, workers=1, SITE_ORIGIN=origin, RATE_LIMITS=limits) as running:
        running.origin = origin
        yield running


def codes_to(site: Site, email: str) -> list[str]:
    """Every code mailed to `email`, oldest first."""
    mails = [mail for mail in site.mails() if f"\nTo: {email}\n" in mail]
    return [code for mail in mails for code in CODE.findall(mail)]


def ask(page: Page, site: Site, email: str) -> str:
    """Send the sign-in form; the code that came."""
    page.goto("/account/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Mail me a code").click()
    expect(page.get_by_role("heading", name="Type the code from the mail")).to_be_visible()
    return codes_to(site, email)[-1]


def enter(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=False).first.fill(code)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, site: Site, email: str) -> None:
    enter(page, ask(page, site, email))
    expect(page.get_by_role("heading", name="Your secrets")).to_be_visible()


def sign_out(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def signed_in(page: Page) -> bool:
    page.goto("/")
    return page.get_by_role("link", name="Account").is_visible()


def wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"


def app_code(key: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(key, int(time.time()) // 30 + steps)))


def add_virtual_authenticator(page: Page) -> None:
    """A device with a lock that says yes, as a phone does after a fingerprint."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def add_passkey(page: Page) -> None:
    page.goto("/account/passkeys")
    page.get_by_label("Name").fill("Phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Phone", exact=True).first).to_be_visible()


def set_up_app(page: Page) -> tuple[str, list[str]]:
    page.goto("/account/app")
    page.get_by_role("button", name="Set it up").click()
    key = page.get_by_label("Key", exact=True).input_value().replace(" ", "")
    page.get_by_label("Code from the app").fill(app_code(key, -1))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    return key, (page.locator("pre").text_content() or "").split()


def test_a_visitor_signs_up_and_has_one_cookie_from_then_on(person, site):
    """No cookie before the form is sent, exactly one after, none after signing out."""
    page = person()
    for path in ("/", "/account/sign-in", "/account/sign-in/password"):
        page.goto(path)
    assert page.context.cookies() == []
    sign_in(page, site, "ada@example.com")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    sign_out(page)
    assert page.context.cookies() == []


def test_without_script_it_works_too(person, site):
    page = person(java_script_enabled=False)
    sign_in(page, site, "grace@example.com")
    page.goto("/account")
    expect(page.get_by_text("grace@example.com").first).to_be_visible()


def test_wrong_old_and_reused_codes_are_refused(person, site):
    page, email = person(), "wrong@example.com"
    old = ask(page, site, email)
    enter(page, wrong(old))
    expect(page.get_by_text("This is not the code").first).to_be_visible()
    new = ask(page, site, email)
    enter(page, old)
    expect(page.get_by_text("This is not the code").first).to_be_visible()
    enter(page, new)
    expect(page.get_by_role("heading", name="Your secrets")).to_be_visible()
    sign_out(page)
    ask(page, site, email)
    enter(page, new)
    expect(page.get_by_text("This is not the code").first).to_be_visible()
    assert not signed_in(page)


def test_ten_wrong_codes_are_slowed(person, site):
    """The right code comes too late after ten wrong ones: the page says to wait."""
    page, email = person(), "guess@example.com"
    for _round in range(2):
        code = ask(page, site, email)
        for _try in range(5):
            enter(page, wrong(code))
    enter(page, ask(page, site, email))
    expect(page.get_by_role("heading", name="Too many requests")).to_be_visible()
    assert not signed_in(page)


def test_the_wait_before_another_mail_is_visible(person, site):
    page = person()
    ask(page, site, "wait@example.com")
    page.get_by_text("It did not arrive?").click()
    expect(page.get_by_role("button", name="Send another mail")).to_be_disabled()
    expect(page.get_by_text(re.compile(r"another mail in \d+ s"))).to_be_visible()


def test_a_passkey_signs_in_alone(person, site):
    page, email = person(), "passkey@example.com"
    add_virtual_authenticator(page)
    sign_in(page, site, email)
    add_passkey(page)
    sign_out(page)
    page.goto("/account/sign-in?next=/account/preferences")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()
    page.goto("/account/passkeys")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Phone", exact=True)).to_have_count(0)
    sign_out(page)
    page.goto("/account/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    assert not signed_in(page)


def test_a_device_without_a_passkey_is_told_so(person, site):
    page = person()
    add_virtual_authenticator(page)
    page.goto("/account/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()


def test_a_password_and_the_app_sign_in(person, site):
    page, email = person(), "password@example.com"
    sign_in(page, site, email)
    page.goto("/account/password")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your password is set")).to_be_visible()
    key, recovery = set_up_app(page)
    sign_out(page)
    page.goto("/account/sign-in/password")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("is wrong").first).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    enter(page, "000000")
    expect(page.get_by_text("Incorrect code").first).to_be_visible()
    enter(page, app_code(key))
    expect(page.get_by_role("heading", name="Your secrets")).to_be_visible()
    sign_out(page)
    enter(page, ask(page, site, email))
    enter(page, recovery[0])
    expect(page.get_by_role("heading", name="Your secrets")).to_be_visible()


def test_a_passkey_is_the_second_step_and_the_proof_where_an_app_is_asked_for(person, site):
    page, email = person(), "both@example.com"
    add_virtual_authenticator(page)
    sign_in(page, site, email)
    add_passkey(page)
    set_up_app(page)
    sign_out(page)
    enter(page, ask(page, site, email))
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Your secrets")).to_be_visible()
    page.goto("/account/prove?next=/account/close")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Close the account")).to_be_visible()


def test_the_address_changes_when_both_ends_confirm(person, site):
    page, old, new = person(), "before@example.com", "after@example.com"
    sign_in(page, site, old)
    page.goto("/account/email")
    page.get_by_label("New e-mail address").fill(new)
    page.get_by_role("button", name="Mail both codes").click()
    page.get_by_label("present address").fill(codes_to(site, old)[-1])
    page.get_by_label("the new address").fill(codes_to(site, new)[-1])
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_text("Your address is changed")).to_be_visible()
    expect(page.locator("main")).to_contain_text(new)
    sign_out(page)
    sign_in(page, site, new)


def test_an_account_is_closed_with_its_secrets(person, site):
    page, email = person(), "leaving@example.com"
    sign_in(page, site, email)
    page.goto("/")
    page.get_by_label("Your secret").fill("hush")
    page.get_by_role("button", name="Create the link").first.click()
    link = page.get_by_label("Secret link, to send").input_value()
    page.goto("/account/close")
    page.get_by_label("Yes, close my account").check()
    page.get_by_role("button", name="Close the account").click()
    expect(page.get_by_role("heading", name="Your account is closed")).to_be_visible()
    assert page.context.cookies() == []
    recipient = person()
    recipient.goto(link)
    expect(recipient.locator("main")).to_contain_text(re.compile("burned", re.IGNORECASE))


def test_the_dashboard_labels_and_burns(person, site):
    page = person()
    sign_in(page, site, "busy@example.com")
    for text in ("one", "two"):
        page.goto("/")
        page.get_by_label("Your secret").fill(text)
        page.get_by_role("button", name="Create the link").first.click()
        expect(page.get_by_role("heading", name="Your link is ready")).to_be_visible()
    page.goto("/dashboard")
    page.get_by_text("Label it").first.click()
    page.get_by_label("Label, only for you").first.fill("For Bob")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("For Bob", exact=True)).to_be_visible()
    page.get_by_label("Tick For Bob").check()
    page.get_by_text("Burn what is ticked").click()
    page.get_by_role("button", name="Yes, burn them").click()
    expect(page.get_by_text("1 secret was burned")).to_be_visible()
    page.get_by_role("link", name="Burned").click()
    expect(page.get_by_text("For Bob", exact=True)).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)


def test_no_page_is_wider_than_a_phone(person, site):
    page = person(viewport={"width": 320, "height": 700})
    sign_in(page, site, "a-rather-long-address-for-a-small-phone@example.com")
    paths = ["", "/preferences", "/email", "/password", "/passkeys", "/app", "/tokens", "/export", "/close"]
    for path in ["/dashboard", *(f"/account{path}" for path in paths)]:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_a_link_is_mailed_for_its_maker_and_preferences_hold(person, site):
    """The page asks for a passphrase because the account wants one, then has the link mailed, which opens."""
    page = person()
    sign_in(page, site, "mailer@example.com")
    page.goto("/account/preferences")
    page.get_by_label("Require a passphrase").check()
    page.get_by_label("Delete unopened secrets after").select_option("3600")
    page.get_by_role("button", name="Save").click()
    page.goto("/")
    assert page.get_by_label("Delete it unopened after").input_value() == "3600"
    page.get_by_label("Your secret").fill("hush")
    page.get_by_role("button", name="Create the link").first.click()
    expect(page.get_by_text("your preferences ask for one")).to_be_visible()
    page.get_by_label("Passphrase").fill("open sesame")
    page.get_by_role("button", name="Create the link").first.click()
    page.get_by_text("Mail it to the recipient").click()
    page.get_by_label("E-mail address of the recipient").fill("recipient@example.com")
    page.get_by_role("button", name="Mail the link").click()
    expect(page.get_by_text("The link was mailed.")).to_be_visible()
    link = page.get_by_label("Secret link, to send").input_value()
    (mail,) = [mail for mail in site.mails() if "\nTo: recipient@example.com\n" in mail]
    assert link in mail
