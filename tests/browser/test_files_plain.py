"""Files for those without script, in a real browser that runs none."""

import os
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MEGA = 1024 * 1024


@pytest.fixture
def plain(person):
    """Somebody whose browser runs no script."""
    return lambda **options: person(java_script_enabled=False, **options)


def create(page, text: str, files: list[dict[str, object]], passphrase: str = "") -> None:
    page.goto("/")
    page.get_by_label("Your secret").fill(text)
    page.get_by_role("textbox", name="Passphrase (optional)").fill(passphrase)
    page.get_by_role("button", name="File (optional)").set_input_files(files)
    page.get_by_role("button", name="Create the link").click()


def file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def open_(page, link: str, passphrase: str = "") -> None:
    page.goto("/secret")
    page.get_by_label("Secret link").fill(link)
    page.get_by_role("textbox", name="Passphrase (optional)").fill(passphrase)
    page.get_by_role("button", name="Show the secret").click()
    expect(page.get_by_role("heading", name="Here is your secret")).to_be_visible()


def link_of(page) -> str:
    expect(page.get_by_role("heading", name="Your link is ready")).to_be_visible()
    return str(page.get_by_label("Secret link, to send").input_value())


def downloaded(page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as found:
        page.get_by_role("button", name=f"Download {name}").click()
    return found.value.suggested_filename, found.value.path().read_bytes()


@pytest.mark.parametrize("passphrase", ["", "ключ"])
def test_a_file_goes_in_and_comes_out(plain, passphrase):
    data = os.urandom(3 * MEGA + 1)
    sender, recipient = plain(), plain()
    create(sender, "see the file", [file("нотатки.pdf", data)], passphrase)
    open_(recipient, link_of(sender), passphrase)
    assert recipient.get_by_label("Secret", exact=True).input_value() == "see the file"
    for _again in range(2):
        assert downloaded(recipient, "нотатки.pdf") == ("нотатки.pdf", data)
    expect(recipient.get_by_role("heading", name="Here is your secret")).to_be_visible()
    recipient.get_by_role("button", name="I have it: erase now").click()
    expect(recipient.get_by_role("heading", name="Erased")).to_be_visible()


def test_a_file_that_is_gone_leaves_the_page_with_the_text(plain, person):
    """The answer that says so takes a page of its own."""
    sender, recipient = plain(), plain()
    create(sender, "still here", [file("a.txt", b"1")])
    open_(recipient, link_of(sender))
    fields = dict(
        re.findall(
            r'name="(action|id|claim)" value="([^"]+)"', recipient.content().partition("erase-form")[2]
        )
    )
    recipient.request.post("/secret", form=fields)
    with recipient.context.expect_page() as other:
        recipient.get_by_role("button", name="Download a.txt").click()
    expect(other.value.get_by_role("heading", name="already been opened")).to_be_visible()
    assert recipient.get_by_label("Secret", exact=True).input_value() == "still here"


def test_a_file_over_the_limit_is_refused_in_words_and_the_text_stays(plain):
    page = plain()
    create(page, "not to be lost", [file("large.bin", bytes(13_000_000))])
    expect(page.get_by_role("alert")).to_contain_text("The file is too large: 10 MB is the most.")
    assert page.get_by_label("Your secret").input_value() == "not to be lost"


def test_a_name_that_means_harm_is_seen_for_what_it_is(plain):
    sender, recipient = plain(), plain()
    create(sender, "", [file('cod\u202eexe"<img onerror>.txt', b"1")])
    open_(recipient, link_of(sender))
    expect(recipient.get_by_label("Secret", exact=True)).to_be_hidden()
    expect(recipient.get_by_role("list", name="Files")).to_contain_text('cod⟨U+202E⟩exe"<img onerror>.txt')
    assert downloaded(recipient, "cod")[0] == "codexe__img onerror_.txt"
