"""`make test`: the checks, then the whole suite on the embedded default, then the browser suite.

What cannot run here is said loudly at the end; with TEST_REQUIRE_BROWSER=1, or TEST_REQUIRE_CLIENTS=1
where the published API clients cannot be fetched, it fails instead.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import tests.environment  # noqa: F401 - mypy's Django plugin reads the settings

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = (
    ("formatting", ["ruff", "format", "--check", "--quiet", "."]),
    ("ruff", ["ruff", "check", "--quiet", "."]),
    ("types", ["mypy", "."]),
    ("import directions", ["lint-imports"]),
)


def chromium() -> str | None:
    """The path of a Chromium on this machine."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return named or next(filter(None, found), None)


def run(title: str, command: list[str]) -> bool:
    sys.stdout.write(f"\n=== {title}\n")
    sys.stdout.flush()
    start = time.monotonic()
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False)
    sys.stdout.write(
        f"=== {title}: {'ok' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - start:.0f} s\n"
    )
    return done.returncode == 0


def main() -> int:
    browser = chromium()
    wanted = os.environ.get("TEST_BROWSER", "1") == "1"
    results = [run(title, command) for title, command in CHECKS]
    if wanted and browser:
        results.append(run("browser suite", ["python", "-m", "pytest", "-q", "-m", "browser"]))
    everything_else = "not browser and not stripe_real and not clients and not storm"
    results.append(run("suite", ["python", "-m", "pytest", "-q", "-m", everything_else, *sys.argv[1:]]))
    # These fetch the clients from their registries; -rs says loudly what could not be fetched.
    results.append(run("published API clients", ["python", "-m", "pytest", "-q", "-rs", "-m", "clients"]))
    if wanted and not browser:
        sys.stdout.write(
            "\n" + "!" * 79 + "\n"
            "!! LEFT OUT: the browser suite. No Chromium was found on this machine.\n"
            "!! Install one (Debian: apt-get install chromium), or name it in CHROMIUM=/path.\n"
            + "!" * 79
            + "\n"
        )
        results.append(os.environ.get("TEST_REQUIRE_BROWSER") != "1")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
