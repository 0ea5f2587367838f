/* What a repository says of its images, from whatever file, and what is proposed for them. All of
 * it lives in one arena. */
#pragma once

#include "arcci/arena.h"
#include "arcci/buf.h"
#include "base/path.h"
#include "yaml/yaml.h"
#include <jansson.h>
#include <stdbool.h>

/* Most Dockerfiles, other files, and images that are looked at; the rest is a question. */
#define INIT_FILES_MAX  500
#define INIT_IMAGES_MAX 1000
/* Most remarks of a kind, and the longest, in bytes: they stand in a configuration of at most 1
 * MiB. */
#define INIT_REMARKS_MAX  200
#define INIT_REMARK_BYTES ((size_t)1000)
/* Most other files, and other names, that a remark has. */
#define INIT_NAMED_MAX  ((size_t)3)
#define INIT_LISTED_MAX ((size_t)8)
/* Stands in a text for what only a run knows. */
#define INIT_UNKNOWN      '\x01'
#define INIT_UNKNOWN_TEXT "\x01"

/* Starts the version of a file, by its number in init->places: "{version_0}". */
#define INIT_FILE_VERSION "{version_"

/* What the name of a variable is made of. */
#define INIT_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* What expressions, steps, commands and lists may come to, in bytes and their like: aliases,
 * matrices and loops make much of a short file. */
#define INIT_SPENT_MAX ((size_t)128 << 20)

/* Longest file that is read, and all of them together, in bytes. */
#define INIT_BYTES_MAX ((size_t)1 << 20)
#define INIT_READ_MAX  ((size_t)64 << 20)

/* Which file described an image; a later one says more. */
enum init_origin { FROM_DOCKERFILE, FROM_COMPOSE, FROM_WORKFLOW };

struct init_image {
    struct init_image *next;  /* of the proposal */
    struct init_image *peer;  /* the next one of its group */
    struct init_group *group; /* that releases it; NULL: none does */
    enum init_origin from;
    const char *file; /* that described it */
    unsigned line;
    char *codename;
    char *name;        /* last part of its reference */
    char **registries; /* what stands before; NULL: nothing says */
    char **others;     /* further names, whole, whose last part is another */
    char *directory;   /* of its Dockerfile */
    char *context;
    char *dockerfile;
    char *target;
    json_t *args; /* name → value, or the file and the name that it stands under; NULL: none */
    char **platforms;   /* NULL: the default */
    char **paths;       /* of filters, beside its own */
    json_t *tags;       /* name → when it applies ("": always); NULL: none */
    json_t *variants;   /* as a configuration lists them; NULL: none */
    char *pattern;      /* of what stands behind the registry, "{suffix}-{name}"; NULL: its name */
    char *version_file; /* where its version stands; NULL: tags say */
    char **version_at;
    char *version; /* that stands there; NULL: not known */
    char *tag; /* before the version, of what starts the workflow that publishes it; NULL: none */
    json_t *kind; /* what there is to say beside its directory */
    bool pushed;  /* a workflow publishes it */
    bool settled; /* the files that say most of it were read */
};

/* Images that are released together. */
struct init_group {
    struct init_group *next;
    char *name;
    char **tags;               /* patterns; NULL: versions stand in files */
    const char *versioning;    /* NULL: semver */
    struct init_image *images; /* by `peer` */
    size_t count;
    const char *key;    /* "bake" or "compose": what describes the images instead; NULL: nothing */
    char *source;       /* the file */
    char **targets;     /* of it; NULL: its default ones */
    json_t *variables;  /* as arguments of images are */
    json_t *image_tags; /* beside those of the file */
    char **platforms;   /* of its targets that name none; NULL: the default */
    char *image;        /* what it is called that the file does not name; NULL: as its target */
    const char *host;   /* of its first registry */
    char **registries;  /* of most of its images */
    bool is_released;   /* there is a tag of it */
    bool is_train;      /* its releases are made of those of all other groups */
};

/* A sentence about a place of the repository, or several files, fit to be shown. */
struct init_remark {
    const char *file; /* the first; NULL: none */
    unsigned line;
    const struct init_image *image; /* that the values are asked for; NULL: of no such question */
    const json_t *names;            /* of the values */
    char *text;
    char *others; /* some of the other files; NULL: there are none */
    size_t more;  /* how many those are */
};

struct init_remarks {
    struct init_remark *items;
    size_t count;
};

#define init_each_image(image, init)                                                               \
    for (struct init_image *image = (init)->images; image; image = image->next)
#define init_each_peer(image, group)                                                               \
    for (struct init_image *image = (group)->images; image; image = image->peer)
#define init_each_group(group, init)                                                               \
    for (struct init_group *group = (init)->groups; group; group = group->next)

struct init {
    struct arc_arena arena;
    const char *root;
    char **files; /* that git tracks, in byte order */
    size_t file_count;
    json_t *kept;  /* all JSON that lives as long; owned */
    json_t *texts; /* path → what was read, null for what could not be */
    json_t *said;  /* file and text of each remark, and "NAME=" of arguments, in a line each */
    size_t bytes_read;
    size_t spent;             /* of INIT_SPENT_MAX */
    json_t *git_tags;         /* owned */
    char *owner;              /* of the repository, NULL: not known */
    char *repository;         /* its name */
    json_t *dotenv;           /* of .env in the root */
    json_t *dockerfile_names; /* path → what tells it from its neighbours ("" for none) */
    json_t *aside;            /* path → the same, of those for tests, examples and development */
    char *guess;        /* a prefix of somebody else, which a Dockerfile asks for; NULL: none */
    json_t *registries; /* prefix of images → how often it was seen */
    struct init_image *images;
    size_t image_count;
    struct init_group *groups, lost;
    struct init_family *families; /* of tags; groups.c has them */
    json_t *bakes;                /* paths of the bake files that workflows and scripts name */
    struct init_image baked;      /* what workflows give their targets */
    bool baked_differ;            /* and those are several names */
    json_t *filters;              /* of workflows: name → patterns */
    json_t *usual_tags;           /* of images whose names only a run knows; NULL: none */
    json_t *named;                /* by metadata-action: "registry/name" → tags, conditions */
    json_t *published;            /* names of images that commands push */
    json_t *called;               /* what commands run that told nothing */
    json_t *places;               /* of versions that commands read: number → {file, at} */
    const char *fail_on; /* severity from which on a scanner's step fails; NULL: none does */
    const char *branch;  /* the default one */
    bool pushes;         /* workflows publish images */
    bool remarked;       /* it is written that the platforms are a guess */
    bool guessed;        /* and of some builds it could not be told what they build */
    struct init_remarks questions, found;
};

/* ---- memory --------------------------------------------------------------------------------- */

/* Running out of it is the arena's: the calls go on, and arc_arena_check() ends the reading of each
 * kind of files. */

/* Formatted text. */
#define init_print(init, ...) arc_arena_printf(&(init)->arena, __VA_ARGS__)

/* The first `len` bytes of a text. */
char *init_cut(struct init *init, const char *text, size_t len);

/* What a buffer holds. */
char *init_hold(struct init *init, const struct arc_buf *text);

/* Takes the value in: a member of an object (nothing happens where that is none), an item of a
 * list, or as it is. */
void init_set(struct init *init, json_t *object, const char *name, json_t *value);
void init_set_text(struct init *init, json_t *object, const char *name, const char *text);
void init_push(struct init *init, json_t *list, json_t *value);
json_t *init_made(struct init *init, json_t *value);
json_t *init_keep(struct init *init, json_t *value); /* and keeps it: it is borrowed then */
/* A copy that has the same members. A new reference. */
json_t *init_copy(struct init *init, const json_t *object);
/* Adds the members of another object; nothing happens where that is none. */
void init_update(struct init *init, json_t *object, const json_t *more);

/* Whether a configuration takes the text, by a check of config/fields.h. */
bool init_allows(struct init *init, bool (*check)(const char *, struct arc_buf *),
                 const char *text);

/* Whether a call was right. */
bool init_succeeds(struct init *init, int rc);

/* Takes so many bytes of what may be spent. False, and a question, when it is too much: the readers
 * end then. */
bool init_spend(struct init *init, size_t bytes);

/* What is before the last part of a path ("." where there is nothing). */
char *init_directory(struct init *init, const char *path);

/* "DIRECTORY/NAME", or NAME in the root. */
char *init_join(struct init *init, const char *directory, const char *name);

/* Makes `path` relative to the root, clean; NULL when it leads out. */
char *init_resolve(struct init *init, const char *base, const char *path);

/* Whether git tracks the file, and something below the directory. */
bool init_has_file(const struct init *init, const char *path);
bool init_has_directory(struct init *init, const char *path);

bool init_is_yaml(const char *path);

/* For each tracked path below a directory (all below "."), by number. */
#define init_each_below(i, init, directory)                                                        \
    for (size_t i = init_first_below(init, directory);                                             \
         i < (init)->file_count && arc_path_below(directory, (init)->files[i]); i++)
size_t init_first_below(struct init *init, const char *directory);

/* Reads a tracked file as text, at most INIT_BYTES_MAX of it; NULL, and a question, when it cannot
 * be read. What is no text is made visible. It lives as long as the proposal. */
const char *init_read(struct init *init, const char *path);

/* Reads a tracked file as YAML or JSON into *out, which the caller owns; false when it is
 * neither. */
bool init_read_yaml(struct init *init, const char *path, struct arc_yaml *out);

/* Adds a question, or something that was found. What was said of another file is not said again:
 * this file joins that one. */
#define init_ask(init, of, at, ...)                                                                \
    init_add_remark(init, &(init)->questions, (struct init_remark){.file = (of), .line = (at)},    \
                    __VA_ARGS__)
#define init_note(init, of, at, ...)                                                               \
    init_add_remark(init, &(init)->found, (struct init_remark){.file = (of), .line = (at)},        \
                    __VA_ARGS__)
void init_add_remark(struct init *init, struct init_remarks *list, struct init_remark remark,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "a, b and 3 more" of a list of names. */
char *init_list_names(struct init *init, const json_t *names);

/* Asks for the values of build arguments. */
void init_ask_values(struct init *init, const struct init_image *image, json_t *names);

/* The text of a remark with the other files that it holds for. */
char *init_remark_text(struct init *init, const struct init_remark *remark);

/* A new group with a name of its own, made of `name`. Without memory for one it is init->lost. */
struct init_group *init_add_group(struct init *init, const char *name);
/* The same for a file that describes so many images, by its key; NULL: named as the repository. */
struct init_group *init_use_file(struct init *init, const char *key, const char *path,
                                 const char *name, size_t images);

/* Adds a copy of the image; NULL when there are too many or memory ran out. */
struct init_image *init_add_image(struct init *init, const struct init_image *image);
/* The image itself as the first of several that are made of it, then copies; counts them. */
struct init_image *init_next_image(struct init *init, struct init_image *image, size_t *count);
/* The first image of that Dockerfile; NULL when there is none. */
struct init_image *init_find_image(const struct init *init, const char *dockerfile);
/* From now on other files say less of the images. */
void init_settle(struct init *init);
/* Adds a build argument or a variable, unless no configuration takes its name: with its value or,
 * where that is NULL, its place in a file: below `key` (NULL: at the top) and its name. */
void init_add_pair(struct init *init, json_t **pairs, const char *name, const char *value,
                   const char *file, const char *key);

/* Where a value stands in a file: {file, at}. A new reference. */
json_t *init_make_place(struct init *init, const char *file, const char *key, const char *name);
/* Whether a stage of that name is for people who work on the code, not what is released. */
bool init_is_development(const char *stage);
void init_add_text(struct init *init, char ***texts, const char *text);

/* Adds a platform ("linux/arm64", "aarch64"; add-ons' "armv7"), or asks which one is meant. They
 * are kept in byte order. */
void init_add_platform(struct init *init, struct init_image *image, const char *file, unsigned line,
                       const char *text);

/* Adds a name of images and its condition ("": always), unless no configuration takes it. One that
 * is there keeps its condition only if both have one. */
void init_add_tag(struct init *init, json_t **tags, const char *name, const char *when);

/* Takes a reference apart: "ghcr.io/acme/cart:1.0" gives the image its name and a registry. One
 * without a host is Docker Hub's; one without a slash has no registry. False when it is no image's
 * name. */
bool init_take_reference(struct init *init, const char *reference, struct init_image *image);

/* Whether a word is among those that blanks separate, in capitals or not. */
bool init_is_among(const char *word, const char *words);

/* The first "$NAME" or "${NAME:-word}" of a text: its name; *start and *end are around it. NULL
 * when there is none. */
char *init_next_variable(struct init *init, const char *text, const char **start, const char **end);

/* The text without capitals. */
char *init_lower(struct init *init, const char *text);

/* Whether two texts, or lists of them, are the same (NULL: none). */
bool init_same_text(const char *a, const char *b);
bool init_same_texts(char *const *a, char *const *b);

/* Whether a prefix of images ends with the repository's owner: "ghcr.io/acme". */
bool init_is_owner(const struct init *init, const char *registry);

/* A codename of any text: lower case, '-' for the rest; "" when nothing is left. */
char *init_codename(struct init *init, const char *text);
