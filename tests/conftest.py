"""Fixtures for the whole suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connections
from django.urls import set_script_prefix
from django.utils import translation

from billing import limits
from onetime import mail
from tests.site import Site, running_site


@pytest.fixture(autouse=True)
def _fresh_limits(settings) -> Iterator[None]:
    """Every test begins with nothing counted or remembered, in a cache of its own, with static names unhashed."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    cache.clear()
    limits.forget()
    # A request leaves its language and prefix behind in the thread, as it does on a server.
    translation.activate("en")
    set_script_prefix("/")
    yield
    cache.clear()
    limits.forget()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Test SQLite as it runs: in a file, where threads meet as processes do, not in shared memory."""
    database = connections["default"]
    if database.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(autouse=True)
def _no_mail_on_its_way() -> Iterator[None]:
    """A notice that one test causes is not delivered during the next."""
    yield
    mail.outbox.join()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with two workers, shared by the whole run: tests leave it usable."""
    with running_site(Path(tmp_path_factory.mktemp("site"))) as running:
        yield running
