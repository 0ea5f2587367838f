#include "config/variants.h"
#include "base/auto.h"
#include "config/fields.h"
#include <string.h>

#define AT(member) offsetof(struct arc_service_reading, service.member)

static bool check_suffix(const char *text, struct arc_buf *why)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (strspn(text, word) == strlen(text) && !strchr(".-", *text ? *text : 'a'))
        return true;
    arc_buf_puts(why,
                 "is not a suffix: letters, digits, '_', '.' and '-', as an image tag has them");
    return false;
}

static const struct arc_field variant_fields[] = {
    {"suffix", FIELD_TEXT, AT(suffix), true, check_suffix, NULL},
    {"args", FIELD_KEYED, AT(build.args), false, arc_check_build_arg, NULL},
    {"target", FIELD_TEXT, AT(build.target), false, arc_check_line, NULL},
    {"platforms", FIELD_PLATFORMS, AT(build.platforms), false, arc_check_platform, NULL},
    {"name", FIELD_TEXT, AT(name), false, arc_check_name, NULL},
    {"codename", FIELD_TEXT, AT(codename), false, arc_check_codename, NULL},
    {"description", FIELD_TEXT, AT(description), false, arc_check_text, NULL},
    {"image-tags", FIELD_NODE, offsetof(struct arc_service_reading, tags_node), false, NULL, NULL},
    {"image", FIELD_TEXT, offsetof(struct arc_service_reading, image), false, arc_check_image,
     NULL},
    {0},
};
static const struct arc_table variant_table = {"a variant", variant_fields, false};

static struct arc_service_reading *grow(struct arc_service_reading *out)
{
    struct arc_service_reading *grown =
        realloc(out->variants, (out->variant_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    out->variants = grown;
    grown[out->variant_count] = (struct arc_service_reading){0};
    return &grown[out->variant_count++];
}

/* ---- a matrix ------------------------------------------------------------------------------- */

/* A matrix of build arguments; `at` counts through it, the last argument fastest. */
struct matrix {
    const struct arc_yaml_node *axes[16];
    const char *names[16];
    size_t at[16];
    size_t count;
    const struct arc_yaml_node *exclude;
    struct arc_error *err;
};

/* An axis is a list of values, or a mapping of values to their part of the suffix. */
static const struct arc_yaml_node *value_at(const struct matrix *m, size_t axis)
{
    const struct arc_yaml_node *node = m->axes[axis];
    return node->type == ARC_YAML_MAP ? node->pairs[m->at[axis]].key : node->items[m->at[axis]];
}

static const struct arc_yaml_node *suffix_at(const struct matrix *m, size_t axis)
{
    const struct arc_yaml_node *node = m->axes[axis];
    return node->type == ARC_YAML_MAP ? node->pairs[m->at[axis]].value : node->items[m->at[axis]];
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

    if (m->count == sizeof m->axes / sizeof *m->axes)
        return arc_yaml_error(values, m->err, "variants: more than 16 arguments");

    for (size_t i = 0; i < values->count; i++) {
        const struct arc_yaml_node *value = map ? values->pairs[i].key : values->items[i];
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
    for (size_t i = 0; i < rule->count; i++)
        for (size_t a = 0; a < m->count; a++)
            if (strcmp(m->names[a], rule->pairs[i].key->text) == 0 &&
                !arc_yaml_reads(value_at(m, a), rule->pairs[i].value->text))
                return false;
    return true;
}

static bool is_left_out(const struct matrix *m)
{
    for (size_t i = 0; m->exclude && i < m->exclude->count; i++)
        if (excludes(m, m->exclude->items[i]))
            return true;
    return false;
}

static int check_rule(const struct matrix *m, const struct arc_yaml_node *rule)
{
    if (rule->type != ARC_YAML_MAP || !rule->count)
        return arc_yaml_error(rule, m->err,
                              "variants: 'exclude' must be a list of mappings, ARGUMENT: value");

    for (size_t i = 0; i < rule->count; i++) {
        size_t a = 0;
        while (a < m->count && strcmp(m->names[a], rule->pairs[i].key->text) != 0)
            a++;
        if (a == m->count || !rule->pairs[i].value->text)
            return arc_yaml_error(rule->pairs[i].key, m->err,
                                  "variants: 'exclude' names %s, which is not an argument of them",
                                  rule->pairs[i].key->text);
    }

    return ARC_OK;
}

static int add_combination(const struct matrix *m, struct arc_service_reading *out)
{
    struct arc_service_reading *variant = grow(out);
    ARC_AUTO(arc_buf) struct arc_buf suffix = {.max = 1024};

    if (!variant || !(variant->service.build.args = calloc(m->count + 1, sizeof(struct arc_pair))))
        return arc_error_nomem(m->err);

    for (size_t a = 0; a < m->count; a++) {
        const char *part = suffix_at(m, a)->text;
        variant->service.build.args[a].name = strdup(m->names[a]);
        variant->service.build.args[a].value = strdup(value_at(m, a)->text);
        ARC_TRY_ALLOC(variant->service.build.args[a].name && variant->service.build.args[a].value,
                      m->err);
        arc_buf_printf(&suffix, "%s%s", suffix.len && *part ? "-" : "", part);
    }

    ARC_TRY(arc_buf_check(&suffix, "a suffix", m->err));
    variant->service.suffix = strdup(arc_buf_text(&suffix));

    return variant->service.suffix ? ARC_OK : arc_error_nomem(m->err);
}

/* The next combination; false after the last one. */
static bool advance(struct matrix *m)
{
    for (size_t a = m->count; a--; m->at[a] = 0)
        if (++m->at[a] < m->axes[a]->count)
            return true;
    return false;
}

static int read_matrix(const struct arc_yaml_node *node, struct arc_service_reading *out,
                       struct arc_error *err)
{
    struct matrix m = {.exclude = arc_yaml_get(node, "exclude"), .err = err};

    for (size_t i = 0; i < node->count; i++)
        if (!arc_yaml_reads(node->pairs[i].key, "exclude"))
            ARC_TRY(add_axis(&m, &node->pairs[i]));

    if (m.exclude && m.exclude->type != ARC_YAML_LIST)
        return arc_yaml_error(m.exclude, err, "variants: 'exclude' must be a list");
    for (size_t i = 0; m.exclude && i < m.exclude->count; i++)
        ARC_TRY(check_rule(&m, m.exclude->items[i]));
    if (!m.count)
        return arc_yaml_error(node, err, "'variants' is empty");

    do {
        if (!is_left_out(&m))
            ARC_TRY(add_combination(&m, out));
        if (out->variant_count > ARC_VARIANTS_MAX)
            return arc_yaml_error(node, err, "'variants' makes more than %d images",
                                  ARC_VARIANTS_MAX);
    } while (advance(&m));

    if (!out->variant_count)
        return arc_yaml_error(m.exclude, err, "'exclude' leaves no variant");

    return ARC_OK;
}

/* ---- either --------------------------------------------------------------------------------- */

int arc_variants_read(const struct arc_yaml_node *node, struct arc_service_reading *out,
                      struct arc_error *err)
{
    if (!node)
        return ARC_OK;
    if (node->type == ARC_YAML_MAP)
        return read_matrix(node, out, err);

    if (node->type != ARC_YAML_LIST || !node->count || node->count > ARC_VARIANTS_MAX)
        return arc_yaml_error(node, err,
                              "'variants' must be a list of 1 to %d mappings with a suffix, or a "
                              "mapping of build arguments to lists of values",
                              ARC_VARIANTS_MAX);

    for (size_t i = 0; i < node->count; i++) {
        struct arc_service_reading *variant = grow(out);
        ARC_TRY_ALLOC(variant, err);
        ARC_TRY(arc_fields_read(node->items[i], &variant_table, variant, err));
        if (variant->tags_node)
            ARC_TRY(arc_image_tags_read(variant->tags_node, &variant->service.image_tags, err));
        variant->named = variant->service.codename != NULL;
        variant->titled = variant->service.name != NULL;
    }

    return ARC_OK;
}

static int append_suffix(char **text, const char *suffix, bool codename, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 1024};
    arc_buf_printf(&out, "%s-%s", *text, suffix);

    for (char *c = out.data; codename && c && *c; c++) {
        if (strchr("._", *c))
            *c = '-';
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }

    ARC_TRY(arc_buf_check(&out, "a name", err));
    free(*text);
    *text = arc_buf_steal(&out);
    return *text ? ARC_OK : arc_error_nomem(err);
}

int arc_variant_name(struct arc_service_reading *reading, bool shared, struct arc_error *err)
{
    struct arc_service *service = &reading->service;
    if (!service->suffix || !*service->suffix)
        return ARC_OK;
    if (!reading->named)
        ARC_TRY(append_suffix(&service->codename, service->suffix, true, err));
    if (reading->titled || shared)
        return ARC_OK;
    return append_suffix(&service->name, service->suffix, false, err);
}
