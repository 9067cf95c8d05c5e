# `make build` and `make test` set up everything on a machine that has Python >= 3.11 and make.
PYTHON ?= python3
DB ?= regulars.duckdb
OUT ?= outputs
DATA ?=
VARS ?= {}
SIZES ?= 1 10
FOLDER ?= bench

BIN := .venv/bin
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup build serve test test-heavy lint format docs bench bench-scale test-duckdb2 test-spark test-sail clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: .venv/ready ## make the virtual environment .venv (build and test do it too)

build: .venv/ready ## build everything from DATA=path (default: the sample shop), publish to DB=path, export to OUT=folder; VARS='{...}'
	$(BIN)/regulars build $(foreach path,$(DATA),--data '$(path)') --db '$(DB)' --out '$(OUT)' --vars '$(VARS)'

serve: .venv/ready ## show the published database in a browser: 127.0.0.1:8000 (after make build)
	$(BIN)/regulars serve --db '$(DB)'

test: .venv/ready ## run the tests (those on real data if REGULARS_REAL_DATA names its folder)
	$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-heavy: .venv/ready ## run the tests that take minutes: shops of 50 to 1,000 customers, each built whole
	REGULARS_HEAVY=1 $(BIN)/python -m pytest -q -m heavy

lint: .venv/ready-dev ## check format, style and architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfmt --check models macros tests/singular tests/generic analyses
	$(BIN)/sqlfluff lint models analyses --processes 0
	$(BIN)/lint-imports

format: .venv/ready-dev ## format Python and SQL
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/sqlfmt models macros tests/singular tests/generic analyses

docs: .venv/ready ## write the documentation with lineage to target/static_index.html (after make build)
	REGULARS_WAREHOUSE='$(basename $(DB))_warehouse.duckdb' $(BIN)/dbt docs generate --static --profiles-dir .

bench: .venv/ready-dev ## measure time and memory, write docs/benchmarks.md
	$(BIN)/python tests/bench/bench.py

bench-scale: .venv/ready-dev ## measure shops of SIZES="1 10" million lines in FOLDER, write docs/benchmarks_scale.md
	$(BIN)/python -m tests.bench.scale $(SIZES) --folder '$(FOLDER)'

test-duckdb2: .venv/ready ## run the tests on DuckDB 2.0 in an environment of its own
	$(PYTHON) -m venv .venv-duckdb2
	grep -v '^duckdb==' requirements.txt > .venv-duckdb2/requirements.txt
	.venv-duckdb2/bin/pip install --quiet --disable-pip-version-check -r .venv-duckdb2/requirements.txt 'duckdb==2.0.0'
	.venv-duckdb2/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	.venv-duckdb2/bin/python -m pytest -q

.venv-spark/ready: requirements-spark.txt pyproject.toml
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/pip install --quiet --disable-pip-version-check -r requirements-spark.txt
	.venv-spark/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-spark: .venv-spark/ready ## build on Apache Spark (Java 17) in an environment of its own, compare every table with DuckDB's
	.venv-spark/bin/python -m pytest -q tests/spark -m 'not sail'

.venv-sail/ready: requirements-spark.txt pyproject.toml
	$(PYTHON) -m venv .venv-sail
	grep -vE '^(pyspark|py4j)==' requirements-spark.txt > .venv-sail/requirements.txt
	.venv-sail/bin/pip install --quiet --disable-pip-version-check -r .venv-sail/requirements.txt 'pyspark-client==4.1.3'
	.venv-sail/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-sail: .venv-sail/ready ## the same on Sail, a stand-in for Spark without Java, as far as it goes
	.venv-sail/bin/python -m pytest -q tests/spark -m sail

clean: ## remove the environments, builds and databases made here
	rm -rf .venv .venv-duckdb2 .venv-spark .venv-sail spark_warehouse target logs .pytest_cache .ruff_cache .hypothesis
	rm -f regulars.duckdb regulars_warehouse.duckdb warehouse.duckdb
