"""How the static files get their hashed names."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names for ever-cached files, in JavaScript imports too (they need their `;`)."""

    support_js_module_import_aggregation = True
