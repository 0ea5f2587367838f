#include "git/message.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t arc_message_type(const char *subject, bool *bang)
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

bool arc_message_type_is(const char *type, size_t len, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == len && strncasecmp(type, *words, len) == 0)
            return true;
    return false;
}

bool arc_message_is_breaking(const char *subject, const char *body)
{
    bool bang = false;
    if (arc_message_type(subject, &bang) && bang)
        return true;

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

bool arc_message_is_revert(const char *subject)
{
    return strncasecmp(subject, "revert", 6) == 0 || strncasecmp(subject, "reapply", 7) == 0;
}

/* A number of at most nine digits that `end` follows; 0 for anything else. */
static int64_t read_number(const char *digits, const char *end)
{
    size_t len = strspn(digits, "0123456789");
    if (!len || len > 9 || strncmp(digits + len, end, strlen(end)) != 0)
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
    static const char merge[] = "Merge pull request #";
    if (strncmp(subject, merge, strlen(merge)) != 0)
        return 0;
    return read_number(subject + strlen(merge), " from ");
}

const char *arc_message_reverts(const char *body, size_t *len)
{
    static const char words[] = "This reverts commit ";
    const char *at = strstr(body, words);
    if (!at)
        return NULL;
    at += strlen(words);
    *len = strspn(at, "0123456789abcdef");
    return *len >= 7 && *len <= 64 ? at : NULL;
}
