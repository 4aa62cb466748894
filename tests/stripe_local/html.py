"""Plain HTML for the pages that Stripe would host. They look like nothing of Stripe's, on purpose."""

from html import escape

STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.5rem 1rem;margin:.2rem 0;min-height:2.75rem}"
    "form{margin:.3rem 0}li{margin:.5rem 0}.note{border-left:.3rem solid;padding-left:.7rem}"
)
NO_DECIMALS = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)


def document(title: str, *parts: str) -> str:
    """A whole page; the parts are HTML already."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    note = '<p class="note">A stand-in for Stripe on this computer. No money moves.</p>'
    body = "".join((f"<h1>{escape(title)}</h1>", note, *parts))
    return (
        f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>'
    )


def button(action: str, words: str, /, **fields: str) -> str:
    """A form that posts these fields."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in fields.items()
    )
    return f'<form method="post" action="{escape(action)}">{hidden}<button>{escape(words)}</button></form>'


def paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def link(url: str | None, words: str) -> str:
    """A link, or nothing without an address."""
    return f'<p><a href="{escape(url)}">{escape(words)}</a></p>' if url else ""


def money(amount: int, currency: str) -> str:
    """An amount of the smallest unit, as people write it: `9.00 CAD`."""
    shown = str(amount) if currency in NO_DECIMALS else f"{amount / 100:.2f}"
    return f"{shown} {currency.upper()}"
