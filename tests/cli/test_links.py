"""What a person gives to name a secret."""

import pytest

from onetime_cli import links
from onetime_cli.errors import Unknown, Usage

KEY = "OnetimeSecretExampleKey12345678"


@pytest.mark.parametrize(
    "text", [f"https://a.example/secret#{KEY}", f"https://a.example/uk/secret#{KEY}", f"https://a.example/secret/{KEY}",
             f" <https://a.example/secret#{KEY}> ", KEY],
)  # fmt: skip
def test_a_link_holds_its_key(text):
    assert links.link_key(text) == KEY


@pytest.mark.parametrize(
    "text", ["", KEY[:-1], KEY + "x", f"https://a.example/receipt/{KEY}", "https://a.example/"]
)
def test_a_link_that_was_cut_is_refused(text):
    with pytest.raises(Unknown):
        links.link_key(text)


@pytest.mark.parametrize("name", ["receipt", "private", "metadata", "uk/receipt"])
def test_a_receipt_is_told_by_its_address(name):
    assert links.receipt_key(f"https://a.example/{name}/{KEY}") == KEY
    assert links.receipt_key(f"https://a.example/secret/{KEY}") is None
    assert links.receipt_key(KEY) is None


def test_the_server_of_a_link_wins_over_the_one_that_was_set():
    assert (
        links.origin_of(f"http://a.example:8000/uk/secret#{KEY}", "https://b.example")
        == "http://a.example:8000"
    )
    assert links.origin_of(KEY, "https://b.example/") == "https://b.example"


@pytest.mark.parametrize(
    "server", [None, "", "a.example", "ftp://a.example", "file:///etc/passwd", "https://"]
)
def test_a_server_is_named_by_its_address(server):
    with pytest.raises(Usage):
        links.server(server)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("7D", 604_800), ("2w", 1_209_600)],
)
def test_a_lifetime_has_a_unit(text, seconds):
    assert links.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1y", "-1", "1.5h", "h", "9" * 10])
def test_a_lifetime_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        links.seconds(text)
