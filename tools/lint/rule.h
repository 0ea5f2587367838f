/* Shared by the files of `lint`: the tree under inspection, and findings. */
#pragma once

#include "arcci/project.h"
#include "base/path.h"
#include "yaml/yaml.h"

/* At most this much text with expressions is checked per file; aliases count every time. */
#define LINT_EXPRESSIONS_MAX (8 * ARC_YAML_BYTES)

/* Longest text file that is read. */
#define LINT_FILE_MAX ((size_t)1 << 20)

/* At most this many variables, or files, are looked for in a script. */
#define LINT_SOUGHT_MAX 64

/* The built-in rules by their names: LINT_CONFIG is "config". */
#define RULE(id, name, summary) extern const char LINT_##id[];
#include "lint/rules.def"
#undef RULE

/* An entry of `allow`: findings that the repository accepts. */
struct lint_waiver {
    char *rule;
    char *file;
    char *has; /* part of the message; NULL: every finding of that rule in that file */
    char *why;
    unsigned line; /* of the entry */
    bool used;     /* a finding was dropped because of it */
};

/* An entry of `facts`: what a file must hold, as data. */
struct lint_fact {
    char *rule;    /* its name in findings */
    char *why;     /* its source: "TASK-012" */
    char *each;    /* "service", "group", or NULL for once */
    char **in;     /* names of the groups it applies to; NULL: all */
    char *file;    /* with {placeholders} */
    char **at;     /* keys from the root of the YAML file; "*" any, "key=value" the item with it */
    char **except; /* keys that "*" skips */
    const struct arc_yaml_node *is; /* equals */
    char **has;     /* contains: items of a list, keys of a mapping, parts of a string */
    char **lacks;   /* contains none of these */
    bool absent;    /* nothing is there */
    char **lines;   /* the file has these lines, ignoring blanks at both ends */
    char **text;    /* the file contains these texts */
    char **targets; /* the make file has these targets */
    char *until;    /* last day of its validity, "YYYY-MM-DD" in UTC; NULL: no limit */
};

/* `.github/arc-ci-lint.yaml`. Lists may be NULL. */
struct lint_settings {
    struct arc_arena memory; /* of all of it */
    struct arc_yaml yaml;    /* the file; facts point into it */
    char *service_name;      /* "arc-{codename}" */
    char *network;           /* "arc_platform_net" */
    struct arc_pair *labels; /* label → value with {placeholders} */
    char **actions; /* "owner/name" of allowed actions; NULL: those of github.com/actions */
    char **credentials_ignore; /* files and directories to skip */
    char **off;                /* rules that are turned off */
    char **style;              /* rules of style that are turned on */
    struct lint_waiver *waivers;
    size_t waiver_count;
    struct lint_fact *facts;
    size_t fact_count;
};

/* A local action or workflow that a workflow uses, read once. */
struct lint_called {
    struct lint_called *next;
    const char *name;
    struct arc_yaml yaml;
    const char *problem; /* why it could not be read; NULL if it was */
};

/* A directory with a service.yaml. */
struct lint_service {
    struct arc_service data; /* valid when `loaded` */
    char *directory;
    const struct arc_group *group; /* the group that releases it, or NULL */
    bool loaded;
};

/* A violation of a rule. */
struct lint_finding {
    char *file;
    unsigned line; /* from 1 */
    char *rule;
    char *message;
};

struct lint {
    struct arc_arena
        memory;       /* holds all texts; `failed` is sticky and covers other allocations too */
    const char *root; /* the work tree */
    struct arc_project *project; /* without groups if its configuration could not be loaded */
    struct lint_settings settings;
    struct lint_service *services; /* those of the groups, then others */
    size_t service_count;
    struct lint_finding *findings;
    size_t finding_count;
    json_t *files;  /* object: every file that was checked */
    json_t *counts; /* object: findings by "RULE:FILE" */
    struct lint_called *called;
    size_t called_count;
    bool queue; /* a workflow starts in a merge queue, so that there is one */
    const struct arc_yaml_node *document; /* the workflow or action whose expressions are checked */
    size_t expressions;      /* bytes of texts with expressions checked in the file so far */
    const char *text, *line; /* a file, and where the last search for a line of it ended */
    unsigned number;         /* of that line */
    const char *script, *at; /* a script that it was in, and the place; NULL: none */
};

/* Adds a finding at a line (0: the whole file, shown as line 1). */
void lint_find(struct lint *lint, const char *rule, const char *file, unsigned line,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same at a node of YAML. */
#define lint_find_at(lint, rule, node, ...)                                                        \
    lint_find(lint, rule, (node)->source->name, (node)->line, __VA_ARGS__)
/* The same at a place in the text of a script. */
#define lint_find_in(lint, rule, script, at, ...)                                                  \
    lint_find(lint, rule, (script)->source->name, lint_script_line(lint, script, at), __VA_ARGS__)
/* Turns an error about `file` into a finding at the error's place; ARC_ENOMEM sets
 * lint->memory.failed instead. */
void lint_find_error(struct lint *lint, const char *rule, const char *file,
                     const struct arc_error *err);

/* Adds one finding for those of a file beyond the limit. */
void lint_find_rest(struct lint *lint);

/* Whether the rule applies: it is not off or, for a rule of style, it is on. */
bool lint_is_on(const struct lint *lint, const char *rule);

/* The names of the built-in rules, what each requires, and the names of those of style; they end with
 * NULL. */
extern const char *const lint_rules[], *const lint_summaries[], *const lint_styles[];

/* Records that a file was checked. */
void lint_looked_at(struct lint *lint, const char *file);

/* Sets a member and takes over `value`; NULL means that memory ran out. */
void lint_set(struct lint *lint, json_t *object, const char *name, json_t *value);

/* Whether the path (from the root) is a file; false if memory runs out. */
bool lint_exists(struct lint *lint, const char *file);
/* Reads a file; false, with a finding of that rule, if it cannot be read. */
bool lint_read(struct lint *lint, const char *rule, const char *file, struct arc_buf *out);
bool lint_read_yaml(struct lint *lint, const char *rule, const char *file, unsigned flags,
                    struct arc_yaml *out);

/* The names in a directory, sorted: a new array of strings, empty if the directory does not exist.
 * NULL when out of memory. */
json_t *lint_list(struct lint *lint, const char *directory);

/* Formatted text; "" when out of memory. This and the texts below live as long as `lint`. */
#define lint_text(lint, ...)             arc_arena_printf(&(lint)->memory, __VA_ARGS__)
#define lint_join(lint, directory, name) arc_path_join(&(lint)->memory, directory, name)
#define lint_parent(lint, path)          arc_path_parent(&(lint)->memory, path)

/* The buffer's content; "" and lint->memory.failed if it could not be built. */
const char *lint_content(struct lint *lint, const struct arc_buf *text);

/* The text with {codename}, {name}, {directory}, {role}, {tech}, {port}, {health} and {group}
 * replaced; `service` or `group` may be NULL, other braces stay. */
const char *lint_expand(struct lint *lint, const char *text, const struct arc_service *service,
                        const struct arc_group *group);

/* settings.c */
int lint_settings_load(const char *root, const char *path, struct lint_settings *out,
                       struct arc_error *err);
void lint_settings_free(struct lint_settings *settings);

/* The families of rules, one file each. */
void lint_services(struct lint *lint);
void lint_dockerfile(struct lint *lint, const struct arc_group *group,
                     const struct arc_service *service);
void lint_compose(struct lint *lint, const struct lint_service *service);
void lint_make(struct lint *lint);
void lint_workflows(struct lint *lint);
/* Whether "USER[:GROUP]" is root, by its name or its number. */
bool lint_is_root(const char *user);
/* expression.c: the value of a key that GitHub compares without case: an input in `with` or
 * `inputs`, a job, an output (null is a node too). NULL if the key is missing. */
const struct arc_yaml_node *lint_input(const struct arc_yaml_node *map, const char *name);
/* Its text; "" if it is missing or has none. */
static inline const char *lint_input_text(const struct arc_yaml_node *map, const char *name)
{
    const struct arc_yaml_node *value = lint_input(map, name);
    return value && value->text ? value->text : "";
}
/* The values that the first `matrix.NAME` of a text may have in a job, as far as the workflow says;
 * NULL behind the last. */
const struct arc_yaml_node *const *
lint_matrix_values(struct lint *lint, const struct arc_yaml_node *job, const char *text);
/* The content of a local action or workflow, "./…"; NULL if `uses` is not local or cannot be
 * read. */
const struct arc_yaml_node *lint_called_root(struct lint *lint, const char *uses);
/* places.c: checks whether GitHub accepts a "workflow" or an "action": keys, kinds of values,
 * expressions. */
void lint_places(struct lint *lint, const char *what, const struct arc_yaml_node *root);
/* expression.c: what is wrong with an expression that may use these contexts and functions (words);
 * NULL if nothing is. *doubt: why a valid one does not mean what it seems to, or NULL. */
const char *lint_expression(struct lint *lint, const char *text, size_t len, const char *uses,
                            const char **doubt);
/* Whether a value is surely not of an input's type, "boolean" or "number": a text is never taken for
 * one. */
bool lint_misfits(struct lint *lint, const struct arc_yaml_node *value, const char *type);
/* The text in lower case, for names without case. */
#define lint_small(lint, text, len) arc_text_lower(arc_arena_cut(&(lint)->memory, text, len))
/* heads.c: finds workflows with secrets that check out a pull request's code. */
void lint_heads(struct lint *lint, const struct arc_yaml_node *root);
/* trust.c: finds what a workflow, or the steps of an action, hand on or take over without need. */
void lint_trust(struct lint *lint, const struct arc_yaml_node *root);
/* runner.c: finds valid workflows, or steps of an action, that do not do what they seem to. */
void lint_runner(struct lint *lint, const struct arc_yaml_node *root);
void lint_runner_action(struct lint *lint, const struct arc_yaml_node *runs);
void lint_facts(struct lint *lint);
void lint_credentials(struct lint *lint);
/* Adds the finding that a credential, "a password", is in a file. */
void lint_find_credential(struct lint *lint, const char *file, unsigned line, const char *what);

/* make.c: the targets of a make file. Objects: name → line from 1. Owned. */
struct arc_makefile {
    json_t *targets;  /* rules whose name has no variable, pattern, slash or dot */
    json_t *phony;    /* prerequisites of .PHONY */
    json_t *comments; /* "## name: description" lines */
};

/* False when out of memory. Free with arc_makefile_free() either way. */
bool arc_makefile_read(const char *text, struct arc_makefile *out);
void arc_makefile_free(struct arc_makefile *make);

/* Call `each` for every file below a directory except .git, or for every file that git tracks
 * (outside a repository: every file). A non-zero return value of `each` ends the walk. */
void lint_walk(struct lint *lint, const char *directory, int (*each)(void *lint, const char *file));
void lint_each_file(struct lint *lint, int (*each)(void *lint, const char *file));

/* The start of a line of a node's file; the last line if there are fewer. */
const char *lint_line(struct lint *lint, const struct arc_yaml_node *node, unsigned number);
/* The line of the file for a place in a script; one in quotes is where it begins. */
unsigned lint_script_line(struct lint *lint, const struct arc_yaml_node *script, const char *at);
