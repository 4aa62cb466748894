"""`make lighthouse`: Lighthouse's mobile preset on the home page and the open page.

Node comes from the machine and Lighthouse from its registry by npx, for this measurement alone;
LIGHTHOUSE may name an installed one. Fails below the least scores.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import ARGUMENTS, chromium
from tests.site import running_site

VERSION = "12.8.2"
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100}
PATHS = ("/", "/secret", "/uk/", "/uk/secret")


def measure(url: str, folder: Path) -> dict[str, int]:
    """The scores of one page, 0 to 100; what is short of 100 is named on the terminal."""
    report = folder / "report.json"
    command = os.environ.get("LIGHTHOUSE", f"npx --yes lighthouse@{VERSION}").split()
    options = [
        "--quiet", "--output=json", f"--output-path={report}",
        f"--only-categories={','.join(LEAST)}", f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
    ]  # fmt: skip
    environment = {**os.environ, "CHROME_PATH": chromium()}
    subprocess.run([*command, url, *options], cwd=folder, env=environment, check=True)
    result = json.loads(report.read_text())
    for audit in result["audits"].values():
        if audit.get("score") is not None and audit["score"] < 1:
            sys.stdout.write(f"  {audit['id']}: {audit['score']} {audit.get('displayValue', '')}\n")
    return {name: round(100 * part["score"]) for name, part in result["categories"].items()}


def main() -> int:
    enough = True
    with tempfile.TemporaryDirectory() as name, running_site(Path(name)) as site:
        for path in PATHS:
            scores = measure(site.origin + path, Path(name))
            enough &= all(scores[category] >= least for category, least in LEAST.items())
            sys.stdout.write(f"{path}: {scores}\n")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
