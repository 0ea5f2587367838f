#include "build/context.h"
#include "arcci/glob.h"
#include "base/path.h"
#include "config/build.h"
#include "git/diff.h"
#include "project/inputs.h"

#define SHOWN_MAX  5     /* files named in a message */
#define LISTED_MAX 10000 /* files per service in build.json */

/* A service of the plan. */
struct part {
    char **places;    /* files and folders that it is built from */
    size_t generated; /* number of files in arc_context.generated */
    bool known;       /* `inputs` was read: once for all pointers, which may be thousands */
    struct arc_inputs *inputs; /* what the image reads; NULL: not known */
};

/* The comparison of the work tree. */
struct comparison {
    const char *root;
    const struct arc_plan *plan;
    struct arc_context *out;
    struct part *parts;
    size_t differ;         /* files that differ from the commit */
    size_t pointers;       /* of these, pointers to Git LFS */
    struct arc_buf *shown; /* the first of them */
    struct arc_error *err;
};

void arc_context_free(struct arc_context *context)
{
    arc_arena_free(&context->memory);
    *context = (struct arc_context){0};
}

/* Whether the image reads the file, as far as that is known. */
static bool reads(const struct comparison *comparison, size_t service, const char *path)
{
    struct part *part = &comparison->parts[service];

    if (!part->known)
        arc_planned_inputs(comparison->root, &comparison->plan->services[service], &part->inputs,
                           NULL);
    part->known = true;

    return !part->inputs || arc_inputs_find(part->inputs, path, strlen(path));
}

static int consider(void *context, const char *path, enum arc_git_standing standing)
{
    static const char *const words[] = {"is changed",
                                        "is missing",
                                        "is new",
                                        "is hidden from git by assume-unchanged or skip-worktree",
                                        "is a submodule that is not checked out (submodules: true)",
                                        "is only its pointer in Git LFS"};
    struct comparison *comparison = context;
    struct arc_arena *memory = &comparison->out->memory;
    size_t len = strlen(path);
    bool is_folder = len && path[len - 1] == '/'; /* its own repository, or empty */
    bool listed = standing == ARC_GIT_IS_IGNORED || (is_folder && standing == ARC_GIT_NEW) ||
                  arc_glob_any(comparison->plan->generated, path);

    for (size_t i = 0; i < comparison->plan->service_count; i++) {
        struct part *part = &comparison->parts[i];
        char *const *place = part->places;
        while (place && *place && !arc_path_below(*place, path))
            place++;
        if (!place || !*place)
            continue;
        if (listed && part->generated < LISTED_MAX) {
            ARC_APPEND(memory, comparison->out->generated[i], part->generated, comparison->err,
                       arc_arena_text(memory, path));
        }
        if (listed || (standing == ARC_GIT_LFS_POINTER && !reads(comparison, i, path)))
            continue;
        comparison->pointers += standing == ARC_GIT_LFS_POINTER;
        if (comparison->differ++ < SHOWN_MAX)
            arc_text_item(comparison->shown, ", ", "%.200s %s", path, words[standing]);
        return ARC_OK;
    }

    return ARC_OK;
}

/* Compares all services at once: one git per service took a second for 300. */
static int compare(struct arc_project *project, struct comparison *comparison)
{
    const struct arc_plan *plan = comparison->plan;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_error *err = comparison->err;
    const struct arc_oid commit = arc_oid_of(plan->revision);
    char **all = NULL;

    comparison->root = project->git->worktree;
    comparison->parts = arc_arena_array(&memory, plan->service_count, sizeof *comparison->parts);
    bool *built = arc_arena_array(&memory, plan->service_count, sizeof *built);
    ARC_TRY(arc_arena_check(&memory, err));

    arc_each (service, plan->services, plan->service_count)
        if (service->selected)
            arc_planned_mark(plan, service, built);

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *part = &plan->services[i];
        char ***places = &comparison->parts[i].places;
        if (built[i])
            ARC_TRY(arc_recipe_places(comparison->root, part->context, part->dockerfile,
                                      arc_planned_contexts(part), &memory, places, err));
        for (char **place = *places; place && *place; place++)
            ARC_TRY(arc_texts_add(&memory, &all, *place, err));
    }

    if (!all)
        return ARC_OK;
    int rc = arc_git_compare_worktree(project->git, &commit, (const char *const *)all, consider,
                                      comparison, err);
    arc_each (part, comparison->parts, plan->service_count)
        arc_inputs_free(&part->inputs);
    ARC_TRY(rc);

    for (size_t i = 0; i < plan->service_count; i++) /* adds the terminating NULL */
        if (comparison->parts[i].generated)
            arc_arena_append(&comparison->out->memory, &comparison->out->generated[i],
                             &comparison->parts[i].generated, sizeof(char *));

    return arc_arena_check(&comparison->out->memory, err);
}

int arc_context_read(struct arc_project *project, const struct arc_plan *plan, bool allow_dirty,
                     struct arc_context *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    struct comparison comparison = {.plan = plan, .out = out, .shown = &shown, .err = err};
    struct arc_oid head;
    bool lenient = allow_dirty && !plan->tag;

    out->generated = arc_arena_array(&out->memory, plan->service_count + 1, sizeof(char **));
    ARC_TRY_ALLOC(out->generated, err);

    int rc = arc_project_open(project, err);
    if (rc)
        return arc_error_except(ARC_ENOTFOUND, rc, err);
    ARC_TRY(arc_git_head(project->git, &head, NULL, err));

    bool other = strcmp(head.hex, plan->revision) != 0;
    if (other && !lenient)
        return arc_error_set(err, ARC_EINPUT,
                             "the plan is for commit %.12s, but %.12s is checked out, so the "
                             "images would get wrong labels; git checkout %s%s (in a workflow: "
                             "`ref:` of actions/checkout)",
                             plan->revision, head.hex, plan->tag ? "tags/" : "",
                             arc_or(plan->tag, plan->revision));

    if (!other)
        ARC_TRY(compare(project, &comparison));
    out->dirty = other || comparison.differ;
    if (!comparison.differ || lenient)
        return ARC_OK;

    if (comparison.differ > SHOWN_MAX)
        arc_buf_printf(&shown, " and %zu more", comparison.differ - SHOWN_MAX);
    const char *otherwise = plan->tag ? "" : "; --allow-dirty builds it, marked as dirty";
    if (comparison.pointers == comparison.differ)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: fetch it (lfs: true of actions/checkout; git lfs pull), or leave "
                             "it out (.dockerignore)%s",
                             arc_buf_text(&shown), otherwise);
    return arc_error_set(
        err, ARC_EINPUT,
        "the work tree is not commit %.12s, which the images' labels "
        "would name: %s; commit them, ignore them (.gitignore), write them elsewhere "
        "(.git/plan.json), or list what an earlier step makes under the group's "
        "`generated`%s",
        plan->revision, arc_buf_text(&shown), otherwise);
}

/* ---- marks ---------------------------------------------------------------------------------- */

static char *dirty(struct arc_plan *plan, const char *text)
{
    return arc_arena_printf(&plan->memory, "%.120s-dirty", text);
}

int arc_plan_mark_dirty(struct arc_plan *plan, struct arc_error *err)
{
    if (plan->tag)
        return arc_error_set(err, ARC_EINPUT, "a release cannot be built from a dirty work tree");

    arc_each (service, plan->services, plan->service_count) {
        service->staging = dirty(plan, service->staging);
        for (struct arc_pair *label = service->labels; label->name; label++)
            if (strcmp(label->name, "org.opencontainers.image.version") == 0 ||
                strcmp(label->name, "org.opencontainers.image.revision") == 0)
                label->value = dirty(plan, label->value);
        arc_each (tag, service->tags, service->tag_count) {
            const char *image = arc_planned_image(service, tag);
            tag->tag = dirty(plan, tag->tag);
            if (tag->ref)
                tag->ref = arc_arena_printf(&plan->memory, "%s:%s", image, tag->tag);
        }
    }

    arc_each (cell, plan->cells, plan->cell_count)
        cell->staging = dirty(plan, cell->staging);

    return arc_arena_check(&plan->memory, err);
}
