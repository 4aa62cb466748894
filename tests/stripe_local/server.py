"""HTTP on 127.0.0.1: the API, the hosted pages, the control interface."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import api, checkout_pages, clock, control_pages, html, portal_pages
from .control import Control
from .errors import Refusal
from .faults import Fault

HTML = "text/html; charset=utf-8"
JSON = "application/json"
LARGEST_BODY = 1 << 20
PAGES: dict[str, Any] = {"/c/pay/": checkout_pages, "/p/session/": portal_pages}


class Server(ThreadingHTTPServer):
    """Listens on the loopback address only; `stop` also ends connections that are kept alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, control: Control) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.control = control
        self.open_sockets: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news; anything else is printed."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for each in list(self.open_sockets):
            self.shutdown_request(each)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: two would wait 40 ms for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._route("get")

    def do_POST(self) -> None:
        self._route("post")

    def do_DELETE(self) -> None:
        self._route("delete")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent: tests read `Control.log`."""

    def _route(self, verb: str) -> None:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self._send(413, JSON, json.dumps({"error": {"message": "Too large"}}))
            return
        body = self.rfile.read(length).decode("utf-8", "replace")
        if target.path.startswith("/v1/"):
            self._api(verb, target.path, body if verb == "post" else target.query)
        elif target.path.startswith(control_pages.ROOT):
            self._control(verb, target.path.removeprefix(control_pages.ROOT), body)
        else:
            self._page(verb, target.path, body)

    def _api(self, verb: str, path: str, form: str) -> None:
        fault = self.server.control.faults.take(verb, path)
        if fault and fault.kind in ("status", "drop", "hang"):
            self._fail(fault, verb, path)
            return
        head = self.headers
        names = ("Authorization", "Stripe-Version", "Idempotency-Key")
        request = api.Request(verb, path, form, *(head.get(each, "") for each in names))
        answer = api.answer(self.server.control.state, request)
        self._remember(verb, path, answer.status, form=form, key=request.key)
        if fault and fault.kind == "drop_after":
            self.close_connection = True
            return
        if fault:
            fault.met.set()
            fault.gate.wait()
        more = {"Request-Id": answer.request_id} | (
            {"Idempotent-Replayed": "true"} if answer.replayed else {}
        )
        self._send(answer.status, JSON, json.dumps(answer.body, indent=2), more)

    def _fail(self, fault: Fault, verb: str, path: str) -> None:
        fault.met.set()
        if fault.kind != "status":
            if fault.kind == "hang":
                fault.gate.wait()
            self._remember(verb, path, 0)
            self.close_connection = True
            return
        self._remember(verb, path, fault.status)
        kind = "invalid_request_error" if fault.status < 500 else "api_error"
        code = {429: "rate_limit", 409: "lock_timeout"}.get(fault.status)
        refusal = Refusal(fault.status, "An injected failure.", kind=kind, code=code)
        self._send(fault.status, JSON, json.dumps(refusal.body()), {"Request-Id": "req_injected"})

    def _remember(self, verb: str, path: str, status: int, form: str = "", key: str = "") -> None:
        call = {"method": verb, "path": path, "form": form, "key": key, "status": status}
        self.server.control.calls.append(call)

    def _control(self, verb: str, name: str, body: str) -> None:
        control, kind = self.server.control, self.headers.get("Content-Type", JSON)
        if verb == "get" and not name:
            self._send(200, HTML, control_pages.panel(control))
            return
        readable = ("now", "deliveries", "log")
        if verb != "post" and name not in readable:
            self._send(405, JSON, json.dumps({"error": {"message": "POST it."}}))
            return
        try:
            result = control_pages.run(control, name, control_pages.arguments(kind, body))
        except Refusal as refusal:
            self._send(refusal.status, JSON, json.dumps(refusal.body()))
            return
        if "json" in kind or verb == "get":
            self._send(200, JSON, json.dumps({"result": result}))
        else:
            self._send(303, HTML, "", {"Location": control_pages.ROOT})

    def _page(self, verb: str, path: str, body: str) -> None:
        state = self.server.control.state
        try:
            module, key = next(
                (PAGES[each], path.removeprefix(each)) for each in PAGES if path.startswith(each)
            )
            with state.lock:
                clock.work_off(state, state.now())
                form = dict(parse_qsl(body))
                status, text, to = module.act(state, key, form) if verb == "post" else module.show(state, key)
        except (Refusal, StopIteration):
            status, text, to = 404, html.document("Not found"), ""
        self._send(status, HTML, text, {"Location": to} if to else {})

    def _send(self, status: int, kind: str, text: str, more: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
