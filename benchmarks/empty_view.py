"""What no Django site can be faster than: a view that answers nothing, behind no middleware.

`benchmarks.empty_view:application` is that view; `benchmarks.empty_view:void` answers without
Django, to show how fast the load generator can go.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, MIDDLEWARE=[], INSTALLED_APPS=[], DATABASES={},
        SECRET_KEY="it signs nothing",  # noqa: S106
    )  # fmt: skip


def empty(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("", empty)]

application = get_wsgi_application()


def void(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
