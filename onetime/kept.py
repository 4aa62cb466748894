"""Answers of pages that hold no data, kept whole and given to visitors before anything else is asked.

A view says by answering a VisitorPage that the same answer serves every visitor of a path in a
language. Requests with a cookie are never answered from here, and nothing that a request brings but
its path and its language is looked at.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from onetime.limits import Limits, limits_for

#: What this process has rendered: texts by template and language, finished answers by path and language.
pages: dict[tuple[Any, ...], Any] = {}
MOST_PAGES = 500


def remember(name: tuple[Any, ...], page: Any) -> None:
    if len(pages) >= MOST_PAGES:
        pages.clear()
    pages[name] = page


class VisitorPage(HttpResponse):
    """A page that differs between visitors at most by what `fill` puts in the place of `hole`.

    `fill` always gives as many characters: the length of the answer is kept with it. `limits` are
    those that the page tells of, if it does; it is made anew when a visitor's limits have changed.
    """

    def __init__(
        self,
        text: str,
        *,
        limits: Limits | None = None,
        hole: str = "",
        fill: Callable[[], str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        before, _hole, after = text.partition(hole) if hole else (text, "", "")
        self.before, self.after, self.fill, self.limits = before.encode(), after.encode(), fill, limits
        super().__init__(self.filled(), headers=headers)

    def filled(self) -> bytes:
        return self.before + self.fill().encode() + self.after if self.fill else self.before

    def again(self) -> HttpResponse:
        """The same answer once more, with the headers that every middleware has finished."""
        response = HttpResponse(self.filled())
        response.headers = self.headers
        return response


def may_be_kept(request: HttpRequest) -> bool:
    """Whether nothing in `request` but its path and its language could change the answer."""
    return request.method in {"GET", "HEAD"} and not request.META.get("HTTP_COOKIE")


def find(request: HttpRequest, language: str) -> HttpResponse | None:
    """The kept answer to a request that `may_be_kept`, or None for one that must go the whole way."""
    page: VisitorPage | None = pages.get((request.path, language))
    if page is None:
        return None
    # Without the database the view decides what is answered.
    with suppress(DatabaseError):
        if page.limits is None or page.limits == limits_for(None):
            return page.again()
    return None


def keep(request: HttpRequest, language: str, response: object) -> None:
    """Keep `response`, finished by every middleware, if its view has said that it may be."""
    if isinstance(response, VisitorPage) and not response.cookies:
        remember((request.path, language), response)
