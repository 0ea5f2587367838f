#include "changes/match.h"
#include "arcci/glob.h"
#include "base/path.h"
#include "base/text.h"
#include "base/warn.h"
#include "changes/filters_build.h"
#include "dockerfile/inputs.h"

static int hit(struct arc_match *match, size_t filter, size_t rule,
               const struct arc_changed_file *file)
{
    struct arc_changes *out = match->out;
    struct arc_filter_result *result = &out->results[filter];

    if (!match->count_only && !match->kept) {
        match->memory += file->len + sizeof *out->files;
        ARC_APPEND(&out->memory, out->files, out->file_count, NULL, *file);
        struct arc_changed_file *kept = &out->files[out->file_count - 1];
        kept->path = arc_arena_cut(&out->memory, file->path, file->len);
        kept->previous = arc_arena_text(&out->memory, file->previous);
        ARC_TRY(arc_arena_check(&out->memory, NULL));
        match->kept = out->file_count;
    }

    bool defers = match->defers && out->filters->rules[rule].defines;
    result->defining += defers;
    result->matched |= !defers;
    if (match->count_only) {
        result->count++;
        return ARC_OK;
    }

    match->memory += sizeof *result->hits;
    if (match->memory > ARC_CHANGES_MEMORY)
        return ARC_ELIMIT;
    ARC_APPEND(&out->memory, result->hits, result->count, NULL,
               (struct arc_filter_hit){match->kept - 1, rule});

    return ARC_OK;
}

static bool rule_matches(const struct arc_match *match, size_t rule,
                         const struct arc_changed_file *file)
{
    const struct arc_rule *the = &match->out->filters->rules[rule];
    if (!arc_match_has(match->ids, rule) || !(the->statuses & file->status))
        return false;
    return !the->inputs || arc_inputs_find(the->inputs, file->path, file->len);
}

/* Visits only the rules that matched; those of one filter are adjacent. */
static int match_some(struct arc_match *match, const struct arc_changed_file *file)
{
    const struct arc_rule *rules = match->out->filters->rules;
    size_t last = SIZE_MAX;

    for (size_t word = 0; word < match->words; word++)
        for (uint64_t bits = match->ids[word]; bits; bits &= bits - 1) {
            size_t rule = word * 64 + (size_t)__builtin_ctzll(bits);
            size_t filter = rules[rule].filter;
            if (filter == last || !rule_matches(match, rule, file))
                continue;
            ARC_TRY(hit(match, filter, rule, file));
            last = filter;
        }

    return ARC_OK;
}

/* The rule that decides for a filter; SIZE_MAX if it does not match. Depending on the mode, every
 * rule must match, or one with `!` excludes (with a status, only those files), or the last one that
 * applies decides; a rule that `defines` the service only if no other applies. */
static size_t decide(const struct arc_match *match, const struct arc_filter *filter,
                     const struct arc_changed_file *file)
{
    bool every = match->quantifier == ARC_QUANTIFIER_EVERY;
    bool last = match->quantifier == ARC_QUANTIFIER_LAST;
    size_t found = every ? filter->first : SIZE_MAX;

    for (size_t rule = filter->first; rule < filter->first + filter->count; rule++) {
        const struct arc_rule *the = &match->out->filters->rules[rule];

        if (every) {
            if (!rule_matches(match, rule, file))
                return SIZE_MAX;
        } else if (!the->negated) {
            bool decides = found == SIZE_MAX || (last && !the->defines);
            if (decides && rule_matches(match, rule, file))
                found = rule;
        } else if (the->statuses & file->status && !arc_match_has(match->ids, rule)) {
            if (!last)
                return SIZE_MAX;
            found = SIZE_MAX;
        }
    }

    return found;
}

static bool is_covered(const struct arc_match *match, const char *path, size_t len)
{
    size_t covered = match->covered.len;
    return covered && len >= covered && memcmp(path, match->covered.data, covered) == 0;
}

/* Keeps only rules of the requested filters; returns whether any are left. */
static bool keep_asked(const struct arc_match *match, uint64_t *ids)
{
    uint64_t any = 0;
    for (size_t i = 0; i < match->words; i++)
        any |= ids[i] &= match->asked[i];
    return any != 0;
}

/* Fills `ids` with the rules that match. In filters, as in paths-filter, "**" does not match line
 * breaks. A service's directory includes every name, so such a path is also tried without them. */
static bool find_rules(struct arc_match *match, const char *path, size_t len)
{
    bool broken = arc_glob_line_break(path, len);
    match->has_break |= broken;

    if (is_covered(match, path, len) && !broken) {
        memcpy(match->ids, match->all, match->words * sizeof *match->ids);
        return true;
    }

    bool any = match->matcher && arc_glob_matcher_match(match->matcher, path, len, match->ids);
    if (!broken || !match->matcher || !match->out->filters->from_config)
        return any;

    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = len + 1};
    memcpy(match->all, match->ids, match->words * sizeof *match->ids);
    match->covered.len = 0; /* `all` was overwritten */
    for (size_t i = 0; i < len; i++)
        arc_buf_putc(&plain,
                     strchr("\n\r", path[i]) || (unsigned char)path[i] >= 0x80 ? '_' : path[i]);

    if (plain.failed)
        return any;
    any |= arc_glob_matcher_match(match->matcher, plain.data, len, match->ids);
    for (size_t i = 0; i < match->words; i++)
        match->ids[i] |= match->all[i];

    return any;
}

int arc_match_path(struct arc_match *match, const struct arc_changed_file *file)
{
    bool any = find_rules(match, file->path, file->len);

    if (any && match->only)
        any = keep_asked(match, match->ids);
    match->kept = 0;
    if (!any && !match->wants_all)
        return ARC_OK;
    if (match->quantifier == ARC_QUANTIFIER_SOME)
        return match_some(match, file);

    const struct arc_filters *filters = match->out->filters;
    for (size_t i = 0; i < filters->count; i++) {
        if ((match->only && !match->only[i]) || (match->once && match->out->results[i].matched))
            continue;
        size_t rule = decide(match, &filters->items[i], file);
        if (rule != SIZE_MAX)
            ARC_TRY(hit(match, i, rule, file));
    }

    return ARC_OK;
}

/* Whether a filter can match below a directory, given the rules that can. A rule with `!` that
 * cannot match there excludes everything. */
static bool is_viable(const struct arc_match *match, const struct arc_filter *filter)
{
    const enum arc_quantifier how = match->quantifier;
    bool any = how == ARC_QUANTIFIER_EVERY;

    for (size_t rule = filter->first + filter->count; rule-- > filter->first;) {
        const struct arc_rule *the = &match->out->filters->rules[rule];
        bool can = arc_match_has(match->ids, rule);
        if (how == ARC_QUANTIFIER_EVERY && !can)
            return false;
        bool leaves_out = the->negated && how != ARC_QUANTIFIER_SOME;
        if (leaves_out && !can && the->statuses == ARC_STATUS_ANY)
            return any && how == ARC_QUANTIFIER_LAST;
        any |= can && !leaves_out;
    }

    return any;
}

bool arc_match_below(struct arc_match *match, const char *directory, size_t len)
{
    const struct arc_filters *filters = match->out->filters;

    bool broken = arc_glob_line_break(directory, len);
    match->has_break |= broken;

    /* Records patterns that name a directory, which are likely mistakes. */
    if (match->matches_names)
        arc_glob_matcher_match(match->matcher, directory, len - 1, match->ids);
    arc_each (literal, match->literals, match->literal_count) {
        if (!literal->pattern)
            literal->is_directory |= arc_match_has(match->ids, literal->rule);
        else if (literal->len == len - 1 && memcmp(literal->pattern, directory, len - 1) == 0)
            literal->is_directory = true;
    }

    if (match->wants_all || is_covered(match, directory, len) || (filters->from_config && broken))
        return true;

    match->covered.len = 0;

    if (!match->matcher ||
        !arc_glob_matcher_below(match->matcher, directory, len - 1, match->ids, match->all))
        return false;

    if (match->only) {
        keep_asked(match, match->all);
        if (!keep_asked(match, match->ids))
            return false;
    }

    if (memcmp(match->ids, match->all, match->words * sizeof *match->ids) == 0)
        arc_buf_add(&match->covered, directory, len); /* without memory: only slower */
    if (match->quantifier == ARC_QUANTIFIER_SOME)
        return true;

    for (size_t i = 0; i < filters->count; i++)
        if ((!match->only || match->only[i]) && is_viable(match, &filters->items[i]))
            return true;

    return false;
}

int arc_match_unseen(struct arc_match *match, const char *path, size_t len, const char *why,
                     struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;
    match->covered.len = 0; /* `all` and `ids` were overwritten */

    if (!match->matcher ||
        !arc_glob_matcher_below(match->matcher, path, len, match->ids, match->all))
        return ARC_OK;

    for (size_t i = 0; i < filters->count; i++) {
        const struct arc_filter *filter = &filters->items[i];
        struct arc_filter_result *result = &match->out->results[i];
        bool asked = !match->only || match->only[i], any = false;
        if (result->matched || !asked || !is_viable(match, filter))
            continue;
        for (size_t rule = filter->first; !any && rule < filter->first + filter->count; rule++) {
            const struct arc_rule *the = &filters->rules[rule];
            any = arc_match_has(match->ids, rule) &&
                  (!the->negated || match->quantifier == ARC_QUANTIFIER_SOME) &&
                  (!the->inputs || arc_inputs_below(the->inputs, path, len));
        }
        result->matched = any;
        if (any && why)
            ARC_TRY(arc_match_mark(result, err, "%s", why));
    }

    return ARC_OK;
}

int arc_match_mark(struct arc_filter_result *result, struct arc_error *err, const char *format, ...)
{
    ARC_AUTO_FREE char *text = NULL, *before = arc_steal(&result->reason);
    ARC_WITH_ARGS(format, text = arc_warn_text(format, args));
    ARC_TRY_ALLOC(text, err);
    result->matched = true;
    return arc_text_print(&result->reason, err, "%s%s%s", before ? before : "", before ? "; " : "",
                          text);
}

int arc_match_start(struct arc_match *match, struct arc_changes *out,
                    enum arc_quantifier quantifier, bool count_only, struct arc_error *err)
{
    static const char special[] = "*?[]{}()!+@|\\$^\"", any[] = "*?[]!+\\$^\"";
    const struct arc_filters *filters = out->filters;

    *match = (struct arc_match){.out = out, .quantifier = quantifier, .count_only = count_only};
    for (size_t i = 0; i < filters->count; i++)
        match->wants_all |= quantifier == ARC_QUANTIFIER_EVERY && !filters->items[i].count;
    match->words = filters->rule_count / 64 + 1; /* rules without patterns are not in the set */
    match->ids = arc_arena_array(&out->memory, match->words, sizeof *match->ids);
    match->all = arc_arena_array(&out->memory, match->words, sizeof *match->all);
    match->asked = arc_arena_array(&out->memory, match->words, sizeof *match->asked);
    out->results = arc_arena_array(&out->memory, filters->count, sizeof *out->results);
    ARC_TRY_ALLOC(match->ids && match->all && match->asked && out->results, err);

    for (size_t i = 0; i < filters->rule_count; i++) {
        const struct arc_rule *rule = &filters->rules[i];
        const char *pattern = rule->pattern_count == 1 ? rule->patterns[0] : "*";
        pattern = arc_or(arc_text_after(pattern, "./"), pattern);
        const char *name = arc_path_name(pattern);
        bool is_plain = !strpbrk(pattern, special);
        if (strpbrk(name, any) || (!is_plain && (*pattern == '!' || strchr(name, '.'))))
            continue; /* few directories contain a dot */
        match->matches_names |= !is_plain;
        ARC_APPEND(&out->memory, match->literals, match->literal_count, err,
                   (struct arc_literal){is_plain ? pattern : NULL, strlen(pattern), i, false});
    }

    return filters->globs ? arc_glob_matcher_new(filters->globs, &match->matcher, err) : ARC_OK;
}

bool arc_match_is_below(const struct arc_match *match, const char **path, size_t *len)
{
    return arc_path_enter(arc_or(match->relative, ""), path, len);
}

void arc_match_only(struct arc_match *match, const bool *only)
{
    const struct arc_filters *filters = match->out->filters;
    match->only = only;
    match->covered.len = 0;
    memset(match->asked, 0, match->words * sizeof *match->asked);
    for (size_t i = 0; only && i < filters->rule_count; i++)
        if (only[filters->rules[i].filter])
            match->asked[i / 64] |= (uint64_t)1 << i % 64;
}

void arc_match_free(struct arc_match *match)
{
    arc_glob_matcher_free(&match->matcher);
    arc_buf_free(&match->covered);
    *match = (struct arc_match){0};
}

void arc_changes_free(struct arc_changes *changes)
{
    size_t count = changes->results ? changes->filters->count : 0;
    for (size_t i = 0; i < count; i++)
        free(changes->results[i].reason);

    arc_arena_free(&changes->memory);
    free(changes->event);
    free(changes->base_reason);
    free(changes->head_reason);
    json_decref(changes->warnings);
    *changes = (struct arc_changes){0};
}
