# Every target makes what it needs: uv in .venv, pinned dependencies, control-plane binaries.
# Bare `make` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
UV_VERSION := 0.13.9
# Wheels are linked from uv's cache, so a second environment costs seconds and no disk.
INSTALL := $(UV) pip install --quiet --require-hashes --requirement
EDITABLE := $(UV) pip install --quiet --no-deps --editable .
RLAUTOSCALER := $(BIN)/rlautoscaler
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-cluster check format crds model lock benchmark conformance clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## Three minutes on a real control plane: learned policy and HPA side by side (ARGS="--keep")
	@$(RLAUTOSCALER) demo --png demo.png $(ARGS)

test: $(VENV)/.dev ## All tests: the brain, the body, and the suite on a real API server
	@$(RLAUTOSCALER) sandbox build
	@$(BIN)/pytest $(ARGS)

test-unit: $(VENV)/.dev ## Only what needs no API server
	@$(BIN)/pytest -m "not cluster" $(ARGS)

test-cluster: $(VENV)/.dev ## Only what runs on a real API server
	@$(RLAUTOSCALER) sandbox build
	@$(BIN)/pytest -m cluster $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the code into shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

crds: $(VENV)/.demo ## Write crds/rlautoscalers.yaml from the models
	@$(RLAUTOSCALER) crd > crds/rlautoscalers.yaml

model: $(VENV)/.dev ## Train the shipped PPO model anew, from its seed
	@OMP_NUM_THREADS=1 $(RLAUTOSCALER) train --out agents/rlagents/policies/builtin/ppo.safetensors $(ARGS)

benchmark: $(VENV)/.demo ## 1,000 autoscalers on the sandbox: queries and time per tick, writes per minute, memory
	@$(RLAUTOSCALER) evaluate speed $(ARGS)

conformance: $(VENV)/.demo ## The baseline beside the cluster's own HPA controller, four minutes; writes the table of docs/baseline.md
	@$(RLAUTOSCALER) evaluate conformance --markdown docs/baseline.md $(ARGS)

lock: $(UV) ## Resolve the pinned dependencies anew
	$(UV) pip compile --quiet --upgrade pyproject.toml --extra report --generate-hashes --no-annotate --no-header -o requirements/demo.txt
	$(UV) pip compile --quiet --upgrade pyproject.toml --extra report --extra train --group dev --generate-hashes --no-annotate --no-header -o requirements/dev.txt

clean: ## Remove the environment and caches (not the control-plane binaries)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

$(UV):
	@echo "Making the environment in $(VENV) (a few seconds) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.11 or the like."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install uv==$(UV_VERSION)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(UV)
	@echo "Installing pinned dependencies (about 10 seconds; no torch) ..."
	@$(INSTALL) requirements/demo.txt
	@$(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(UV)
	@echo "Installing pinned dependencies with torch and the test tools (about a minute the first time, 5 GB) ..."
	@$(INSTALL) requirements/dev.txt
	@$(EDITABLE)
	@touch $@ $(VENV)/.demo
