"""The OpenAPI document is what the code does: current, complete, and kept by a live site under fire."""

import ast
import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import Phase, settings
from schemathesis.checks import CHECKS

from secrets_app import openapi
from secrets_app.problems import PROBLEMS
from secrets_app.urls_api_v2 import urlpatterns
from tests.secrets_app.v2 import Api
from tests.site import make_account

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_committed_document_is_current():
    """Else run: manage.py openapi > docs/openapi.json"""
    assert (ROOT / "docs/openapi.json").read_bytes() == openapi.document()


def test_it_is_served(client):
    answer = client.get("/api/v2/openapi.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")


def test_every_address_is_in_it():
    """Each under a name of its own; a second call at one address has its method before the name."""
    calls = [call["operationId"] for calls in openapi.build()["paths"].values() for call in calls.values()]
    assert len(set(calls)) == len(calls)
    names = {str(p.name).removeprefix("api-v2-") for p in urlpatterns} - {"openapi"}
    assert set(calls) == names | {"delete-upload"}


def test_every_reference_leads_somewhere():
    document = openapi.build()
    references = {part.partition('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= set(document["components"]["schemas"])


def problem_names(path: Path) -> set[str]:
    """The names of problems that a module answers with: first arguments of Refused and _problem, and refuses=."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in {"Refused", "_problem"}
            and node.args
        ):
            found |= {str(n.value) for n in [node.args[0]] if isinstance(n, ast.Constant)}
        if isinstance(node, ast.keyword) and node.arg == "refuses" and isinstance(node.value, ast.Tuple):
            found |= {str(n.value) for n in node.value.elts if isinstance(n, ast.Constant)}
    return found


def test_every_problem_that_the_code_names_is_documented():
    used = set().union(*(problem_names(path) for path in (ROOT / "secrets_app").glob("*.py")))
    assert len(used) > 10
    assert used <= set(PROBLEMS)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_every_general_error_is_documented(status, rf):
    from onetime.views import error

    answer = json.loads(error(rf.get("/api/v2/x"), status).content)
    assert PROBLEMS[answer["type"].removeprefix("/api#")].status == status


def test_the_problems_of_a_call_are_listed_with_their_status():
    answers = openapi.build()["paths"]["/api/v2/secrets"]["post"]["responses"]
    assert set(answers) == {"201", "400", "401", "403", "409", "413", "415", "422", "429"}
    assert "`/api#bad-lifetime`" in answers["422"]["description"]


@pytest.mark.django_db
def test_the_answer_of_a_creation_is_the_one_described():
    described = openapi.build()["components"]["schemas"]["Made"]
    assert set(Api().create()) == set(described["required"])


SCHEMA = schemathesis.openapi.from_dict(openapi.build())


@pytest.mark.live
@SCHEMA.parametrize()
@settings(max_examples=30, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
def test_a_live_site_answers_as_described_whatever_it_is_sent(case, site):
    """Schemathesis sends right and wrong calls to every address: no 5xx, and no undocumented answer."""
    # A schema cannot say what an envelope is, nor the longest lifetime of the caller's plan.
    unsayable = {"POST /api/v2/secrets", "POST /api/v2/uploads"}
    but = [CHECKS.get_one("positive_data_acceptance")] if case.operation.label in unsayable else []
    case.call_and_validate(base_url=site.origin, timeout=20, excluded_checks=but)


@pytest.mark.live
@SCHEMA.include(path="/api/v2/receipts").parametrize()
@settings(max_examples=30, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
def test_so_does_the_call_that_needs_an_account(case, site, token):
    """As above; a schema cannot say which cursors were ever given out, and the header left out is given here."""
    but = [CHECKS.get_one("positive_data_acceptance"), CHECKS.get_one("negative_data_rejection")]
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=site.origin, headers=headers, timeout=20, excluded_checks=but)


@pytest.fixture(scope="module")
def token(site):
    return make_account(site, "schema@example.com")
