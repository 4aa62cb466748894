"""While the database is away, everybody is told to come back, in their own format, and the log says where it failed."""

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db

ASKED = (
    ("/api/v2/receipts/" + "r" * 31, "application/problem+json"),
    ("/api/v1/private/" + "r" * 31, "application/json; charset=utf-8"),
    ("/receipt/" + "r" * 31, "text/html; charset=utf-8"),
)


@pytest.fixture(params=[OperationalError, InterfaceError])
def _away(request):
    """Every statement fails as it does while PostgreSQL restarts."""

    def broken(*_args):
        raise request.param("server closed the connection unexpectedly")

    with connection.execute_wrapper(broken):
        yield


@pytest.mark.usefixtures("_away")
@pytest.mark.parametrize(("path", "kind"), ASKED)
def test_it_is_503_in_the_caller_s_format_and_says_when_to_come_back(path, kind):
    client = Client(raise_request_exception=False)
    answer = client.post(path) if "/v1/" in path else client.get(path)
    assert answer.status_code == 503
    assert answer["Content-Type"] == kind
    assert answer["Retry-After"] == "1"
    assert "Set-Cookie" not in answer
    assert b"connection" not in answer.content


@pytest.mark.usefixtures("_away")
def test_the_log_says_where_it_failed_and_not_for_whom(caplog):
    Client(raise_request_exception=False).get(ASKED[0][0])
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "GET /api/v2/receipts/<key:receipt> 503" in record.getMessage()
    assert "r" * 31 not in record.getMessage()
