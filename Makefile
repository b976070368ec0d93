# Two commands matter: `make demo` and `make test`. Both need Python 3.11 or newer, make and a network, nothing else.

PYTHON ?= python3
BIN := .venv/bin
# The outside data of the tests and recipes; absent folders are fine, tests that need them say so and skip.
export KGPREP_DATA ?= $(if $(wildcard ../shared/data),$(abspath ../shared/data))

.DEFAULT_GOAL := help
.PHONY: help demo test slow benchmark docs lock clean

help:
	@echo "make demo   run the embedded sample from dialogues to metrics"
	@echo "make test   linter, type checker and tests"
	@echo "make slow   the long tests"
	@echo "make benchmark  speed of the hot paths beside a peer"
	@echo "make docs   write the generated pages of docs/ again"
	@echo "make lock   resolve requirements.lock again"
	@echo "make clean  remove the environment and the workspaces"

# The stamp holds the installed versions: a second call installs nothing.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kgprep needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": call make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: .venv/installed
	$(BIN)/kgprep run sample -w workspaces/sample --from build-kg

# Two workers of one thread each: threads of both on two cores would wait for each other.
test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m "not slow"

slow: .venv/installed
	$(BIN)/pytest -m slow

benchmark: .venv/installed
	$(BIN)/python -m tests.benchmarks.kg
	$(BIN)/python -m tests.benchmarks.linking
	$(BIN)/python -m tests.benchmarks.reviews
	$(BIN)/python -m tests.benchmarks.model

docs: .venv/installed
	$(BIN)/python -m kgprep.documentation docs

# torch is held at the release the project is measured on; pip adds what that build needs on the machine at hand.
lock: .venv/installed
	$(BIN)/python -m pip install --quiet pip-tools
	echo 'torch==2.13.0' > .venv/constraints.txt
	$(BIN)/pip-compile --quiet --extra dev --strip-extras --no-header --no-annotate --no-emit-find-links --no-emit-index-url \
		--constraint .venv/constraints.txt --output-file requirements.lock pyproject.toml
	sed -i.before -e 's/^torch==2.13.0+.*/torch==2.13.0/' -e '/^#/d' -e '/^$$/d' requirements.lock && rm requirements.lock.before

clean:
	rm -rf .venv workspaces
