#include "base/json.h"
#include "base/text.h"
#include "github/github.h"

/* The list being read, for the pull request at commit `head`. */
struct listing {
    json_t *files;
    const char *head;
};

static int add_file(void *context, json_t *element, struct arc_error *err)
{
    const struct listing *listing = context;
    const char *url = json_string_value(json_object_get(element, "contents_url"));
    const char *ref = url ? strstr(url, "?ref=") : NULL;
    const char *path = json_string_value(json_object_get(element, "filename"));
    const char *status = json_string_value(json_object_get(element, "status"));
    const char *previous = json_string_value(json_object_get(element, "previous_filename"));
    if (!path || !status)
        return arc_error_set(err, ARC_EWORLD, "a file of the pull request has no name or status");

    /* Gitea's statuses are others, and it does not always name what was renamed. */
    if (!ARC_AMONG(status, "added", "removed", "modified", "renamed", "copied", "changed",
                   "unchanged") ||
        (strcmp(status, "renamed") == 0 && !previous))
        return arc_error_set(err, ARC_EWORLD,
                             "the API does not list the pull request as GitHub's does (%.100s is "
                             "'%.30s'%s): check out the repository, so that git answers",
                             path, status, previous ? "" : ", without an old name");

    if (ref && strcmp(status, "removed") != 0 && strcmp(ref + 5, listing->head) != 0)
        return arc_error_set(err, ARC_EWORLD,
                             "GitHub's API lists the pull request as it is now, at %.12s, and the "
                             "event is about %.12s: check out the repository, so that git answers",
                             ref + 5, listing->head);

    json_t *row =
        json_pack("{s:s, s:s, s:s?}", "path", path, "status", status, "previous", previous);
    return arc_json_append(listing->files, row, err);
}

int arc_github_pull_files(struct arc_transport *transport, const char *repository, int64_t number,
                          const char *head, int64_t expected, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *files = json_array();
    struct listing listing = {files, head};

    ARC_TRY_ALLOC(files, err);

    if (expected > ARC_PULL_FILES_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "pull request %lld changes %lld files, and GitHub's API lists %d at "
                             "most: check out the repository, so that git answers",
                             (long long)number, (long long)expected, ARC_PULL_FILES_MAX);

    ARC_TRY(arc_transport_each(transport, NULL, "list the files of the pull request", 40, add_file,
                               &listing, err, "/repos/%s/pulls/%lld/files?per_page=100", repository,
                               (long long)number));
    size_t count = json_array_size(files);
    if (expected < 0 ? count >= ARC_PULL_FILES_MAX : count < (size_t)expected)
        return arc_error_set(err, ARC_ELIMIT,
                             "GitHub's API listed %zu files of pull request %lld, and there are "
                             "more: check out the repository, so that git answers",
                             count, (long long)number);
    *out = arc_steal(&files);

    return ARC_OK;
}

bool arc_github_is_insider(const json_t *post)
{
    const char *role = arc_json_text_of(post, "author_association");
    return ARC_AMONG(role, "OWNER", "MEMBER", "COLLABORATOR") ||
           strcmp(arc_json_text_of(json_object_get(post, "user"), "type"), "Bot") == 0;
}
