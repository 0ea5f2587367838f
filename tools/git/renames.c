/* Which added files are renamed ones, according to git. */
#include "base/text.h"
#include "git/diff.h"
#include "git/scratch.h"

static int by_new_name(const void *a, const void *b)
{
    const struct arc_git_rename *x = a, *y = b;
    return strcmp(x->new_name, y->new_name);
}

/* NUL-terminated words: "R087", the old name, the new name. */
static int read_renames(struct arc_git_renames *out, struct arc_error *err)
{
    size_t words = 0;

    for (size_t i = 0; i < out->text.len; i++)
        words += out->text.data[i] == '\0';
    out->list = calloc(words / 3 + 1, sizeof *out->list);
    ARC_TRY_ALLOC(out->list, err);
    const char *at = arc_buf_text(&out->text);
    for (; words >= 3; words -= 3) {
        const char *old = at + strlen(at) + 1, *new = old + strlen(old) + 1;
        out->list[out->count++] = (struct arc_git_rename){old, new};
        at = new + strlen(new) + 1;
    }

    qsort(out->list, out->count, sizeof *out->list, by_new_name);

    return ARC_OK;
}

int arc_git_find_renames(const struct arc_git *git, const struct arc_oid *from,
                         const struct arc_oid *to, struct arc_git_renames *out,
                         struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *const *words =
        ARC_WORDS("diff", "--no-ext-diff", "--no-relative", "--find-renames", "--name-status",
                  "--diff-filter=R", "-z", from->hex, to ? to->hex : "--", to ? "--" : NULL);
    bool fetched[2];
    *out = (struct arc_git_renames){0};

    if (to) {
        arc_git_fetch_absent(git, from, to, fetched);
        ARC_TRY(arc_git_scratch_run(git, words, ARC_GIT_SECONDS, &result, err));
    } else {
        ARC_TRY(arc_git_run(git, words, ARC_GIT_SECONDS, &result, err));
    }

    if (result.status)
        return arc_error_set(err, ARC_EWORLD, "git diff --find-renames: %s",
                             arc_git_complaint(&result));

    out->limited = strstr(arc_buf_text(&result.errors), "rename detection was skipped") != NULL;
    out->text = arc_steal(&result.output);

    return read_renames(out, err);
}

const char *arc_git_old_name(const struct arc_git_renames *renames, const char *new_name)
{
    const struct arc_git_rename key = {NULL, new_name};
    const struct arc_git_rename *found =
        renames->count ? bsearch(&key, renames->list, renames->count, sizeof key, by_new_name)
                       : NULL;
    return found ? found->old_name : NULL;
}

void arc_git_renames_free(struct arc_git_renames *renames)
{
    free(renames->list);
    arc_buf_free(&renames->text);
    *renames = (struct arc_git_renames){0};
}
