"""Published clients, installed unmodified from their registries into throwaway folders."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.tools import install, program
from tests.site import make_account

#: The clients, and the versions of what they leave open, so that a run tomorrow is today's.
PYTHON_CLIENTS = ("onetimesecret==1", "otscli==0.0.2", "requests==2.34.2")
NODE_CLIENT = {
    "private": True,
    "dependencies": {"onetimesecret-api": "1.1.3"},
    # It takes any node-fetch from 2 on; 3 can no longer be required by every Node that runs it.
    "overrides": {"node-fetch": "2.7.0", "buffer": "6.0.3"},
}


@pytest.fixture(scope="session")
def python_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the published Python clients."""
    folder = tmp_path_factory.mktemp("python-clients")
    install([sys.executable, "-m", "venv", "env"], folder)
    python = folder / "env/bin/python"
    install([str(python), "-m", "pip", "install", "--quiet", *PYTHON_CLIENTS], folder)
    return python


@pytest.fixture(scope="session")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds the published client."""
    npm = program("npm")
    folder = tmp_path_factory.mktemp("node-client")
    (folder / "package.json").write_text(json.dumps(NODE_CLIENT))
    install([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    return folder


@pytest.fixture(scope="session")
def account(site: Any) -> tuple[str, str]:
    """(address, API token) of an account on the running site."""
    email = "clients@example.com"
    return email, make_account(site, email)
