/* The names that a group gives its images: "NAME", or {name: NAME, when: [...]}. */
#include "base/auto.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/fields.h"
#include <string.h>

static const char *const words[] = {"latest", "stable",       "prerelease", "release",
                                    "push",   "pull-request", "schedule",   NULL};

static bool check_when(const char *text, struct arc_buf *why)
{
    if (strncmp(text, "branch:", 7) == 0)
        return text[7] ? arc_check_glob(text + 7, why)
                       : (arc_buf_puts(why, "names no branch"), false);

    for (const char *const *word = words; *word; word++)
        if (strcmp(*word, text) == 0)
            return true;

    const char *meant = arc_suggest(text, words);
    arc_buf_puts(why, "is not a condition");

    if (meant)
        arc_buf_printf(why, "; did you mean '%s'?", meant);
    else
        arc_buf_puts(why, "; there are latest, stable, prerelease, release, push, pull-request, "
                          "schedule and branch:PATTERN");

    return false;
}

/* What an entry that is a mapping holds. */
struct reading {
    char *name;
    const struct arc_yaml_node *when;
};

static const struct arc_field entry_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct reading, name), true, arc_check_image_tag, NULL},
    {"when", FIELD_NODE, offsetof(struct reading, when), true, NULL, NULL},
    {0},
};
static const struct arc_table entry_table = {"an entry of 'image-tags'", entry_fields, false};

static int read_condition(const struct arc_yaml_node *node, struct arc_image_tag *out,
                          size_t *branches, struct arc_error *err)
{
    if (node->type != ARC_YAML_STRING)
        return arc_yaml_error(node, err, "'when' must be a condition or a list of them");
    ARC_TRY(arc_field_check(node, "when", check_when, err));

    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], node->text) == 0) {
            out->when |= 1U << i;
            return ARC_OK;
        }

    out->branches[*branches] = strdup(node->text + strlen("branch:"));

    return out->branches[(*branches)++] ? ARC_OK : arc_error_nomem(err);
}

static int read_when(const struct arc_yaml_node *node, struct arc_image_tag *out,
                     struct arc_error *err)
{
    size_t branches = 0, count = node->type == ARC_YAML_LIST ? node->count : 1;

    if (!count)
        return arc_yaml_error(node, err, "'when' is empty; leave it out for always");
    out->branches = calloc(count + 1, sizeof *out->branches);
    ARC_TRY_ALLOC(out->branches, err);
    if (node->type != ARC_YAML_LIST)
        return read_condition(node, out, &branches, err);
    for (size_t i = 0; i < count; i++)
        ARC_TRY(read_condition(node->items[i], out, &branches, err));

    return ARC_OK;
}

static int read_entry(const struct arc_yaml_node *node, struct arc_image_tag *out,
                      struct arc_error *err)
{
    struct reading reading = {0};

    if (node->type == ARC_YAML_STRING) {
        ARC_TRY(arc_field_check(node, "image-tags", arc_check_image_tag, err));
        return arc_text_copy(node->text, &out->name, err);
    }

    if (node->type != ARC_YAML_MAP)
        return arc_yaml_error(node, err,
                              "an entry of 'image-tags' must be a string or {name, when}, this is "
                              "%s",
                              arc_yaml_type_name(node));

    int rc = arc_fields_read(node, &entry_table, &reading, err);
    out->name = reading.name;
    ARC_TRY(rc);

    return read_when(reading.when, out, err);
}

int arc_image_tags_read(const struct arc_yaml_node *node, struct arc_image_tag **out,
                        struct arc_error *err)
{
    static const char *const defaults[] = {"{image-tag}", "sha-{sha}", "latest"};

    if (node && (node->type != ARC_YAML_LIST || !node->count))
        return arc_yaml_error(node, err,
                              node->type == ARC_YAML_LIST
                                  ? "'image-tags' is empty: a release would have no name"
                                  : "'image-tags' must be a list, this is %s",
                              arc_yaml_type_name(node));

    struct arc_image_tag *tags = calloc((node ? node->count : 3) + 1, sizeof *tags);
    *out = tags;
    ARC_TRY_ALLOC(tags, err);

    for (size_t i = 0; !node && i < 3; i++)
        ARC_TRY(arc_text_copy(defaults[i], &tags[i].name, err));

    for (size_t i = 0; node && i < node->count; i++) {
        ARC_TRY(read_entry(node->items[i], &tags[i], err));
        for (size_t k = 0; k < i; k++)
            if (strcmp(tags[k].name, tags[i].name) == 0)
                return arc_yaml_error(node->items[i], err, "image-tags: '%s' is here twice",
                                      tags[i].name);
    }

    return ARC_OK;
}

void arc_image_tags_free(struct arc_image_tag *tags)
{
    for (struct arc_image_tag *tag = tags; tag && tag->name; tag++) {
        free(tag->name);
        free(tag->image);
        arc_texts_free(tag->branches);
    }
    free(tags);
}
