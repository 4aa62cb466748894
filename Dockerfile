# The site as an image: nothing runs as root, and nothing is written but to /var/lib/onetime.
# docs/operations.md says how to use it.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/onetime
COPY requirements.txt ./
RUN python -m venv .venv && .venv/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
COPY manage.py ./
COPY onetime onetime
COPY secrets_app secrets_app
COPY accounts accounts
COPY billing billing
COPY templates templates
# These keys are for collecting the static files alone; the image keeps none.
RUN SECRET_KEY=only-to-collect-the-static-files-in-the-build \
    SECRET_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    SITE_ORIGIN=https://build.invalid BACKUP_JOURNAL='' \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && .venv/bin/python -m compileall -q -j 0 .

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 onetime \
    && useradd --system --uid 10001 --gid onetime --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin onetime \
    && install --directory --owner onetime --group onetime --mode 0700 /var/lib/onetime
ENV PATH=/srv/onetime/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=onetime.settings HOST=0.0.0.0 PORT=8000 WORKERS=2 \
    BACKUP_JOURNAL=/var/lib/onetime/consumed.journal
WORKDIR /srv/onetime
COPY --from=build /srv/onetime /srv/onetime
USER 10001:10001
VOLUME /var/lib/onetime
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "onetime.server"]
