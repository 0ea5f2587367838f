#include "steer/conventional.h"
#include <string.h>
#include <strings.h>

const char *arc_bump_name(enum arc_bump bump)
{
    static const char *const names[] = {"none", "patch", "minor", "major"};
    return names[bump];
}

/* The length of the type in "type(scope)!: text", 0 where there is none. */
static size_t find_type(const char *subject, bool *bang)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strspn(subject, letters);
    const char *rest = subject + len;
    if (len && *rest == '(') {
        const char *end = strchr(rest, ')');
        rest = end ? end + 1 : "";
    }
    *bang = *rest == '!';
    rest += *bang;
    return rest[0] == ':' && (rest[1] == ' ' || !rest[1]) ? len : 0;
}

/* Whether a line of the message's body starts with the footer of a breaking change. */
static bool has_breaking_footer(const char *body)
{
    while (body) {
        if (strncmp(body, "BREAKING CHANGE: ", 17) == 0 ||
            strncmp(body, "BREAKING-CHANGE: ", 17) == 0 ||
            strncmp(body, "BREAKING CHANGE:\n", 17) == 0)
            return true;
        body = strchr(body, '\n');
        body = body ? body + 1 : NULL;
    }
    return false;
}

static bool is_one_of(const char *type, size_t len, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) == len && strncasecmp(type, *names, len) == 0)
            return true;
    return false;
}

static void weigh(const struct arc_git_commit *commit, struct arc_conventional *out)
{
    static const char *const features[] = {"feat", "feature", NULL};
    static const char *const quiet[] = {"docs", "doc", "test", "tests", "ci", "style", NULL};
    bool bang;
    size_t len = find_type(commit->subject, &bang);
    if ((len && bang) || has_breaking_footer(commit->body))
        *out = (struct arc_conventional){.bump = ARC_BUMP_MAJOR, .why = "a breaking change"};
    else if (!len && commit->parents > 1)
        *out = (struct arc_conventional){.why = "a merge: its commits count"};
    else if (is_one_of(commit->subject, len, features))
        *out = (struct arc_conventional){.bump = ARC_BUMP_MINOR, .why = "a feature"};
    else if (is_one_of(commit->subject, len, quiet))
        *out = (struct arc_conventional){.why = "no change of what is shipped"};
    else
        *out = (struct arc_conventional){.bump = ARC_BUMP_PATCH,
                                         .why = len ? "a change" : "a change of no stated kind"};
}

/* "text (#12)", or GitHub's "Merge pull request #12 from …". */
static int64_t find_pull(const char *subject)
{
    static const char merge[] = "Merge pull request #";
    const char *number = strrchr(subject, '(');
    size_t len = number && number[1] == '#' ? strspn(number + 2, "0123456789") : 0;
    if (len && len < 18 && strcmp(number + 2 + len, ")") == 0)
        return strtoll(number + 2, NULL, 10);
    bool merges = strncmp(subject, merge, strlen(merge)) == 0;
    len = merges ? strspn(subject + strlen(merge), "0123456789") : 0;
    return len && len < 18 ? strtoll(subject + strlen(merge), NULL, 10) : 0;
}

void arc_conventional_parse(const struct arc_git_commit *commit, struct arc_conventional *out)
{
    static const char reverts[] = "This reverts commit ";
    const char *undoes = strstr(commit->body, reverts);
    weigh(commit, out);
    out->pull = find_pull(commit->subject);
    if (undoes && strspn(undoes + strlen(reverts), "0123456789abcdef") == 40)
        memcpy(out->undoes.hex, undoes + strlen(reverts), 40);
}
