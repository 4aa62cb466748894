"""Every problem that API v2 answers with: `type` is `/api#` and the name here, meaning one thing."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Problem(NamedTuple):
    """The HTTP status, and what the API page says about it."""

    status: int
    meaning: Promise


PROBLEMS: dict[str, Problem] = {
    "bad-request": Problem(400, _("The body or a parameter cannot be read; detail says why.")),
    "not-authorized": Problem(401, _("The call needs an account, or the API token is wrong.")),
    "forbidden": Problem(403, _("A web page of another site made this call.")),
    "plan-without-api": Problem(403, _("The account’s plan does not include API tokens.")),
    "wrong-proof": Problem(403, _("The passphrase is wrong. Nothing was consumed.")),
    "not-found": Problem(404, _("There is no such address in the API.")),
    "unknown": Problem(
        404, _("No secret is known by this name: it is mistyped, never was, or was forgotten.")
    ),
    "method-not-allowed": Problem(405, _("The address takes other methods, which the Allow header lists.")),
    "already-exists": Problem(409, _("A secret with this id exists, and another call made it.")),
    "incomplete-upload": Problem(409, _("Segments have not come yet: missing has their numbers.")),
    "gone": Problem(
        410, _("The content was opened or burned, or has expired: state and at say which and when.")
    ),
    "content-too-large": Problem(413, _("The envelope is larger than your plan takes.")),
    "unsupported-media-type": Problem(
        415, _("The body is not announced as application/json, or a segment as application/octet-stream.")
    ),
    "bad-envelope": Problem(422, _("The envelope is not of version 1, or too short to be one.")),
    "bad-lifetime": Problem(422, _("The lifetime is below minimum or above maximum, in seconds.")),
    "rate-limited": Problem(429, _("Too many calls: wait for as many seconds as Retry-After says.")),
    "service-unavailable": Problem(
        503, _("Something that we need does not answer just now. Nothing was consumed: try again in a while.")
    ),
    "internal-server-error": Problem(
        500, _("We made a mistake. Nothing was consumed that you did not receive.")
    ),
}
