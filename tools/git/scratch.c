#include "git/scratch.h"
#include "base/room.h"
#include "base/text.h"
#include "git/history.h"
#include "os/environment.h"
#include "os/file.h"
#include "os/folder.h"
#include <git2/sys/repository.h>

#define CONFIG_MAX ((size_t)4 << 20)

static void part_free(struct arc_git *part)
{
    git_repository_free(part->repo);
    if (part->gitdir)
        arc_folder_remove(part->gitdir);
    free(part->gitdir);
    *part = (struct arc_git){0};
}

void arc_git_scratch_free(struct arc_git_scratch *scratch)
{
    arc_history_free(&scratch->walk);
    for (size_t i = 0; i < ARC_GIT_PARTS; i++)
        part_free(&scratch->parts[i]);
    free(scratch->tips.items);
    free(scratch->wants.items);
    free(scratch->branch);
    json_decref(scratch->tags);
    json_decref(scratch->annotated);
    free(scratch);
}

bool arc_git_list_has(const struct arc_git_list *list, const struct arc_oid *commit)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].hex, commit->hex) == 0)
            return true;
    return false;
}

int arc_git_list_add(struct arc_git_list *list, const struct arc_oid *commit, struct arc_error *err)
{
    if (arc_git_list_has(list, commit))
        return ARC_OK;
    ARC_TRY_ALLOC(arc_room(&list->items, list->count, sizeof *list->items), err);
    list->items[list->count++] = *commit;
    return ARC_OK;
}

/* ---- configuration ------------------------------------------------------------------------- */

/* git-config(1), "Syntax". */
static void add_quoted(struct arc_buf *out, const char *text)
{
    arc_buf_putc(out, '"');

    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            arc_buf_putc(out, '\\');
        if (*text == '\n')
            arc_buf_puts(out, "\\n");
        else
            arc_buf_putc(out, *text);
    }

    arc_buf_putc(out, '"');
}

static void add_entry(struct arc_buf *out, const char *name, const char *value)
{
    const char *first = strchr(name, '.'), *last = strrchr(name, '.');
    arc_buf_printf(out, "[%.*s", (int)(first - name), name);

    if (last > first) {
        ARC_AUTO_FREE char *section = strndup(first + 1, (size_t)(last - first - 1));
        arc_buf_putc(out, ' ');
        add_quoted(out, arc_or(section, ""));
    }

    arc_buf_printf(out, "]\n\t%s", last + 1);

    if (value) {
        arc_buf_puts(out, " = ");
        add_quoted(out, value);
    }

    arc_buf_putc(out, '\n');
}

/* Adds a setting of the remote, which is called origin here, or of any connection: actions/checkout
 * writes its credentials there, or into a file included only by this clone's configuration. */
static void add_remote_entry(struct arc_buf *out, const struct arc_git *git,
                             const git_config_entry *entry)
{
    struct arc_buf name = {0}, value = {.max = 16384};
    const char *setting = arc_text_after(arc_text_after(entry->name, "remote."), git->remote);
    const char *url = setting && strcmp(setting, ".url") == 0 ? entry->value : NULL;

    if (setting && ARC_AMONG(setting, ".url", ".proxy", ".proxyauthmethod", ".uploadpack", ".vcs"))
        arc_buf_printf(&name, "remote.origin%s", setting);
    else if (ARC_STARTS(entry->name, "http.", "credential.", "url.", "protocol.", "ssh.") ||
             ARC_AMONG(entry->name, "core.sshcommand", "core.gitproxy", "core.askpass"))
        arc_buf_puts(&name, entry->name);
    if (url && *url != '/' && strcspn(url, ":") >= strcspn(url, "/")) /* relative to the clone */
        arc_buf_printf(&value, "%s/%s", arc_or(git->worktree, git->gitdir), url);

    if (name.len)
        add_entry(out, name.data, value.len ? value.data : entry->value);
    arc_buf_free_part(out, &name);
    arc_buf_free(&value);
}

/* Copies the clone's settings of the remote; git reads those of the user and the system itself. The
 * filter is set as for a promisor remote, so that git adds nothing. Not with libgit2, which cannot
 * write every value. */
static int write_config(const struct arc_git *git, enum arc_git_part part, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = CONFIG_MAX};
    ARC_AUTO_FREE char *path = arc_file_join(git->scratch->parts[part].gitdir, "config");
    ARC_AUTO_HANDLE(git_config) git_config *config = NULL;
    ARC_AUTO_HANDLE(git_config_iterator) git_config_iterator *each = NULL;
    git_config_entry *entry;

    ARC_TRY_ALLOC(path, err);
    arc_buf_puts(&text, "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
    int rc = git_repository_config(&config, git->repo);
    if (!rc)
        rc = git_config_iterator_new(&each, config);
    /* Copies what is the clone's own, or included only for clones at this path (includeIf
     * "gitdir:…"). Copying others would send headers twice. */
    while (!rc && (rc = git_config_next(&entry, each)) == 0)
        if (entry->level >= GIT_CONFIG_LEVEL_LOCAL ||
            (entry->include_depth && !arc_text_ends(entry->name, ".extraheader")))
            add_remote_entry(&text, git, entry);

    if (rc != GIT_ITEROVER)
        return arc_git_failed(err, rc, "reading the configuration");

    add_entry(&text, "remote.origin.promisor", "true");
    add_entry(&text, "remote.origin.partialclonefilter",
              part == ARC_GIT_TREES ? "blob:none" : "tree:0");
    ARC_TRY(arc_buf_check(&text, "the configuration of a fetch", err));

    return arc_file_write(path, text.data, text.len, err);
}

/* ---- fetching ------------------------------------------------------------------------------ */

/* Makes the part's repository, and adds its objects to the clone's for this process. */
static int make_part(const struct arc_git *git, enum arc_git_part which, struct arc_error *err)
{
    struct arc_git *part = &git->scratch->parts[which];
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;

    ARC_TRY(arc_folder_temporary(git->env, &part->gitdir, err));

    ARC_AUTO_FREE char *objects = arc_file_join(part->gitdir, "objects");
    part->env = git->env;
    part->is_other = true;
    part->commondir = part->gitdir;
    part->gave_up = git->gave_up;
    part->remote = git->remote; /* for messages, since the part calls it origin */
    ARC_TRY_ALLOC(objects, err);
    int rc = git_repository_init(&part->repo, part->gitdir, 1);
    ARC_TRY(arc_git_check(err, rc, "making a repository to fetch into"));
    ARC_TRY(write_config(git, which, err));
    ARC_TRY(arc_git_odb(git, &odb, err));
    rc = git_odb_add_disk_alternate(odb, objects);

    return arc_git_check(err, rc, "adding what is fetched");
}

int arc_git_scratch_restart(const struct arc_git *git, struct arc_error *err)
{
    struct arc_git *const parts = git->scratch->parts;
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    ARC_AUTO_FREE char *own = arc_file_join(git->commondir, "objects");

    ARC_TRY_ALLOC(own, err);
    arc_history_free(&git->scratch->walk);
    part_free(&parts[ARC_GIT_COMMITS]);
    int rc = git_odb_open(&odb, own);
    if (!rc)
        rc = arc_git_add_objects(git->env, odb);
    for (size_t i = 0; !rc && i < ARC_GIT_PARTS; i++)
        if (parts[i].repo) {
            ARC_AUTO_FREE char *objects = arc_file_join(parts[i].gitdir, "objects");
            rc = objects ? git_odb_add_disk_alternate(odb, objects) : GIT_ERROR;
        }

    if (!rc)
        rc = git_repository_set_odb(git->repo, odb);

    return arc_git_check(err, rc, "opening the object database");
}

/* Whether a refspec is for an object ("+<name>:…"), and which. */
static bool is_object(const struct arc_piece *refspec, struct arc_oid *out)
{
    size_t len = sizeof out->hex - 1;
    if (refspec->len <= len + 1 || refspec->text[len + 1] != ':')
        return false;
    memcpy(out->hex, refspec->text + 1, len);
    return arc_text_is_hex(out->hex, len);
}

static int fetch_refspecs(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_buf *refspecs, struct arc_error *err)
{
    const char *const *words = ARC_WORDS("fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
                                         "--no-auto-maintenance", "--no-write-fetch-head",
                                         "--stdin", arc_text_or(how, "--no-progress"), "origin");
    /* If a server without filters did not send an object, git would try to fetch it in the same
     * way, recursively. */
    static const char *const names[] = {"GIT_NO_LAZY_FETCH", NULL};
    static const char *const own[] = {"GIT_NO_LAZY_FETCH=1", NULL};
    struct arc_git there = git->scratch->parts[part];
    struct arc_env env = *git->env;
    ARC_AUTO_FREE const char **vars = NULL;
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;

    ARC_TRY(arc_buf_check(refspecs, "what to fetch", err));
    ARC_TRY(arc_environment_pick(git->env, false, names, NULL, own, &vars, err));
    env.vars = vars;
    there.env = &env;
    git->scratch->fetches++;
    ARC_TRY(arc_git_run_remote(&there, words, refspecs, ARC_GIT_SECONDS, &result, err));
    if (result.status)
        return arc_error_set(err, ARC_ENOTFOUND, "git fetch %s: %s", there.remote,
                             arc_git_complaint(&result));

    ARC_TRY(arc_git_odb(git, &odb, err));
    git_odb_refresh(odb);

    return ARC_OK;
}

/* The end of a refspec, by itself so that no tool sees the start of a comment. */
#define EACH "*"

/* A server with protocol version 0 may refuse requests for commits by name: then everything its
 * branches and tags reach is fetched, and the request is looked up there. */
static int fetch_all_refs(const struct arc_git *git, enum arc_git_part part,
                          const struct arc_buf *refspecs, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf all = {0};
    struct arc_oid wanted = {{0}};

    arc_buf_puts(&all, "+refs/heads/" EACH ":refs/arc/heads/" EACH "\n"
                       "+refs/tags/" EACH ":refs/arc/tags/" EACH "\n");
    arc_each_piece (refspec, arc_buf_text(refspecs), "\n")
        if (!is_object(&refspec, &wanted))
            arc_buf_printf(&all, "%.*s\n", (int)refspec.len, refspec.text);

    git->scratch->way = ARC_GIT_WHOLE;
    ARC_TRY(fetch_refspecs(git, part, ARC_GIT_UNSHALLOW, &all, err));

    arc_each_piece (refspec, arc_buf_text(refspecs), "\n")
        if (is_object(&refspec, &wanted) && !arc_git_has(git, &wanted))
            return arc_error_set(err, ARC_ENOTFOUND,
                                 "git fetch %s: the server hands out no commit by its name "
                                 "(protocol version 0), and no branch or tag leads to %s",
                                 git->remote, wanted.hex);

    return ARC_OK;
}

int arc_git_scratch_fetch(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_buf *refspecs, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};

    if (!git->scratch->parts[part].repo)
        ARC_TRY(make_part(git, part, err));
    int rc = fetch_refspecs(git, part, how, refspecs, &problem);
    if (rc == ARC_ENOTFOUND && strstr(arc_error_text(&problem), "unadvertised object"))
        return fetch_all_refs(git, part, refspecs, err);

    bool by_depth = how && ARC_STARTS(how, "--depth");
    if (rc == ARC_ENOTFOUND && by_depth && strstr(arc_error_text(&problem), "does not support")) {
        git->scratch->way = ARC_GIT_WHOLE;
        return arc_git_scratch_fetch(git, part, NULL, refspecs, err);
    }

    return arc_error_pass(rc, &problem, err);
}

int arc_git_scratch_run(const struct arc_git *git, const char *const *words, unsigned seconds,
                        struct arc_process_result *result, struct arc_error *err)
{
    const struct arc_git_scratch *scratch = git->scratch;

    if (!scratch->allowed || !arc_git_is_partial(git))
        return arc_git_run(git, words, seconds, result, err);
    if (!scratch->parts[ARC_GIT_TREES].repo)
        ARC_TRY(make_part(git, ARC_GIT_TREES, err));

    /* The clone's folder of objects and those of the other parts, separated by ':', quoted. */
    ARC_AUTO(arc_buf) struct arc_buf others = {0};
    arc_buf_puts(&others, "GIT_ALTERNATE_OBJECT_DIRECTORIES=");
    for (int i = -1; i < ARC_GIT_TREES; i++) {
        if (i >= 0 && !scratch->parts[i].repo)
            continue;
        const char *gitdir = i < 0 ? git->commondir : scratch->parts[i].gitdir;
        ARC_AUTO_FREE char *objects = arc_file_join(gitdir, "objects");
        ARC_TRY_ALLOC(objects, err);
        arc_buf_puts(&others, i < 0 ? "" : ":");
        add_quoted(&others, objects);
    }
    ARC_TRY(arc_buf_check(&others, "the folders of objects", err));

    static const char *const names[] = {"GIT_ALTERNATE_OBJECT_DIRECTORIES", NULL};
    const char *const own[] = {others.data, NULL};
    ARC_AUTO_FREE const char **vars = NULL;
    ARC_TRY(arc_environment_pick(git->env, false, names, NULL, own, &vars, err));

    struct arc_env env = *git->env;
    struct arc_git trees = scratch->parts[ARC_GIT_TREES];
    env.vars = vars;
    trees.env = &env;

    return arc_git_run_remote(&trees, words, NULL, seconds, result, err);
}
