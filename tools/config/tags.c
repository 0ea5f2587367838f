/* A group's image tags: "NAME", or {name: NAME, when: [...]}. */
#include "config/fields.h"

static const char *const words[] = {"latest", "stable",       "prerelease", "release",
                                    "push",   "pull-request", "schedule",   NULL};

static bool check_when(const char *text, struct arc_buf *why)
{
    const char *branch = arc_text_after(text, "branch:");

    if (branch && (!*branch || strpbrk(branch, " \t"))) /* git-check-ref-format(1): no blank */
        return arc_check_fails(why, *branch ? "has a blank, as no branch has" : "names no branch");
    if (branch)
        return arc_check_glob(branch, why);

    return arc_check_among(text, words, "is not a condition",
                           "; there are latest, stable, prerelease, release, push, pull-request, "
                           "schedule and branch:PATTERN",
                           why);
}

static arc_read read_when;

#define AT(member) offsetof(struct arc_image_tag, member)

static const struct arc_field entry_fields[] = {
    {"name", FIELD_TEXT, AT(name), .required = true, .check = arc_check_image_tag},
    {"when", FIELD_OWN, AT(branches), .required = true, .read = read_when},
    {0},
};
static const struct arc_table entry_table = {"an entry of 'image-tags'", entry_fields,
                                             .brief = "image-tags"};

static int read_condition(const struct arc_loading *l, const struct arc_yaml_node *node,
                          struct arc_image_tag *out)
{
    if (node->type != ARC_YAML_STRING)
        return arc_yaml_error(node, l->err, "'when' must be a condition or a list of them");
    ARC_TRY(arc_field_check(node, "when", check_when, l->err));

    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], node->text) == 0) {
            out->when |= 1U << i;
            return ARC_OK;
        }

    return arc_texts_add(l->memory, &out->branches, node->text + strlen("branch:"), l->err);
}

static int read_when(const struct arc_loading *l, const struct arc_yaml_node *node, void *slot)
{
    struct arc_image_tag *out = (void *)((char *)slot - AT(branches));

    if (node->type != ARC_YAML_LIST)
        return read_condition(l, node, out);
    if (!node->count)
        return arc_yaml_error(node, l->err, "'when' is empty; leave it out for always");
    arc_yaml_each (item, node)
        ARC_TRY(read_condition(l, item, out));

    return ARC_OK;
}

struct arc_image_tag arc_image_tags_default[] = {
    {.name = "{image-tag}"}, {.name = "sha-{sha}"}, {.name = "latest"}, {0}};
struct arc_image_tag arc_image_tags_train[] = {{.name = "{image-tag}"}, {0}};

int arc_image_tags_read(const struct arc_loading *l, const struct arc_yaml_node *node, void *slot)
{
    if (node->type != ARC_YAML_LIST || !node->count)
        return arc_yaml_error(node, l->err,
                              node->type == ARC_YAML_LIST
                                  ? "'image-tags' is empty: a release would have no name"
                                  : "'image-tags' must be a list, this is %s",
                              arc_yaml_type_name(node));

    struct arc_image_tag *tags = arc_arena_array(l->memory, node->count + 1, sizeof *tags);
    *(struct arc_image_tag **)slot = tags;
    ARC_TRY_ALLOC(tags, l->err);

    arc_yaml_each (item, node) {
        struct arc_image_tag *tag = &tags[item_at];

        if (arc_field_lacks_quotes(item) ||
            (item->type != ARC_YAML_STRING && item->type != ARC_YAML_MAP))
            return arc_yaml_error(
                item, l->err,
                "an entry of 'image-tags' must be a string or {name, when}, this is %s%s",
                arc_yaml_type_name(item), arc_field_wants_quotes(item) ? "; put it in quotes" : "");

        ARC_TRY(arc_fields_read(l, item, &entry_table, tag));
        if (arc_find(tags, item_at, name, tag->name))
            return arc_yaml_error(item, l->err, "image-tags: '%s' is here twice", tag->name);
    }

    return arc_arena_check(l->memory, l->err);
}
