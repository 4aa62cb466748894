"""docs/security: the list against ASVS 5.0 is complete and names what exists; and what no other test shows."""

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from onetime import source_rules
from onetime.cache import RedisOrProcessCache
from tests.operations.tools import ROOT
from tests.site import Site, free_port

ASVS = ROOT / "docs/security/asvs.md"
#: How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; 253 in all.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2,
    "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3,
    "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3,
    "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3,
    "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2,
    "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1,
    "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
NUMBERS = [f"{section}.{number}" for section, many in SECTIONS.items() for number in range(1, many + 1)]
ROW = re.compile(r"^\| ([\d.]+)(?: … ([\d.]+))? \| (.+?) \| ([*\w ]+) \| (.*?) \| (.*?) \|$", re.MULTILINE)
VERDICTS = {"met", "**partly**", "**not met**", "not applicable"}


class Row(SimpleNamespace):
    number: str
    verdict: str
    text: str
    tests: list[str]


def rows() -> Iterator[Row]:
    for first, last, what, verdict, where, tests in ROW.findall(ASVS.read_text()):
        covered = NUMBERS[NUMBERS.index(first) : NUMBERS.index(last or first) + 1]
        for number in covered:
            yield Row(
                number=number, verdict=verdict, text=what + where, tests=re.findall(r"`([^`]+)`", tests)
            )


# --- The list -----------------------------------------------------------------------------------------


def test_every_requirement_of_both_levels_is_there_once():
    assert len(NUMBERS) == 253
    assert [row.number for row in rows()] == NUMBERS
    assert {row.verdict for row in rows()} == VERDICTS


def test_what_is_met_is_shown_by_a_test():
    assert [row.number for row in rows() if row.verdict == "met" and not row.tests] == []


def test_what_is_not_met_stands_in_the_list_at_the_top():
    top = ASVS.read_text().partition("## V1 ")[0]
    listed = re.findall(r"^\* \*\*([\d.]+)\*\*", top, re.MULTILINE)
    assert listed == [row.number for row in rows() if row.verdict in {"**partly**", "**not met**"}]
    figures = [int(number) for number in re.findall(r"(\d+) (?:are met|partly|not,|don't)", top)]
    counted = [
        sum(row.verdict == verdict for row in rows()) for verdict in ("met", "**partly**", "**not met**")
    ]
    assert figures[:3] == counted


def named_tests() -> set[str]:
    return {test for row in rows() for test in row.tests}


@pytest.mark.parametrize("named", sorted(named_tests()))
def test_every_test_that_is_named_exists(named):
    path, _colons, name = named.partition("::")
    source = (ROOT / path).read_text()
    if name:
        assert f"def {name}(" in source
    else:
        assert "def test_" in source


def test_every_file_that_is_named_exists():
    documents = [ASVS, *(ROOT / "docs/security").glob("*.md"), ROOT / "docs/operations.md"]
    for document in documents:
        for path in re.findall(r"`((?:\w[\w-]*/)+[\w.-]+\.\w+)`", document.read_text()):
            assert (ROOT / path).exists(), f"{document.name} names {path}"


# --- Dependencies ---------------------------------------------------------------------------------------


def names(path: str) -> set[str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[\w,]+\])?[=~<>]", (ROOT / path).read_text(), re.MULTILINE)
    return {name.lower() for name in found}


def reviewed(heading: str) -> set[str]:
    text = (ROOT / "docs/security/dependencies.md").read_text()
    table = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ([\w., -]+?) \|", table, re.MULTILINE)
    return {name for cell in cells[1:] for name in cell.split(", ")} - {"---"}


def test_every_requirement_is_reviewed():
    """What is chosen has its row, what comes along too, and no row is left of what is gone."""
    chosen, everything = names("requirements.in"), names("requirements.txt")
    assert reviewed("Chosen") == chosen
    assert reviewed("Brought along by those") == everything - chosen


def test_every_script_of_others_is_reviewed():
    text = (ROOT / "docs/security/dependencies.md").read_text()
    vendored = [path for path in ROOT.glob("*/static/**/vendor/*") if path.suffix == ".js"]
    assert vendored
    assert all(f"`{path.relative_to(ROOT)}`" in text for path in vendored)


# --- What no other test shows ---------------------------------------------------------------------------


def served() -> Iterator[tuple[str, ast.AST]]:
    """Every node of the code that requests run through: not the commands, nor the embedded start."""
    for path, source in source_rules.python_files(ROOT):
        if "/management/" not in path and path not in {"onetime/embedded.py", "onetime/server.py"}:
            for node in ast.walk(ast.parse(source)):
                yield path, node


def imported(*modules: str) -> set[str]:
    """Where any of `modules` is imported."""
    return {
        path
        for path, node in served()
        for name in source_rules.imports(node)
        if name.split(".")[0] in modules
    }


def called(*functions: str) -> set[str]:
    """Where a function of these names is called."""
    return {
        f"{path}:{node.lineno}"
        for path, node in served()
        if isinstance(node, ast.Call) and ast.unparse(node.func) in functions
    }


def test_no_request_starts_a_process():
    assert imported("subprocess", "pty", "multiprocessing") == set()
    assert called("os.system", "os.popen", "os.execv", "os.spawnv", "os.fork") == set()


def test_nothing_evaluates_text():
    assert called("eval", "exec", "compile", "__import__") == set()
    assert imported("pickle", "marshal", "shelve", "yaml", "xml") == set()


def test_nothing_is_unpacked():
    assert imported("zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib") == set()


def test_no_expression_is_built_from_input():
    """A pattern is a constant, or made of constants when the module is loaded."""
    makers = ("re.compile", "re.match", "re.search", "re.fullmatch", "re.sub", "re.findall", "re.split")
    for path, source in source_rules.python_files(ROOT):
        for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in makers:
                    assert isinstance(node.args[0], ast.Constant | ast.Name), f"{path}:{node.lineno}"


def raw(site: Site, request: bytes) -> bytes:
    """The first line of the answer to a request as it is given; nothing if the server hangs up."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


@pytest.mark.live
@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ],
)
def test_a_request_with_two_lengths_is_refused(site, lengths):
    """Nobody can smuggle a second request in the body of the first."""
    answer = raw(site, b"POST /api/v2/secrets HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lengths + b"\r\nhello")
    assert answer == b"" or answer.split()[1] == b"400"


@pytest.mark.live
def test_no_directory_is_listed_and_trace_is_refused(site):
    for path in (
        b"/static/",
        b"/static/secrets_app/js/",
        b"/static/secrets_app/js",
        b"/.git/config",
        b"/static/../manage.py",
    ):
        assert raw(site, b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split()[1] == b"404", path
    assert raw(site, b"TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split()[1] == b"405"


def test_without_redis_secrets_still_work(settings):
    """Limits are then counted in the process; readiness says so and stays ready."""
    gone = RedisOrProcessCache(
        f"redis://127.0.0.1:{free_port()}/0", {"OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.2}}
    )
    assert gone.add("counter", 1)
    assert gone.incr("counter") == 2
    assert gone.get("counter") == 2
    assert gone.redis_answers() is False


def test_the_documents_are_where_the_readme_says():
    for path in ("docs/operations.md", "docs/security/asvs.md", "docs/security/dependencies.md"):
        assert Path(ROOT / path).exists()
        assert path in (ROOT / "README.md").read_text() + (ROOT / "SECURITY.md").read_text()
