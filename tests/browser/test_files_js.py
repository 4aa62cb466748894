"""What script makes of received files, module by module in Chromium: names, archives, and what may be looked at."""

import base64
import io
import zipfile

import pytest

pytestmark = pytest.mark.browser

GIF = base64.b64decode("R0lGODlhAgADAIAAAAAAAP///yH5BAEAAAAALAAAAAACAAMAAAIDhH8FADs=")


@pytest.fixture
def run(person):
    """Run an expression on a page under the site's own policy, with `m` the module and `a` the argument."""
    page = person()
    page.goto("/about")

    def run(module, expression, argument=None):
        load = f"const m = await import('/static/secrets_app/js/{module}.js');"
        return page.evaluate(f"async (a) => {{ {load} return {expression}; }}", argument)

    return run


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("звіт 2030 €.txt", "звіт 2030 €.txt"),
        ("cod\u202eexe.txt", "cod⟨U+202E⟩exe.txt"),
        ("a\u0000b\nc\u007f\u0085", "a⟨U+0000⟩b⟨U+000A⟩c⟨U+007F⟩⟨U+0085⟩"),
        ("x\u200b\u2060\ufeff\u00ad\u3164\u2028\u2066y", "".join(
            ["x", *(f"⟨U+{ord(c):04X}⟩" for c in "\u200b\u2060\ufeff\u00ad\u3164\u2028\u2066"), "y"]
        )),
        ("👩‍🚀❤️.png", "👩‍🚀❤️.png"),  # joiners and variation selectors build emoji
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("", ""),
    ],
)  # fmt: skip
def test_nothing_hides_in_a_shown_name(run, name, seen):
    assert run("names", "m.visibleName(a)", name) == seen


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("звіт.txt", "звіт.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\x\\a.txt", "a.txt"),
        ("/", "file"),
        ("..", "file"),
        (" . . ", "file"),
        ("a/..", "file"),
        ("cod\u202eexe.txt\n", "codexe.txt"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("console.txt", "console.txt"),
        (".env", ".env"),
        ("x" * 300 + ".tar", "x" * 196 + ".tar"),
        ("ї" * 300, "ї" * 100),
        ("a." + "b" * 300, "a." + "b" * 198),
    ],
)
def test_a_name_to_save_by_leads_nowhere(run, name, safe):
    assert run("names", "m.safeName(a)", name) == safe


def test_names_in_an_archive_differ_in_any_case(run):
    names = ["a.txt", "b/a.txt", "A.TXT", "a (2).txt", "", ".."]
    made = run("names", "m.uniqueNames(a)", names)
    assert made == ["a.txt", "a (2).txt", "A (3).TXT", "a (2) (2).txt", "file", "file (2)"]


def test_an_archive_is_one_that_others_read(run):
    files = {"a.txt": "one", "їжак 🦔.bin": "\0\1" * 500_000, "empty": ""}
    expression = """m.zip(a.map(([name, text]) => ({ name, data: new Blob([text]) })), new Date(2030, 0, 2, 3, 4, 6))
      .then(async (zip) => (await import('/static/secrets_app/js/envelope.js')).toBase64Url(new Uint8Array(await zip.arrayBuffer())))"""
    made = run("zip", expression, list(files.items()))
    archive = zipfile.ZipFile(io.BytesIO(base64.urlsafe_b64decode(made + "==")))
    assert archive.testzip() is None
    assert {info.filename: archive.read(info).decode() for info in archive.infolist()} == files
    assert {info.date_time for info in archive.infolist()} == {(2030, 1, 2, 3, 4, 6)}


def test_an_archive_keeps_within_the_plain_format(run):
    expression = "m.fits(Array.from({ length: a[0] }, () => ({ name: 'x', data: { size: a[1] } })))"
    assert run("zip", expression, [2, 2_147_483_000])
    assert not run("zip", expression, [2, 2_147_483_648])
    assert run("zip", expression, [65_534, 1])
    assert not run("zip", expression, [65_535, 1])


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_is_known_by_its_bytes(run, kind):
    """And drawn, made smaller where it is larger than a screen."""
    expression = """(async () => {
      const source = new OffscreenCanvas(3000, 20);
      source.getContext("2d").fillRect(0, 0, 10, 10);
      const blob = await source.convertToBlob({ type: `image/${a}` });
      const canvas = document.createElement("canvas");
      const { picture } = await m.look(new Blob([blob], { type: "text/plain" }));
      await m.draw(blob, picture, canvas);
      return [picture, [canvas.width, canvas.height], [...canvas.getContext("2d").getImageData(1, 1, 1, 1).data]];
    })()"""
    size, drawn, pixel = run("preview", expression, kind)
    assert size == [3000, 20]
    assert drawn == [1600, 11]
    assert pixel[3] == 255
    assert max(pixel[:3]) < 30


def look(run, data: bytes):
    return run("preview", "m.look(new Blob([Uint8Array.from(a)]))", list(data))


def test_an_old_animated_picture_is_known_too(run):
    assert look(run, GIF) == {"picture": [2, 3]}


def test_a_lossless_webp_says_its_size(run):
    """Its 14 + 14 bits, from a file made by hand: 300 by 1025."""
    bits = (299 | (1024 << 14)).to_bytes(4, "little")
    data = b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(4) + b"\x2f" + bits + bytes(9)
    assert look(run, data) == {"picture": [300, 1025]}
    extended = b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\x2b\x01\x00" + b"\x00\x04\x00" + bytes(9)
    assert look(run, extended) == {"picture": [300, 1025]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\1\2",
        b"caf\xe9",  # not UTF-8
        b"\xff\xfe\x00\x00",
        b"%PDF-1.7\n\x00\xff",
        b"\x89PNG\r\n\x1a\n" + bytes(8) + (100_000).to_bytes(4) * 2,  # claims 10 gigapixels
        b"\x89PNG\r\n\x1a\n" + bytes(16),  # no pixels at all
    ],
)
def test_what_is_neither_text_nor_picture_is_not_looked_at(run, data):
    assert look(run, data) is None


def test_markup_and_drawings_are_text(run):
    for text in ("<script>alert(1)</script>", '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'):
        assert look(run, text.encode()) == {"text": text, "whole": True}


def test_long_text_is_cut_even_inside_a_character(run):
    seen = look(run, b"x" + "ї".encode() * 40_000)
    assert seen == {"text": "x" + "ї" * 32_767, "whole": False}
