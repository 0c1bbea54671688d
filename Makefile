# quantrac: `make demo` shows it, `make test` proves it, `make help` lists the rest.
.DEFAULT_GOAL := help
PYTHON ?= python3
DEMO := .venv/bin
TEST := .venv-test/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: .venv/installed ## run all of it on this machine with real recordings (no root, no server); Ctrl-C ends it
	@QUANTRAC_DATA=$${QUANTRAC_DATA:-var/demo} $(DEMO)/quantrac demo $(ARGS)

test: system-packages .venv-test/installed ## install what the tests need, and run them all
	$(TEST)/python -m pytest -n auto --dist loadfile $(ARGS)

soak: system-packages .venv-test/installed ## the fault tests at full size
	QUANTRAC_SOAK=1 $(TEST)/python -m pytest -m soak --timeout 1800 $(ARGS)

bench: system-packages .venv-test/installed ## measure, and print each figure beside what it is compared with
	$(TEST)/python -m bench $(ARGS)

check: .venv-test/installed ## what has to be right before the tests: format, lint, types, imports, generated files
	$(TEST)/ruff format --check .
	$(TEST)/ruff check .
	$(TEST)/mypy
	$(TEST)/lint-imports
	$(TEST)/quantrac check-config --config config
	$(TEST)/python -m service.generated check

generate: .venv-test/installed ## write all derived files again: dashboards, references, schemas, catalogue
	$(TEST)/python -m service.generated write

format: .venv-test/installed ## format and mend what the linter can
	$(TEST)/ruff format .
	$(TEST)/ruff check --fix .

lock: .venv-test/installed ## pin the newest versions that fit into constraints.txt
	$(TEST)/python -m pip install --quiet pip-tools
	$(TEST)/pip-compile --quiet --upgrade --all-extras --strip-extras --no-header --no-annotate --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --output-file constraints.txt pyproject.toml

system-packages: ## Debian's packages for the tests (asks apt only for what is missing)
	@sh tests/system-packages.sh

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "quantrac needs Python 3.11 or newer; say which with: make demo PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Making the environment in .venv (once, a minute or two) …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[demo]'
	@touch $@

.venv-test/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh tests/system-packages.sh
	@echo "Making the environment in .venv-test (once, a minute or two) …"
	@$(PYTHON) -m venv .venv-test
	@.venv-test/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,postgresql,test]'
	@touch $@

secrets: ## passwords for docker compose into ./secrets; what is there already stays
	@mkdir -p secrets/channels && chmod 700 secrets
	@for name in broker-password influxdb-password influxdb-admin-token grafana-password; do \
	  test -s secrets/$$name || head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > secrets/$$name; \
	  chmod 644 secrets/$$name; done
	@echo "secrets/ has the passwords. The folder is open to you only; the containers read single files of it."

clean: ## remove environments and caches, never data
	rm -rf .venv .venv-test .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

.PHONY: help demo test soak bench check generate format lock system-packages secrets clean
