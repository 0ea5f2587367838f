/* Uncommitted changes: `git diff HEAD`. */
#include "base/auto.h"
#include "git/diff.h"
#include "git/run.h"
#include <string.h>

#define DIFF_SECONDS 600

static enum arc_git_status status_of(char letter)
{
    switch (letter) {
    case 'A':
        return ARC_GIT_ADDED;
    case 'D':
        return ARC_GIT_DELETED;
    case 'T':
        return ARC_GIT_TYPE_CHANGED;
    case 'U':
        return ARC_GIT_UNMERGED;
    default:
        return ARC_GIT_MODIFIED;
    }
}

/* Runs git and hands over what it lists, a NUL behind each word: pairs of a status and a path, or,
 * with `added`, paths. */
static int list(const struct arc_git *git, const struct arc_env *env, const char *const *words,
                const struct arc_git_diff *diff, bool added, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_TRY(arc_git_run(git, env, NULL, words, DIFF_SECONDS, &result, err));
    if (result.status)
        return arc_error_set(err, ARC_EWORLD, "git %s: %s", words[0], arc_git_complaint(&result));

    const char *at = arc_buf_text(&result.output), *end = at + result.output.len;
    while (at < end) {
        char letter = added ? 'A' : *at;
        const char *path = added ? at : at + strlen(at) + 1;
        if (path >= end)
            return arc_error_set(err, ARC_EWORLD, "git %s: a status without a path", words[0]);
        ARC_TRY(diff->each(diff->context, path, strlen(path), status_of(letter)));
        at = path + strlen(path) + 1;
    }
    return ARC_OK;
}

int arc_git_diff_worktree(const struct arc_git *git, const struct arc_env *env,
                          const struct arc_git_diff *diff, bool untracked, struct arc_error *err)
{
    /* The options take back settings that would change the list or run a program for it. */
    static const char *const changed[] = {"diff",
                                          "--no-ext-diff",
                                          "--no-renames",
                                          "--no-relative",
                                          "--name-status",
                                          "-z",
                                          "-O/dev/null",
                                          "HEAD",
                                          "--",
                                          NULL};
    static const char *const others[] = {"ls-files", "--others", "--exclude-standard", "-z", NULL};
    struct arc_oid head;
    if (!git->worktree)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "base HEAD asks for uncommitted changes, but '%s' is a bare "
                             "repository",
                             git->gitdir);
    if (arc_git_head(git, &head, NULL, NULL))
        return arc_error_set(err, ARC_ENOTFOUND,
                             "base HEAD asks for uncommitted changes, but there is no commit yet");
    ARC_TRY(list(git, env, changed, diff, false, err));
    return untracked ? list(git, env, others, diff, true, err) : ARC_OK;
}
