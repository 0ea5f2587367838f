#include "arcci/dryrun.h"
#include "arcci/context.h"
#include "arcci/plan.h"
#include "arcci/release.h"
#include "base/auto.h"
#include "flow/notes_run.h"
#include <string.h>

/* A rehearsal under way. */
struct dryrun {
    const struct arc_env *env;
    struct arc_context context;
    json_t *unknown;  /* part → why it is not known */
    json_t *document; /* dry-run.json as far as it is made */
};

static void dryrun_free(struct dryrun *run)
{
    arc_context_free(&run->context);
    json_decref(run->unknown);
    json_decref(run->document);
}

/* Adds a stage's document; takes the reference. */
static int keep(struct dryrun *run, const char *part, json_t *value, struct arc_error *err)
{
    return json_object_set_new(run->document, part, value) ? arc_error_nomem(err) : ARC_OK;
}

/* Says why a part, or something that parts rest on, cannot be known here. */
static int keep_unknown(struct dryrun *run, const char *what, const char *why,
                        struct arc_error *err)
{
    return json_object_set_new(run->unknown, what, json_string(why)) ? arc_error_nomem(err)
                                                                     : ARC_OK;
}

static const json_t *part(const struct dryrun *run, const char *name)
{
    return json_object_get(run->document, name);
}

/* ---- the facts ----------------------------------------------------------------------------- */

static int read_facts(struct dryrun *run, const struct arc_dryrun_options *options,
                      struct arc_error *err)
{
    struct arc_context_options wanted = {.tag = options->tag, .config = options->config};
    int rc = arc_context_load(run->env, &wanted, &run->context, err);
    if (!rc && !run->context.version)
        rc = arc_error_set(err, ARC_EINPUT,
                           "which release? 'arc-ci dry-run messaging/v1.2.3' rehearses one");
    const struct arc_repository *repository = &run->context.repository;
    if (!rc)
        rc = keep(run, "revision", json_string(repository->revision), err);
    if (!rc)
        rc = keep(run, "revision-from", json_string(repository->revision_from), err);
    if (!rc)
        rc = keep(run, "version", json_incref(run->context.version), err);
    if (!rc && repository->tags_unknown)
        rc = keep_unknown(run, "tags", repository->tags_unknown, err);
    return rc;
}

/* ---- the stages ---------------------------------------------------------------------------- */

static int rehearse_changes(struct dryrun *run, struct arc_error *err)
{
    return keep(run, "changes", json_null(), err);
}

static int rehearse_plan(struct dryrun *run, struct arc_error *err)
{
    json_t *plan = NULL;
    const struct arc_repository *repository = &run->context.repository;
    struct arc_plan_options options = {
        .group = run->context.group,
        .version = run->context.version,
        .revision = repository->revision,
        .committed = repository->committed,
        .source = repository->source,
        .branch = repository->branch,
        .push = true,
    };
    int rc = arc_plan(&options, &plan, err);
    return rc ? rc : keep(run, "plan", plan, err);
}

static int rehearse_notes(struct dryrun *run, struct arc_error *err)
{
    json_t *notes = NULL;
    struct arc_notes_facts facts = {.plan = part(run, "plan"),
                                    .group = run->context.group,
                                    .root = run->context.repository.root};
    int rc = arc_notes_make(run->env, &facts, &notes, err);
    return rc ? rc : keep(run, "notes", notes, err);
}

/* "owner/name" of a repository's page, "https://host/owner/name"; NULL if it is no such page. */
static const char *repository_name(const char *source)
{
    const char *host = source ? strstr(source, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    const char *slash = path ? strchr(path + 1, '/') : NULL;
    bool two = slash && slash > path + 1 && slash[1] && !strchr(slash + 1, '/');
    return two ? path + 1 : NULL;
}

/* The release stage with a transport that describes what it would send. */
static int rehearse_requests(struct dryrun *run, struct arc_error *err)
{
    json_t *requests = NULL;
    const json_t *notes = part(run, "notes");
    struct arc_release_options options = {
        .repository = repository_name(run->context.repository.source),
        .version = run->context.version,
        .revision = run->context.repository.revision,
        .name = json_string_value(json_object_get(notes, "title")),
        .body = json_string_value(json_object_get(notes, "body")),
    };
    int rc = ARC_OK;
    if (!options.repository) {
        options.repository = "OWNER/NAME";
        rc = keep_unknown(run, "repository",
                          "neither GITHUB_REPOSITORY nor the remote 'origin' names it", err);
    }
    if (!rc)
        rc = arc_release_requests(&options, &requests, err);
    return rc ? rc : keep(run, "requests", requests, err);
}

int arc_dryrun(const struct arc_env *env, const struct arc_dryrun_options *options, json_t **out,
               struct arc_error *err)
{
    static int (*const stages[])(struct dryrun *, struct arc_error *) = {
        rehearse_changes,
        rehearse_plan,
        rehearse_notes,
        rehearse_requests,
    };
    ARC_AUTO(dryrun) struct dryrun run = {.env = env};
    run.document = json_object();
    run.unknown = json_object();
    if (!run.document || !run.unknown)
        return arc_error_nomem(err);
    int rc = read_facts(&run, options, err);
    for (size_t i = 0; !rc && i < sizeof stages / sizeof *stages; i++)
        rc = stages[i](&run, err);
    if (!rc)
        rc = keep(&run, "unknown", json_incref(run.unknown), err);
    if (!rc)
        *out = arc_steal(&run.document);
    return rc;
}
