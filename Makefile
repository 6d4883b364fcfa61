.DEFAULT_GOAL := help
# 3.11 is the oldest supported version. To use a newer one: make PYTHON=python3.13 test
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
PYRIGHT := .venv/.pyright
WORKFLOWS := .venv/.workflows

# Otherwise every process that a test starts would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

# The timestamp in built files is that of the last commit, so that builds are reproducible.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1577836800)

.PHONY: help
help:  ## Show this help
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
demo: $(READY)  ## Run the demo: promote a chain, cancel a promotion, let a guard take one back, against a fake
	$(BIN)/python scripts/demo.py

.PHONY: recording
recording: $(READY)  ## Record the command line in a terminal (pictures and animation in docs/), against a fake Baseten
	$(BIN)/python scripts/record_cli.py

.PHONY: picture
picture: $(READY)  ## Draw docs/promotion.svg: a healthy promotion, seen by three ways of waiting
	$(BIN)/python scripts/draw_promotion.py
	$(BIN)/python scripts/draw_guard.py

.PHONY: test
test: $(READY)  ## Run the tests (PYTEST='-k word' for some)
	$(BIN)/python -m pytest -n auto $(PYTEST)

.PHONY: test-thorough
test-thorough: $(READY)  ## Run all tests, with many more examples, cancelled calls and a full-size spec (minutes)
	HYPOTHESIS_PROFILE=thorough CANCELLATIONS=10000 $(BIN)/python -m pytest -n auto -m "" --timeout 900 $(PYTEST)

.PHONY: test-slow
test-slow: $(READY)  ## Run only the slow tests, with as few examples as in make test
	$(BIN)/python -m pytest -n auto -m thorough $(PYTEST)

# Users' interpreters differ: some warn of everything, and some write ASCII only.
IN_USERS_PYTHON := $(BIN)/python -m pytest -n auto tests/cli tests/promoting tests/sending tests/waiting

.PHONY: test-dev-ascii
test-dev-ascii: $(READY)  ## Run the tests of calls, waits and the command in development mode, then in an ASCII locale
	PYTHONDEVMODE=1 $(IN_USERS_PYTHON) $(PYTEST)
	PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 LC_ALL=C $(IN_USERS_PYTHON) $(PYTEST)

.PHONY: test-wheel
test-wheel: $(READY)  ## Run some tests against the built wheel, without the sources
	rm -rf build/wheel
	$(BIN)/python -m build --no-isolation --wheel --outdir build/wheel
	$(BIN)/python scripts/test_wheel.py build/wheel $(PYTEST)

.PHONY: coverage
coverage: $(READY)  ## Run the tests, and list the lines of src/ that no test runs
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -n auto $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: test-compat
test-compat:  ## Run the tests with the oldest, then the newest supported dependencies (PYTHON=python3.13)
	$(PYTHON) scripts/test_compat.py $(PYTEST)

.PHONY: soak
soak: $(READY)  ## Run 1,000 waits through an hour of faults (minutes), and check their outcomes
	$(BIN)/python -m pytest tests/soak/soak_waits.py $(PYTEST)

# Each tool has its own environment, so that their dependencies do not conflict.
.venv-%/.ready: scripts/requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: test-schemathesis
test-schemathesis: $(READY) .venv-schemathesis/.ready  ## Search the fake for errors with schemathesis, over HTTP
	@mkdir -p build
	$(BIN)/python -m tests.contract.with_refusals > build/with_refusals.json
	$(BIN)/python tests/contract/with_fake.py --speed 20 -- sh -c '.venv-schemathesis/bin/st \
		--config-file tests/contract/schemathesis.toml run build/with_refusals.json --generation-database none \
		--url "$$BASETEN_BASE_URL" --header "Authorization: Api-Key $$BASETEN_API_KEY" --max-examples 40'

.PHONY: test-official
test-official: $(READY) .venv-official/.ready  ## Run the official client against the fake, over HTTP
	$(BIN)/python tests/contract/with_fake.py --speed 200 --behaviour chain_environment_list=model -- \
		.venv-official/bin/python tests/contract/official.py

# Airflow creates a home folder, by default ~/airflow. Keep it in build/, away from your own settings.
AIRFLOW := AIRFLOW_HOME=$(CURDIR)/build/airflow .venv-airflow/bin/python
AIRFLOW_READY := .venv-airflow/.editable

$(AIRFLOW_READY): .venv-airflow/.ready pyproject.toml
	.venv-airflow/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test-airflow
test-airflow: test-airflow-quick test-airflow-processes  ## Test the Airflow provider: types, tests, and tests with real Airflow processes

.PHONY: test-airflow-quick
test-airflow-quick: types-airflow  ## Test the Airflow provider without Airflow processes
	$(AIRFLOW) -m pytest -c tests/airflow/pytest.ini -m "not processes" $(PYTEST) tests/airflow

.PHONY: test-airflow-processes
test-airflow-processes: $(AIRFLOW_READY)  ## Run the documented DAGs, kill processes, run 500 waits, on SQLite and Postgres (half an hour)
	$(AIRFLOW) -m pytest -c tests/airflow/pytest.ini -m processes $(PYTEST) tests/airflow

.PHONY: types-airflow
types-airflow: $(AIRFLOW_READY)  ## Check the types of the Airflow provider with mypy
	$(AIRFLOW) -m mypy src/aiobaseten/airflow/*.py tests/airflow/*.py

.PHONY: check
check: $(READY)  ## Run all checks of CI in the same order, and explain each failure (CHECKS='lint types' for some)
	$(BIN)/python scripts/check.py $(CHECKS)

.PHONY: docs
docs: .venv-docs/.ready  ## Build the documentation into build/docs, and check the result
	PYTHONPATH=src:generated .venv-docs/bin/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --fresh-env \
		--doctree-dir build/doctrees docs build/docs
	PYTHONPATH=src:generated .venv-docs/bin/python -m pytest --quiet -c /dev/null --rootdir . --noconftest tests/docs/built.py

.PHONY: docs-looks
docs-looks:  ## Check the built pages in Chromium, on a phone and a desktop, and take screenshots into build/looks
	$(PYTHON) scripts/check_pages.py --screenshots build/looks

.PHONY: bench
bench: $(READY) .venv-bench/.ready  ## Compare our performance with others, into build/bench.json (BENCH='calls memory' for some parts)
	@mkdir -p build/bench
	cd build/bench && PATH=$(CURDIR)/$(BIN):$$PATH openapi-python-client generate --overwrite --meta none \
		--path $(CURDIR)/openapi/baseten.json --output-path generated_default
	PYTHONPATH=src:generated:scripts .venv-bench/bin/python -m bench $(BENCH)

.PHONY: bench-compare
bench-compare: $(READY)  ## Compare build/bench.json with an earlier one (OLD=path), and fail if a figure got over its limit
	@PYTHONPATH=scripts $(BIN)/python -m bench.compare "$$OLD"

.PHONY: bench-plots
bench-plots: $(READY)  ## Update the figures and plots of docs/performance.md from build/bench.json
	PYTHONPATH=scripts $(BIN)/python -m bench.plots

.PHONY: lint
lint: $(READY)  ## Check style and suspicious code (make format fixes what can be fixed automatically)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: format
format: $(READY)  ## Format the code, and apply the linter's automatic fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: $(READY) $(PYRIGHT)  ## Check the types strictly with mypy and pyright, and that every public name has a type
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python scripts/verify_types.py
	$(BIN)/python scripts/verify_examples.py

.PHONY: api-check
api-check: $(READY) $(PYRIGHT)  ## Fail if the API is incompatible with the last release
	$(BIN)/python scripts/check_api.py

.PHONY: imports
imports: $(READY)  ## Fail on imports that the floors or borders in pyproject.toml forbid
	$(BIN)/lint-imports

.PHONY: build
build: $(READY)  ## Build sdist and wheel into dist/, compare two builds, check the contents, try the wheel
	rm -rf dist build/again
	$(BIN)/python -m build --no-isolation
	TZ=Asia/Tokyo PYTHONHASHSEED=1 $(BIN)/python -m build --no-isolation --outdir build/again
	$(BIN)/python scripts/inspect_dist.py dist build/again $(if $(TAG),--tag $(TAG))
	$(BIN)/python scripts/try_wheel.py dist

.PHONY: lock
lock: $(READY)  ## Update the pins in scripts/requirements/ from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev --extra aiohttp --extra cli --extra testing pyproject.toml --output-file scripts/requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group airflow --extra airflow --extra testing pyproject.toml --output-file scripts/requirements/airflow.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group check pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/check.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group workflows pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/workflows.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group bench --extra aiohttp pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group docs --extra testing pyproject.toml --constraint scripts/requirements/dev.txt --output-file scripts/requirements/docs.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--resolution lowest-direct --extra aiohttp --extra cli --extra testing pyproject.toml --output-file scripts/requirements/lowest.txt
	for group in schemathesis official; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--group pyproject.toml:$$group --output-file scripts/requirements/$$group.txt || exit 1; done

.PHONY: spec
spec: $(READY)  ## Build openapi/baseten.json from Baseten's endpoint files and our overlay
	$(BIN)/python scripts/build_spec.py

.PHONY: spec-check
spec-check: $(READY)  ## Fail if openapi/baseten.json is out of date
	$(BIN)/python scripts/build_spec.py --check

.PHONY: generate
generate: spec  ## Build openapi/baseten.json, and generate generated/ from it
	$(BIN)/python scripts/generate.py

.PHONY: generate-check
generate-check: spec-check  ## Fail if generated/ is out of date
	$(BIN)/python scripts/generate.py --check

OLD ?= HEAD
NEW ?= openapi/baseten.json
# Passed as environment variables, so that no shell interprets them; and as they are, without make's own expansion.
override FROM := $(value FROM)
override OLD := $(value OLD)
override NEW := $(value NEW)
override SPEC := $(value SPEC)
override FORMAT := $(value FORMAT)
override PACKAGE := $(value PACKAGE)
override INTO := $(value INTO)
override ONLY := $(value ONLY)
export FROM OLD NEW SPEC FORMAT PACKAGE INTO ONLY

.PHONY: refresh-spec
refresh-spec: $(READY)  ## Update from Baseten's published spec, all or nothing (FROM=page, folder, spec or address)
	$(BIN)/python scripts/refresh_spec.py "$$FROM"

.PHONY: check-words
check-words: $(READY)  ## Compare what we wrote in openapi/ with a published spec (SPEC=path of a whole spec)
	@$(BIN)/python scripts/check_words.py "$$SPEC"

.PHONY: vendor
vendor: $(READY)  ## Generate a package of all operations for Baseten.send (SPEC=, PACKAGE=name, INTO=folder, ONLY=path)
	@$(BIN)/python scripts/vendor.py "$$SPEC" --package "$$PACKAGE" --into "$$INTO" --only "$$ONLY"

.PHONY: describe-spec-change
describe-spec-change: $(READY)  ## Describe a spec change and its meaning (OLD=, NEW=revision or file; FORMAT=markdown, json)
	@$(BIN)/python scripts/describe_spec_change.py $${FORMAT:+--format "$$FORMAT"} "$$OLD" "$$NEW"

.PHONY: lint-workflows
lint-workflows: $(WORKFLOWS)  ## Check the workflows and issue forms in .github for errors and security risks, offline
	$(BIN)/zizmor --offline --quiet --pedantic .github/workflows .github/actions
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
