"""The control interface from another process, and the command."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from .conftest import client_of
from .test_checkout import visit

ROOT = Path(__file__).parents[2]


def control(url, name, /, **given):
    """(status, result)."""
    headers = {"Content-Type": "application/json"}
    try:
        with urlopen(Request(f"{url}/_control/{name}", json.dumps(given).encode(), headers)) as answer:
            return answer.status, json.load(answer)["result"]
    except HTTPError as error:
        with error:
            return error.code, json.load(error)["error"]["message"]


def test_time_moves_and_cards_break(local, client, shop):
    """What a cross-process test needs, in JSON."""
    status, key = control(local.url, "subscribe", customer=shop.customer, price=shop.month)
    assert status == 200
    assert control(local.url, "fail_renewals", customer=shop.customer)[0] == 200
    before = local.now()
    assert control(local.url, "advance", days=32)[1] >= before + 32 * 24 * 3600
    assert client.subscriptions.retrieve(key).status == "past_due"


def test_deliveries_are_steered(local, client, receiver):
    """Held, listed, delivered."""
    control(local.url, "webhooks", mode="hold")
    client.products.create({"name": "A"})
    assert [each["state"] for each in control(local.url, "deliveries")[1]] == ["waiting"]
    assert control(local.url, "deliver", order="reversed", times=2) == (200, [200, 200])


def test_everything_is_forgotten(local, client, shop):
    """Reset."""
    control(local.url, "fail_next", times=9)
    assert control(local.url, "reset")[0] == 200
    assert client.customers.list().data == []


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("explode", {}, 404),
        ("_replace_cards", {}, 404),
        ("outbox", {}, 404),
        ("advance", {"years": 1}, 400),
        ("advance", {"days": "many"}, 400),
        ("webhooks", {"mode": "sometimes"}, 400),
        ("subscribe", {}, 400),
        ("pay", {"session": "cs_none"}, 404),
    ],
)
def test_a_wrong_control_is_refused(local, name, given, status):
    """A clear 4xx, nothing done."""
    assert control(local.url, name, **given)[0] == status


def test_looking_changes_nothing(local):
    """GET shows the buttons, the log and the deliveries, no more."""
    assert "31 days pass" in visit(local.url + "/_control/")[1]
    assert visit(local.url + "/_control/log")[0] == 200
    assert visit(local.url + "/_control/advance")[0] == 405


def test_the_buttons_work(local):
    """A form, and back to the page."""
    before = local.now()
    assert visit(local.url + "/_control/advance", days="31")[::2] == (303, "/_control/")
    assert local.now() >= before + 31 * 24 * 3600


def test_it_starts_alone(receiver, tmp_path):
    """`python -m tests.stripe_local`: ready when it says so, sending events by itself."""
    command = [sys.executable, "-m", "tests.stripe_local", "--port", "0", "--webhook", receiver.url]
    with subprocess.Popen(
        [*command, "--secret", "whsec_mine"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[2]
            made = client_of_url(url).products.create({"name": "A"})
            assert control(url, "wait_until_idle")[1] is True
        finally:
            process.terminate()
    assert json.loads(receiver.bodies[0])["data"]["object"]["id"] == made.id


def client_of_url(url):
    return client_of(SimpleNamespace(url=url, key="sk_test_x"))
