/* Reads mappings of a YAML file into a struct by a table of fields. */
#pragma once

#include "arcci/config.h"
#include "arcci/scan_settings.h"
#include "base/text.h"
#include "yaml/yaml.h"

/* Whether a value is valid. If not, appends the reason to *why ("is absolute; …", to follow the
 * value); why->failed is set when out of memory. */
typedef bool arc_check(const char *text, struct arc_buf *why);

enum arc_field_kind {
    FIELD_TEXT,      /* char *: a string */
    FIELD_TEXTS,     /* char **: a list of different strings */
    FIELD_LIST,      /* char **: the same, or a single string */
    FIELD_PLATFORMS, /* char **: such a list of platforms, normalized */
    FIELD_SCALAR,    /* char *: a string, a number, true or false, as written */
    FIELD_FLAG,      /* bool */
    FIELD_PORT,      /* unsigned: 1–65535 */
    FIELD_PORTS,     /* unsigned *: a list of ports, terminated by 0 */
    FIELD_PAIRS,     /* struct arc_pair *: a mapping of scalars, terminated by {NULL, NULL} */
    FIELD_KEYED, /* struct arc_pair *: as Compose has it, such a mapping or a list of NAME=VALUE;
                    values may be empty and of several lines */
    FIELD_HOSTS, /* the same, or a list of NAME:ADDRESS */
    FIELD_ARGS,  /* as FIELD_KEYED; a value that is a mapping is left NULL for the caller */
    FIELD_OWN,   /* a pointer made by the field's own reader */
    FIELD_NODE,  /* const struct arc_yaml_node *: for the caller to read */
    FIELD_LATER, /* the same, without a member: the caller finds it in the mapping */
    FIELD_TABLE, /* a mapping with fields of its own, in the same struct */
    FIELD_ITEMS, /* an array of structs, and their number: a list of such mappings */
};

/* The context for reading a file of the configuration. */
struct arc_loading {
    const char *root;         /* of the work tree */
    struct arc_arena *memory; /* holds all that is read */
    struct arc_error *err;
    const char *folder;    /* of the file, which its paths start at; NULL: the root */
    const char *directory; /* the service's, for {directory} in a value's file; NULL: unknown */
};

/* Reads a value of its own kind into its place in the struct, which is a pointer; fails as
 * arc_fields_read(). */
typedef int arc_read(const struct arc_loading *l, const struct arc_yaml_node *node, void *slot);

struct arc_field {
    const char *key; /* NULL terminates a list of fields */
    enum arc_field_kind kind;
    size_t offset; /* in the struct */
    bool required;
    bool filled;                    /* if present, the list must not be empty */
    arc_check *check;               /* for the text, each item, or a pair's name; or NULL */
    const char *const *words;       /* the only values of a FIELD_TEXT; NULL: any */
    arc_read *read;                 /* of a FIELD_OWN */
    const struct arc_table *fields; /* of a FIELD_TABLE, or of each item of a FIELD_ITEMS */
    size_t count; /* of FIELD_ITEMS: the offset of their number; of FIELD_FLAG: that of whether it
                     is given, 0: nobody asks */
};

struct arc_table {
    const char *what; /* "a group", for messages */
    const struct arc_field *fields;
    const char *brief; /* a string instead of a mapping sets the first field, under this name; NULL:
                          it must be a mapping */
    bool open;         /* allows other keys, unless they look like typos of ours */
    size_t size, line; /* for FIELD_ITEMS: of the struct, and the offset of its line; 0: none */
    /* Whether the keys of an item fit together: ARC_EINPUT at the node if not. */
    int (*check)(const void *item, const struct arc_yaml_node *node, struct arc_error *err);
};

/* Fills *out, which must be zeroed, from a mapping. Missing fields stay zero. ARC_EINPUT with the
 * place for an unknown key, a wrong type, an invalid value, a missing required field. */
int arc_fields_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                    const struct arc_table *table, void *out);

/* Overrides fields of `out` with those present in `from`, both of one table. */
void arc_fields_overlay(const struct arc_table *table, void *out, const void *from);

/* Inherits from `given` what *own lacks, both of one table: texts and lists as a whole, mappings
 * pair by pair. Lists that both lack become empty. Nodes stay. */
int arc_fields_inherit(const struct arc_loading *l, const struct arc_table *table, void *own,
                       const void *given);
void arc_texts_inherit(char ***own, char **given);
int arc_pairs_inherit(const struct arc_loading *l, struct arc_pair **own,
                      const struct arc_pair *given);
/* Whether a pair of a list comes from `given` (may be NULL). */
bool arc_pair_is_given(const struct arc_pair *given, const struct arc_pair *pair);

/* The number of pairs in such a list; 0 for NULL. */
static inline size_t arc_pairs_count(const struct arc_pair *pairs)
{
    size_t count = 0;
    while (pairs && pairs[count].name)
        count++;
    return count;
}

/* Adds a copy of a text to a NULL-terminated list, unless it is there. */
int arc_texts_add_once(const struct arc_loading *l, char ***list, const char *text);

/* Adds a platform in its normalized spelling, unless it is there; one text may name several, as in
 * buildx: "linux/amd64,linux/arm64". An invalid one (NULL: not a string) is refused here instead of
 * by an engine. */
int arc_platform_add(const struct arc_loading *l, char ***list, const char *text);

/* A copy of a buffer's content; `what` names it in messages. */
int arc_buf_keep(const struct arc_loading *l, const struct arc_buf *text, const char *what,
                 char **out);

/* A placeholder and its value; NULL: unknown so far. */
struct arc_word {
    const char *name;
    const char *value;
};

/* Appends the template, replacing each {NAME} whose word is known. `words` is terminated by {NULL,
 * NULL}. */
void arc_words_fill(const char *template, const struct arc_word *words, struct arc_buf *out);

/* The same with a service's {group}, {codename}, {name} and {suffix}, and one word more ({NULL}: no
 * other). */
void arc_service_fill(const char *template, const struct arc_group *group,
                      const struct arc_service *service, struct arc_word more, struct arc_buf *out);

/* Whether a node is an unquoted {version}: a mapping of one key without a value. */
bool arc_field_lacks_quotes(const struct arc_yaml_node *node);
/* Whether quotes would make a text of it: that, or a number such as 1.10. */
bool arc_field_wants_quotes(const struct arc_yaml_node *node);

/* Sets the FIELD_FLAG of a struct. */
void arc_field_set_flag(const struct arc_field *field, void *out, bool value);

/* Checks one scalar; an error has its place. */
int arc_field_check(const struct arc_yaml_node *node, const char *key, arc_check *check,
                    struct arc_error *err);

/* Reads a list of image tags into struct arc_image_tag (tags.c). ARC_EINPUT with the place for an
 * invalid name or condition. */
arc_read arc_image_tags_read;

/* A group's default image tags; for a train only {image-tag}. */
extern struct arc_image_tag arc_image_tags_default[], arc_image_tags_train[];

/* Reads the mapping `scan:` (NULL: not set) into *out, which owns its memory (scan.c). */
int arc_config_scan(const struct arc_yaml_node *node, struct arc_scan_settings *out,
                    struct arc_error *err);

/* The placeholders of image tags, NULL-terminated. */
extern const char *const arc_placeholders[];

/* Sets the reason why a value is invalid, for a check to return. */
bool arc_check_fails(struct arc_buf *why, const char *text);

/* Whether a text is one of some words. Appends to *why what is `wrong`, and the word that was meant,
 * else `otherwise`. */
bool arc_check_among(const char *text, const char *const *words, const char *wrong,
                     const char *otherwise, struct arc_buf *why);

/* The checks (checks.c). */
arc_check arc_check_line;       /* one line without control characters, not empty */
arc_check arc_check_text;       /* the same, but several lines */
arc_check arc_check_name;       /* an image name: lower case, OCI distribution spec "name" */
arc_check arc_check_codename;   /* [a-z][a-z0-9-]*: job ids, output names, make targets */
arc_check arc_check_group;      /* the part of a tag before "/v" */
arc_check arc_check_tag;        /* a pattern of tags: "messaging/v*", "{name}@{version}" */
arc_check arc_check_versioning; /* "semver", "calver", "loose" */
arc_check arc_check_registry;   /* "host[:port][/path]" */
arc_check arc_check_platform;   /* "os/arch[/variant]" */
arc_check arc_check_image_tag;  /* an image tag with {placeholders} */
arc_check arc_check_path;       /* relative, stays in the repository */
arc_check arc_check_glob;       /* the same for a pattern */
arc_check arc_check_build_arg;  /* [A-Za-z_][A-Za-z0-9_]* */
arc_check arc_check_image;      /* template of an image's name */
arc_check arc_check_output;     /* "compression=zstd", attributes of BuildKit's image exporter */
arc_check arc_check_day;        /* "2026-12-31" */
arc_check arc_check_secret;     /* the id of a secret: a file name */
arc_check arc_check_target; /* a target, service or profile; not an option of docker's, not a URL */
