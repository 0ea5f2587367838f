# The one entry point. `make help` lists the targets.
SHELL := /bin/sh
BUILD ?= build
TAG ?= messaging/v0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
TARGETS ?=
DIST_FLAGS ?= --packages
ARC_CI := $(BUILD)/arc-ci

.DEFAULT_GOAL := help
.PHONY: help deps build unit try check fuzz fuzz-afl torture whole newest mutation analyze coverage bench install dist uninstall release-dry-run lint format docs site clean

## help: show this help
help:
	@echo 'arc-ci: from what changed in git to a verified, published, documented release'
	@echo
	@sed -n 's/^## \([a-z-]*\): /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22
	@echo '  messaging-help      show the targets of all messaging services'
	@echo '  flash-help, strange-help, sonic-help, otel-help'
	@echo '                      show the targets of one service'

## deps: install the packages that the build needs (Debian, Ubuntu)
deps:
	@tests/deps.sh build

## build: build build/arc-ci and libarcci
build:
	@test -f $(BUILD)/build.ninja || cmake -S . -B $(BUILD) -G Ninja --log-level=NOTICE $(CMAKE_ARGS)
	@cmake --build $(BUILD)

## unit: build and run the unit tests
unit: build
	@ctest --test-dir $(BUILD) --output-on-failure

## try: install what is missing, build, and dry-run a release of this repository
try: deps build
	@$(ARC_CI) dry-run $(TAG)

## check: install what the tests need and run them all
check:
	@tests/deps.sh all
	@tests/deps.sh engine
	@/usr/bin/python3 tests/check.py

## fuzz: fuzz every parser, each for MINUTES (60), or those of TARGETS=fuzz_yaml alone
fuzz:
	@tests/deps.sh all
	@ARC_FUZZ_SECONDS=$$(($(or $(MINUTES),60) * 60)) /usr/bin/python3 -m pytest -q -s -p no:cacheprovider \
	    $(or $(TARGETS:%='tests/fuzz/test_fuzz.py::test_fuzz[%]'),tests/fuzz)

## fuzz-afl: the same with AFL++
fuzz-afl:
	@tests/deps.sh nightly
	@/usr/bin/python3 tests/fuzz/afl.py $(or $(MINUTES),60) $(TARGETS)

## torture: make every allocation, write, child, open and request of every command fail, and kill it anywhere
torture: build
	@tests/deps.sh all
	@ARC_TORTURE=1 /usr/bin/python3 -m pytest -q -s -p no:cacheprovider tests/torture
	@ARC_TORTURE=1 /usr/bin/python3 -m pytest -q -s -p no:cacheprovider tests/steer/test_kill.py tests/steer/test_faults.py

## whole: run in full the suites of which `make check` runs a sample
whole:
	@tests/deps.sh all
	@tests/deps.sh engine
	@ARC_WHOLE=1 /usr/bin/python3 tests/check.py cmd-valgrind engine platform dist

## newest: run what needs docker with the newest buildx, compose, BuildKit and registry
newest:
	@tests/deps.sh all
	@tests/deps.sh engine
	@ARC_NEWEST=1 DOCKER_CONFIG=$$(/usr/bin/python3 tests/engine/newest.py) \
	    /usr/bin/python3 tests/check.py engine platform shapes changes

## mutation: change SAMPLE lines (500), drawn by SEED (the date), one at a time: do the tests notice?
mutation: build
	@tests/deps.sh all
	@/usr/bin/python3 tests/mutation/mutation.py $(or $(SAMPLE),500) $(or $(SEED),$$(date +%Y%m%d))

## analyze: look at every file with clang-tidy, cppcheck and gcc -fanalyzer
analyze: build
	@tests/deps.sh nightly
	@python3 tests/static/analyze.py

## coverage: run the tests and show which lines and branches they reach
coverage: build
	@tests/deps.sh all
	@tests/deps.sh engine
	@tests/deps.sh nightly
	@python3 tests/static/coverage.py $(SUITES)

## bench: measure speed and memory side by side, as ratios
bench: build
	@tests/deps.sh all
	@/usr/bin/python3 tests/bench/bench.py

## release-dry-run: rehearse the release of TAG=group/vX.Y.Z
release-dry-run: build
	@$(ARC_CI) dry-run $(TAG)

## lint: check the services and workflows against their contract
lint: build
	@$(ARC_CI) lint

## format: format the C sources
format:
	@clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

## docs: write what comes from the command table and the schemas: docs/commands.md, docs/man, the actions
docs: build
	@$(ARC_CI) help --format markdown > docs/commands.md
	@python3 packaging/manual.py
	@for file in .github/actions/*/action.yml .github/actions/*/README.md; do \
	    made=$$(sed -n '1s/.*Made by `arc-ci \(help --format [a-z]* [a-z-]*\)`.*/\1/p' "$$file"); \
	    test -z "$$made" || $(ARC_CI) $$made > "$$file" || exit; done

## site: build the site into build/site
site:
	@python3 packaging/site.py

# Accepts ~, which not every shell expands in an argument, and a relative path.
HOME_PREFIX = $(PREFIX:~/%=$(HOME)/%)
FULL_PREFIX = $(if $(filter /%,$(firstword $(HOME_PREFIX))),,$(CURDIR)/)$(HOME_PREFIX)

## install: install arc-ci, libarcci, headers and man pages below PREFIX
install: build
	@cmake --build $(BUILD) --target man completion
	@DESTDIR='$(DESTDIR)' cmake --install $(BUILD) --prefix '$(FULL_PREFIX)'

## dist: build the released binaries and packages into dist/ (TARGETS=linux-x86_64 for one)
dist: build
	@tests/deps.sh dist
	@python3 packaging/dist.py $(DIST_FLAGS) $(TARGETS)

## uninstall: remove what `make install` put below PREFIX
uninstall:
	@test -f $(BUILD)/install_manifest.txt || { echo 'nothing was installed from $(BUILD)' >&2; exit 2; }
	@while IFS= read -r file || [ -n "$$file" ]; do rm -f '$(DESTDIR)'"$$file"; done <$(BUILD)/install_manifest.txt
	@sed -n 's|/[^/]*$$||; /\/arc-\{0,1\}ci/p; s|/[^/]*$$||; /\/arc-\{0,1\}ci/p' $(BUILD)/install_manifest.txt | sort -ru | \
	    while IFS= read -r own; do rmdir '$(DESTDIR)'"$$own" 2>/dev/null || true; done

## clean: remove the build
clean:
	@rm -rf $(BUILD)

include services/messaging/flash.mk
include services/streaming/strange.mk
include services/cache/sonic.mk
include services/otel/otel.mk
include services/messaging.mk
