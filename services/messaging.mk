# All three messaging services at once. Included from the root Makefile after their own .mk files.
MESSAGING_MK := $(lastword $(MAKEFILE_LIST))
include services/common.mk

MESSAGING_CONTAINERS := arc-flash arc-strange arc-sonic

.PHONY: messaging-help messaging-build messaging-up messaging-down messaging-health messaging-logs

## messaging-help: show the targets of the messaging services (Flash, Strange, Sonic)
messaging-help:
	@echo 'Messaging: Flash (NATS), Strange (Pulsar) and Sonic (Redis) together'
	$(call arc-help,messaging-,$(MESSAGING_MK))
	@echo 'One of them alone: make flash-help, make strange-help, make sonic-help'

## messaging-build: build the images of all three
messaging-build: flash-build strange-build sonic-build

# Strange is started first and waited for last: Flash and Sonic come up while it warms up. One of them may have ended
# meanwhile, and `make -i` comes here whatever failed, so all three are looked at once more.
## messaging-up: start all three and wait until they are healthy; no harm if they run already
messaging-up:
	$(arc-engine)
	@$(DOCKER) network create arc_platform_net >/dev/null 2>&1 || true
	@$(MAKE) --no-print-directory strange-start
	@$(MAKE) --no-print-directory flash-up
	@$(MAKE) --no-print-directory sonic-up
	@$(MAKE) --no-print-directory strange-up
	@missing=; for name in $(MESSAGING_CONTAINERS); do \
		health=$$($(DOCKER) container inspect --format '{{.State.Health.Status}}' $$name 2>/dev/null); \
		[ "$$health" = healthy ] || missing="$$missing $$name"; \
	done; \
	if [ -n "$$missing" ]; then echo "make $@: not healthy:$$missing" >&2; exit 1; fi; \
	echo 'All three are healthy. Look again: make messaging-health   Stop: make messaging-down'

## messaging-down: stop and remove all three; their data stays
messaging-down:
	$(arc-engine)
	@failed=; for target in flash-down strange-down sonic-down; do \
		$(MAKE) --no-print-directory $$target || failed="$$failed $$target"; \
	done; \
	if [ -n "$$failed" ]; then echo "make $@: failed:$$failed" >&2; exit 1; fi

## messaging-health: probe all three; reports each before it fails
messaging-health:
	@failed=; for target in flash-health strange-health sonic-health; do \
		$(MAKE) --no-print-directory $$target || failed="$$failed $$target"; \
	done; \
	if [ -n "$$failed" ]; then echo "make $@: failed:$$failed" >&2; exit 1; fi

# A fifo per container, not a pipe: the shell then knows the pid of each `docker logs` and can end it. $! is
# the newest, which may not be in $pids yet when Ctrl-C comes.
## messaging-logs: follow the logs of all three, each line with its container's name; Ctrl-C ends
messaging-logs:
	$(arc-engine)
	@dir=$$(mktemp -d) || exit 1; pids=; \
	trap 'kill $$pids $$! 2>/dev/null; rm -rf "$$dir"' EXIT; \
	trap 'exit 0' INT TERM HUP; \
	for name in $(MESSAGING_CONTAINERS); do \
		mkfifo "$$dir/$$name" || exit 1; \
		while IFS= read -r line || [ -n "$$line" ]; do printf '%s | %s\n' $$name "$$line"; done <"$$dir/$$name" & \
		$(DOCKER) logs -f --tail $(LOG_LINES) $$name >"$$dir/$$name" 2>&1 & \
		pids="$$pids $$!"; \
	done; \
	failed=0; for pid in $$pids; do wait $$pid || failed=1; done; \
	wait; exit $$failed
