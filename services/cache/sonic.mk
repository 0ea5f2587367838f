# Sonic (Redis). Included from the root Makefile; paths are relative to the repository's root.
SONIC_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

SONIC_COMPOSE := services/cache/docker-compose.yml
SONIC_WAIT    := $(or $(WAIT),60)

.PHONY: sonic-help sonic-build sonic-up sonic-start sonic-health sonic-logs sonic-down sonic-clean

## sonic-help: show the targets of Sonic
sonic-help:
	@echo 'Sonic: Redis with an append-only file (6379)'
	$(call arc-help,sonic-,$(SONIC_MK))

## sonic-build: build arc-sonic:latest (BUILD_ARGS='--build-arg REDIS_IMAGE=…' for another base)
sonic-build:
	$(call arc-build,arc-sonic:latest,services/cache/)

## sonic-up: start arc-sonic and wait until it is healthy
sonic-up: sonic-start
	$(call arc-wait,arc-sonic,$(SONIC_WAIT),sonic-logs)
	@echo 'arc-sonic: redis://127.0.0.1:6379'

## sonic-start: start arc-sonic without waiting for it
sonic-start:
	$(call arc-start,sonic,$(SONIC_COMPOSE),Redis,6379)

## sonic-health: ask Redis with PING
sonic-health:
	@log=$$(mktemp) || exit 1; trap 'rm -f "$$log"' EXIT; \
	$(DOCKER) exec arc-sonic redis-cli ping >"$$log" 2>&1 & pid=$$!; \
	n=0; while kill -0 $$pid 2>/dev/null && [ $$n -lt 100 ]; do \
		sleep 0.1 2>/dev/null || { sleep 1; n=$$((n + 9)); }; n=$$((n + 1)); \
	done; \
	kill $$pid 2>/dev/null && echo 'no answer within 10 s' >>"$$log"; \
	answer=$$(cat "$$log"); \
	[ "$$(tail -n 1 "$$log")" = PONG ] || $(call arc-unhealthy,arc-sonic,redis-cli ping,sonic); \
	echo 'arc-sonic: healthy (PONG)'

## sonic-logs: follow the log of arc-sonic
sonic-logs:
	$(call arc-logs,arc-sonic)

## sonic-down: stop and remove arc-sonic; its data stays
sonic-down:
	$(call arc-down,$(SONIC_COMPOSE),arc-sonic)

## sonic-clean: stop arc-sonic and delete its data (asks first; CONFIRM=yes does not)
sonic-clean:
	$(call arc-clean,$(SONIC_COMPOSE),the volume arc-sonic-data with the whole cache,arc-sonic,arc-sonic-data)
