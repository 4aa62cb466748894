"""SnapPass with Redis under gunicorn, two workers: the peer that anybody can install.

It lives in an environment of its own below var/, so that nothing of it is the site's.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent / "var" / "benchmarks" / "peer"
REQUIREMENTS = HERE / "requirements.txt"

#: Stores secrets by SnapPass's own function and prints their names as its links have them.
STOCKING = """
import sys
from urllib.parse import quote_plus
from snappass.main import set_password
text = open(sys.argv[1], encoding="utf-8").read()
for _ in range(int(sys.argv[2])):
    print(quote_plus(set_password(text, 86400)))
"""


def python() -> Path:
    return HOME / "bin" / "python"


def install() -> None:
    """Make the environment, unless it is there and current."""
    stamp, current = HOME / ".requirements", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == current:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([str(python()), *install, "-r", str(REQUIREMENTS)], check=True)
    stamp.write_text(current)


def command(port: int) -> list[str]:
    return [
        str(python()), "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}",
        "--log-level", "warning", "snappass.main:app",
    ]  # fmt: skip


def environment(redis_url: str) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "NO_SSL": "True",
        "SECRET_KEY": "for measurements",
        "PATH": "/usr/bin:/bin",
    }


def stock(redis_url: str, text: Path, count: int, names: Path) -> None:
    """Store `count` secrets that wait to be revealed; their names go into `names`, one a line."""
    with names.open("w") as file:
        subprocess.run(
            [str(python()), "-c", STOCKING, str(text), str(count)],
            env=environment(redis_url), stdout=file, check=True,
        )  # fmt: skip
