/* The commits for a template: sorted by kind, without reverted ones, with links. */
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "git/message.h"
#include "notes/values.h"
#include <inttypes.h>

/* ---- links ---------------------------------------------------------------------------------- */

/* What stands in front of names in links below a repository's page. "#12" is a pull request at
 * GitHub alone: the last row, for GitHub and all that is like it. */
static const struct pages {
    const char *where; /* a part of the repository's page */
    const char *commit, *issue, *pull, *history, *compare, *between;
    bool newest_first; /* in a comparison */
} hosts[] = {
    {"://gitlab.", "-/commit/", "-/issues/", "-/issues/", "-/commits/", "-/compare/", "...", false},
    {"://bitbucket.org/", "commits/", "issues/", "issues/", "commits/tag/", "branches/compare/",
     "%0D", true},
    {"/_git/", "commit/", "../../_workitems/edit/", "../../_workitems/edit/",
     "?_a=history&version=GT", "branchCompare?baseVersion=GT", "&targetVersion=GT", false},
    {"", "commit/", "issues/", "pull/", "commits/", "compare/", "...", false}};

static const struct pages *find_pages(const struct arc_plan *plan)
{
    const struct pages *pages = hosts;
    while (!strstr(arc_or(plan->source, ""), pages->where))
        pages++;
    return pages;
}

/* The template percent-encodes a URL, but cannot know that a '?' or '#' in a tag belongs to the
 * path. */
static void add_part(struct arc_buf *url, const char *name)
{
    for (; *name; name++)
        arc_buf_printf(url, strchr("?#%&", *name) ? "%%%02X" : "%c", (unsigned char)*name);
}

/* Returns a link below the repository's page, or null without a page. */
static json_t *link_to(const struct arc_plan *plan, const char *kind, const char *name)
{
    ARC_AUTO(arc_buf) struct arc_buf url = {0};

    if (!plan->source || !*plan->source)
        return json_null();
    arc_buf_printf(&url, "%s/%s", plan->source, kind);
    add_part(&url, name);

    return arc_json_buf(&url);
}

static json_t *link_to_number(const struct arc_plan *plan, const char *kind, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    return link_to(plan, kind, digits);
}

json_t *notes_compare_url(const struct arc_plan *plan)
{
    const struct pages *pages = find_pages(plan);
    const char *from = plan->version->previous_tag, *to = plan->tag;
    ARC_AUTO(arc_buf) struct arc_buf url = {0};

    if (!from || !plan->source || !*plan->source)
        return link_to(plan, pages->history, plan->tag);
    arc_buf_printf(&url, "%s/%s", plan->source, pages->compare);
    add_part(&url, pages->newest_first ? to : from);
    arc_buf_puts(&url, pages->between);
    add_part(&url, pages->newest_first ? from : to);

    return arc_json_buf(&url);
}

/* ---- references ----------------------------------------------------------------------------- */

/* Returns the length of a prefix that names the plan's repository before "#12" or "/12"; 0 if there
 * is none. */
static size_t skip_own_name(const struct arc_plan *plan, const char *text)
{
    static const char *const pages[] = {"/issues/", "/pull/"};
    const char *source = plan->source;
    size_t len = strlen(source);
    const char *name = arc_url_path(source);

    for (size_t i = 0; i < 2; i++)
        if (strncasecmp(text, source, len) == 0 &&
            strncmp(text + len, pages[i], strlen(pages[i])) == 0)
            return len + strlen(pages[i]);

    if (strncasecmp(text, "GH-", 3) == 0)
        return 3;
    if (*text == '#')
        return 1;
    len = name ? strlen(name) : 0;
    return len && strncasecmp(text, name, len) == 0 && text[len] == '#' ? len + 1 : 0;
}

/* Returns the length of the reference to an issue or pull request of this repository that the text
 * starts with ("#12", "GH-12", "owner/name#12" or its URL); 0 if there is none. */
static size_t read_reference(const struct arc_plan *plan, const char *text, int64_t *number)
{
    size_t prefix = skip_own_name(plan, text);
    size_t digits = prefix ? strspn(text + prefix, "0123456789") : 0;

    if (!digits || digits > 9 || text[prefix] == '0')
        return 0;

    char next = text[prefix + digits];
    if (arc_is_word(next) || next == '/' || next == '#')
        return 0;
    *number = strtoll(text + prefix, NULL, 10);
    return prefix + digits;
}

/* Adds the text between references, with spaces at its ends, which markdown text would lose. */
static void add_between(struct arc_buf *out, const char *text, size_t len)
{
    if (len && text[0] == ' ' && out->len)
        arc_buf_putc(out, ' ');
    arc_markdown_text(out, text, len);
    if (len > 1 && text[len - 1] == ' ')
        arc_buf_putc(out, ' ');
}

/* Returns a subject as markdown with links for references to this repository. */
static json_t *linked_subject(const struct arc_plan *plan, const char *subject)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    const char *start = subject, *at = subject;

    while (plan->source && *plan->source && *at) {
        int64_t number = 0;
        bool begins = at == subject || (!arc_is_word(at[-1]) && !strchr("/#&-.@!", at[-1]));
        size_t len = begins ? read_reference(plan, at, &number) : 0;
        if (!len) {
            at++;
            continue;
        }
        ARC_AUTO_JSON json_t *url = link_to_number(plan, find_pages(plan)->issue, number);
        const char *page = url ? json_string_value(url) : "";
        add_between(&out, start, (size_t)(at - start));
        arc_buf_putc(&out, '[');
        arc_markdown_text(&out, at, len);
        arc_buf_puts(&out, "](");
        arc_markdown_url(&out, page, strlen(page));
        arc_buf_putc(&out, ')');
        start = at += len;
    }

    add_between(&out, start, strlen(start));

    return json_pack("{s:o}", "markdown", arc_json_buf(&out));
}

/* ---- kinds of changes ----------------------------------------------------------------------- */

/* Types without a section, and subjects that are not Conventional Commits, go to the last
 * section. */
static const struct {
    const char *title;
    const char *types[3];
} sections[] = {{"Breaking changes", {NULL}},     {"Features", {"feat", "feature", NULL}},
                {"Fixes", {"fix", NULL}},         {"Performance", {"perf", NULL}},
                {"Security", {"security", NULL}}, {"Other changes", {NULL}}};

/* Returns the index of a commit's section; sets *conventional if the commit has a type. */
static size_t find_section(const char *subject, const char *body, bool *conventional)
{
    struct arc_message_type type = arc_message_type(subject);
    *conventional |= type.len > 0;
    if (arc_message_is_breaking(subject, body))
        return 0;

    for (size_t i = 1; type.len && i < ARC_COUNT(sections); i++)
        if (arc_message_type_is(&type, sections[i].types))
            return i;

    return ARC_COUNT(sections) - 1;
}

/* Returns the index of the first section that one of the commits listed in a squashed pull
 * request's body belongs to. */
static size_t find_listed(const struct arc_notes_commit *commit, bool *conventional)
{
    struct arc_message_lines list;
    size_t section = ARC_COUNT(sections) - 1;

    arc_message_list(commit->message, commit->body, &list);
    for (const char *item; (item = arc_message_next_listed(&list));)
        section = ARC_MIN(find_section(item, "", conventional), section);

    return section;
}

#define SUBJECT_MAX  250
#define BREAKING_MAX 1000

/* Returns at most `max` characters of a text. */
static json_t *cut_text(const char *text, size_t len, size_t max)
{
    size_t at = arc_text_cut(text, len, max);
    return at < len ? json_sprintf("%.*s…", (int)at, text) : json_stringn(text, len);
}

static json_t *commit_values(const struct arc_plan *plan, const struct arc_notes_commit *commit,
                             bool all, bool *conventional)
{
    const char *subject = arc_text_or(commit->subject, "(no message)");
    size_t section = find_section(subject, commit->body, conventional);
    ARC_AUTO(arc_buf) struct arc_buf breaks = {0};
    json_t *pull = json_null(), *breaking = json_null();

    if (section == ARC_COUNT(sections) - 1) /* the title may lack the type that the commit has */
        section = find_section(commit->message, commit->body, conventional);
    size_t listed = find_listed(commit, conventional); /* breaks and features decide the version */
    if (listed < 2 || section == ARC_COUNT(sections) - 1)
        section = ARC_MIN(listed, section);
    ARC_AUTO_JSON json_t *shown = cut_text(subject, strlen(subject), SUBJECT_MAX);
    arc_message_add_breaks(commit->body, &breaks);
    if (!shown || breaks.failed)
        return NULL;

    if (!all && breaks.len) { /* as one line of markdown */
        ARC_AUTO_JSON json_t *cut = cut_text(arc_buf_text(&breaks), breaks.len, BREAKING_MAX);
        ARC_AUTO_FREE char *line = cut ? strdup(json_string_value(cut)) : NULL;
        for (size_t at = 0; line && line[at += strcspn(line + at, "\n")];)
            line[at] = ' ';
        breaking = line ? linked_subject(plan, line) : NULL;
    }

    if (commit->pull && plan->source)
        pull = json_pack("{s:I, s:o}", "number", (json_int_t)commit->pull, "url",
                         link_to_number(plan, find_pages(plan)->pull, commit->pull));

    /* clang-format off */
    return json_pack("{s:s, s:o, s:O, s:o, s:o, s:s, s:s, s:o, s:o, s:I}",
                     "hash", commit->hash,
                     "short", json_stringn(commit->hash, strnlen(commit->hash, 7)),
                     "subject", shown,
                     "linked-subject", linked_subject(plan, json_string_value(shown)),
                     "breaking", breaking,
                     "author", commit->author,
                     "date", commit->date,
                     "url", link_to(plan, find_pages(plan)->commit, commit->hash),
                     "pull", pull,
                     "section", (json_int_t)section);
    /* clang-format on */
}

/* ---- all of them ---------------------------------------------------------------------------- */

json_t *notes_commits(const struct arc_notes_options *options, bool *sorted)
{
    const struct arc_notes_log *log = options->log;
    json_t *commits = json_array();
    bool conventional = false;

    if (!log)
        return commits;

    ARC_AUTO_FREE struct arc_message_commit *all = calloc(log->count + 1, sizeof *all);
    const struct arc_message_reverts reverts = {.commits = all, .count = log->count};
    bool failed = !all;

    for (size_t i = 0; !failed && i < log->count; i++) {
        const struct arc_notes_commit *one = &log->commits[i];
        all[i] = (struct arc_message_commit){.hash = one->hash,
                                             .subject = one->message,
                                             .pull = one->pull,
                                             .takes_back =
                                                 arc_message_takes_back(one->message, one->body)};
    }
    failed = failed || (!log->all && arc_message_cancel(&reverts, NULL));

    for (size_t i = 0; !failed && i < log->count; i++)
        if (!all[i].undone)
            arc_json_push(&commits,
                          commit_values(options->plan, &log->commits[i], log->all, &conventional));
    *sorted = conventional && !log->all;

    if (failed)
        json_decref(arc_steal(&commits));
    return commits;
}

json_t *arc_notes_sections(const json_t *commits, bool sorted)
{
    json_t *list = json_array();

    for (size_t s = 0; s < (sorted ? ARC_COUNT(sections) : 1); s++) {
        json_t *own = json_array();
        arc_json_each (commit, commits)
            if (!sorted || arc_json_number_of(commit, "section") == (json_int_t)s)
                arc_json_push(&own, json_incref(commit));
        if (!own || json_array_size(own))
            arc_json_push(&list, json_pack("{s:s?, s:o}", "title",
                                           sorted ? sections[s].title : NULL, "commits", own));
        else
            json_decref(own);
    }

    return list;
}
