"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onetime.settings")

application = get_wsgi_application()

from onetime.checks import refuse_to_start  # noqa: E402 - it reads the settings and the models
from onetime.process import make_ready  # noqa: E402

refuse_to_start()
make_ready(application)
