/* Mappings of a YAML file read into a struct by a table of fields. */
#ifndef ARC_CONFIG_FIELDS_H
#define ARC_CONFIG_FIELDS_H

#include "arcci/buf.h"
#include "arcci/config.h"
#include "arcci/scan_settings.h"
#include "yaml/yaml.h"

/* Whether a value is right; if not, says why in *why ("is absolute; …", to follow the value), or
 * sets why->failed when memory ran out. */
typedef bool arc_check(const char *text, struct arc_buf *why);

enum arc_field_kind {
    FIELD_TEXT,      /* char *: a string */
    FIELD_TEXTS,     /* char **: a list of different strings */
    FIELD_LIST,      /* char **: the same, or a single string */
    FIELD_PLATFORMS, /* char **: such a list of platforms, normalized */
    FIELD_SCALAR,    /* char *: a string, a number, true or false, as written */
    FIELD_FLAG,      /* bool */
    FIELD_PORT,      /* unsigned: 1–65535 */
    FIELD_PORTS,     /* unsigned *: a list of ports, ends with 0 */
    FIELD_PAIRS,     /* struct arc_pair *: a mapping of scalars, ends with {NULL, NULL} */
    FIELD_KEYED, /* struct arc_pair *: as Compose has it, such a mapping or a list of NAME=VALUE;
                    values may be empty and of several lines */
    FIELD_ARGS,  /* the same; a value that is a mapping is left NULL for the caller */
    FIELD_NODE,  /* const struct arc_yaml_node *: left to the caller */
    FIELD_TABLE, /* a mapping with fields of its own, in the same struct */
};

struct arc_field {
    const char *key; /* NULL ends a list of fields */
    enum arc_field_kind kind;
    size_t offset; /* in the struct */
    bool required;
    arc_check *check;               /* of the text, of each item, of a pair's name; or NULL */
    const struct arc_table *fields; /* of a FIELD_TABLE */
};

struct arc_table {
    const char *what; /* "a group", for messages */
    const struct arc_field *fields;
    bool open; /* other keys may stand there too, unless they look like a slip of one of ours */
};

/* Fills *out, which must be zeroed, from a mapping. Fields that are not there stay zero. ARC_EINPUT
 * with the place for an unknown key, a wrong type, a value that is not right, a missing field.
 * What was read until then is in *out either way; arc_fields_free() frees it. */
int arc_fields_read(const struct arc_yaml_node *map, const struct arc_table *table, void *out,
                    struct arc_error *err);
void arc_fields_free(const struct arc_table *table, void *out);

/* The same for a list of such mappings (NULL: none), the value of `key`: *items, an array of things of
 * `size` bytes, and *count are the caller's either way. */
int arc_fields_read_list(const struct arc_yaml_node *list, const char *key,
                         const struct arc_table *table, size_t size, void *items, size_t *count,
                         struct arc_error *err);

/* Moves what `from` has over what `out` has, both of one table; nodes that `from` lacks stay. */
void arc_fields_overlay(const struct arc_table *table, void *out, void *from);

/* Copies what `given` has and *own lacks, both of one table: texts and whole lists, single pairs. Lists
 * that neither has become empty. Nodes stay. */
int arc_fields_inherit(const struct arc_table *table, void *own, const void *given,
                       struct arc_error *err);
int arc_texts_inherit(char ***own, char *const *given, struct arc_error *err);
int arc_pairs_inherit(struct arc_pair **own, const struct arc_pair *given, struct arc_error *err);

/* A placeholder and what stands for it; a value of NULL is not known yet. */
struct arc_word {
    const char *name;
    const char *value;
};

/* Appends the template with the words that are known in the place of {NAME}; all else stays. `words`
 * ends with {NULL, NULL}. */
void arc_words_fill(const char *template, const struct arc_word *words, struct arc_buf *out);

/* Checks one scalar, reporting at its place. */
int arc_field_check(const struct arc_yaml_node *node, const char *key, arc_check *check,
                    struct arc_error *err);

/* The names of images (tags.c). `node` may be NULL: the default ones. *out is owned either
 * way. ARC_EINPUT with the place for what is not a name or no condition. */
int arc_image_tags_read(const struct arc_yaml_node *node, struct arc_image_tag **out,
                        struct arc_error *err);
void arc_image_tags_free(struct arc_image_tag *tags);

/* Reads the mapping `scan:`; without a node *out is {0} (scan.c). */
int arc_config_scan(const struct arc_yaml_node *node, struct arc_scan_settings *out,
                    struct arc_error *err);

/* The checks (checks.c). */
arc_check arc_check_line;       /* one line without control characters, not empty */
arc_check arc_check_text;       /* as that, but more than one line */
arc_check arc_check_name;       /* an image name: lower case, OCI distribution spec "name" */
arc_check arc_check_codename;   /* [a-z][a-z0-9-]*: job ids, output names, make targets */
arc_check arc_check_group;      /* the part of a tag before "/v" */
arc_check arc_check_tag;        /* a pattern of tags: "messaging/v*", "{name}@{version}" */
arc_check arc_check_versioning; /* "semver", "calver", "loose" */
arc_check arc_check_registry;   /* "host[:port][/path]" */
arc_check arc_check_platform;   /* "os/arch[/variant]" */
arc_check arc_check_image_tag;  /* an image tag with {placeholders} */
arc_check arc_check_path;       /* relative, stays in the repository */
arc_check arc_check_glob;       /* likewise, a pattern */
arc_check arc_check_build_arg;  /* [A-Za-z_][A-Za-z0-9_]* */
arc_check arc_check_label;      /* of a runner */
arc_check arc_check_image;      /* template of an image's name */
arc_check arc_check_inputs;     /* "directory" or "dockerfile" */
arc_check arc_check_day;        /* "2026-12-31" */
arc_check arc_check_secret;     /* the id of a secret: a file name */
arc_check arc_check_target; /* a target, a service or a profile: no option of docker's, no URL */

#endif
