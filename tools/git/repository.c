/* Resolves names in a repository. */
#include "base/text.h"
#include "git/lib.h"
#include "os/file.h"
#include <sys/stat.h>

int arc_git_failed(struct arc_error *err, int code, const char *what)
{
    const git_error *last = git_error_last();
    if (last && last->klass == GIT_ERROR_NOMEMORY)
        return arc_error_nomem(err);
    if (code == GIT_ENOTFOUND)
        code = ARC_ENOTFOUND;
    else
        code = code == GIT_EINVALIDSPEC || code == GIT_EAMBIGUOUS ? ARC_EINPUT : ARC_EWORLD;
    return arc_error_set(err, code, "git: %s: %s", what, last ? last->message : "unknown cause");
}

bool arc_git_is_shallow(const struct arc_git *git)
{
    /* libgit2 looks beside a linked work tree's HEAD, but all work trees share the shallow
     * boundary. */
    ARC_AUTO_FREE char *path = arc_file_join(git->commondir, "shallow");
    struct stat found;
    return path && stat(path, &found) == 0 && found.st_size > 0;
}

bool arc_git_is_partial(const struct arc_git *git)
{
    return git->is_filtered || arc_git_is_shallow(git);
}

void arc_git_oid_out(const git_oid *oid, struct arc_oid *out)
{
    git_oid_tostr(out->hex, sizeof out->hex, oid);
}

int arc_git_oid_in(const struct arc_oid *oid, git_oid *out, struct arc_error *err)
{
    if (git_oid_fromstr(out, oid->hex) < 0)
        return arc_error_set(err, ARC_EINPUT, "'%s' is not an object name", oid->hex);
    return ARC_OK;
}

int arc_git_odb(const struct arc_git *git, git_odb **out, struct arc_error *err)
{
    int rc = git_repository_odb(out, git->repo);
    return arc_git_check(err, rc, "opening the object database");
}

/* Finishes peeling with the result `rc`. */
static int take_commit(int rc, const git_object *commit, const char *name, struct arc_oid *out,
                       struct arc_error *err)
{
    if (rc == GIT_ENOTFOUND)
        return arc_error_set(err, ARC_ENOTFOUND, "the commit of '%s' is not in this clone", name);

    if (rc == GIT_EPEEL || rc == GIT_EINVALIDSPEC || rc == GIT_EAMBIGUOUS)
        return arc_error_set(err, ARC_EINPUT, "'%s' leads to a file or a folder, not to a commit",
                             name);
    ARC_TRY(arc_git_check(err, rc, name));

    arc_git_oid_out(git_object_id(commit), out);

    return ARC_OK;
}

/* The reason why something may be missing, appended to the message. */
static const char *cut(const struct arc_git *git)
{
    return arc_git_is_shallow(git)
               ? ", whose history is cut (fetch-depth: 0 of actions/checkout gets all of it)"
               : "";
}

int arc_git_resolve(const struct arc_git *git, const char *revision, struct arc_oid *out,
                    struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_object) git_object *object = NULL, *commit = NULL;

    /* revparse also accepts ranges, searches of the whole history, reflogs and paths, which must not
     * come from an event or an input. */
    if (!*revision || *revision == '-' || strpbrk(revision, ":{ \t\r\n") ||
        strstr(revision, "..") || strnlen(revision, 1025) > 1024)
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is not the name of a commit", revision);

    int rc = git_revparse_single(&object, git->repo, revision);
    if (rc == GIT_ENOTFOUND)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "'%s' names no branch, tag or commit in this clone%s", revision,
                             cut(git));

    ARC_TRY(arc_git_check(err, rc, revision));
    rc = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);

    return take_commit(rc, commit, revision, out, err);
}

int arc_git_resolve_ref(const struct arc_git *git, const char *ref, struct arc_oid *out,
                        struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_reference) git_reference *found = NULL;
    ARC_AUTO_HANDLE(git_object) git_object *commit = NULL;
    int rc = git_reference_lookup(&found, git->repo, ref);

    if (rc == GIT_EINVALIDSPEC)
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is not a valid ref", ref);

    if (rc < 0)
        return arc_error_set(err, ARC_ENOTFOUND, "there is no ref '%s' in this clone%s", ref,
                             cut(git));

    rc = git_reference_peel(&commit, found, GIT_OBJECT_COMMIT);

    return take_commit(rc, commit, ref, out, err);
}

int arc_git_resolve_in(const struct arc_git *git, const char *prefix, const char *name,
                       struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    arc_buf_printf(&ref, "%s%s", prefix, name);
    ARC_TRY(arc_buf_check(&ref, "the name of a ref", err));
    return arc_git_resolve_ref(git, ref.data, out, err);
}

bool arc_git_has(const struct arc_git *git, const struct arc_oid *oid)
{
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    git_oid id;
    return arc_git_oid_in(oid, &id, NULL) == ARC_OK && arc_git_odb(git, &odb, NULL) == ARC_OK &&
           git_odb_exists(odb, &id) == 1;
}

int arc_git_head(const struct arc_git *git, struct arc_oid *oid, char **branch,
                 struct arc_error *err)
{
    if (branch) {
        ARC_AUTO_HANDLE(git_reference) git_reference *head = NULL;
        git_reference_lookup(&head, git->repo, "HEAD");
        const char *name = head ? git_reference_symbolic_target(head) : NULL;
        ARC_TRY(arc_text_copy(arc_text_after(name, "refs/heads/"), branch, err));
    }

    if (git_repository_head_unborn(git->repo) == 1)
        return arc_error_set(err, ARC_ENOTFOUND, "the repository has no commit yet");

    return arc_git_resolve_ref(git, "HEAD", oid, err);
}

int arc_git_remote_head(const struct arc_git *git, char **branch, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};
    ARC_AUTO_HANDLE(git_reference) git_reference *head = NULL;
    *branch = NULL;

    arc_buf_printf(&name, "refs/remotes/%s/HEAD", git->remote);
    ARC_TRY(arc_buf_check(&name, "the name of a ref", err));
    if (git_reference_lookup(&head, git->repo, name.data) < 0)
        return ARC_OK;
    const char *target = git_reference_symbolic_target(head);
    size_t prefix = name.len - strlen("HEAD");
    if (!target || strncmp(target, name.data, prefix) != 0)
        return ARC_OK;

    return arc_text_copy(target + prefix, branch, err);
}

int arc_git_remote_ref(const struct arc_git *git, const char *branch, struct arc_buf *out,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf local = {.max = 4096};
    git_buf tracked = {0};

    arc_buf_printf(&local, "refs/heads/%s", branch);
    ARC_TRY(arc_buf_check(&local, "the name of a branch", err));
    bool tracks = git_branch_upstream_name(&tracked, git->repo, local.data) == 0 &&
                  ARC_STARTS(tracked.ptr, "refs/remotes/") &&
                  arc_text_ends(tracked.ptr, local.data + strlen("refs/heads"));
    if (tracks)
        arc_buf_puts(out, tracked.ptr);
    else
        arc_buf_printf(out, "refs/remotes/%s/%s", git->remote, branch);
    git_buf_dispose(&tracked);

    return arc_buf_check(out, "the name of a branch", err);
}

git_object_t arc_git_type(git_odb *odb, const git_oid *oid, struct arc_git_asked *last)
{
    size_t len;

    if (git_oid_equal(oid, &last->oid))
        return last->type;
    last->oid = *oid;
    if (git_odb_read_header(&len, &last->type, odb, oid) < 0)
        last->type = GIT_OBJECT_INVALID;

    return last->type;
}

/* Whether a tag is of a commit, or of that one. Packed refs contain an annotated tag's target; others
 * are read. A missing object may be a commit. */
static bool leads_to_commit(git_odb *odb, const git_reference *tag, const git_oid *commit,
                            struct arc_git_asked *last)
{
    const git_oid *target = git_reference_target_peel(tag);
    ARC_AUTO_HANDLE(git_object) git_object *end = NULL;

    if (!target)
        target = git_reference_target(tag);
    git_object_t type = target ? arc_git_type(odb, target, last) : GIT_OBJECT_INVALID;
    if (type == GIT_OBJECT_TAG && git_reference_peel(&end, tag, GIT_OBJECT_ANY) == 0) {
        type = git_object_type(end);
        target = git_object_id(end);
    }

    if (commit)
        return target && git_oid_equal(target, commit);
    return type == GIT_OBJECT_COMMIT || type == GIT_OBJECT_INVALID || type == GIT_OBJECT_TAG;
}

int arc_git_tags(const struct arc_git *git, const struct arc_oid *commit, json_t **out,
                 struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_reference_iterator) git_reference_iterator *tags = NULL;
    git_reference *tag = NULL;
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    struct arc_git_asked last = {0};
    ARC_AUTO_JSON json_t *list = json_array();
    git_oid at;

    ARC_TRY_ALLOC(list, err);
    ARC_TRY(arc_git_odb(git, &odb, err));
    if (commit)
        ARC_TRY(arc_git_oid_in(commit, &at, err));
    int rc = git_reference_iterator_glob_new(&tags, git->repo, "refs/tags/?*");
    bool added = true;
    while (!rc && added && (rc = git_reference_next(&tag, tags)) == 0) {
        const char *name = git_reference_shorthand(tag);
        if (arc_utf8_valid(name, strlen(name)) &&
            leads_to_commit(odb, tag, commit ? &at : NULL, &last))
            added = json_array_append_new(list, json_string(name)) == 0;
        git_reference_free(tag);
    }

    ARC_TRY_ALLOC(added, err);
    if (rc != GIT_ITEROVER)
        return arc_git_failed(err, rc, "listing the tags");
    *out = arc_steal(&list);

    return ARC_OK;
}

int arc_git_remote_url(const struct arc_git *git, char **out, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_remote) git_remote *found = NULL;
    int rc = git_remote_lookup(&found, git->repo, git->remote);
    const char *url = rc < 0 ? NULL : git_remote_url(found);

    if (!url)
        return arc_error_set(err, ARC_ENOTFOUND, "the repository has no remote '%s'", git->remote);

    /* "https://user:token@host/x" → "https://host/x": URLs are logged and must not contain
     * passwords. */
    const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url, *rest = host;
    size_t end = scheme ? strcspn(host, "/") : 0;
    for (size_t i = 0; i < end; i++)
        if (host[i] == '@')
            rest = host + i + 1;

    return arc_text_print(out, err, "%.*s%s", (int)(host - url), url, rest);
}
