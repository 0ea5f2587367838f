#include "project/repository.h"
#include "arcci/glob.h"
#include "base/json.h"
#include "config/graph.h"
#include "git/fetch.h"
#include "github/github.h"
#include "github/options.h"

#define PAGES_MAX 100 /* of 100 releases: GitHub lists the newest 10,000 */

/* Where a remote's host and path start and end: "git@host:path" (git-clone(1), scp-like) or
 * "ssh://user@host:port/path". False for other forms. */
static bool split_ssh(const char *url, const char **host, size_t *host_len, const char **path)
{
    const char *rest = arc_text_after(url, "ssh://");
    char separator = rest ? '/' : ':';

    if (!rest && (strstr(url, "://") || strcspn(url, ":") > strcspn(url, "/")))
        return false;
    rest = arc_or(rest, url);
    const char *end = strchr(rest, separator);
    const char *at = end ? memchr(rest, '@', (size_t)(end - rest)) : NULL;
    if (!end)
        return false;
    *host = at ? at + 1 : rest;
    if (**host == '[') /* an IP address has no web page */
        return false;
    *host_len = strcspn(*host, ":/");
    if (arc_text_is(*host, *host_len, "ssh.github.com")) {
        *host += 4; /* GitHub docs, "Using SSH over the HTTPS port" */
        *host_len -= 4;
    }
    *path = end + 1 + (end[1] == '/');

    return true;
}

int arc_repository_read_source(const struct arc_git *git, struct arc_repository *out,
                               struct arc_error *err)
{
    const char *name = arc_env_nonempty(git->env, "GITHUB_REPOSITORY");
    const char *server = arc_env_nonempty(git->env, "GITHUB_SERVER_URL");

    if (name) {
        out->source =
            arc_arena_printf(&out->memory, "%s/%s", arc_or(server, "https://github.com"), name);
        return arc_arena_check(&out->memory, err);
    }

    /* The web page of the remote, https://host/owner/name; NULL for a local path. */
    ARC_AUTO_FREE char *url = NULL;
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    const char *host, *path;
    size_t host_len;
    if (arc_git_remote_url(git, &url, NULL))
        return ARC_OK;
    if (ARC_STARTS(url, "https://", "http://"))
        arc_buf_puts(&text, url);
    else if (split_ssh(url, &host, &host_len, &path))
        arc_buf_printf(&text, "https://%.*s/%s", (int)host_len, host, path);
    else
        return ARC_OK;

    arc_buf_strip(&text, "/");
    const char *azure = arc_text_after(arc_buf_text(&text), "https://ssh.dev.azure.com/v3/");
    const char *slash = azure ? strrchr(azure, '/') : NULL;
    if (slash) {
        out->source = arc_arena_printf(&out->memory, "https://dev.azure.com/%.*s/_git%s",
                                       (int)(slash - azure), azure, slash);
        return arc_arena_check(&out->memory, err);
    }
    if (arc_text_ends(arc_buf_text(&text), ".git"))
        text.data[text.len -= 4] = '\0';
    out->source = arc_arena_text(&out->memory, arc_buf_text(&text));

    return arc_arena_check(&out->memory, err);
}

int arc_repository_read(const struct arc_git *git, const char *tag, struct arc_repository *out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error missing = {0};
    struct arc_oid oid;
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    int rc = ARC_ENOTFOUND;

    if (!git->worktree)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is a bare repository: there is no work tree to read", git->gitdir);

    if (tag)
        rc = arc_git_resolve_in(git, "refs/tags/", tag, &oid, &missing);
    if (rc && rc != ARC_ENOTFOUND)
        return arc_error_pass(rc, &missing, err);
    if (rc && tag && arc_git_tag_commit(git, tag, &oid, NULL) == ARC_OK && arc_git_has(git, &oid))
        rc = ARC_OK; /* the clone has the commit of the remote's tag */

    out->revision_from = tag ? "HEAD (the tag does not exist yet)" : "HEAD";
    if (!rc)
        out->revision_from = arc_arena_printf(&out->memory, "tag %s", tag);
    else
        ARC_TRY(arc_git_head(git, &oid, NULL, err));

    ARC_TRY(arc_git_commit(git, &oid, &commit, err));
    memcpy(out->revision, oid.hex, sizeof oid.hex);
    out->committed = commit.time;
    ARC_TRY(arc_repository_read_source(git, out, err));
    out->root = arc_arena_text(&out->memory, git->worktree);

    return arc_arena_check(&out->memory, err);
}

void arc_repository_head(const struct arc_git *git, char commit[65])
{
    struct arc_oid head;
    int rc = arc_git_head(git, &head, NULL, NULL);
    snprintf(commit, 65, "%s", rc ? "" : head.hex);
}

bool arc_commit_is_of(const struct arc_git *git, const char *commit, const char *of)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit found = {0};
    const struct arc_oid oid = arc_oid_of(commit);

    if (strcmp(commit, of) == 0)
        return true;

    return arc_git_commit(git, &oid, &found, NULL) == ARC_OK && strcmp(found.merged.hex, of) == 0;
}

/* ---- published releases --------------------------------------------------------------------- */

static int add_release(void *context, json_t *release, struct arc_error *err)
{
    struct arc_repository *out = context;
    const char *tag = arc_json_text_of(release, "tag_name");
    bool draft = json_is_true(json_object_get(release, "draft"));
    bool marked = json_is_true(json_object_get(release, "prerelease"));
    bool withdrawn = ARC_STARTS(arc_json_text_of(release, "body"), ARC_WITHDRAWN_MARK);

    if (*tag && ((!draft && json_array_append_new(out->published, json_string(tag))) ||
                 (marked && !withdrawn && json_array_append_new(out->marked, json_string(tag))) ||
                 (withdrawn && json_array_append_new(out->withdrawn, json_string(tag)))))
        return arc_error_nomem(err);

    return ARC_OK;
}

int arc_repository_read_published(const struct arc_env *env, struct arc_repository *out,
                                  struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *name = arc_env_nonempty(env, "GITHUB_REPOSITORY");

    if (!name || !arc_github_token(env, NULL) || out->published)
        return ARC_OK;
    if (!arc_repository_name_valid(name)) {
        out->published_unknown =
            arc_arena_printf(&out->memory, "GITHUB_REPOSITORY '%.100s' is not owner/name", name);
        return arc_arena_check(&out->memory, err);
    }
    struct arc_repository found = {
        .published = json_array(), .withdrawn = json_array(), .marked = json_array()};
    struct arc_github_options options = {.env = env, .idle_timeout = 20, .max_wait = 20};
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    int rc = found.published && found.withdrawn && found.marked ? ARC_OK : ARC_ENOMEM;
    if (!rc)
        rc = arc_transport_github(&options, &transport, &problem);
    if (!rc)
        rc = arc_transport_each(transport, NULL, "find the last release", PAGES_MAX, add_release,
                                &found, &problem, "/repos/%s/releases?per_page=100", name);

    if (!rc || rc == ARC_ELIMIT) {
        out->published = found.published;
        out->withdrawn = found.withdrawn;
        json_decref(out->marked);
        out->marked = found.marked;
        return ARC_OK;
    }

    arc_repository_free(&found);
    ARC_TRY(arc_error_memory(rc, err));
    out->published_unknown = arc_arena_text(&out->memory, arc_error_text(&problem));

    return arc_arena_check(&out->memory, err);
}

/* ---- sparse checkouts ----------------------------------------------------------------------- */

struct looking {
    const struct arc_config *config;
    struct arc_error *err;
};

static bool is_service(const struct arc_config *config, const char *directory, size_t len)
{
    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            if (service->directory && arc_text_is(directory, len, service->directory))
                return true;
    return false;
}

/* Refuses a file that is left out and would make a service. */
static int check_file(void *context, const char *path)
{
    const struct looking *looking = context;
    const struct arc_config *config = looking->config;

    arc_each (group, config->groups, config->group_count)
        arc_each (given, group->service_globs, group->service_glob_count) {
            ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
            size_t len = arc_service_directory(path, given->value);

            if (!len || is_service(config, path, len))
                continue;
            ARC_TRY(arc_glob_compile(given->name, strlen(given->name), &glob, looking->err));
            if (arc_glob_match(glob, path, len))
                return arc_error_set(looking->err, ARC_EINPUT,
                                     "services: '%s' matches %.*s, whose %s this sparse checkout "
                                     "leaves out: check out the services' directories "
                                     "('sparse-checkout' of actions/checkout), or all",
                                     given->name, (int)len, path, path + len + 1);
        }

    return ARC_OK;
}

int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err)
{
    struct looking looking = {config, err};

    arc_each (group, config->groups, config->group_count)
        if (group->service_glob_count)
            return arc_git_sparse(git, check_file, &looking, err);

    return ARC_OK;
}

static int note_any(void *context, const char *path)
{
    *(bool *)context = *path != '\0';
    return ARC_OK;
}

bool arc_project_is_sparse(const struct arc_git *git)
{
    bool any = false;
    return arc_git_sparse(git, note_any, &any, NULL) == ARC_OK && any;
}

void arc_repository_free(struct arc_repository *repository)
{
    arc_arena_free(&repository->memory);
    json_decref(repository->tags);
    json_decref(repository->published);
    json_decref(repository->withdrawn);
    json_decref(repository->marked);
    *repository = (struct arc_repository){0};
}
