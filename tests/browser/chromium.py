"""Which Chromium the browser tests and tools start, and how."""

import os
import shutil

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


def chromium() -> str:
    """Chromium's path: CHROMIUM where set, else the first one on the path."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CHROMIUM") or next(filter(None, found), "/usr/bin/chromium")
