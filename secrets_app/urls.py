"""The pages about secrets."""

from django.urls import path

from secrets_app import converters, open_views, views  # noqa: F401 - registers <key:…>

urlpatterns = [
    path("", views.create, name="create"),
    path("secret", open_views.open_page, name="open"),
    path("secret/<str:rest>", open_views.open_link, name="open-link"),
    path("receipt/<key:receipt>", views.receipt, name="receipt"),
    # As the links of API v1 and of the older product call it.
    path("private/<key:receipt>", views.receipt),
    path("metadata/<key:receipt>", views.receipt),
]
