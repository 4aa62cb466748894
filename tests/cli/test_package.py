"""The command line as a package of its own: what it needs, what it ships, what its manual says."""

import ast
import re
import shutil
import subprocess
import sys

import pytest

from onetime_cli import completion, errors
from onetime_cli.main import parser
from tests.cli.command import ROOT
from tests.clients.tools import install

CLI = ROOT / "cli"
MANUAL = (CLI / "man/onetime.1").read_text().replace("\\-", "-")


def options() -> dict[str, set[str]]:
    """Every option of each command."""
    return {command.name: set(command.options) for command in completion._commands(parser())}


def test_it_needs_the_standard_library_and_cryptography_alone():
    imported = set()
    for path in (CLI / "onetime_cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography", "onetime_cli"}


def test_it_speaks_the_servers_own_format():
    assert (CLI / "onetime_cli/envelope.py").read_bytes() == (ROOT / "secrets_app/envelope.py").read_bytes()


@pytest.fixture
def source(tmp_path):
    """A copy to build from, for building leaves its traces; with the symbolic link, and what it leads to."""
    shutil.copytree(CLI, tmp_path / "cli", symlinks=True)
    (tmp_path / "secrets_app").mkdir()
    shutil.copy(ROOT / "secrets_app/envelope.py", tmp_path / "secrets_app")
    return tmp_path / "cli"


def test_a_built_package_holds_the_format_itself(source, tmp_path):
    """Here it is a symbolic link to the server's file."""
    subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "build", "--build-lib", "../built"],
        cwd=source, check=True, capture_output=True,
    )  # fmt: skip
    built = tmp_path / "built/onetime_cli/envelope.py"
    assert not built.is_symlink()
    assert built.read_bytes() == (ROOT / "secrets_app/envelope.py").read_bytes()


@pytest.mark.clients
def test_it_installs_by_itself_with_its_command_and_manual(source, tmp_path):
    """Into an environment of its own, as people install it."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env/bin/python"
    install([str(python), "-m", "pip", "install", "--quiet", str(source)], tmp_path)
    done = subprocess.run(
        [tmp_path / "env/bin/onetime", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "onetime 0.1.0\n"
    assert (tmp_path / "env/share/man/man1/onetime.1").read_bytes() == (CLI / "man/onetime.1").read_bytes()
    installed = next((tmp_path / "env/lib").glob("python3*/site-packages/onetime_cli/envelope.py"))
    assert installed.read_bytes() == (ROOT / "secrets_app/envelope.py").read_bytes()


def test_the_manual_names_every_command_option_and_exit_status():
    for command, found in options().items():
        assert re.search(rf"^\.B {command}$", MANUAL, re.MULTILINE)
        for option in found:
            assert option in MANUAL, (command, option)
    kinds: list[type[errors.CommandError]] = [errors.CommandError, *errors.CommandError.__subclasses__()]
    for status in {kind.exit_status for kind in kinds} | {0, 130}:
        assert re.search(rf"^\.B {status}$", MANUAL, re.MULTILINE)


def test_the_manual_reads_without_complaint():
    man = shutil.which("man")
    if man is None:
        pytest.skip("there is no man on this machine")
    shown = subprocess.run(
        [man, "--warnings", "-l", str(CLI / "man/onetime.1")], capture_output=True, text=True, check=True,
        env={"MANWIDTH": "100", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert shown.stderr == ""
    assert "EXIT STATUS" in shown.stdout


@pytest.mark.parametrize("shell", sorted(completion.SHELLS))
def test_a_completion_names_every_command_and_option(shell):
    text = completion.SHELLS[shell](parser())
    for command, found in options().items():
        assert command in text
        for option in found:
            assert option.lstrip("-") in text


@pytest.mark.parametrize("shell", sorted(completion.SHELLS))
def test_a_completion_is_one_that_its_shell_reads(shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} on this machine")
    text = completion.SHELLS[shell](parser())
    subprocess.run([program, "-n"], input=text, text=True, check=True, capture_output=True)


def test_bash_completes():
    text = completion.bash(parser())
    script = text + '\nCOMP_WORDS=(onetime share --pass); COMP_CWORD=2; _onetime; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["--passphrase", "--passphrase-file", "--passphrase-fd"]
