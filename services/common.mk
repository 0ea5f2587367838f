# Shared by the services' .mk files: how an image is built, a container started, probed and removed,
# and the words for when that fails. Included once, by whichever .mk file comes first.
ifndef ARC_COMMON_MK
ARC_COMMON_MK := 1

# The client to call; `make … DOCKER=/path/to/docker` for another one.
DOCKER  ?= docker
COMPOSE ?= $(DOCKER) compose
# More arguments for every image build, e.g. BUILD_ARGS='--build-arg NATS_IMAGE=mirror/nats:2.15.3-alpine'.
BUILD_ARGS ?=
# How many old lines the log targets begin with.
LOG_LINES ?= 100
# CONFIRM=yes answers the question of every -clean target, for scripts. It reaches the shell as a variable, so that
# whatever it holds stays data.
CONFIRM ?=
export CONFIRM DOCKER BUILD_ARGS

# The files say which project, files and services are meant. What the shell of the user says about another project
# would win over them (docker/compose 745).
unexport COMPOSE_PROJECT_NAME COMPOSE_FILE COMPOSE_PROFILES COMPOSE_REMOVE_ORPHANS COMPOSE_PATH_SEPARATOR \
	COMPOSE_ENV_FILES COMPOSE_IGNORE_ORPHANS

ARC_NETWORK := arc_platform_net

# What a probe asks: this machine's 127.0.0.1 and nothing else, whatever ~/.curlrc, the proxy variables and the
# resolver say. `localhost` may be ::1, where our ports are not published.
ARC_CURL := curl -q --noproxy '*' --connect-to ::127.0.0.1: -sS --max-time 5

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

# $(call arc-image,IMAGE,TARGET,DOCKERFILE): builds IMAGE with TARGET unless the engine has it; says so when the one
# that is there was built on another base than the Dockerfile names now.
define arc-image
@if base=$$($(DOCKER) image inspect --format \
	'{{index .Config.Labels "org.opencontainers.image.base.name"}}' $(1) 2>/dev/null); then \
	named=$$(sed -n 's/^ARG [A-Z]*_IMAGE=//p' $(3)); \
	case " $$base $$BUILD_ARGS " in \
	"  "* | *"$$named "* | *"=$$base "*) ;; \
	*) echo "$(1) is built on $$base, but $(3) names $$named: make $(2)" >&2 ;; \
	esac; \
else \
	echo "$(1) is not built yet: make $(2)"; \
	$(MAKE) --no-print-directory $(2) || { \
	echo "make $@: the image $(1) could not be built." >&2; \
	echo "  Put right what is said above, then: make $(2) && make $@" >&2; \
	exit 1; }; \
fi
endef

# $(call arc-start,CODENAME,COMPOSE FILE,TECHNOLOGY,PORTS): starts the service arc-CODENAME of a compose
# file, with all that it needs.
define arc-start
$(arc-engine)
$(arc-network)
$(call arc-image,arc-$(1):latest,$(1)-build,$(dir $(2))Dockerfile)
$(call arc-owner,arc-$(1),$(2))
@echo 'arc-$(1): starting $(3) on 127.0.0.1 ($(4))'
@$(call arc-compose-up,arc-$(1),$(2),$(4))
endef

# $(call arc-owner,CONTAINER,COMPOSE FILE): says so when another checkout of this repository started CONTAINER; that one
# and this one share it, whatever is done.
define arc-owner
@owner=$$($(DOCKER) container inspect --format \
	'{{index .Config.Labels "com.docker.compose.project.working_dir"}}' $(1) 2>/dev/null); \
here=$$(cd '$(dir $(2))' && pwd -P); \
there=$$(cd "$$owner" 2>/dev/null && pwd -P) || there=$$owner; \
if [ -n "$$owner" ] && [ "$$there" != "$$here" ]; then \
	echo "$(1) was started from another checkout, $$there; this one is $$here." >&2; \
fi
endef

# $(call arc-compose-up,CONTAINER,COMPOSE FILE,PORTS): starts one service of a compose file. The engine's
# answer is kept, so that the usual causes can be told apart. A stopped container remembers the network that it was
# made on by its id; when that was pruned meanwhile, only a new container helps.
define arc-compose-up
log=$$(mktemp) || exit 1; trap 'rm -f "$$log"' EXIT; \
$(COMPOSE) -f $(2) up -d $(1) 2>"$$log" && exit 0; \
cat "$$log" >&2; \
if grep -Eq 'network .* not found' "$$log"; then \
	echo "$(1): its network was removed while it was stopped; making the container anew" >&2; \
	$(COMPOSE) -f $(2) up -d --force-recreate $(1) 2>"$$log" && exit 0; \
	cat "$$log" >&2; \
fi; \
echo "make $@: $(1) was not started." >&2; \
if grep -Eq 'port is already allocated|address already in use' "$$log"; then \
	echo "  One of its ports ($(3)) is taken on 127.0.0.1. See by whom: $(ARC_LISTENERS)" >&2; \
	echo "  Stop that program or container, then: make $@" >&2; \
elif grep -Eq 'container name .* is already in use' "$$log"; then \
	echo "  A container of that name was made by something else. If it can go:" >&2; \
	echo "  $(DOCKER) rm -f $(1) && make $@" >&2; \
elif grep -Eq 'network .* could not be found' "$$log"; then \
	echo "  Create its network, then try again: $(DOCKER) network create $(ARC_NETWORK)" >&2; \
else \
	echo "  The engine's own words are above." >&2; \
fi; \
exit 1
endef

# What lists the programs that listen: Linux has ss, macOS has lsof. For use inside double quotes.
ARC_LISTENERS = $$(command -v ss >/dev/null && echo ss -ltnp || echo lsof -nP -iTCP -sTCP:LISTEN)

# $(call arc-wait,CONTAINER,SECONDS,LOGS TARGET): a dot a second until CONTAINER is healthy.
define arc-wait
@case '$(2)' in *[!0-9]* | 0?*) echo "make $@: WAIT is a number of seconds, not '$(2)'" >&2; exit 1 ;; esac; \
printf '%s: waiting until it is healthy, at most %s s ' $(1) $(2); \
end=$$(($$(date +%s) + $(2))); \
while :; do \
	state=$$($(DOCKER) inspect --format \
		'{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{end}}' \
		$(1) 2>/dev/null) || state=missing/; \
	case "$$state" in \
	running/healthy) echo ' healthy'; break ;; \
	running/* | created/*) ;; \
	*) echo; echo "make $@: $(1) is $${state%%/*}, not running. Its last lines:" >&2; \
		$(DOCKER) logs --tail 20 $(1) >&2; sh services/why.sh $(1); \
		echo "  All of it: make $(3)" >&2; exit 1 ;; \
	esac; \
	if [ "$$(date +%s)" -ge "$$end" ]; then \
		echo; echo "make $@: $(1) is still not healthy after $(2) s. Its last lines:" >&2; \
		$(DOCKER) logs --tail 20 $(1) >&2; sh services/why.sh $(1); \
		echo "  All of it: make $(3)   A slow machine: make $@ WAIT=$$(($(2) * 2))" >&2; exit 1; \
	fi; \
	printf .; sleep 1; \
done
endef

# $(call arc-unhealthy,CONTAINER,WHAT WAS TRIED,CODENAME): says why a probe failed, and fails. $answer holds what came
# back, if anything did.
define arc-unhealthy
{ state=$$($(DOCKER) inspect --format '{{.State.Status}}' $(1) 2>/dev/null) || state='not there'; \
	$(DOCKER) version >/dev/null 2>&1 || state="unknown, since no container engine answers '$(DOCKER) version'"; \
	echo "$(1): NOT healthy: no good answer from $(2); its container is $$state." >&2; \
	[ -z "$$answer" ] || printf '%s\n' "$$answer" | head -c 2000 | sed 's/^/  It said: /' >&2; \
	answer="$$answer" sh services/why.sh $(1); \
	echo "  Start it: make $(3)-up   Read its log: make $(3)-logs" >&2; \
	exit 1; }
endef

# $(call arc-probe,CONTAINER,URL,CODENAME): healthy if CONTAINER runs and URL answers with success. The container is
# asked for first: while it is stopped, something else may have its port. An engine on another machine publishes the
# ports there, so its own health check decides.
define arc-probe
answer=; state=$$($(DOCKER) inspect --format \
	'{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{end}}' $(1) 2>/dev/null) || state=missing/; \
case "$$($(DOCKER) context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)" in \
tcp://127.* | tcp://localhost:*) here=1 ;; \
ssh:* | tcp:*) here= ;; \
*) here=1 ;; \
esac; \
if [ -z "$$here" ]; then \
	echo '$(1): the engine is on another machine, and so are its ports; asking the engine' >&2; \
	[ "$$state" = running/healthy ]; \
else \
	case "$$state" in running/*) ;; *) false ;; esac && \
	answer=$$($(ARC_CURL) -w '\n%{http_code}' $(2) 2>&1) && case "$$answer" in *2[0-9][0-9]) ;; *) false ;; esac; \
fi || $(call arc-unhealthy,$(1),$(2),$(3))
endef

# $(call arc-logs,CONTAINER): follows its log.
arc-logs = $(DOCKER) logs -f --tail $(LOG_LINES) $(1)

# $(call arc-gone,CONTAINERS): fails when one is still there: `down` counts what something else made as success.
define arc-gone
for name in $(1); do \
	! $(DOCKER) container inspect "$$name" >/dev/null 2>&1 || { \
	echo "make $@: $$name is still there; something else made it. If it can go: $(DOCKER) rm -f $$name" >&2; \
	exit 1; }; \
done
endef

# $(call arc-down,COMPOSE FILE,CONTAINERS): stops and removes what the file starts; the data stays.
define arc-down
$(arc-engine)
$(call arc-owner,$(firstword $(2)),$(1))
$(COMPOSE) -f $(1) down
@$(call arc-gone,$(2))
endef

# $(call arc-clean,COMPOSE FILE,WHAT,CONTAINERS,VOLUMES): the same, and deletes the data, WHAT, after asking. The
# question and the deletion are one shell: `make -i` goes on after a recipe line that failed.
define arc-clean
$(arc-engine)
$(call arc-owner,$(firstword $(3)),$(1))
@$(call arc-confirm,$(2)); \
echo '$(COMPOSE) -f $(1) down --volumes'; \
$(COMPOSE) -f $(1) down --volumes || exit; \
$(call arc-gone,$(3)); \
for volume in $(4); do \
	! $(DOCKER) volume inspect "$$volume" >/dev/null 2>&1 || { \
	echo "make $@: the volume $$volume is still there. See what uses it:" >&2; \
	echo "  $(DOCKER) ps -a --filter volume=$$volume" >&2; exit 1; }; \
done
endef

# $(call arc-confirm,WHAT): asks before WHAT is deleted; anything but y or yes ends the shell.
define arc-confirm
if [ "$$CONFIRM" != yes ]; then \
	printf 'This deletes %s for good. Continue? [y/N] ' '$(1)'; \
	answer=; read -r answer || echo; \
	case "$$answer" in \
	y | Y | yes | YES) ;; \
	*) echo 'Nothing was deleted. Scripts pass CONFIRM=yes.' >&2; exit 1 ;; \
	esac; \
fi
endef

endif
