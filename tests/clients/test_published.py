"""The clients that the registries hold work against a running site, unmodified; only the host is ours."""

import json
import re
import subprocess

import pytest

from tests.cli.command import run
from tests.clients.tools import program

pytestmark = [pytest.mark.clients, pytest.mark.live]


def python(python_clients, code: str) -> str:
    return subprocess.run(
        [python_clients, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_onetimesecret_for_python_shares(site, python_clients, account):
    """Anonymously and as an account; the link that it builds opens."""
    for credentials in ("", f"user={account[0]!r}, key={account[1]!r}, "):
        link = python(
            python_clients,
            "from onetimesecret import OneTimeSecretCli\n"
            f"print(OneTimeSecretCli({credentials}url={site.origin!r}).create_link('пароль & більше', ttl=600))",
        )
        assert re.fullmatch(rf"{site.origin}/secret/[0-9A-Za-z]{{31}}", link)
        assert run("open", "--yes", stdin=link.encode()).stdout.decode() == "пароль & більше"


def test_onetimesecret_for_python_tells_errors(site, python_clients):
    said = python(
        python_clients,
        "from onetimesecret import *\n"
        f"try: OneTimeSecretCli(user='a@example.com', key='0'*40, url={site.origin!r}).create_link('x')\n"
        "except OneTimeSecretError as error: print(error, error.status_code)",
    )
    assert said == "Not authorized (Status code: 401) 401"


def test_otscli_shares(site, python_clients):
    """Its script as it is installed; with a passphrase, which it sends as a form field."""
    script = python_clients.parent / "otscli"
    command = [script, "-d", site.origin, "-s", "the secret", "-p", "a phrase"]
    link = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert link.startswith(f"{site.origin}/secret/")
    assert run("open", "--yes", stdin=link.encode()).returncode == 4
    assert run("open", "--yes", stdin=link.encode(), ONETIME_PASSPHRASE="a phrase").stdout == b"the secret"


NODE = """
// Its manifest names the TypeScript source, which plain Node cannot run; this is what that compiles to.
const { OneTimeSecretApi } = require("onetimesecret-api/index.js");
const [url, user, token] = process.argv.slice(2);
const name = (call) => call.then(() => "no error", (error) => error.constructor.name);
(async () => {
  const ots = new OneTimeSecretApi(user, token, { url });
  const out = { status: await ots.status() };
  out.shared = await ots.share("ключ & більше", { passphrase: "p w", ttl: 300 });
  out.wrong = await name(ots.retrieveSecret(out.shared.secret_key, { passphrase: "wrong" }));
  out.metadata = await ots.retrieveMetadata(out.shared.metadata_key);
  out.opened = await ots.retrieveSecret(out.shared.secret_key, { passphrase: "p w" });
  out.again = await name(ots.retrieveSecret(out.shared.secret_key, { passphrase: "p w" }));
  out.after = await ots.retrieveMetadata(out.shared.metadata_key);
  out.generated = await ots.generate({ ttl: 300 });
  out.burned = await ots.burn(out.generated.metadata_key);
  out.burnedAgain = await name(ots.burn(out.generated.metadata_key));
  out.recent = await ots.recentMetadata();
  out.empty = await name(ots.share(""));
  out.unauthorized = await name(new OneTimeSecretApi(user, "0".repeat(40), { url }).status());
  console.log(JSON.stringify(out));
})();
"""


@pytest.fixture(scope="module")
def node_run(site, node_client, account):
    """What the client for Node saw of a whole life of secrets."""
    (node_client / "life.cjs").write_text(NODE)
    done = subprocess.run(
        [program("node"), "--no-deprecation", "life.cjs", site.origin, *account],
        cwd=node_client, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_onetimesecret_api_for_node_shares_and_opens(site, node_run, account):
    shared = node_run["shared"]
    assert node_run["status"] is True
    assert shared["share_link"] == f"{site.origin}/secret/{shared['secret_key']}"
    assert (shared["custid"], shared["ttl"], shared["state"]) == (account[0], 300, "new")
    assert node_run["opened"] == {"value": "ключ & більше", "secret_key": shared["secret_key"]}
    assert node_run["metadata"]["secret_key"] == shared["secret_key"]
    assert node_run["after"]["state"] == "received"
    assert "secret_key" not in node_run["after"]


def test_onetimesecret_api_for_node_generates_and_burns(node_run):
    assert len(node_run["generated"]["value"]) >= 12
    assert node_run["burned"]["state"]["state"] == "burned"
    assert [receipt["state"] for receipt in node_run["recent"]][:2] == ["burned", "received"]


def test_onetimesecret_api_for_node_tells_errors_by_their_texts(node_run):
    assert node_run["wrong"] == node_run["again"] == node_run["burnedAgain"] == "UnknownSecretError"
    assert node_run["unauthorized"] == "NotAuthorizedError"
    assert node_run["empty"].endswith("Error")
