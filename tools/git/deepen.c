/* Fetches as much history as an answer needs, and no more: a few generations first, then growing
 * windows by date. A history with many merges has few, wide generations: 100 generations of git's
 * own are 46,278 commits. */
#include "git/fetch.h"
#include "git/history.h"
#include "git/scratch.h"

#define DAY ((int64_t)24 * 60 * 60)

/* Growth factor and minimum of windows and depths. */
#define GROWTH     2
#define WINDOW_MIN (30 * DAY)

/* The first window is longer than necessary by one part in this many: a merge is cut as a whole if
 * one of its branches is older than the window. */
#define MARGIN 5

/* git reads a larger number as seconds since 1970; older commits need the whole history. */
#define DATE_MIN 100000000

/* Shallow boundaries to request instead of a commit that may exist only locally. */
#define CUTS_MAX 8

/* A question about the history. */
struct question {
    const struct arc_oid *tips;
    size_t count;
    int64_t reach; /* a date that the window must include; INT64_MAX: none */
};

/* Adds the commits to request for a tip: the shallow boundaries below it, which the remote surely
 * has. */
static int add_wants(struct arc_git_scratch *scratch, struct arc_history *history,
                     const struct arc_oid *tip, struct arc_error *err)
{
    struct arc_oid cuts[CUTS_MAX];
    size_t count = 0;
    int64_t date;

    if (arc_git_list_has(&scratch->tips, tip))
        return ARC_OK;
    bool here = arc_history_date(history, tip, &date);
    if (!here || !arc_history_cuts(history, tip, CUTS_MAX, cuts, &count)) {
        cuts[0] = *tip;
        count = 1;
    }

    for (size_t i = 0; i < count; i++)
        ARC_TRY(arc_git_list_add(&scratch->wants, &cuts[i], err));
    scratch->since = ARC_HISTORY_NO_DATE;

    return arc_git_list_add(&scratch->tips, tip, err);
}

static int fetch_depth(const struct arc_git *git, const struct arc_oid *commits, size_t count,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf how = {0};
    arc_buf_printf(&how, "--depth=%u", git->scratch->depth);
    return arc_git_fetch_commits(git, ARC_GIT_COMMITS, arc_buf_text(&how), commits, count, err);
}

/* The start of the next window; 0 or less: the beginning. */
static int64_t next_date(const struct arc_git_scratch *scratch, struct arc_history *history,
                         const struct question *question)
{
    int64_t newest = INT64_MIN, oldest = question->reach;

    for (size_t i = 0; i < question->count; i++) {
        int64_t date, first = arc_history_oldest(history, &question->tips[i]);
        if (arc_history_date(history, &question->tips[i], &date))
            newest = ARC_MAX(newest, date);
        oldest = ARC_MIN(oldest, first);
    }

    int64_t margin = (newest - oldest) / MARGIN, least = DAY + 2 * arc_history_skew(history);
    int64_t next = oldest - ARC_MAX(margin, least);
    if (scratch->since == ARC_HISTORY_NO_DATE)
        return next;
    int64_t window = newest - scratch->since;
    int64_t grown = newest - GROWTH * ARC_MAX(window, WINDOW_MIN);
    return ARC_MIN(next, grown);
}

static int fetch_dates(const struct arc_git *git, struct arc_history *history, int64_t since,
                       struct arc_error *err)
{
    struct arc_git_scratch *scratch = git->scratch;
    ARC_AUTO(arc_error) struct arc_error refused = {0};
    ARC_AUTO(arc_buf) struct arc_buf how = {0};
    ARC_AUTO_FREE struct arc_oid *wants = calloc(scratch->wants.count + 1, sizeof *wants);
    size_t count = 0;

    ARC_TRY_ALLOC(wants, err);

    for (size_t i = 0; i < scratch->wants.count; i++) { /* an older one would fetch all history */
        int64_t date;
        if (arc_history_date(history, &scratch->wants.items[i], &date) && date >= since)
            wants[count++] = scratch->wants.items[i];
    }

    /* Servers report shallow boundaries that they did not send; for each, git would fetch a commit
     * with all its trees when the window grows. */
    ARC_TRY(arc_git_scratch_restart(git, err));
    arc_buf_printf(&how, "--shallow-since=%jd", (intmax_t)since);
    int rc = ARC_OK;
    if (count)
        rc =
            arc_git_fetch_commits(git, ARC_GIT_COMMITS, arc_buf_text(&how), wants, count, &refused);
    if (rc == ARC_ENOTFOUND)
        scratch->way = ARC_GIT_BY_DEPTH;
    else if (rc)
        return arc_error_pass(rc, &refused, err);
    else
        scratch->since = since;

    return ARC_OK;
}

/* Fetches more history; *last: there is no more. */
static int get_more(const struct arc_git *git, struct arc_history *history,
                    const struct question *question, bool *last, struct arc_error *err)
{
    struct arc_git_scratch *scratch = git->scratch;
    size_t before = scratch->wants.count;

    for (size_t i = 0; i < question->count; i++)
        ARC_TRY(add_wants(scratch, history, &question->tips[i], err));
    if (scratch->wants.count > before && scratch->way != ARC_GIT_WHOLE)
        return fetch_depth(git, scratch->wants.items + before, scratch->wants.count - before, err);

    int64_t since = scratch->way == ARC_GIT_BY_DATE ? next_date(scratch, history, question) : 0;
    if (since > DATE_MIN)
        return fetch_dates(git, history, since, err);

    if (scratch->way == ARC_GIT_BY_DEPTH) {
        scratch->depth *= GROWTH;
        int rc = fetch_depth(git, scratch->wants.items, scratch->wants.count, err);
        if (rc == ARC_ENOTFOUND || scratch->depth > 1000000)
            scratch->way = ARC_GIT_WHOLE;
        return arc_error_except(ARC_ENOTFOUND, rc, err);
    }

    *last = true;

    return arc_git_fetch_commits(git, ARC_GIT_COMMITS, ARC_GIT_UNSHALLOW, scratch->wants.items,
                                 scratch->wants.count, err);
}

static int not_certain(const struct arc_git *git, bool last, const char *what,
                       struct arc_error *err)
{
    if (git->scratch->allowed && last)
        return arc_error_set(err, ARC_ENOTFOUND, "%s: the history of '%s' is cut itself", what,
                             git->remote);
    return arc_error_set(err, ARC_ENOTFOUND,
                         "%s in this clone, whose history is cut (fetch-depth: 0 of "
                         "actions/checkout gets all of it)",
                         what);
}

/* How far back the history of a question's tips is complete. */
static int64_t since_of(const struct arc_git *git, const struct question *question)
{
    for (size_t i = 0; i < question->count; i++)
        if (!arc_git_list_has(&git->scratch->tips, &question->tips[i]))
            return ARC_HISTORY_NO_DATE;
    return git->scratch->since;
}

/* Fetches the commits of one tip that are not in the branch of the other: if they all lead to one
 * commit, that is where the two diverged. One small fetch, however long the history. If the remote
 * does not support it, or a tip is only local, the other ways remain. */
static int ask_parting(const struct arc_git *git, const struct arc_oid *a, const struct arc_oid *b,
                       bool *found, struct arc_oid *out, struct arc_error *err)
{
    struct arc_git_scratch *scratch = git->scratch;
    const struct arc_oid *tip = strcmp(a->hex, scratch->branch_tip.hex) == 0 ? b : a;
    const struct arc_oid *other = tip == a ? b : a;
    ARC_AUTO_FREE char *branch = arc_steal(&scratch->branch); /* tried once */
    ARC_AUTO(arc_error) struct arc_error refused = {0};
    ARC_AUTO(arc_buf) struct arc_buf how = {.max = 8192};
    *found = false;
    if (!branch || strcmp(other->hex, scratch->branch_tip.hex) != 0)
        return ARC_OK;
    arc_buf_printf(&how, "--shallow-exclude=%s", branch);
    ARC_TRY(arc_buf_check(&how, "the name of a branch", err));
    int rc = arc_git_fetch_commits(git, ARC_GIT_APART, how.data, tip, 1, &refused);
    if (rc == ARC_ENOTFOUND)
        return ARC_OK;
    ARC_TRY(arc_error_pass(rc, &refused, err));

    ARC_AUTO(arc_history) struct arc_history *history = NULL;
    struct arc_oid cut;
    size_t count = 0, parents = 0;
    ARC_TRY(arc_history_new(&scratch->parts[ARC_GIT_APART], &history, err));
    *found = arc_history_cuts(history, tip, 1, &cut, &count) && count == 1 &&
             arc_history_parent(history, &cut, 1, out, &parents) && parents == 1;

    return ARC_OK;
}

static int merge_base(const struct arc_git *git, bool fetching, const struct arc_oid *a,
                      const struct arc_oid *b, struct arc_oid *out, struct arc_error *err)
{
    const struct arc_oid tips[] = {*a, *b};
    const struct question question = {tips, 2, INT64_MAX};
    ARC_AUTO(arc_buf) struct arc_buf what = {0};

    arc_buf_printf(&what, "%.12s and %.12s have no common ancestor", a->hex, b->hex);

    for (bool last = false;;) {
        ARC_AUTO(arc_history) struct arc_history *history = NULL;
        enum arc_history_answer answer;
        ARC_TRY(arc_history_new(git, &history, err));
        ARC_TRY(arc_history_merge_base(history, a, b, since_of(git, &question), &answer, out, err));
        if (answer == ARC_HISTORY_NO)
            *out = (struct arc_oid){{0}};
        if (answer != ARC_HISTORY_UNCERTAIN)
            return ARC_OK;
        if (!fetching || last)
            return not_certain(git, last, arc_buf_text(&what), err);

        bool found;
        ARC_TRY(ask_parting(git, a, b, &found, out, err));
        if (found)
            return ARC_OK;
        ARC_TRY_PREFIX(get_more(git, history, &question, &last, err), err,
                       "%s in this clone, whose history is cut", arc_buf_text(&what));
    }
}

int arc_git_merge_base(const struct arc_git *git, const struct arc_oid *a, const struct arc_oid *b,
                       struct arc_oid *out, struct arc_error *err)
{
    return merge_base(git, false, a, b, out, err);
}

int arc_git_find_merge_base(const struct arc_git *git, const struct arc_oid *a,
                            const struct arc_oid *b, struct arc_oid *out, struct arc_error *err)
{
    return merge_base(git, git->scratch->allowed, a, b, out, err);
}

/* Walks from *at as far as commits are present; *cut: that is not to the end. */
static int take_steps(struct arc_history *history, const char *steps, struct arc_oid *at, bool *cut,
                      struct arc_error *err)
{
    struct arc_oid from = *at;
    size_t parents;
    int64_t date;

    for (const char *next = steps; *next;) {
        char kind = *next++;
        size_t digits = strspn(next, "0123456789");
        size_t number = digits ? strtoul(next, NULL, 10) : 1;
        if (!strchr("~^", kind) || digits > 9)
            return arc_error_set(err, ARC_EINPUT, "'%.200s' leads to no ancestor: ~N and ^N do",
                                 steps);
        next += digits;

        for (size_t left = kind == '~' ? number : number > 0; left; left--) {
            *cut = !arc_history_parent(history, at, kind == '~' ? 1 : number, at, &parents);
            if (*cut)
                return arc_history_check(history, err);
            if (!*at->hex)
                return arc_error_set(err, ARC_ENOTFOUND, "commit %.12s has no ancestor '%.200s'",
                                     from.hex, steps);
        }
    }

    *cut = !arc_history_date(history, at, &date);

    return arc_history_check(history, err);
}

int arc_git_find_ancestor(const struct arc_git *git, const struct arc_oid *from, const char *steps,
                          struct arc_oid *out, struct arc_error *err)
{
    const struct question question = {from, 1, INT64_MAX};

    for (bool last = false;;) {
        ARC_AUTO(arc_history) struct arc_history *history = NULL;
        bool cut = false;
        *out = *from;
        ARC_TRY(arc_history_new(git, &history, err));
        ARC_TRY(take_steps(history, steps, out, &cut, err));
        if (!cut)
            return ARC_OK;
        if (!git->scratch->allowed || last)
            return not_certain(git, last, "the ancestor is missing", err);
        ARC_TRY(get_more(git, history, &question, &last, err));
    }
}

/* ---- ancestors ----------------------------------------------------------------------------- */

/* What is still unknown about a list of commits. */
struct rest {
    struct arc_git_list absent; /* missing, so their dates are unknown */
    struct arc_git_list asked;  /* were requested: those still missing are not commits */
    int64_t oldest;             /* date of the others */
    bool any;
};

static void rest_free(struct rest *rest)
{
    free(rest->absent.items);
    free(rest->asked.items);
}

static int look_at(struct arc_history *history, const struct arc_oid *head, int64_t since,
                   const struct arc_oid *commit, bool *is, struct rest *rest, struct arc_error *err)
{
    enum arc_history_answer answer;
    int64_t date;

    ARC_TRY(arc_history_reaches(history, head, commit, since, &answer, err));
    bool here = arc_history_date(history, commit, &date);
    *is = answer == ARC_HISTORY_YES;
    if (answer != ARC_HISTORY_UNCERTAIN || (!here && arc_git_list_has(&rest->asked, commit)))
        return ARC_OK;
    rest->any = true;
    if (!here)
        return arc_git_list_add(&rest->absent, commit, err);
    rest->oldest = ARC_MIN(rest->oldest, date);

    return ARC_OK;
}

int arc_git_find_ancestors(const struct arc_git *git, const struct arc_oid *head,
                           const struct arc_oid *commits, size_t count, bool *are,
                           struct arc_error *err)
{
    ARC_AUTO(rest) struct rest rest = {0};
    struct arc_git_scratch *scratch = git->scratch;

    for (bool last = false;;) {
        ARC_AUTO(arc_history) struct arc_history *history = arc_steal(&scratch->walk);
        struct question question = {head, 1, INT64_MAX};
        int64_t since = since_of(git, &question);
        rest.any = false;
        rest.oldest = INT64_MAX;

        /* The walk goes on where the last question about that head ended: hundreds of commits may be
         * asked for one by one. */
        if (!history || scratch->walk_fetches != scratch->fetches ||
            strcmp(scratch->walk_head.hex, head->hex) != 0) {
            arc_history_free(&history);
            scratch->walk_fetches = scratch->fetches;
            scratch->walk_head = *head;
            ARC_TRY(arc_history_new(git, &history, err));
        }

        for (size_t i = 0; i < count; i++)
            ARC_TRY(look_at(history, head, since, &commits[i], &are[i], &rest, err));
        if (!rest.any) {
            scratch->walk = arc_steal(&history);
            return ARC_OK;
        }
        if (!scratch->allowed || last)
            return not_certain(git, last, "whether a commit is before the head is not known", err);
        question.reach = rest.oldest;

        if (!rest.absent.count) {
            ARC_TRY(get_more(git, history, &question, &last, err));
            continue;
        }

        /* Fetches the missing commits for their dates. */
        for (size_t i = 0; i < rest.absent.count; i++)
            ARC_TRY(arc_git_list_add(&rest.asked, &rest.absent.items[i], err));
        ARC_TRY(arc_git_fetch_commits(git, ARC_GIT_SINGLE, "--depth=1", rest.absent.items,
                                      rest.absent.count, err));
        rest.absent.count = 0;
    }
}
