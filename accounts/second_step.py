"""The second step of a sign-in: allauth's view, under our own limit."""

from collections.abc import Callable
from functools import wraps

from allauth.account.internal.stagekit import unstash_login
from allauth.mfa.signals import authentication_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.sign_in import limit_guesses
from onetime import ratelimit
from onetime.views import NOT_STORED

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """`view`, refused to a client that has guessed too often on the account."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        login = unstash_login(request, peek=True)
        if request.method == "POST" and login is not None and login.user is not None:
            limit_guesses(request, login.user.email)
        response = view(request)
        if hasattr(response, "render"):
            response.render()
        for name, value in NOT_STORED.items():
            response[name] = value
        return response

    return guarded


@receiver(authentication_failed)
def count(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """allauth tells of every wrong code."""
    ratelimit.count_wrong_guess(request, f"account {user.email}")
