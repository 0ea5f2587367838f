#include "git/fetch.h"
#include "base/json.h"
#include "base/text.h"
#include "git/scratch.h"
#include "os/file.h"

#define ASK_SECONDS 60

/* Generations of commits in the first fetch: with frequent merges, each generation has many
 * commits. */
#define DEPTH_MAX 10

void arc_git_allow_fetching(const struct arc_git *git, unsigned depth)
{
    git->scratch->allowed = depth > 0;
    if (depth > git->scratch->depth && git->scratch->depth < DEPTH_MAX)
        git->scratch->depth = ARC_MIN(depth, DEPTH_MAX);
}

/* The ref tells the remote in the next fetch what is present; the number makes it new each time,
 * since git does not request an existing ref again, even for more history. */
static void add_refspec(const struct arc_git *git, struct arc_buf *refspecs,
                        const struct arc_oid *object)
{
    arc_buf_printf(refspecs, "+%s:refs/arc/%u/%s\n", object->hex, git->scratch->fetches,
                   object->hex);
}

int arc_git_fetch_commits(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_oid *commits, size_t count, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf refspecs = {0};
    for (size_t i = 0; i < count; i++)
        add_refspec(git, &refspecs, &commits[i]);
    return arc_git_scratch_fetch(git, part, how, &refspecs, err);
}

int arc_git_fetch_trees(const struct arc_git *git, const struct arc_oid *commits, size_t count,
                        struct arc_error *err)
{
    return arc_git_fetch_commits(git, ARC_GIT_TREES, "--depth=1", commits, count, err);
}

/* A tip whose history was requested. */
static int add_tip(struct arc_git_scratch *scratch, const struct arc_oid *tip,
                   struct arc_error *err)
{
    scratch->since = INT64_MAX;
    ARC_TRY(arc_git_list_add(&scratch->tips, tip, err));
    return arc_git_list_add(&scratch->wants, tip, err);
}

/* Fetches a few generations of the request and of `also`, whose history is likely needed next. If
 * the remote refuses, because a commit exists only locally, retries without `also`. */
static int fetch_start(const struct arc_git *git, const char *refspec, const struct arc_oid *also,
                       size_t also_count, struct arc_error *err)
{
    struct arc_git_scratch *scratch = git->scratch;
    ARC_AUTO(arc_buf) struct arc_buf how = {0}, refspecs = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};

    arc_buf_printf(&refspecs, "%s\n", refspec);
    const size_t own = refspecs.len;
    for (size_t i = 0; i < also_count; i++)
        if (!arc_git_list_has(&scratch->wants, &also[i]) && !strstr(refspec, also[i].hex))
            add_refspec(git, &refspecs, &also[i]);

    arc_buf_printf(&how, "--depth=%u", scratch->depth);
    int rc = arc_git_scratch_fetch(git, ARC_GIT_COMMITS, arc_buf_text(&how), &refspecs, &problem);
    if (rc == ARC_ENOTFOUND && refspecs.len > own)
        return fetch_start(git, refspec, NULL, 0, err);
    for (size_t i = 0; !rc && i < also_count; i++)
        ARC_TRY(add_tip(scratch, &also[i], err));

    return arc_error_pass(rc, &problem, err);
}

static int fetch_named(const struct arc_git *git, const char *from, const char *to,
                       const char *name, const struct arc_oid *also, size_t also_count,
                       struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 8192};
    arc_buf_printf(&what, "+%s%s:%s%s", from, name, to, name);
    ARC_TRY(arc_buf_check(&what, "the name of a ref", err));
    ARC_TRY(fetch_start(git, what.data, also, also_count, err));
    char *colon = strchr(what.data, ':');
    struct arc_git_scratch *scratch = git->scratch;
    ARC_TRY(arc_git_resolve_ref(&scratch->parts[ARC_GIT_COMMITS], colon + 1, out, err));

    free(scratch->branch);
    *colon = '\0';
    scratch->branch_tip = *out;

    return arc_text_copy(what.data + 1, &scratch->branch, err);
}

int arc_git_fetch(const struct arc_git *git, const char *name, const struct arc_oid *also,
                  size_t also_count, struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf refspec = {0};

    if (arc_text_is_hex(name, 40)) {
        arc_buf_printf(&refspec, "+%s:refs/arc/%s", name, name);
        ARC_TRY(fetch_start(git, arc_buf_text(&refspec), also, also_count, err));
        ARC_TRY(arc_git_resolve(git, name, out, err)); /* it may be an annotated tag */
    } else if (strpbrk(name, ":^*?[~ \\") || strstr(name, "..")) {
        return arc_error_set(err, ARC_ENOTFOUND,
                             "'%.200s' is not a valid name of a branch or a tag", name);
    } else if (ARC_STARTS(name, "refs/")) {
        ARC_TRY(fetch_named(git, "", "", name, also, also_count, out, err));
    } else {
        int rc = fetch_named(git, "refs/heads/", "refs/remotes/origin/", name, also, also_count,
                             out, err);
        if (rc == ARC_ENOTFOUND &&
            !fetch_named(git, "refs/tags/", "refs/tags/", name, also, also_count, out, NULL))
            rc = arc_error_except(ARC_ENOTFOUND, rc, err);
        ARC_TRY(rc);
    }

    return add_tip(git->scratch, out, err);
}

/* Runs `words`, a git ls-remote command, which prints lines "<oid>\trefs/tags/<name>"; a name with
 * ^{} gives the commit of the annotated tag in the line before, whose object goes to `annotated` (or
 * NULL). */
static int list_remote(const struct arc_git *git, const char *const *words, json_t *tags,
                       json_t *annotated, struct arc_error *err)
{
    static const char refs[] = "\trefs/tags/";
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};

    ARC_TRY(arc_git_run_remote(git, words, NULL, ASK_SECONDS, &result, err));
    if (result.status)
        return arc_error_set(err, ARC_EWORLD, "%s", arc_git_complaint(&result));

    arc_each_piece (line, arc_buf_text(&result.output), "\n") {
        size_t before = strcspn(line.text, "\t"), skip = before + strlen(refs), end = line.len;
        if (skip > end || !ARC_STARTS(line.text + before, refs))
            continue;
        if (end > skip + 3 && ARC_STARTS(line.text + end - 3, "^{}"))
            end -= 3;
        ARC_AUTO_JSON json_t *commit = json_stringn(line.text, before);
        ARC_AUTO_FREE char *name = strndup(line.text + skip, end - skip);
        ARC_TRY_ALLOC(name && commit, err);
        if (annotated && line.text[skip + strlen(name)] == '^')
            json_object_set(annotated, name, json_object_get(tags, name));
        json_object_set(tags, name, commit); /* refused if not UTF-8 */
    }

    return ARC_OK;
}

/* Asks the remote for its tags, once. */
static int load_tags(const struct arc_git *git, struct arc_error *err)
{
    if (git->scratch->tags)
        return ARC_OK;

    const char *const words[] = {"ls-remote", "--tags", git->remote, NULL};
    ARC_AUTO_JSON json_t *tags = json_object(), *annotated = json_object();
    ARC_TRY_ALLOC(tags && annotated, err);
    int rc = list_remote(git, words, tags, annotated, err);
    json_decref(git->scratch->annotated);
    git->scratch->annotated = arc_steal(&annotated);
    if (rc == ARC_ENOMEM)
        return rc;

    if (rc)
        return arc_error_prefix(err, "%s, and 'git ls-remote --tags %s' failed",
                                arc_git_is_shallow(git) ? "this clone is shallow"
                                                        : "this clone may lack tags",
                                git->remote);

    git->scratch->tags = arc_steal(&tags);

    return ARC_OK;
}

bool arc_git_in_ci(const struct arc_git *git)
{
    return arc_env_nonempty(git->env, "CI") || arc_env_nonempty(git->env, "GITHUB_ACTIONS");
}

int arc_git_all_tags(const struct arc_git *git, json_t **out, struct arc_error *err)
{
    ARC_AUTO_FREE char *url = NULL;
    ARC_AUTO(arc_buf) struct arc_buf refs = {0};
    arc_buf_printf(&refs, "refs/remotes/%s", git->remote);

    /* The clone may lack tags: actions/checkout, Buildkite and others fetch without tags, at any
     * depth, and leave no trace of that. A repository that never fetched lacks none. */
    bool may_lack = arc_git_is_shallow(git) ||
                    (!arc_git_remote_url(git, &url, NULL) &&
                     (arc_file_kind_in(git->gitdir, "FETCH_HEAD") != ARC_FILE_NONE ||
                      arc_file_kind_in(git->commondir, arc_buf_text(&refs)) != ARC_FILE_NONE ||
                      arc_git_in_ci(git)));
    if (!may_lack)
        return arc_git_tags(git, NULL, out, err);

    /* Only the remote's tags: a reused workspace keeps tags that were deleted there. */
    ARC_TRY(load_tags(git, err));
    ARC_AUTO_JSON json_t *names = json_array();
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    git_oid oid;
    struct arc_git_asked last = {0};
    int failed = !names;

    ARC_TRY(arc_git_odb(git, &odb, err));
    arc_json_each_pair (name, commit, git->scratch->tags) {
        if (git_oid_fromstr(&oid, json_string_value(commit)) != 0)
            continue;
        git_object_t type = arc_git_type(odb, &oid, &last);
        if (type != GIT_OBJECT_TREE && type != GIT_OBJECT_BLOB)
            failed |= json_array_append_new(names, json_string(name));
    }

    ARC_TRY_ALLOC(!failed, err);
    *out = arc_steal(&names);

    return ARC_OK;
}

int arc_git_tag_commit(const struct arc_git *git, const char *name, struct arc_oid *out,
                       struct arc_error *err)
{
    const char *commit = json_string_value(json_object_get(git->scratch->tags, name));

    if (commit && arc_text_is_hex(commit, 40)) {
        *out = arc_oid_of(commit);
        return ARC_OK;
    }

    return arc_git_resolve_in(git, "refs/tags/", name, out, err);
}

int arc_git_ask_tag(const struct arc_git *git, const char *name, struct arc_oid *out,
                    struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 8192}, peeled = {.max = 8192};
    ARC_AUTO_FREE char *url = NULL;
    ARC_AUTO_JSON json_t *tags = json_object();

    arc_buf_printf(&ref, "refs/tags/%s", name);
    arc_buf_printf(&peeled, "refs/tags/%s^{}", name);
    ARC_TRY_ALLOC(tags && !ref.failed && !peeled.failed, err);
    if (arc_git_remote_url(git, &url, NULL) == ARC_ENOTFOUND)
        return arc_git_resolve_ref(git, ref.data, out, err);

    const char *const words[] = {"ls-remote", git->remote, ref.data, peeled.data, NULL};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    if (list_remote(git, words, tags, NULL, &why)) /* a missing git does not mean a missing tag */
        return arc_error_set(err, ARC_EWORLD, "git ls-remote %s: %s", git->remote,
                             arc_error_text(&why));
    const char *commit = json_string_value(json_object_get(tags, name));
    if (!commit || !arc_text_is_hex(commit, 40))
        return arc_error_set(err, ARC_ENOTFOUND, "the remote has no tag %.200s", name);
    *out = arc_oid_of(commit);

    return ARC_OK;
}

int arc_git_fetch_tag(const struct arc_git *git, const char *name, struct arc_oid *out,
                      struct arc_error *err)
{
    ARC_AUTO_FREE char *url = NULL;

    ARC_TRY(arc_git_remote_url(git, &url, err));
    if (!git->scratch->annotated)
        ARC_TRY(load_tags(git, err));
    const char *object = json_string_value(json_object_get(git->scratch->annotated, name));
    if (!object || !arc_text_is_hex(object, 40))
        return arc_error_set(err, ARC_ENOTFOUND, "the remote has no annotated tag %.200s", name);
    *out = arc_oid_of(object);

    return arc_git_fetch_commits(git, ARC_GIT_SINGLE, "--depth=1", out, 1, err);
}
