#include "release/inputs.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "notes/inputs.h"
#include "os/file.h"
#include "os/hash.h"
#include "plan/planned.h"
#include "project/documents.h"
#include "release/lock.h"
#include "release/patterns.h"
#include "release/release.h"
#include <string.h>

/* The assets and what they point to. */
struct asset_list {
    struct arc_release_asset *items;
    size_t count;
    char *build; /* build.json as text */
    char *scan;  /* scan.json as text */
    char *lock;  /* a train's lock file as text, and its name */
    char *lock_name;
    struct arc_buf sums; /* SHA256SUMS */
};

static void asset_list_free(struct asset_list *list)
{
    free(list->items);
    free(list->build);
    free(list->scan);
    free(list->lock);
    free(list->lock_name);
    arc_buf_free(&list->sums);
}

/* ---- assets --------------------------------------------------------------------------------- */

/* "FILE" is called by its last part, "NAME=FILE" by NAME. The name points into an owned copy only
 * for the latter, so it is kept in the JSON array's own memory: `names` lives as long as the list.
 */
static int split_asset(const char *text, json_t *names, struct arc_release_asset *out,
                       struct arc_error *err)
{
    const char *equals = strchr(text, '=');
    const char *slash = strrchr(text, '/');

    if (!equals || (strchr(text, '/') && strchr(text, '/') < equals)) {
        *out = (struct arc_release_asset){.name = slash ? slash + 1 : text, .path = text};
        return ARC_OK;
    }

    json_t *name = json_stringn(text, (size_t)(equals - text));
    if (!name || json_array_append_new(names, name))
        return arc_error_nomem(err);
    *out = (struct arc_release_asset){.name = json_string_value(name), .path = equals + 1};

    return ARC_OK;
}

/* Adds a document as an asset; *text becomes its text. */
static int add_document(struct asset_list *list, const char *name, const json_t *document,
                        char **text, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    ARC_AUTO_FREE char *json = arc_json_dumps(document, JSON_INDENT(2));

    arc_buf_printf(&out, "%s\n", json ? json : "");
    *text = json ? arc_buf_steal(&out) : NULL;
    ARC_TRY_ALLOC(*text, err);
    list->items[list->count++] =
        (struct arc_release_asset){.name = name, .data = *text, .len = strlen(*text)};

    return ARC_OK;
}

static int add_build(struct asset_list *list, const struct arc_ledger *build, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *document = NULL;
    ARC_TRY(arc_ledger_write(build, &document, err));
    return add_document(list, "build.json", document, &list->build, err);
}

static int add_lock(struct asset_list *list, const struct arc_needs *needs, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *lock = NULL;
    ARC_TRY(release_lock(needs->plan, needs->build, &lock, &list->lock_name, err));
    return lock ? add_document(list, list->lock_name, lock, &list->lock, err) : ARC_OK;
}

/* The verdict, for `arc-ci status --scan`; a file of that name that was asked for stands in its
 * place. */
static int add_scan(struct asset_list *list, const json_t *scan, struct arc_error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, "scan.json") == 0)
            return ARC_OK;
    return scan ? add_document(list, "scan.json", scan, &list->scan, err) : ARC_OK;
}

/* As sha256sum prints it, so that `sha256sum -c` checks it. */
static int add_sums(struct asset_list *list, struct arc_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct arc_release_asset *asset = &list->items[i];
        char hex[ARC_SHA256_HEX];
        int rc = asset->path ? arc_sha256_file(asset->path, hex, NULL, err)
                             : arc_sha256(asset->data, asset->len, hex, err);
        if (rc)
            return arc_error_prefix(err, "asset %s", asset->name);
        arc_buf_printf(&list->sums, "%s  %s\n", hex, asset->name);
    }

    int rc = arc_buf_check(&list->sums, ARC_RELEASE_SUMS, err);
    if (rc || !list->count)
        return rc;
    list->items[list->count++] = (struct arc_release_asset){
        .name = ARC_RELEASE_SUMS, .data = list->sums.data, .len = list->sums.len};

    return ARC_OK;
}

/* Whether an earlier pattern gave the same file, or it is the ledger, which is there by itself. */
static bool is_listed(const struct asset_list *list, const struct arc_release_asset *asset,
                      const char *ledger)
{
    if (ledger && strcmp(asset->name, "build.json") == 0 && arc_file_same(ledger, asset->path))
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].path && strcmp(list->items[i].name, asset->name) == 0 &&
            arc_file_same(list->items[i].path, asset->path))
            return true;
    return false;
}

/* `kept` holds the texts that the assets' names and paths point into. */
static int make_assets(const struct arc_release_files *files, const struct arc_needs *needs,
                       json_t *kept, struct asset_list *list, struct arc_error *err)
{
    size_t i;
    json_t *text;
    json_t *expanded = json_array();

    if (!expanded || json_array_append_new(kept, expanded))
        return arc_error_nomem(err);
    json_array_foreach (files->assets, i, text)
        ARC_TRY(release_expand(json_string_value(text), expanded, err));

    list->items = calloc(json_array_size(expanded) + 4, sizeof *list->items);
    ARC_TRY_ALLOC(list->items, err);
    if (needs->build)
        ARC_TRY(add_build(list, needs->build, err));
    ARC_TRY(add_lock(list, needs, err));

    json_array_foreach (expanded, i, text) {
        struct arc_release_asset *asset = &list->items[list->count];
        ARC_TRY(split_asset(json_string_value(text), kept, asset, err));
        list->count += !is_listed(list, asset, files->documents.build);
    }

    ARC_TRY(add_scan(list, needs->scan, err));

    return files->checksums ? add_sums(list, err) : ARC_OK;
}

/* ---- documents ------------------------------------------------------------------------------ */

static const char *text_of(const json_t *document, const char *name)
{
    return json_string_value(json_object_get(document, name));
}

/* In a workflow a release is made of what succeeded: every image that was planned, and the gate. */
static int check_jobs(const struct arc_release_files *files, const struct arc_needs *needs,
                      struct arc_error *err)
{
    if (!files->documents.needs)
        return ARC_OK;
    ARC_TRY(arc_needs_check(needs, "nothing is released", err));
    ARC_TRY(arc_needs_check_built(needs, "nothing is released", err));

    if (!needs->scan && !files->no_gate)
        return arc_error_set(
            err, ARC_EFAILED,
            "--needs: no job has a scan.json among its outputs: nothing is "
            "released without a gate (--gate=false, where there is none); " ARC_OUTPUT_DROPPED);

    return ARC_OK;
}

/* A gate that has not passed stops a release, unless it only reports. */
static int check_gate(const struct arc_needs *needs, struct arc_error *err)
{
    const char *reason = needs->judged.reason;
    if (!needs->scan || needs->judged.gate != ARC_GATE_FAIL)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED,
                         "the security gate has not passed (%.200s): nothing is "
                         "released",
                         *reason ? reason : "no reason given");
}

/* Makes the notes from the configuration and the history, and the plan where it is missing. */
static int make_notes(struct arc_project *project, const char *tag, struct arc_needs *needs,
                      struct arc_error *err)
{
    const struct arc_plan_options wanted = {.push = true};
    project->wanted.tag = needs->version ? needs->version->tag : tag;
    ARC_TRY(arc_project_load_release(project, err));

    if (!needs->plan) {
        needs->plan = calloc(1, sizeof *needs->plan);
        ARC_TRY_ALLOC(needs->plan, err);
        ARC_TRY(arc_planned(project, &wanted, NULL, needs->plan, err));
    }

    const struct arc_notes_options facts = {.plan = needs->plan,
                                            .build = needs->build,
                                            .scan = needs->scan,
                                            .group = project->group,
                                            .root = project->repository.root};
    return arc_notes_make(project, &facts, NULL, &needs->notes, err);
}

/* Notes that were not given are made here, unless an existing body is to be kept. */
static int find_notes(struct arc_project *project, const struct arc_release_files *files,
                      struct arc_needs *needs, struct arc_error *err)
{
    if (needs->notes || files->mode == ARC_BODY_KEEP)
        return ARC_OK;
    if (make_notes(project, files->tag, needs, err))
        return arc_error_prefix(err, "no --notes, and they cannot be made here");
    return arc_notes_warn(needs->notes, files->warn, files->warn_context, err);
}

/* The version of the documents, else the project's. */
static int find_version(struct arc_project *project, const struct arc_release_files *files,
                        const struct arc_needs *needs, const struct arc_version_info **out,
                        struct arc_error *err)
{
    project->wanted.tag = files->tag;
    project->wanted.previous = files->previous;
    if (!needs->version)
        ARC_TRY(arc_project_load_version(project, err));
    *out = needs->version ? needs->version : project->version;

    const char *tag = (*out)->tag;
    if (!files->tag)
        return ARC_OK;
    const char *given = files->tag;
    given += strncmp(given, "refs/tags/", 10) == 0 ? 10 : 0;

    if (strcmp(given, tag) != 0)
        return arc_error_set(err, ARC_EINPUT, "the documents are about %.200s, not about %.200s",
                             tag, given);

    return ARC_OK;
}

static int send_release(const struct arc_release_files *files,
                        const struct arc_release_options *options, struct arc_transport *transport,
                        json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *document = NULL;
    ARC_TRY(arc_release(options, transport, &document, err));

    if (!files->github.dry_run) {
        *out = arc_steal(&document);
        return ARC_OK;
    }

    *out = json_pack("{s:s, s:i, s:b, s:O}", "document", "release", "format", ARC_DOCUMENT_FORMAT,
                     "dry-run", 1, "requests", arc_transport_described(transport));
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* What was asked for, else what the tag's group says, where there is a configuration. */
static int find_latest(struct arc_project *project, const struct arc_release_files *files,
                       const char *group_name, enum arc_make_latest *out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *word = files->make_latest;
    int rc = word ? ARC_ENOTFOUND : arc_project_load_config(project, &problem);

    if (rc && rc != ARC_ENOTFOUND)
        return arc_error_set(err, rc, "%s", arc_error_text(&problem));

    const struct arc_group *group = rc ? NULL : arc_config_group(&project->config, group_name);
    if (group && group->make_latest)
        word = group->make_latest;
    *out = ARC_LATEST_AUTO;

    if (word && strcmp(word, "never") == 0)
        *out = ARC_LATEST_NEVER;
    else if (word && strcmp(word, "own") == 0)
        *out = ARC_LATEST_OWN;

    return ARC_OK;
}

/* The commit that was asked for, else the one that was built, else the planned one; or NULL. */
static const char *find_revision(const struct arc_release_files *files,
                                 const struct arc_needs *needs)
{
    if (files->revision)
        return files->revision;
    if (needs->build)
        return needs->build->revision;
    return needs->plan ? needs->plan->revision : NULL;
}

static int make_release(struct arc_project *project, const struct arc_release_files *files,
                        const struct arc_needs *needs, const struct arc_version_info *version,
                        const struct asset_list *assets, json_t **out, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    const char *title = files->name ? files->name : text_of(needs->notes, "title");
    struct arc_release_options options = {
        .repository = arc_github_repository(project->env, &files->github),
        .version = version,
        .revision = find_revision(files, needs),
        .name = title,
        .body = arc_json_text_of(needs->notes, "body"),
        .mode = files->mode,
        .draft = files->draft,
        .publish = files->publish,
        .assets = assets->items,
        .asset_count = assets->count,
        .progress = files->github.dry_run ? NULL : files->progress,
        .progress_context = files->progress_context,
    };

    ARC_TRY(find_latest(project, files, version->group, &options.make_latest, err));

    if (!options.repository)
        return arc_error_set(err, ARC_EINPUT,
                             "which repository? Set --repository=owner/name or GITHUB_REPOSITORY");

    ARC_TRY(arc_github_open(project->env, &files->github, &transport, err));
    return send_release(files, &options, transport, out, err);
}

int arc_release_files(struct arc_project *project, const struct arc_release_files *files,
                      json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs needs = {0};
    ARC_AUTO(asset_list) struct asset_list assets = {0};
    const struct arc_version_info *version = NULL;
    ARC_AUTO_JSON json_t *names = json_array();

    ARC_TRY_ALLOC(names, err);
    ARC_TRY(arc_needs_read(&files->documents, &needs, err));
    ARC_TRY(check_jobs(files, &needs, err));
    ARC_TRY(check_gate(&needs, err));
    ARC_TRY(find_version(project, files, &needs, &version, err));
    ARC_TRY(find_notes(project, files, &needs, err));
    ARC_TRY(make_assets(files, &needs, names, &assets, err));

    return make_release(project, files, &needs, version, &assets, out, err);
}
