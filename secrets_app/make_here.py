"""Making a secret of a posted form on the server: of the text alone, or with a file as it arrives."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from onetime import ratelimit
from onetime.views import Unavailable
from secrets_app import quota, services
from secrets_app.envelope import Contents
from secrets_app.errors import TooLarge
from secrets_app.forms import CreateForm, size
from secrets_app.here import HereUpload
from secrets_app.multipart import Malformed, Part
from secrets_app.pages import FORM_SLACK, announced_length
from secrets_app.posted import Posted


class RefusedForm(Exception):
    """The form is shown again with what is wrong; `wait` is in seconds."""

    def __init__(self, status: int, wait: int | None = None) -> None:
        super().__init__(status)
        self.status, self.wait = status, wait


def make_here(request: HttpRequest, form: CreateForm, posted: Posted) -> services.CreatedHere:
    """The secret that a form asks for. Raises RefusedForm, its errors in the form; then nothing is stored."""
    try:
        _check(request, form, posted)
        return _make(request, form, posted)
    except RefusedForm:
        _ask_for_the_file_again(form, posted)
        raise


def _check(request: HttpRequest, form: CreateForm, posted: Posted) -> None:
    """All that can be said before the file is read."""
    status = 200 if form.is_valid() else 400
    if posted.file is not None and _too_large(request, form):
        _say_too_large(form)
        status = 413
    if status != 200:  # noqa: PLR2004
        raise RefusedForm(status)
    owner, limits = request.user if request.user.is_authenticated else None, form.limits
    try:
        quota.count_creation(request, owner, limits)
    except ratelimit.RateLimited as limited:
        text = _("Too many secrets came from your network. Nothing you typed is lost: try again later.")
        form.add_error(None, ValidationError(text, code="busy"))
        raise RefusedForm(429, limited.retry_after) from None


def _too_large(request: HttpRequest, form: CreateForm) -> bool:
    """Whether the file must be over the limit, by what the whole form is announced to be."""
    limits = form.limits
    most = limits.max_files_bytes + 2 * limits.max_text_bytes + FORM_SLACK
    return (announced_length(request) or 0) > most


def _say_too_large(form: CreateForm) -> None:
    limit = form.limits.max_files_bytes
    text = _("The file is too large: %(limit)s is the most.") if limit else _("Your plan takes no files.")
    form.add_error("file" if limit else None, ValidationError(text % {"limit": size(limit)}, code="large"))


def _make(request: HttpRequest, form: CreateForm, posted: Posted) -> services.CreatedHere:
    try:
        if posted.file is None:
            posted.end()
            return services.create_here(Contents(form.cleaned_data["text"]), **_terms(request, form))
        return _seal(posted.file, posted, form, _terms(request, form))
    except TooLarge:
        _say_too_large(form)
        raise RefusedForm(413) from None
    except Unavailable:
        form.add_error(
            None, _("Something went wrong on our side. Nothing you typed is lost: try again in a minute.")
        )
        raise RefusedForm(503) from None
    except Malformed:
        form.add_error(
            None,
            _("The form did not arrive as it was sent, so nothing was stored. One file can come with it."),
        )
        raise RefusedForm(400) from None


def _terms(request: HttpRequest, form: CreateForm) -> dict[str, Any]:
    return {
        "passphrase": form.cleaned_data["passphrase"] or None,
        "ttl": form.cleaned_data["ttl"],
        "limits": form.limits,
        "owner": request.user if request.user.is_authenticated else None,
    }


def _seal(file: Part, posted: Posted, form: CreateForm, terms: dict[str, Any]) -> services.CreatedHere:
    """Seal the file chunk by chunk. It is a secret only when the form has come to its end."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]  # old browsers sent the whole path
    text = form.cleaned_data["text"] or None
    with HereUpload(text=text, name=name, type=file.type, **terms) as upload:
        for chunk in file.chunks:
            upload.write(chunk)
        posted.end()
        return upload.finish()


def _ask_for_the_file_again(form: CreateForm, posted: Posted) -> None:
    if posted.file is not None and "file" in form.fields and not form.has_error("file"):
        form.add_error("file", _("Choose the file again: your browser has forgotten it."))
