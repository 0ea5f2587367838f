# Flash (NATS). Included from the root Makefile; paths are relative to the repository's root.
FLASH_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

FLASH_COMPOSE := services/messaging/docker-compose.yml
FLASH_HEALTH  := http://localhost:8222/healthz
FLASH_CONTAINERS := arc-flash arc-flash-exporter
FLASH_WAIT    := $(or $(WAIT),60)

.PHONY: flash-help flash-build flash-up flash-start flash-health flash-logs flash-down flash-clean

## flash-help: show the targets of Flash
flash-help:
	@echo 'Flash: NATS with JetStream (clients 4222, monitoring 8222, metrics 7777)'
	$(call arc-help,flash-,$(FLASH_MK))

## flash-build: build arc-flash:latest (BUILD_ARGS='--build-arg NATS_IMAGE=…' for another base)
flash-build:
	$(call arc-build,arc-flash:latest,services/messaging/)

## flash-up: start arc-flash and wait until it is healthy
flash-up: flash-start
	$(call arc-wait,arc-flash,$(FLASH_WAIT),flash-logs)
	@echo 'arc-flash: nats://127.0.0.1:4222, monitoring http://127.0.0.1:8222'

## flash-start: start arc-flash without waiting for it
flash-start:
	$(call arc-start,flash,$(FLASH_COMPOSE),NATS,4222 8222)
	@if ( $(call arc-compose-up,arc-flash-exporter,$(FLASH_COMPOSE),7777) ); then \
		echo 'arc-flash-exporter: metrics http://127.0.0.1:7777/metrics'; \
	else \
		echo 'arc-flash-exporter was not started: no NATS metrics until it is; messages are not affected.' >&2; \
		echo '  Another image: NATS_EXPORTER_IMAGE=… make $@' >&2; \
	fi

## flash-health: probe http://localhost:8222/healthz, and whether JetStream can store
flash-health:
	@$(call arc-probe,arc-flash,$(FLASH_HEALTH),flash); \
	$(arc-flash-store); \
	echo 'arc-flash: healthy ($(FLASH_HEALTH))'

# /healthz stays green when JetStream was switched off or holds all that it may, and, until the
# next write fails, when something else filled the disk. /jsz and df tell.
define arc-flash-store
answer=$$($(DOCKER) exec arc-flash wget -Y off -q -T 5 -O - http://127.0.0.1:8222/jsz 2>&1) && \
answer=$$(printf '%s\n' "$$answer" | tr '{,}' '\n\n\n' | awk '/"disabled": *true/ { print "JetStream is disabled" } \
	/"(max_storage|storage)": *[0-9]+/ { gsub(/[":]+/, " "); n[$$1] = $$2 } \
	END { if (n["max_storage"] > 0 && n["storage"] >= 0.98 * n["max_storage"]) \
		printf "JetStream is full: %s of %s bytes\n", n["storage"], n["max_storage"] }') || \
answer=$${answer:-no answer}; \
[ -n "$$answer" ] || answer=$$($(DOCKER) exec arc-flash df -Pk /data | \
	awk 'NR == 2 && $$4 < 1024 { print "No space left on device: " $$4 " kB for JetStream" }'); \
[ -z "$$answer" ] || $(call arc-unhealthy,arc-flash,http://127.0.0.1:8222/jsz,flash)
endef

## flash-logs: follow the log of arc-flash
flash-logs:
	$(call arc-logs,arc-flash)

## flash-down: stop and remove arc-flash; its messages stay
flash-down:
	$(call arc-down,$(FLASH_COMPOSE),$(FLASH_CONTAINERS))

## flash-clean: stop arc-flash and delete its messages (asks first; CONFIRM=yes does not)
flash-clean:
	$(call arc-clean,$(FLASH_COMPOSE),the volume arc-flash-jetstream with every stored message,$(FLASH_CONTAINERS),arc-flash-jetstream)
