#include "git/message.h"
#include "base/json.h"
#include "base/text.h"
#include <ctype.h>
#include <limits.h>

#define BREAKS_MAX 4096 /* in bytes: more than notes show */

/* The type at the start of a text. */
static struct arc_message_type read_type(const char *text)
{
    struct arc_message_type type = {.text = text, .len = strspn(text, ARC_ALNUM "-_")};
    const char *rest = text + type.len;

    /* the wrong place for '!', but what is meant is clear */
    type.bang = type.len && ARC_STARTS(rest, "!(");
    rest += type.bang;
    if (type.len && *rest == '(') {
        rest += strcspn(rest, ")\n");
        rest += *rest == ')';
    }
    type.bang |= *rest == '!';
    rest += *rest == '!';
    bool ends = rest[0] == ':' && (rest[1] == ' ' || !rest[1]);

    return ends ? type : (struct arc_message_type){.text = text};
}

/* The length of what may stand before a type: a word, with the spaces behind it, that is "[abc]",
 * ":sparkles:", "Merged PR 12:" (Azure DevOps), "Pull request #12:" (Bitbucket) or neither a plain
 * word nor with small letters, such as an emoji or "ABC-12"; "Merge pull request '" (Gitea), "Merge
 * \"" (Gerrit). 0: none. */
static size_t measure_prefix(const char *text)
{
    const char *title = arc_text_after(text, "Merge pull request '");
    title = arc_or(title, arc_text_after(text, "Merge \""));
    if (title)
        return (size_t)(title - text);

    const char *numbered = arc_text_after(text, "Merged PR ");
    numbered = arc_or(numbered, arc_text_after(text, "Pull request "));
    const char *word = arc_or(numbered, text);
    const char *end = word + strcspn(word, *word == '[' ? "]\n" : " \n(\"");
    bool named = *word == '[' || (*word == ':' && end - word > 2 && end[-1] == ':');
    bool small = false, plain = true;

    for (const char *c = word; c < end; c++) {
        small |= islower((unsigned char)*c);
        plain = plain && isupper((unsigned char)*c);
    }
    if ((small || plain) && !named)
        return 0;
    end += *end == ']';
    end += *word == '[' && *end == ':';

    return *end == ' ' ? (size_t)(end - text) + strspn(end, " ") : 0;
}

static const char *skip_prefixes(const char *subject)
{
    for (size_t prefix; (prefix = measure_prefix(subject));)
        subject += prefix;
    return subject;
}

struct arc_message_type arc_message_type(const char *subject)
{
    for (size_t prefix; (prefix = measure_prefix(subject)); subject += prefix) {
        struct arc_message_type type = read_type(subject);
        bool small = false; /* else it may be an issue, such as ABC-12 */
        for (size_t i = 0; i < type.len; i++)
            small |= islower((unsigned char)type.text[i]);
        if (type.len && (small || !isdigit((unsigned char)type.text[type.len - 1])))
            return type;
    }
    return read_type(subject);
}

bool arc_message_type_is(const struct arc_message_type *type, const char *const *words)
{
    for (; *words; words++)
        if (arc_text_is_caseless(type->text, type->len, *words))
            return true;
    return false;
}

/* The length of "BREAKING CHANGE:" or "BREAKING CHANGES:", perhaps in bold, at the start of a line
 * or a list's item; 0 for other lines. */
static size_t measure_break(const char *line)
{
    const char *words = line + strspn(line, " \t*-");
    const char *end = words + strlen("BREAKING CHANGE");
    if (!ARC_STARTS(words, "BREAKING CHANGE", "BREAKING-CHANGE"))
        return 0;
    end += *end == 'S';
    end += strspn(end, "*");
    if (*end++ != ':')
        return 0;
    end += strspn(end, "*");
    return *end ? (size_t)(end - line) : 0;
}

/* Whether the text of such a footer says that there is no break, as those of templates do: "None",
 * "n/a (compatible)". */
static bool denies(const char *text)
{
    static const char *const words[] = {"none", "n/a", "no", "no breaking changes"};

    text += strspn(text, " \t*");
    for (size_t i = 0; i < ARC_COUNT(words); i++) {
        const char *rest = text + strlen(words[i]);
        if (strncasecmp(text, words[i], strlen(words[i])) != 0)
            continue;
        bool more = i < 2 && ARC_STARTS(rest, ".", ",", ";", " (", " -");
        rest += strspn(rest, "*.");
        if (more || !*rest || *rest == '\n')
            return true;
    }

    return false;
}

/* Whether a line is a footer: "Token: value" or "Token #12", with a token of one word. */
static bool is_footer(const char *line)
{
    size_t len = strspn(line, ARC_ALNUM "-");
    return (len && ARC_STARTS(line + len, ": ", " #")) || measure_break(line);
}

static size_t count_in(const char *line, size_t len, const char *mark)
{
    size_t found = 0;
    for (const char *at = line; (at = memchr(at, *mark, len - (size_t)(at - line))); at++)
        found += strncmp(at, mark, strlen(mark)) == 0;
    return found;
}

/* Whether a quote that begins here also ends; otherwise it is not a quote. Once the end is not
 * found, later lines need no search. */
static bool is_closed(const char *behind, const char *mark, bool *never)
{
    *never = *never || !strstr(behind, mark);
    return !*never;
}

/* The number of marks in a line that is a fence: it closes the open one, or opens one that is
 * closed later. 0: not a fence. */
static size_t measure_fence(struct arc_message_lines *lines, const char *words, const char *end)
{
    bool tildes = *words == '~';
    size_t count = strspn(words, tildes ? "~" : "`");
    const char *behind = words + count;

    if (count < 3)
        return 0;
    if (lines->fenced) {
        bool ends = *words == lines->fence && count >= lines->fenced;
        return ends && behind + strspn(behind, " \t") == end ? count : 0;
    }

    if (memchr(behind, '`', (size_t)(end - behind)))
        return 0;
    if (tildes)
        return is_closed(end, "~~~", &lines->no_tildes) ? count : 0;
    return is_closed(end, "```", &lines->no_ticks) ? count : 0;
}

/* The next line that is not quoted; NULL: none. */
static const char *next_own(struct arc_message_lines *lines)
{
    while (lines->next) {
        const char *line = lines->next, *words = line + strspn(line, " \t");
        size_t len = strcspn(line, "\n");
        bool inside = lines->fenced || lines->details;
        bool comment = lines->comment || (!inside && ARC_STARTS(words, "<!--") &&
                                          is_closed(line, "-->", &lines->no_comment));
        size_t fence = lines->details || comment ? 0 : measure_fence(lines, words, line + len);
        bool opens = !lines->fenced && !comment && ARC_STARTS(words, "<details") &&
                     (lines->details || is_closed(line, "</details>", &lines->no_details));
        bool quoted = fence || lines->fenced || lines->details || opens || comment;

        lines->next = line[len] ? line + len + 1 : NULL;
        lines->comment = comment && !count_in(line, len, "-->");
        if (fence) {
            lines->fenced = lines->fenced ? 0 : fence;
            lines->fence = *words;
        }
        lines->details += opens ? count_in(line, len, "<details") : 0;
        if (lines->details)
            lines->details -= ARC_MIN(count_in(line, len, "</details>"), lines->details);
        if (!quoted)
            return line;
    }

    return NULL;
}

/* The text of the next BREAKING CHANGE footer; NULL: none. */
static const char *find_break(struct arc_message_lines *lines, size_t *len)
{
    for (const char *line; (line = next_own(lines));) {
        size_t prefix = measure_break(line);
        if (!prefix)
            continue;
        const char *text = line + prefix + strspn(line + prefix, " \n"), *end = text;
        if (memchr(line + prefix, '\n', (size_t)(text - line) - prefix) && is_footer(text))
            text = end = line + prefix; /* that is another footer, and this one has no text */
        if (denies(text))
            continue;
        do {
            end += strcspn(end, "\n");
        } while (*end && *++end != '\n' && *end && !is_footer(end));
        *len = arc_text_strip(text, (size_t)(end - text), " \n");
        return text;
    }

    return NULL;
}

void arc_message_add_breaks(const char *body, struct arc_buf *out)
{
    struct arc_message_lines lines = {.next = body};
    size_t len = 0;

    for (const char *at; (at = find_break(&lines, &len));) {
        if (!len || out->len >= BREAKS_MAX)
            continue;
        if (out->len && out->data[out->len - 1] != ' ')
            arc_buf_puts(out, "; ");
        arc_buf_add(out, at, ARC_MIN(len, BREAKS_MAX));
    }
}

bool arc_message_is_breaking(const char *subject, const char *body)
{
    struct arc_message_lines lines = {.next = body};
    size_t len;
    size_t prefix = measure_break(subject);
    bool says = prefix && !denies(subject + prefix);
    return says || arc_message_type(subject).bang || find_break(&lines, &len);
}

const char *arc_message_skips(const char *subject, const char *body)
{
    static const char *const marks[] = {"[skip ci]",        "[ci skip]",      "[no ci]",
                                        "[skip actions]",   "[actions skip]", "skip-checks:true",
                                        "skip-checks: true"};
    for (size_t i = 0; i < ARC_COUNT(marks); i++)
        if (strstr(subject, marks[i]) || strstr(body, marks[i]))
            return marks[i];
    return NULL;
}

#define ITEMS_MAX 100 /* of a list that are checked for reverts */

/* Whether a list reverts an item that it adds; git's lists are newest first. */
static bool is_listed_undone(const struct arc_message_lines *lines, const char *item)
{
    size_t len = strcspn(item, "\n");
    int left = 0;

    arc_each_piece (line, lines->list, "\n") {
        const char *said = arc_text_after(line.text, lines->mark), *rest = said;
        int effect = 1; /* the line adds or reapplies the item, or (-1) reverts it */

        for (const char *next = said; next;) {
            const char *back = arc_text_after(rest, "Revert \"");
            next = arc_or(back, arc_text_after(rest, "Reapply \""));
            rest = arc_or(next, rest);
            effect = back ? -effect : effect;
        }

        if (!said || strncmp(rest, item, len) != 0)
            continue;
        if (rest == said ? strchr("\n", rest[len]) != NULL : rest[len] == '"')
            left += effect;
    }

    return left <= 0;
}

void arc_message_list(const char *subject, const char *body, struct arc_message_lines *out)
{
    bool by_git = strcmp(subject, "Squashed commit of the following:") == 0;
    bool by_bitbucket = ARC_STARTS(subject, "Merged in ") && strstr(subject, " (pull request #");
    bool listed = by_git || by_bitbucket || arc_message_squashed(subject, NULL);
    const char *list = listed ? body : NULL;
    *out = (struct arc_message_lines){.next = list, .list = list, .mark = by_git ? "    " : "* "};
}

const char *arc_message_next_listed(struct arc_message_lines *lines)
{
    for (const char *line; (line = next_own(lines));) {
        const char *item = arc_text_after(line, lines->mark);
        if (item && arc_message_type(item).len &&
            !(lines->looked++ < ITEMS_MAX && is_listed_undone(lines, item)))
            return item;
    }

    return NULL;
}

/* Whether the subject is that of a revert: 'Revert "..."', "revert: ...", 'Reapply "..."'. */
static bool is_revert(const char *subject)
{
    subject = skip_prefixes(subject);
    return strncasecmp(subject, "revert", 6) == 0 || strncasecmp(subject, "reapply", 7) == 0;
}

/* A number of at most nine digits followed by `end`; 0 for anything else. */
static int64_t read_number(const char *digits, const char *end)
{
    size_t len = strspn(digits, "0123456789");
    if (!len || len > 9 || !ARC_STARTS(digits + len, end))
        return 0;
    return strtoll(digits, NULL, 10);
}

int64_t arc_message_squashed(const char *subject, size_t *len)
{
    const char *open = strrchr(subject, '(');
    const char *close = open ? strchr(open, ')') : NULL;
    if (!close || close[1] || open - subject < 1 || open[-1] != ' ' || open[1] != '#')
        return 0;
    if (len)
        *len = (size_t)(open - subject) - 1;
    return read_number(open + 2, ")");
}

int64_t arc_message_merged(const char *subject)
{
    const char *number = arc_text_after(subject, "Merge pull request #");
    return number ? read_number(number, " from ") : 0;
}

const char *arc_message_title(const char *subject, const char *body)
{
    /* GitLab ends its own template with that, and people end theirs. */
    bool by_gitlab = strstr(body, "See merge request ") != NULL;

    if (arc_message_merged(subject) || (by_gitlab && ARC_STARTS(subject, "Merge branch '")) ||
        (ARC_STARTS(subject, "Merged in ") && strstr(subject, " (pull request #")))
        return body;
    if (by_gitlab || ARC_STARTS(subject, "Merge pull request '", "Merged PR ", "Pull request #"))
        return subject;

    return NULL;
}

/* The number in "owner/name#12", "#12", "GH-12" or the URL of a pull request; 0 otherwise, as for
 * "ABC-12" of another tracker. */
static int64_t read_pull(const char *text)
{
    static const char *const marks[] = {"#", "GH-", "/pull/"};
    bool marked = false;
    size_t len = arc_text_strip(text, strcspn(text, " \t\r\n,;)"), ".");
    size_t start = arc_text_strip(text, len, "0123456789");

    arc_each_in (word, marks) {
        size_t mark = strlen(*word);
        marked |= start >= mark && memcmp(text + start - mark, *word, mark) == 0;
    }

    return marked && len > start && len - start <= 9 ? strtoll(text + start, NULL, 10) : 0;
}

/* The length of a subject without the "(#12)" of a squashed commit, or Gitea's "' (#12) from topic
 * into main". */
static size_t measure_titled(const char *subject)
{
    size_t len = strlen(subject);
    const char *open = strrchr(subject, '(');
    bool gitea = ARC_STARTS(subject, "Merge pull request '") && open && ARC_STARTS(open - 2, "' (");

    arc_message_squashed(subject, &len);

    return gitea ? (size_t)(open - subject) - 2 : len;
}

/* The subject in 'Revert "subject" (#12)' or "revert: subject", without a number if GitHub used a
 * pull request's title; NULL if there is none. */
static const char *find_title(const char *subject, bool *again, size_t *len)
{
    const char *end = subject + measure_titled(subject);
    subject = skip_prefixes(subject);
    *again = arc_text_after(subject, "Reapply") != NULL;
    size_t verb = *again ? strlen("Reapply") : strlen("Revert");
    const char *title = is_revert(subject) ? subject + verb : "";
    size_t gap = strspn(title, ": ");

    if (!gap)
        return NULL;
    title += gap;

    *len = end > title ? (size_t)(end - title) : 0;
    if (*len > 2 && *title == '"' && title[*len - 1] == '"') {
        title++;
        *len -= 2;
    }

    return *len ? title : NULL;
}

const char *arc_message_takes_back(const char *subject, const char *body)
{
    struct arc_message_undone undone = {0};
    if (!is_revert(subject))
        return NULL;
    return arc_message_next_undone(body, &undone) && !undone.title ? body : subject;
}

/* The digits of a commit's name; 0: it is none. */
static size_t measure_hash(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");
    return len >= ARC_MESSAGE_DIGITS && len <= 64 && !arc_is_alnum(text[len]) ? len : 0;
}

/* The next name of a reverted commit, as git, people and the footer of the Conventional Commits name
 * it; NULL: none. `listed`: one stands in front of `at`. */
static const char *find_hash(const char *at, bool listed, size_t *len)
{
    static const char *const words[] = {"This reverts commit ", "This reverts commits ", "Refs: "};
    const char *next = at + strspn(at, ", \t\r\n");
    next += ARC_STARTS(next, "and ", "and\n") ? 4 : 0;
    if (listed && next > at && (*len = measure_hash(next)))
        return next;

    for (next = strpbrk(at, "TR"); next; next = strpbrk(next + 1, "TR"))
        arc_each_in (word, words) {
            bool begins = *next == 'T' || next == at || next[-1] == '\n';
            const char *hash = begins ? arc_text_after(next, *word) : NULL;
            if (hash && (*len = measure_hash(hash)))
                return hash;
        }

    return NULL;
}

const char *arc_message_next_undone(const char *at, struct arc_message_undone *out)
{
    static const char by_github[] = "Reverts ";
    size_t len;
    /* skip a number: searching it for a hash again and again would be slow */
    const char *found = out->pull ? NULL : find_hash(at, out->hash, &len);

    if (found) {
        *out = (struct arc_message_undone){.hash = found, .len = len};
        return found + len;
    }

    for (const char *from = at; !out->hash && (found = strstr(from, by_github)); from = found) {
        found += strlen(by_github);
        out->pull = read_pull(found);
        if (out->pull)
            return found;
    }

    if (!out->hash && !out->pull)
        out->title = find_title(at, &out->again, &out->len);

    return out->title ? at + strlen(at) : NULL;
}

/* ---- looking for what is reverted ------------------------------------------------------------ */

/* Under one name: 'h' and the first digits, 'p' and the number, 's' and a subject, 'r' and the
 * subject that it reverts. */
static int add_name(json_t *places, char kind, const char *text, size_t len, size_t k,
                    struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};

    arc_buf_printf(&name, "%c%.*s", kind, (int)ARC_MIN(len, INT_MAX), text);
    ARC_TRY(arc_buf_check(&name, "a commit's subject", err));
    json_t *list = json_object_get(places, name.data);

    if (!list)
        ARC_TRY_ALLOC(json_object_set_new_nocheck(places, name.data, list = json_array()) == 0,
                      err);
    return arc_json_append(list, json_integer((json_int_t)k), err);
}

/* Adds commit `k` to an object under all that a revert may name it by: looking at every commit for
 * every revert took a minute for 10,000. */
static int add_place(json_t *places, size_t k, const struct arc_message_commit *commit,
                     struct arc_error *err)
{
    const char *subject = commit->subject, *plain = skip_prefixes(subject);
    size_t titled = measure_titled(subject), prefix = (size_t)(plain - subject), len = 0;
    char number[24];
    bool again;

    snprintf(number, sizeof number, "%lld", (long long)commit->pull);
    ARC_TRY(add_name(places, 'h', commit->hash, ARC_MESSAGE_DIGITS, k, err));
    if (commit->pull)
        ARC_TRY(add_name(places, 'p', number, strlen(number), k, err));
    ARC_TRY(add_name(places, 's', subject, strlen(subject), k, err));
    ARC_TRY(add_name(places, 's', subject, titled, k, err));

    if (prefix) {
        ARC_TRY(add_name(places, 's', plain, strlen(plain), k, err));
        ARC_TRY(add_name(places, 's', plain, titled - ARC_MIN(prefix, titled), k, err));
    }

    const char *reverted = find_title(subject, &again, &len);
    return reverted ? add_name(places, 'r', reverted, len, k, err) : ARC_OK;
}

/* The commit that a revert names; NULL: none. Several may have one subject. Commits of the same
 * second may be in either order. */
static struct arc_message_commit *find_undone(const struct arc_message_reverts *reverts,
                                              const json_t *places, size_t revert,
                                              const struct arc_message_undone *undone)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};

    if (undone->hash)
        arc_buf_printf(&name, "h%.*s", ARC_MESSAGE_DIGITS, undone->hash);
    else if (undone->title)
        arc_buf_printf(&name, "%c%.*s", undone->again ? 'r' : 's', (int)undone->len, undone->title);
    else
        arc_buf_printf(&name, "p%lld", (long long)undone->pull);

    arc_json_each (place, json_object_get(places, arc_buf_text(&name))) {
        size_t k = (size_t)json_integer_value(place);
        struct arc_message_commit *other = &reverts->commits[k];
        bool candidate = undone->title ? k > revert && !other->undone : k != revert;
        if (candidate && (!undone->hash || strncmp(other->hash, undone->hash, undone->len) == 0))
            return other;
    }

    return NULL;
}

/* Marks a reverted commit as undone, and what it merged. */
static int mark_undone(const struct arc_message_reverts *reverts, const json_t *places,
                       struct arc_message_commit *commit, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *merged = json_object();

    ARC_TRY_ALLOC(merged, err);
    if (reverts->list_merged && !commit->undone)
        ARC_TRY(reverts->list_merged(reverts->context, commit->hash, merged, err));
    commit->undone = true;

    arc_json_each_pair (name, yes, merged) {
        const struct arc_message_undone one = {.hash = name, .len = strlen(name)};
        struct arc_message_commit *found = find_undone(reverts, places, reverts->count, &one);
        if (found)
            found->undone = true;
    }

    return ARC_OK;
}

int arc_message_cancel(const struct arc_message_reverts *reverts, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *places = json_object();

    ARC_TRY_ALLOC(places, err);
    for (size_t k = 0; k < reverts->count; k++)
        ARC_TRY(add_place(places, k, &reverts->commits[k], err));

    for (size_t i = 0; i < reverts->count; i++) {
        struct arc_message_undone undone = {0};
        struct arc_message_commit *revert = &reverts->commits[i];
        const char *at = revert->undone ? NULL : revert->takes_back;
        bool all = true, any = false;

        while (at && (at = arc_message_next_undone(at, &undone))) {
            struct arc_message_commit *found = find_undone(reverts, places, i, &undone);
            if (found)
                ARC_TRY(mark_undone(reverts, places, found, err));
            any = any || found;
            all = all && found;
        }
        revert->undone |= any && all;
    }

    return ARC_OK;
}
