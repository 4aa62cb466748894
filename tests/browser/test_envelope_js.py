"""The JavaScript envelope in Chromium: the same vectors, and envelopes that cross over to Python and back."""

import functools
import hashlib
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from secrets_app import envelope as e
from tests.secrets_app import make_vectors
from tests.secrets_app.make_vectors import KEY, OTHER_KEY, b64, contents_from, from_b64

pytestmark = pytest.mark.browser

SCRIPTS = Path(e.__file__).parent / "static" / "secrets_app" / "js"
VECTORS = json.loads(make_vectors.PATH.read_text(encoding="utf-8"))
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
# The site's own policy: nothing from elsewhere, no eval, no markup from strings.
POLICY = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
FILES = """
const bytesOf = (file) => "counting" in file
  ? Uint8Array.from({ length: file.counting }, (_, at) => at % 251) : m.fromBase64Url(file.data);
const contentsOf = ({ text, files }) =>
  ({ text, files: files.map((file) => ({ name: file.name, type: file.type, data: bytesOf(file) })) });
const digest = async (bytes) => m.toBase64Url(await m.proofHash(bytes));
const show = async ({ text, files }) => ({ text, files: await Promise.all(files.map(
  async ({ name, type, data }) => ({ name, type, size: data.length, sha256: await digest(data) }))) });
"""


class Scripts(SimpleHTTPRequestHandler):
    """The script directory, and an empty page to run it in."""

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Envelope</title>")

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def origin():
    # Loopback is a secure context, without which there is no WebCrypto.
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Scripts, directory=str(SCRIPTS)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page(origin):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(origin)
        yield page
        browser.close()


@pytest.fixture
def run(page):
    """Run the body of an async function in the page, with `m` the module and `a` the argument."""

    def run(body, argument=None):
        script = f'async (a) => {{ const m = await import("/envelope.js"); {FILES} {body} }}'
        return page.evaluate(script, argument)

    return run


@pytest.fixture
def refused(run):
    """The name of the error class that the body throws."""

    def refused(body, argument=None):
        return run(
            f"try {{ {body} }} catch (error) {{ return error.constructor.name; }} return null;", argument
        )

    return refused


def shown(contents):
    """Contents as the page shows them: files by their digests."""
    files = [
        {"name": f.name, "type": f.type, "size": len(f.data), "sha256": b64(hashlib.sha256(f.data).digest())}
        for f in contents.files
    ]
    return {"text": contents.text, "files": files}


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["name"]) for v in VECTORS["envelopes"]])
def test_it_makes_and_opens_every_vector(run, vector):
    """Keys, proof and every byte of the envelope are the documented ones, and what comes out went in."""
    made = run(
        """
        const id = await m.secretId(a.key), { contentKey, proof } = await m.derive(a.key, a.passphrase);
        const envelope = await m.sealWith(contentKey, id, contentsOf(a.contents));
        return {
          id, content_key: m.toBase64Url(contentKey), proof: m.toBase64Url(proof),
          proof_hash: await digest(proof), envelope_size: envelope.length, envelope_sha256: await digest(envelope),
          opened: await show(await m.openWith(contentKey, id, envelope)),
        };
        """,
        vector,
    )
    assert made.pop("opened") == shown(contents_from(vector["contents"]))
    assert made == {name: vector[name] for name in made}


def test_it_derives_the_documented_identifiers(run):
    keys = [vector["key"] for vector in VECTORS["ids"]]
    assert run("return Promise.all(a.map(m.secretId));", keys) == [vector["id"] for vector in VECTORS["ids"]]


@pytest.mark.parametrize("vector", VECTORS["links"])
def test_it_reads_whole_links_and_refuses_incomplete_ones(run, refused, vector):
    if vector["key"]:
        assert run("return m.parseLink(a);", vector["link"]) == vector["key"]
    else:
        assert refused("m.parseLink(a);", vector["link"]) == "IncompleteLink"


def test_it_pads_to_the_documented_sizes(run):
    sizes = [size for size, _ in VECTORS["padded_sizes"]]
    assert run("return a.map(m.paddedSize);", sizes) == [padded for _, padded in VECTORS["padded_sizes"]]


def test_sizes_are_python_s_up_to_a_terabyte(run):
    sizes = [2**power + step for power in range(8, 41) for step in (-1, 0, 1)]
    assert run("return a.map(m.paddedSize);", sizes) == [e.padded_size(size) for size in sizes]
    assert run("return a.map(m.segmentCount);", sizes) == [e.segment_count(size) for size in sizes]
    assert run("return a.map(m.envelopeSize);", sizes) == [e.envelope_size(size) for size in sizes]


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["name"]) for v in VECTORS["refused_plaintexts"]])
def test_it_refuses_a_malformed_plaintext(refused, vector):
    assert refused("m.unpack(m.fromBase64Url(a));", vector["plaintext"]) == "BadEnvelope"


@pytest.mark.parametrize("passphrase", [None, "", "шибболет", "e\u0301\ufb01", "\U0001f92b\ud83e"])
@pytest.mark.parametrize("text", ["Здрастуйте 🤫\r\n\0", "", None, "\ud83e!"])
def test_what_it_seals_python_opens(run, passphrase, text):
    sealed = run(
        """
        const key = m.newLinkKey(), files = [{ name: "б.bin", type: "a/b", data: m.randomBytes(1000) }];
        const envelope = await m.seal(key, a.passphrase, { text: a.text, files });
        return { key, envelope: m.toBase64Url(envelope), data: m.toBase64Url(files[0].data) };
        """,
        {"passphrase": passphrase, "text": text},
    )
    opened = e.open_envelope(e.LinkKey(sealed["key"]), passphrase, from_b64(sealed["envelope"]))
    expected = None if text is None else text.replace("\ud83e!", "\ufffd!")
    assert opened == e.Contents(expected, (e.File("б.bin", "a/b", from_b64(sealed["data"])),))


@pytest.mark.parametrize("size", [0, 1000, 2**20 - 100, 2**20, 2_500_000])
@pytest.mark.parametrize("passphrase", [None, "open sesame"])
def test_what_python_seals_it_opens(run, passphrase, size):
    key = e.new_link_key()
    contents = e.Contents("\ufeffЗдрастуйте 🤫\r\n\0", (e.File("б.bin", "a/b", make_vectors.counting(size)),))
    envelope = b64(e.seal(key, passphrase, contents))
    assert run(
        "return show(await m.openEnvelope(a.key, a.passphrase, m.fromBase64Url(a.envelope)));",
        {"key": key, "passphrase": passphrase, "envelope": envelope},
    ) == shown(contents)


def test_it_seals_a_file_from_a_blob_without_reading_it_first(run):
    envelope = run(
        """
        const data = new Blob([bytesOf({ counting: 1500000 })]);
        const envelope = await m.seal(a, null, { files: [{ name: "a", type: "b", data }] });
        return digest(envelope);
        """,
        KEY,
    )
    contents = e.Contents(None, (e.File("a", "b", make_vectors.counting(1_500_000)),))
    assert envelope == b64(hashlib.sha256(e.seal(KEY, None, contents)).digest())


def test_it_refuses_every_changed_byte(run):
    kept = run(
        """
        const { contentKey } = await m.derive(a, null), id = await m.secretId(a);
        const envelope = await m.sealWith(contentKey, id, { text: "text" });
        const opened = [];
        for (let at = 0; at < envelope.length; at++) {
          const changed = envelope.slice();
          changed[at] ^= 1;
          await m.openWith(contentKey, id, changed).then(() => opened.push(at), (error) => {
            if (!(error instanceof m.BadEnvelope)) throw error;
          });
        }
        return opened;
        """,
        KEY,
    )
    assert kept == []


def test_it_refuses_envelopes_cut_anywhere(run):
    opened = run(
        """
        const { contentKey } = await m.derive(a, null), id = await m.secretId(a);
        const envelope = await m.sealWith(contentKey, id, { text: "text" });
        const opened = [];
        for (let length = 0; length < envelope.length; length++) {
          await m.openWith(contentKey, id, envelope.subarray(0, length)).then(() => opened.push(length), (error) => {
            if (!(error instanceof m.BadEnvelope)) throw error;
          });
        }
        return opened;
        """,
        KEY,
    )
    assert opened == []


@pytest.mark.parametrize(
    "order", [[1, 0, 2], [0, 2, 1], [0, 1], [0, 2], [1, 2], [0], [2], [], [0, 0, 1, 2], [0, 1, 2, 2]]
)
def test_it_refuses_swapped_dropped_and_repeated_segments(refused, order):
    assert (
        refused(
            """
        const envelope = await m.seal(a.key, null, { files: [{ name: "", type: "", data: bytesOf(a) }] });
        const step = m.SEGMENT_BYTES + m.TAG_BYTES;
        const parts = a.order.map((number) => envelope.subarray(1 + number * step, 1 + (number + 1) * step));
        await m.openEnvelope(a.key, null, m.concat([Uint8Array.of(1), ...parts]));
        """,
            {"key": KEY, "counting": 2_500_000, "order": order},
        )
        == "BadEnvelope"
    )


@pytest.mark.parametrize(
    ("key", "passphrase"), [(OTHER_KEY, "open sesame"), (KEY, None), (KEY, "Open sesame")]
)
def test_it_refuses_another_link_or_passphrase(refused, key, passphrase):
    envelope = b64(e.seal(KEY, "open sesame", e.Contents("text")))
    assert (
        refused(
            "await m.openEnvelope(a.key, a.passphrase, m.fromBase64Url(a.envelope));",
            {"key": key, "passphrase": passphrase, "envelope": envelope},
        )
        == "BadEnvelope"
    )


def test_it_seals_no_segment_of_a_wrong_size(refused):
    body = "await m.sealSegment(new Uint8Array(32), '00'.repeat(16), 0, a.last, new Uint8Array(a.size));"
    for size, last in [(0, True), (1, False), (2**20 + 1, True)]:
        assert refused(body, {"size": size, "last": last}) == "RangeError"


def test_new_keys_are_31_characters_of_the_whole_alphabet_and_never_repeat(run):
    keys = run("return Array.from({ length: 500 }, () => m.newLinkKey());")
    assert {len(key) for key in keys} == {31}
    assert set("".join(keys)) == set(e.ALPHABET)
    assert len(set(keys)) == 500


def test_every_character_of_a_new_key_is_equally_likely(run):
    """Each of the 62 has four bytes, and the last eight bytes are skipped: no modulo bias."""
    keys = run(
        """
        const real = crypto.getRandomValues;
        return Array.from({ length: 256 }, (_, first) => {
          // One block of that byte alone, then zeros.
          const blocks = [first];
          crypto.getRandomValues = (bytes) => bytes.fill(blocks.shift() ?? 0);
          try { return m.newLinkKey(); } finally { crypto.getRandomValues = real; }
        });
        """
    )
    assert keys == [character * 31 for character in e.ALPHABET * 4 + "0" * 8]


def test_base64url_and_hex_are_python_s(run):
    data = bytes(range(256)) * 100
    assert run("return m.toBase64Url(m.fromHex(a));", data.hex()) == b64(data)
    assert run("return m.toHex(m.fromBase64Url(a));", b64(data)) == data.hex()
    assert run("return m.toBase64Url(new Uint8Array());") == ""
    assert run("return m.fromHex('').length;") == 0
    assert [run("return m.toBase64Url(m.fromHex(a));", data[:n].hex()) for n in (1, 2, 3)] == [
        b64(data[:n]) for n in (1, 2, 3)
    ]


def test_random_bytes_never_repeat(run):
    drawn = run("return Array.from({ length: 100 }, () => m.toHex(m.randomBytes(16)));")
    assert len(set(drawn)) == 100


def test_a_header_can_be_read_before_the_files_arrive(run):
    header = e.pack_header("text", [e.FileMeta("a", "b", 5_000_000)])
    assert run("return m.unpackHeader(m.fromBase64Url(a));", b64(header + b"first bytes")) == {
        "text": "text",
        "files": [{"name": "a", "type": "b", "size": 5_000_000}],
        "length": len(header),
    }
    body = "return m.toBase64Url(m.packHeader('text', [{ name: 'a', type: 'b', size: 5000000 }]));"
    assert from_b64(run(body)) == header


def test_the_constants_are_python_s(run):
    names = [
        "VERSION",
        "ALPHABET",
        "LINK_KEY_LENGTH",
        "SEGMENT_BYTES",
        "TAG_BYTES",
        "MINIMUM_PADDED_BYTES",
        "PBKDF2_ROUNDS",
    ]
    assert run("return a.map((name) => m[name]);", names) == [getattr(e, name) for name in names]


def test_it_imports_nothing():
    assert "import " not in (SCRIPTS / "envelope.js").read_text(encoding="utf-8").replace("No imports", "")
