"""share, open, status, burn."""

import json
import os
import secrets
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from onetime_cli import envelope, files, links, qr, receiving, sending, terminal
from onetime_cli.api import Claimed, Server, base64url
from onetime_cli.envelope import BadEnvelope, Contents, Keys, LinkKey, SecretId
from onetime_cli.errors import CommandError, Gone, Usage, WrongPassphrase
from onetime_cli.files import Source
from onetime_cli.patience import patiently
from onetime_cli.receiving import Received
from onetime_cli.sending import Plaintext, Sealer
from onetime_cli.terminal import say
from onetime_cli.wire import gone

TRIES = 3


def token() -> str | None:
    """The account's API token, from the environment or the file that it names; never from an argument."""
    path = os.environ.get("ONETIME_TOKEN_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise Usage(f"{path} cannot be read.") from None
    return os.environ.get("ONETIME_TOKEN") or None


def put_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


# Share


def share(options: Namespace) -> None:
    server = Server(links.server(options.server), token())
    text, sources = _contents(options, server)
    passphrase = terminal.given_passphrase(options)
    if passphrase is None and terminal.asked_for(options):
        passphrase = terminal.new_passphrase()
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    about = {
        "id": secret_id.hex(),
        "proof_hash": base64url(envelope.proof_hash(keys.proof)),
        "ttl": options.ttl,
        "passphrase": bool(passphrase),
    }
    if sources:
        made = _send_files(server, keys, secret_id, Plaintext(text, sources), about)
    else:
        sealed = envelope.seal_with(keys.content_key, secret_id, Contents(text))
        made = server.create(about | {"envelope": base64url(sealed)}, terminal.progress("Sending"))
    _show_made(options, server.origin, key, made)


def _send_files(
    server: Server, keys: Keys, secret_id: SecretId, plaintext: Plaintext, about: dict[str, Any]
) -> dict[str, Any]:
    upload = base64url(secrets.token_bytes(16))
    about |= {"upload": upload, "size": envelope.envelope_size(plaintext.size)}
    return sending.send(server, Sealer(keys, secret_id, plaintext), about, terminal.progress("Sending"))


def _show_made(options: Namespace, origin: str, key: LinkKey, made: dict[str, Any]) -> None:
    link, receipt = f"{origin}/secret#{key}", f"{origin}/receipt/{made['receipt']}"
    if options.json:
        put_json({"link": link, "receipt": receipt, "expires_at": made["expires_at"]})
    else:
        sys.stdout.write(link + "\n")
        say(f"It opens once, until {moment(made['expires_at'])}.\nReceipt, for you alone: {receipt}")
    if options.qr:
        sys.stderr.write(_drawn(link))


def _drawn(link: str) -> str:
    try:
        return qr.for_terminal(qr.symbol(link.encode()))
    except qr.TooLong:
        raise CommandError("The link is too long for a QR code in a terminal.") from None


def _contents(options: Namespace, server: Server) -> tuple[str | None, list[Source]]:
    """The files, and standard input as the text where no file is named or one is called -."""
    paths = [path for path in options.files if path != "-"]
    most = server.limits()["max_files_bytes"] if any(files.is_pipe(path) for path in paths) else 0
    sources = [files.source(path, most) for path in paths]
    text = None if paths and len(paths) == len(options.files) else _text(exact=options.exact)
    if not sources and not text:
        raise Usage("There is nothing to share.")
    return text, sources


def _text(*, exact: bool) -> str:
    if sys.stdin.isatty():
        say("Type or paste the secret; end with Ctrl-D on a line of its own.")
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Usage("Standard input is not UTF-8 text. Name it as a file instead.") from None
    # The line end that `echo` and the Enter key add is no part of a password.
    return text if exact else text.removesuffix("\n").removesuffix("\r")


# Open


def open_link(options: Namespace) -> None:
    text = options.link or terminal.read_line("Link: ")
    key = links.link_key(text)
    server = Server(links.origin_of(text, options.server))
    secret_id = envelope.secret_id(key)
    status = server.status(secret_id)
    if status["state"] == "gone":
        _tell_why_gone(server, options, key, secret_id)
    files.check_folder(_folder(options), status["size"], named=options.output is not None)
    if not options.yes:
        say(f"{status['size']:,} bytes, sealed. It can be opened once, until {moment(status['expires_at'])}.")
        if not terminal.confirm("Open it now?"):
            raise CommandError("Nothing was opened.")
    claim = secrets.token_bytes(16)
    keys, won = _claim(server, options, key, claim, needed=status["passphrase"])
    try:
        progress = terminal.progress("Fetching")
        received = receiving.receive(server, keys, secret_id, claim, won, _folder(options), progress)
    except BadEnvelope:
        raise CommandError("The sender's program made a secret that cannot be opened.") from None
    _deliver(options, received)
    # Only now that everything is on paper or disk: until then the same claim could have fetched again.
    patiently(lambda: server.acknowledge(secret_id, claim))


def _folder(options: Namespace) -> Path:
    return Path(options.output or ".")


def _tell_why_gone(server: Server, options: Namespace, key: LinkKey, secret_id: SecretId) -> None:
    """Who has the link and the passphrase is told when it was opened; nothing is left to consume."""
    passphrase = terminal.given_passphrase(options)
    try:
        server.claim(secret_id, envelope.derive(key, passphrase).proof, secrets.token_bytes(16))
    except WrongPassphrase:
        raise Gone("The secret is gone. With its passphrase you are told when and how.") from None
    raise Gone("The secret is gone.")


def _claim(
    server: Server, options: Namespace, key: LinkKey, claim: bytes, *, needed: bool
) -> tuple[Keys, Claimed]:
    """The keys that fit, and what they have won; a person may mistype a passphrase twice."""
    given = terminal.given_passphrase(options) if needed else None
    for left in reversed(range(TRIES)):
        passphrase = given or (terminal.known_passphrase() if needed else None)
        keys = envelope.derive(key, passphrase)
        try:
            won = _win(server, key, keys, claim)
        except WrongPassphrase:
            if given or not left:
                raise
            say("The passphrase is wrong. Nothing was consumed.")
        else:
            return keys, won
    raise AssertionError  # the last try returned or raised


def _win(server: Server, key: LinkKey, keys: Keys, claim: bytes) -> Claimed:
    """Claim, over and over if need be: once it has been sent, nobody else may be able to open the secret."""
    secret_id, progress = envelope.secret_id(key), terminal.progress("Fetching")
    return patiently(lambda: server.claim(secret_id, keys.proof, claim, progress))


def _deliver(options: Namespace, received: Received) -> None:
    if options.json:
        put_json({"text": received.text, "files": [str(path) for path in received.files]})
        return
    if received.text is not None:
        _print_text(received.text)
    for path in received.files:
        say(f"Saved {terminal.printable(str(path))}")


def _print_text(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(terminal.printable(text) + "\n")
    else:
        sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


# Status and burn


def status(options: Namespace) -> None:
    text = options.link or terminal.read_line("Link or receipt: ")
    server = Server(links.origin_of(text, options.server))
    receipt = links.receipt_key(text)
    found = server.receipt(receipt) if receipt else server.status(envelope.secret_id(links.link_key(text)))
    if options.json:
        put_json(found)
    else:
        sys.stdout.write(sentence(found) + "\n")


def sentence(found: dict[str, Any]) -> str:
    """A status or a receipt in words."""
    state = found["state"]
    if state == "new":
        needs = " A passphrase is needed." if found["passphrase"] else ""
        return f"Not opened yet. It expires on {moment(found['expires_at'])}.{needs}"
    if state == "gone":
        return "Gone: it was opened or burned, or has expired."
    return gone(state, found.get(f"{state}_at") or found["expires_at"])


def burn(options: Namespace) -> None:
    text = options.receipt or terminal.read_line("Receipt: ")
    key = links.receipt_key(text)
    if key is None:
        raise Usage("Burning takes the receipt, such as https://…/receipt/…, which only the sender has.")
    if not options.yes and not terminal.confirm("Destroy the secret, so that nobody can open it?"):
        raise CommandError("Nothing was burned.")
    found = Server(links.origin_of(text, options.server)).burn(key)
    if options.json:
        put_json(found)
    else:
        sys.stdout.write(sentence(found) + "\n")


def moment(rfc3339: str) -> str:
    """2030-01-01T12:00:00.000Z as 2030-01-01 12:00 UTC."""
    return f"{rfc3339[:10]} {rfc3339[11:16]} UTC"
