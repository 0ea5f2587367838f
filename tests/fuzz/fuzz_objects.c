/* Git's objects as anybody may push them. Each part is one: its first byte says of which type, and "\x01" to "\x08" in
 * it is the name of the object so many parts before, in a tree's form there and in hexadecimal elsewhere. */
#include "git/diff.h"
#include "git/history.h"
#include "git/scratch.h"
#include "world.h"
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

#define OBJECTS 32

static const char *const vars[] = {"PATH=/nonexistent", NULL};
static const struct arc_env env = {.vars = vars};

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    size_t *count = context;
    if (strlen(path) != len || status > ARC_GIT_UNMERGED)
        abort();
    return ++*count > 100000 ? ARC_ELIMIT : ARC_OK;
}

static int on_submodule(void *context, const char *path, const struct arc_oid *from,
                        const struct arc_oid *to)
{
    (void)context, (void)path;
    return *from->hex || *to->hex ? ARC_OK : ARC_EWORLD;
}

static void write_object(git_odb *odb, char *part, size_t len, git_oid *ids, size_t *count)
{
    static const git_object_t types[] = {GIT_OBJECT_TREE, GIT_OBJECT_COMMIT, GIT_OBJECT_BLOB,
                                         GIT_OBJECT_TAG};
    git_object_t type = types[(unsigned char)*part % 4];
    ARC_AUTO(arc_buf) struct arc_buf content = {0};
    for (size_t i = 1; i < len; i++) {
        size_t back = (unsigned char)part[i];
        char hex[41];
        if (back < 1 || back > 8 || back > *count)
            arc_buf_putc(&content, part[i]);
        else if (type == GIT_OBJECT_TREE)
            arc_buf_add(&content, ids[*count - back].id, 20);
        else
            arc_buf_puts(&content, git_oid_tostr(hex, sizeof hex, &ids[*count - back]));
    }
    if (git_odb_write(&ids[*count], odb, arc_buf_text(&content), content.len, type) == 0)
        ++*count;
}

static void read_commit(const struct arc_git *git, const struct arc_oid *commit,
                        const struct arc_oid *before)
{
    size_t paths = 0;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_git_diff diff = {.from = before,
                                .to = commit,
                                .each = on_path,
                                .submodule = on_submodule,
                                .context = &paths};
    ARC_AUTO(arc_buf) struct arc_buf blob = {0};
    struct arc_git_commit parsed;
    struct arc_oid found;
    int rc = arc_git_diff(git, &diff, &err);
    world_check(rc, &err);
    if (arc_git_commit(git, commit, &parsed, NULL) == ARC_OK)
        arc_git_commit_free(&parsed);
    arc_git_resolve(git, commit->hex, &found, NULL);
    arc_git_entry(git, commit, "a/b", &found);
    arc_git_blob(git, commit, "a/b", 1000, &blob, NULL);
    arc_git_merge_base(git, commit, before ? before : commit, &found, NULL);
}

static void read_history(const struct arc_git *git, const struct arc_oid *a,
                         const struct arc_oid *b)
{
    struct arc_history *history = NULL;
    enum arc_history_answer answer;
    struct arc_oid base;
    if (arc_history_new(git, &history, NULL) == ARC_OK)
        arc_history_merge_base(history, a, b, ARC_HISTORY_NO_DATE, &answer, &base, NULL);
    arc_history_free(&history);
}

static void use(unsigned choice)
{
    static bool started;
    git_oid ids[OBJECTS];
    struct arc_oid names[OBJECTS];
    size_t count = 0, len;
    git_odb *odb = NULL;
    git_odb_backend *backend = NULL;
    struct arc_git_scratch scratch = {.since = INT64_MAX};
    struct arc_git git = {.env = &env, .scratch = &scratch};
    (void)choice;
    if (!started && arc_git_start(NULL))
        abort();
    started = true;
    if (git_odb_new(&odb) || git_mempack_new(&backend) || git_odb_add_backend(odb, backend, 1) ||
        git_repository_wrap_odb(&git.repo, odb))
        abort();
    for (char *part; count < OBJECTS && (part = world_part(&len));)
        write_object(odb, part, len, ids, &count);
    for (size_t i = 0; i < count; i++)
        arc_git_oid_out(&ids[i], &names[i]);
    const struct arc_oid *before = NULL;
    for (size_t i = 0; i < count; i++) {
        read_commit(&git, &names[i], before);
        if (arc_git_resolve(&git, names[i].hex, &names[i], NULL) == ARC_OK)
            before = &names[i];
    }
    if (count > 1)
        read_history(&git, &names[count - 1], &names[count - 2]);
    git_repository_free(git.repo);
    git_odb_free(odb);
}

FUZZ_WORLD(use)
