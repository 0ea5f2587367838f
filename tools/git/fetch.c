#include "git/fetch.h"
#include "base/auto.h"
#include "git/run.h"
#include "git/token.h"
#include "os/file.h"
#include <string.h>

#define FETCH_SECONDS 600
#define ASK_SECONDS   60
#define SHALLOW_MAX   ((size_t)64 << 20)
#define WORDS_MAX     ARC_GIT_WORDS

/* Whether the remote wanted to know who asks. */
static bool refused(const struct arc_process_result *result)
{
    static const char *const signs[] = {"could not read Username", "could not read Password",
                                        "Authentication failed", "not found"};
    for (size_t i = 0; result->status && i < sizeof signs / sizeof *signs; i++)
        if (strstr(arc_buf_text(&result->errors), signs[i]))
            return true;
    return false;
}

/* Asks the remote as the machine is set up to, then, where that is refused, with the token. */
static int ask_remote(const struct arc_git *git, const struct arc_env *env,
                      const char *const *words, unsigned seconds, struct arc_process_result *result,
                      struct arc_error *err)
{
    ARC_AUTO(arc_git_token) struct arc_git_token token = {{0}};
    int rc = arc_git_run(git, env, &token, words, seconds, result, err);
    if (rc || !refused(result))
        return rc;
    rc = arc_git_token_make(env, &token, err);
    if (rc || !token.vars[0])
        return rc;
    arc_process_result_free(result);
    return arc_git_run(git, env, &token, words, seconds, result, err);
}

/* `how` may be NULL, `also` too. */
static int fetch(const struct arc_git *git, const struct arc_env *env, const char *how,
                 const char *what, const char *also, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *words[WORDS_MAX + 1] = {"fetch",
                                        "--quiet",
                                        "--no-tags",
                                        "--no-recurse-submodules",
                                        "--no-auto-maintenance",
                                        "--filter=blob:none"};
    size_t count = 6;
    if (how)
        words[count++] = how;
    words[count++] = "--";
    words[count++] = "origin";
    words[count++] = what;
    words[count] = also;
    int rc = ask_remote(git, env, words, FETCH_SECONDS, &result, err);
    if (rc || result.status == 0)
        return rc;
    return arc_error_set(err, ARC_ENOTFOUND, "git fetch origin %s: %s", what,
                         arc_git_complaint(&result));
}

static bool is_oid(const char *name)
{
    return strlen(name) == 40 && strspn(name, "0123456789abcdef") == 40;
}

int arc_git_fetch(const struct arc_git *git, const struct arc_env *env, const char *name,
                  unsigned depth, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf how = {0};
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 8192};
    if (depth)
        arc_buf_printf(&how, "--depth=%u", depth);
    const char *limit = depth ? arc_buf_text(&how) : NULL;
    if (is_oid(name))
        return fetch(git, env, limit, name, NULL, err);
    if (strpbrk(name, ":^*?[~ \\") || strstr(name, ".."))
        return arc_error_set(err, ARC_ENOTFOUND, "'%.200s' is no name of a branch or a tag", name);
    if (strncmp(name, "refs/", 5) == 0)
        arc_buf_printf(&what, "+%s:%s", name, name);
    else
        arc_buf_printf(&what, "+refs/heads/%s:refs/remotes/origin/%s", name, name);
    int rc = arc_buf_check(&what, "the name of a ref", err);
    if (!rc)
        rc = fetch(git, env, limit, what.data, NULL, err);
    if (rc != ARC_ENOTFOUND || strncmp(name, "refs/", 5) == 0)
        return rc;
    arc_buf_reset(&what);
    arc_buf_printf(&what, "+refs/tags/%s:refs/tags/%s", name, name);
    return fetch(git, env, limit, arc_buf_text(&what), NULL, NULL) == ARC_OK ? ARC_OK : rc;
}

/* Where the history is cut; empty when it is whole. */
static int shallow_points(const struct arc_git *git, struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_FREE char *path = arc_file_join(git->commondir, "shallow");
    if (!path)
        return arc_error_nomem(err);
    int rc = arc_file_read(path, NULL, SHALLOW_MAX, out, NULL);
    return rc == ARC_ENOTFOUND || rc == ARC_OK ? ARC_OK
                                               : arc_error_set(err, rc, "cannot read '%s'", path);
}

int arc_git_deepen(const struct arc_git *git, const struct arc_env *env, const struct arc_oid *a,
                   const struct arc_oid *b, unsigned commits, bool *more, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf how = {0};
    ARC_AUTO(arc_buf) struct arc_buf before = {.max = SHALLOW_MAX};
    ARC_AUTO(arc_buf) struct arc_buf after = {.max = SHALLOW_MAX};
    arc_buf_printf(&how, "--deepen=%u", commits);
    int rc = shallow_points(git, &before, err);
    if (!rc)
        rc = fetch(git, env, arc_buf_text(&how), a->hex, b ? b->hex : NULL, err);
    if (!rc)
        rc = shallow_points(git, &after, err);
    *more = !rc && after.len && strcmp(arc_buf_text(&before), arc_buf_text(&after)) != 0;
    return rc;
}

int arc_git_merge_base_shallow(const struct arc_git *git, const struct arc_env *env,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *const words[] = {"merge-base", a->hex, b->hex, NULL};
    int rc = arc_git_run(git, env, NULL, words, FETCH_SECONDS, &result, err);
    if (rc)
        return rc;
    const char *text = arc_buf_text(&result.output);
    if (result.status == 1)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "%s and %s have no common ancestor in this clone, whose history is "
                             "cut (fetch-depth: 0 of actions/checkout gets all of it)",
                             a->hex, b->hex);
    if (result.status || strspn(text, "0123456789abcdef") != 40)
        return arc_error_set(err, ARC_EWORLD, "git merge-base: %s", arc_git_complaint(&result));
    memcpy(out->hex, text, 40);
    out->hex[40] = '\0';
    return ARC_OK;
}

/* Lines "<oid>\trefs/tags/<name>". */
static int parse_tags(const char *text, json_t *tags, struct arc_error *err)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        static const char refs[] = "\trefs/tags/";
        len = strcspn(text, "\n");
        size_t before = strcspn(text, "\t"), skip = before + strlen(refs);
        if (skip > len || strncmp(text + before, refs, strlen(refs)) != 0)
            continue;
        json_t *name = json_stringn(text + skip, len - skip); /* NULL when not UTF-8 */
        if (name && json_array_append_new(tags, name))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

static int remote_tags(const struct arc_git *git, const struct arc_env *env, json_t *tags,
                       struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    static const char *const words[] = {"ls-remote", "--tags", "--refs", "origin", NULL};
    int rc = ask_remote(git, env, words, ASK_SECONDS, &result, err);
    if (!rc && result.status)
        rc = arc_error_set(err, ARC_EWORLD, "%s", arc_git_complaint(&result));
    return rc ? rc : parse_tags(arc_buf_text(&result.output), tags, err);
}

static bool in_folder(const char *folder, const char *name)
{
    ARC_AUTO_FREE char *path = arc_file_join(folder, name);
    return path && arc_file_kind(path) != ARC_FILE_NONE;
}

/* Whether the remote may have tags that are not here: actions/checkout, Buildkite and others fetch
 * without them, whatever the depth, and leave no trace of it. A repository that never fetched has
 * all that there are. */
static bool may_lack_tags(const struct arc_git *git, const struct arc_env *env)
{
    ARC_AUTO_FREE char *url = NULL;
    if (arc_git_is_shallow(git))
        return true;
    if (arc_git_remote_url(git, "origin", &url, NULL))
        return false;
    return in_folder(git->gitdir, "FETCH_HEAD") ||
           in_folder(git->commondir, "refs/remotes/origin") || arc_env_nonempty(env, "CI") ||
           arc_env_nonempty(env, "GITHUB_ACTIONS");
}

int arc_git_all_tags(const struct arc_git *git, const struct arc_env *env, json_t **out,
                     struct arc_error *err)
{
    if (!may_lack_tags(git, env))
        return arc_git_tags(git, out, err);
    ARC_AUTO_JSON json_t *tags = json_array();
    int rc = tags ? remote_tags(git, env, tags, err) : arc_error_nomem(err);
    if (rc == ARC_ENOMEM)
        return rc;
    if (rc)
        return arc_error_prefix(err, "%s, and 'git ls-remote --tags origin' failed",
                                arc_git_is_shallow(git) ? "this clone is shallow"
                                                        : "this clone may lack tags");
    *out = arc_steal(&tags);
    return ARC_OK;
}
