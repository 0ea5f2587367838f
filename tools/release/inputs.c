#include "release/inputs.h"
#include "arcci/glob.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "notes/inputs.h"
#include "os/file.h"
#include "plan/planned.h"
#include "project/documents.h"
#include "project/train.h"
#include "release/release.h"
#include <dirent.h>
#include <sys/stat.h>

/* The assets; `memory` owns what they point to. */
struct asset_list {
    struct arc_arena memory;
    struct arc_release_asset *given; /* what --asset names */
    size_t given_count;
    struct arc_release_asset *items;
    size_t count;
};

static void asset_list_free(struct asset_list *list)
{
    arc_arena_free(&list->memory);
}

/* ---- a train's lock file: its releases, and their images by digest --------------------------- */

/* Makes platform.lock.json (docs/schema/lock.schema.json) from a train's plan and ledger (each may
 * be NULL). *out is a new reference, or NULL if the plan is not a train's; *name is the asset's
 * name, which the caller frees. */
static int make_lock(const struct arc_plan *plan, const struct arc_ledger *build, json_t **out,
                     char **name, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *includes = json_array(), *images = json_array();
    *out = NULL;
    if (!plan || !build || !arc_plan_is_train(plan))
        return ARC_OK;

    arc_each (service, plan->services, plan->service_count) {
        const struct arc_planned_release *released = service->released;
        const struct arc_built_service *built = arc_ledger_service(build, service->service);

        if (!built || !built->digest)
            return arc_error_set(err, ARC_EFAILED, "build.json has no image of %s",
                                 service->service);

        /* Each release once, even with several images. */
        if (!arc_json_find(includes, "tag", released->tag))
            ARC_TRY(arc_json_append(includes,
                                    json_pack("{s:s, s:s, s:s, s:s}", "group", released->group,
                                              "tag", released->tag, "version", released->version,
                                              "revision", released->revision),
                                    err));

        json_t *platforms = json_object();
        arc_each (cell, built->cells, built->cell_count)
            arc_json_put(&platforms, cell->platform, json_string(cell->digest));
        ARC_TRY(arc_json_append(images,
                                json_pack("{s:s, s:s, s:s, s:s, s:o}", "service", service->service,
                                          "tag", released->tag, "image", service->image, "digest",
                                          built->digest, "platforms", platforms),
                                err));
    }

    *name = arc_train_lock_name(plan->group);
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:O, s:O}", "document", "lock", "format",
                     ARC_DOCUMENT_FORMAT, "group", plan->group, "tag", plan->tag, "revision",
                     plan->revision, "includes", includes, "images", images);
    return arc_error_unless(*out && *name, err);
}

/* ---- patterns of assets ---------------------------------------------------------------------- */

#define DEPTH_MAX   32
#define ENTRIES_MAX 100000

/* A search for the files of a pattern. */
struct search {
    struct arc_glob *glob; /* of the pattern after `root` */
    const char *root;      /* the pattern's leading folders without wildcards: "dist/" */
    bool hidden;           /* also match names that start with a dot, by a shell's rule */
    struct arc_arena *memory;
    const char **found; /* paths below `root` */
    size_t count;
    size_t entries;
};

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

/* `below` is a folder relative to search->root, "" for the root itself. A link to a file below the
 * root counts as that file; other links are skipped, so that a pattern publishes nothing from
 * elsewhere. */
static int walk_folder(struct search *search, const char *below, unsigned depth,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 8192}, full = {.max = 8192};
    const char *top = arc_text_or(search->root, ".");
    arc_buf_printf(&full, "%s%s", *below ? search->root : top, below);
    ARC_TRY(arc_buf_check(&full, "a path", err));
    __attribute__((cleanup(close_folder))) DIR *folder = opendir(arc_buf_text(&full));

    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat info;
        bool hidden = *entry->d_name == '.' && !search->hidden;
        if (hidden || ARC_AMONG(entry->d_name, ".", ".."))
            continue;
        arc_buf_reset(&path);
        arc_buf_reset(&full);
        arc_buf_printf(&path, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        arc_buf_printf(&full, "%s%s", search->root, arc_buf_text(&path));
        ARC_TRY(arc_buf_check(&path, "a path", err));
        ARC_TRY(arc_buf_check(&full, "a path", err));

        if (++search->entries > ENTRIES_MAX || depth > DEPTH_MAX)
            return arc_error_set(err, ARC_ELIMIT, "more than %d entries, or %d levels, below %s",
                                 ENTRIES_MAX, DEPTH_MAX, top);
        if (lstat(arc_buf_text(&full), &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            ARC_TRY(walk_folder(search, arc_buf_text(&path), depth + 1, err));
        if (arc_file_kind_in(search->root, arc_buf_text(&path)) != ARC_FILE_REGULAR ||
            !arc_glob_match(search->glob, arc_buf_text(&path), path.len))
            continue;

        if (!arc_utf8_valid(arc_buf_text(&path), path.len))
            return arc_error_set(err, ARC_EINPUT, "--asset: a file's name below %s is not UTF-8",
                                 search->root);
        ARC_APPEND(search->memory, search->found, search->count, err,
                   arc_arena_text(search->memory, arc_buf_text(&path)));
    }

    return ARC_OK;
}

/* Returns FILE of "[NAME=]FILE". */
static const char *file_of(const char *text)
{
    const char *equals = strchr(text, '='), *slash = strchr(text, '/');
    return equals && (!slash || equals < slash) ? equals + 1 : text;
}

/* Removes the given files that a "!PATTERN" matches; `pattern` is without the "!". */
static int exclude_pattern(const char *pattern, struct asset_list *list, struct arc_error *err)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    size_t kept = 0;

    if (!list->given_count)
        return arc_error_set(
            err, ARC_EINPUT,
            "--asset: '!%.300s' takes out what those before it name, and there is none", pattern);
    ARC_TRY_PREFIX(arc_glob_compile(pattern, strlen(pattern), &glob, err), err, "--asset");

    arc_each (given, list->given, list->given_count)
        if (!arc_glob_match(glob, given->path, strlen(given->path)))
            list->given[kept++] = *given;
    list->given_count = kept;

    return ARC_OK;
}

/* Adds a file of a text "[NAME=]PATTERN", whose name is NAME, else the file's base name. */
static int add_given(struct asset_list *list, const char *text, const char *path,
                     struct arc_error *err)
{
    const char *pattern = file_of(text), *name = arc_path_name(path);

    if (pattern != text)
        name = arc_arena_cut(&list->memory, text, (size_t)(pattern - text) - 1);
    ARC_APPEND(&list->memory, list->given, list->given_count, err,
               (struct arc_release_asset){.name = name, .path = path});
    return arc_arena_check(&list->memory, err);
}

/* Adds every file that "[NAME=]PATTERN" matches to list->given, in byte order, since no shell
 * expands an action's input. A text without wildcards, or that names a file, is added as it is.
 * "!PATTERN" removes files given before it. Links to folders are not followed. ARC_EINPUT when a
 * pattern matches nothing, or a NAME would name several files. */
static int expand_pattern(const char *text, struct asset_list *list, struct arc_error *err)
{
    const char *pattern = file_of(text);
    size_t plain = strcspn(pattern, "*?[{(");

    if (*text == '!' && text[1] != '(')
        return exclude_pattern(text + 1, list, err);
    if (!*pattern)
        return arc_error_set(err, ARC_EINPUT,
                             "--asset: '%.300s' names no file; is a variable not set?", text);
    if (!pattern[plain] || arc_file_kind(pattern) != ARC_FILE_NONE)
        return add_given(list, text, pattern, err);

    while (plain && pattern[plain - 1] != '/')
        plain--;
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    ARC_AUTO_FREE char *root = strndup(pattern, plain);
    ARC_TRY_ALLOC(root, err);
    ARC_TRY_PREFIX(arc_glob_compile(pattern + plain, strlen(pattern + plain), &glob, err), err,
                   "--asset");
    struct search search = {.glob = glob,
                            .root = root,
                            .hidden = pattern[plain] == '.' || strstr(pattern + plain, "/."),
                            .memory = &list->memory};
    ARC_TRY(walk_folder(&search, "", 0, err));
    ARC_TRY(arc_arena_check(&list->memory, err));
    if (!search.count)
        return arc_error_set(err, ARC_EINPUT, "--asset: the pattern '%.300s' matches no file",
                             pattern);

    if (pattern != text && search.count > 1)
        return arc_error_set(err, ARC_EINPUT,
                             "--asset: '%.300s' matches %zu files, which cannot have one name",
                             text, search.count);

    arc_texts_sort(search.found, search.count);

    arc_each (path, search.found, search.count) {
        const char *file = arc_arena_printf(&list->memory, "%s%s", root, *path);
        ARC_TRY(arc_arena_check(&list->memory, err));
        ARC_TRY(add_given(list, text, file, err));
    }

    return ARC_OK;
}

/* ---- assets --------------------------------------------------------------------------------- */

static int add_asset(struct asset_list *list, struct arc_release_asset asset, struct arc_error *err)
{
    ARC_APPEND(&list->memory, list->items, list->count, err, asset);
    return arc_arena_check(&list->memory, err);
}

static int add_document(struct asset_list *list, const char *name, const json_t *document,
                        struct arc_error *err)
{
    ARC_AUTO_FREE char *json = arc_json_dumps(document, JSON_INDENT(2));
    ARC_TRY_ALLOC(json, err);
    const char *text = arc_arena_printf(&list->memory, "%s\n", json);
    const struct arc_release_asset asset = {
        .name = arc_arena_text(&list->memory, name), .data = text, .len = strlen(text)};
    return add_asset(list, asset, err);
}

/* Returns the asset with that name, and with `path` only if it is that file; else NULL. */
static const struct arc_release_asset *find_asset(const struct asset_list *list, const char *name,
                                                  const char *path)
{
    arc_each (item, list->items, list->count)
        if (strcmp(item->name, name) == 0 &&
            (!path || (item->path && arc_file_same(item->path, path))))
            return item;
    return NULL;
}

static int make_assets(const struct arc_release_files *files, const struct arc_needs *needs,
                       struct asset_list *list, struct arc_error *err)
{
    const char *ledger = files->documents.build;
    ARC_AUTO(arc_buf) struct arc_buf sums = {0};

    arc_json_each (text, files->assets)
        ARC_TRY(expand_pattern(json_string_value(text), list, err));

    if (needs->build) {
        ARC_AUTO_JSON json_t *build = NULL, *lock = NULL;
        ARC_AUTO_FREE char *name = NULL;
        ARC_TRY(arc_ledger_write(needs->build, &build, err));
        ARC_TRY(add_document(list, "build.json", build, err));
        ARC_TRY(make_lock(needs->plan, needs->build, &lock, &name, err));
        if (lock)
            ARC_TRY(add_document(list, name, lock, err));
    }

    /* A file of an earlier pattern, and the ledger, are in the list already. */
    arc_each (given, list->given, list->given_count) {
        bool own =
            ledger && strcmp(given->name, "build.json") == 0 && arc_file_same(ledger, given->path);
        if (!own && !find_asset(list, given->name, given->path))
            ARC_TRY(add_asset(list, *given, err));
    }

    /* The verdict, for `arc-ci status --scan`, unless --asset gave a file of that name. */
    if (needs->scan && !find_asset(list, "scan.json", NULL))
        ARC_TRY(add_document(list, "scan.json", needs->scan, err));

    if (!files->checksums || !list->count)
        return ARC_OK;

    /* As sha256sum prints it, so that `sha256sum -c` checks it. */
    arc_each (item, list->items, list->count) {
        char hex[ARC_SHA256_HEX];
        ARC_TRY(release_hash(item, hex, NULL, err));
        arc_buf_printf(&sums, "%s  %s\n", hex, item->name);
    }
    ARC_TRY(arc_buf_check(&sums, ARC_RELEASE_SUMS, err));
    const struct arc_release_asset asset = {.name = ARC_RELEASE_SUMS,
                                            .data = arc_arena_text(&list->memory, sums.data),
                                            .len = sums.len};
    return add_asset(list, asset, err);
}

/* ---- documents ------------------------------------------------------------------------------ */

/* In a workflow, every planned image and the gate must have succeeded. */
static int check_needs(const struct arc_release_files *files, const struct arc_needs *needs,
                       struct arc_error *err)
{
    if (files->documents.needs) {
        ARC_TRY(arc_needs_check(needs, needs->plan, "nothing is released", err));
        ARC_TRY(arc_needs_check_built(needs, "nothing is released", err));
        if (!needs->scan && !files->no_gate)
            return arc_error_set(
                err, ARC_EFAILED,
                "--needs: no job has a scan.json among its outputs: nothing is released without a "
                "gate (--gate=false, where there is none); " ARC_OUTPUT_DROPPED);
    }

    return arc_needs_check_gate(needs, "nothing is released", err);
}

/* Makes the notes from the configuration and the history, and a missing plan. */
static int make_notes(struct arc_project *project, struct arc_needs *needs, struct arc_error *err)
{
    const struct arc_plan_options wanted = {.push = true};
    if (needs->version)
        project->wanted.tag = needs->version->tag;
    ARC_TRY(arc_project_load_release(project, err));
    ARC_TRY(arc_needs_plan(project, &wanted, needs, err));

    const struct arc_notes_options facts = {.plan = needs->plan,
                                            .build = needs->build,
                                            .scan = needs->scan,
                                            .group = project->group,
                                            .root = project->repository.root};
    return arc_notes_make(project, &facts, NULL, &needs->notes, err);
}

enum arc_make_latest arc_make_latest_of(const char *word)
{
    if (arc_text_same(word, "never"))
        return ARC_LATEST_NEVER;
    return arc_text_same(word, "own") ? ARC_LATEST_OWN : ARC_LATEST_AUTO;
}

/* The tag's group, where there is a configuration, and what was asked for or the group says. */
static int find_latest(struct arc_project *project, const struct arc_release_files *files,
                       struct arc_release_options *options, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *word = files->make_latest;
    int rc = arc_project_read_config(project, &problem);

    if (!rc)
        options->group = arc_config_group(&project->config, options->version->group);
    if (options->group)
        rc = arc_project_load_group(project, options->group, &problem);
    if (rc && rc != ARC_ENOTFOUND && !word)
        return arc_error_pass(rc, &problem, err);

    if (options->group && !word)
        word = options->group->make_latest;

    options->make_latest = arc_make_latest_of(word);

    return ARC_OK;
}

static int make_release(struct arc_project *project, const struct arc_release_files *files,
                        const struct arc_needs *needs, const struct arc_version_info *version,
                        const struct asset_list *assets, json_t **out, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *document = NULL;
    struct arc_release_options options = files->options;

    options.repository = arc_github_repository(project->env, &files->github);
    options.version = version;
    options.body = arc_json_text_of(needs->notes, "body");
    options.assets = assets->items;
    options.asset_count = assets->count;
    if (files->github.dry_run)
        options.progress = NULL;
    if (!options.name)
        options.name = json_string_value(json_object_get(needs->notes, "title"));
    if (!options.revision && needs->build)
        options.revision = needs->build->revision;
    else if (!options.revision && needs->plan)
        options.revision = needs->plan->revision;
    ARC_TRY(find_latest(project, files, &options, err));

    if (!options.repository)
        return arc_error_set(err, ARC_EINPUT,
                             "which repository? Set --repository=owner/name or GITHUB_REPOSITORY");

    ARC_TRY(arc_github_open(project->env, &files->github, &transport, err));
    ARC_TRY(arc_release(&options, transport, &document, err));

    if (!files->github.dry_run) {
        *out = arc_steal(&document);
        return ARC_OK;
    }

    *out = json_pack("{s:s, s:i, s:b, s:O}", "document", "release", "format", ARC_DOCUMENT_FORMAT,
                     "dry-run", 1, "requests", arc_transport_described(transport));
    return arc_error_unless(*out, err);
}

int arc_release_files(struct arc_project *project, const struct arc_release_files *files,
                      json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs needs = {0};
    ARC_AUTO(asset_list) struct asset_list assets = {0};

    ARC_TRY(arc_needs_read(&files->documents, &needs, err));
    ARC_TRY(arc_needs_check_tag(&needs, project->wanted.tag, err));
    ARC_TRY(check_needs(files, &needs, err));

    /* The documents' version, else the project's. */
    const struct arc_version_info *version = needs.version;
    if (!version) {
        ARC_TRY(arc_project_load_version(project, err));
        version = project->version;
    }

    bool makes_notes = !needs.notes && files->options.mode != ARC_BODY_KEEP;
    if (project->wanted.previous && !makes_notes)
        return arc_error_set(err, ARC_EINPUT,
                             "--previous-tag is for notes that are made here: leave out "
                             "--body-mode=keep and the job's notes");
    if (makes_notes) {
        ARC_TRY_PREFIX(make_notes(project, &needs, err), err,
                       "no --notes, and they cannot be made here");
        ARC_TRY(arc_notes_warn(needs.notes, files->warn, files->warn_context, err));
    }

    ARC_TRY(make_assets(files, &needs, &assets, err));

    return make_release(project, files, &needs, version, &assets, out, err);
}
