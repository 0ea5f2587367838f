#include "arcci/dryrun.h"
#include "arcci/build.h"
#include "arcci/changes.h"
#include "arcci/documents.h"
#include "arcci/filters.h"
#include "arcci/plan.h"
#include "arcci/release.h"
#include "arcci/scan.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "dryrun/event.h"
#include "dryrun/warnings.h"
#include "git/git.h"
#include "github/options.h"
#include "notes/inputs.h"
#include "plan/planned.h"
#include "project/inputs.h"
#include "project/train.h"
#include <string.h>

/* A rehearsal under way. */
struct dryrun {
    struct arc_dryrun_event event; /* what the stages are run with */
    struct arc_project *project;
    const struct arc_env *env; /* the project's own; while a rehearsal runs it has the event's */
    bool recorded;             /* the event was recorded, not made up */
    json_t *unknown;           /* part → why it is not known */
    json_t *document;          /* dry-run.json as far as it is made */
    struct arc_plan plan;      /* points into the project */
};

static void dryrun_free(struct dryrun *run)
{
    run->project->env = run->env;
    arc_dryrun_event_free(&run->event);
    json_decref(run->unknown);
    json_decref(run->document);
    arc_plan_free(&run->plan);
}

/* Adds a stage's document; takes the reference. */
static int keep(struct dryrun *run, const char *part, json_t *value, struct arc_error *err)
{
    return arc_json_set(run->document, part, value, err);
}

static const json_t *part(const struct dryrun *run, const char *name)
{
    return json_object_get(run->document, name);
}

/* ---- the facts ----------------------------------------------------------------------------- */

/* The project, and the event to play: a recorded one, or the push of the tag. */
static int read_facts(struct dryrun *run, const struct arc_dryrun_options *options,
                      struct arc_error *err)
{
    struct arc_project *project = run->project;
    const struct arc_repository *repository = &project->repository;
    ARC_AUTO_JSON json_t *version = json_null();
    project->wanted = (struct arc_project_options){.tag = options->tag,
                                                   .group = options->group,
                                                   .config = options->config,
                                                   .previous = options->previous,
                                                   .lock = options->lock};

    if (options->event) {
        ARC_TRY(arc_dryrun_event_of_file(run->env, options->event, &run->event, err));
        project->env = &run->event.env;
        ARC_TRY(arc_project_load(project, err));
    } else {
        ARC_TRY(arc_project_load_release(project, err));
        ARC_TRY(arc_dryrun_event_of_tag(run->env, project->tag.text, repository->revision,
                                        &run->event, err));
        project->env = &run->event.env;
    }

    if (!project->group->includes) { /* a missing Dockerfile fails a release, so its rehearsal */
        ARC_AUTO_FREE char *root = arc_project_root(project);
        ARC_TRY_ALLOC(root, err);
        ARC_TRY(arc_group_check_dockerfiles(root, project->group, NULL, NULL, err));
    }

    if (project->version)
        ARC_TRY(arc_version_write(project->version, &version, err));
    ARC_TRY(keep(run, "revision", json_string(repository->revision), err));
    ARC_TRY(keep(run, "revision-from", json_string(repository->revision_from), err));
    ARC_TRY(keep(run, "version", json_incref(version), err));
    if (project->version && repository->tags_unknown)
        return arc_json_set(run->unknown, "tags", json_string(repository->tags_unknown), err);

    return ARC_OK;
}

/* ---- the stages ---------------------------------------------------------------------------- */

static int find_changes(struct dryrun *run, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_filters) struct arc_filters filters = {0};
    ARC_AUTO(arc_changes) struct arc_changes changes = {0};
    struct arc_config one = {.path = run->project->config.path,
                             .groups = (struct arc_group *)run->project->group,
                             .group_count = 1};
    ARC_AUTO_FREE char *root = arc_project_root(run->project);

    ARC_TRY_ALLOC(root, err);
    ARC_TRY(arc_filters_of_config(root, &one, &filters, err));
    const struct arc_changes_options options = {.filters = &filters,
                                                .config = &one,
                                                .quantifier = ARC_QUANTIFIER_SOME_EXCLUDE,
                                                .is_recorded = true};
    ARC_TRY(arc_changes(run->project, &options, &changes, err));

    return arc_changes_document(&changes, out, err);
}

/* What is missing from this clone (a cut history) is no error of a rehearsal, but said. */
static int rehearse_changes(struct dryrun *run, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    json_t *changes = NULL;
    const char *unknown = json_string_value(json_object_get(run->unknown, "tags"));

    if (!unknown) {
        int rc = find_changes(run, &changes, &why);
        if (!rc)
            return keep(run, "changes", changes, err);
        unknown = arc_error_text(&why);
        if (rc != ARC_ENOTFOUND && rc != ARC_EWORLD)
            return arc_error_set(err, rc, "%s", unknown);
    }

    ARC_TRY(arc_json_set(run->unknown, "changes", json_string(unknown), err));

    return keep(run, "changes", json_null(), err);
}

static int rehearse_plan(struct dryrun *run, struct arc_error *err)
{
    json_t *plan = NULL;
    const json_t *document = part(run, "changes");
    const char *head = json_string_value(json_object_get(document, "head"));
    ARC_AUTO(arc_changes_info) struct arc_changes_info changes = {0};
    struct arc_repository *repository = &run->project->repository;
    struct arc_oid oid = {{0}};

    /* A ci run builds the event's commit, which need not be the one that is checked out. */
    if (!run->project->version && head && strlen(head) < sizeof oid.hex) {
        ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
        memcpy(oid.hex, head, strlen(head));
        ARC_TRY(arc_git_commit(run->project->git, &oid, &commit, err));
        memcpy(repository->revision, oid.hex, sizeof oid.hex);
        repository->committed = commit.time;
        ARC_TRY(keep(run, "revision", json_string(oid.hex), err));
        ARC_TRY(
            keep(run, "revision-from", json_incref(json_object_get(document, "head-reason")), err));
    }

    struct arc_plan_options wanted = {.push = run->event.publishes};
    if (json_is_object(document)) {
        ARC_TRY(arc_changes_read(document, &changes, err));
        wanted.changes = &changes;
    }

    ARC_TRY(arc_planned(run->project, &wanted, NULL, &run->plan, err));
    ARC_TRY(arc_plan_write(&run->plan, &plan, err));

    return keep(run, "plan", plan, err);
}

/* The build stage's own description of itself. */
static int rehearse_build(struct dryrun *run, struct arc_error *err)
{
    json_t *argv = NULL, *definition = NULL;
    const struct arc_build_options options = {.env = &run->event.env, .plan = &run->plan};
    ARC_TRY(arc_build_describe(run->project, &options, &argv, &definition, err));
    return keep(run, "build", json_pack("{s:o, s:o}", "argv", argv, "definition", definition), err);
}

/* The gate, with the defaults of `arc-ci scan`. Images that are not pushed cannot be scanned. */
static int rehearse_scan(struct dryrun *run, struct arc_error *err)
{
    static char digest[] = "sha256:DIGEST";
    const struct arc_plan *plan = &run->plan;
    json_t *commands = NULL;
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {.group = NULL};

    if (!run->event.publishes)
        return keep(run, "scan", json_null(), err);

    /* build.json as it will be, but for the digests: those are not known before the build. */
    ARC_TRY(arc_ledger_begin(plan, &ledger, err));

    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct arc_planned_service *planned = arc_plan_service(plan, plan->cells[i].service);
        struct arc_built_service *service = arc_ledger_service(&ledger, planned->service);
        if (!service) {
            service = &ledger.services[ledger.service_count++];
            *service =
                (struct arc_built_service){.service = planned->service, .image = planned->image};
        }
        struct arc_built_cell *cell =
            arc_arena_append(&ledger.memory, &service->cells, &service->cell_count, sizeof *cell);
        ARC_TRY_ALLOC(cell, err);
        *cell = (struct arc_built_cell){.platform = plan->cells[i].platform, .digest = digest};
    }

    struct arc_scan_run scan = {
        .type = "image",
        .build = &ledger,
        .scanners = ARC_SCANNER_VULN | ARC_SCANNER_SECRET,
        .report_dir = "reports",
        .timeout = 15 * 60,
    };
    ARC_TRY(arc_scan_commands(&scan, NULL, &commands, err));
    json_t *gate =
        json_pack("{s:o, s:s, s:b}", "commands", commands, "fail-on",
                  arc_severity_name(ARC_SEVERITY_HIGH), "block", run->project->version != NULL);

    return keep(run, "scan", gate, err);
}

static int rehearse_notes(struct dryrun *run, struct arc_error *err)
{
    json_t *notes = NULL;
    if (!run->project->version)
        return keep(run, "notes", json_null(), err);
    const struct arc_notes_options facts = {
        .plan = &run->plan, .group = run->project->group, .root = run->project->repository.root};
    ARC_TRY(arc_notes_make(run->project, &facts, NULL, &notes, err));
    return keep(run, "notes", notes, err);
}

/* The release stage with a transport that describes what it would send. */
static int rehearse_requests(struct dryrun *run, struct arc_error *err)
{
    json_t *requests = NULL;
    const json_t *notes = part(run, "notes");
    const struct arc_group *group = run->project->group;
    ARC_AUTO_FREE char *lock = arc_train_lock_name(group->name);
    const struct arc_release_asset assets[] = {{.name = "build.json", .path = "build.json"},
                                               {.name = "scan.json", .path = "scan.json"},
                                               {.name = lock, .path = lock}};
    struct arc_release_options options = {
        .repository = arc_url_path(run->project->repository.source), /* "owner/name" */
        .version = run->project->version,
        .revision = run->project->repository.revision,
        .name = json_string_value(json_object_get(notes, "title")),
        .body = json_string_value(json_object_get(notes, "body")),
        .assets = assets,
        .asset_count = group->includes ? 3 : 2,
    };

    ARC_TRY_ALLOC(lock, err);
    if (!run->project->version)
        return keep(run, "requests", json_null(), err);

    if (!options.repository || !arc_repository_name_valid(options.repository)) {
        options.repository = "OWNER/NAME";
        ARC_TRY(arc_json_set(
            run->unknown, "repository",
            json_string("neither GITHUB_REPOSITORY nor the remote 'origin' names it"), err));
    }

    ARC_TRY(arc_release_requests(&options, &requests, err));

    return keep(run, "requests", requests, err);
}

/* What may be wrong. The tag of the run that rehearses is there, of course. */
static int warn(struct dryrun *run, struct arc_error *err)
{
    const struct arc_env *env = run->recorded ? &run->event.env : run->env;
    json_t *warnings = json_array();
    ARC_TRY(keep(run, "warnings", warnings, err));
    return arc_dryrun_warn(run->project, arc_env_get(env, "GITHUB_REF"), warnings, err);
}

int arc_dryrun(struct arc_project *project, const struct arc_dryrun_options *options, json_t **out,
               struct arc_error *err)
{
    static int (*const stages[])(struct dryrun *, struct arc_error *) = {
        rehearse_changes, rehearse_plan,     rehearse_build, rehearse_scan,
        rehearse_notes,   rehearse_requests, warn,
    };
    ARC_AUTO(dryrun)
    struct dryrun run = {
        .project = project, .env = project->env, .recorded = options->event != NULL};

    run.document = json_pack("{s:s, s:i}", "document", "dry-run", "format", ARC_DOCUMENT_FORMAT);
    run.unknown = json_object();
    ARC_TRY_ALLOC(run.document && run.unknown, err);
    ARC_TRY(read_facts(&run, options, err));
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        ARC_TRY(stages[i](&run, err));
    ARC_TRY(keep(&run, "unknown", json_incref(run.unknown), err));
    *out = arc_steal(&run.document);

    return ARC_OK;
}
