/* The core schema: which plain scalars are null, true or false, and numbers. */
#include "yaml/internal.h"

static bool among(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++)
        if (arc_text_is(text, len, *words))
            return true;
    return false;
}

static bool digit_of(char c, int base)
{
    return memchr("0123456789abcdefABCDEF", c, base == 16 ? 22 : (size_t)base) != NULL;
}

/* Digits and separators, at least one digit, no separator at either end. */
static bool digits(const char *text, size_t len, int base)
{
    if (!len || text[0] == '_' || text[len - 1] == '_')
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '_' && !digit_of(text[i], base))
            return false;
    return true;
}

static size_t sign_length(const char *text, size_t len)
{
    return len && (*text == '+' || *text == '-');
}

/* The base for a prefix 0b, 0o, 0x; else 10. */
static int base_of(const char *text, size_t len)
{
    if (len < 2 || text[0] != '0')
        return 10;

    switch (text[1]) {
    case 'b':
        return 2;
    case 'o':
        return 8;
    case 'x':
        return 16;
    default:
        return 10;
    }
}

/* [0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)? with a sign, or \.[0-9_]+([eE][-+]?[0-9]+)? without */
static bool is_decimal(const char *text, size_t len)
{
    size_t at = sign_length(text, len), whole = at;
    while (at < len && (digit_of(text[at], 10) || (text[at] == '_' && at > whole)))
        at++;
    bool has_whole = at > whole, has_fraction = false;
    if (at < len && text[at] == '.') {
        size_t start = ++at;
        while (at < len && (digit_of(text[at], 10) || text[at] == '_'))
            at++;
        has_fraction = at > start;
    }

    if (!has_whole && (!has_fraction || whole))
        return false;

    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += sign_length(text + at, len - at);
        size_t start = at;
        while (at < len && digit_of(text[at], 10))
            at++;
        if (at == start)
            return false;
    }

    return at == len && text[len - 1] != '_';
}

enum arc_yaml_type arc_yaml_core_type(const char *text, size_t len)
{
    static const char *const null[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const boolean[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const none[] = {".nan", ".NaN", ".NAN", NULL};

    if (len && !strchr("~nNtTfF.+-0123456789", *text))
        return ARC_YAML_STRING;
    if (among(text, len, null))
        return ARC_YAML_NULL;
    if (among(text, len, boolean))
        return ARC_YAML_BOOL;

    size_t sign = sign_length(text, len);
    int base = base_of(text + sign, len - sign);
    size_t skip = sign + (base == 10 ? 0 : 2);
    if (digits(text + skip, len - skip, base))
        return ARC_YAML_INT;
    if (among(text + sign, len - sign, infinite) || among(text, len, none) || is_decimal(text, len))
        return ARC_YAML_FLOAT;

    return ARC_YAML_STRING;
}

bool arc_yaml_bool(const struct arc_yaml_node *node)
{
    return node && node->type == ARC_YAML_BOOL && (*node->text == 't' || *node->text == 'T');
}

static int digit_value(char c)
{
    if (c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

bool arc_yaml_int(const struct arc_yaml_node *node, int64_t *out)
{
    if (!node || node->type != ARC_YAML_INT)
        return false;
    size_t at = sign_length(node->text, node->len);
    bool negative = at && node->text[0] == '-';
    int base = base_of(node->text + at, node->len - at);
    int64_t value = 0;
    for (at += base == 10 ? 0 : 2; at < node->len; at++) {
        if (node->text[at] == '_')
            continue;
        int digit = digit_value(node->text[at]);
        if (value > (INT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *out = negative ? -value : value;

    return true;
}
