"""The API page for people, and the OpenAPI document for programs."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from onetime.kept import VisitorPage
from onetime.views import allow, is_visitor, visitor_page
from secrets_app import openapi
from secrets_app.problems import PROBLEMS
from secrets_app.v2_call import call

EXAMPLES = Path(__file__).parent / "examples"


def _context() -> dict[str, Any]:
    names = {"curl": "share.sh", "python": "share.py", "javascript": "share.mjs"}
    examples = {language: example(name, settings.SITE_ORIGIN) for language, name in names.items()}
    return {"problems": PROBLEMS, "operations": _operations(), "examples": examples}


def example(name: str, origin: str) -> str:
    """A program that runs, calling `origin`: the tests run the very text that the page shows."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    return text.replace("https://secrets.example.com", origin).replace("ORIGIN/", f"{origin}/")


def _operations() -> list[dict[str, Any]]:
    """Every call as the page lists it: method, path, summary."""
    paths: dict[str, dict[str, Any]] = openapi.build()["paths"]
    return [
        {"method": method.upper(), "path": path, "summary": call["summary"]}
        for path, calls in paths.items()
        for method, call in calls.items()
    ]


@allow("GET", "HEAD")
def api(request: HttpRequest) -> HttpResponse:
    if is_visitor(request):
        return VisitorPage(visitor_page(request, "api.html", _context))
    page = render_to_string("api.html", _context(), request)
    return HttpResponse(page, headers={"Cache-Control": "no-store"})


@call("GET", gives={})
def openapi_json(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        openapi.document(), content_type="application/json", headers={"Cache-Control": "no-cache"}
    )
