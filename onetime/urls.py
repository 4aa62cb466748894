"""Every URL of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from onetime import feedback, metrics, pages, views
from secrets_app import api_page

urlpatterns = [
    # First, for a path is tried against each line in turn, and programs call most.
    path("api/v2/", include("secrets_app.urls_api_v2")),
    path("api/v1/", include("secrets_app.urls_api_v1")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("robots.txt", pages.robots, name="robots"),
    path(".well-known/security.txt", pages.security_txt, name="security-txt"),
    path("about", pages.about, name="about"),
    path("principles", pages.principles, name="principles"),
    path("privacy", pages.privacy, name="privacy"),
    path("security", pages.security, name="security"),
    path("terms", pages.terms, name="terms"),
    path("help", pages.help_page, name="help"),
    path("feedback", feedback.feedback, name="feedback"),
    path("feedback/sent", feedback.feedback_sent, name="feedback-sent"),
    path("", include("secrets_app.urls")),
    path("", include("secrets_app.urls_dashboard")),
    path("", include("billing.urls")),
    path("account", include("accounts.urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("api", api_page.api, name="api"),
    # Never a page below /api, not even where an address is unknown and DEBUG would explain it.
    re_path("^api/", csrf_exempt(views.not_found)),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
