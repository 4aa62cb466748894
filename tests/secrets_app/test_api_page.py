"""The API page says what there is, and the programs on it run as they stand."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from secrets_app import openapi
from secrets_app.api_page import example
from secrets_app.problems import PROBLEMS
from tests.clients.tools import program

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api", "/uk/api"])
def test_it_is_a_page_without_cookies_or_queries(client, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(path)
    assert answer.status_code == 200
    assert "text/html" in answer["Content-Type"]
    assert not answer.cookies


def test_every_call_and_every_problem_has_its_place(client):
    page = client.get("/api").content.decode()
    for path in openapi.build()["paths"]:
        assert f" {path}</code>" in page
    for name in PROBLEMS:
        assert f'id="{name}"' in page


@pytest.mark.parametrize("name", ["share.sh", "share.py", "share.mjs"])
def test_it_shows_the_examples_word_for_word(client, name):
    assert example(name, "http://testserver") in unescape(client.get("/api").content.decode())


@pytest.mark.live
def test_the_python_example_runs(site, tmp_path):
    (tmp_path / "share.py").write_text(example("share.py", site.origin))
    done = subprocess.run(
        [sys.executable, "share.py"], cwd=tmp_path, env={"PYTHONPATH": str(ROOT / "cli")}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert re.fullmatch(
        rf"{site.origin}/secret#[0-9A-Za-z]{{31}}\ncorrect horse battery staple\n", done.stdout
    )


@pytest.mark.live
def test_the_curl_example_runs(site):
    """Its first command as it stands; its second with the key that the first one answered."""
    first, second = example("share.sh", site.origin).split("# Open, which works once:")
    shared = subprocess.run(["sh", "-c", first], capture_output=True, text=True, check=True).stdout
    key = json.loads(shared)["secret_key"]
    opened = subprocess.run(
        ["sh", "-c", second.replace("SECRET_KEY", key)], capture_output=True, text=True, check=True
    ).stdout
    assert opened == f'{{"value":"correct horse battery staple","secret_key":"{key}"}}'


@pytest.mark.clients
@pytest.mark.live
def test_the_javascript_example_runs(site, tmp_path):
    (tmp_path / "share.mjs").write_text(example("share.mjs", site.origin))
    module = ROOT / "secrets_app/static/secrets_app/js/envelope.js"
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "envelope.js").write_bytes(module.read_bytes())
    done = subprocess.run(
        [program("node"), "share.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(
        rf"{site.origin}/secret#[0-9A-Za-z]{{31}}\ncorrect horse battery staple\n", done.stdout
    )
