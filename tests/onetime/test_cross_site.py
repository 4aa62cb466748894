"""Cross-site request forgery is refused without a cookie, for every unsafe method.

Sec-Fetch-Site decides where it is sent; else Origin must be ours; else a session needs Django's
token. A request with none of these and no session has no authority to abuse.
"""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory

from onetime.middleware import CrossSiteMiddleware


def judge(settings, *, cookie=False, token=None, session=None, method="POST", secure=False, **headers):
    request = RequestFactory().generic(
        method,
        "/anything",
        data=f"csrfmiddlewaretoken={token or ''}",
        content_type="application/x-www-form-urlencoded",
        secure=secure,
        headers=headers,
    )
    if cookie:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "k"
    request.session = session if session is not None else SessionStore()
    request.LANGUAGE_CODE = "en"
    middleware = CrossSiteMiddleware(lambda _request: HttpResponse("done"))
    middleware.process_request(request)
    refused = middleware.process_view(request, lambda: None, (), {})
    return 200 if refused is None else refused.status_code


@pytest.mark.parametrize("cookie", [False, True])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
        ({"Origin": "http://testserver"}, 200),
        ({"Origin": "https://testserver"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "http://testserver:81"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_a_browser_that_says_where_it_comes_from_is_believed(settings, cookie, headers, status):
    assert judge(settings, cookie=cookie, **headers) == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "ODD"])
def test_every_unsafe_method_is_judged(settings, method):
    assert judge(settings, method=method, **{"Sec-Fetch-Site": "cross-site"}) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_methods_pass(settings, method):
    assert judge(settings, method=method, **{"Sec-Fetch-Site": "cross-site"}) == 200


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}])
def test_without_headers_and_without_a_session_it_is_no_browser_with_authority(settings, headers):
    assert judge(settings, **headers) == 200


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}])
@pytest.mark.parametrize("secure", [False, True])
def test_an_old_browser_with_a_session_needs_the_token(settings, headers, secure):
    session = SessionStore()
    page = RequestFactory().get("/form")
    page.session = session
    token = get_token(page)
    session["_csrftoken"] = page.META["CSRF_COOKIE"]
    assert judge(settings, cookie=True, session=session, secure=secure, **headers) == 403
    assert judge(settings, cookie=True, session=session, secure=secure, token="x" * 64, **headers) == 403
    assert judge(settings, cookie=True, session=session, secure=secure, token=token, **headers) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v2/receipts/" + "a" * 31 + "/burn", "application/problem+json"),
        ("/nowhere", "text/html; charset=utf-8"),
    ],
)
def test_the_refusal_speaks_the_format_of_the_path(path, kind):
    answer = Client(enforce_csrf_checks=True).post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == (403 if "burn" in path else 404)
    assert answer["Content-Type"] == kind
