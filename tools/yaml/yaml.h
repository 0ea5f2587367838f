/* YAML as a tree, read the way js-yaml 4 reads it (YAML 1.2 core schema, with `<<`).
 *
 * Invariants of a tree: an alias is the same node again, never a copy, and never one that contains
 * it, so the tree has no cycle; walking it with all aliases followed meets at most ARC_YAML_NODES
 * nodes, at most ARC_YAML_DEPTH deep, so a recursive walk is safe on any input; keys are scalars
 * and no two of a mapping are equal; merge keys are gone, their pairs are in the mapping.
 *
 * Differences from js-yaml: dates are strings; a key that is a list or a mapping is refused (there
 * it becomes "a,b" or "[object Object]"); keys are compared as written (there 0x10 equals 16); `<<`
 * merges no list into a mapping; !!binary, !!pairs, !!set and tags of collections change nothing;
 * and what is libyaml's: an unquoted item of a flow list may be "-", but not start with "?" ([?a] is
 * {a: null}); no pair of escapes makes one character ("\ud83d\ude00"). tests/yaml compares both on
 * generated documents and lists the differences.
 */
#pragma once

#include "base/text.h"

/* Longest text, in bytes. */
#define ARC_YAML_BYTES ((size_t)1 << 20)
/* Most nodes, every alias and merge counted with all that it stands for. */
#define ARC_YAML_NODES 100000
/* Deepest nesting, counted likewise. */
#define ARC_YAML_DEPTH 100

enum arc_yaml_type {
    ARC_YAML_NULL,
    ARC_YAML_BOOL,
    ARC_YAML_INT,
    ARC_YAML_FLOAT,
    ARC_YAML_STRING,
    ARC_YAML_LIST,
    ARC_YAML_MAP,
};

struct arc_yaml_node;

/* A key and its value. */
struct arc_yaml_pair {
    const struct arc_yaml_node *key; /* a scalar */
    const struct arc_yaml_node *value;
    bool merged; /* it came through `<<` */
};

/* Where a node comes from. */
struct arc_yaml_source {
    const char *name; /* as given, for messages */
    char *text;       /* as read, for messages */
    size_t len;
};

struct arc_yaml_node {
    enum arc_yaml_type type;
    bool plain;      /* a scalar without quotes */
    bool block;      /* a scalar below its `|` or `>` */
    const char *tag; /* an explicit tag ("tag:yaml.org,2002:str", "!reset"), or NULL */
    char *text;      /* a scalar as written, without quotes and escapes; NULL for others */
    size_t len;      /* of `text`, which may hold NUL bytes */
    size_t count;    /* items of a list, pairs of a mapping */
    const struct arc_yaml_node **items;
    struct arc_yaml_pair *pairs; /* in the order of the file */
    unsigned line, column;       /* of its first character, from 1 */
    const struct arc_yaml_source *source;
    const char *anchor; /* its name, or NULL */
    /* The rest is for the reader alone. */
    unsigned weight; /* nodes below and including it, aliases followed */
    unsigned depth;  /* levels below and including it */
    bool open;       /* its end has not been read yet */
    bool merge_key;  /* a plain `<<` */
};

/* A document and everything in it. */
struct arc_yaml {
    const struct arc_yaml_source *source;
    const struct arc_yaml_node *root;
    struct arc_arena arena; /* holds them */
};

/* With this flag, a tag that YAML does not define (`!reset`) is kept and otherwise ignored; without
 * it, such a tag is an error, as in js-yaml. */
#define ARC_YAML_ANY_TAG 1u

/* Reads one document from memory; an empty text is a null. Messages call it `name`.
 * ARC_EINPUT with name:line:column for a syntax error, a duplicate key, an alias without an anchor
 * or to a node that contains it, a second document, an unknown tag; ARC_ELIMIT with the place
 * beyond a maximum. *out is owned by the caller. */
int arc_yaml_parse(const char *text, size_t len, const char *name, unsigned flags,
                   struct arc_yaml *out, struct arc_error *err);

/* As arc_yaml_parse() for the file `path` below `root`, see arc_file_read_in() for its errors. */
int arc_yaml_read_in(const char *root, const char *path, unsigned flags, struct arc_yaml *out,
                     struct arc_error *err);
void arc_yaml_free(struct arc_yaml *yaml);

/* The version of libyaml that is linked; not owned. */
const char *arc_yaml_library(void);

/* The value of a key of a mapping; NULL if there is none, or the node is NULL or not a mapping. */
const struct arc_yaml_node *arc_yaml_get(const struct arc_yaml_node *node, const char *key);
/* The key itself, for its place. */
const struct arc_yaml_node *arc_yaml_key(const struct arc_yaml_node *node, const char *key);
/* How many items a list has, and pairs a mapping; 0 for any other node, and NULL. */
static inline size_t arc_yaml_items(const struct arc_yaml_node *node)
{
    return node && node->type == ARC_YAML_LIST ? node->count : 0;
}

static inline size_t arc_yaml_pairs(const struct arc_yaml_node *node)
{
    return node && node->type == ARC_YAML_MAP ? node->count : 0;
}

/* For each item of a list, each pair of a mapping (none of any other node, nor of NULL), which the
 * loop declares; evaluates the node once. `break` and `continue` are as in any loop. */
#define arc_yaml_each(item, list)                                                                  \
    for (const struct arc_yaml_node *item##_owner = (list); item##_owner; item##_owner = NULL)     \
        for (size_t item##_at = 0, item##_goes = 1;                                                \
             item##_goes && item##_at < arc_yaml_items(item##_owner); item##_at++)                 \
            for (const struct arc_yaml_node *item =                                                \
                     (item##_goes = 0, item##_owner->items[item##_at]);                            \
                 item; item = NULL, item##_goes = 1)
#define arc_yaml_each_pair(pair, map)                                                              \
    for (const struct arc_yaml_node *pair##_owner = (map); pair##_owner; pair##_owner = NULL)      \
        for (size_t pair##_at = 0, pair##_goes = 1;                                                \
             pair##_goes && pair##_at < arc_yaml_pairs(pair##_owner); pair##_at++)                 \
            for (const struct arc_yaml_pair *pair =                                                \
                     (pair##_goes = 0, &pair##_owner->pairs[pair##_at]);                           \
                 pair; pair = NULL, pair##_goes = 1)

/* arc_yaml_get() along several keys: arc_yaml_at(root, "on", "push"). */
#define arc_yaml_at(node, ...) arc_yaml_along(node, ARC_WORDS(__VA_ARGS__))
const struct arc_yaml_node *arc_yaml_along(const struct arc_yaml_node *node,
                                           const char *const *keys);

/* The text of a key's value in a mapping; "" if it is missing or not a scalar. */
const char *arc_yaml_text_at(const struct arc_yaml_node *map, const char *key);
/* The entries of a list, or any other node as the only entry; NULL past the last. */
const struct arc_yaml_node *arc_yaml_entry(const struct arc_yaml_node *node, size_t index);
/* Whether the node is that text, lists it or has it as a key: `on: push`, `[push]`, `{push: …}`. */
bool arc_yaml_names(const struct arc_yaml_node *node, const char *text);

/* Whether a node is a string equal to `text`; false for NULL. */
bool arc_yaml_is(const struct arc_yaml_node *node, const char *text);
/* Whether a node is a scalar whose text, of whatever type, equals `text`. */
bool arc_yaml_reads(const struct arc_yaml_node *node, const char *text);

/* The value of an ARC_YAML_BOOL; that of an ARC_YAML_INT (false if it does not fit; *out is then
 * untouched). */
bool arc_yaml_bool(const struct arc_yaml_node *node);
bool arc_yaml_int(const struct arc_yaml_node *node, int64_t *out);

/* The type of a plain scalar, with a NUL behind it, in the core schema (YAML 1.2.2 §10.3.2, with the
 * digit separators that js-yaml 4 allows). */
enum arc_yaml_type arc_yaml_core_type(const char *text, size_t len);

/* "a string", "a list", "a mapping", "a number", "true or false", "nothing" for messages. */
const char *arc_yaml_type_name(const struct arc_yaml_node *node);

/* Sets an error at the node's place: ARC_EINPUT, or that of a code. */
#define arc_yaml_error(node, err, ...) arc_yaml_error_code(node, ARC_EINPUT, err, __VA_ARGS__)
int arc_yaml_error_code(const struct arc_yaml_node *node, int code, struct arc_error *err,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Gives an ARC_EINPUT that has no place yet the node's, with "WHAT: " in front; any other code and
 * error stay. Returns `rc`. */
int arc_yaml_place(const struct arc_yaml_node *node, const char *what, int rc,
                   struct arc_error *err);
