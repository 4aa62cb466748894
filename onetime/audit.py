"""Visits a site as a visitor would and notes what it leaves, loads and says. Standard library only.

It needs nothing of the site but its address, so anybody can run it against any installation. It sees
what a first visit shows: pages, the scripts and style sheets they load, and headers. What scripts do
when they run is for a browser to show; here they are read for the words that would leave something.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from onetime.source_rules import CSS_LOAD, JS_BEACON, JS_STORAGE, without_comments

START: Final = (
    "/", "/secret", "/about", "/privacy", "/terms", "/security", "/principles", "/help", "/feedback",
    "/plans", "/api", "/uk/", "/.well-known/security.txt", "/robots.txt", "/not-a-page",
)  # fmt: skip
MOST_PAGES: Final = 200
MOST_BYTES: Final = 4_000_000
TIMEOUT_SECONDS: Final = 15

#: Attributes by which a page loads or sends something without a person's click. <a href> is a click.
LOADS: Final = {
    "script": {"src"}, "img": {"src", "srcset"}, "iframe": {"src"}, "embed": {"src"}, "object": {"data"},
    "video": {"src", "poster"}, "audio": {"src"}, "source": {"src", "srcset"}, "track": {"src"},
    "input": {"src"}, "use": {"href", "xlink:href"}, "image": {"href", "xlink:href"}, "link": {"href"},
    "form": {"action"}, "button": {"formaction"}, "body": {"background"},
}  # fmt: skip
#: What the policy of a page must at least forbid by default, and the words that undo a policy.
UNSAFE: Final = ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "data:", "*", "http:", "https:")
#: Headers that tell a visitor something about being recognised, or that let others recognise them.
TELLTALE: Final = ("etag", "x-powered-by", "server-timing", "nel", "report-to", "reporting-endpoints", "via")
WANTED: Final = {
    "referrer-policy": {"no-referrer", "same-origin"},
    "x-content-type-options": {"nosniff"},
    "cross-origin-opener-policy": {"same-origin"},
    "cross-origin-resource-policy": {"same-origin", "same-site"},
}


@dataclass(frozen=True, order=True)
class Finding:
    """Something on a page that the promises forbid."""

    kind: str  # cookie, third party, storage, header, unreachable
    where: str
    what: str


@dataclass
class Report:
    """The whole visit."""

    origin: str
    visited: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    outgoing_links: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"clean": not self.findings}


class NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer to look at; where it leads is visited as a page of its own."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass
class Answer:
    url: str
    status: int
    headers: Message
    text: str

    @property
    def kind(self) -> str:
        return self.headers.get_content_type()


def fetch(url: str) -> Answer:
    """One GET without cookies. Raises OSError where the site does not answer."""
    request = Request(url, headers={"user-agent": "onetime-privacy-audit", "Accept-Language": "en"})  # noqa: S310
    try:
        response = build_opener(NoRedirect).open(request, timeout=TIMEOUT_SECONDS)
    except HTTPError as answer:
        response = answer
    except (URLError, HTTPException) as error:
        raise OSError(str(error)) from error
    with response:
        text = response.read(MOST_BYTES).decode("utf-8", "replace")
        return Answer(url, response.status, response.headers, text)


class Page(HTMLParser):
    """What a page loads by itself, what it links to, and what it carries inline."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name in LOADS.get(tag, set()) & values.keys():
            addresses = values[name].split(",") if name == "srcset" else [values[name]]
            self.loads += [(tag, address.split()[0]) for address in addresses if address.strip()]
        if tag in {"a", "area"} and "href" in values:
            self.links.append(values["href"])
            if "ping" in values:
                self.loads += [(tag, address) for address in values["ping"].split()]
        if tag == "style" or (
            tag == "script" and "src" not in values and "json" not in values.get("type", "")
        ):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]


# --- The visit -----------------------------------------------------------------------------------------


def visit(url: str) -> Report:
    """Walk the site from `url` and its known pages. Raises OSError where it does not answer at all."""
    parts = urlsplit(url)
    report = Report(f"{parts.scheme}://{parts.netloc}")
    fetch(report.origin + "/")
    waiting = [report.origin + path for path in START]
    seen = set(waiting)
    while waiting and len(report.visited) + len(report.assets) < MOST_PAGES:
        address = waiting.pop(0)
        for found in look_at(address, report):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    report.findings = sorted(set(report.findings))
    report.outgoing_links = sorted(set(report.outgoing_links))
    return report


def look_at(url: str, report: Report) -> list[str]:
    """Fetch one address, add what is wrong with it to the report; own addresses to go on with."""
    try:
        answer = fetch(url)
    except OSError as error:
        report.findings.append(Finding("unreachable", url, str(error)))
        return []
    is_page = answer.kind == "text/html"
    (report.visited if is_page else report.assets).append(url)
    report.findings += list(cookie_findings(answer, report.cookies))
    target = answer.headers.get("Location")
    if target:
        return own([urljoin(url, target)], report)
    report.findings += list(header_findings(answer, page=is_page))
    if is_page:
        return look_at_page(answer, report)
    report.findings += list(asset_findings(answer))
    imports = (
        re.findall(r"(?:import|from)\s*\(?[\"']([^\"']+)[\"']", answer.text) if is_script(answer) else []
    )
    urls = re.findall(r"url\(\s*[\"']?([^\"')]+)", answer.text) if answer.kind == "text/css" else []
    return own([urljoin(url, each) for each in (*imports, *urls)], report)


def is_script(answer: Answer) -> bool:
    return "javascript" in answer.kind


def look_at_page(answer: Answer, report: Report) -> list[str]:
    page = Page(answer.text)
    for tag, address in page.loads:
        host = foreign_host(urljoin(answer.url, address), report.origin)
        if host:
            report.findings.append(Finding("third party", answer.url, f"<{tag}> reaches {host}"))
    report.findings += [
        Finding("header", answer.url, f"inline {what}, which the content policy should forbid")
        for what in page.inline
    ]
    links = [urljoin(answer.url, link) for link in page.links]
    report.outgoing_links += [link for link in links if foreign_host(link, report.origin)]
    loads = [urljoin(answer.url, address) for tag, address in page.loads if tag not in {"form", "button"}]
    return own([*loads, *links], report)


def own(addresses: Iterable[str], report: Report) -> list[str]:
    """Those addresses that are on the site itself, without fragments."""
    return [
        urldefrag(each).url
        for each in addresses
        if each.startswith(("http:", "https:")) and not foreign_host(each, report.origin)
    ]


def foreign_host(address: str, origin: str) -> str | None:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https", "ws", "wss"}:
        return None
    return None if parts.netloc == urlsplit(origin).netloc else parts.netloc


# --- What is looked at -----------------------------------------------------------------------------------


def cookie_findings(answer: Answer, cookies: list[str]) -> Iterator[Finding]:
    for cookie in answer.headers.get_all("set-cookie", []):
        name = cookie.partition("=")[0]
        cookies.append(name)
        yield Finding("cookie", answer.url, f"sets the cookie {name}")


def header_findings(answer: Answer, *, page: bool) -> Iterator[Finding]:
    def wrong(what: str) -> Finding:
        return Finding("header", answer.url, what)

    for name in TELLTALE:
        value = answer.headers.get(name)
        if value and not (name == "etag" and not page):
            yield wrong(f"sends {name}: {value}")
    for name, values in WANTED.items():
        if answer.headers.get(name, "").lower() not in values:
            yield wrong(f"{name} is {answer.headers.get(name, 'missing')}")
    if answer.url.startswith("https:") and "strict-transport-security" not in answer.headers:
        yield wrong("strict-transport-security is missing")
    if page:
        yield from policy_findings(answer)


def policy_findings(answer: Answer) -> Iterator[Finding]:
    policy = answer.headers.get("content-security-policy", "")
    directives = {words[0].lower(): words[1:] for part in policy.split(";") if (words := part.split())}
    if directives.get("default-src") != ["'none'"]:
        yield Finding("header", answer.url, "content-security-policy does not begin from default-src 'none'")
    for name, sources in directives.items():
        for source in sources:
            if source in UNSAFE:
                yield Finding("header", answer.url, f"content-security-policy has {source} in {name}")
            elif "." in source or "://" in source:
                yield Finding("third party", answer.url, f"content-security-policy allows {source} in {name}")


def asset_findings(answer: Answer) -> Iterator[Finding]:
    if answer.kind == "text/css":
        for match in CSS_LOAD.finditer(answer.text):
            yield Finding("third party", answer.url, f"a style reaches {match[1]}")
    if is_script(answer):
        text = without_comments(answer.text)
        for match in JS_STORAGE.finditer(text):
            yield Finding("storage", answer.url, f"a script uses {match[0]}")
        for match in JS_BEACON.finditer(text):
            yield Finding("third party", answer.url, f"a script has {match[0]}")
