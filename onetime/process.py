"""What a server's worker does once, before its first request, so that no request pays for it."""

import gc
from typing import Any

from django.conf import settings
from django.core.cache import caches, close_caches
from django.core.signals import request_finished, request_started
from django.db import connections, reset_queries
from django.http import HttpRequest

PAGES = ("/", "/secret")


def make_ready(handler: Any) -> None:
    """Warm a worker up: the pages that everybody asks for, its first look at the database, its memory."""
    show_first_pages(handler)
    connections.close_all()
    load_caches()
    ask_only_who_has_something_to_do()
    set_aside_what_stays()


def show_first_pages(handler: Any) -> None:
    """Read the plans and render the first pages in each language; onetime/kept.py keeps them."""
    for language, _name in settings.LANGUAGES:
        for path in PAGES:
            request = HttpRequest()
            request.method, request.path, request.path_info = "GET", path, path
            request.META = {"HTTP_ACCEPT_LANGUAGE": language}
            handler.get_response(request)


def load_caches() -> None:
    """Import what counts the limits, the client of Redis above all; each thread opens its own connection."""
    for alias in settings.CACHES:
        caches[alias]


def ask_only_who_has_something_to_do() -> None:
    """Django's own ends of a request that end nothing here, and look at all connections of a thread for it.

    Statements are only listed with DEBUG, and django-redis keeps its connections unless told not to.
    """
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
    request_finished.disconnect(close_caches)


def set_aside_what_stays() -> None:
    """Modules, models and templates live as long as the process: no collection need look at them.

    Otherwise one does now and then, for 50 to 100 ms in which the worker answers nobody.
    """
    gc.collect()
    gc.freeze()
