"""Errors in the site's own words, style and language."""

import pytest
from django.test import RequestFactory

from onetime import views

STATUSES = (400, 403, 404, 405, 413, 429, 500, 503)


def error_page(status: int, path: str = "/nowhere", **more):
    from django.contrib.auth.models import AnonymousUser

    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    return views.error(request, status, **more)


@pytest.mark.parametrize("status", STATUSES)
def test_each_error_has_a_page_of_its_own_words(status):
    response = error_page(status)
    page = response.content.decode()
    assert response.status_code == status
    assert "onetime/css/site" in page
    assert page.count("<h1>") == 1
    assert "noindex" in page
    assert response["Cache-Control"] == "no-store"


def test_no_two_errors_are_told_in_the_same_words():
    told = {
        error_page(status).content.decode().split("<h1>")[1].split('<p class="buttons">')[0]
        for status in STATUSES
    }
    assert len(told) == len(STATUSES)


@pytest.mark.parametrize(("seconds", "words"), [(1, "in 1 second."), (90, "in 90 seconds.")])
def test_a_limited_visitor_is_told_when_to_come_back(seconds, words):
    response = error_page(429, retry_after=seconds)
    assert response["Retry-After"] == str(seconds)
    assert words in response.content.decode()


def test_an_address_is_repeated_only_in_the_language_links_and_never_as_markup(client):
    page = client.get("/nowhere/<script>?x=<script>").content.decode()
    assert "<script>" not in page
    assert page.count("nowhere") == page.count('href="/uk/nowhere/%3Cscript%3E"') == 1
