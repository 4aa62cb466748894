"""The compliance papers are made from the inventory, and the committed ones are current."""

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from onetime import inventory
from onetime.management.commands.compliance import PAPERS, paper
from tests.site import ROOT


def test_the_committed_papers_are_current():
    """After a change to the inventory: `manage.py compliance docs/compliance --blank`."""
    call_command("compliance", ROOT / "docs" / "compliance", "--blank", "--check")


def test_the_record_names_everything_in_the_inventory():
    text = paper("record-of-processing", blank=False)
    for datum in inventory.INVENTORY:
        for sentence in (datum.what, datum.why, datum.how_long, datum.basis):
            assert inventory.shown(sentence) in text
        for name in datum.names:
            assert f"`{name}`" in text


def test_a_stale_paper_is_named(tmp_path):
    call_command("compliance", tmp_path, "--blank")
    (tmp_path / "answer-sheet.md").write_text("old")
    with pytest.raises(CommandError, match=r"Not current: answer-sheet\.md"):
        call_command("compliance", tmp_path, "--blank", "--check")


@pytest.mark.parametrize("name", PAPERS)
def test_the_operator_is_filled_in_from_the_settings(settings, name):
    settings.OPERATOR_NAME, settings.OPERATOR_EMAIL = "Example & Sons", "dpo@example.com"
    assert "Example & Sons" in paper(name, blank=False)
    assert "[operator]" in paper(name, blank=True)
    assert "Example" not in paper(name, blank=True)


@pytest.mark.parametrize("name", PAPERS)
def test_blank_papers_do_not_depend_on_the_settings(settings, name):
    before = paper(name, blank=True)
    settings.HOLD_SECONDS, settings.SITE_ORIGIN = 7, "https://other.example"
    assert paper(name, blank=True) == before


@pytest.mark.parametrize("name", PAPERS)
def test_no_table_is_broken(name):
    rows = [line for line in paper(name, blank=True).splitlines() if line.startswith("|")]
    assert rows
    assert all(row.endswith("|") and not re.search(r"[{}]", row) for row in rows)
