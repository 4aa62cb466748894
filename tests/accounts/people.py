"""Alice owns what is tried, Charlie is the stranger who is refused; both sign in as people do."""

import re

from django.core import mail as django_mail
from django.test import Client

from onetime import mail

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"


def code_in(message):
    """The code that a mail carries, as a person would copy it."""
    (code,) = re.findall(r"^ {4}(\d{4} \d{4})$", message.body, re.MULTILINE)
    return code


def last_mail(to):
    """The newest mail to `to`; notices that are on their way arrive first."""
    mail.outbox.join()
    return next(message for message in reversed(django_mail.outbox) if message.to == [to])


def ask_code(client, email, **fields):
    """Send the sign-in form; the code that was mailed."""
    mail.outbox.join()  # so that no notice arrives after the code
    answer = client.post("/account/sign-in", {"email": email, **fields})
    assert answer.status_code == 302, answer.content
    return code_in(last_mail(email.strip().lower()))


def sign_in(email, client=None, **headers):
    """A client that has signed in by code."""
    client = client or Client(headers=headers)
    answer = client.post("/account/sign-in/code", {"code": ask_code(client, email)})
    assert answer.status_code == 302, answer.content
    return client


def signed_in_as(client):
    """The address that this client's session belongs to, or nothing."""
    request = client.get("/account").wsgi_request
    return request.user.email if request.user.is_authenticated else ""


def page_of(answer):
    """The text of a page without its token against cross-site requests, which differs each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", answer.content.decode())


def forget_proof(client):
    """As if the last proof of identity were long ago."""
    session = client.session
    session["proven_at"] = 0
    session.save()
