"""What v1 clients send is read; what cannot be read is refused as such, and as nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secrets_app.v1_input import BadInput, Parameters, lifetime, parse

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "content_type",
    [
        "", FORM, f"{FORM}; charset=utf-8", f"{FORM};charset=ISO-8859-1", "text/html", "text/plain",
        "application/octet-stream", "text/html; charset=utf-8, application/x-www-form-urlencoded", "x", ";",
    ],
)  # fmt: skip
def test_a_body_of_any_other_type_is_a_form(content_type):
    found = parse(content_type, b"", "secret=a+b%20%C3%A9ї&ttl=60&passphrase=%00%0D%0A&".encode())
    assert found == Parameters("a b éї", "\0\r\n", "60")


def test_the_query_is_read_and_the_body_wins():
    assert parse("", b"secret=query&ttl=60", b"secret=body") == Parameters("body", "", "60")


def test_a_blank_value_is_not_given_so_it_overrides_nothing():
    assert parse(
        "", b"secret=query&ttl=60", b"secret=&ttl=&passphrase=&recipient=&recipient[]="
    ) == Parameters("query", "", "60")


def test_the_last_of_equal_names_counts():
    assert parse("", b"", b"secret=one&secret=two").secret == "two"


def test_unknown_names_are_ignored():
    names = (
        "continue",
        "SECRET_KEY",
        "secret_key",
        "METADATA_KEY",
        "metadata_key",
        "secret_ttl",
        "share_domain",
        "''",
    )
    assert parse("", b"", "&".join(f"{name}=x" for name in names).encode()) == Parameters()


def test_recipients_come_under_two_names_and_once_each():
    found = parse(
        "", b"", b"recipient=a@example.com&recipient[]=b%40example.com&recipient%5B%5D=a@example.com"
    )
    assert found.recipients == ("a@example.com", "b@example.com")


def test_more_recipients_than_anybody_means_are_refused():
    with pytest.raises(BadInput):
        parse("", b"", b"&".join(b"recipient=%d@example.com" % number for number in range(11)))


def multipart(*parts, boundary="xYz"):
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    return body.encode()


@pytest.mark.parametrize("boundary", ["xYz", '"xYz"'])
def test_multipart_fields_are_read_exactly(boundary):
    """Quoted and unquoted names, parts with a type of their own; a file is no text and is passed over."""
    body = multipart(
        'Content-Disposition: form-data; name="secret"\r\n\r\n line one\r\nline two\n ї ',
        "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=passphrase\r\n\r\np w",
        'content-disposition: form-data; filename="name=ttl"; name="ttl"\r\n\r\n99',
    )
    found = parse(f"multipart/form-data; boundary={boundary}", b"", body)
    assert found == Parameters(" line one\r\nline two\n ї ", "p w")


def test_an_empty_multipart_body_is_nothing():
    assert parse("multipart/form-data; boundary=x", b"ttl=60", b"") == Parameters(ttl="60")
    assert parse("multipart/form-data; boundary=x", b"", b"--x--\r\n") == Parameters()


def test_json_members_are_read():
    body = json.dumps(
        {"secret": "ї\n", "ttl": 3600, "passphrase": None, "recipient": ["a@example.com", None]}
    )
    assert parse("application/json; charset=utf-8", b"", body.encode()) == Parameters(
        "ї\n", "", "3600", ("a@example.com",)
    )


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_json_without_a_body_is_nothing(body):
    assert parse("application/json", b"secret=x&ttl=60", body) == Parameters("x", "", "60")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b"secret=%ff"),
        ("", b"secret=\xff"),
        ("", b"\xff=1"),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'"secret"'),
        ("application/json", b"NaN"),
        ("application/json", b'{"ttl": NaN}'),
        ("application/json", b'{"secret": true}'),
        ("application/json", b'{"secret": {"a": "b"}}'),
        ("application/json", b'{"secret": ["a"]}'),
        ("application/json", b'{"secret": "\\ud800"}'),
        ("application/json", b'{"secret": "\xff"}'),
        ("application/json", b"[" * 100_000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=x", b"x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="secret"\r\n\r\ncut',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nno blank line\r\n--x--"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="secret"\r\n\r\n\xff\r\n--x--',
        ),
        ("", b"&".join([b"a=1"] * 200)),
    ],
)
def test_what_cannot_be_read_is_refused(content_type, body):
    with pytest.raises(BadInput):
        parse(content_type, b"", body)


ANY_TYPE = st.one_of(
    st.text(max_size=60),
    st.sampled_from([
        "", "application/json", "multipart/form-data; boundary=x", 'multipart/form-data; boundary=""', FORM,
    ]),
)  # fmt: skip
ANY_BODY = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from([
            b"--x", b"--", b"\r\n", b"Content-Disposition: form-data", b"; name=", b"secret", b'"', b"filename=",
            b"\xff", b"=", b"&", b"%", b"{", b"}", b"[", b"]", b":", b",", b"1e9", b"\\ud800", b"null",
        ]),
        max_size=30,
    ).map(b"".join),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(ANY_TYPE, st.binary(max_size=60), ANY_BODY)
def test_nothing_but_its_own_error_is_ever_raised(content_type, query, body):
    try:
        found = parse(content_type, query, body)
    except BadInput:
        return
    "".join([found.secret, found.passphrase, found.ttl, *found.recipients]).encode()  # is all text


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [
        ("", 604_800), ("0", 604_800), ("0.9", 604_800), ("-0.9", 604_800), ("soon", 604_800), ("3600s", 604_800),
        ("nan", 604_800), ("Infinity", 604_800), ("1_000", 604_800), ("1e9999999999999999999", 604_800),
        ("1", 60), ("59", 60), ("-5", 60), ("-1e99", 60), ("60", 60), ("60.9", 60), ("1e3", 1000), (" 90 ", 90),
        ("1000000", 1_000_000), ("1000001", 1_000_000), ("9" * 50_000, 1_000_000), ("1e999999", 1_000_000),
    ],
)  # fmt: skip
def test_a_lifetime_is_clamped_and_never_refused(ttl, seconds):
    assert lifetime(ttl, default=604_800, least=60, most=1_000_000) == seconds


@given(st.text(max_size=20))
def test_a_lifetime_is_always_in_range(ttl):
    assert 60 <= lifetime(ttl, default=3600, least=60, most=7200) <= 7200
