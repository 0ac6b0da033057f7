# `make report` and `make test` set up what they need; everything else is for later.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CONFIG ?= config.yaml
# Progress bars on a terminal; in a log file, plain lines. --nolock ends the list of config files: a target may follow.
SNAKEMAKE = $(BIN)/snakemake --configfile $(CONFIG) $(BESIDE) $$(test -t 1 && echo --logger rich) --nolock
RESULTS = results/$$(sed -n 's/^name: *["'"'"']\{0,1\}\([a-z0-9-]*\).*/\1/p' $(CONFIG))
WHERE = echo "The write-up: $(RESULTS)/write-up.pdf and $(RESULTS)/write-up.html"

.DEFAULT_GOAL := help
.PHONY: help report final draft plan new why verify mutate diff replay cluster fetch test test-cluster lint format lock bench clean
COMMAND = @PYTHONPATH=scripts $(BIN)/python -m commands
CHECKED = $(COMMAND).check_config $(CONFIG)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Another experiment: make report CONFIG=config/other.yaml"

report: $(READY) ## run what is not up to date and build the write-up
	$(CHECKED)
	@$(SNAKEMAKE) $(ARGS)
	@$(WHERE)

final: $(READY) ## the same, but refuse while anything stands against the write-up
	$(CHECKED)
	@$(SNAKEMAKE) $(ARGS) final
	@$(WHERE)

draft: BESIDE = profiles/draft.yaml
draft: $(READY) ## write up what has finished, and say what is missing
	$(CHECKED)
	@$(SNAKEMAKE) $(ARGS)
	@$(WHERE)

cluster: $(READY) .venv/slurm ## the same as report, its heavy steps as jobs of a Slurm cluster (docs/cluster.md)
	$(CHECKED)
	@HF_HUB_OFFLINE=1 $(BIN)/snakemake --workflow-profile profiles/slurm --configfile $(CONFIG) --nolock $(ARGS)
	@$(WHERE)

fetch: $(READY) ## bring data and model here, for jobs that have no internet
	$(CHECKED)
	@$(SNAKEMAKE) $(ARGS) fetch
	@echo "Data and model are here. The next step: make cluster CONFIG=$(CONFIG)"

plan: $(READY) ## say what would run, and why
	$(CHECKED)
	@$(BIN)/snakemake --configfile $(CONFIG) --dry-run $(ARGS)

new: $(READY) ## set up your own experiment: make new NAME=my-topic DATA=file-or-folder
	$(COMMAND).new "$(NAME)" $(if $(DATA),--data "$(DATA)") $(ARGS)

why: $(READY) ## the way back for a value: make why KEY=winner.test.accuracy
	$(COMMAND).why "$(KEY)" --config $(CONFIG)

verify: $(READY) ## hash again all that a report names: make verify FILE=results/reviews/write-up.pdf
	$(COMMAND).verify "$(FILE)" $(ARGS)

mutate: $(READY) ## falsify each result of a finished report and see that it is noticed
	$(COMMAND).mutate --config $(CONFIG) $(ARGS)

diff: $(READY) ## what changed between two builds, and why: make diff A=old/results B=results/reviews
	$(COMMAND).diff "$(A)" "$(B)" $(ARGS)

replay: $(READY) ## train one run again and compare it bit by bit with the stored one
	$(COMMAND).replay $(CONFIG) $(ARGS)

test: $(READY) lint ## lint, types, unit tests, and a small experiment from end to end
	@$(BIN)/python -m pytest -n 2 $(ARGS)

test-cluster: .venv/slurm ## the small experiment on a real Slurm of one node (root, slurm-wlm and munge needed)
	@$(BIN)/python -m pytest tests/cluster $(ARGS)

lint: $(READY) ## check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile rules
	@$(BIN)/mypy scripts

format: $(READY) ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/snakefmt Snakefile rules

lock: ## resolve pyproject.toml anew into requirements.lock
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	print('\n'.join(p['dependencies'] + p['optional-dependencies']['dev']))" > .venv-lock/asked.txt
	@.venv-lock/bin/pip install --quiet torch==2.13.0 && .venv-lock/bin/pip install --quiet -r .venv-lock/asked.txt
	@# The CUDA packages follow from torch where its build wants them; naming them would break machines without.
	@.venv-lock/bin/pip freeze | sed 's/+cpu$$//' | grep -viE '^(nvidia-|cuda-|triton)' > requirements.lock
	@rm -rf .venv-lock

bench: $(READY) ## measure training and its outcome beside transformers.Trainer, memory, and (after make report) the author's loop
	@$(BIN)/python benchmarks/training.py
	@$(BIN)/python benchmarks/accuracy.py
	@$(BIN)/python benchmarks/memory.py
	@$(BIN)/python benchmarks/loop.py --config $(CONFIG)

clean: ## remove the environment; results stay
	@rm -rf .venv

.venv/slurm: requirements-slurm.txt $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-slurm.txt
	@touch $@

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, \
	and $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up .venv from requirements.lock (once; a few minutes) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $(READY)
