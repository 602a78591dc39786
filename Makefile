# Everything a newcomer needs: `make run` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= scenarios/
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run plan test test-long test-clients check lint bench clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP)  ## make the environment (.venv) and install cxsim with its tools

$(STAMP): pyproject.toml constraints.txt .ci/make-venv
	@bash .ci/make-venv "$(PYTHON)" "$(VENV)"
	@touch $(STAMP)

run: $(STAMP)  ## run the scenario library, or SCENARIO=scenarios/warm-migration.yaml
	@$(BIN)/cxsim run -j 2 $(SCENARIO)

test: $(STAMP)  ## run all tests
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not long" tests

test-long: $(STAMP)  ## run the long tests: 10,000 crashes with a fault of the network (Ctrl-C, then go on with the same command)
	@$(BIN)/pytest -q -n 2 -m long tests
	@$(BIN)/python -m cxsim.sim.crash --jobs 2

test-clients: $(STAMP) .venv-clients/.installed  ## run real vCloud Director clients against the emulator
	@CXSIM_CLIENTS_VENV=$(CURDIR)/.venv-clients $(BIN)/pytest -q tests/clients

.venv-clients/.installed:
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/pip install --quiet --disable-pip-version-check vcd-cli==24.1.0 pyvcloud==23.0.4 six
	@touch $@

plan: $(STAMP)  ## plan a migration of the sample inventory: plan/plan.html, .xlsx, .json, csv/
	@$(BIN)/cxsim plan report scenarios/plan/sample-inventory.xlsx --for migration --rpo "15 min" \
		--link "200 Mbit/s up" --seeds 1 --draws 10 --start 2017-11-06 --by 2017-11-20 --within "72 h" \
		--window "Sat 22:00-06:00" --window "Wed 20:00-23:00" \
		--traces scenarios/plan/sample-traces.csv --backups scenarios/plan/sample-backups.csv \
		--counters scenarios/plan/sample-counters.csv --quotes scenarios/plan/sample-quotes.csv --months 24 \
		--target "Performance: 6 TiB, memory: 512 GiB" --rows 3 --out plan

check: $(STAMP)  ## prove that every scenario needs its faults
	@$(BIN)/cxsim check --without-faults -j 2 scenarios/

lint: $(STAMP)  ## ruff, mypy --strict on core and sim, import rules
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP)  ## measure (never part of the tests)
	@$(BIN)/python -m benchmarks

clean:  ## remove what was made
	rm -rf $(VENV) .venv-clients .types plan build dist *.egg-info
