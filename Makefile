.DEFAULT_GOAL := help
# 3.11 is the oldest that we support; any newer one will do: make PYTHON=python3.13 test
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
PYRIGHT := .venv/.pyright
WORKFLOWS := .venv/.workflows

# Every process that a test starts would compile us anew.
unexport PYTHONDONTWRITEBYTECODE

# The time that is written into what is built: that of the last commit, whoever builds it when.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1577836800)

.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): scripts/requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(PYRIGHT): scripts/requirements/check.txt $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements/check.txt
	@touch $@

$(WORKFLOWS): scripts/requirements/workflows.txt $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements/workflows.txt
	@touch $@

.PHONY: demo
demo: $(READY)  ## Promote a chain until it is live, and cancel a model promotion, against a fake Baseten
	$(BIN)/python scripts/demo.py

.PHONY: recording
recording: $(READY)  ## Film and picture what the command line shows on a terminal, against a fake Baseten
	$(BIN)/python scripts/record_cli.py

.PHONY: picture
picture: $(READY)  ## Draw docs/promotion.svg: what three ways to wait make of a healthy promotion
	$(BIN)/python scripts/draw_promotion.py

.PHONY: test
test: $(READY)  ## Run the tests (pass PYTEST='-k word' to run some)
	$(BIN)/python -m pytest -n auto $(PYTEST)

.PHONY: test-thorough
test-thorough: $(READY)  ## Run what takes long: more examples, storms, a spec of full size
	HYPOTHESIS_PROFILE=thorough CANCELLATIONS=10000 $(BIN)/python -m pytest -n auto -m "" --timeout 900 $(PYTEST)

.PHONY: test-slow
test-slow: $(READY)  ## Run the tests that take long, each with as few examples as make test
	$(BIN)/python -m pytest -n auto -m thorough $(PYTEST)

.PHONY: test-wheel
test-wheel: $(READY)  ## Run the tests on the wheel, where no sources are
	rm -rf build/wheel
	$(BIN)/python -m build --no-isolation --wheel --outdir build/wheel
	$(BIN)/python scripts/test_wheel.py build/wheel $(PYTEST)

.PHONY: coverage
coverage: $(READY)  ## Run the tests, and list what of src/ no test runs
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -n auto $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: test-compat
test-compat:  ## Run the tests with the oldest, then the newest dependencies that we allow (PYTHON=python3.13)
	$(PYTHON) scripts/test_compat.py $(PYTEST)

.PHONY: soak
soak: $(READY)  ## Let 1,000 waits go through an hour of faults, in a minute, and end right
	$(BIN)/python -m pytest tests/soak/soak_waits.py $(PYTEST)

# Each has an environment of its own, so that what it brings is in nobody's way.
.venv-%/.ready: scripts/requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: test-schemathesis
test-schemathesis: $(READY) .venv-schemathesis/.ready  ## Let schemathesis look for faults in the fake, over HTTP
	@mkdir -p build
	$(BIN)/python tests/contract/with_refusals.py > build/with_refusals.json
	$(BIN)/python tests/contract/with_fake.py --speed 20 -- sh -c '.venv-schemathesis/bin/st \
		--config-file tests/contract/schemathesis.toml run build/with_refusals.json --generation-database none \
		--url "$$BASETEN_BASE_URL" --header "Authorization: Api-Key $$BASETEN_API_KEY" --max-examples 40'

.PHONY: test-official
test-official: $(READY) .venv-official/.ready  ## Run the official client against the fake, over HTTP
	$(BIN)/python tests/contract/with_fake.py --speed 200 --behaviour chain_environment_list=model -- \
		.venv-official/bin/python tests/contract/official.py

# Airflow's own settings are left alone: it makes a home wherever it is told to, or in ~/airflow.
AIRFLOW := AIRFLOW_HOME=$(CURDIR)/build/airflow .venv-airflow/bin/python
AIRFLOW_READY := .venv-airflow/.editable

$(AIRFLOW_READY): .venv-airflow/.ready pyproject.toml
	.venv-airflow/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test-airflow
test-airflow: test-airflow-quick test-airflow-processes  ## Test the Airflow provider: types, tests, and Airflow's real processes

.PHONY: test-airflow-quick
test-airflow-quick: types-airflow  ## Test the Airflow provider without starting Airflow's processes
	$(AIRFLOW) -m pytest -c tests/airflow/pytest.ini -m "not processes" $(PYTEST) tests/airflow

.PHONY: test-airflow-processes
test-airflow-processes: $(AIRFLOW_READY)  ## Run the documented DAG, kill triggerers and workers, park 200 waits: four minutes
	$(AIRFLOW) -m pytest -c tests/airflow/pytest.ini -m processes $(PYTEST) tests/airflow

.PHONY: types-airflow
types-airflow: $(AIRFLOW_READY)  ## Check the types of what imports Airflow, with mypy, where Airflow is installed
	$(AIRFLOW) -m mypy src/aiobaseten/airflow/*.py tests/airflow/*.py

.PHONY: check
check: $(READY)  ## Run what CI runs, in CI's order, and explain what fails (CHECKS='lint types' for some)
	$(BIN)/python scripts/check.py $(CHECKS)

.PHONY: docs
docs: $(READY) .venv-docs/.ready  ## Build the documentation into build/docs, and look at what came of it
	PYTHONPATH=src:generated .venv-docs/bin/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --fresh-env \
		--doctree-dir build/doctrees docs build/docs
	$(BIN)/python -m pytest --quiet tests/docs/built.py

.PHONY: bench
bench: $(READY) .venv-bench/.ready  ## Measure us beside others, into build/bench.json (BENCH='calls memory' for some parts)
	@mkdir -p build/bench
	cd build/bench && PATH=$(CURDIR)/$(BIN):$$PATH openapi-python-client generate --overwrite --meta none \
		--path $(CURDIR)/openapi/baseten.json --output-path generated_default
	PYTHONPATH=src:generated:scripts .venv-bench/bin/python -m bench $(BENCH)

.PHONY: bench-plots
bench-plots: $(READY)  ## Write the figures and plots of docs/performance.md from build/bench.json
	PYTHONPATH=scripts $(BIN)/python -m bench.plots

.PHONY: lint
lint: $(READY)  ## Fail on style and on suspicious code (make format mends what can be mended)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: format
format: $(READY)  ## Format the code, and mend what the linter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: $(READY) $(PYRIGHT)  ## Check the types, strictly, with mypy and pyright; fail if users would miss one
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python scripts/verify_types.py

.PHONY: api-check
api-check: $(READY) $(PYRIGHT)  ## Fail if what worked with the last release would break
	$(BIN)/python scripts/check_api.py

.PHONY: imports
imports: $(READY)  ## Fail if a module imports what is above it, or crosses a border
	$(BIN)/lint-imports

.PHONY: build
build: $(READY)  ## Build the sdist, and the wheel from it, into dist/, twice the same; look into them, try the wheel
	rm -rf dist build/again
	$(BIN)/python -m build --no-isolation
	TZ=Asia/Tokyo PYTHONHASHSEED=1 $(BIN)/python -m build --no-isolation --outdir build/again
	$(BIN)/python scripts/inspect_dist.py dist build/again $(if $(TAG),--tag $(TAG))
	$(BIN)/python scripts/try_wheel.py dist

.PHONY: lock
lock: $(READY)  ## Write the pins in scripts/requirements/ anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev --extra cli --extra testing pyproject.toml --output-file scripts/requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group airflow --extra airflow --extra testing pyproject.toml --output-file scripts/requirements/airflow.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group check pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/check.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group workflows pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/workflows.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group bench pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group docs --extra testing pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/docs.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--resolution lowest-direct --extra cli --extra testing pyproject.toml --output-file scripts/requirements/lowest.txt
	for group in schemathesis official; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--group pyproject.toml:$$group --output-file scripts/requirements/$$group.txt || exit 1; done

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

OLD ?= HEAD
NEW ?= openapi/baseten.json
# Handed over as they are: a shell must not read them.
export FROM OLD NEW

.PHONY: refresh-spec
refresh-spec: $(READY)  ## Take what Baseten publishes now, all or nothing (FROM=page, folder, spec or address)
	$(BIN)/python scripts/refresh_spec.py "$$FROM"

.PHONY: describe-spec-change
describe-spec-change: $(READY)  ## Say what changed and what it means (OLD=, NEW=revision or file; FORMAT=markdown, json)
	@$(BIN)/python scripts/describe_spec_change.py $(if $(FORMAT),--format $(FORMAT)) "$$OLD" "$$NEW"

.PHONY: lint-workflows
lint-workflows: $(WORKFLOWS)  ## Fail on what is wrong or unsafe in .github, without a network
	$(BIN)/zizmor --offline --quiet --pedantic .github/workflows
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
