/* Services defined by a bake or compose file, or with a value in a file: one does not count as
 * changed if only another part of the file did. */
#include "base/json.h"
#include "changes/services.h"
#include "config/described.h"
#include "config/graph.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/new_files.h"
#include "project/repository.h"

#define ROUNDS_MAX 100          /* levels of files that include files */
#define FOLDER     "repository" /* Compose names a project after it */

/* A group as defined in one commit. */
struct side {
    struct arc_arena memory;
    struct arc_error why; /* why it could not be read */
    struct arc_group group;
    char *folder; /* folder with its files, unless the work tree has them */
};

static void side_free(struct side *side)
{
    if (side->folder)
        arc_folder_remove(side->folder);
    free(side->folder);
    arc_error_clear(&side->why);
    arc_arena_free(&side->memory);
}

/* ---- the files of a commit ------------------------------------------------------------------- */

/* Writes the files that docker reads from a commit into the side's folder, following includes. */
static int write_files(const struct arc_git *git, const struct arc_oid *commit,
                       const struct arc_loading *l, struct side *side)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        ARC_AUTO(arc_error) struct arc_error unread = {0};
        ARC_AUTO_JSON json_t *files = json_array();
        const struct arc_loading reading = {.root = l->root, .memory = l->memory, .err = &unread};
        char **names = NULL, **given = NULL;

        int rc = arc_described_files(&reading, &side->group, &names, &given);
        ARC_TRY(arc_error_memory(rc, l->err));
        for (; given && *given; given++) /* .env may be both kinds */
            ARC_TRY(arc_texts_add_once(l, &names, *given));

        /* Adds those that are not in the folder yet. */
        for (; names && *names; names++) {
            ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_YAML_BYTES};
            if (arc_file_kind_in(l->root, *names) != ARC_FILE_NONE)
                continue;
            rc = arc_git_blob(git, commit, *names, ARC_YAML_BYTES, &text, l->err);
            ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, l->err));
            if (rc)
                continue;
            arc_json_push(&files, json_pack("{s:s+, s:s%}", "path", FOLDER "/", *names, "text",
                                            arc_buf_text(&text), text.len));
            if (!files)
                return arc_error_set(l->err, ARC_EINPUT, "%s is not UTF-8", *names);
        }

        ARC_TRY_ALLOC(files, l->err);
        if (!json_array_size(files))
            break;
        ARC_TRY(arc_files_make(side->folder, files, l->err));
    }

    return ARC_OK;
}

/* Docker looks for the files of secrets, which are no part of the definition. Makes the one that it
 * missed, empty; ARC_ENOTFOUND if it missed none, or one elsewhere. */
static int make_secret(struct side *side)
{
    const char *missed = strstr(arc_error_text(&side->why), "failed to stat ");
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096}, wrong = {.max = 1024};

    if (!missed || !side->folder)
        return ARC_ENOTFOUND;
    missed += strlen("failed to stat ");
    arc_buf_add(&path, missed, strcspn(missed, ":\n"));
    ARC_TRY(arc_error_memory(path.failed, &side->why));
    if (path.failed || !arc_check_path(arc_buf_text(&path), &wrong))
        return ARC_ENOTFOUND;

    ARC_AUTO_JSON json_t *files =
        json_pack("[{s:s+, s:s}]", "path", FOLDER "/", arc_buf_text(&path), "text", "");
    arc_error_clear(&side->why);
    ARC_TRY_ALLOC(files, &side->why);

    return arc_files_make(side->folder, files, &side->why);
}

/* Reads the group's services at a commit (NULL: the work tree). A failure is recorded in
 * side->why. */
static int resolve_side(struct arc_project *project, const struct arc_group *group,
                        const struct arc_oid *commit, struct side *side, struct arc_error *err)
{
    ARC_AUTO_FREE char *root = NULL;
    struct arc_loading l = {
        .root = project->git->worktree, .memory = &side->memory, .err = &side->why};
    int rc = ARC_OK;

    side->group = *group;
    side->group.services = NULL;
    side->group.service_count = 0;

    if (commit)
        rc = arc_folder_temporary(project->env, &side->folder, l.err);
    if (!rc && commit) {
        root = arc_file_join(side->folder, FOLDER);
        ARC_TRY_ALLOC(root, err);
        l.root = root;
        rc = write_files(project->git, commit, &l, side);
    }

    if (!rc)
        rc = arc_described_resolve(&l, project->env, &side->group, NULL);
    for (unsigned round = 0; rc && round < ROUNDS_MAX; round++) {
        int made = make_secret(side);
        if (made == ARC_ENOTFOUND)
            break;
        rc = made ? made : arc_described_resolve(&l, project->env, &side->group, NULL);
    }

    return arc_error_memory(rc, err);
}

/* ---- what differs --------------------------------------------------------------------------- */

/* Removes files that count only as the service's definition. */
static int take_back(const struct arc_filters *filters, struct arc_filter_result *result,
                     struct arc_error *err)
{
    const bool matched = result->matched;
    size_t kept = 0;

    for (size_t i = 0; result->hits && i < result->count; i++)
        if (!filters->rules[result->hits[i].rule].defines)
            result->hits[kept++] = result->hits[i];
    result->count -= result->defining;
    result->defining = 0;

    if (!result->count)
        ARC_TRY(arc_match_mark(result, err, "what it takes of a file that changed is the same"));
    result->matched = matched; /* which was only to explain why */

    return ARC_OK;
}

/* Marks a service if its definition differs; *same: it does not. */
static int judge_definition(const struct side *before, const struct side *after,
                            const char *codename, struct arc_filter_result *result, bool *same,
                            struct arc_error *err)
{
    const struct arc_service *old = arc_group_find_service(&before->group, codename);
    const struct arc_service *new = arc_group_find_service(&after->group, codename);
    const char *file = before->group.described.files[0];
    const struct side *unread = after->why.code ? after : before;

    *same = false;
    if (unread->why.code)
        return arc_match_mark(result, err, "its definition in %s may have changed: %s", file,
                              arc_error_text(&unread->why));
    if (!old || !new || !old->definition || !new->definition || old->linked != new->linked)
        return arc_match_mark(result, err, "its definition in %s is new", file);
    *same = strcmp(old->definition, new->definition) == 0;
    if (*same)
        return ARC_OK;

    /* Lists the members that differ. */
    ARC_AUTO(arc_buf) struct arc_buf names = {0};
    ARC_AUTO_JSON json_t *was = arc_json_load(old->definition, strlen(old->definition), 0, NULL);
    ARC_AUTO_JSON json_t *is = arc_json_load(new->definition, strlen(new->definition), 0, NULL);
    ARC_TRY_ALLOC(was && is, err);
    arc_json_each_pair (name, value, is)
        if (!json_equal(value, json_object_get(was, name)))
            arc_text_item(&names, ", ", "%s", name);
    arc_json_each_pair (gone, before_it, was)
        if (!json_object_get(is, gone))
            arc_text_item(&names, ", ", "%s", gone);
    ARC_TRY(arc_buf_check(&names, "a reason", err));

    return arc_match_mark(result, err, "its definition in %s changed: %s", file, names.data);
}

/* Marks a service if one of its values differs or is only on one side; *same: none does. */
static int judge_values(struct arc_project *project, const struct arc_service *service,
                        const struct arc_oid *base, const struct arc_oid *head,
                        struct arc_filter_result *result, bool *same, struct arc_error *err)
{
    arc_each (place, service->build.places, service->build.place_count) {
        ARC_AUTO_FREE char *old = NULL, *now = NULL;
        ARC_AUTO(arc_error) struct arc_error why = {0};

        int rc = arc_project_value_at(project, place, base, &old, &why);
        if (!rc)
            rc = arc_project_value_at(project, place, head, &now, &why);
        ARC_TRY(arc_error_memory(rc, err));
        if (!rc && old && now && strcmp(old, now) == 0)
            continue;

        *same = false;
        if (rc)
            ARC_TRY(arc_match_mark(result, err, "its value in %s may have changed: %s", place->file,
                                   arc_error_text(&why)));
        else
            ARC_TRY(arc_match_mark(result, err, "its value in %s %s", place->file,
                                   !old && now ? "is new" : "changed"));
    }

    return ARC_OK;
}

int arc_services_definitions(struct arc_project *project, const struct arc_changes_options *options,
                             const bool *only, const struct arc_oid *base,
                             const struct arc_oid *head, struct arc_changes *out,
                             struct arc_error *err)
{
    arc_each (group, options->config->groups, options->config->group_count) {
        ARC_AUTO(side) struct side before = {0}, after = {0};
        const bool described = group->described.files;
        const struct arc_service *service;
        const struct arc_group *of;
        bool is_resolved = false;

        for (size_t i = 0; i < out->filters->count; i++) {
            struct arc_filter_result *result = &out->results[i];
            bool same = true;

            if ((only && !only[i]) || !result->defining ||
                !arc_services_find(options, i, &of, &service) || of != group)
                continue;

            if (described && !is_resolved) {
                ARC_TRY(resolve_side(project, group, base, &before, err));
                ARC_TRY(resolve_side(project, group, head, &after, err));
                is_resolved = true;
            }

            if (described)
                ARC_TRY(judge_definition(&before, &after, service->codename, result, &same, err));
            ARC_TRY(judge_values(project, service, base, head, result, &same, err));
            if (same)
                ARC_TRY(take_back(out->filters, result, err));
        }
    }

    return ARC_OK;
}
