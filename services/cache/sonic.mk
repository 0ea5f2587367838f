# Sonic (Redis). Included from the root Makefile; paths are relative to the repository's root.
SONIC_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

SONIC_IMAGE   := arc-sonic:latest
SONIC_COMPOSE := services/cache/docker-compose.yml
SONIC_WAIT    := $(or $(WAIT),60)

.PHONY: sonic-help sonic-build sonic-up sonic-start sonic-health sonic-logs sonic-down sonic-clean

## sonic-help: show the targets of Sonic
sonic-help:
	@echo 'Sonic: Redis with an append-only file (6379)'
	$(call arc-help,sonic-,$(SONIC_MK))

## sonic-build: build arc-sonic:latest (BUILD_ARGS='--build-arg REDIS_IMAGE=…' for another base)
sonic-build:
	$(arc-engine)
	$(DOCKER) build $(BUILD_ARGS) -t $(SONIC_IMAGE) services/cache/

## sonic-up: start arc-sonic and wait until it is healthy
sonic-up: sonic-start
	$(call arc-wait,arc-sonic,$(SONIC_WAIT),sonic-logs)
	@echo 'arc-sonic: redis://127.0.0.1:6379'

## sonic-start: start arc-sonic without waiting for it
sonic-start:
	$(arc-engine)
	$(arc-network)
	$(call arc-image,$(SONIC_IMAGE),sonic-build)
	@echo 'arc-sonic: starting Redis on 127.0.0.1 (6379)'
	$(call arc-start,arc-sonic,$(SONIC_COMPOSE),6379)

## sonic-health: ask Redis with PING
sonic-health:
	@timeout 10 $(DOCKER) exec arc-sonic redis-cli ping | grep -q PONG || \
		$(call arc-unhealthy,arc-sonic,redis-cli ping,sonic)
	@echo 'arc-sonic: healthy (PONG)'

## sonic-logs: follow the log of arc-sonic
sonic-logs:
	$(DOCKER) logs -f --tail $(LOG_LINES) arc-sonic

## sonic-down: stop and remove arc-sonic; its data stays
sonic-down:
	$(arc-engine)
	$(COMPOSE) -f $(SONIC_COMPOSE) down

## sonic-clean: stop arc-sonic and delete its data (asks first; CONFIRM=yes does not)
sonic-clean:
	$(arc-engine)
	$(call arc-confirm,the volume arc-sonic-data with the whole cache)
	$(COMPOSE) -f $(SONIC_COMPOSE) down --volumes
