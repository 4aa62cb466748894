"""The paths of API v1, below /api/v1/. A receipt's routes have three names."""

from django.urls import path

from secrets_app import api_v1

RECEIPT_NAMES = ("private", "metadata", "receipt")

urlpatterns = [
    path("status", api_v1.status),
    path("authcheck", api_v1.authcheck),
    path("share", api_v1.share),
    path("create", api_v1.share),
    path("generate", api_v1.generate),
    # Any text may be asked for: what is no key is an unknown secret, as it is in the clients' words.
    path("secret/<str:key>", api_v1.open_secret),
    *(path(f"{name}/recent", api_v1.recent) for name in RECEIPT_NAMES),
    *(path(f"{name}/<str:key>", api_v1.metadata) for name in RECEIPT_NAMES),
    *(path(f"{name}/<str:key>/burn", api_v1.burn) for name in RECEIPT_NAMES),
]
