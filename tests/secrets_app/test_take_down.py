"""Operators destroy what was reported to them, by its link and without opening it."""

import io

import pytest
from django.core.management import CommandError, call_command

from secrets_app import services
from secrets_app.errors import Gone
from secrets_app.models import Secret, State
from tests.pages import make

pytestmark = pytest.mark.django_db


def take_down(monkeypatch, *lines: str) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    said = io.StringIO()
    call_command("take_down", stdout=said)
    return said.getvalue().splitlines()


def test_it_burns_what_was_reported_and_nothing_else(monkeypatch):
    reported, other = make("locked"), make()
    said = take_down(monkeypatch, f"https://secrets.example.com/secret#{reported.link}", "")
    assert said == ["1: burned"]
    row = Secret.objects.get(pk=reported.secret.pk)
    assert (row.state, row.content) == (State.BURNED, None)
    assert Secret.objects.get(pk=other.secret.pk).content is not None
    with pytest.raises(Gone):
        services.read_text(reported.link, "locked")


def test_it_says_what_was_gone_or_never_there(monkeypatch):
    opened = make()
    services.read_text(opened.link, None)
    unknown = make().link[::-1]
    link = f"https://secrets.example.com/uk/secret#{opened.link}"
    assert take_down(monkeypatch, link, unknown) == ["1: opened before", "2: unknown"]


def test_with_one_cut_link_among_them_nothing_is_done(monkeypatch):
    made = make()
    with pytest.raises(CommandError, match="Nothing was done"):
        take_down(monkeypatch, made.link, "https://secrets.example.com/secret#cut")
    assert Secret.objects.get(pk=made.secret.pk).state == State.NEW
    with pytest.raises(CommandError):
        take_down(monkeypatch, f"https://secrets.example.com/receipt/{made.receipt}")
    assert Secret.objects.get(pk=made.secret.pk).state == State.NEW


def test_what_it_says_holds_no_link(monkeypatch):
    made = make()
    assert made.link not in "".join(take_down(monkeypatch, made.link))
