#include "config/reading.h"

#define AT(member) offsetof(struct arc_service_reading, service.member)

static bool check_suffix(const char *text, struct arc_buf *why)
{
    bool valid = strspn(text, ARC_ALNUM "_.-") == strlen(text) && *text != '.' && *text != '-';
    return valid || arc_check_fails(why, "is not a suffix: letters, digits, '_', '.' and '-', as "
                                         "an image tag has them");
}

static const struct arc_field variant_fields[] = {
    {"suffix", FIELD_TEXT, AT(suffix), .required = true, .check = check_suffix},
    {"args", FIELD_ARGS, AT(build.args), .check = arc_check_build_arg},
    {"target", FIELD_TEXT, AT(build.target), .check = arc_check_line},
    {"platforms", FIELD_PLATFORMS, AT(build.platforms), .check = arc_check_platform},
    {"name", FIELD_TEXT, AT(name), .check = arc_check_name},
    {"codename", FIELD_TEXT, AT(codename), .check = arc_check_codename},
    {"description", FIELD_TEXT, AT(description), .check = arc_check_text},
    {"image-tags", FIELD_OWN, AT(image_tags), .read = arc_image_tags_read},
    {"image", FIELD_LIST, offsetof(struct arc_service_reading, image), .filled = true,
     .check = arc_check_image},
    {0},
};
static const struct arc_table variant_table = {"a variant", .fields = variant_fields};

/* ---- a matrix ------------------------------------------------------------------------------- */

/* A matrix of build arguments; `at` iterates over it, the last argument fastest. */
struct matrix {
    const struct arc_yaml_node *axes[16];
    const char *names[16];
    size_t at[16];
    size_t count;
    struct arc_error *err;
};

/* An axis is a list of values, or a mapping from values to their part of the suffix. */
static const struct arc_yaml_node *value_at(const struct arc_yaml_node *axis, size_t at)
{
    return axis->type == ARC_YAML_MAP ? axis->pairs[at].key : axis->items[at];
}

static int add_axis(struct matrix *m, const struct arc_yaml_pair *pair)
{
    const struct arc_yaml_node *values = pair->value;
    bool list = values->type == ARC_YAML_LIST, map = values->type == ARC_YAML_MAP;

    ARC_TRY(arc_field_check(pair->key, "variants", arc_check_build_arg, m->err));

    if ((!list && !map) || !values->count)
        return arc_yaml_error(values, m->err,
                              "variants: %s must be a list of values, or a mapping of values to "
                              "suffixes",
                              pair->key->text);

    if (m->count == ARC_COUNT(m->axes))
        return arc_yaml_error(values, m->err, "variants: more than 16 arguments");

    for (size_t i = 0; i < values->count; i++) {
        const struct arc_yaml_node *value = value_at(values, i);
        const struct arc_yaml_node *suffix = map ? values->pairs[i].value : value;
        if (!value->text || !suffix->text || value->type == ARC_YAML_NULL)
            return arc_yaml_error(value, m->err, "variants: %s has a value that is not a text",
                                  pair->key->text);
        ARC_TRY(arc_field_check(suffix, "variants", check_suffix, m->err));
    }

    m->names[m->count] = pair->key->text;
    m->axes[m->count++] = values;

    return ARC_OK;
}

static bool excludes(const struct matrix *m, const struct arc_yaml_node *rule)
{
    arc_yaml_each_pair (pair, rule)
        for (size_t a = 0; a < m->count; a++)
            if (strcmp(m->names[a], pair->key->text) == 0 &&
                !arc_yaml_reads(value_at(m->axes[a], m->at[a]), pair->value->text))
                return false;
    return true;
}

static int check_rule(const struct matrix *m, const struct arc_yaml_node *rule)
{
    if (rule->type != ARC_YAML_MAP || !rule->count)
        return arc_yaml_error(rule, m->err,
                              "variants: 'exclude' must be a list of mappings, ARGUMENT: value");

    arc_yaml_each_pair (pair, rule) {
        const char *text = pair->value->text;
        size_t a = 0, i = 0;
        while (a < m->count && strcmp(m->names[a], pair->key->text) != 0)
            a++;
        if (a == m->count)
            return arc_yaml_error(pair->key, m->err,
                                  "variants: 'exclude' names %s, which is not an argument of them",
                                  pair->key->text);

        while (text && i < m->axes[a]->count && !arc_yaml_reads(value_at(m->axes[a], i), text))
            i++;
        if (!text || i == m->axes[a]->count)
            return arc_yaml_error(pair->value, m->err,
                                  "variants: 'exclude' has a value that %s does not have",
                                  pair->key->text);
    }

    return ARC_OK;
}

static int add_combination(const struct arc_loading *l, const struct matrix *m,
                           struct arc_service_reading *out)
{
    struct arc_service_reading *variant =
        arc_arena_append(l->memory, &out->variants, &out->variant_count, sizeof *variant);
    struct arc_pair *args = arc_arena_array(l->memory, m->count + 1, sizeof *args);
    ARC_AUTO(arc_buf) struct arc_buf suffix = {.max = 1024};

    ARC_TRY_ALLOC(variant && args, l->err);

    for (size_t a = 0; a < m->count; a++) {
        const struct arc_yaml_node *axis = m->axes[a], *value = value_at(axis, m->at[a]);
        bool map = axis->type == ARC_YAML_MAP;
        const char *part = map ? axis->pairs[m->at[a]].value->text : value->text;
        args[a] = (struct arc_pair){arc_arena_text(l->memory, m->names[a]),
                                    arc_arena_text(l->memory, value->text)};
        if (*part)
            arc_text_item(&suffix, "-", "%s", part);
    }
    variant->service.build.args = args;

    return arc_buf_keep(l, &suffix, "a suffix", &variant->service.suffix);
}

/* The next combination; false after the last one. */
static bool advance(struct matrix *m)
{
    for (size_t a = m->count; a--; m->at[a] = 0)
        if (++m->at[a] < m->axes[a]->count)
            return true;
    return false;
}

static int read_matrix(const struct arc_loading *l, const struct arc_yaml_node *node,
                       struct arc_service_reading *out)
{
    struct arc_error *err = l->err;
    const struct arc_yaml_node *exclude = arc_yaml_get(node, "exclude");
    struct matrix m = {.err = err};

    arc_yaml_each_pair (pair, node)
        if (!arc_yaml_reads(pair->key, "exclude"))
            ARC_TRY(add_axis(&m, pair));

    if (exclude && exclude->type != ARC_YAML_LIST)
        return arc_yaml_error(exclude, err, "variants: 'exclude' must be a list");
    arc_yaml_each (rule, exclude)
        ARC_TRY(check_rule(&m, rule));
    if (!m.count)
        return arc_yaml_error(node, err, "'variants' is empty");

    do {
        bool left_out = false;
        arc_yaml_each (rule, exclude)
            left_out = left_out || excludes(&m, rule);
        if (!left_out)
            ARC_TRY(add_combination(l, &m, out));
        if (out->variant_count > ARC_VARIANTS_MAX)
            return arc_yaml_error(node, err, "'variants' makes more than %d images",
                                  ARC_VARIANTS_MAX);
    } while (advance(&m));

    if (!out->variant_count)
        return arc_yaml_error(exclude, err, "'exclude' leaves no variant");

    return ARC_OK;
}

/* ---- either --------------------------------------------------------------------------------- */

int arc_variants_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                      struct arc_service_reading *out)
{
    if (!node)
        return ARC_OK;
    if (node->type == ARC_YAML_MAP)
        return read_matrix(l, node, out);

    if (node->type != ARC_YAML_LIST || !node->count || node->count > ARC_VARIANTS_MAX)
        return arc_yaml_error(node, l->err,
                              "'variants' must be a list of 1 to %d mappings with a suffix, or a "
                              "mapping of build arguments to lists of values",
                              ARC_VARIANTS_MAX);

    arc_yaml_each (item, node) {
        struct arc_service_reading *variant =
            arc_arena_append(l->memory, &out->variants, &out->variant_count, sizeof *variant);
        ARC_TRY_ALLOC(variant, l->err);
        ARC_TRY(arc_fields_read(l, item, &variant_table, variant));
        ARC_TRY(arc_args_read(l, arc_yaml_get(item, "args"), &variant->service.build));
    }

    return ARC_OK;
}
