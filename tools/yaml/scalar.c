/* The core schema: which plain scalars are null, true or false, and numbers. */
#include "yaml/yaml.h"

/* Digits and separators, at least one digit, no separator at either end. */
static bool is_whole(const char *text, size_t len, int base)
{
    if (!len || text[0] == '_' || text[len - 1] == '_')
        return false;
    size_t digits = base == 16 ? 22 : (size_t)base;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '_' && !memchr("0123456789abcdefABCDEF", text[i], digits))
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
    static const char digits[] = "0123456789_";
    size_t sign = sign_length(text, len), fraction = 0;
    const char *at = text + sign;
    size_t whole = *at == '_' ? 0 : strspn(at, digits);

    at += whole;
    if (*at == '.') {
        fraction = strspn(at + 1, digits);
        at += 1 + fraction;
    }
    if (!whole && (!fraction || sign))
        return false;

    if (*at == 'e' || *at == 'E') {
        at += 1 + sign_length(at + 1, 1);
        if (!arc_is_digit(*at))
            return false;
        at += strspn(at, "0123456789");
    }

    return at == text + len && text[len - 1] != '_';
}

enum arc_yaml_type arc_yaml_core_type(const char *text, size_t len)
{
    size_t sign = sign_length(text, len);
    int base = base_of(text + sign, len - sign);
    size_t skip = sign + (base == 10 ? 0 : 2);

    if ((len && !strchr("~nNtTfF.+-0123456789", *text)) || strlen(text) != len)
        return ARC_YAML_STRING;
    if (ARC_AMONG(text, "", "~", "null", "Null", "NULL"))
        return ARC_YAML_NULL;
    if (ARC_AMONG(text, "true", "True", "TRUE", "false", "False", "FALSE"))
        return ARC_YAML_BOOL;
    if (is_whole(text + skip, len - skip, base))
        return ARC_YAML_INT;
    if (ARC_AMONG(text + sign, ".inf", ".Inf", ".INF") || ARC_AMONG(text, ".nan", ".NaN", ".NAN") ||
        is_decimal(text, len))
        return ARC_YAML_FLOAT;

    return ARC_YAML_STRING;
}

bool arc_yaml_bool(const struct arc_yaml_node *node)
{
    return node && node->type == ARC_YAML_BOOL && (*node->text == 't' || *node->text == 'T');
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
        char c = node->text[at];
        if (c == '_')
            continue;
        int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (value > (INT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *out = negative ? -value : value;

    return true;
}
