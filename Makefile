# `make report` and `make test` set up what they need. What a person does with an experiment is a subcommand of
# .venv/bin/finetune-report (docs/commands.md); the targets of the same names set up and call it.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CONFIG ?= config.yaml
COMMAND := $(BIN)/python -m finetune_report.cli
# Through the environment, and quoted there: a name may hold spaces and quotes.
export CONFIG NAME DATA KEY FILE A B

.DEFAULT_GOAL := help
.PHONY: help report final draft plan check new why verify mutate diff replay cluster fetch test test-cluster lint format \
  lock bench clean predict

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Another experiment: make report CONFIG=config/other.yaml"

report: $(READY) ## run what is not up to date and build the write-up
	@$(COMMAND) run --config "$$CONFIG" -- $(ARGS)

final: $(READY) ## the same, but fail if there are unresolved findings
	@$(COMMAND) final --config "$$CONFIG" -- $(ARGS)

draft: $(READY) ## write up what has finished, and say what is missing
	@$(COMMAND) draft --config "$$CONFIG" -- $(ARGS)

plan: $(READY) ## say what would run, and why
	@$(COMMAND) plan --config "$$CONFIG" -- $(ARGS)

check: $(READY) ## check a config and the files that it names
	@$(COMMAND) check --config "$$CONFIG"

cluster: $(READY) .venv/slurm ## the same as report, its heavy steps as jobs of a Slurm cluster (docs/cluster.md)
	@$(COMMAND) cluster --config "$$CONFIG" -- $(ARGS)

fetch: $(READY) ## download data and model, for jobs without internet
	@$(COMMAND) fetch --config "$$CONFIG" -- $(ARGS)

new: $(READY) ## set up your own experiment: make new NAME=my-topic DATA=file-or-folder
	@$(COMMAND) new "$$NAME" $${DATA:+--data "$$DATA"} $(ARGS)

why: $(READY) ## trace a value to its source: make why KEY=winner.test.accuracy
	@$(COMMAND) why "$$KEY" --config "$$CONFIG" $(ARGS)

predict: $(READY) ## predict the classes of new texts: make predict DATA=new-texts.csv
	@$(COMMAND) predict "$$DATA" --config "$$CONFIG" $(ARGS)

verify: $(READY) ## verify a report by this checkout: make verify FILE=results/reviews/write-up.pdf
	@$(COMMAND) verify "$$FILE" $(if $(filter command line,$(origin CONFIG)),--config "$$CONFIG") $(ARGS)

mutate: $(READY) ## falsify results and see that the report notices
	@$(COMMAND) mutate --config "$$CONFIG" $(ARGS)

diff: $(READY) ## what changed between two builds, and why: make diff A=old/results B=results/reviews
	@$(COMMAND) diff "$$A" "$$B" $(ARGS)

replay: $(READY) ## train one run again and compare it bit by bit
	@$(COMMAND) replay --config "$$CONFIG" $(ARGS)

test: $(READY) lint ## lint, types, unit tests, and a small experiment from end to end
	@$(BIN)/python -m pytest -n 2 $(ARGS)

test-cluster: .venv/slurm ## the small experiment on a real Slurm of one node (root, slurm-wlm and munge needed)
	@$(BIN)/python -m pytest tests/cluster $(ARGS)

lint: $(READY) ## check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile study.smk rules
	@$(BIN)/mypy src scripts

format: $(READY) ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/snakefmt Snakefile study.smk rules

lock: ## resolve pyproject.toml again into requirements.lock
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	print('\n'.join(p['dependencies'] + p['optional-dependencies']['dev']))" > .venv-lock/asked.txt
	@.venv-lock/bin/pip install --quiet torch==2.13.0 && .venv-lock/bin/pip install --quiet -r .venv-lock/asked.txt
	@# The CUDA packages follow from torch where its build wants them; naming them would break machines without.
	@.venv-lock/bin/pip freeze | sed 's/+cpu$$//' | grep -viE '^(nvidia-|cuda-|triton)' > requirements.lock
	@rm -rf .venv-lock

bench: $(READY) ## compare training and its outcome with transformers.Trainer, memory, and (after make report) the author's loop
	@$(BIN)/python benchmarks/training.py
	@$(BIN)/python benchmarks/accuracy.py
	@$(BIN)/python benchmarks/memory.py
	@$(BIN)/python benchmarks/loop.py --config "$$CONFIG"

clean: ## remove the environment; results stay
	@rm -rf .venv

.venv/slurm: requirements-slurm.txt $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-slurm.txt
	@touch $@

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, \
	and $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test ! -L .venv || { echo ".venv is a link to $$(readlink .venv); setting it up would empty that folder. \
	Remove the link, or run what you need by the environment it points to." >&2; exit 1; }
	@echo "Setting up .venv from requirements.lock (once; a few minutes) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@# Editable: what runs is the code of this checkout.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
