#include "dryrun/warnings.h"
#include "base/auto.h"
#include "base/json.h"
#include "git/git.h"
#include <string.h>

/* The group's other tags, as far as they tell of this one. */
struct neighbours {
    struct arc_tag above; /* the highest version above it: a stable one, for a prerelease any */
    struct arc_tag below; /* the highest one below it, likewise */
    bool exists;          /* the tag itself is among them */
};

static void neighbours_free(struct neighbours *neighbours)
{
    arc_tag_free(&neighbours->above);
    arc_tag_free(&neighbours->below);
}

static int add(json_t *out, const char *kind, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int add(json_t *out, const char *kind, struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 8192};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    ARC_TRY(arc_buf_check(&text, "the warning", err));
    json_t *row = json_pack("{s:s, s:s}", "kind", kind, "message", arc_buf_text(&text));
    return arc_json_append(out, row, err);
}

/* ---- the other tags -------------------------------------------------------------------------- */

static int find_neighbours(const struct arc_project *project, struct neighbours *out,
                           struct arc_error *err)
{
    const struct arc_tag *tag = &project->tag;
    size_t i;
    json_t *name;

    json_array_foreach (project->repository.tags, i, name) {
        ARC_AUTO(arc_tag) struct arc_tag other = {0};
        int rc = arc_tag_parse(json_string_value(name), project->group, &other, NULL);
        if (rc == ARC_ENOMEM)
            return arc_error_nomem(err);
        if (rc || other.service != tag->service)
            continue;

        out->exists |= strcmp(other.text, tag->text) == 0;
        int order = arc_release_version_compare(&other.version, &tag->version);
        if (order && (!other.version.prerelease || tag->version.prerelease))
            arc_tag_keep_higher(order > 0 ? &out->above : &out->below, &other);
    }

    return ARC_OK;
}

/* Whether a version is not the next patch, minor or major one. Dates jump as they like. */
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
            if (!texts[i] || lens[i] > 18) /* what cannot be counted on from */
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

static int warn_of_tags(const struct arc_project *project, const char *ref, json_t *out,
                        struct arc_error *err)
{
    ARC_AUTO(neighbours) struct neighbours found = {0};
    const char *tag = project->tag.text, *group = project->group->name;
    const char *pushed = ref ? arc_tag_name(ref) : NULL;
    ARC_AUTO_FREE char *branch = NULL;
    struct arc_oid head;

    ARC_TRY(find_neighbours(project, &found, err));

    /* Not a run of the tag itself: by its ref, or by what every CI system checks out. */
    bool runs = pushed && strcmp(pushed, tag) == 0;
    if (!runs && arc_env_nonempty(project->env, "CI"))
        runs = arc_git_head(project->git, &head, &branch, NULL) == ARC_OK && !branch &&
               strcmp(head.hex, project->repository.revision) == 0;
    if (found.exists && !runs)
        ARC_TRY(add(out, "exists", err,
                    "the tag %s exists already: its release was started by its push, and a tag is "
                    "not moved; for another release take a new version ('arc-ci version --next "
                    "%s')",
                    tag, group));

    if (found.above.text)
        ARC_TRY(add(out, "back", err,
                    "a step back: %s is a higher version, and keeps `latest`; right for a fix of "
                    "an older line, else take the next version ('arc-ci version --next %s')",
                    found.above.text, group));

    if (!found.below.text || !is_jump(&found.below.version, &project->tag.version))
        return ARC_OK;

    return add(out, "jump", err,
               "a jump: %s is the last version below %s, and some between them are left out; "
               "'arc-ci version --next %s' names the next one",
               found.below.text, tag, group);
}

/* ---- the work tree --------------------------------------------------------------------------- */

static int warn_of_head(struct arc_project *project, json_t *out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *revision = project->repository.revision;
    struct arc_oid head;
    int rc = arc_project_check_tag(project, true, &why);

    if (rc == ARC_EINPUT)
        return add(out, "not-head", err, "%s", arc_error_text(&why));
    if (rc)
        return arc_error_set(err, rc, "%s", arc_error_text(&why));

    ARC_TRY(arc_git_head(project->git, &head, NULL, err));
    if (strcmp(head.hex, revision) == 0)
        return ARC_OK;

    return add(out, "not-head", err,
               "the event is about commit %.12s, but %.12s is checked out, and configuration and "
               "services were read from there: git checkout %.12s",
               revision, head.hex, revision);
}

static int warn_of_files(struct arc_project *project, json_t *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf files = {.max = 4096};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = arc_project_dirty(project, &files, &why);

    if (rc == ARC_ENOTFOUND)
        return add(out, "dirty", err, "whether the work tree is the commit is not known: %s",
                   arc_error_text(&why));

    if (rc)
        return arc_error_set(err, rc, "%s", arc_error_text(&why));
    if (!files.len)
        return ARC_OK;

    return add(out, "dirty", err,
               "the work tree is not commit %.12s: %s; commit or stash it: 'arc-ci build' refuses "
               "what is not committed",
               project->repository.revision, arc_buf_text(&files));
}

int arc_dryrun_warn(struct arc_project *project, const char *ref, json_t *out,
                    struct arc_error *err)
{
    char *const *left_out = project->group->unreleased;
    if (project->tag.text)
        ARC_TRY(warn_of_tags(project, ref, out, err));
    for (; left_out && *left_out; left_out++)
        ARC_TRY(add(out, "unreleased", err, "%s has no release yet: %s goes without it", *left_out,
                    project->group->name));
    ARC_TRY(warn_of_head(project, out, err));
    return warn_of_files(project, out, err);
}
