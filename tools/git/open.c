/* Finds and opens a repository. The search is our own: libgit2 accepts any directory that looks
 * like a bare repository, which can be files of the tree, and knows only some of the ways to trust
 * another user's repository. */
#include "base/text.h"
#include "git/scratch.h"
#include "os/file.h"
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path without a slash at its end; NULL for NULL. */
static char *without_slash(struct arc_arena *memory, const char *path)
{
    size_t len = path ? strlen(path) : 0;
    bool ends = len > 1 && path[len - 1] == '/';
    return arc_arena_cut(memory, path, len - ends);
}

/* Opens the .git (a directory, or a linked work tree's file) of the directory or the nearest one
 * above, or the directory itself if it is called .git, which no tree can contain. */
static int search_upwards(struct arc_git *git, const char *from)
{
    char directory[PATH_MAX], path[PATH_MAX];
    struct stat start, found;
    int rc = GIT_ENOTFOUND;
    bool points = false; /* a file that names a repository */
    const char *ceilings = arc_or(arc_env_nonempty(git->env, "GIT_CEILING_DIRECTORIES"), "");

    if (!realpath(from, directory) || stat(directory, &start) != 0)
        return GIT_ENOTFOUND;

    for (;;) {
        char *name = strrchr(directory, '/');
        const char *entry = name && strcmp(name, "/.git") == 0 ? "" : "/.git";
        if (snprintf(path, sizeof path, "%s%s", directory, entry) < (int)sizeof path &&
            lstat(path, &found) == 0) {
            points = S_ISREG(found.st_mode);
            rc = git_repository_open_ext(
                &git->repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT,
                NULL);
        }
        if (rc != GIT_ENOTFOUND || points)
            break;
        if (!name || !directory[1])
            return rc;
        name[name == directory] = '\0';
        arc_each_piece (one, ceilings, ":")
            if (arc_text_is(one.text, one.len, directory))
                return rc;
        if (stat(directory, &found) != 0 || found.st_dev != start.st_dev)
            return rc; /* git does not cross mounts either */
    }

    git->top = arc_arena_text(&git->memory, directory);

    return git->top ? rc : GIT_ERROR; /* without it, is_trusted() would trust */
}

/* As set by a hook or a script. Without GIT_WORK_TREE the work tree is the current directory. */
static int open_named(struct arc_git *git, const char *gitdir)
{
    const char *cwd = arc_or(git->env->cwd, ".");
    const char *tree = arc_env_nonempty(git->env, "GIT_WORK_TREE");
    ARC_AUTO_FREE char *path = arc_file_join(cwd, gitdir);
    ARC_AUTO_FREE char *work = arc_file_join(cwd, arc_or(tree, "."));
    ARC_AUTO_HANDLE(git_config) git_config *config = NULL;
    const char *set = NULL;

    if (!path || !work)
        return GIT_ERROR;
    int rc = git_repository_open_ext(
        &git->repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, NULL);
    if (rc || (!tree && git_repository_is_bare(git->repo)))
        return rc;
    if (!tree && git_repository_config_snapshot(&config, git->repo) == 0)
        git_config_get_string(&set, config, "core.worktree");

    return set ? 0 : git_repository_set_workdir(git->repo, work, 0);
}

static bool is_mine(const char *path)
{
    struct stat found;
    return !path || lstat(path, &found) != 0 || found.st_uid == geteuid();
}

/* Another user's repository could configure that user's programs. A workflow's workspace is trusted
 * whoever owns it: in a container job that is the runner's user. Else git is asked: safe.directory
 * may be in any file of its configuration, or in the environment. */
static bool is_trusted(const struct arc_git *git)
{
    char entry[PATH_MAX], space[PATH_MAX];
    if (!git->top) /* named by GIT_DIR, which git trusts too */
        return true;
    bool fits = snprintf(entry, sizeof entry, "%s/.git", git->top) < (int)sizeof entry;
    if (fits && is_mine(git->top) && is_mine(entry) && is_mine(git->gitdir))
        return true;

    const char *workspace = arc_env_nonempty(git->env, "GITHUB_WORKSPACE");
    if (workspace && realpath(workspace, space)) {
        size_t len = strlen(space);
        const char *rest = git->top + len;
        if (strncmp(git->top, space, len) == 0 && (!*rest || *rest == '/' || len == 1))
            return true;
    }

    static const char *const argv[] = {"git", "rev-parse", "--git-dir", NULL};
    static const char *const passes[] = {"GIT_CONFIG*", NULL}; /* with GIT_DIR it trusts any */
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct arc_env there = *git->env;
    there.cwd = git->top;
    const struct arc_process process = {
        .argv = argv, .env = &there, .passes = passes, .timeout = 60, .output_max = PATH_MAX};

    return arc_process_run(&process, &result, NULL) == ARC_OK && result.status == 0;
}

/* Checks extensions whose values libgit2 would misread: libgit2 is told to accept them, since it
 * would refuse even their usual values. */
static int check_extensions(git_config *from, const char *path, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_config) git_config *config = NULL;
    const char *names = NULL, *refs = NULL;
    int rc = git_config_snapshot(&config, from);

    ARC_TRY(arc_git_check(err, rc, "reading the configuration of the repository"));
    git_config_get_string(&names, config, "extensions.objectformat");
    git_config_get_string(&refs, config, "extensions.refstorage");

    if (names && strcasecmp(names, "sha1") != 0)
        return arc_error_set(err, ARC_EWORLD,
                             "the git repository at '%s' uses %s object names, which this build's "
                             "libgit2 cannot read; only SHA-1 repositories are supported",
                             path, strcasecmp(names, "sha256") == 0 ? "SHA-256" : names);
    if (refs && strcasecmp(refs, "files") != 0)
        return arc_error_set(err, ARC_EWORLD,
                             "the git repository at '%s' stores its refs as '%s', which this "
                             "build's libgit2 cannot read; only 'files' is supported: git refs "
                             "migrate --ref-format=files (or git clone --ref-format=files)",
                             path, refs);

    return ARC_OK;
}

static bool is_set(git_config *config, const char *name)
{
    ARC_AUTO_HANDLE(git_config_entry) git_config_entry *entry = NULL;
    return git_config_get_entry(&entry, config, name) == 0;
}

/* Whether the clone recorded that this branch is origin's default. */
static bool is_default(const struct arc_git *git, const char *ref)
{
    ARC_AUTO_HANDLE(git_reference) git_reference *head = NULL;
    bool known = git_reference_lookup(&head, git->repo, "refs/remotes/origin/HEAD") == 0;
    const char *target = known ? git_reference_symbolic_target(head) : NULL;
    const char *branch = arc_text_after(ref, "refs/heads/");

    return branch && arc_text_same(arc_text_after(target, "refs/remotes/origin/"), branch);
}

/* Few clones have another remote than origin (`git clone -o`, clone.defaultRemoteName). In that of a
 * fork, origin is the fork: what the default branch tracks is where the project is. */
static int choose_remote(struct arc_git *git, git_config *config, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf filter = {0};
    const char *name = "origin", *branch = NULL;
    git_buf tracked = {0};
    git_strarray all = {0};
    ARC_AUTO_HANDLE(git_reference) git_reference *head = NULL;

    if (git_reference_lookup(&head, git->repo, "HEAD") == 0)
        branch = git_reference_symbolic_target(head);
    if (branch)
        git_branch_upstream_remote(&tracked, git->repo, branch);
    bool is_origin = is_set(config, "remote.origin.url");
    bool fork =
        is_origin && tracked.ptr && strcmp(tracked.ptr, name) != 0 && is_default(git, branch);
    if (fork || !is_origin)
        git_remote_list(&all, git->repo);

    for (size_t i = 0; i < all.count; i++)
        if (all.count == 1 || (tracked.ptr && strcmp(tracked.ptr, all.strings[i]) == 0))
            name = all.strings[i];

    git->remote = arc_arena_text(&git->memory, name);
    arc_buf_printf(&filter, "remote.%s.partialclonefilter", name);
    git->is_filtered = !filter.failed && is_set(config, filter.data);

    git_strarray_dispose(&all);
    git_buf_dispose(&tracked);

    return arc_error_unless(!git->memory.failed && !filter.failed, err);
}

int arc_git_add_objects(const struct arc_env *env, git_odb *odb)
{
    static const char *const names[] = {"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"};

    arc_each_in (name, names) {
        const char *given = arc_or(arc_env_nonempty(env, *name), "");
        arc_each_piece (one, given, name == names ? "" : ":") {
            ARC_AUTO_FREE char *folder = arc_piece_copy(one);
            ARC_AUTO_FREE char *path = folder ? arc_file_join(arc_or(env->cwd, "."), folder) : NULL;
            if (!path)
                return GIT_ERROR;
            if (one.len && arc_file_is_folder(path))
                ARC_TRY(git_odb_add_disk_alternate(odb, path));
        }
    }

    return 0;
}

static int not_opened(int code, const struct arc_git *git, const char *from, const char *gitdir,
                      struct arc_error *err)
{
    const git_error *last = git_error_last();

    if (code == GIT_ENOTFOUND && gitdir)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "GIT_DIR is set to '%s', which is not a git repository", gitdir);

    if (code == GIT_ENOTFOUND && git->top)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "the repository that '%s/.git' names is not there: it is of a linked "
                             "work tree or a submodule (git worktree repair, git submodule update)",
                             git->top);

    if (code == GIT_ENOTFOUND)
        return arc_error_set(
            err, ARC_ENOTFOUND,
            "no git repository at '%s' or above it; check it out first (actions/checkout), or "
            "start in its directory with -C DIR (a bare one must be named by GIT_DIR)",
            from);

    ARC_AUTO_FREE char *why = strdup(last && last->message ? last->message : "unknown cause");
    ARC_TRY_ALLOC(why, err);

    /* libgit2 1.9 refuses a format itself; the configuration file shows which. */
    if (gitdir || git->top) {
        ARC_AUTO(arc_buf) struct arc_buf path = {.max = PATH_MAX};
        ARC_AUTO_HANDLE(git_config) git_config *config = NULL;
        arc_buf_printf(&path, "%s%s/config", arc_or(gitdir, git->top), gitdir ? "" : "/.git");
        if (!path.failed && git_config_open_ondisk(&config, path.data) == 0)
            ARC_TRY(check_extensions(config, arc_or(gitdir, from), err));
    }

    return arc_error_set(err, ARC_EWORLD, "cannot open the git repository at '%s': %s",
                         arc_or(gitdir, from), why);
}

static int open_repository(struct arc_git *out, const char *from, const char *gitdir,
                           struct arc_error *err)
{
    ARC_TRY(arc_git_start(err));
    out->initialised = true;
    out->scratch = calloc(1, sizeof *out->scratch);
    ARC_TRY_ALLOC(out->scratch, err);
    out->scratch->since = INT64_MAX;
    out->gave_up = &out->scratch->gave_up;

    int rc = gitdir ? open_named(out, gitdir) : search_upwards(out, from);
    if (rc < 0)
        return not_opened(rc, out, from, gitdir, err);

    out->worktree = without_slash(&out->memory, git_repository_workdir(out->repo));
    out->gitdir = without_slash(&out->memory, git_repository_path(out->repo));
    out->commondir = without_slash(&out->memory, git_repository_commondir(out->repo));
    ARC_TRY(arc_arena_check(&out->memory, err));

    if (!is_trusted(out))
        return arc_error_set(err, ARC_EWORLD,
                             "the git repository at '%s' belongs to another user, so git does not "
                             "trust it; if you do: git config --global --add safe.directory '%s'",
                             out->top, out->top);

    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    ARC_TRY(arc_git_odb(out, &odb, err));
    ARC_TRY(arc_git_check(err, arc_git_add_objects(out->env, odb), "adding objects"));

    ARC_AUTO_HANDLE(git_config) git_config *config = NULL;
    rc = git_repository_config(&config, out->repo);
    ARC_TRY(arc_git_check(err, rc, "reading the configuration of the repository"));
    ARC_TRY(check_extensions(config, arc_or(gitdir, from), err));

    return choose_remote(out, config, err);
}

int arc_git_open(const struct arc_env *env, const char *path, struct arc_git *out,
                 struct arc_error *err)
{
    const char *named = path ? NULL : arc_env_nonempty(env, "GIT_DIR");
    const char *from = path ? path : arc_or(env->cwd, ".");
    *out = (struct arc_git){.env = env, .is_other = path};
    return arc_or_free(arc_git, out, open_repository(out, from, named, err));
}

void arc_git_free(struct arc_git *git)
{
    if (git->scratch)
        arc_git_scratch_free(git->scratch);
    git_repository_free(git->repo);
    arc_arena_free(&git->memory);
    if (git->initialised)
        git_libgit2_shutdown();
    *git = (struct arc_git){0};
}

const char *arc_git_library(void)
{
    static char text[36];
    int major = 0, minor = 0, revision = 0;

    git_libgit2_version(&major, &minor, &revision);
    snprintf(text, sizeof text, "%d.%d.%d", major, minor, revision);

    return text;
}
