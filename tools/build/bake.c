#include "base/json.h"
#include "base/path.h"
#include "build/run.h"
#include "config/build.h"
#include "config/described.h"
#include "os/environment.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/folder.h"
#include "project/documents.h"
#include <inttypes.h>

void arc_bake_result_free(struct arc_bake_result *result)
{
    arc_progress_free(result->progress);
    json_decref(result->metadata);
    *result = (struct arc_bake_result){0};
}

/* ---- what went wrong ----------------------------------------------------------------------- */

/* Whether this is docker's error for an unreachable engine, in the words of any version. */
static bool lacks_engine(const char *text)
{
    return ARC_HOLDS(text, "annot connect to the Docker daemon",
                     "failed to connect to the docker API",
                     "permission denied while trying to connect to the");
}

/* Number of tries for temporary errors. */
#define ATTEMPTS 3

/* An error shows at most this many bytes of buildx's output. */
#define ADVICE_MAX ((size_t)2000)

/* The line in "Dockerfile:12", which precedes an excerpt; 0 for a Dockerfile without a file (NULL),
 * which is in the plan. */
static unsigned dockerfile_line(const char *text, const char *dockerfile)
{
    if (!dockerfile)
        return 0;

    const char *name = arc_path_name(dockerfile);
    size_t len = strlen(name);
    unsigned line = 0;
    for (const char *at = text; (at = strstr(at, name)); at += len)
        if ((at == text || at[-1] == '\n') && at[len] == ':')
            line = (unsigned)strtoul(at + len + 1, NULL, 10);
    return line;
}

/* Whether line `number` of the service's Dockerfile is the line marked with ">>> " in the
 * excerpt. */
static bool has_line(const struct arc_build_options *options,
                     const struct arc_planned_service *service, unsigned number, const char *marked)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)1 << 20};
    if (arc_file_read_in(options->env->cwd, service->dockerfile, (size_t)1 << 20, &text, NULL))
        return false;
    arc_each_piece (line, arc_buf_text(&text), "\n") {
        size_t len = strcspn(line.text, "\r\n");
        if (number-- <= 1)
            return len && strncmp(line.text, marked, len) == 0 && strchr("\r\n", marked[len]);
    }
    return false;
}

/* The service that failed: the failed step's, the one named by the error, or the only one. An error
 * about parsing a Dockerfile names none, so the excerpt's line decides. */
static const struct arc_planned_service *failed_service(const struct arc_build_options *options,
                                                        const json_t *definition, const char *text,
                                                        const char *service)
{
    const json_t *targets = json_object_get(definition, "target");
    const char *marked = strstr(text, ">>> ");

    arc_each (item, options->plan->services, options->plan->service_count) {
        char named[300];
        bool built = json_object_get(targets, item->service);
        snprintf(named, sizeof named, "target %.250s: ", item->service);
        if (strcmp(item->service, service) == 0 || strstr(text, named) ||
            (built && json_object_size(targets) == 1))
            return item;
        unsigned line = dockerfile_line(text, item->dockerfile);
        if (built && marked && line && !*service && has_line(options, item, line, marked + 4))
            return item;
    }

    return NULL;
}

/* Advice for errors of BuildKit that do not say what to do. */
static void add_advice(const char *text, struct arc_buf *shown)
{
#define ATTESTED                                                                                   \
    "the registry refuses attestations as BuildKit writes them from 0.32 on: set "                 \
    "BUILDX_NO_DEFAULT_OCI_ARTIFACT=true for their older form, or 'provenance: false' for none"
    static const struct {
        const char *sign, *then,
            *advice; /* must be followed by `then`, since steps may print the word too */
    } rows[] = {
        {"no space left on device", "",
         "the builder's disk is full: run docker buildx prune, or use a larger disk"},
        {"exit code: 137", "",
         "the step was killed, usually because memory ran out: give the builder more, or build "
         "less at once (--cell)"},
        {"failed to push", "immutab",
         "staging tags must be able to move: exclude staging-* from the registry's immutable tags"},
        {"failed to push", " 412 Precondition Failed",
         "Harbor answers so where the tag is immutable or the quota is used up: exclude staging-* "
         "from its immutable tags, or raise the quota"},
        {"failed to push", " 413 ",
         "the registry, or a proxy before it, takes no layer of this size: raise its limit "
         "(client_max_body_size in nginx)"},
        {"failed to push", ": blob unknown to registry", ATTESTED},
        {"failed to push", "vnd.oci.empty.v1", ATTESTED},
        {"rewrite-timestamp", "conflicts with \"unpack\"",
         "the engine's own builder unpacks what it builds: use another builder (docker buildx "
         "create --use)"},
        {"toomanyrequests", "", "a login to that registry may pull more: docker login"},
        {"failed to fetch anonymous token", ": 40", "log in to that registry: docker login"},
        {"failed to fetch oauth token", ": 40",
         "this login may not do that: log in as a user who may (docker login), or give it the "
         "right"},
        {"no match for platform in manifest", "",
         "a base image is not made for that platform: choose another one, or leave the platform "
         "out (platforms)"},
        {"pull access denied", "", "correct the name, or log in to its registry: docker login"},
        {"server gave HTTP response to HTTPS client", "",
         "tell the builder that this registry has only http, in its buildkitd.toml: "
         "[registry.\"HOST\"] http = true"},
        {"certificate signed by unknown authority", "",
         "the builder has its own list of trusted certificates; add to its buildkitd.toml: "
         "[registry.\"HOST\"] ca = [\"FILE\"]"},
    };

    arc_each_in (row, rows) {
        const char *sign = strstr(text, row->sign);
        sign = arc_or(sign, strstr(arc_buf_text(shown), row->sign));
        if (sign && strstr(sign, row->then)) {
            arc_buf_printf(shown, "; %s", row->advice);
            return;
        }
    }
}

static int failed(const struct arc_build_options *options, const json_t *definition,
                  const struct arc_progress *progress, int status, struct arc_error *err)
{
    static const char *const prefaces[] = {"ERROR: ", "Error: ", NULL}; /* docker's, podman's */
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 16384};
    const char *text = arc_progress_text(progress), *service = "", *platform = "";
    bool foreign = false;
    const char *failure = arc_progress_failure(progress, &service, &platform, &foreign);

    if (failure)
        arc_text_visible(&shown, failure, strnlen(failure, ADVICE_MAX));

    const char *said = failure ? "" : arc_fault_text(text, prefaces);
    for (size_t left = ADVICE_MAX; *said && left;) { /* joins lines */
        size_t len = strcspn(said, "\r\n"), part = ARC_MIN(len, left);
        if (len)
            arc_text_separate(&shown, " ");
        arc_text_visible(&shown, said, part);
        left -= part;
        said += len + strspn(said + len, "\r\n");
    }

    if (lacks_engine(text) || arc_docker_lacks_plugin(text))
        return arc_error_set(err, ARC_EWORLD,
                             "docker buildx bake: %s; start the engine, or install buildx "
                             "(arc-ci doctor)",
                             arc_buf_text(&shown));

    if (!shown.len && status == 128 + 9)
        arc_buf_puts(&shown, "docker was killed, usually because memory ran out");
    if (!shown.len)
        arc_buf_printf(&shown, "docker gave no reason (exit status %d)", status);
    if (foreign || strstr(text, "exec format error"))
        arc_build_explain_foreign(options, platform, &shown);
    else
        add_advice(text, &shown);
    const struct arc_planned_service *known = failed_service(options, definition, text, service);
    const char *codename = known ? known->service : "the build";
    const char *dockerfile = known ? known->dockerfile : "Dockerfile";
    unsigned at = dockerfile_line(text, dockerfile);
    const char *space = *platform ? " " : "";
    if (at)
        return arc_error_at(err, ARC_EFAILED, dockerfile, at, 0, "%s%s%s: %s", codename, space,
                            platform, arc_buf_text(&shown));

    return arc_error_set(err, ARC_EFAILED, "%s%s%s failed: %s", codename, space, platform,
                         arc_buf_text(&shown));
}

/* ---- one run ------------------------------------------------------------------------------- */

/* The local folder that caches layers, or NULL. */
static const char *layers_folder(const struct arc_build_options *options)
{
    return arc_text_after(options->cache, "local,dir=");
}

/* Bake needs explicit permission for paths outside of the work tree and host resources (buildx,
 * bake/entitlements.go); without a terminal it does not ask. */
static void add_allowed(const struct arc_build_options *options, const json_t *definition,
                        struct arc_arena *memory, const char ***argv)
{
    const char *layers = layers_folder(options);
    bool host = false, agent = false;

    arc_json_each_pair (name, target, json_object_get(definition, "target")) {
        host |= strcmp(arc_json_text_of(target, "network"), "host") == 0;
        arc_json_each (key, json_object_get(target, "ssh"))
            agent |= !strchr(json_string_value(key), '=');
    }

    if (host)
        *(*argv)++ = "--allow=network.host";
    if (agent)
        *(*argv)++ = "--allow=ssh";
    if (layers)
        *(*argv)++ = arc_arena_printf(memory, "--allow=fs=%s", layers);
}

void arc_build_argv(const struct arc_build_options *options, const json_t *definition,
                    const char *metadata, const char *progress, bool allows,
                    struct arc_arena *memory, const char **argv)
{
    const char *const words[] = {"docker", "buildx",          "bake",  "--file", "-", "--progress",
                                 progress, "--metadata-file", metadata};

    memcpy(argv, words, sizeof words);
    argv += ARC_COUNT(words);
    if (options->builder) {
        *argv++ = "--builder";
        *argv++ = options->builder;
    }
    if (allows)
        add_allowed(options, definition, memory, &argv);
    *argv = NULL;
}

/* The job's own tokens and what it signs with, which no build gets, whatever the tree requests. */
static const char *const kept_back[] = {"GITHUB_TOKEN", "GH_TOKEN",   "INPUT_*", "ACTIONS_*",
                                        "COSIGN_*",     "SIGSTORE_*", NULL};

static int add_variable(struct arc_arena *memory, const char *secret, char ***out,
                        struct arc_error *err)
{
    char name[ARC_VARIABLE_MAX + 1], pair[ARC_VARIABLE_MAX + 2];

    arc_secret_variable(secret, name);
    snprintf(pair, sizeof pair, "%s=", name);
    if (arc_environment_has(kept_back, pair))
        return arc_error_set(err, ARC_EINPUT,
                             "a secret of the build is %s, which no build gets: put the value "
                             "that it needs into another variable (`env: MODULES_TOKEN:`), and "
                             "name that one",
                             name);

    return *name ? arc_texts_add(memory, out, name, err) : ARC_OK;
}

/* The variables of the targets' secrets and caches, and those docker needs. NULL: none. The cache
 * of GitHub Actions (docs.docker.com/build/cache/backends/gha) needs a token that can write the
 * whole repository's cache, so no other child gets it. */
static int find_variables(const struct arc_build_options *options, const json_t *definition,
                          struct arc_arena *memory, char ***out, struct arc_error *err)
{
    static const char *const of_cache[] = {"ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL",
                                           "ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_SERVICE_V2"};
    bool gha = false;

    arc_json_each_pair (name, target, json_object_get(definition, "target")) {
        arc_json_each (item, json_object_get(target, "secret"))
            ARC_TRY(add_variable(memory, json_string_value(item), out, err));
        arc_json_each (item, json_object_get(target, "cache-from"))
            gha |= ARC_STARTS(json_string_value(item), "type=gha");
        arc_json_each (item, json_object_get(target, "cache-to"))
            gha |= ARC_STARTS(json_string_value(item), "type=gha");
    }

    if (gha && (!arc_env_nonempty(options->env, "ACTIONS_RUNTIME_TOKEN") ||
                !(arc_env_nonempty(options->env, "ACTIONS_RESULTS_URL") ||
                  arc_env_nonempty(options->env, "ACTIONS_CACHE_URL"))))
        return arc_error_set(err, ARC_EWORLD,
                             "the cache gha needs ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL, "
                             "which GitHub gives only to actions, not to `run` steps: pass them "
                             "on with the action cache-variables (docs/building.md), or use "
                             "--cache registry");

    for (size_t i = 0; gha && i < ARC_COUNT(of_cache); i++)
        ARC_TRY(arc_texts_add(memory, out, of_cache[i], err));

    return ARC_OK;
}

void arc_build_tell(const struct arc_build_listener *listener, const char *service,
                    const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf step = {.max = 65536};
    if (!listener->on_event)
        return;
    ARC_WITH_ARGS(format, arc_buf_vprintf(&step, format, args));
    struct arc_build_event event = {
        .service = service, .platform = "", .step = arc_buf_text(&step), .state = ARC_STEP_DONE};
    listener->on_event(listener->context, &event);
}

/* Says why it waits; without the query of the URL, which may contain a signature. */
static void tell_wait(void *listener, const char *url, int status, int64_t seconds)
{
    arc_build_tell(listener, "", "waiting %" PRId64 " s, as the registry asks (HTTP %d): %.*s",
                   seconds, status, (int)strcspn(url, "?"), url);
}

int arc_build_open_registry(const struct arc_env *env, const struct arc_clock *clock,
                            const struct arc_build_listener *listener, struct arc_registry **out,
                            struct arc_error *err)
{
    ARC_TRY(arc_registry_new(env, clock, out, err));
    arc_registry_on_wait(*out, tell_wait, (void *)listener);
    return ARC_OK;
}

/* A run of bake, with retries. */
struct baking {
    const struct arc_build_options *options;
    const struct arc_progress_options *watch;
    const char *metadata; /* file for the digests */
    bool plain;           /* this buildx lacks rawjson: its plain lines are passed on */
    bool trusting;        /* this buildx supports --allow */
    bool again;           /* the error may be temporary */
    struct arc_bake_result *out;
    struct arc_error *err;
};

static int on_output(void *context, enum arc_stream stream, const char *data, size_t len)
{
    const struct baking *baking = context;
    const struct arc_build_listener *listener = &baking->options->listener;
    struct arc_build_event event = {
        .service = "", .platform = "", .step = "", .log = data, .log_len = len};

    if (stream != ARC_STDERR)
        return ARC_OK;
    if (baking->plain && listener->on_event)
        listener->on_event(listener->context, &event);
    return arc_progress_feed(baking->out->progress, data, len, baking->err);
}

static int run_once(struct baking *baking, int *status)
{
    const struct arc_build_options *options = baking->options;
    const json_t *definition = baking->watch->definition;
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO_FREE char *input = arc_json_dumps(definition, JSON_COMPACT);
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const char *argv[ARC_BAKE_WORDS];
    char **variables = NULL;

    ARC_TRY_ALLOC(input, baking->err);
    arc_build_argv(options, definition, baking->metadata, baking->plain ? "plain" : "rawjson",
                   !baking->trusting, &memory, argv);
    ARC_TRY(arc_arena_check(&memory, baking->err));
    ARC_TRY(find_variables(options, definition, &memory, &variables, baking->err));
    struct arc_process process = {.argv = argv,
                                  .env = options->env,
                                  .passes = (const char *const *)variables,
                                  .input = input,
                                  .input_len = strlen(input),
                                  .interrupted_fd = &options->interrupted_fd,
                                  .on_output = on_output,
                                  .context = baking};
    int rc = arc_docker_run(&process, &result, baking->err);
    *status = result.status;

    return rc;
}

/* No other failure of bake has this code. */
static int interrupted(const struct arc_progress *progress, struct arc_error *err)
{
    ARC_AUTO_FREE char *why = err ? strdup(arc_error_text(err)) : NULL;
    return arc_error_set(err, ARC_EFAILED,
                         "%s, with %zu steps done; no public tag was moved, and the same command "
                         "builds what is missing",
                         arc_or(why, "interrupted"), arc_progress_done(progress));
}

/* Runs bake with a fresh reader. A buildx without rawjson fails at once: then this and all later
 * tries use plain progress. */
static int attempt(struct baking *baking)
{
    struct arc_bake_result *out = baking->out;
    int status = 0;

    baking->again = false;
    arc_error_clear(baking->err);
    arc_bake_result_free(out);
    ARC_TRY(arc_progress_new(baking->watch, &out->progress, baking->err));
    int rc = run_once(baking, &status);
    const char *text = arc_progress_text(out->progress);
    if (rc)
        return rc == ARC_EFAILED ? interrupted(out->progress, baking->err) : rc;

    if (status && !baking->plain && strstr(text, "rawjson")) {
        baking->plain = true;
        arc_build_tell(&baking->options->listener, "",
                       "this buildx has no rawjson progress (before 0.13): no times per cell");
        return attempt(baking);
    }

    if (status && !baking->trusting &&
        ARC_HOLDS(text, "unknown flag: --allow", "unknown entitlement key")) {
        baking->trusting = true;
        return attempt(baking);
    }

    if (status) {
        /* a failed step and a Dockerfile that does not parse stay as they are, whatever they print */
        baking->again =
            !ARC_HOLDS(text, "did not complete successfully", "dockerfile parse error") &&
            !lacks_engine(text) && arc_fault_passes(text);
        return failed(baking->options, baking->watch->definition, out->progress, status,
                      baking->err);
    }

    rc = arc_document_read(baking->metadata, &out->metadata, baking->err);
    return rc ? arc_error_prefix(baking->err, "what docker buildx bake wrote") : ARC_OK;
}

int arc_bake_run(const struct arc_build_options *options, const struct arc_progress_options *watch,
                 struct arc_bake_result *out, struct arc_error *err)
{
    const struct arc_clock *clock = arc_or(options->clock, arc_clock_system());
    const char *layers = layers_folder(options);
    ARC_AUTO_FREE char *folder = NULL;

    if (layers) /* for a missing folder, buildx needs permission for its parent */
        ARC_TRY(arc_folder_make(layers, err));
    ARC_TRY(arc_folder_temporary(options->env, &folder, err));
    ARC_AUTO_FREE char *metadata = arc_file_join(folder, "metadata.json");
    struct baking baking = {
        .options = options, .watch = watch, .metadata = metadata, .out = out, .err = err};
    int rc = metadata ? attempt(&baking) : arc_error_nomem(err);

    for (unsigned i = 1; rc && baking.again && i < ATTEMPTS; i++) {
        int64_t wait = arc_fault_wait(arc_progress_text(out->progress), i);
        arc_build_tell(&options->listener, "",
                       "trying again in %" PRId64 " s: a network or registry error", wait / 1000);
        clock->wait(clock->context, wait);
        rc = attempt(&baking);
    }

    arc_folder_remove(folder);

    return rc;
}
