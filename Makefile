.DEFAULT_GOAL := help
# 3.11 is the oldest that we support; any newer one will do: make PYTHON=python3.13 test
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): scripts/requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: $(READY)  ## Write the pins in scripts/requirements/ anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev --all-extras pyproject.toml --output-file scripts/requirements/dev.txt

.PHONY: spec
spec: $(READY)  ## Build openapi/baseten.json from what Baseten publishes and our decisions
	$(BIN)/python scripts/build_spec.py

.PHONY: spec-check
spec-check: $(READY)  ## Fail if openapi/baseten.json is not what the rest of openapi/ builds
	$(BIN)/python scripts/build_spec.py --check

.PHONY: generate
generate: spec  ## Build the document, and generated/ from it
	$(BIN)/python scripts/generate.py

.PHONY: generate-check
generate-check: spec-check  ## Fail if generated/ is not exactly what openapi/ produces
	$(BIN)/python scripts/generate.py --check
