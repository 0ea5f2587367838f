#include "changes/services.h"
#include "arcci/glob.h"
#include "base/path.h"
#include "base/text.h"
#include "base/warn.h"
#include "config/graph.h"
#include "git/diff.h"
#include "project/repository.h"

bool arc_services_find(const struct arc_changes_options *options, size_t filter,
                       const struct arc_group **group, const struct arc_service **service)
{
    const struct arc_config *config = options->config;
    const char *name = options->filters->items[filter].name;

    *service = NULL;
    for (size_t g = 0; config && !*service && g < config->group_count; g++) {
        *group = &config->groups[g];
        *service = arc_group_find_service(*group, name);
    }

    return *service != NULL;
}

/* Marks a service if `other` changed. */
static int mark(const char *other, const char *how, struct arc_changes *out, size_t filter,
                bool *marked, struct arc_error *err)
{
    struct arc_filter_result *own = &out->results[filter];
    size_t index = arc_filters_index(out->filters, other, strlen(other));
    if (own->matched || index == SIZE_MAX || !out->results[index].matched)
        return ARC_OK; /* it may be another repository's service */
    *marked = true;
    return arc_match_mark(own, err, "%s %s, which changed", how, other);
}

int arc_services_dependents(const struct arc_changes_options *options, struct arc_changes *out,
                            struct arc_error *err)
{
    const struct arc_group *group;
    const struct arc_service *service;
    bool marked = options->config != NULL;

    while (marked) { /* each round marks at least one, so it terminates */
        marked = false;
        for (size_t i = 0; i < out->filters->count; i++) {
            if (out->results[i].matched || !arc_services_find(options, i, &group, &service))
                continue;
            /* An image's bases are part of it; dependencies of a service only if its group says
             * so. */
            for (const struct arc_base_ref *base = service->bases; base && base->ref; base++)
                ARC_TRY(mark(base->codename, "starts from", out, i, &marked, err));
            for (char **on = service->depends_on; group->rebuild_dependents && *on; on++)
                ARC_TRY(mark(*on, "depends on", out, i, &marked, err));
        }
    }

    return ARC_OK;
}

bool arc_services_told(const struct arc_config *config, const char *path, bool changed)
{
    const char *name = arc_path_name(path);
    bool told = strcmp(path, config->path) == 0 ||
                (!changed && ARC_AMONG(name, "service.yaml", "Dockerfile")); /* for a glob */

    for (size_t g = 0; !told && g < config->group_count; g++)
        arc_each (service, config->groups[g].services, config->groups[g].service_count)
            told = told || (service->file && strcmp(service->file, path) == 0);

    return told;
}

struct telling {
    const struct arc_config *config;
    char *found; /* owned */
};

static int find_telling(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct telling *telling = context;
    (void)len;
    if (!arc_services_told(telling->config, path, status == ARC_GIT_MODIFIED))
        return ARC_OK;
    telling->found = strdup(path);
    return telling->found ? 1 : ARC_ENOMEM; /* one is enough: ends the walk */
}

int arc_services_elsewhere(const struct arc_git *git, const struct arc_config *config,
                           const struct arc_oid *head, const char *listed, json_t **warnings,
                           struct arc_error *err)
{
    struct telling telling = {.config = config};
    struct arc_oid here;

    if (arc_git_head(git, &here, NULL, NULL) || arc_commit_is_of(git, here.hex, head->hex))
        return ARC_OK;

    const struct arc_git_diff diff = {
        .from = head, .to = &here, .each = find_telling, .context = &telling};
    int rc = listed ? ARC_OK : arc_git_diff(git, &diff, NULL);
    ARC_AUTO_FREE char *found = telling.found;
    ARC_TRY(arc_error_memory(rc, err));
    if (!listed && !found)
        return ARC_OK;

    return arc_warn(warnings, err,
                    "the services are read from what is checked out (%.12s), where %.200s differs "
                    "from the head %.12s: services that only the head has are missing",
                    here.hex, arc_or(listed, found), head->hex);
}

/* ---- services of an earlier commit ----------------------------------------------------------- */

/* The services of a group at an earlier commit. */
struct gone {
    struct arc_arena *memory; /* of the list of files */
    const char *const *there;
    const char *dockerfile; /* of an entry's build section, else of the group's */
    struct arc_filters *filters;
    char **removed; /* files */
    size_t removed_count;
    bool listed; /* `removed` is set */
    struct arc_error *err;
};

static int add_gone(const struct gone *gone, const char *path, size_t len)
{
    for (const char *const *there = gone->there; *there; there++)
        if (arc_text_is(path, len, *there))
            return ARC_OK;
    if (!len || arc_filters_index(gone->filters, path, len) != SIZE_MAX)
        return ARC_OK;

    ARC_AUTO_FREE char *folder = strndup(path, len);
    ARC_TRY_ALLOC(folder, gone->err);

    return arc_filters_add_folder(gone->filters, folder, folder, gone->err);
}

static int note_removed(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct gone *gone = context;
    if (status == ARC_GIT_DELETED)
        ARC_APPEND(gone->memory, gone->removed, gone->removed_count, gone->err,
                   arc_arena_cut(gone->memory, path, len));
    return arc_arena_check(gone->memory, gone->err);
}

/* Adds the directories that a glob found and that `to` lacks. */
static int add_gone_of_glob(struct gone *gone, const char *pattern, size_t len,
                            const struct arc_git *git, const struct arc_oid *from,
                            const struct arc_oid *to)
{
    const struct arc_git_diff diff = {
        .from = from, .to = to, .each = note_removed, .context = gone};
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;

    if (!gone->listed)
        ARC_TRY(arc_git_diff(git, &diff, NULL));
    gone->listed = true;
    ARC_TRY(arc_glob_compile(pattern, len, &glob, NULL));

    arc_each (file, gone->removed, gone->removed_count) {
        size_t folder = arc_service_directory(*file, gone->dockerfile);
        if (folder && arc_glob_match(glob, *file, folder))
            ARC_TRY(add_gone(gone, *file, folder));
    }

    return ARC_OK;
}

void arc_earlier_configs_free(struct arc_earlier_configs *configs)
{
    arc_each (config, configs->kept, ARC_COUNT(configs->kept)) {
        arc_buf_free(&config->text);
        arc_yaml_free(&config->yaml);
    }
}

/* The configuration `path` of a commit; its root is NULL if it is missing or not valid. */
static int find_earlier(const struct arc_git *git, struct arc_earlier_configs *configs,
                        const struct arc_oid *commit, const char *path,
                        const struct arc_yaml_node **root, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    *root = NULL;
    int rc = arc_git_blob(git, commit, path, ARC_YAML_BYTES, &text, NULL);
    if (rc)
        return arc_error_memory(rc, err);

    arc_each (config, configs->kept, ARC_COUNT(configs->kept))
        if (config->text.len == text.len &&
            strcmp(arc_buf_text(&config->text), arc_buf_text(&text)) == 0) {
            *root = config->yaml.root;
            return ARC_OK;
        }

    struct arc_earlier_config *config = &configs->kept[configs->count++ % ARC_COUNT(configs->kept)];
    arc_buf_free(&config->text);
    arc_yaml_free(&config->yaml);
    config->text = arc_steal(&text);
    rc =
        arc_yaml_parse(arc_buf_text(&config->text), config->text.len, path, 0, &config->yaml, NULL);
    *root = config->yaml.root;

    return arc_error_memory(rc, err);
}

int arc_services_add_gone(const struct arc_git *git, struct arc_earlier_configs *configs,
                          const struct arc_oid *from, const struct arc_oid *to, const char *path,
                          const char *group, const char *const *there, struct arc_filters *filters,
                          struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct gone gone = {.memory = &memory, .there = there, .filters = filters, .err = err};
    const struct arc_yaml_node *root;

    ARC_TRY(find_earlier(git, configs, from, path, &root, err));

    const struct arc_yaml_node *shared = arc_yaml_at(root, "groups", group, "build");
    arc_yaml_each (item, arc_yaml_at(root, "groups", group, "services")) {
        const struct arc_yaml_node *where = arc_or(arc_yaml_get(item, "directory"), item);
        const char *own = arc_yaml_text_at(arc_yaml_get(item, "build"), "dockerfile");
        const char *dockerfile = arc_text_or(own, arc_yaml_text_at(shared, "dockerfile"));
        if (where->type != ARC_YAML_STRING)
            continue;
        size_t len = arc_text_strip(where->text, where->len, "/");
        gone.dockerfile = arc_text_or(dockerfile, NULL);
        int rc = strpbrk(where->text, "*?[{")
                     ? add_gone_of_glob(&gone, where->text, len, git, from, to)
                     : add_gone(&gone, where->text, len);
        ARC_TRY(arc_error_memory(rc, err));
    }

    return ARC_OK;
}
