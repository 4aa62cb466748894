# Every target does its own set-up: `make run` and `make test` work on a fresh clone with Python 3.11.
PYTHON ?= python3.11
PORT ?= 8000
BIN := .venv/bin
export PORT

.PHONY: run demo test lint requirements messages contact-sheet lighthouse fuzz faults bench bench-docs bench-costs bench-growth bench-growth-docs clean
.DEFAULT_GOAL := run

.venv/runtime: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/development: requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch .venv/runtime $@

run: .venv/runtime
	@exec $(BIN)/python -m onetime.embedded

# The site with a pretended Stripe on this machine: subscribe, renew, fail, cancel.
demo: .venv/runtime
	@exec $(BIN)/python -m tests.demo

test: .venv/development
	@$(BIN)/python -m tests.run

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

# New and changed texts into every catalogue, then the compiled catalogues. Needs xgettext (Debian: gettext).
messages: .venv/development
	$(BIN)/python -m tests.messages

# Pictures of every page and state into docs/images, to look at. Needs Chromium.
contact-sheet: .venv/development
	$(BIN)/python -m tests.browser.contact_sheet

# Lighthouse's scores of the home page and the open page. Needs Chromium, and Node with npx.
lighthouse: .venv/development
	$(BIN)/python -m tests.browser.lighthouse

# Looks for bytes that a parser does not refuse as it should: every target, FUZZ_SECONDS each.
FUZZ_SECONDS ?= 180
fuzz: .venv/development
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	for target in link envelope v1 v2 webhook backup journal headers; do \
	  nice -n 19 $(BIN)/python -m fuzz $$target $(FUZZ_SECONDS) || exit 1; done

# Every figure of docs/performance.md against what bounds it. Needs PostgreSQL (DATABASE_URL), Redis (REDIS_URL) and wrk.
# Shorter: make bench ROUNDS=1 SECONDS=2 ONLY='claim 1 kB'. bench-docs writes the document too.
bench bench-docs: .venv/development
	@ROUNDS="$(ROUNDS)" SECONDS="$(SECONDS)" ONLY="$(ONLY)" \
	  $(BIN)/python -m benchmarks.run $(if $(filter bench-docs,$@),--write)

# What ten million rows cost. Shorter: make bench-growth ROWS=100000 DUE=10000 OWNED=1000.
bench-growth bench-growth-docs: .venv/development
	@ROWS="$(ROWS)" DUE="$(DUE)" OWNED="$(OWNED)" \
	  $(BIN)/python -m benchmarks.growth $(if $(filter bench-growth-docs,$@),--write)

# What one request pays for in microseconds, into docs/performance.md as LABEL=before or LABEL=after.
bench-costs: .venv/development
	@COUNT="$(COUNT)" $(BIN)/python -m benchmarks.cost_site $(or $(LABEL),after)

# Breaks everything around a running site FAULTS times and checks what it promised. Needs PostgreSQL's and
# Redis' programs (Debian: postgresql redis-server); as root also fills disks of its own.
FAULTS ?= 1000
faults: .venv/development
	$(BIN)/python -m faults --faults $(FAULTS)
	$(BIN)/python -m pytest -q -m storm

requirements: .venv/development
	$(BIN)/python -m piptools --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet pip-tools
	for name in requirements requirements-s3 requirements-dev requirements-fuzz; do \
	  $(BIN)/python -m piptools compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	    --strip-extras --allow-unsafe --upgrade -o $$name.txt $$name.in; done

clean:
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
