/* Reads documents that end with NUL from stdin, and prints one line for each: what yaml/yaml.h
 * makes of it as JSON, with numbers, booleans and nulls as "<number>", "<boolean>", "<null>"; or "E
 * " and the error. */
#include "base/auto.h"
#include "yaml/yaml.h"
#include <stdio.h>
#include <string.h>

static void show_text(const char *text, size_t len)
{
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void show(const struct arc_yaml_node *node)
{
    static const char *const simple[] = {"\"<null>\"", "\"<boolean>\"", "\"<number>\"",
                                         "\"<number>\""};
    if (node->type < ARC_YAML_STRING) {
        fputs(simple[node->type], stdout);
        return;
    }
    if (node->type == ARC_YAML_STRING) {
        show_text(node->text, node->len);
        return;
    }
    bool list = node->type == ARC_YAML_LIST;
    putchar(list ? '[' : '{');
    for (size_t i = 0; i < node->count; i++) {
        fputs(i ? "," : "", stdout);
        if (!list) {
            show_text(node->pairs[i].key->text, node->pairs[i].key->len);
            putchar(':');
        }
        show(list ? node->items[i] : node->pairs[i].value);
    }
    putchar(list ? ']' : '}');
}

int main(void)
{
    ARC_AUTO_FREE char *text = NULL;
    size_t size = 0;
    for (ssize_t len; (len = getdelim(&text, &size, '\0', stdin)) > 0;) {
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        if (arc_yaml_parse(text, strlen(text), "t", 0, &yaml, &err) == ARC_OK)
            show(yaml.root);
        else
            printf("E %s", arc_error_text(&err));
        putchar('\n');
    }
    return 0;
}
