/* What GitHub refuses: keys, values and expressions in places that do not allow them. */
#include "base/suggest.h"
#include "lint/rule.h"

/* At most this many words are compared for "did you mean". */
#define WORDS_MAX 128

/* The longest text with an expression that GitHub accepts. */
#define EXPRESSION_MAX 21000

#define NO_MERGE "GitHub does not support merge keys (<<)"

struct place {
    unsigned depth;
    const char *keys, *beside, *kinds, *uses;
};

static const struct place places[] = {
#define PLACE(...) {__VA_ARGS__},
#include "lint/places.def"
#undef PLACE
};

#define PLACES_END (places + ARC_COUNT(places))

/* Loops over the places directly below `parent`. */
#define each_below(place, parent)                                                                  \
    for (const struct place *place = (parent) + 1;                                                 \
         place < PLACES_END && place->depth > (parent)->depth; place++)                            \
        if (place->depth == (parent)->depth + 1)

/* Cuts the '!' behind a word; returns whether it was there. */
static bool cut_must(struct arc_piece *word)
{
    bool must = word->len && word->text[word->len - 1] == '!';
    word->len -= must;
    return must;
}

static bool has_key(const char *keys, const char *key)
{
    arc_each_piece (word, keys, " ") {
        cut_must(&word);
        if (arc_text_is(word.text, word.len, key))
            return true;
    }
    return false;
}

/* Why a key is not allowed in a mapping, because of another key that is there or missing. */
static const char *keeps_out(struct lint *lint, const struct place *place,
                             const struct arc_yaml_node *map)
{
    const char *list = arc_or(place->beside, "");

    arc_each_piece (word, list, " ") {
        bool without = *word.text == '!';
        const char *key = arc_arena_cut(&lint->memory, word.text + without, word.len - without);
        if (without == (arc_yaml_key(map, key) != NULL))
            return lint_text(lint, without ? "cannot be combined with '%s'" : "requires '%s'", key);
    }

    return NULL;
}

/* Adds a finding about a word that is in none of the lists. */
static void find_word(struct lint *lint, const struct arc_yaml_node *node,
                      const char *const lists[], const char *what, const char *name)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const char *words[WORDS_MAX + 1] = {0};
    size_t count = 0;

    for (; *lists; lists++)
        arc_each_piece (word, *lists, " ") {
            cut_must(&word);
            if (count < WORDS_MAX)
                words[count++] = arc_arena_cut(&memory, word.text, word.len);
        }
    lint->memory.failed |= memory.failed;

    const char *meant = memory.failed ? NULL : arc_suggest(node->text, words);
    if (meant)
        lint_find_at(lint, LINT_WORKFLOW, node, "'%s' is not a %s of '%s'; did you mean '%s'?",
                     node->text, what, name, meant);
    else
        lint_find_at(lint, LINT_WORKFLOW, node, "'%s' is not a %s of '%s'", node->text, what, name);
}

/* Whether an expression is just a string, which GitHub treats as plain text. */
static bool is_string(const char *text, size_t len)
{
    arc_text_trim(&text, &len);
    for (size_t i = 1; i + 1 < len; i++)
        if (text[i] == '\'' && text[++i] != '\'')
            return false;
    return len > 1 && *text == '\'' && text[len - 1] == '\'';
}

/* Checks the expressions of a text; a condition is an expression as a whole. */
static void check_text(struct lint *lint, const struct arc_yaml_node *node, const char *uses,
                       bool condition)
{
    const char *at = node->text, *text;
    size_t len;
    bool any = strstr(node->text, "${{");

    if (!uses || !*node->text || (!any && (!condition || node->type == ARC_YAML_NULL)))
        return;
    lint->expressions += node->len;
    if (lint->expressions > LINT_EXPRESSIONS_MAX)
        return;
    size_t size = any ? arc_text_utf16(node->text, node->len) : 0;
    if (size > EXPRESSION_MAX) {
        lint_find_at(lint, LINT_WORKFLOW, node,
                     "a text with an expression may have up to %d characters, but this has %zu",
                     EXPRESSION_MAX, size);
        return;
    }

    const char *doubt = NULL;
    const char *wrong = any ? NULL : lint_expression(lint, at, node->len, uses, &doubt);
    bool whole = true; /* the text is just one expression */
    while (any && !wrong && !doubt && arc_text_expression(&at, &text, &len)) {
        whole = text == node->text + 3 && !*at;
        wrong = text[len] ? lint_expression(lint, text, len, uses, &doubt) : "it has no end";
        if (!wrong && !*uses && !is_string(text, len))
            wrong = "no expression is allowed here";
    }
    if (condition && !whole)
        lint_find_at(lint, LINT_RESULTS, node,
                     "with anything around its ${{ }}, be it a line break, this is a text, which "
                     "is always true");
    unsigned line = any ? lint_script_line(lint, node, text) : node->line;
    if (wrong)
        lint_find(lint, LINT_WORKFLOW, node->source->name, line, "an expression: %s", wrong);
    if (doubt)
        lint_find(lint, LINT_RESULTS, node->source->name, line, "%s", doubt);
}

/* A value under inspection. */
struct value {
    const struct place *place;
    const char *name;                      /* its key */
    const struct arc_yaml_node *at, *node; /* its key or, in a list, the value itself */
};

static void check_map(struct lint *lint, const struct value *value);

/* Checks the expressions of any node. */
static void check_any(struct lint *lint, const struct arc_yaml_node *node, const char *uses)
{
    arc_yaml_each (item, node)
        check_any(lint, item, uses);
    arc_yaml_each_pair (pair, node) {
        if (pair->merged)
            lint_find_at(lint, LINT_WORKFLOW, node, NO_MERGE);
        check_any(lint, pair->value, uses);
    }
    if (node->text)
        check_text(lint, node, uses, false);
}

/* Whether a value without an expression is of one of those kinds. */
static bool fits(const struct arc_yaml_node *node, const char *kinds, size_t count)
{
    static const char *const types[] = {
        [ARC_YAML_NULL] = "0eia",   [ARC_YAML_BOOL] = "bseia",  [ARC_YAML_INT] = "nseia",
        [ARC_YAML_FLOAT] = "nseia", [ARC_YAML_STRING] = "seia", [ARC_YAML_LIST] = "lLAa",
        [ARC_YAML_MAP] = "mva",
    };
    for (size_t i = 0; i < count; i++)
        if (strchr(types[node->type], kinds[i]) && (kinds[i] != 's' || node->len))
            return true;
    return false;
}

/* Checks that a value, or an item of a list, is of one of the kinds in `kinds`. */
static void check_value(struct lint *lint, const struct value *value, const char *kinds)
{
    const struct arc_yaml_node *node = value->node;
    const char *uses = value->place->uses;
    size_t count = strcspn(kinds, " ");
    const char *words = kinds + count;
    bool expression = uses && node->text && strstr(node->text, "${{");

    bool none =
        node->type == ARC_YAML_LIST && !node->count && !uses; /* `on` may hold empty lists */

    if (!expression && !none && !fits(node, kinds, count)) {
        if (!*words || !node->text || !node->len)
            lint_find_at(lint, LINT_WORKFLOW, node, "'%s' cannot be %s", value->name,
                         node->text && !node->len ? "empty" : arc_yaml_type_name(node));
        else if (uses ? !has_key(words, node->text)
                      : !arc_text_lists(words, node->text,
                                        node->len)) /* values of events are compared without case */
            find_word(lint, node, (const char *const[]){words, NULL}, "value", value->name);
        return;
    }

    if (node->text)
        check_text(lint, node, uses, memchr(kinds, 'i', count));
    const char *items = memchr(kinds, 'e', count) ? "e" : "s";
    if (memchr(kinds, 'L', count))
        items = "m";
    arc_yaml_each (item, node) {
        struct value inner = {value->place, value->name, item, item};
        if (memchr(kinds, 'l', count) || items[0] == 'm')
            check_value(lint, &inner, *words ? words : items);
        else
            check_any(lint, item, uses);
    }
    if (node->type == ARC_YAML_MAP && memchr(kinds, 'a', count))
        check_any(lint, node, uses);
    else if (node->type == ARC_YAML_MAP)
        check_map(lint, value);
}

/* The place of a key; NULL, with a finding, if the key is not valid. */
static const struct place *find_place(struct lint *lint, const struct value *map,
                                      const struct arc_yaml_node *key)
{
    const char *keys[WORDS_MAX] = {0};
    size_t count = 0;

    each_below (place, map->place) {
        keys[count++] = place->keys;
        if (!has_key(place->keys, key->text) && strcmp(place->keys, "*") != 0)
            continue;
        const char *why = keeps_out(lint, place, map->node);
        if (why)
            lint_find_at(lint, LINT_WORKFLOW, key, "'%s' %s", key->text, why);
        return why ? NULL : place;
    }

    find_word(lint, key, keys, "key", map->name);
    return NULL;
}

static void check_missing(struct lint *lint, const struct value *map)
{
    each_below (place, map->place)
        arc_each_piece (word, place->keys, " ") {
            if (!cut_must(&word))
                continue;
            const char *key = arc_arena_cut(&lint->memory, word.text, word.len);
            if (arc_yaml_key(map->node, key) || keeps_out(lint, place, map->node))
                continue;
            const char *other = arc_or(place->beside, "");
            const char *where = lint_text(lint, "in '%s'", map->name);
            if (*other == '!')
                where = lint_text(lint, "%s, and so is '%.*s'", where, (int)strcspn(other + 1, " "),
                                  other + 1);
            else if (*other)
                where = lint_text(lint, "beside '%s'", other);
            lint_find_at(lint, LINT_WORKFLOW, map->at, "'%s' is missing %s", key, where);
        }
}

static void check_map(struct lint *lint, const struct value *map)
{
    const struct place *parent = map->place;
    ARC_AUTO_JSON json_t *seen = json_object();
    bool open = true;  /* any keys are valid */
    bool made = false; /* a key is an expression */
    each_below (place, parent)
        open = false;

    arc_yaml_each_pair (pair, map->node) {
        const struct arc_yaml_node *key = pair->key;
        const char *small = lint_small(lint, key->text, key->len);
        if (strstr(key->text, "${{")) {
            made = true;
            if (strcmp(key->text, "${{ insert }}") != 0 || !*arc_or(parent->uses, ""))
                check_text(lint, key, parent->uses, false);
            check_any(lint, pair->value, parent->uses);
        } else if (pair->merged) {
            lint_find_at(lint, LINT_WORKFLOW, map->node, NO_MERGE);
        } else if (json_object_get(seen, small)) {
            lint_find_at(lint, LINT_WORKFLOW, key, "'%s' is there twice", key->text);
        } else {
            const struct place *place = open ? parent : find_place(lint, map, key);
            struct value value = {place, key->text, key, pair->value};
            if (place)
                check_value(lint, &value, open ? "e" : place->kinds);
        }
        lint_set(lint, seen, small, json_true());
    }

    if (!made)
        check_missing(lint, map);
}

/* Adds a finding about the first anchor, which the runner does not accept in actions; returns
 * whether there was one. */
static bool find_anchor(struct lint *lint, const struct arc_yaml_node *node)
{
    if (node->anchor) {
        lint_find_at(lint, LINT_WORKFLOW, node,
                     "GitHub's runners do not accept an anchor (&%s) in an action", node->anchor);
        return true;
    }

    arc_yaml_each (item, node)
        if (find_anchor(lint, item))
            return true;
    arc_yaml_each_pair (pair, node)
        if (find_anchor(lint, pair->value))
            return true;
    return false;
}

void lint_places(struct lint *lint, const char *what, const struct arc_yaml_node *root)
{
    lint->expressions = 0;
    lint->document = root;
    lint->text = NULL; /* of a file that may be gone */
    if (strcmp(what, "action") == 0)
        find_anchor(lint, root);
    arc_each_in (place, places) {
        struct value value = {place, what, root, root};
        if (!place->depth && strcmp(place->keys, what) == 0)
            check_value(lint, &value, place->kinds);
    }
}
