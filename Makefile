# The commands of the book. `make` or `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Packages are pinned, so pip's remarks about newer ones are of no use.
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# The packages that the pinned ones need are pinned too; `make book CONSTRAINTS=` takes the newest.
CONSTRAINTS := -c constraints.txt
BUILD  := $(BIN)/jupyter-book build .
STRICT := -W -n --keep-going
AUDIT  := tests/audit
BENCH  := .venv-bench

# What `make quick` runs: the files that take seconds.
QUICK  := $(addprefix tests/test_,$(addsuffix .py,annealed checks conventions data dependencies \
	files heun_corrector implicit langevin likelihood matching measured metrics mixture \
	networks noise orders sde slices solvers)) tests/derivations/test_mechanism.py

# The files that hold tests which run alone: to load all the others takes as long as these tests.
ALONE  = $(shell grep -rl --include='test_*.py' mark.alone tests)

# `make test CI=true`: a browser test that cannot run fails instead of being skipped.
export CI
export PYTHONPATH := $(CURDIR)
# Hundreds of processes import the package and the extension: compiled once, whatever was set.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help book pdf test quick nightly audit bench check format constraints index chapter clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(VENV)/book.stamp ## build the book strictly: _build/html/index.html
	$(BUILD) $(STRICT)

pdf: $(VENV)/tests.stamp book ## print the book to _build/score-lab.pdf: make pdf PRINT='--paper Letter --no-solutions'
	$(BIN)/python book/printed.py $(PRINT)

test: $(VENV)/tests.stamp book ## build the book strictly, then run the tests of a day
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not alone and not nightly'
	$(BIN)/python -m pytest -m 'alone and not nightly' $(ALONE)

quick: $(VENV)/tests.stamp ## test the mathematics while you edit: no book, no browser
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not alone and not nightly and not long' $(QUICK)

nightly: $(VENV)/tests.stamp book ## build the book strictly, then run every test there is
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not alone'
	$(BIN)/python -m pytest -m alone $(ALONE)

audit: $(AUDIT)/node_modules/.package-lock.json book ## Lighthouse and axe on every page, worst first: make audit ARGS='--runs 3 denoising'
	PYTHONPATH=tests $(BIN)/python -m audit $(ARGS)

bench: $(BENCH)/stamp ## time samplers and training against peers: make bench ARGS='--only samplers --rounds 5'
	PYTHONPATH=tests $(BENCH)/bin/python -m bench $(ARGS)

check: $(VENV)/tests.stamp ## check format, lint, the workflow and the citation file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/book.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

format: $(VENV)/tests.stamp ## format, and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: $(VENV)/bin/python ## pin all that the requirements need, anew: constraints.txt
	@mkdir -p _build
	$(PIP) install --dry-run --ignore-installed --report _build/resolved.json \
		-r requirements.txt -r tests/requirements.txt
	$(BIN)/python .ci/constraints.py _build/resolved.json constraints.txt

index: $(VENV)/book.stamp ## note which chapter has which exercises: scorelab/exercises/index.json
	$(BIN)/python .ci/exercises.py

chapter: $(VENV)/book.stamp ## build one chapter while you write it: make chapter C=langevin/mixture
	@test -f 'book/$(C).md' || { echo 'usage: make chapter C=langevin/mixture' >&2; exit 2; }
	@mkdir -p _build/chapter
	@printf 'format: jb-book\nroot: book/%s\n' '$(C)' > _build/chapter/_toc.yml
	$(BUILD) --toc _build/chapter/_toc.yml --path-output _build/chapter
	@echo 'Open _build/chapter/_build/html/book/$(C).html'

clean: ## remove what was built; the environment stays
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .benchmarks .coverage htmlcov

# The environment, made once, and brought up to date when a list of requirements changes.

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/book.stamp: requirements.txt constraints.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install $(CONSTRAINTS) -r requirements.txt
	@touch $@

$(VENV)/tests.stamp: tests/requirements.txt $(VENV)/book.stamp
	$(PIP) install $(CONSTRAINTS) -r tests/requirements.txt
	@touch $@

$(BENCH)/stamp: tests/bench/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	PYTHONPATH= $(BENCH)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

$(AUDIT)/node_modules/.package-lock.json: $(AUDIT)/package-lock.json
	npm ci --prefix $(AUDIT) --no-audit --no-fund
	@touch $@
