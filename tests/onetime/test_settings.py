"""Wrong configuration stops the process with one message that names everything wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "SECRET_KEY": "s" * 40,
    "SECRET_ENCRYPTION_KEYS": "A" * 43,
    "SITE_ORIGIN": "https://secrets.example.com",
    "PATH": os.environ["PATH"],
}


def start(**environment):
    """`manage.py check` in a process of its own; (exit code, what it said)."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_complete_environment_starts():
    code, said = start(**GOOD)
    assert code == 0, said


def test_all_that_is_missing_is_named_at_once():
    code, said = start(PATH=os.environ["PATH"])
    assert code != 0
    for name in ("SECRET_KEY", "SECRET_ENCRYPTION_KEYS", "SITE_ORIGIN"):
        assert name in said.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SITE_ORIGIN", "secrets.example.com"),
        ("SITE_ORIGIN", "https://secrets.example.com/path"),
        ("DATABASE_URL", "mysql://x/y"),
        ("HOLD_SECONDS", "-1"),
        ("HOLD_SECONDS", "soon"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("EMAIL_URL", "ftp://x"),
        ("SECRET_ENCRYPTION_KEYS", "tooshort"),
        ("RATE_LIMITS", "creates=5/h"),
        ("FILES_URL", "http://store.example.com/bucket"),
        ("FILES_URL", "s3://key:secret@store.example.com/"),
        ("FILES_URL", "s3://key:secret@store.example.com/a/b"),
        ("FILES_URL", "s3://key@store.example.com/bucket"),
        ("FILES_URL", "s3://key:secret@store.example.com:port/bucket"),
        ("FILES_URL", "s3://key:secret@store.example.com/bucket?regoin=x"),
        ("FILES_URL", "s3://key:secret@store.example.com/bucket?tls=no"),
        ("METRICS_TOKEN", "guessable"),
    ],
)
def test_a_wrong_value_is_named_and_stops(name, value):
    code, said = start(**{**GOOD, name: value})
    assert code != 0
    assert name in said.strip().splitlines()[-1] or name in said


def test_a_wrong_store_is_named_without_its_keys():
    _code, said = start(**GOOD, FILES_URL="s3://keyword:telltale@store.example.com/")
    assert "FILES_URL" in said
    assert "telltale" not in said
    assert "keyword" not in said


def test_a_store_is_taken_apart():
    """Keys are percent-encoded in the URL; without a host it is Amazon's, without a key the machine's role."""
    from onetime.settings import files_store_from_url

    own = files_store_from_url("s3://k%2F:s%2B@[::1]:9000/b?region=r&tls=0")
    assert own is not None
    assert (own["access_key"], own["secret_key"], own["bucket_name"]) == ("k/", "s+", "b")
    assert (own["endpoint_url"], own["region_name"]) == ("http://[::1]:9000", "r")
    amazon = files_store_from_url("s3:///b?region=eu-central-1")
    assert amazon is not None
    assert (amazon["endpoint_url"], amazon["access_key"]) == (None, None)
    assert files_store_from_url("") is None


def test_a_value_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("s" * 40)
    environment = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    code, said = start(**environment, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert code == 0, said


def test_every_variable_is_documented():
    """Each name that the settings read stands in the README or in docs."""
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "onetime/settings.py").read_text()))
    documents = "".join(path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in documents} == set()
