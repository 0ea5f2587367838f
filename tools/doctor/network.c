/* The network: libcurl, the token, registries, this machine's ports; and the services' volumes. */
#include "base/json.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "github/github.h"
#include "github/options.h"
#include "http/http.h"
#include "os/socket.h"
#include "project/repository.h"
#include "registry/registry.h"
#include "registry/trust.h"

#define REACH_SECONDS 10

void doctor_libcurl(struct doctor *doctor, struct doctor_result *result)
{
    struct arc_http_options options = {.env = doctor->project->env};
    ARC_AUTO_HANDLE(arc_http) struct arc_http *http = NULL;

    if (arc_http_new(&options, &http, &result->err))
        doctor_fail(result, DOCTOR_MISSING, "install libcurl (libcurl4)");
    else
        arc_buf_puts(&result->found, "loads");
}

void doctor_token(struct doctor *doctor, struct doctor_result *result)
{
    const struct arc_github_options options = {.env = doctor->project->env};
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *github = NULL;
    const char *variable;
    const char *scopes = "it needs contents: write (releases), packages: write (images), "
                         "security-events: write (SARIF), issues: write (findings); a classic "
                         "token: repo, write:packages";

    bool is_set = arc_github_token(options.env, &variable);
    if (is_set && arc_transport_github(&options, &github, &result->err) == ARC_OK) {
        arc_buf_printf(&result->found, "%s is set", variable);
        arc_buf_puts(&result->advice, scopes);
        return;
    }

    if (is_set)
        doctor_fail(result, DOCTOR_MISSING, NULL);
    else
        doctor_say(result, DOCTOR_MISSING, "neither GITHUB_TOKEN nor GH_TOKEN is set", NULL);
    arc_buf_printf(&result->advice, "in a workflow pass github.token by env; %s", scopes);
}

/* Requests the registry's /v2/. Both 200 and 401 mean that it is a registry (distribution spec 1.1,
 * "Determining Support"). */
static void reach_registry(const struct arc_env *env, struct arc_http *http, const char *host,
                           struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf url = {0};
    struct arc_http_response response = {0};
    struct registry_trust trust = registry_trust_of(env, host, strlen(host));

    arc_buf_printf(&url, "%s://%s/v2/", trust.plain ? "http" : "https", registry_server(host));
    struct arc_http_request request = {.method = "GET",
                                       .url = arc_buf_text(&url),
                                       .insecure = trust.named,
                                       .timeout = REACH_SECONDS,
                                       .max = 65536};
    int rc = arc_http_send(http, &request, &response, &result->err);
    arc_text_item(&result->found, "; ", "%s: ", host);

    bool answers = !rc && (response.status == 200 || response.status == 401);
    if (rc)
        arc_buf_puts(&result->found, arc_error_text(&result->err));
    else if (!answers)
        arc_buf_printf(&result->found, "answers %d", response.status);
    else
        arc_buf_puts(&result->found, response.status == 200 ? "open" : "answers, wants a login");
    if (!answers)
        doctor_advise_once(result, DOCTOR_MISSING, "check the name, the network and HTTPS_PROXY");

    arc_http_response_free(&response);
}

void doctor_registry(struct doctor *doctor, struct doctor_result *result)
{
    struct arc_http_options options = {.env = doctor->project->env,
                                       .connect_timeout = REACH_SECONDS};
    ARC_AUTO_HANDLE(arc_http) struct arc_http *http = NULL;
    ARC_AUTO_JSON json_t *hosts = json_object();

    doctor_each_group (group, doctor) {
        for (char **prefix = group->registries; *prefix; prefix++) {
            ARC_AUTO_FREE char *name = strndup(*prefix, strcspn(*prefix, "/"));
            if (name)
                json_object_set_new(hosts, name, json_true());
        }
    }

    if (doctor_skip(result, doctor->options->offline, "--offline") ||
        doctor_skip(result, !doctor->has_config, "no release groups") ||
        doctor_skip(result, arc_http_new(&options, &http, NULL), "no libcurl"))
        return;

    arc_json_each_pair (host, value, hosts)
        reach_registry(options.env, http, host, result);
    doctor->has_registry = result->status != DOCTOR_MISSING;
}

/* Reports published images that cannot be pulled without a login. Checks one per group, once. */
static void look_at_images(const struct doctor *doctor, struct doctor_result *result)
{
    const struct arc_env *env = doctor->project->env;
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    char digest[ARC_DIGEST_LEN + 1] = "";

    if (!doctor->has_registry || arc_registry_new(env, arc_clock_impatient(), &registry, NULL))
        return;

    doctor_each_group (group, doctor) {
        const char *image = group->service_count ? group->services[0].images[0] : NULL;
        ARC_AUTO(arc_error) struct arc_error why = {0};
        bool kept = false;
        if (!image || arc_registry_resolve(registry, image, "latest", digest, NULL))
            continue;
        if (arc_registry_look_anonymously(env, arc_clock_impatient(), image, "latest", &kept, &why))
            arc_text_item(&result->found, ", ", "whether everybody can pull %s is not known: %s",
                          image, arc_error_text(&why));
        if (!kept)
            continue;
        arc_text_item(&result->found, ", ", "%s is private", image);
        doctor_advise_once(result, result->status,
                           "if everybody is to pull it, make the package public in its settings: "
                           "no API can");
    }
}

/* GITHUB_TOKEN can only write packages of its repository's owner (GitHub docs, "Working with the
 * Container registry"). */
void doctor_packages(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(arc_repository) struct arc_repository repository = {0};
    const struct arc_project *project = doctor->project;
    ARC_AUTO_JSON json_t *seen = json_object();

    if (doctor_skip(result, !doctor->has_config, "no release groups") ||
        doctor_skip(result,
                    !project->git || arc_repository_read(project->git, NULL, &repository, NULL),
                    "no repository"))
        return;

    const char *owner = arc_url_path(repository.source);
    size_t len = owner ? strcspn(owner, "/") : 0;
    doctor_each_group (group, doctor)
        for (char **prefix = group->registries; *prefix; prefix++) {
            const char *name = arc_text_after(*prefix, "ghcr.io/");
            if (!name || json_object_get(seen, name))
                continue;
            json_object_set_new(seen, name, json_true());
            bool foreign = len && (strcspn(name, "/") != len || strncasecmp(name, owner, len) != 0);
            arc_text_item(&result->found, ", ", "%s", *prefix);
            if (!foreign)
                continue;
            arc_buf_printf(&result->found, " is not of the repository's owner %.*s", (int)len,
                           owner);
            doctor_advise_once(result, DOCTOR_WARNING,
                               "GITHUB_TOKEN may not push there: give the workflows the secrets "
                               "registry-username and registry-password");
        }

    bool has_some = result->found.len;
    if (!result->advice.len)
        look_at_images(doctor, result);

    if (!result->found.len)
        arc_buf_puts(&result->found, "none on ghcr.io");
    else if (!result->advice.len && has_some)
        arc_buf_puts(&result->advice,
                     "a new one is private: make it public after the first release");
}

/* Lists every image of the configuration once. */
static int list_images(const struct doctor *doctor, struct arc_arena *memory,
                       struct arc_registry_push **out, size_t *count, struct arc_error *err)
{
    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count)
            for (char **image = service->images; *image; image++) {
                if (!arc_find(*out, *count, image, *image))
                    ARC_APPEND(memory, *out, *count, err,
                               (struct arc_registry_push){.image = *image});
            }

    return ARC_OK;
}

static int ask_to_push(struct doctor *doctor, struct doctor_result *result, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_registry_push *items = NULL;
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    size_t count = 0, fine = 0;

    ARC_TRY(list_images(doctor, &memory, &items, &count, err));
    ARC_TRY(arc_registry_new(doctor->project->env, NULL, &registry, err));
    int rc = arc_registry_may_push(registry, items, count, err);
    arc_each (item, items, count) {
        fine += !item->problem.code;
        if (item->problem.code)
            arc_text_item(&result->found, "; ", "%s", arc_error_text(&item->problem));
        if (item->advice)
            doctor_advise_once(result, DOCTOR_MISSING, item->advice);
        arc_error_clear(&item->problem);
    }

    ARC_TRY(rc);

    result->status = fine < count ? DOCTOR_MISSING : DOCTOR_OK;
    if (fine == count)
        arc_buf_printf(&result->found, "allowed to %s%zu image%s", count > 1 ? "all " : "", count,
                       arc_plural(count));

    return ARC_OK;
}

void doctor_push(struct doctor *doctor, struct doctor_result *result)
{
    if (!doctor_skip(result, !doctor->has_config, "no release groups") &&
        ask_to_push(doctor, result, &result->err))
        doctor_fail(result, DOCTOR_MISSING, NULL);
}

/* Whether `name` starts with the name of one of our services, followed by `next`. */
static bool is_ours(const struct doctor *doctor, const char *name, char next)
{
    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count) {
            const char *rest = arc_text_after(name, service->name);
            if (rest && *rest == next)
                return true;
        }
    return false;
}

static void check_port(const struct doctor *doctor, unsigned port, struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf filter = {0}, name = {0};
    bool is_free = false;

    arc_text_item(&result->found, ", ", "%u ", port);

    if (arc_socket_port_free(port, &is_free, &result->err) || is_free) {
        arc_buf_puts(&result->found, is_free ? "free" : arc_error_text(&result->err));
        return;
    }

    arc_buf_printf(&filter, "publish=%u", port);
    if (doctor->has_docker)
        doctor_ask(
            doctor,
            ARC_WORDS("docker", "ps", "--filter", arc_buf_text(&filter), "--format", "{{.Names}}"),
            &name, NULL);

    if (name.len && is_ours(doctor, arc_buf_text(&name), '\0')) {
        arc_buf_printf(&result->found, "ours (%s)", arc_buf_text(&name));
        return;
    }

    arc_buf_printf(&result->found, "taken%s%s", name.len ? " by " : "", arc_buf_text(&name));
    doctor_advise_once(result, DOCTOR_MISSING, "stop what listens there; ss -ltnp shows it");
}

void doctor_ports(struct doctor *doctor, struct doctor_result *result)
{
    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count) {
            unsigned one[] = {service->port, 0};
            for (unsigned *port = *service->ports ? service->ports : one; *port; port++)
                check_port(doctor, *port, result);
        }

    doctor_skip(result, !result->found.len, "no service names a port");
}

void doctor_network(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (doctor_skip(result, !doctor->network, "the rules file names none") ||
        doctor_skip(result, !doctor->has_docker, "no engine to ask"))
        return;

    arc_buf_puts(&result->found, doctor->network);

    bool exists = doctor_ask(doctor,
                             ARC_WORDS("docker", "network", "inspect", "--format", "{{.Driver}}",
                                       doctor->network),
                             &text, NULL) == ARC_OK;
    arc_buf_puts(&result->found, exists ? " exists" : " is not there");
    if (!exists)
        doctor_advise(result, DOCTOR_WARNING,
                      "docker network create %s (the make targets do it themselves)",
                      doctor->network);
}

/* A standalone Pulsar's bookie writes its name into the volume. If that is an address instead of
 * the host name, the data is lost once another container has the address. */
static void check_bookie(const struct doctor *doctor, const char *container,
                         struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0}, expected = {0};

    if (doctor_ask(doctor,
                   ARC_WORDS("docker", "exec", container, "grep", "bookieHost",
                             "/pulsar/data/standalone/bookkeeper/current/VERSION"),
                   &line, NULL))
        return; /* not running, or nothing stored yet */

    arc_buf_printf(&expected, "bookieHost: \"%s:", container);
    if (ARC_STARTS(arc_buf_text(&line), arc_buf_text(&expected)))
        return;
    arc_buf_printf(&result->found, "; that of %s is bound to an address of its container",
                   container);
    doctor_advise_once(result, DOCTOR_WARNING, "docs/services.md, 'An old volume of Strange'");
}

void doctor_volumes(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (doctor_skip(result, !doctor->has_docker, "no engine to ask") ||
        doctor_skip(result, !doctor->has_config, "no release groups"))
        return;

    if (doctor_read(doctor, ARC_WORDS("docker", "volume", "ls", "--format", "{{.Name}}"), &text,
                    &result->err)) {
        doctor_fail(result, DOCTOR_WARNING, "docker volume ls shows more");
        return;
    }

    arc_each_piece (line, arc_buf_text(&text), "\n")
        if (is_ours(doctor, line.text, '-')) { /* arc-<codename>-<what> */
            arc_text_separate(&result->found, ", ");
            arc_text_visible(&result->found, line.text, line.len);
        }
    if (!result->found.len)
        arc_buf_puts(&result->found, "none yet; a service makes its own when it starts");

    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count)
            if (service->tech && strcmp(service->tech, "pulsar") == 0)
                check_bookie(doctor, service->name, result);
}
