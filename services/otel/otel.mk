# Friday (collector, store and query UI). Included from the root Makefile; paths are relative to the
# repository's root.
OTEL_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

OTEL_IMAGE   := ghcr.io/arc-framework/arc-friday-collector:latest
OTEL_COMPOSE := services/otel/docker-compose.yml
OTEL_HEALTH  := http://localhost:13133/
OTEL_UI      := http://localhost:3301/api/v1/health
# A first start creates the store's tables, which takes minutes.
OTEL_CONTAINERS := arc-friday-collector arc-friday-zookeeper arc-friday-clickhouse arc-friday-migrator arc-friday
OTEL_VOLUMES := arc-friday-zookeeper-data arc-friday-zookeeper-datalog arc-friday-clickhouse-data arc-friday-ui-data
OTEL_WAIT    := $(or $(WAIT),300)

.PHONY: otel-help otel-build otel-up otel-health otel-logs otel-down otel-clean

## otel-help: show the targets of the telemetry stack (Friday)
otel-help:
	@echo 'Friday: OpenTelemetry collector (4317, 4318), its store, and the query UI (3301)'
	$(call arc-help,otel-,$(OTEL_MK))

## otel-build: build the collector's image with the current configuration in it
otel-build:
	$(arc-engine)
	$(COMPOSE) -f $(OTEL_COMPOSE) build $(BUILD_ARGS) arc-friday-collector

# The order (store, tables, collector, UI) is the compose file's.
## otel-up: start the stack and wait until the collector is healthy
otel-up:
	$(arc-engine)
	$(arc-network)
	$(call arc-image,$(OTEL_IMAGE),otel-build,services/otel/telemetry/Dockerfile)
	$(call arc-owner,arc-friday-collector,$(OTEL_COMPOSE))
	@echo 'arc-friday: starting the store, the collector and the UI on 127.0.0.1 (4317, 4318, 13133, 3301)'
	@: "$${ARC_FRIDAY_JWT_SECRET:=$$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}"; \
	export ARC_FRIDAY_JWT_SECRET; \
	$(COMPOSE) -f $(OTEL_COMPOSE) up -d || { \
		echo "make $@: the stack was not started; the engine's own words are above." >&2; \
		echo "  A port taken (4317 4318 13133 3301)? $(ARC_LISTENERS)   A step that failed? make otel-logs" >&2; \
		exit 1; }
	$(call arc-wait,arc-friday-collector,$(OTEL_WAIT),otel-logs)
	@echo 'arc-friday: OTLP on 127.0.0.1:4317 and 4318, UI http://127.0.0.1:3301'

## otel-health: probe the collector and the query UI; reports both before it fails
otel-health:
	@failed=; \
	( $(call arc-probe,arc-friday-collector,$(OTEL_HEALTH),otel) ) && \
		echo 'arc-friday-collector: healthy ($(OTEL_HEALTH))' || failed=1; \
	( $(call arc-probe,arc-friday,$(OTEL_UI),otel) ) && \
		echo 'arc-friday: healthy ($(OTEL_UI))' || failed=1; \
	[ -z "$$failed" ]

## otel-logs: follow the logs of the whole stack
otel-logs:
	$(COMPOSE) -f $(OTEL_COMPOSE) logs -f --tail $(LOG_LINES)

## otel-down: stop and remove the stack; its data stays
otel-down:
	$(call arc-down,$(OTEL_COMPOSE),$(OTEL_CONTAINERS))

## otel-clean: stop the stack and delete what it stored (asks first; CONFIRM=yes does not)
otel-clean:
	$(call arc-clean,$(OTEL_COMPOSE),every stored trace and metric and log with the dashboards,$(OTEL_CONTAINERS),$(OTEL_VOLUMES))
