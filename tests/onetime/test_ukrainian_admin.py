"""What is our own in the admin speaks Ukrainian: names of models, columns, fields, hints, groups, filters, actions."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.test import RequestFactory
from django.utils import translation

from accounts.models import User

pytestmark = pytest.mark.django_db

OUR_APPS = {"secrets_app", "accounts", "billing"}
#: Names stay as they are in every language.
NAMES = {"Stripe", "API", "ID", "UTC", "Checkout"}


def request_of_an_operator():
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("operator@example.com")
    return request


def labels(model_admin, request) -> Iterator[str]:
    """Every word of ours that its pages show."""
    model = model_admin.model
    yield from map(
        str, (model._meta.verbose_name, model._meta.verbose_name_plural, model_admin.search_help_text or "")
    )
    shown = {*model_admin.get_list_display(request), *flatten_fieldsets(model_admin.get_fieldsets(request))}
    for name in shown - {"__str__", *model_admin.get_form(request).base_fields}:
        yield str(label_for_field(name, model, model_admin))
    for title, options in model_admin.get_fieldsets(request):
        yield from (str(title or ""), str(options.get("description") or ""))
    for field in model_admin.get_form(request).base_fields.values():
        yield from (str(field.label or ""), str(field.help_text or ""))
    for _function, _name, description in model_admin.get_actions(request).values():
        yield str(description)
    for inline in model_admin.inlines:
        yield from map(str, (inline.model._meta.verbose_name_plural, inline.verbose_name_plural or ""))


def english(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", re.sub(r"%\(\w+\)s|\{\w+\}", "", text))) - NAMES


def test_no_english_word_is_ours_in_the_ukrainian_admin():
    request, found = request_of_an_operator(), {}
    with translation.override("uk"):
        for model, model_admin in admin.site._registry.items():
            words = {label: english(label) for label in labels(model_admin, request) if english(label)}
            if words:
                found[model.__name__] = words
    assert found == {}


def test_every_app_and_model_of_ours_has_a_ukrainian_name():
    with translation.override("uk"):
        for label in OUR_APPS:
            config = apps.get_app_config(label)
            names = [
                str(config.verbose_name),
                *(str(m._meta.verbose_name_plural) for m in config.get_models()),
            ]
            assert [name for name in names if english(name)] == [], label


def test_the_admin_itself_is_named_in_ukrainian(client):
    client.force_login(User.objects.create_superuser("operator@example.com"))
    page = client.get("/admin/", headers={"accept-language": "uk"}).content.decode()
    assert '<html lang="uk"' in page
    assert not english(
        re.sub(
            r"<!--.*?-->|<[^>]*>", " ", page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
        )
    ) - {
        "Onetime",
        "Secret",
    }
