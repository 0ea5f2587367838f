#include "changes/warn.h"
#include "arcci/glob.h"
#include "base/text.h"
#include "base/warn.h"
#include "git/diff.h"
#include <ctype.h>

__attribute__((format(printf, 4, 5))) static int
warn(struct arc_match *match, size_t rule, struct arc_error *err, const char *format, ...)
{
    const struct arc_filters *filters = match->out->filters;
    const struct arc_rule *the = &filters->rules[rule];
    const struct arc_filter *filter = &filters->items[the->filter];
    ARC_AUTO(arc_buf) struct arc_buf place = {0}, patterns = {0}, what = {0};

    arc_place_show(&place, &(struct arc_place){filter->source, the->line, the->column});
    for (size_t i = 0; i < the->pattern_count; i++)
        arc_text_item(&patterns, "', '", "%s", the->patterns[i]);
    ARC_WITH_ARGS(format, arc_buf_vprintf(&what, format, args));
    ARC_TRY(arc_buf_check(&what, "a warning", err));

    return arc_warn(&match->out->warnings, err, "%s: filter '%s': '%s' %s", arc_buf_text(&place),
                    filter->name, arc_buf_text(&patterns), what.data);
}

#define NEVER                                                                                      \
    "can match no path: paths have no slash at their beginning or end, and no segment that is "    \
    "empty, '.' or '..'"

/* Whether there is a segment, outside of groups, that no path can have. */
static bool has_odd_segment(const char *pattern)
{
    const char *start = pattern;
    int depth = 0;

    for (const char *c = pattern;; c++) {
        c += strcspn(c, "/\\[{(]})");
        if ((*c == '/' && !depth) || !*c) {
            size_t len = (size_t)(c - start);
            if (len <= 2 && memcmp(start, "..", len) == 0)
                return true;
            start = c + 1;
        }
        if (!*c)
            return false;
        if (*c == '\\')
            c += c[1] != '\0';
        else if (strchr("[{(", *c))
            depth++;
        else if (strchr("]})", *c) && depth)
            depth--;
    }
}

/* Whether white space, or a comma outside of groups, separates what looks like two patterns, that
 * is, follows a star, a group, a comma or a file extension. Names may contain them too. */
static bool is_list(const char *pattern)
{
    const char *slash = NULL, *dot = pattern; /* before the word, and the last one */
    const char *last = strrchr(pattern, '/');
    int depth = 0;

    for (const char *c = pattern; *c; c++) {
        if (arc_is_alnum(*c)) /* nearly all patterns */
            continue;
        depth += strchr("[{(", *c) != NULL;
        depth -= strchr("]})", *c) != NULL;
        slash = *c == '/' ? c : slash;
        dot = *c == '.' ? c : dot;
        size_t space = arc_text_space(c, strnlen(c, 3));
        size_t between = space ? space : (depth <= 0 && strchr(",;", *c));
        bool splits = between && c > pattern && c[between];
        if (splits && (strchr("*}])", c[-1]) || (space && strchr(",;/", c[-1]))))
            return true;
        if (splits && slash && dot > slash && last > c) /* behind a file extension */
            return true;
        slash = space ? NULL : slash;
    }

    return false;
}

static bool has_separator_of_windows(const char *pattern)
{
    for (const char *c = pattern; *c; c++)
        if (*c == '\\' && *++c && (arc_is_alnum(*c) || strchr("_.-", *c) || ARC_STARTS(c, "**")))
            return true;
    return false;
}

/* Whether parentheses enclose a single name, or are dots before one, as in names of directories;
 * alternatives, extended globs and regular expressions contain more. */
static bool has_bare_parentheses(const char *pattern)
{
    for (const char *c = pattern; (c = strpbrk(c, "\\("));) {
        const char *end = c + strcspn(c + 1, "|()") + 1;
        bool bare = *c == '(' && (c == pattern || c[-1] == '/') && c[1] != '?' && *end == ')';
        bool dots = bare && c[1] == '.' && strspn(c + 1, ".") == (size_t)(end - c) - 1;
        if (bare && (!end[1] || end[1] == '/' || (dots && arc_is_alnum(end[1]))))
            return true;
        c += *c == '\\' && c[1] ? 2 : 1;
    }
    return false;
}

/* Whether "**" is next to other characters in a component: GitHub's own filters cross slashes
 * there. Ours do only after another "**", before nothing but extensions, and without `!`. */
static bool has_stars_in_name(const char *pattern, bool negated)
{
    for (const char *c = pattern; (c = strstr(c, "**"));) {
        const char *end = c + strspn(c, "*");
        bool first = c == pattern;
        bool any =
            first ? !negated && end - c == 2 && *end == '.' && !end[strspn(end, ARC_ALNUM "_.")]
                  : c - pattern > 2 && memcmp(c - 3, "**/", 3) == 0;
        bool starts = any || first || strchr("/{(,|\\", c[-1]);
        bool ends = any || !*end || strchr("/}),|", *end);
        if (!starts || !ends)
            return true;
        c = end;
    }

    return false;
}

/* Whether it looks like another tool's pattern: an anchor, or a repeated dot. */
static bool is_regular_expression(const char *pattern)
{
    size_t len = strlen(pattern);
    const char *repeated = strstr(pattern, ".+");
    return *pattern == '^' || (len && pattern[len - 1] == '$') || strstr(pattern, ".*\\.") ||
           (repeated && repeated[2] != '(');
}

/* Whether braces enclose a single item; `{{x}}` is a name in project templates. */
static bool has_braces_of_one(const char *pattern)
{
    for (const char *c = pattern; (c = strpbrk(c, "\\{"));) {
        const char *end = c + 1 + strcspn(c + 1, "{}");
        const char *range = strstr(c, "..");
        bool bare = *c == '{' && *end == '}' && (c == pattern || c[-1] != '{');
        if (bare && !memchr(c, ',', (size_t)(end - c)) && !(range && range < end))
            return true;
        c += *c == '\\' && c[1] ? 2 : 1;
    }
    return false;
}

/* A prefix of the pattern with a meaning elsewhere; NULL: none. */
static const char *doubt_of_start(const char *pattern)
{
    if (pattern[strcspn(pattern, ":/[({*")] == ':')
        return "has a ':', which is part of a name: a status has white space behind its colon "
               "('added: src/"
               "**'), and all patterns are globs";
    if (*pattern == '#' || ARC_STARTS(pattern, "- "))
        return "starts with a mark of YAML, which is part of a name here";
    if (ARC_STARTS(pattern, "~/") ||
        (*pattern == '$' && (pattern[1] == '{' || isupper((unsigned char)pattern[1]))))
        return "starts with what a shell expands: paths begin at the top of the repository";
    return NULL;
}

/* What a pattern (without its `!`) looks like but does not do; NULL: nothing. */
static const char *doubt_of(const char *pattern, bool negated)
{
    /* Separators, or the first byte of white space beyond ASCII; few patterns have any. */
    static const char separators[] = " \t\n\v\f\r,;\\\xc2\xe1\xe2\xe3\xef";
    size_t len = strlen(pattern), trimmed = len;
    const char *text = pattern;
    bool separates = strpbrk(pattern, separators) != NULL;

    if (separates)
        arc_text_trim(&text, &trimmed);
    if (separates && (strpbrk(pattern, "\r\n") || is_list(pattern)))
        return "is one pattern, and looks like several: write them as a YAML list, an item each";
    if (trimmed != len)
        return "has white space at its beginning or end, which counts as part of it";
    if (len > 1 && strchr("'\"`", *pattern) && pattern[len - 1] == *pattern)
        return "has quotes around it, which are part of a name here: YAML took its own away";
    if (has_odd_segment(arc_or(arc_text_after(pattern, "./"), pattern)))
        return NEVER;
    if (has_stars_in_name(pattern, negated))
        return "has '**' within a name, where it crosses no '/', as one '*': write '**/'";
    if (strstr(pattern, "${{"))
        return "holds an expression, which only the workflow's own file expands";

    const char *start = doubt_of_start(pattern);
    if (start)
        return start;
    if (is_regular_expression(pattern))
        return "looks like a regular expression, and is a glob: '^src/.*\\.go$' is 'src/**/*.go'";
    if (has_braces_of_one(pattern))
        return "has braces around one thing, which are then part of a name: alternatives are '{a,b}'";
    if (strstr(pattern, "[!"))
        return "has '[!', which matches '!' or a character after it: write '[^' for any other "
               "character";

    const char *dots = strstr(pattern, "[...");
    if (dots && (dots == pattern || dots[-1] != '\\'))
        return "has '[...', which matches one of the characters in the brackets: where it is part "
               "of a name write '\\['";

    if (has_bare_parentheses(pattern))
        return "has parentheses, which only group: where they are part of a name write '\\(' and "
               "'\\)'";

    if (separates && has_separator_of_windows(pattern))
        return "has a backslash, which takes the meaning of what follows: directories are "
               "separated by '/'";

    return NULL;
}

/* What one of a rule's patterns does not do; *doubt stays NULL for nothing, and may point into
 * `text`. */
static int doubt_patterns(const struct arc_match *match, const struct arc_rule *rule,
                          struct arc_buf *text, const char **doubt, struct arc_error *err)
{
    size_t relative = match->relative ? strlen(match->relative) : 0;

    for (size_t i = 0; !*doubt && i < rule->pattern_count; i++) {
        const char *pattern = rule->patterns[i], *bare = pattern + strspn(pattern, "!");
        bool is_group = bare > pattern && *bare == '('; /* its mark is no negation */
        *doubt = doubt_of(bare - is_group, bare - pattern > is_group);

        /* What makes its regular expression invalid; most patterns need no check. */
        ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
        int depth = 0;
        for (const char *c = pattern; *c; c++)
            depth += (*c == '{') - (*c == '}');
        if (!*doubt && (depth || strpbrk(pattern, "()[]\\?+")))
            ARC_TRY(arc_glob_compile(pattern, strlen(pattern), &glob, err));

        if (glob && arc_glob_defect(glob)) {
            arc_buf_printf(text,
                           "matches only a path equal to it: as a regular expression it has %s",
                           arc_glob_defect(glob));
            ARC_TRY(arc_buf_check(text, "a warning", err));
            *doubt = text->data;
        }

        if (!*doubt && rule->pattern_count > 1 && bare - pattern > is_group)
            *doubt = "has one with '!' among patterns of which any may match, so every path but "
                     "those matches: to leave paths out, give the '!' a rule of its own";
        if (!*doubt && relative && strncmp(bare, match->relative, relative) == 0 &&
            bare[relative] == '/')
            *doubt = "starts with the directory of --relative-to, to which it is relative already";
    }

    return ARC_OK;
}

static int warn_of_rule(struct arc_match *match, size_t index, struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;
    const struct arc_rule *rule = &filters->rules[index];
    const struct arc_filter *filter = &filters->items[rule->filter];
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    const char *doubt = NULL;

    /* Warns about statuses that cannot occur: renames and copies are not detected, and commits have
     * no conflicts. */
    unsigned rare = ARC_STATUS_COPIED | ARC_STATUS_UNMERGED | ARC_STATUS_RENAMED;
    bool looks = match->renames && rule->statuses & ARC_STATUS_RENAMED;
    if (rule->statuses && !(rule->statuses & ~rare) && !looks)
        doubt = "never matches: renames and copies are not looked for (a renamed file is one "
                "deleted and one added), and git reports no file as unmerged";

    ARC_TRY(doubt_patterns(match, rule, &text, &doubt, err));
    if (doubt)
        return warn(match, index, err, "%s", doubt);
    if (rule->pattern_count && !arc_match_has(match->ids, index))
        return warn(match, index, err, NEVER);

    if (rule->negated && match->quantifier == ARC_QUANTIFIER_SOME)
        return warn(match, index, err,
                    "matches every path but those: to leave paths out, use predicate-quantifier "
                    "some-with-excludes (or last-match, or every)");

    bool alone = index == filter->first && match->quantifier != ARC_QUANTIFIER_EVERY;
    for (size_t i = 0; alone && i < filter->count; i++)
        alone = filters->rules[filter->first + i].negated;
    if (alone)
        return warn(match, index, err,
                    "only leaves paths out, as every rule of the filter does: it never matches; "
                    "add '**'");

    return ARC_OK;
}

int arc_warn_of_rules(struct arc_match *match, struct arc_error *err)
{
    if (match->matcher)
        arc_glob_matcher_below(match->matcher, "", 0, match->ids, NULL);
    for (size_t i = 0; i < match->out->filters->rule_count; i++)
        ARC_TRY(warn_of_rule(match, i, err));
    return ARC_OK;
}

/* Whether a pattern matches paths inside `path`: its segments match those of `path` one by one, and
 * it has more. */
static bool is_about_inside(const char *pattern, const char *path)
{
    pattern = arc_or(arc_text_after(pattern, "./"), pattern);

    for (;;) {
        ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
        size_t len = strcspn(pattern, "/"), own = strcspn(path, "/");
        const char *stars = strstr(pattern, "**");
        if (!len || !pattern[len] || (stars && stars < pattern + len))
            return false;
        if (arc_glob_compile(pattern, len, &glob, NULL) || !arc_glob_match(glob, path, own))
            return false;
        if (!path[own])
            return true;
        pattern += len + 1;
        path += own + 1;
    }
}

int arc_warn_of_submodule(struct arc_match *match, const char *path, struct arc_error *err)
{
    const struct arc_filters *filters = match->out->filters;

    if (!match->matcher)
        return ARC_OK;
    arc_glob_matcher_match(match->matcher, path, strlen(path), match->ids);

    for (size_t i = 0; i < filters->rule_count; i++) {
        const struct arc_rule *rule = &filters->rules[i];
        for (size_t p = 0; !arc_match_has(match->ids, i) && p < rule->pattern_count; p++) {
            if (!is_about_inside(rule->patterns[p], path))
                continue;
            ARC_TRY(warn(match, i, err,
                         "is about paths inside the submodule '%s', which changed and is one path: "
                         "'submodules: true' looks inside",
                         path));
            break;
        }
    }

    return ARC_OK;
}

static bool has_directory(const struct arc_git *git, const struct arc_oid *commit, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf file = {0};
    struct arc_oid found;
    return *commit->hex && arc_git_entry(git, commit, path, &found) == ARC_OK &&
           arc_git_blob(git, commit, path, 0, &file, NULL) == ARC_ENOTFOUND;
}

/* The rules that matched some path of the commit. */
struct tracked {
    struct arc_match *match;
    uint64_t *seen;
};

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct tracked *tracked = context;
    (void)status;
    if (arc_match_is_below(tracked->match, &path, &len) &&
        arc_glob_matcher_match(tracked->match->matcher, path, len, tracked->match->ids))
        for (size_t i = 0; i < tracked->match->words; i++)
            tracked->seen[i] |= tracked->match->ids[i];
    return ARC_OK;
}

int arc_warn_of_result(struct arc_match *match, const struct arc_changes_options *options,
                       const struct arc_git *git, const struct arc_oid *base,
                       const struct arc_oid *head, struct arc_error *err)
{
    json_t **warnings = &match->out->warnings;
    const char *relative = options->submodules ? NULL : match->relative;

    arc_each (literal, match->literals, match->literal_count)
        if (literal->is_directory)
            ARC_TRY(warn(match, literal->rule, err,
                         "names a directory in which something changed, and matches only a file "
                         "of that name: to match what is in it, add '/"
                         "**'"));

    if (match->has_break && !match->out->filters->from_config)
        ARC_TRY(arc_warn(warnings, err,
                         "the name of a changed file holds a line break, which '**' does not "
                         "match, as in paths-filter: '*' does"));
    if (!*head->hex)
        return ARC_OK;

    if (relative && !has_directory(git, head, relative) && !has_directory(git, base, relative))
        ARC_TRY(arc_warn(warnings, err, "--relative-to: neither base nor head has a directory '%s'",
                         relative));

    if (!options->explain || !git || !match->matcher || options->submodules)
        return ARC_OK; /* files of submodules are not in the head's tree */
    const struct arc_filters *filters = match->out->filters;
    ARC_AUTO_FREE uint64_t *seen = calloc(match->words, sizeof *seen);
    struct tracked tracked = {match, seen};
    const struct arc_git_diff diff = {.to = head, .each = on_path, .context = &tracked};

    ARC_TRY_ALLOC(seen, err);
    ARC_TRY(arc_git_diff(git, &diff, err));
    for (size_t i = 0; i < filters->rule_count; i++) {
        const struct arc_rule *rule = &filters->rules[i];
        if (rule->pattern_count && !rule->defines && !arc_match_has(seen, i)) /* not for a .env */
            ARC_TRY(warn(match, i, err, "matches no path of the head"));
    }

    return ARC_OK;
}
