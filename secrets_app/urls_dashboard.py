"""The pages of an account about its secrets."""

from django.urls import path

from secrets_app import dashboard, mail_link

urlpatterns = [
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/burn", dashboard.burn, name="dashboard-burn"),
    path("dashboard/label", dashboard.label, name="dashboard-label"),
    path("send-link", mail_link.send, name="send-link"),
]
