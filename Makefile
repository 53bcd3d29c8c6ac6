# One short target per habit. Each makes what it needs first (a virtual environment named after the Python,
# the package in it), so all of them work in a fresh clone; nothing is made twice.
#
#   make demo      a bokeh-server with live plots: open the links it prints, Ctrl-C stops it
#   make check     lint, types and the tests that start nothing, for while you work
#   make test      lint, types and every test; what CI runs
#   make lint      ruff: the rules and the format          make types   mypy --strict
#   make test-full the same with all that tests at random try: a quarter of an hour more
#   make pytest    every test, one after the other: make pytest ARGS="tests/browser -k drag"
#   make test-other  what another Python or the Bokeh that it gets can change
#   make bench     benchmarks, peers side by side          make browser bundle the page's client again
#   make plots     the picture of what bench measured
#   make campaign  scripts and servers killed at random, 300 times; each server and framework of docs/deploy.md
#   make test-debug  the data plane's tests on kernels that check every index
#   make docs      check the docs and take their pictures  make clean   forget everything that was made
#
# Another Python: make test PYTHON=python3.12

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifeq ($(VERSION),)
$(error $(PYTHON) does not run: say which Python to use, as in: make test PYTHON=python3.12)
endif
VENV := .venv-$(VERSION)
EXTRA := test
CHECKED := build/checked
BIN := $(VENV)/bin
BUILT_FROM := pyproject.toml setup.py $(wildcard build_tools/*.py) $(shell find bokeh_wsgi -name '*.pyx')
BROWSER := $(shell find browser -type f -not -path '*/node_modules/*' -not -path 'browser/build/*')
# PYTHONPATH and the like would hide packaging mistakes.
unexport PYTHONPATH PYTHONHOME
# Each of some hundred programs that the tests start would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

# Two at once, each of which says at its end what it did; with output as it comes, nobody could read it.
TWO := --no-print-directory --keep-going --jobs=2 --output-sync=target
# Two workers: while one waits, the other works.
PYTEST := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

.PHONY: demo check check-tests test test-full campaign campaign-run test-other test-debug lint types pytest bench plots browser docs chromium clean
.PHONY: with-browser without-browser other-with-browser other-without-browser
.DELETE_ON_ERROR:

demo: $(VENV)/demo.stamp
	@exec $(BIN)/python examples/demo.py $(ARGS)

check: $(VENV)/test.stamp
	@$(MAKE) $(TWO) check-tests lint types

check-tests:
	BOKEH_WSGI_QUICK=1 $(PYTEST) -q -m "not browser and not process" $(ARGS)

# Chromium's tests take about as long as all others.
test: $(VENV)/test.stamp chromium
	@$(MAKE) $(TWO) with-browser lint types without-browser

test-full:
	BOKEH_WSGI_FULL=1 $(MAKE) test ARGS="-o faulthandler_timeout=7200"

# In an environment of its own: the servers bring much with them.
campaign:
	@$(MAKE) --no-print-directory VENV=$(VENV)-campaign EXTRA=campaign campaign-run

campaign-run: $(VENV)/test.stamp
	BOKEH_WSGI_FULL=1 $(PYTEST) tests/servers $(ARGS)
	$(BIN)/python -m tests.campaign

with-browser:
	$(PYTEST) -m browser $(ARGS)

without-browser:
	$(PYTEST) -m "not browser" $(ARGS)
	$(BIN)/python -m pytest -q benchmarks

test-other: $(VENV)/test.stamp chromium
	@BOKEH_WSGI_SECOND=1 $(MAKE) $(TWO) other-with-browser other-without-browser

other-with-browser:
	$(PYTEST) -m "browser and bokeh" $(ARGS)

other-without-browser:
	$(PYTEST) -m "(bokeh or python) and not browser" $(ARGS)
	$(BIN)/python -m pytest -q benchmarks

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/test.stamp
	$(BIN)/mypy

pytest: $(VENV)/test.stamp chromium
	$(PYTEST) --numprocesses=0 $(ARGS)
	$(BIN)/python -m pytest -q benchmarks

# In a folder of its own, so that the normal build stays as it is.
test-debug: $(VENV)/test.stamp
	@rm -rf $(CHECKED) && mkdir -p $(CHECKED)
	@cp -r bokeh_wsgi build_tools tests conftest.py pyproject.toml setup.py README.md LICENSE $(CHECKED)
	@find $(CHECKED)/bokeh_wsgi -name '*.so' -delete
	cd $(CHECKED) && BOKEH_WSGI_CHECKED=1 CFLAGS="-O0 -g0" $(abspath $(BIN))/python setup.py --quiet build_ext --inplace
	cd $(CHECKED) && BOKEH_WSGI_CHECKED=1 $(abspath $(BIN))/python -m pytest -q tests/dataplane $(ARGS)

bench: $(VENV)/test.stamp
	@mkdir -p build
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only --benchmark-sort=name \
	    --benchmark-json=build/bench.json $(ARGS)

browser: $(VENV)/test.stamp
	$(BIN)/python -m build_tools

plots: $(VENV)/test.stamp chromium
	$(BIN)/python docs/plot_performance.py

docs: $(VENV)/test.stamp chromium
	$(BIN)/python -m pytest tests/test_docs.py
	$(BIN)/python docs/take_picture.py
	PYTHONPATH=. $(BIN)/python docs/take_interaction_pictures.py

chromium:
	@sh .ci/chromium

clean:
	rm -rf build dist .venv-* *.egg-info bokeh_wsgi/static .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find bokeh_wsgi -name '*.so' -delete

$(VENV)/demo.stamp: $(BUILT_FROM) $(BROWSER) | $(BIN)/python
	@echo "Installing into $(VENV): a minute or two, once"
	@$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/test.stamp: $(BUILT_FROM) $(BROWSER) | $(BIN)/python
	@echo "Installing into $(VENV) with all that the tests need: a minute or two, once"
	@$(BIN)/python -m pip install --quiet --editable '.[$(EXTRA)]' $$($(PYTHON) -m build_tools.node)
	@touch $@ $(VENV)/demo.stamp

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("bokeh_wsgi needs Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV)
