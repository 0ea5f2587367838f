/* The commits that release notes list: those since the group's previous tag that touch it. */
#include "arcci/notes.h"
#include "base/json.h"
#include "base/text.h"
#include "changes/match.h"
#include "changes/services.h"
#include "config/graph.h"
#include "git/history.h"
#include "git/message.h"
#include "git/picks.h"
#include "github/github.h"
#include "github/options.h"

/* A pull request that a host merged with a merge commit. Texts are in the log's memory. */
struct merge {
    struct arc_oid oid, parent, merged;
    int64_t pull; /* 0: not GitHub's */
    char *title;
    bool untitled; /* the title is the merge commit's subject */
    char *breaks;  /* the breaking change that its text describes; or NULL */
};

/* A range of commits being read. */
struct reading {
    struct arc_project *project;
    const struct arc_plan *plan;
    struct arc_notes_log *log;
    struct arc_config config; /* of the plan's group alone */
    struct arc_group own;
    struct arc_service only; /* for a tag that releases one service */
    struct arc_filters filters;
    struct arc_changes changes; /* results of the matcher for one commit */
    struct arc_match match;
    struct merge *merges; /* newest first */
    size_t merge_count;
    struct arc_history *history; /* of the merges */
    size_t seen;                 /* commits */
    struct arc_picks picks;
    struct arc_error *err;
};

static void reading_free(struct reading *reading)
{
    arc_picks_free(&reading->picks);
    arc_history_free(&reading->history);
    arc_match_free(&reading->match);
    arc_changes_free(&reading->changes);
    arc_filters_free(&reading->filters);
}

void arc_notes_log_free(struct arc_notes_log *log)
{
    arc_arena_free(&log->memory);
    *log = (struct arc_notes_log){0};
}

/* ---- which files are the group's, as `changes` has it ---------------------------------------- */

/* Makes the filters of `changes`, plus the folders of the group's services at the range's `from`
 * (NULL: no previous release). A tag that releases one service is about that one. */
static int make_filters(struct arc_project *project, struct reading *reading,
                        const struct arc_group *group, const struct arc_git_log_range *range,
                        struct arc_error *err)
{
    const struct arc_plan *plan = reading->plan;
    const char **there =
        arc_arena_array(&reading->log->memory, plan->service_count + 1, sizeof *there);
    struct arc_filters *out = &reading->filters;
    struct arc_config *config = &reading->config;
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    ARC_AUTO(arc_earlier_configs) struct arc_earlier_configs configs = {0};

    ARC_TRY_ALLOC(there, err);

    config->groups = &reading->own;
    if (group) {
        config->path = project->config.path;
        reading->own = *group;
        config->group_count = 1;
        ARC_TRY(arc_error_memory(arc_tag_parse(plan->tag, group, &tag, NULL), err));
    }
    if (tag.service) {
        reading->only = *tag.service;
        reading->own.services = &reading->only;
        reading->own.service_count = 1;
    }

    ARC_TRY(arc_filters_of_config(arc_project_root(project), config, out, err));

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        there[i] = service->directory;
        if (!group || !arc_group_find_service(group, service->service))
            ARC_TRY(arc_filters_add_folder(out, service->service, service->directory, err));
    }

    if (range->from)
        ARC_TRY(arc_services_add_gone(project->git, &configs, range->from, range->to, config->path,
                                      plan->group, there, out, err));
    return arc_filters_add_folder(out, config->path, config->path, err);
}

/* ---- one commit ----------------------------------------------------------------------------- */

/* Older merges are listed commit by commit, since each merge needs a walk. */
#define MERGES_WITHIN (5 * (size_t)ARC_NOTES_COMMITS_MAX)

/* Most bytes to search in a body for a pull request, a revert or a breaking change, often at its
 * end: GitHub's limit for a pull request's text is 65,536 characters. */
#define BODY_MAX ((size_t)4 * 65536)

static int add_commit(struct reading *reading, const struct arc_git_commit *commit)
{
    struct arc_notes_log *log = reading->log;
    ARC_AUTO_FREE char *body = strndup(commit->body, BODY_MAX);
    struct arc_notes_commit *row =
        arc_arena_append(&log->memory, &log->commits, &log->count, sizeof *row);
    char date[32];

    ARC_TRY_ALLOC(row && body, reading->err);
    arc_time_print(commit->time, date);
    *row = (struct arc_notes_commit){.hash = arc_arena_text(&log->memory, commit->oid.hex),
                                     .subject = arc_arena_utf8(&log->memory, commit->subject),
                                     .message = arc_arena_utf8(&log->memory, commit->subject),
                                     .body = arc_arena_utf8(&log->memory, body),
                                     .author = arc_arena_utf8(&log->memory, commit->author),
                                     .name = arc_arena_utf8(&log->memory, commit->author),
                                     .email = arc_arena_utf8(&log->memory, commit->email),
                                     .date = arc_arena_text(&log->memory, date)};
    ARC_TRY(arc_arena_check(&log->memory, reading->err));
    const char *title = arc_message_title(commit->subject, commit->body);
    size_t len = 0;
    if (!reading->plan->source || log->all)
        return ARC_OK;
    row->pull = arc_message_squashed(row->subject, &len);
    if (row->pull) {
        row->subject[len] = '\0';
    } else if (commit->parents < 2 && *commit->body && title == commit->body) {
        row->pull = arc_message_merged(commit->subject); /* squashed, or git cherry-pick -m 1 */
        body[strcspn(body, "\n")] = '\0';
        row->subject = arc_arena_utf8(&log->memory, body);
    }
    bool by_host = title && ARC_STARTS(commit->subject, "Merge", "Pull request #");
    row->merged = row->pull || (commit->parents < 2 && by_host); /* it stays when it is merged on */

    return arc_arena_check(&log->memory, reading->err);
}

/* Records a merge if it is a host's merge of a pull request: with the host's subject and the title
 * below or in it or, by a setting of a GitHub repository, with the title and number as subject. */
static int note_merge(struct reading *reading, const struct arc_git_commit *commit)
{
    struct arc_notes_log *log = reading->log;
    const char *title = arc_message_title(commit->subject, commit->body);
    size_t len = title ? strcspn(title, "\n") : 0;
    int64_t pull = arc_message_merged(commit->subject);

    if (!title && !ARC_STARTS(commit->subject, "Merge branch ", "Merge remote-tracking ")) {
        pull = arc_message_squashed(commit->subject, &len);
        title = pull ? commit->subject : NULL;
    }
    if (!title)
        return ARC_OK;

    struct merge *merge =
        arc_arena_append(&log->memory, &reading->merges, &reading->merge_count, sizeof *merge);
    ARC_AUTO_FREE char *copy = strndup(title, len);
    ARC_TRY_ALLOC(merge && copy, reading->err);
    *merge =
        (struct merge){.oid = commit->oid,
                       .parent = commit->parent,
                       .merged = commit->merged,
                       .pull = pull,
                       .title = arc_arena_utf8(&log->memory, arc_text_or(copy, commit->subject)),
                       .untitled = !*copy};
    if (!arc_message_is_breaking("", commit->body))
        return ARC_OK;

    ARC_AUTO(arc_buf) struct arc_buf breaks = {0};
    arc_message_add_breaks(commit->body, &breaks);
    ARC_TRY(arc_buf_check(&breaks, "what a merge breaks", reading->err));
    merge->breaks = arc_arena_utf8(&log->memory, arc_buf_text(&breaks));

    return ARC_OK;
}

/* Returns 1 when the log is full. */
static int look_at(void *context, const struct arc_git_commit *commit)
{
    struct reading *reading = context;
    struct arc_notes_log *log = reading->log;
    bool joins = commit->parents == 2 && !log->all && reading->seen < MERGES_WITHIN;
    bool any = false, is_there = false;

    if (joins)
        ARC_TRY(note_merge(reading, commit));

    reading->seen++;
    ARC_TRY(arc_services_commit(reading->project, &reading->match, &reading->config, commit, true,
                                &any, reading->err));
    if (any)
        ARC_TRY(arc_picks_find(&reading->picks, commit, &is_there, reading->err));
    if (!any || is_there)
        return ARC_OK;
    if (log->count == ARC_NOTES_COMMITS_MAX)
        return 1;

    return add_commit(reading, commit);
}

/* ---- pull requests that were merged --------------------------------------------------------- */

/* Adds a merged commit's breaking change to the footer of its pull request. */
static void add_breaks(const struct arc_notes_commit *commit, struct arc_buf *footer)
{
    if (!arc_message_is_breaking(commit->message, commit->body))
        return;
    arc_buf_puts(footer, footer->len ? "" : "BREAKING CHANGE: ");
    arc_message_add_breaks(commit->body, footer);
}

/* Replaces a merge and its commits in the log by one entry: the first of them gets the pull
 * request's number and title, the others are removed. */
static int take_merge(struct reading *reading, const struct merge *merge, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *inner = json_object();
    struct arc_notes_log *log = reading->log;
    struct arc_notes_commit *first = NULL;
    struct arc_git_log_range range = {.from = &merge->parent, .to = &merge->merged};
    ARC_AUTO(arc_buf) struct arc_buf breaks = {0};
    size_t kept = 0, works = 0;

    if (!inner || json_object_set_new(inner, merge->oid.hex, json_true()))
        return arc_error_nomem(err);
    ARC_TRY(arc_git_log_names(reading->history, &range, inner, err));

    for (size_t i = 0; i < log->count; i++) {
        bool own = !log->commits[i].merged && json_object_get(inner, log->commits[i].hash);
        bool joins = own && first;
        if (own && strcmp(log->commits[i].hash, merge->oid.hex) != 0) {
            works++;
            add_breaks(&log->commits[i], &breaks);
        }
        if (joins && strcmp(first->hash, merge->oid.hex) == 0) /* the author, not who merged */
            *first = log->commits[i];
        if (joins)
            continue;
        log->commits[kept] = log->commits[i];
        if (own)
            first = &log->commits[kept];
        kept++;
    }

    log->count = kept;
    if (!first)
        return ARC_OK;

    ARC_TRY(arc_buf_check(&breaks, "what a merge breaks", err));
    first->hash = arc_arena_text(&log->memory, merge->oid.hex);
    if (works != 1 || !merge->untitled)
        first->subject = merge->title;
    first->pull = merge->pull;
    first->merged = true;

    /* With several commits, one commit's text, such as a revert, does not apply to the pull
     * request; a breaking change does. */
    if (works != 1) {
        first->message = merge->title;
        first->body = arc_arena_text(&log->memory, arc_buf_text(&breaks));
    }
    if (merge->breaks && (!*merge->breaks || !strstr(first->body, merge->breaks)))
        first->body =
            arc_arena_printf(&log->memory, "%s\n\nBREAKING CHANGE: %s", first->body, merge->breaks);

    return arc_arena_check(&log->memory, err);
}

/* ---- titles and authors of pull requests, as GitHub has them --------------------------------- */

#define PAGES_MAX 20 /* pages of 100 pull requests, the last updated first */

/* A listing being read. */
struct listing {
    struct arc_notes_log *log;
    const char *oldest; /* date of the log's oldest commit: its pull requests were updated later */
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

    /* Take the pull request's title, which may have been corrected since the merge. But a rebased
     * or reworded one, found only by its commit's hash, keeps the commit's subject. */
    arc_each (commit, log->commits, log->count) {
        if (commit->pull ? commit->pull != number : strcmp(commit->hash, merged) != 0)
            continue;
        if (commit->pull && *title)
            commit->subject = arc_arena_utf8(&log->memory, title);
        if (*login)
            commit->author = arc_arena_utf8(&log->memory, login);
        commit->pull = number;
    }

    return arc_arena_check(&log->memory, err);
}

/* Takes titles and authors of the log's pull requests from GitHub, if the environment has a
 * token for the repository with the page `source` (may be NULL). A failure goes into
 * log->pulls_unknown. */
static int ask_pulls(const struct arc_env *env, const char *source, struct arc_notes_log *log,
                     struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *repository = arc_env_nonempty(env, "GITHUB_REPOSITORY");

    if (!log->count || !source || !repository || !arc_repository_name_valid(repository) ||
        !arc_github_token(env, NULL))
        return ARC_OK;

    /* `source` must be this repository's page: another repository numbers its own pull requests. */
    size_t len = strlen(source), name = strlen(repository);
    if (len <= name || source[len - name - 1] != '/' ||
        strcasecmp(source + len - name, repository) != 0)
        return ARC_OK;

    struct listing listing = {.log = log, .oldest = log->commits[0].date};
    for (size_t i = 1; i < log->count; i++)
        if (strcmp(log->commits[i].date, listing.oldest) < 0)
            listing.oldest = log->commits[i].date;

    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    struct arc_github_options options = {.env = env, .idle_timeout = 20, .max_wait = 20};

    int rc = arc_transport_github(&options, &transport, &why);
    if (!rc)
        rc = arc_transport_each(
            transport, NULL, "see titles and authors of the pull requests", PAGES_MAX, visit_pull,
            &listing, &why, "/repos/%s/pulls?state=closed&sort=updated&direction=desc&per_page=100",
            repository);
    ARC_TRY(arc_error_memory(rc, err));
    if (rc && rc != ARC_ELIMIT)
        log->pulls_unknown = arc_arena_text(&log->memory, arc_error_text(&why));

    return arc_arena_check(&log->memory, err);
}

/* ---- the range ------------------------------------------------------------------------------ */

/* Finds both ends of the range. On failure the error says why the commits are not known. */
static int find_ends(const struct arc_git *git, const struct arc_plan *plan, struct arc_oid *from,
                     struct arc_oid *to, struct arc_error *err)
{
    if (!plan->version)
        return arc_error_set(err, ARC_EINPUT, "the plan is not of a release");
    const char *previous = plan->version->previous_tag;
    if (arc_git_is_shallow(git))
        return arc_error_set(err, ARC_ENOTFOUND,
                             "this clone's history is cut (fetch-depth: 0 gets all of it)");

    ARC_TRY(arc_git_resolve(git, plan->revision, to, err));
    if (!previous && !plan->version->tags_known)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "the previous release is not known (--previous-tag names it)");
    if (!previous)
        return ARC_OK;

    int rc = arc_git_resolve_in(git, "refs/tags/", previous, from, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, rc, "the tag %s is not in this clone", previous);
    ARC_TRY(rc);

    struct arc_oid base;
    ARC_TRY(arc_git_merge_base(git, from, to, &base, err));
    if (strcmp(base.hex, to->hex) == 0 && strcmp(from->hex, to->hex) != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is later in the history than this release (--previous-tag names "
                             "another)",
                             previous);

    return ARC_OK;
}

/* ---- who is new ----------------------------------------------------------------------------- */

#define AUTHORS_MAX 50000 /* most commits to search for earlier authors */

/* Adds a person's name and address to those known; one who commits from two machines or on GitHub's
 * site has two addresses. Returns how many of the two were known. */
static int know_person(json_t *known, const char *name, const char *email)
{
    const char *const marks[] = {name, email};
    int seen = 0;

    for (size_t i = 0; i < 2; i++) {
        ARC_AUTO(arc_buf) struct arc_buf key = {0};
        if (!*marks[i] || !arc_utf8_valid(marks[i], strlen(marks[i])))
            continue;
        arc_buf_printf(&key, "%c%s", i ? '@' : ' ', marks[i]);
        if (key.data)
            arc_text_lower(key.data);
        seen += json_object_get(known, arc_buf_text(&key)) != NULL;
        if (key.failed || json_object_set_new(known, arc_buf_text(&key), json_true()))
            return ARC_ENOMEM;
    }

    return seen;
}

static int add_author(void *context, const struct arc_git_commit *commit)
{
    int rc = know_person(context, commit->author, commit->email);
    return rc < 0 ? rc : ARC_OK;
}

/* Finds the authors whose first commit is in the range; none if history is too long to search, or
 * in a first release. */
static int find_newcomers(struct reading *reading, const struct arc_oid *from,
                          struct arc_error *err)
{
    ARC_AUTO_JSON json_t *known = json_object();
    struct arc_notes_log *log = reading->log;
    struct arc_git_log_range range = {.to = from, .max = AUTHORS_MAX};
    bool more = false;

    ARC_TRY_ALLOC(known, err);
    ARC_TRY(arc_git_log(reading->project->git, &range, add_author, known, &more, err));

    for (size_t i = 0; !more && i < log->count; i++) {
        const struct arc_notes_commit *commit = &log->commits[i];
        bool bot = strstr(commit->author, "[bot]") || strstr(commit->email, "[bot]@");
        if (!*commit->email || !*commit->author || bot)
            continue;
        int rc = know_person(known, commit->name, commit->email);
        ARC_TRY_ALLOC(rc >= 0, err);
        if (!rc)
            ARC_TRY(arc_texts_add(&log->memory, &log->newcomers, commit->author, err));
    }

    return ARC_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int read_log(struct arc_project *project, const struct arc_group *group,
                    struct reading *reading, struct arc_error *err)
{
    const struct arc_plan *plan = reading->plan;
    struct arc_notes_log *log = reading->log;
    struct arc_oid from = {{0}}, to;

    ARC_TRY(arc_project_open(project, err));
    reading->err = err;
    ARC_TRY(find_ends(project->git, plan, &from, &to, err));
    const struct arc_oid *since = *from.hex ? &from : NULL;
    struct arc_git_log_range range = {.from = since, .to = &to};

    ARC_TRY(make_filters(project, reading, group, &range, err));
    reading->changes.filters = &reading->filters;
    ARC_TRY(arc_match_start(&reading->match, &reading->changes, ARC_QUANTIFIER_SOME_EXCLUDE, true,
                            err));
    if (since && !log->all)
        ARC_TRY(arc_picks_list(reading->project->git, since, &to, &reading->picks, err));

    int rc = arc_git_log(reading->project->git, &range, look_at, reading, NULL, err);
    if (rc < 0)
        return rc;

    log->complete = rc == 0;
    ARC_TRY(arc_history_new(reading->project->git, &reading->history, err));
    for (size_t i = reading->merge_count; i-- > 0;) /* the oldest first: one may contain others */
        ARC_TRY(take_merge(reading, &reading->merges[i], err));
    if (log->all)
        return ARC_OK;

    ARC_TRY(ask_pulls(project->env, plan->source, log, err));

    return since ? find_newcomers(reading, since, err) : ARC_OK;
}

int arc_notes_log(struct arc_project *project, const struct arc_plan *plan,
                  const struct arc_group *group, struct arc_notes_log *out, struct arc_error *err)
{
    ARC_AUTO(reading)
    struct reading reading = {.project = project,
                              .plan = plan,
                              .log = out,
                              .config = {.path = (char[]){ARC_CONFIG_PATH}}};
    ARC_AUTO(arc_error) struct arc_error why = {0};

    out->all = group && group->commits && strcmp(group->commits, "all") == 0;

    if (plan->tag &&
        !arc_project_open(project, NULL)) { /* the release's annotated tag may have a message */
        ARC_AUTO(arc_buf) struct arc_buf message = {.max = (size_t)1 << 20};
        ARC_TRY(arc_git_tag_message(project->git, plan->tag, &message, err));
        out->message = arc_arena_utf8(&out->memory, arc_buf_text(&message));
        ARC_TRY(arc_arena_check(&out->memory, err));
    }

    int rc = read_log(project, group, &reading, &why);
    ARC_TRY(arc_error_memory(rc, err));
    if (!rc)
        return ARC_OK;

    out->count = 0;
    out->newcomers = NULL;
    out->complete = false;
    out->unknown = arc_arena_text(&out->memory, arc_error_text(&why));

    return arc_arena_check(&out->memory, err);
}
