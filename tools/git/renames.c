/* Which added files are renamed ones, according to git. */
#include "base/text.h"
#include "git/diff.h"
#include "git/scratch.h"

int arc_git_find_renames(const struct arc_git *git, const struct arc_oid *from,
                         const struct arc_oid *to, json_t **out, bool *limited,
                         struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *const *words =
        ARC_WORDS("diff", "--no-ext-diff", "--no-relative", "--find-renames", "--name-status",
                  "--diff-filter=R", "-z", from->hex, to ? to->hex : "--", to ? "--" : NULL);
    bool fetched[2];

    if (to) {
        arc_git_fetch_absent(git, from, to, fetched);
        ARC_TRY(arc_git_scratch_run(git, words, ARC_GIT_SECONDS, &result, err));
    } else {
        ARC_TRY(arc_git_run(git, words, ARC_GIT_SECONDS, &result, err));
    }

    if (result.status)
        return arc_error_set(err, ARC_EWORLD, "git diff --find-renames: %s",
                             arc_git_complaint(&result));

    *limited = strstr(arc_buf_text(&result.errors), "rename detection was skipped") != NULL;
    *out = json_object();

    /* NUL-terminated words: "R087", the old name, the new name. */
    const char *at = arc_buf_text(&result.output), *end = at + result.output.len;
    while (*out && at < end) {
        const char *old = at + strlen(at) + 1, *new = old < end ? old + strlen(old) + 1 : end;
        if (new >= end)
            break;
        if (json_object_set_new_nocheck(*out, new, json_string_nocheck(old)))
            json_decref(arc_steal(out));
        at = new + strlen(new) + 1;
    }

    return arc_error_unless(*out, err);
}
