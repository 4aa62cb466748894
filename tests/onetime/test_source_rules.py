"""What the source may not do: each rule is shown a plant, and the site itself is clean."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from onetime import source_rules
from onetime.source_rules import scan

ROOT = Path(settings.BASE_DIR)


def test_the_site_s_source_is_clean():
    assert [str(breach) for breach in scan(ROOT)] == []


@pytest.fixture
def plant(tmp_path):
    """Put a file into an otherwise empty site; the ids and words of what is found there."""

    def put(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        return [(breach.id, str(breach)) for breach in scan(tmp_path)]

    return put


@pytest.mark.parametrize(
    ("source", "id_", "words"),
    [
        ("from django.core.mail import send_mail", "E020", "imports django.core.mail.send_mail"),
        ("from django.core import mail", "E020", "imports django.core.mail"),
        ("import smtplib", "E020", "imports smtplib"),
        ("user.email_user('Hi', 'there')", "E020", "calls email_user"),
        ("ip = request.META['REMOTE_ADDR']", "E021", "reads REMOTE_ADDR"),
        ("ip = request.headers.get('X-Forwarded-For')", "E021", "reads X-Forwarded-For"),
        ("agent = request.META.get('HTTP_USER_AGENT')", "E021", "reads HTTP_USER_AGENT"),
        ("import os\nkey = os.environ['KEY']", "E022", "reads the environment"),
        ("import os\nkey = os.getenv('KEY')", "E022", "reads the environment"),
        ("response.set_cookie('seen', '1')", "E023", "calls set_cookie"),
        ("response['Set-Cookie'] = 'seen=1'", "E023", "writes Set-Cookie"),
        ("logger.info('opened by %s', request.user)", "E024", "logs request"),
        ("logger.warning('bad', client_address(x))", "E024", "logs client_address"),
        ("logger.info(f'opened {x}')", "E024", "not a plain string"),
        ("logger.info('for %s' % email)", "E024", "not a plain string"),
        ("import logging\nlogger = logging.getLogger('visits')", "E025", "logs as visits"),
        ("import logging\nlogger = logging.getLogger(__name__)", "E025", "logs as accounts.planted"),
    ],
)
def test_a_plant_in_python_is_caught_by_name_and_line(plant, source, id_, words):
    found = plant("accounts/planted.py", source)
    assert (f"privacy.{id_}", words) in [(i, words) for i, said in found if words in said]
    assert all("accounts/planted.py:" in said for _i, said in found)


@pytest.mark.parametrize(
    "source",
    ["# django.core.mail is imported by onetime.mail alone", "'''REMOTE_ADDR is not read here.'''\nx = 1",
     "logger.info('done in %s s', seconds)", "value = 'Set-Cookies'"],
)  # fmt: skip
def test_words_about_it_are_not_taken_for_it(plant, source):
    assert plant("accounts/planted.py", source) == []


def test_each_rule_s_own_module_may(plant):
    assert plant("onetime/mail.py", "from django.core.mail import EmailMessage") == []
    assert plant("onetime/ratelimit.py", "x = request.META['REMOTE_ADDR']") == []
    assert plant("onetime/settings.py", "import os\nx = os.environ") == []


@pytest.mark.parametrize(
    ("path", "text", "id_", "words"),
    [
        ("onetime/static/onetime/js/a.js", "localStorage.setItem('a', 1);", "E026", "localStorage"),
        ("onetime/static/onetime/js/a.js", "document.cookie = 'a=1';", "E026", "document.cookie"),
        ("onetime/static/onetime/js/a.js", "window.name = key;", "E026", "window.name"),
        ("onetime/static/onetime/js/a.js", "navigator.sendBeacon('/x');", "E027", "sendBeacon"),
        ("onetime/static/onetime/js/a.js", "fetch('https://x.example/');", "E027", "https://"),
        (
            "onetime/static/onetime/css/a.css",
            "@import 'https://fonts.example/a.css';",
            "E027",
            "fonts.example",
        ),
        ("onetime/static/onetime/css/a.css", "a { background: url(//x.example/a.png) }", "E027", "x.example"),
        ("templates/a.html", '<script defer\n src="https://stats.example/a.js">', "E027", "stats.example"),
        ("templates/a.html", "<img alt='' src=//pixel.example/1.gif>", "E027", "pixel.example"),
        ("templates/emails/a.html", '<img src="https://pixel.example/1.gif">', "E027", "pixel.example"),
    ],
)
def test_a_plant_in_what_goes_to_the_browser_is_caught(plant, path, text, id_, words):
    ((found, said),) = plant(path, text)
    assert found == f"privacy.{id_}"
    assert words in said
    assert path in said


@pytest.mark.parametrize(
    ("path", "text"),
    [("templates/a.html", '<a href="https://example.com/">there</a>'),
     ("onetime/static/onetime/js/a.js", "// see https://example.com/\nconst ns = 'http://www.w3.org/2000/svg';")],
)  # fmt: skip
def test_a_link_to_click_and_a_comment_are_free(plant, path, text):
    assert plant(path, text) == []


def test_only_mail_limits_and_settings_hold_what_they_alone_may():
    """The rule itself, asked of the real files: nobody has quietly been added to the exceptions."""
    readers = {
        path
        for path, text in source_rules.python_files(ROOT)
        for node in ast.walk(ast.parse(text))
        for name in source_rules.imports(node)
        if f"{name}.".startswith("django.core.mail.")
    }
    assert readers == {"onetime/mail.py"}
    assert source_rules.ADDRESS_MODULE == "onetime/ratelimit.py"
    assert {
        "onetime/settings.py", "onetime/embedded.py", "onetime/wsgi.py", "manage.py",
    } == source_rules.ENVIRONMENT_MODULES  # fmt: skip
