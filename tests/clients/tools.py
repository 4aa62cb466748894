"""What is fetched from a registry: it may be missing on a machine of one's own, never in the continuous run."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

INSTALL_SECONDS = 300


def unavailable(reason: str) -> NoReturn:
    """Skip on a machine without the tools or the network; TEST_REQUIRE_CLIENTS=1 makes that a failure."""
    if os.environ.get("TEST_REQUIRE_CLIENTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The path of a program that the tests do not bring along."""
    return shutil.which(name) or unavailable(f"there is no {name} on this machine")


def install(command: list[str], cwd: Path) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error)
        unavailable(f"{Path(command[0]).name} could not install: {said[-500:]}")
