"""Every command in docs/operations.md and docs/security is run, in order, against a real site, but for those that say why not."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.operations.tools import ROOT, needs
from tests.site import free_port, site_database

pytestmark = pytest.mark.live

DOCUMENTS = (ROOT / "docs/operations.md", ROOT / "docs/security/client-code.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXCUSE = "# Not run by the tests: "
SKIPPED = {
    ".venv",
    ".git",
    "var",
    "staticfiles",
    "node_modules",
    "tests",
    "docs",
    ".mypy_cache",
    ".ruff_cache",
}


def blocks() -> list[str]:
    return [block for document in DOCUMENTS for block in BLOCK.findall(document.read_text())]


def here(block: str, places: dict[str, str]) -> str:
    """The block with this test's directories and ports in it."""
    for named, mine in places.items():
        block = block.replace(named, mine)
    return block


def test_only_what_changes_the_machine_is_left_out():
    """Each block that is not run says why in its first line, and most are run."""
    left_out = [block for block in blocks() if block.startswith(EXCUSE)]
    assert len(blocks()) - len(left_out) >= 11
    for block in left_out:
        assert re.search(r"machine|systemd|Docker", block.splitlines()[0]), block


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An installation below `tmp_path`: the program copied, empty directories for the rest."""
    shutil.copytree(ROOT, tmp_path / "srv", ignore=lambda _where, names: SKIPPED & set(names), symlinks=True)
    (tmp_path / "srv/.venv").symlink_to(ROOT / ".venv")
    for name in ("etc", "lib"):
        (tmp_path / name).mkdir()
    return {
        "/srv/onetime": str(tmp_path / "srv"),
        "/etc/onetime": str(tmp_path / "etc"),
        "/var/lib/onetime": str(tmp_path / "lib"),
        "8000": str(free_port()),
        "8002": str(free_port()),
    }


def test_every_command_runs(installed, tmp_path):
    """The settings are those of site.env.example, but for this test's database, cache and mail."""
    for command in ("curl", "openssl", "basenc", "bash"):
        needs(command)
    with site_database(tmp_path) as database:
        example = (ROOT / "deploy/site.env.example").read_text()
        (tmp_path / "mail").mkdir()
        own = {
            "DATABASE_URL": database,
            "REDIS_URL": os.environ.get("REDIS_URL", ""),
            "EMAIL_URL": f"file://{tmp_path / 'mail'}",
        }
        for name, value in own.items():
            example = re.sub(rf"^{name}=.*$", f"{name}={value}", example, flags=re.MULTILINE)
        example_path = Path(installed["/srv/onetime"]) / "deploy/site.env.example"
        example_path.write_text(here(example, installed))
        script = "set -euo pipefail\n" + "".join(
            f"echo '--- block {number}'\n{here(block, installed)}\n"
            for number, block in enumerate(blocks())
            if not block.startswith(EXCUSE)
        )
        said = run(script, tmp_path)
    assert "database: ok" in said
    assert "onetime_secrets_live 0" in said
    assert "1 accounts" in said
    assert "1: unknown" in said
    assert "scripts are those of the list" in said


def run(script: str, directory: Path) -> str:
    """What the script said; fails with that where a command failed. Ends the servers that it started."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    output = directory / "said"
    with output.open("wb") as file:
        # A session of its own, so that the servers it starts can be ended as one group.
        process = subprocess.Popen(
            ["bash", "-c", script], env=clean, stdout=file, stderr=file, cwd=directory, start_new_session=True
        )
        try:
            code = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            # The leader has ended and is not reaped, so its number is still its own.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    said = output.read_text()
    assert code is not None, said
    assert code.si_status == 0, said
    return said
