"""The loopback Stripe, the real library as its client, and a receiver for its webhooks."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from tests.stripe_local import WEBHOOK_SECRET, StripeLocal, check


def client_of(local, *, retries=0, timeout=20, key=None):
    """The library's own client, pointed at the stand-in."""
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        key or local.key,
        stripe_version=stripe.api_version,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=(5, timeout)),
        base_addresses={"api": local.url},
    ).v1


def wrong_shapes(local):
    """What any kept resource, and any event's snapshot, has that the library does not describe."""
    kept = [each for table in list(local.state.tables.values()) for each in table.values()]
    snapshots = [each["data"]["object"] for each in kept if each.get("object") == "event"]
    return [problem for each in kept + snapshots for problem in check.problems(each)]


@pytest.fixture
def local() -> Iterator[StripeLocal]:
    """A fresh stand-in; after the test everything in it must still have Stripe's shape."""
    with StripeLocal() as running:
        yield running
        assert wrong_shapes(running) == []


@pytest.fixture
def client(local):
    return client_of(local)


@pytest.fixture
def shop(local, client):
    """A product with a monthly and a yearly price, a dearer one, and a customer."""
    return Shop(client)


class Shop:
    def __init__(self, client):
        client.products.create({"id": "plan_one", "name": "One"})
        client.products.create({"id": "plan_two", "name": "Two"})
        self.month = price(client, "plan_one", 900)
        self.year = price(client, "plan_one", 9000, "year")
        self.dear = price(client, "plan_two", 8500)
        self.customer = client.customers.create({"email": "alice@example.com"}).id


def price(client, product, amount, interval="month", currency="cad", **more):
    wanted = {
        "product": product,
        "currency": currency,
        "unit_amount": amount,
        "recurring": {"interval": interval},
    }
    return client.prices.create(wanted | more).id


def checkout(client, shop, price_id=None, **more):
    """Parameters as a site would send them; the open session."""
    return client.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": shop.customer,
            "line_items": [{"price": price_id or shop.month, "quantity": 1}],
            "success_url": "http://127.0.0.1/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1/plans",
        }
        | more
    )


class Receiver:
    """Takes webhooks; `statuses` are given out one by one, then 200."""

    def __init__(self):
        self.bodies: list[bytes] = []
        self.headers: list[str] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.headers.append(self.headers["Stripe-Signature"])
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def events(self):
        """Every body received, its signature verified by the library."""
        pairs = zip(self.bodies, self.headers, strict=True)
        return [stripe.Webhook.construct_event(body, header, WEBHOOK_SECRET) for body, header in pairs]


@pytest.fixture
def receiver(local) -> Iterator[Receiver]:
    """A receiver that the stand-in knows as its endpoint for every event."""
    made = Receiver()
    local.add_endpoint(made.url, WEBHOOK_SECRET)
    yield made
    made.server.shutdown()
    made.server.server_close()
