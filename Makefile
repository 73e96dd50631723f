# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-statistics bench-history bench-farm soak gallery

BIN := .venv/bin
HANDHELD := python3-venv qemu-system-x86 qemu-utils mmdebstrap zstd cpio e2fsprogs
OTHER_ABIS := qemu-user-static
CERTIFICATES := openssl
BROWSER := chromium fonts-dejavu-core
TIMED := .ci/timed

help:
	@echo "make demo    boot the virtual handheld, compare kcompressd off and on, write the report"
	@echo "make test    everything: check, wheel, browser and virtual handheld"
	@echo "make check   lint, types, contracts, unit tests; needs no device"
	@echo "make bench   speed, as ratios"
	@echo "make bench-statistics   whether intervals, tests and stops keep what they promise; minutes"
	@echo "make bench-history      shifts planted into months of runs: which are found, which are not there; minutes"
	@echo "make bench-farm   a compressed night of 256 phones on 16 hosts, a tenth of which die; five minutes"
	@echo "make soak    60 short runs, a fault in each, then docs/soak.md anew; half an hour"
	@echo "make gallery  the pictures of README and docs anew, of RUN=... or the demo's newest run"

.venv/ready: pyproject.toml
	@.ci/packages python3-venv
	@[ -x $(BIN)/python ] || python3 -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: .venv/ready
	@.ci/packages $(HANDHELD)
	@$(BIN)/reclaim demo

check: .venv/ready
	@$(TIMED) lint $(BIN)/ruff check .
	@$(TIMED) format $(BIN)/ruff format --check --quiet .
	@$(TIMED) types $(BIN)/mypy
	@$(TIMED) contracts $(BIN)/lint-imports --no-logo
	@$(TIMED) unit $(BIN)/python -m pytest -q -n 2 tests/unit

test: check
	@.ci/packages $(OTHER_ABIS) $(CERTIFICATES)
	@$(TIMED) integration $(BIN)/python -m pytest -q -n 2 tests/integration
	@$(TIMED) statistics $(BIN)/python -m tests.benchmarks.statistics --short --check docs/statistics-table.md
	@$(TIMED) farm $(BIN)/python -m tests.benchmarks.farm --short
	@.ci/packages $(HANDHELD) $(BROWSER)
	@$(TIMED) wheel $(BIN)/python -m pytest -q tests/wheel
	@$(TIMED) browser $(BIN)/python -m pytest -q tests/browser
	@$(TIMED) image $(BIN)/reclaim handheld build
	@$(TIMED) guest $(BIN)/python -m pytest -q tests/guest
	@$(TIMED) soak $(BIN)/python -m tests.soak --short

bench: .venv/ready
	@.ci/packages $(HANDHELD)
	@$(BIN)/python -m tests.benchmarks

bench-statistics: .venv/ready
	@$(BIN)/python -m tests.benchmarks.statistics --check docs/statistics-table.md

bench-history: .venv/ready
	@$(BIN)/python -m tests.benchmarks.bench_history --write

bench-farm: .venv/ready
	@$(BIN)/python -m tests.benchmarks.farm --write

soak: .venv/ready
	@.ci/packages $(HANDHELD)
	@$(BIN)/python -m tests.soak --write

gallery: .venv/ready
	@.ci/packages $(BROWSER)
	@$(BIN)/python -m tests.support.gallery $(if $(RUN),"$(RUN)")
