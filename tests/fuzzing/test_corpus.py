"""What the fuzzers began with and found, put to every target again: no parser raises but its own refusals."""

from pathlib import Path

import pytest

from fuzz import seeds
from fuzz.targets import TARGETS

CORPUS = Path(seeds.HERE) / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


def name(path: Path) -> str:
    return path.relative_to(CORPUS).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_input_is_understood_or_refused(path):
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_every_cut_and_flipped_bit_of_the_corpus_is_too(target):
    for path in sorted((CORPUS / target).iterdir()):
        data = path.read_bytes()[:4096]
        for place in range(0, len(data), max(1, len(data) // 64)):
            TARGETS[target](data[:place])
            TARGETS[target](data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])


def test_every_target_has_a_corpus():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS) == set(seeds.seeds())


PARSERS = {
    "link": "secrets_app.envelope.parse_link",
    "envelope": "secrets_app.envelope.unpack_header",
    "v1": "secrets_app.v1_input._read_form",
    "v2": "msgspec.json.decode",
    "webhook": "billing.stripe_api._event",
    "backup": "onetime.management.backup_content._head",
    "journal": "onetime.journal._read_line",
    "headers": "onetime.middleware.parse_accept_lang_header",
}


@pytest.mark.parametrize(("target", "parser"), PARSERS.items())
def test_a_parser_that_fails_in_a_way_of_its_own_is_found(target, parser, monkeypatch):
    """The harness itself: what is neither understood nor refused comes through to the fuzzer."""

    def broken(*_args, **_kwargs):
        raise LookupError

    monkeypatch.setattr(parser, broken)
    assert any(fails(target, data) for data in seeds.seeds()[target].values())


def fails(target: str, data: bytes) -> bool:
    try:
        TARGETS[target](data)
    except LookupError:
        return True
    return False
