"""A pytest plugin that sets what the settings require before Django reads them."""

import base64
import os
import tempfile

# Stable keys, so that a failing example can be repeated; they protect nothing.
os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 40)
os.environ.setdefault("SECRET_ENCRYPTION_KEYS", base64.urlsafe_b64encode(b"t" * 32).decode().rstrip("="))
os.environ.setdefault("SITE_ORIGIN", "http://testserver")
os.environ.setdefault("STATIC_ROOT", tempfile.mkdtemp(prefix="onetime-static-"))
os.environ.setdefault("EMAIL_URL", "file://" + tempfile.gettempdir())
os.environ.setdefault("OPERATOR_EMAIL", "operator@example.com")
os.environ.setdefault("BACKUP_JOURNAL", tempfile.mkdtemp(prefix="onetime-") + "/journal")
