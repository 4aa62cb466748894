"""`python -m fuzz TARGET SECONDS`: looks for inputs that a parser does not refuse. Needs atheris.

Finds are kept in fuzz/findings/TARGET; one that was mended belongs into fuzz/corpus/TARGET, which
the ordinary suite replays.
"""

import sys
from pathlib import Path

import atheris

import tests.environment  # noqa: F401 - the settings need an environment

HERE = Path(__file__).resolve().parent
PARSERS = ["billing", "onetime", "secrets_app", "stripe", "json", "email"]


def main() -> None:
    import os

    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "onetime.settings"
    os.environ["TRUSTED_PROXY_COUNT"] = "1"
    name, seconds = sys.argv[1], sys.argv[2]
    with atheris.instrument_imports(include=PARSERS):
        django.setup()
        from fuzz.targets import TARGETS
    found, grown = HERE / "findings" / name, HERE / "grown" / name
    for directory in (found, grown):
        directory.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0], f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20", "-rss_limit_mb=2048",
        f"-artifact_prefix={found}/", "-print_final_stats=1", str(grown), str(HERE / "corpus" / name),
    ]  # fmt: skip
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


main()
