"""The plans that a new site begins with. Operators change them in the admin."""

from django.db import migrations
from django.utils.translation import gettext_noop

MEGABYTE = 1_000_000
DAY = 86_400

PLANS = (
    {
        "slug": "anonymous",
        "name": gettext_noop("Not signed in"),
        "summary": gettext_noop("Nothing to open, nothing to remember."),
        "position": 0,
        "max_ttl": 7 * DAY,
        "max_text_bytes": 100_000,
        "max_files_bytes": 10 * MEGABYTE,
        "creates_per_hour": 120,
        "creates_per_day": 500,
        "api": True,
        "mail_links": False,
        "opening_notices": False,
    },
    {
        "slug": "free",
        "name": gettext_noop("Free account"),
        "summary": gettext_noop("An e-mail address is all it takes."),
        "position": 1,
        "max_ttl": 14 * DAY,
        "max_text_bytes": MEGABYTE,
        "max_files_bytes": 25 * MEGABYTE,
        "creates_per_hour": 300,
        "creates_per_day": 2_000,
        "api": True,
        "mail_links": True,
        "opening_notices": True,
    },
    {
        "slug": "plus",
        "name": gettext_noop("Plus"),
        "summary": gettext_noop("Larger files, kept for longer."),
        "position": 2,
        "max_ttl": 90 * DAY,
        "max_text_bytes": 2 * MEGABYTE,
        "max_files_bytes": 100 * MEGABYTE,
        "creates_per_hour": 1_000,
        "creates_per_day": 10_000,
        "api": True,
        "mail_links": True,
        "opening_notices": True,
    },
)


def create(apps, schema_editor):
    plans = apps.get_model("billing", "Plan").objects.using(schema_editor.connection.alias)
    for plan in PLANS:
        plans.get_or_create(slug=plan["slug"], defaults=plan)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_plans_accounts_and_events")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
