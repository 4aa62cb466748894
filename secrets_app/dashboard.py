"""The dashboard of an account: its secrets, their labels, burning."""

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onetime.views import allow, error
from secrets_app import history
from secrets_app.forms import size
from secrets_app.listing import Place
from secrets_app.models import State
from secrets_app.pages import answer

if TYPE_CHECKING:
    from accounts.models import User

KEY = re.compile("[0-9A-Za-z]{31}")


@login_required
@allow("GET", "HEAD")
def dashboard(request: HttpRequest) -> HttpResponse:
    state, after = request.GET.get("state", ""), request.GET.get("after", "")
    if state and state not in State.values:
        return error(request, 404)
    try:
        place = Place.from_cursor(after) if after else None
    except ValueError:
        return error(request, 404)
    shown = history.page(cast("User", request.user), state, place)
    context = {
        "rows": [(row, size(row.secret.size)) for row in shown.rows],
        "older": _address(state, shown.next) if shown.next else "",
        "newest": _address(state, "") if after else "",
        "state": state,
        "after": after,
        # What a restore of the site lost is rare: it stands in the whole list, without a tab of its own.
        "states": [("", _("All")), *(one for one in State.choices if one[0] != State.LOST)],
        "most_label": history.MOST_LABEL,
    }
    return answer(request, "dashboard.html", context)


@login_required
@allow("POST")
def burn(request: HttpRequest) -> HttpResponse:
    """Burn what is ticked."""
    keys = [key for key in request.POST.getlist("key") if KEY.fullmatch(key)][: history.PAGE_ROWS]
    count = history.burn(cast("User", request.user), keys)
    if count:
        text = ngettext("%(count)s secret was burned.", "%(count)s secrets were burned.", count)
        messages.success(request, text % {"count": count})
    else:
        messages.warning(request, _("Nothing was burned: tick secrets that nobody has opened."))
    return _back(request)


@login_required
@allow("POST")
def label(request: HttpRequest) -> HttpResponse:
    """Set or clear one label."""
    key, text = request.POST.get("key", ""), " ".join(request.POST.get("label", "").split())
    if len(text) > history.MOST_LABEL:
        detail = _("A label may have at most %(count)s characters.") % {"count": history.MOST_LABEL}
        return error(request, 400, detail=detail)
    if not KEY.fullmatch(key) or not history.set_label(cast("User", request.user), key, text):
        return error(request, 404)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page of the list that the form was on."""
    return HttpResponseRedirect(
        _address(request.POST.get("state", ""), request.POST.get("after", "")), status=303
    )


def _address(state: str, after: str) -> str:
    query = {name: value for name, value in (("state", state), ("after", after)) if value}
    return reverse("dashboard") + (f"?{urlencode(query)}" if query else "")
