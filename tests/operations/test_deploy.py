"""The files in deploy/ say what the settings and the security page say; what tools can check of them is checked."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from onetime.embedded import server_command
from tests.operations.tools import ROOT, needs

UNITS = sorted((ROOT / "deploy/systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
VARIABLES = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "onetime/settings.py").read_text()))
#: What onetime.server and the image read besides.
ALSO = {
    "HOST",
    "PORT",
    "WORKERS",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "DJANGO_SETTINGS_MODULE",
}


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    return read


def known(names: set[str]) -> set[str]:
    """Those of `names` that nothing reads."""
    return {name for name in names if name.removesuffix("_FILE") not in VARIABLES | ALSO}


def stages() -> list[str]:
    return re.split(r"(?=^FROM )", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]


# --- The image ----------------------------------------------------------------------------------------


def test_the_image_runs_without_root_and_carries_no_key():
    build, final = stages()
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "SECRET" not in final
    assert "--require-hashes" in build
    assert re.search(r"^ARG ", "".join(stages()), re.MULTILINE) is None


def test_the_image_starts_the_server_whose_flags_the_tests_run():
    assert 'CMD ["python", "-m", "onetime.server"]' in stages()[-1]
    command = server_command(8000, 2, "0.0.0.0")
    assert "--no-access-log" in command
    assert command[command.index("--host") + 1] == "0.0.0.0"


def test_everything_that_the_image_copies_is_there_and_nothing_else_is_sent():
    copied = re.findall(r"^COPY (?!--from)(\S+) ", "".join(stages()), re.MULTILINE)
    assert all((ROOT / path).exists() for path in copied)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert allowed == set(copied)
    assert ignored[1] == "*"


def test_every_package_of_the_site_is_in_the_image():
    packages = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert packages <= set(re.findall(r"^COPY (\w+) ", stages()[0], re.MULTILINE))


# --- Compose ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_no_container_may_write_its_root_or_gain_rights(name):
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_the_proxy_is_reached_from_outside():
    published = {name for name, service in compose()["services"].items() if service.get("ports")}
    assert published == {"proxy"}
    assert compose()["networks"]["inside"]["internal"] is True
    assert compose()["services"]["database"]["networks"] == ["inside"]


def test_the_site_is_given_nothing_that_it_does_not_read():
    environment = set(compose()["services"]["site"]["environment"])
    assert known(environment) == set()
    assert {"SECRET_KEY_FILE", "SECRET_ENCRYPTION_KEYS_FILE", "DATABASE_URL_FILE"} <= environment


def test_the_example_settings_name_nothing_that_is_not_read():
    lines = (ROOT / "deploy/site.env.example").read_text().splitlines()
    names = {match[1] for line in lines if (match := re.match(r"#?([A-Z_]+)=", line))}
    assert len(names) > 10
    assert known(names) == set()


def test_the_database_logs_no_statement():
    command = " ".join(compose()["services"]["database"]["command"])
    for setting in ("log_statement=none", "log_min_error_statement=panic", "log_connections=off"):
        assert setting in command


# --- systemd ------------------------------------------------------------------------------------------


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with this checkout in place of /srv/onetime, whose program systemd looks for."""
    for path in UNITS:
        name = path.name.replace("@.", "@8000.")
        (tmp_path / name).write_text(path.read_text().replace("/srv/onetime/.venv", str(ROOT / ".venv")))
    return tmp_path


def test_systemd_finds_nothing_wrong_with_the_units(units):
    analyze = needs("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, sorted(units.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    mine = [line for line in done.stderr.splitlines() if "onetime" in line]
    assert (done.returncode, mine) == (0, []), done.stderr


@pytest.mark.parametrize("name", [path.name.replace("@.", "@8000.") for path in SERVICES])
def test_systemd_says_that_a_service_may_do_little(units, name):
    """The exposure that systemd computes, of 10; most daemons have 9."""
    analyze = needs("systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", "--threshold=20", str(units / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_what_a_unit_runs_exists(path):
    command = re.search(r"^ExecStart=/srv/onetime/\.venv/bin/python (.*)$", path.read_text(), re.MULTILINE)
    assert command is not None
    words = command.group(1).split()
    if words[0] == "manage.py":
        assert list(ROOT.glob(f"*/management/commands/{words[1]}.py"))
    else:
        assert words == ["-m", "onetime.server"]
    assert "User=onetime" in path.read_text()


def test_every_timer_has_its_service():
    for path in UNITS:
        if path.suffix == ".timer":
            assert path.with_suffix(".service").exists()


def test_what_ends_by_itself_is_started_again():
    """Granian ends when a worker dies twice within seconds: somebody must start it again."""
    assert "\nRestart=always\n" in (ROOT / "deploy/systemd/onetime@.service").read_text()
    for name in ("site", "housekeeping", "database", "redis", "proxy"):
        assert compose()["services"][name]["restart"] == "unless-stopped"


# --- The workflow -------------------------------------------------------------------------------------


def test_the_workflow_runs_the_script_that_everybody_runs_and_pins_what_it_uses():
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    workflow = yaml.safe_load(text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"run": "bash .ci/run"} in steps
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)
    assert "secrets." not in text.replace("secrets.example.com", "")


def test_shell_in_the_image_and_the_workflow_can_be_read_by_a_shell():
    bash = shutil.which("bash") or "sh"
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                subprocess.run([bash, "-n", "-c", step["run"]], check=True)
