# Strange (Pulsar). Included from the root Makefile; paths are relative to the repository's root.
STRANGE_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

STRANGE_COMPOSE := services/streaming/docker-compose.yml
STRANGE_HEALTH  := http://localhost:8082/admin/v2/brokers/health
# A cold start takes up to 90 s on a fast machine.
STRANGE_WAIT    := $(or $(WAIT),180)

.PHONY: strange-help strange-build strange-up strange-start strange-health strange-logs \
	strange-down strange-clean

## strange-help: show the targets of Strange
strange-help:
	@echo 'Strange: Apache Pulsar, standalone (clients 6650 and 6651, admin and metrics 8082)'
	$(call arc-help,strange-,$(STRANGE_MK))

## strange-build: build arc-strange:latest (BUILD_ARGS='--build-arg PULSAR_IMAGE=…' for another base)
strange-build:
	$(call arc-build,arc-strange:latest,services/streaming/)

## strange-up: start arc-strange and wait until it is healthy (up to 90 s when cold)
strange-up: strange-start
	$(call arc-wait,arc-strange,$(STRANGE_WAIT),strange-logs)
	@sh services/why.sh arc-strange store
	@echo 'arc-strange: pulsar://127.0.0.1:6651 (6650 with listener name host), admin http://127.0.0.1:8082'

## strange-start: start arc-strange without waiting for it
strange-start:
	$(call arc-start,strange,$(STRANGE_COMPOSE),Pulsar,6650 6651 8082)

## strange-health: probe http://localhost:8082/admin/v2/brokers/health
strange-health:
	@$(call arc-probe,arc-strange,$(STRANGE_HEALTH),strange); \
	echo 'arc-strange: healthy ($(STRANGE_HEALTH))'

## strange-logs: follow the log of arc-strange
strange-logs:
	$(call arc-logs,arc-strange)

## strange-down: stop and remove arc-strange; its topics stay
strange-down:
	$(call arc-down,$(STRANGE_COMPOSE),arc-strange)

## strange-clean: stop arc-strange and delete its topics (asks first; CONFIRM=yes does not)
strange-clean:
	$(call arc-clean,$(STRANGE_COMPOSE),the volume arc-strange-data with every topic and subscription,arc-strange,arc-strange-data)
