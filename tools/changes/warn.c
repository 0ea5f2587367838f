#include "changes/warn.h"
#include "arcci/glob.h"
#include "base/auto.h"
#include "base/text.h"
#include "git/diff.h"
#include <string.h>

static int warn(struct arc_match *match, size_t rule, struct arc_error *err, const char *what)
{
    const struct arc_filters *filters = match->out->filters;
    const struct arc_rule *the = &filters->rules[rule];
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)1 << 20};
    arc_buf_puts(&text, filters->name);
    if (the->line)
        arc_buf_printf(&text, ":%u", the->line);
    if (the->line && the->column)
        arc_buf_printf(&text, ":%u", the->column);
    arc_buf_puts(&text, ": filter '");
    arc_text_visible(&text, filters->items[the->filter].name,
                     strlen(filters->items[the->filter].name));
    arc_buf_puts(&text, "': '");
    for (size_t i = 0; i < the->pattern_count; i++) {
        arc_buf_puts(&text, i ? "', '" : "");
        arc_text_visible(&text, the->patterns[i], strlen(the->patterns[i]));
    }
    arc_buf_printf(&text, "' %s", what);
    int rc = arc_buf_check(&text, "a warning", err);
    if (!rc && json_array_append_new(match->out->warnings, json_string(text.data)) != 0)
        rc = arc_error_nomem(err);
    return rc;
}

static bool is_set(const uint64_t *ids, size_t id)
{
    return ids[id / 64] >> (id % 64) & 1;
}

static bool only_negations(const struct arc_filters *filters, const struct arc_filter *filter)
{
    for (size_t i = filter->first; i < filter->first + filter->count; i++)
        if (!filters->rules[i].negated)
            return false;
    return filter->count != 0;
}

/* Paths in git have no slash at either end. */
static bool slashed(const char *pattern)
{
    size_t len = strlen(pattern);
    return *pattern == '/' || (len && pattern[len - 1] == '/' && !strpbrk(pattern, "*?[]{}()!+@|"));
}

static int warn_of_rule(struct arc_match *match, size_t index, struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;
    const struct arc_rule *rule = &filters->rules[index];
    bool slash = rule->pattern_count == 1 && slashed(rule->patterns[0]);
    if (slash || (rule->pattern_count && !is_set(match->ids, index)))
        return warn(match, index, err,
                    "can match no path: paths have no slash at their beginning or end, and no "
                    "segment '.' or '..'");
    if (rule->negated && match->quantifier == ARC_QUANTIFIER_SOME)
        return warn(match, index, err,
                    "matches every path but those: to leave paths out, use predicate-quantifier "
                    "some-with-excludes (or every)");
    const struct arc_filter *filter = &filters->items[rule->filter];
    if (match->quantifier == ARC_QUANTIFIER_SOME_EXCLUDE && index == filter->first &&
        only_negations(filters, filter))
        return warn(match, index, err,
                    "only leaves paths out, as every rule of the filter does: it never matches; "
                    "add '**'");
    return ARC_OK;
}

int arc_warn_of_rules(struct arc_match *match, struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;
    int rc = ARC_OK;
    if (match->matcher)
        arc_glob_matcher_below(match->matcher, "", 0, match->ids, NULL);
    for (size_t i = 0; !rc && i < filters->rule_count; i++)
        rc = warn_of_rule(match, i, err);
    return rc;
}

int arc_warn_of_directories(struct arc_match *match, struct arc_error *err)
{
    int rc = ARC_OK;
    for (size_t i = 0; !rc && i < match->literal_count; i++)
        if (match->literals[i].is_directory)
            rc = warn(match, match->literals[i].rule, err,
                      "names a directory in which something changed, and matches only a file of "
                      "that name: to match what is in it, add '/**'");
    return rc;
}

/* Which rules matched some path of the commit. */
struct tracked {
    struct arc_match *match;
    uint64_t *seen;
};

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct tracked *tracked = context;
    (void)status;
    if (arc_glob_matcher_match(tracked->match->matcher, path, len, tracked->match->ids))
        for (size_t i = 0; i < tracked->match->words; i++)
            tracked->seen[i] |= tracked->match->ids[i];
    return ARC_OK;
}

int arc_warn_of_untracked(struct arc_match *match, const struct arc_git *git,
                          const struct arc_oid *head, struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;
    ARC_AUTO_FREE uint64_t *seen = calloc(match->words, sizeof *seen);
    struct tracked tracked = {match, seen};
    const struct arc_git_diff diff = {.to = head, .each = on_path, .context = &tracked};
    if (!match->matcher)
        return ARC_OK;
    if (!seen)
        return arc_error_nomem(err);
    int rc = arc_git_diff(git, &diff, err);
    for (size_t i = 0; !rc && i < filters->rule_count; i++)
        if (filters->rules[i].pattern_count && !is_set(seen, i))
            rc = warn(match, i, err, "matches no path of the head");
    return rc;
}
