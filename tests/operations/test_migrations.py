"""A migration may run while the version before it does: it expands, or it says what it contracts and why.

docs/operations.md has the policy. The markers, as attributes of the Migration class:
`contracts = "unused since 1.4"` where something is taken away that the version before no longer uses;
`data = "…"` where code or SQL is run, with a sentence on why the version before does not mind.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

OWN = {"onetime", "accounts", "secrets_app", "billing"}
#: Only ever add what the version before does not know and does not need to.
EXPANDING = (
    migrations.CreateModel, migrations.AddIndex, migrations.AlterModelOptions, migrations.AlterModelManagers,
    migrations.AlterOrderWithRespectTo,
)  # fmt: skip
#: Older than the policy, and looked at: no release came before them.
GRANDFATHERED = {
    ("accounts", "0003_sessions_and_preferences"),
    ("billing", "0002_first_catalogue"),
    ("secrets_app", "0004_a_restore_may_lose_secrets"),
    ("secrets_app", "0005_files_by_segment"),
}


def own_migrations() -> Iterator[tuple[tuple[str, str], Any]]:
    for name, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if name[0] in OWN:
            yield name, migration


def complaints(migration: Any) -> list[str]:
    """What in a migration would break the version before it, or does not say whether it would."""
    created = {op.name.lower() for op in migration.operations if isinstance(op, migrations.CreateModel)}
    return [said for op in migration.operations if (said := complaint(op, migration, created))]


def complaint(operation: Any, migration: Any, created: set[str]) -> str:
    kind = type(operation).__name__
    if getattr(operation, "model_name", "").lower() in created or isinstance(operation, EXPANDING):
        return ""
    if isinstance(operation, migrations.AddField):
        return "" if can_be_left_out(operation.field) else f"{kind} {operation.name}: no NULL, no db_default"
    if isinstance(operation, migrations.RunPython | migrations.RunSQL):
        return "" if getattr(migration, "data", "") else f"{kind} without `data = …`"
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return "; ".join(complaint(op, migration, created) for op in operation.database_operations)
    if names_a_release(getattr(migration, "contracts", "")) or kind == "AddIndexConcurrently":
        return ""
    return f"{kind} without `contracts = 'unused since RELEASE'`"


def names_a_release(said: object) -> bool:
    """Whether it is text that says since which release nothing uses what goes."""
    return isinstance(said, str) and re.search(r"\bunused since v?\d+\.\d+", said) is not None


def can_be_left_out(field: Any) -> bool:
    """Whether an INSERT of the version before, which does not name the column, goes through."""
    return field.null or field.db_default is not NOT_PROVIDED or field.many_to_many is True


@pytest.mark.parametrize(
    ("name", "migration"), [pytest.param(n, m, id="-".join(n)) for n, m in own_migrations()]
)
def test_the_version_before_goes_on_working_with_it(name, migration):
    if name not in GRANDFATHERED:
        assert complaints(migration) == []


def planted(*operations: Any, **marks: Any) -> Any:
    return type("Migration", (Migration,), {"operations": list(operations), **marks})


TEXT = models.CharField(max_length=7)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("secret", "size"),
        migrations.DeleteModel("Secret"),
        migrations.RenameField("secret", "size", "bytes"),
        migrations.RenameModel("Secret", "Other"),
        migrations.AlterField("secret", "state", TEXT),
        migrations.AddField("secret", "colour", TEXT),
        migrations.AddField("secret", "colour", models.CharField(max_length=7, default="red")),
        migrations.AddConstraint(
            "secret", models.CheckConstraint(condition=models.Q(size__gt=0), name="size_is_positive")
        ),
        migrations.RunSQL("DROP TABLE secrets_app_secret"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("secret", "size")]),
    ],
    ids=lambda op: op.describe()[:40],
)
def test_one_that_would_break_it_is_refused(operation):
    assert complaints(planted(operation)) != []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("secret", "colour", models.CharField(max_length=7, null=True)),
        migrations.AddField("secret", "colour", models.CharField(max_length=7, default="", db_default="")),
        migrations.AddIndex("secret", models.Index(fields=["size"], name="by_size")),
        migrations.CreateModel("Other", [("id", models.AutoField(primary_key=True))]),
    ],
    ids=lambda op: op.describe()[:40],
)
def test_one_that_expands_is_let_through(operation):
    assert complaints(planted(operation)) == []


@pytest.mark.parametrize("said", [True, "", "not needed", "unused since long ago"])
def test_a_contraction_that_names_no_release_is_refused(said):
    assert complaints(planted(migrations.RemoveField("secret", "size"), contracts=said)) != []


def test_with_its_marker_a_contraction_is_let_through():
    assert complaints(planted(migrations.RemoveField("secret", "size"), contracts="unused since 1.4")) == []
    assert complaints(planted(migrations.RunSQL("SELECT 1"), data="only reads")) == []
