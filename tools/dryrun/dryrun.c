#include "arcci/dryrun.h"
#include "arcci/build.h"
#include "arcci/changes.h"
#include "arcci/documents.h"
#include "arcci/filters.h"
#include "arcci/plan.h"
#include "arcci/release.h"
#include "arcci/scan.h"
#include "base/json.h"
#include "base/text.h"
#include "config/build.h"
#include "dryrun/event.h"
#include "git/git.h"
#include "github/options.h"
#include "notes/inputs.h"
#include "plan/checks.h"
#include "plan/planned.h"
#include "project/train.h"
#include "release/inputs.h"

/* The state of a rehearsal. A list or object for which memory runs out becomes NULL, which fails the
 * rehearsal before its next stage. */
struct dryrun {
    struct arc_dryrun_event event; /* the stages' environment */
    struct arc_project *project;
    const struct arc_env *env; /* the project's own, replaced by the event's meanwhile */
    bool recorded;             /* the event was recorded, not synthesized */
    json_t *unknown;           /* part → why it is unknown */
    json_t *warnings;          /* of what may be wrong */
    json_t *document;          /* dry-run.json so far */
    struct arc_plan plan;      /* points into the project */
};

static void dryrun_free(struct dryrun *run)
{
    run->project->env = run->env;
    arc_arena_free(&run->event.memory);
    json_decref(run->unknown);
    json_decref(run->warnings);
    json_decref(run->document);
    arc_plan_free(&run->plan);
}

/* ---- what may be wrong with a release, found before it is made: the other tags --------------- */

__attribute__((format(printf, 3, 4))) static void warn(struct dryrun *run, const char *kind,
                                                       const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    arc_json_push(&run->warnings,
                  json_pack("{s:s, s:o}", "kind", kind, "message", arc_json_buf(&text)));
}

/* The group's other tags compared with this one: the highest version above and below it (stable
 * ones; any for a prerelease), and whether the tag exists. */
static int find_neighbours(const struct arc_project *project, struct arc_tag *above,
                           struct arc_tag *below, bool *exists, struct arc_error *err)
{
    const struct arc_tag *tag = &project->tag;

    arc_json_each (name, project->repository.tags) {
        ARC_AUTO(arc_tag) struct arc_tag other = {0};
        int rc = arc_tag_parse(json_string_value(name), project->group, &other, NULL);
        ARC_TRY(arc_error_memory(rc, err));
        if (rc || other.service != tag->service)
            continue;

        *exists |= strcmp(other.text, tag->text) == 0;
        int order = arc_release_version_compare(&other.version, &tag->version);
        bool stable =
            !other.version.prerelease && !arc_json_lists(project->repository.marked, other.text);
        bool withdrawn = arc_json_lists(project->repository.withdrawn, other.text);
        if (order && !withdrawn && (stable || tag->version.prerelease))
            arc_tag_keep_higher(order > 0 ? above : below, &other);
    }

    return ARC_OK;
}

/* Whether a version skips the next patch, minor and major one. Dates may skip. */
static bool is_jump(const struct arc_release_version *last, const struct arc_release_version *next)
{
    const struct arc_release_version *versions[] = {last, next};
    uint64_t numbers[2][3];
    size_t at = 0;

    for (size_t v = 0; v < 2; v++) {
        const char *texts[] = {versions[v]->major, versions[v]->minor, versions[v]->patch};
        const size_t lens[] = {versions[v]->major_len, versions[v]->minor_len,
                               versions[v]->patch_len};
        for (size_t i = 0; i < 3; i++) {
            if (!texts[i] || lens[i] > 18) /* not a number to count from */
                return false;
            numbers[v][i] = strtoull(texts[i], NULL, 10);
        }
    }

    while (at < 3 && numbers[0][at] == numbers[1][at])
        at++;
    if (at == 3 || next->versioning != ARC_VERSIONING_SEMVER)
        return false;
    bool jump = numbers[1][at] != numbers[0][at] + 1;
    while (++at < 3)
        jump |= numbers[1][at] != 0;

    return jump;
}

static int warn_of_tags(struct dryrun *run, const char *ref, struct arc_error *err)
{
    const struct arc_project *project = run->project;
    ARC_AUTO(arc_tag) struct arc_tag above = {0}, below = {0};
    bool exists = false;
    ARC_AUTO(arc_buf) struct arc_buf next = {0}; /* the command that chooses it, where one can */
    const char *tag = project->tag.text;
    const char *pushed = ref ? arc_tag_name(ref) : NULL;
    ARC_AUTO_FREE char *branch = NULL;
    struct arc_oid head;

    ARC_TRY(find_neighbours(project, &above, &below, &exists, err));
    if (!project->tag.service)
        arc_buf_printf(&next, " ('arc-ci version --next %s')", project->group->name);
    ARC_TRY(arc_buf_check(&next, "a warning", err));

    /* Whether this is a run of the tag itself, by its ref or by what CI systems check out. */
    bool runs = pushed && strcmp(pushed, tag) == 0;
    if (!runs && arc_env_nonempty(project->env, "CI"))
        runs = arc_git_head(project->git, &head, &branch, NULL) == ARC_OK && !branch &&
               strcmp(head.hex, project->repository.revision) == 0;
    if (exists && !runs)
        warn(run, "exists",
             "the tag %s exists already: its release was started by its push, and a tag is not "
             "moved; for another release take a new version%s",
             tag, arc_buf_text(&next));

    if (above.text)
        warn(run, "back",
             "a step back: %s is a higher version, and keeps `latest`; right for a fix of an older "
             "line, else take the next version%s",
             above.text, arc_buf_text(&next));

    if (below.text && is_jump(&below.version, &project->tag.version))
        warn(run, "jump",
             "a jump: %s is the last version below %s, and some between them are left out; check "
             "that this is the next version%s",
             below.text, tag, arc_buf_text(&next));

    return ARC_OK;
}

/* ---- the work tree --------------------------------------------------------------------------- */

static int warn_of_head(struct dryrun *run, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *revision = run->project->repository.revision;
    struct arc_oid head;
    int rc = arc_project_check_tag(run->project, true, &why);

    if (rc == ARC_EINPUT) {
        warn(run, "not-head", "%s", arc_error_text(&why));
        return ARC_OK;
    }

    ARC_TRY(arc_error_pass(rc, &why, err));
    ARC_TRY(arc_git_head(run->project->git, &head, NULL, err));
    if (strcmp(head.hex, revision) != 0)
        warn(run, "not-head",
             "the event is about commit %.12s, but %.12s is checked out, and configuration and "
             "services were read from there: git checkout %.12s",
             revision, head.hex, revision);

    return ARC_OK;
}

static int warn_of_files(struct dryrun *run, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf files = {.max = 4096};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = arc_project_dirty(run->project, &files, &why);

    if (rc == ARC_ENOTFOUND)
        warn(run, "dirty", "whether the work tree is the commit is not known: %s",
             arc_error_text(&why));
    else if (!rc && files.len)
        warn(run, "dirty",
             "the work tree is not commit %.12s: %s; commit or stash it: 'arc-ci build' refuses "
             "what is not committed",
             run->project->repository.revision, arc_buf_text(&files));

    return rc == ARC_ENOTFOUND ? ARC_OK : arc_error_pass(rc, &why, err);
}

/* Warns about unset secrets of services, as in a fork's job or on a laptop. */
static void warn_of_secrets(struct dryrun *run, const struct arc_env *env)
{
    arc_each (service, run->plan.services, run->plan.service_count) {
        ARC_AUTO(arc_buf) struct arc_buf lacks = {0};
        if (service->selected)
            arc_recipe_lacks(service->recipe, env, &lacks);
        if (lacks.len)
            warn(run, "secrets", "%s: %s", service->service, arc_buf_text(&lacks));
    }
}

/* A remark about the group's images, which `plan` shows too. */
static int add_remark(void *context, const struct arc_place *place, const char *text)
{
    struct dryrun *run = context;
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};

    if (place)
        arc_place_show(&shown, place);
    arc_text_separate(&shown, ": ");
    arc_text_visible(&shown, text, strlen(text)); /* it may end in a part of a character */
    arc_json_push(&run->warnings,
                  json_pack("{s:s, s:o}", "kind", "image", "message", arc_json_buf(&shown)));

    return ARC_OK;
}

/* ---- the facts ----------------------------------------------------------------------------- */

/* Loads the project and the event to rehearse: a recorded one, or the push of the tag. */
static int load_facts(struct dryrun *run, const char *event, struct arc_error *err)
{
    struct arc_project *project = run->project;
    const struct arc_repository *repository = &project->repository;
    if (event) {
        ARC_TRY(arc_dryrun_event_of_file(run->env, event, &run->event, err));
        project->env = &run->event.env;
        ARC_TRY(arc_project_load(project, err));
    } else {
        ARC_TRY(arc_project_load_release(project, err));
        ARC_TRY(arc_dryrun_event_of_tag(run->env, project->tag.text, repository->revision,
                                        &run->event, err));
        project->env = &run->event.env;
    }

    if (!project->group->includes) /* a missing Dockerfile also fails a release */
        ARC_TRY(arc_plan_check_images(project, add_remark, run, err));

    arc_json_put(&run->document, "revision", json_string(repository->revision));
    arc_json_put(&run->document, "revision-from", json_string(repository->revision_from));
    if (project->version && !repository->tags)
        arc_json_put(&run->unknown, "tags", json_string(repository->tags_unknown));

    return ARC_OK;
}

/* ---- the stages: each returns its document, or leaves *out NULL ------------------------------- */

static int rehearse_version(struct dryrun *run, json_t **out, struct arc_error *err)
{
    const struct arc_version_info *version = run->project->version;
    return version ? arc_version_write(version, out, err) : ARC_OK;
}

static int find_changes(struct dryrun *run, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_filters) struct arc_filters filters = {0};
    ARC_AUTO(arc_changes) struct arc_changes changes = {0};
    struct arc_config one = {.path = run->project->config.path,
                             .groups = (struct arc_group *)run->project->group,
                             .group_count = 1};

    ARC_TRY(arc_filters_of_config(arc_project_root(run->project), &one, &filters, err));
    const struct arc_changes_options options = {.filters = &filters,
                                                .config = &one,
                                                .quantifier = ARC_QUANTIFIER_SOME_EXCLUDE,
                                                .is_recorded = true};
    ARC_TRY(arc_changes(run->project, &options, &changes, err));

    return arc_changes_document(&changes, out, err);
}

/* What a shallow clone lacks is reported, but is not an error of a rehearsal. */
static int rehearse_changes(struct dryrun *run, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *unknown = json_string_value(json_object_get(run->unknown, "tags"));

    if (!unknown) {
        int rc = find_changes(run, out, &why);
        unknown = arc_error_text(&why);
        if (rc && rc != ARC_ENOTFOUND && rc != ARC_EWORLD)
            return arc_error_set(err, rc, "%s", unknown);
    }

    if (!*out)
        arc_json_put(&run->unknown, "changes", json_string(unknown));

    return ARC_OK;
}

static int rehearse_plan(struct dryrun *run, json_t **out, struct arc_error *err)
{
    const json_t *document = json_object_get(run->document, "changes");
    const char *head = json_string_value(json_object_get(document, "head"));
    ARC_AUTO(arc_changes_info) struct arc_changes_info changes = {0};
    struct arc_repository *repository = &run->project->repository;

    /* A ci run builds the event's commit, which may not be checked out. */
    if (!run->project->version && head) {
        ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
        const struct arc_oid oid = arc_oid_of(head);
        ARC_TRY(arc_git_commit(run->project->git, &oid, &commit, err));
        memcpy(repository->revision, oid.hex, sizeof oid.hex);
        repository->committed = commit.time;
        ARC_TRY(arc_json_set(run->document, "revision", json_string(oid.hex), err));
        ARC_TRY(arc_json_set(run->document, "revision-from",
                             json_incref(json_object_get(document, "head-reason")), err));
    }

    /* As in the workflows, where a run by hand builds everything. */
    struct arc_plan_options wanted = {.push = run->project->version || run->event.publishes};
    if (json_is_object(document) && !arc_json_says(document, "event", "workflow_dispatch")) {
        ARC_TRY(arc_changes_read(document, &changes, err));
        wanted.changes = &changes;
    }

    ARC_TRY(arc_planned(run->project, &wanted, NULL, &run->plan, err));

    return arc_plan_write(&run->plan, out, err);
}

static int rehearse_build(struct dryrun *run, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *argv = NULL, *definition = NULL;
    const struct arc_build_options options = {.env = &run->event.env, .plan = &run->plan};
    ARC_TRY(arc_build_describe(run->project, &options, &argv, &definition, err));
    *out = json_pack("{s:O, s:O}", "argv", argv, "definition", definition);
    return arc_error_unless(*out, err);
}

/* Adds the gate, with the defaults of `arc-ci scan`. Images that are not pushed cannot be
 * scanned. */
static int rehearse_scan(struct dryrun *run, json_t **out, struct arc_error *err)
{
    static char digest[] = "sha256:DIGEST";
    const struct arc_plan *plan = &run->plan;
    json_t *commands = NULL;
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {.group = NULL};

    if (!plan->push)
        return ARC_OK;

    /* Makes build.json as it will be, except for the digests, which are unknown before the
     * build. */
    ARC_TRY(arc_ledger_begin(plan, &ledger, err));

    arc_each (cell, plan->cells, plan->cell_count) {
        const struct arc_planned_service *planned = arc_plan_service(plan, cell->service);
        struct arc_built_service *service = arc_ledger_service(&ledger, planned->service);
        if (!service) {
            service = &ledger.services[ledger.service_count++];
            *service =
                (struct arc_built_service){.service = planned->service, .image = planned->image};
        }
        ARC_APPEND(&ledger.memory, service->cells, service->cell_count, err,
                   (struct arc_built_cell){.platform = cell->platform, .digest = digest});
    }

    struct arc_scan_run scan = {
        .type = "image",
        .build = &ledger,
        .scanners = ARC_SCANNER_VULN | ARC_SCANNER_SECRET,
        .report_dir = "reports",
        .timeout = 15 * 60,
    };
    ARC_TRY(arc_scan_commands(&scan, NULL, &commands, err));
    *out = json_pack("{s:o, s:s, s:b}", "commands", commands, "fail-on",
                     arc_severity_name(ARC_SEVERITY_HIGH), "block", run->project->version != NULL);

    return arc_error_unless(*out, err);
}

static int rehearse_notes(struct dryrun *run, json_t **out, struct arc_error *err)
{
    if (!run->project->version)
        return ARC_OK;
    const struct arc_notes_options facts = {
        .plan = &run->plan, .group = run->project->group, .root = run->project->repository.root};
    return arc_notes_make(run->project, &facts, NULL, out, err);
}

/* Runs the release stage with a transport that describes its requests. */
static int rehearse_requests(struct dryrun *run, json_t **out, struct arc_error *err)
{
    const json_t *notes = json_object_get(run->document, "notes");
    const struct arc_group *group = run->project->group;
    ARC_AUTO_FREE char *lock = arc_train_lock_name(group->name);
    const struct arc_release_asset assets[] = {
        {.name = "build.json", .path = "build.json", .later = true},
        {.name = "scan.json", .path = "scan.json", .later = true},
        {.name = lock, .path = lock, .later = true}};
    struct arc_release_options options = {
        .repository = arc_url_path(run->project->repository.source), /* "owner/name" */
        .version = run->project->version,
        .group = group,
        .make_latest = arc_make_latest_of(group->make_latest),
        .revision = run->project->repository.revision,
        .name = json_string_value(json_object_get(notes, "title")),
        .body = json_string_value(json_object_get(notes, "body")),
        .assets = assets,
        .asset_count = group->includes ? 3 : 2,
    };

    ARC_TRY_ALLOC(lock, err);
    if (!run->project->version)
        return ARC_OK;

    if (!options.repository || !arc_repository_name_valid(options.repository)) {
        options.repository = "OWNER/NAME";
        arc_json_put(&run->unknown, "repository",
                     json_string("neither GITHUB_REPOSITORY nor the remote 'origin' names it"));
    }

    return arc_release_requests(&options, out, err);
}

/* Adds what may be wrong, as docs/documents.md lists it. */
static int find_warnings(struct dryrun *run, json_t **out, struct arc_error *err)
{
    const struct arc_project *project = run->project;
    const struct arc_env *env = run->recorded ? &run->event.env : run->env;
    char *const *left_out = project->group->unreleased;

    if (project->repository.tags && project->repository.tags_unknown)
        warn(run, "tags", "the tags of this clone alone count: %s",
             project->repository.tags_unknown);
    if (project->tag.text)
        ARC_TRY(warn_of_tags(run, arc_env_get(env, "GITHUB_REF"), err));
    for (; left_out && *left_out; left_out++)
        warn(run, "unreleased", "%s has no release yet: %s goes without it", *left_out,
             project->group->name);
    ARC_TRY(warn_of_head(run, err));
    ARC_TRY(warn_of_files(run, err));
    warn_of_secrets(run, env);
    *out = json_incref(run->warnings);

    return arc_error_unless(*out, err);
}

int arc_dryrun(struct arc_project *project, const char *event, json_t **out, struct arc_error *err)
{
    static const struct {
        const char *part;
        int (*rehearse)(struct dryrun *run, json_t **out, struct arc_error *err);
    } stages[] = {{"version", rehearse_version},   {"changes", rehearse_changes},
                  {"plan", rehearse_plan},         {"build", rehearse_build},
                  {"scan", rehearse_scan},         {"notes", rehearse_notes},
                  {"requests", rehearse_requests}, {"warnings", find_warnings}};
    ARC_AUTO(dryrun)
    struct dryrun run = {.project = project, .env = project->env, .recorded = event != NULL};

    run.document = json_pack("{s:s, s:i}", "document", "dry-run", "format", ARC_DOCUMENT_FORMAT);
    run.unknown = json_object();
    run.warnings = json_array();
    ARC_TRY(load_facts(&run, event, err));

    arc_each_in (stage, stages) {
        json_t *value = NULL;
        ARC_TRY_ALLOC(run.document && run.unknown && run.warnings, err);
        ARC_TRY(stage->rehearse(&run, &value, err));
        arc_json_put(&run.document, stage->part, arc_or(value, json_null()));
    }

    arc_json_put(&run.document, "unknown", json_incref(run.unknown));
    ARC_TRY_ALLOC(run.document, err);
    *out = arc_steal(&run.document);

    return ARC_OK;
}
