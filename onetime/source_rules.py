"""What the privacy promises forbid in the source itself, found by reading it.

`manage.py check --tag privacy`, the start of the server and the tests all run these rules, so a
change that breaks a promise does not start. Python is read as a syntax tree, not as text: a
comment may say what code may not do.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from onetime import inventory
from onetime.inventory import Kind

PACKAGES = ("onetime", "accounts", "secrets_app", "billing")
OWN_PATH = "onetime/source_rules.py"
MAIL_MODULE = "onetime/mail.py"
ADDRESS_MODULE = "onetime/ratelimit.py"
ENVIRONMENT_MODULES = {"onetime/settings.py", "onetime/embedded.py", "onetime/wsgi.py", "manage.py"}

LOG_MODULES = {"onetime/log.py", "onetime/checks.py"}  # they configure and inspect, and log nothing

#: Django's own loggers that can say something at the site's level.
DJANGO_LOGGERS = {"django.request", "django.security"}

#: What a request says about its sender, as WSGI and as HTTP name it.
ADDRESS_NAMES = {
    "REMOTE_ADDR", "REMOTE_HOST", "HTTP_X_FORWARDED_FOR", "X-Forwarded-For", "HTTP_X_REAL_IP", "X-Real-IP",
    "HTTP_FORWARDED", "Forwarded", "HTTP_USER_AGENT", "User-Agent", "HTTP_REFERER", "Referer",
}  # fmt: skip
#: Words in a log call's arguments that would name a person or a secret.
PERSONAL = re.compile(
    r"request|address|email|e_mail|user|client|path|url|link|key|receipt|passphrase|proof|token|secret|code",
    re.IGNORECASE,
)
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
COOKIE_METHODS = {"set_cookie", "set_signed_cookie"}
JS_STORAGE = re.compile(
    r"\b(localStorage|sessionStorage|indexedDB|cookieStore|serviceWorker|navigator\.storage|"
    r"document\.cookie|window\.name|caches\.open)\b"
)
JS_HISTORY = re.compile(r"\bhistory\.(?:replace|push)State\b")
JS_BEACON = re.compile(r"\b(sendBeacon|RTCPeerConnection|WebSocket|EventSource)\b|https?://(?!www\.w3\.org/)")
#: Anything that a browser would fetch or send by itself; a link that a person clicks is free.
TEMPLATE_LOAD = re.compile(
    r"<(?:script|img|link|iframe|source|video|audio|embed|object|form|use|image)\b[^>]*?"
    r"\s(?:src|href|srcset|action|data|poster|xlink:href)\s*=\s*[\"']?\s*(?:https?:)?//([^/\"'\s>]+)",
    re.IGNORECASE | re.DOTALL,
)
CSS_LOAD = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//([^/\"')\s]+)", re.IGNORECASE)
SUFFIXES = {".py", ".js", ".mjs", ".css", ".html", ".txt", ".svg"}


class Breach(NamedTuple):
    """One place that breaks one promise."""

    id: str
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def digest(root: Path) -> str:
    """Changes whenever a file changes that `scan` reads; by name, size and time."""
    files = [path for package in (*PACKAGES, "templates") for path in sorted((root / package).rglob("*.*"))]
    known = [(path, path.stat()) for path in files if path.suffix in SUFFIXES]
    lines = (f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n" for path, stat in known)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def scan(root: Path) -> list[Breach]:
    """Every breach in the site's source below `root`, the directory that holds manage.py."""
    breaches: list[Breach] = []
    for path, text in python_files(root):
        breaches += python_breaches(path, text)
    for path, text in assets(root):
        breaches += asset_breaches(path, text)
    for path, text in _files(root / "templates", root, {".html", ".txt", ".svg"}):
        breaches += template_breaches(path, text)
    return breaches


def found(root: Path) -> dict[Kind, set[str]]:
    """What the source shows of the inventory's kinds: loggers, and what scripts leave in a browser."""
    loggers = {
        name
        for path, text in python_files(root)
        if path not in LOG_MODULES and "getLogger" in text
        for node in ast.walk(ast.parse(text))
        if (name := logger_name(path, node))
    }
    history = any(JS_HISTORY.search(text) for _path, text in assets(root))
    return {Kind.LOG: loggers | DJANGO_LOGGERS, Kind.BROWSER: {"history.state"} if history else set()}


def python_files(root: Path) -> Iterator[tuple[str, str]]:
    """(path below root, text) of the site's own Python, without migrations."""
    for package in PACKAGES:
        for path, text in _files(root / package, root, {".py"}):
            if "/migrations/" not in path:
                yield path, text


def assets(root: Path) -> Iterator[tuple[str, str]]:
    """(path below root, text) of every script and style sheet that is sent to browsers."""
    for package in PACKAGES:
        for path, text in _files(root / package, root, {".js", ".mjs", ".css"}):
            if "/static/" in path:
                yield path, text


def _files(directory: Path, root: Path, suffixes: set[str]) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.rglob("*")):
        if path.suffix in suffixes and path.is_file():
            yield path.relative_to(root).as_posix(), path.read_text("utf-8")


# --- Python -----------------------------------------------------------------------------------------


def python_breaches(path: str, source: str) -> list[Breach]:
    tree = ast.parse(source)
    return [
        Breach(id_, path, line, what)
        for id_, rule in PYTHON_RULES
        for node in ast.walk(tree)
        for line, what in rule(path, node)
    ]


Rule = Callable[[str, ast.AST], Iterator[tuple[int, str]]]


def imports(node: ast.AST) -> Iterator[str]:
    """The dotted names that an import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def mail_elsewhere(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    if path != MAIL_MODULE:
        for name in imports(node):
            if f"{name}.".startswith(("django.core.mail.", "smtplib.", "email.mime.")):
                yield node.lineno, f"imports {name}; only {MAIL_MODULE} sends mail"  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute) and node.attr in {"email_user", "mail_admins", "mail_managers"}:
        yield node.lineno, f"calls {node.attr}; only {MAIL_MODULE} sends mail"


def address_elsewhere(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    if path not in {ADDRESS_MODULE, OWN_PATH}:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and value in ADDRESS_NAMES:
            yield node.lineno, f"reads {value}; only {ADDRESS_MODULE} does"  # type: ignore[attr-defined]


def environment_elsewhere(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    if reads and path not in ENVIRONMENT_MODULES:
        yield node.lineno, "reads the environment; only onetime/settings.py does"  # type: ignore[attr-defined]


def cookie_set(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Attribute) and node.attr in COOKIE_METHODS:
        yield node.lineno, f"calls {node.attr}; the sign-in session is the only cookie"
    header = isinstance(node, ast.Constant) and node.value == "Set-Cookie"
    if header and path != OWN_PATH:
        yield node.lineno, "writes Set-Cookie; the sign-in session is the only cookie"  # type: ignore[attr-defined]


def is_log_call(node: ast.AST) -> bool:
    """logger.info(…) and the like, by what the object is called."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"logger", "log", "logging"}
    )


def log_of_people(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    if not is_log_call(node) or not isinstance(node, ast.Call):
        return
    message, *arguments = node.args or [ast.Constant("")]
    if not (isinstance(message, ast.Constant) and isinstance(message.value, str)):
        yield node.lineno, "logs a message that is not a plain string, so nobody can tell what is in it"
    for argument in arguments:
        for part in ast.walk(argument):
            name = getattr(part, "id", None) or getattr(part, "attr", None)
            if name and PERSONAL.search(name):
                yield node.lineno, f"logs {name}"


def undeclared_log(path: str, node: ast.AST) -> Iterator[tuple[int, str]]:
    name = None if path in LOG_MODULES else logger_name(path, node)
    if name and name not in inventory.names(Kind.LOG):
        yield node.lineno, f"logs as {name}, which onetime/inventory.py does not declare"  # type: ignore[attr-defined]


def logger_name(path: str, node: ast.AST) -> str | None:
    """The name in logging.getLogger(…), with __name__ resolved."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger")):
        return None
    argument = node.args[0] if node.args else ast.Constant("root")
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.Name) and argument.id == "__name__":
        return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return ast.unparse(argument)


PYTHON_RULES: tuple[tuple[str, Rule], ...] = (
    ("privacy.E020", mail_elsewhere),
    ("privacy.E021", address_elsewhere),
    ("privacy.E022", environment_elsewhere),
    ("privacy.E023", cookie_set),
    ("privacy.E024", log_of_people),
    ("privacy.E025", undeclared_log),
)


# --- What goes to the browser -------------------------------------------------------------------------


def _at(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def asset_breaches(path: str, text: str) -> list[Breach]:
    found = [
        Breach("privacy.E027", path, _at(text, m), f"loads from {m[1]}") for m in CSS_LOAD.finditer(text)
    ]
    if path.endswith(".css"):
        return found
    found += [
        Breach("privacy.E026", path, _at(text, m), f"uses {m[0]}, which outlives the page")
        for m in JS_STORAGE.finditer(text)
    ]
    return found + [
        Breach("privacy.E027", path, _at(text, m), f"may reach another host ({m[0]})")
        for m in JS_BEACON.finditer(without_comments(text))
    ]


def without_comments(text: str) -> str:
    """JavaScript with its comments blanked out, line numbers kept."""
    blank = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
    return blank.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def template_breaches(path: str, text: str) -> list[Breach]:
    found = [
        Breach("privacy.E027", path, _at(text, m), f"loads from {m[1]}") for m in TEMPLATE_LOAD.finditer(text)
    ]
    return found + [
        Breach("privacy.E027", path, _at(text, m), f"loads from {m[1]}") for m in CSS_LOAD.finditer(text)
    ]
