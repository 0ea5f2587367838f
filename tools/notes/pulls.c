/* Titles and authors of pull requests, as GitHub has them. */
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "github/github.h"
#include "github/options.h"
#include "notes/values.h"
#include <string.h>
#include <strings.h>

#define PAGES_MAX 20 /* of 100 pull requests, those that changed last first */

/* A listing under way. */
struct listing {
    struct arc_notes_log *log;
    const char *oldest; /* date of the log's oldest commit: what was merged with it changed later */
};

static int visit_pull(void *context, json_t *pull, struct arc_error *err)
{
    struct listing *listing = context;
    struct arc_notes_log *log = listing->log;
    int64_t number = arc_json_number_of(pull, "number");
    const char *merged = arc_json_text_of(pull, "merge_commit_sha");
    const char *title = arc_json_text_of(pull, "title");
    const char *login = arc_json_text_of(json_object_get(pull, "user"), "login");

    if (strcmp(arc_json_text_of(pull, "updated_at"), listing->oldest) < 0)
        return 1;
    if (!*arc_json_text_of(pull, "merged_at") || number <= 0)
        return ARC_OK;

    /* The pull request's own title may have been mended since it was merged. One that was rebased,
     * or whose subject somebody wrote anew, is known by its commit alone: that says what it says. */
    for (size_t i = 0; i < log->count; i++) {
        struct arc_notes_commit *commit = &log->commits[i];
        if (commit->pull ? commit->pull != number : strcmp(commit->hash, merged) != 0)
            continue;
        if (commit->pull && *title)
            commit->subject = notes_keep_text(log, title);
        if (*login)
            commit->author = notes_keep_text(log, login);
        commit->pull = number;
    }

    return arc_arena_check(&log->memory, err);
}

int notes_ask_pulls(const struct arc_env *env, const char *source, struct arc_notes_log *log,
                    struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *repository = arc_env_nonempty(env, "GITHUB_REPOSITORY");

    if (!log->count || !source || !repository || !arc_repository_name_valid(repository) ||
        !arc_github_token(env, NULL))
        return ARC_OK;

    /* "https://github.com/owner/name" must be its page: the numbers of another repository's pull
     * requests mean others. */
    size_t len = strlen(source), name = strlen(repository);
    if (len <= name || source[len - name - 1] != '/' ||
        strcasecmp(source + len - name, repository) != 0)
        return ARC_OK;

    struct listing listing = {.log = log, .oldest = log->commits[0].date};
    for (size_t i = 1; i < log->count; i++)
        if (strcmp(log->commits[i].date, listing.oldest) < 0)
            listing.oldest = log->commits[i].date;

    ARC_AUTO_FREE char *path = NULL;
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    struct arc_github_options options = {.env = env, .idle_timeout = 20, .max_wait = 20};

    ARC_TRY(arc_text_print(&path, err,
                           "/repos/%s/pulls?state=closed&sort=updated&direction=desc&per_page=100",
                           repository));
    int rc = arc_transport_github(&options, &transport, &why);
    if (!rc)
        rc =
            arc_transport_each(transport, path, NULL, "see titles and authors of the pull requests",
                               PAGES_MAX, visit_pull, &listing, &why);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    if (rc && rc != ARC_ELIMIT)
        log->pulls_unknown = arc_arena_text(&log->memory, arc_error_text(&why));

    return arc_arena_check(&log->memory, err);
}
