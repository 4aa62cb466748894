"""The site's own log: what happened and where in the code, never to whom or by which link.

A request is named by its method and its route pattern (`secret/<key>`), not by its path:
paths carry link keys and receipt keys. No address, user agent, query or header is logged.
"""

import logging
import logging.config
import traceback
from typing import Any


class RouteInsteadOfPath(logging.Filter):
    """Rewrites Django's own records about requests, which would print the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("django."):
            return True
        request = getattr(record, "request", None)
        if request is not None:
            match = getattr(request, "resolver_match", None)
            route = match.route if match else "(no route)"
            status = getattr(record, "status_code", "-")
            record.msg, record.args = f"{request.method} /{route} {status}", ()
        elif record.name.startswith("django.security"):
            # DisallowedHost and the like quote what the client sent.
            record.msg, record.args = "refused a suspicious request", ()
        return True


class Line(logging.Formatter):
    """One line an event; an exception as its type and the places in the code it went through.

    The message of an exception is left out: a decoding error, say, quotes what it could not read.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's formatter may have left its full text here
        try:
            return super().format(record)
        finally:
            record.exc_text = None

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        kind, error, trace = ei
        places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*places, f"  {kind.__module__}.{kind.__qualname__}" if error else "  no exception"])


#: Access logs of servers that may run in this process. They print addresses and paths with keys,
#: so they are silenced here even where somebody has switched one on.
ACCESS_LOGS = ("granian.access", "gunicorn.access", "uvicorn.access", "hypercorn.access")


def configure(_settings: dict[str, Any]) -> None:
    """Everything from WARNING up, and our own INFO, as one line each on standard error."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"route": {"()": RouteInsteadOfPath}},
            "formatters": {"line": {"()": Line}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["route"]},
                "nowhere": {"class": "logging.NullHandler"},
            },
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "onetime": {"level": "INFO"},
                # Django has given these handlers of its own, one of which mails whole requests.
                "django": {"handlers": [], "level": "WARNING", "propagate": True},
                "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
                **{
                    name: {"handlers": ["nowhere"], "level": "CRITICAL", "propagate": False}
                    for name in ACCESS_LOGS
                },
            },
        }
    )
