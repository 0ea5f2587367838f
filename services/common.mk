# Shared by the services' .mk files: how an image is built, a container started, probed and removed,
# and the words for when that fails. Included once, by whichever .mk file comes first.
ifndef ARC_COMMON_MK
ARC_COMMON_MK := 1

# The client to call; `make … DOCKER=/path/to/docker` for another one.
DOCKER  ?= docker
COMPOSE ?= $(DOCKER) compose
# More arguments for every image build, e.g. BUILD_ARGS='--build-arg NATS_IMAGE=mirror/nats:2.10'.
BUILD_ARGS ?=
# How many old lines the log targets begin with.
LOG_LINES ?= 100
# CONFIRM=yes answers the question of every -clean target, for scripts.
CONFIRM ?=

ARC_NETWORK := arc_platform_net

# $(call arc-help,PREFIX,FILE): the `## PREFIX…: description` lines of FILE as a table.
arc-help = @awk -F': ' '/^\#\# $(1)/ { sub(/^\#\# /, ""); n = $$1; sub(/^[^:]*: /, ""); \
	printf "  make %-20s %s\n", n, $$0 }' $(2)

# Stops with advice unless an engine and its compose plugin answer.
define arc-engine
@$(DOCKER) version >/dev/null 2>&1 || { \
	echo "make $@: no container engine answers '$(DOCKER) version'." >&2; \
	echo "  Start Docker, check DOCKER_HOST, or name the client: make $@ DOCKER=/path/to/docker" >&2; \
	exit 1; }
@$(COMPOSE) version >/dev/null 2>&1 || { \
	echo "make $@: '$(COMPOSE)' is not there." >&2; \
	echo "  Install Docker's compose plugin (package docker-compose-plugin or docker-compose v2)." >&2; \
	exit 1; }
endef

# Creates the platform's network unless it is there.
define arc-network
@$(DOCKER) network inspect $(ARC_NETWORK) >/dev/null 2>&1 || \
	$(DOCKER) network create $(ARC_NETWORK) >/dev/null 2>&1 || \
	$(DOCKER) network inspect $(ARC_NETWORK) >/dev/null 2>&1 || { \
	echo "make $@: the network $(ARC_NETWORK) is missing and cannot be created." >&2; \
	echo "  Try it by hand and read why: $(DOCKER) network create $(ARC_NETWORK)" >&2; \
	exit 1; }
endef

# $(call arc-build,IMAGE,FOLDER): builds IMAGE from FOLDER's Dockerfile.
define arc-build
$(arc-engine)
$(DOCKER) build $(BUILD_ARGS) -t $(1) $(2)
endef

# $(call arc-image,IMAGE,TARGET): builds IMAGE with TARGET unless the engine has it.
define arc-image
@$(DOCKER) image inspect $(1) >/dev/null 2>&1 || { \
	echo "$(1) is not built yet: make $(2)"; \
	$(MAKE) --no-print-directory $(2) || { \
	echo "make $@: the image $(1) could not be built." >&2; \
	echo "  Put right what is said above, then: make $(2) && make $@" >&2; \
	exit 1; }; }
endef

# $(call arc-start,CODENAME,COMPOSE FILE,TECHNOLOGY,PORTS): starts the service arc-CODENAME of a compose
# file, with all that it needs.
define arc-start
$(arc-engine)
$(arc-network)
$(call arc-image,arc-$(1):latest,$(1)-build)
@echo 'arc-$(1): starting $(3) on 127.0.0.1 ($(4))'
$(call arc-compose-up,arc-$(1),$(2),$(4))
endef

# $(call arc-compose-up,CONTAINER,COMPOSE FILE,PORTS): starts one service of a compose file. The engine's
# answer is kept, so that the usual causes can be told apart.
define arc-compose-up
@log=$$(mktemp) || exit 1; \
if $(COMPOSE) -f $(2) up -d $(1) 2>"$$log"; then rm -f "$$log"; else \
	cat "$$log" >&2; \
	echo "make $@: $(1) was not started." >&2; \
	if grep -Eq 'port is already allocated|address already in use' "$$log"; then \
		echo "  One of its ports ($(3)) is taken on 127.0.0.1. See by whom: ss -ltnp" >&2; \
		echo "  Stop that program or container, then: make $@" >&2; \
	elif grep -Eq 'container name .* is already in use' "$$log"; then \
		echo "  A container of that name was made by something else. If it can go:" >&2; \
		echo "  $(DOCKER) rm -f $(1) && make $@" >&2; \
	elif grep -Eq 'network .* (not found|could not be found)' "$$log"; then \
		echo "  Create its network, then try again: $(DOCKER) network create $(ARC_NETWORK)" >&2; \
	else \
		echo "  The engine's own words are above." >&2; \
	fi; \
	rm -f "$$log"; exit 1; \
fi
endef

# $(call arc-wait,CONTAINER,SECONDS,LOGS TARGET): a dot a second until CONTAINER is healthy.
define arc-wait
@printf '%s: waiting until it is healthy, at most %s s ' $(1) $(2); \
end=$$(($$(date +%s) + $(2))); \
while :; do \
	state=$$($(DOCKER) inspect --format \
		'{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{end}}' \
		$(1) 2>/dev/null) || state=missing/; \
	case "$$state" in \
	running/healthy) echo ' healthy'; break ;; \
	running/* | created/*) ;; \
	*) echo; echo "make $@: $(1) is $${state%%/*}, not running. Its last lines:" >&2; \
		$(DOCKER) logs --tail 20 $(1) >&2; \
		echo "  All of it: make $(3)" >&2; exit 1 ;; \
	esac; \
	if [ "$$(date +%s)" -ge "$$end" ]; then \
		echo; echo "make $@: $(1) is still not healthy after $(2) s. Its last lines:" >&2; \
		$(DOCKER) logs --tail 20 $(1) >&2; \
		echo "  All of it: make $(3)   A slow machine: make $@ WAIT=$$(($(2) * 2))" >&2; exit 1; \
	fi; \
	printf .; sleep 1; \
done
endef

# $(call arc-unhealthy,CONTAINER,WHAT WAS TRIED,CODENAME): says why a probe failed, and fails.
define arc-unhealthy
{ state=$$($(DOCKER) inspect --format '{{.State.Status}}' $(1) 2>/dev/null) || state='not there'; \
	echo "$(1): NOT healthy: no good answer from $(2); its container is $$state." >&2; \
	echo "  Start it: make $(3)-up   Read its log: make $(3)-logs" >&2; \
	exit 1; }
endef

# $(call arc-probe,CONTAINER,URL,CODENAME): healthy if URL answers with success.
define arc-probe
@curl -fsS --max-time 5 -o /dev/null $(2) || $(call arc-unhealthy,$(1),$(2),$(3))
@echo '$(1): healthy ($(2))'
endef

# $(call arc-logs,CONTAINER): follows its log.
arc-logs = $(DOCKER) logs -f --tail $(LOG_LINES) $(1)

# $(call arc-down,COMPOSE FILE): stops and removes what the file starts; the data stays.
define arc-down
$(arc-engine)
$(COMPOSE) -f $(1) down
endef

# $(call arc-clean,COMPOSE FILE,WHAT): the same, and deletes the data, WHAT, after asking.
define arc-clean
$(arc-engine)
$(call arc-confirm,$(2))
$(COMPOSE) -f $(1) down --volumes
endef

# $(call arc-confirm,WHAT): asks before WHAT is deleted; anything but y or yes stops.
define arc-confirm
@if [ '$(CONFIRM)' != yes ]; then \
	printf 'This deletes %s for good. Continue? [y/N] ' '$(1)'; \
	answer=; read -r answer || echo; \
	case "$$answer" in \
	y | Y | yes | YES) ;; \
	*) echo 'Nothing was deleted. Scripts pass CONFIRM=yes.' >&2; exit 1 ;; \
	esac; \
fi
endef

endif
