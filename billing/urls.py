"""Everything about plans and paying."""

from django.urls import path

from billing import views, webhook

urlpatterns = [
    path("plans", views.plans, name="plans"),
    path("billing", views.billing, name="billing"),
    path("billing/checkout", views.start, name="billing-checkout"),
    path("billing/portal", views.manage, name="billing-portal"),
    path("billing/done", views.done, name="billing-done"),
    path("billing/returned", views.returned, name="billing-returned"),
    path("billing/webhook", webhook.webhook, name="billing-webhook"),
]
