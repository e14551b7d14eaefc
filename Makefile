# `make demo` and `make test` fetch what they need into .venv and .cache, once, with
# tools/setup_checkout.py. Extra arguments: `make test ARGS="tests/core -k sign"`.

PYTHON ?= python3
ARGS ?=
# Many tests wait: for a browser, for a pause of pyserial, for the end of a killed process.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 * len(os.sched_getaffinity(0)))")
BIN := .venv/bin

# The lock file also fixes pyright: use neither the node of the machine nor the update check.
export PYRIGHT_PYTHON_GLOBAL_NODE := off
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format system interpreters node fuzzer bench firmware frozen reliability lowest pythons release-check dist line-soak docs lock translations coverage picture graph clean

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r t d; do printf '  make %-13s %s\n' "$$t" "$$d"; done

setup: ## Create .venv and fetch the interpreters, once.
	@command -v $(PYTHON) >/dev/null || { echo "set-up: $(PYTHON) is not installed: install Python 3.11 or newer and name it, as in make PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) tools/setup_checkout.py

demo: setup ## Show the main job on simulated boards.
	@$(BIN)/alink-sim demo $(ARGS)

test: setup fuzzer check ## Check the source and run every test.
	@$(BIN)/pytest --numprocesses=$(WORKERS) --dist=worksteal $(ARGS)

check: setup ## Lint, formatting, types, imports and language.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/pyright --warnings
	@imports=$$($(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter 2>&1) || { echo "$$imports"; exit 1; }
	@$(BIN)/python tools/check_language.py
	@$(BIN)/python tools/translated_pages.py
	@echo "check: ruff, mypy, pyright, import-linter, check_language and translated_pages found nothing"

format: setup ## Rewrite the source the way `make check` wants it.
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

system: ## Install what tests use from Debian; may need root.
	@$(PYTHON) tools/setup_system.py

interpreters: setup ## Try again to fetch the 32-bit interpreters.
	@$(PYTHON) tools/setup_checkout.py unix32 chip32

node: setup ## Try again to install the vendor's Node.js SDK.
	@$(PYTHON) tools/setup_checkout.py node

fuzzer: setup ## Install the coverage-guided fuzzer, where it has a wheel.
	@$(PYTHON) tools/setup_checkout.py atheris

bench: setup ## Measure every figure of the documentation.
	@$(BIN)/python -m benchmarks $(ARGS)

firmware: setup ## Build MicroPython with the SDK frozen in: BOARD=ESP32_GENERIC.
	@$(BIN)/python tools/firmware_build.py $(BOARD) $(ARGS)

frozen: setup ## Measure heap with the SDK frozen into a firmware.
	@$(BIN)/python -m benchmarks.frozen

reliability: fuzzer ## A million hostile inputs, a day on a bad network; writes its page.
	@$(BIN)/python -m tests.reliability.long_run

lowest: setup ## Run tests with the lowest versions of pyproject.toml.
	@$(PYTHON) tools/lowest.py

pythons: setup ## Run tests with each Python 3.11 to 3.14 that is here.
	@$(BIN)/python tools/pythons.py $(ARGS)

release-check: setup ## Check a release; write its SBOM and licenses into dist.
	@$(PYTHON) tools/setup_checkout.py docs atheris release
	@$(BIN)/python tools/release_check.py

dist: setup ## Build wheel, source archive and mip index into dist, twice.
	@$(BIN)/python tools/dist.py

line-soak: setup ## Burn whole batches with scripted failures: an hour.
	@$(BIN)/python -m tests.factory.soak --rows 1000 --ports 8
	@$(BIN)/python -m tests.factory.soak --rows 64 --ports 8 --firmware 1600000 --spoiled 4
	@$(BIN)/python -m tests.factory.soak --rows 60 --ports 8 --kills 100 --spoiled 4
	@$(BIN)/python -m tests.factory.soak --rows 200 --ports 8 --kills 20 --stations 2 --postgres
	@$(BIN)/python -m tests.factory.soak --rows 60 --ports 8 --kills 10 --stations 2 --scans --tests

docs: setup ## Build the documentation into .cache/site.
	@$(PYTHON) tools/setup_checkout.py docs
	@PYTHONPATH=.cache/docs $(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet $(ARGS) \
		docs .cache/site
	@echo "docs: open .cache/site/index.html"

lock: setup ## Write the lock files from requirements*.in.
	@$(PYTHON) tools/setup_lock.py

translations: setup ## Renew the marks of translated pages.
	@$(BIN)/python tools/translated_pages.py renew $(ARGS)

coverage: setup ## Write what of the vendor's documents is supported.
	@$(BIN)/python tools/coverage_page.py

picture: setup ## Run the demo and draw its last screen for the READMEs.
	@$(BIN)/python tools/demo_picture.py

graph: setup ## Draw the import graph into docs/explanation.
	@$(BIN)/python tools/import_graph.py

clean: ## Remove everything that make has created.
	@rm -rf .venv .cache .hypothesis
