/* What a repository says of its images, from whatever file, and what is proposed for them. All of
 * it lives in one arena. */
#ifndef ARC_INIT_PROPOSAL_H
#define ARC_INIT_PROPOSAL_H

#include "arcci/arena.h"
#include "arcci/buf.h"
#include "yaml/yaml.h"
#include <jansson.h>
#include <stdbool.h>

/* Most Dockerfiles, other files, and images that are looked at; the rest is a question. */
#define INIT_FILES_MAX  500
#define INIT_IMAGES_MAX 1000
/* Most remarks of a kind, and the longest, in bytes: they stand in a configuration of at most 1 MiB. */
#define INIT_REMARKS_MAX  200
#define INIT_REMARK_BYTES ((size_t)1000)
/* Most other files that a remark names. */
#define INIT_NAMED_MAX ((size_t)3)
/* Stands in a text for what only a run knows. */
#define INIT_UNKNOWN '\x01'

/* Longest file that is read, and all of them together, in bytes. */
#define INIT_BYTES_MAX ((size_t)1 << 20)
#define INIT_READ_MAX  ((size_t)64 << 20)

/* Which file described an image; a later one says more. */
enum init_origin { FROM_DOCKERFILE, FROM_COMPOSE, FROM_WORKFLOW };

struct init_image {
    enum init_origin from;
    const char *file; /* that described it */
    unsigned line;
    char *codename;
    char *name;        /* last part of its reference */
    char **registries; /* what stands before; NULL: nothing says */
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
    bool pushed;   /* a workflow publishes it */
};

/* Images that are released together. */
struct init_group {
    char *name;
    char **tags;            /* patterns; NULL: versions stand in files */
    const char *versioning; /* NULL: semver */
    struct init_image **images;
    size_t count;
    const char *key;    /* "bake" or "compose": what describes the images instead; NULL: nothing */
    char *source;       /* the file */
    char **targets;     /* of it; NULL: its default ones */
    json_t *variables;  /* as arguments of images are */
    json_t *image_tags; /* beside those of the file */
    char *registry;     /* of the first image in it; NULL: not known */
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

struct init_proposal {
    struct arc_arena arena;
    const char *root;
    char **files; /* that git tracks, in byte order */
    size_t file_count;
    json_t *kept;  /* maps of images and groups, which never change; owned */
    json_t *texts; /* path → what was read, null for what could not be; owned */
    json_t *said;  /* file and text of each remark, in a line each; owned */
    size_t bytes_read;
    size_t commands;          /* of scripts, that were read */
    json_t *git_tags;         /* owned */
    char *owner;              /* of the repository, NULL: not known */
    char *repository;         /* its name */
    json_t *dotenv;           /* of .env in the root; owned */
    json_t *dockerfile_names; /* path → what tells it from its neighbours ("" for none); owned */
    char *guess;        /* a prefix of somebody else, which a Dockerfile asks for; NULL: none */
    json_t *registries; /* prefix of images → how often it was seen; owned */
    struct init_image **images;
    size_t image_count;
    struct init_group **groups;
    size_t group_count;
    json_t *filters;     /* of workflows: name → patterns; owned */
    const char *fail_on; /* severity from which on a scanner's step fails; NULL: none does */
    const char *branch;  /* the default one */
    bool pushes;         /* workflows publish images */
    bool remarked;       /* it is written that the platforms are a guess */
    bool guessed;        /* and of some builds it could not be told what they build */
    struct init_remark *questions;
    size_t question_count;
    struct init_remark *found;
    size_t found_count;
};

/* ---- memory --------------------------------------------------------------------------------------
 * Running out of it is the arena's: the calls go on, and arc_arena_check() ends the reading of each
 * kind of files. */

/* The first `len` bytes of a text. */
char *init_cut(struct init_proposal *proposal, const char *text, size_t len);

/* What a buffer holds. */
char *init_hold(struct init_proposal *proposal, const struct arc_buf *text);

/* Takes the value in: a member of an object (nothing happens where that is none), an item of a list,
 * or as it is. */
void init_set(struct init_proposal *proposal, json_t *object, const char *name, json_t *value);
void init_push(struct init_proposal *proposal, json_t *list, json_t *value);
json_t *init_made(struct init_proposal *proposal, json_t *value);
/* A copy that has the same members. A new reference. */
json_t *init_copy(struct init_proposal *proposal, const json_t *object);
/* Adds the members of another object; nothing happens where that is none. */
void init_update(struct init_proposal *proposal, json_t *object, const json_t *more);

/* Whether a configuration takes the text, by a check of config/fields.h. */
bool init_allows(struct init_proposal *proposal, bool (*check)(const char *, struct arc_buf *),
                 const char *text);

/* Whether a call was right. */
bool init_succeeds(struct init_proposal *proposal, int rc);

/* The last part of a path, and what is before it ("." where there is nothing). */
const char *init_base(const char *path);
char *init_directory(struct init_proposal *proposal, const char *path);

/* "DIRECTORY/NAME", or NAME in the root. */
char *init_join(struct init_proposal *proposal, const char *directory, const char *name);

/* Makes `path` relative to the root, clean; NULL when it leads out. */
char *init_resolve(struct init_proposal *proposal, const char *base, const char *path);

/* Whether git tracks the file, and something below the directory. */
bool init_has_file(const struct init_proposal *proposal, const char *path);
bool init_has_directory(struct init_proposal *proposal, const char *path);

/* Whether a path lies below a directory; all do below ".". */
bool init_is_below(const char *path, const char *directory);

/* The first tracked path below a directory ("." for all), by number; file_count when there is none. */
size_t init_first_below(struct init_proposal *proposal, const char *directory);

/* Whether the path of that number is there and lies below the directory. */
bool init_is_at(const struct init_proposal *proposal, size_t index, const char *directory);

/* Reads a tracked file as text, at most INIT_BYTES_MAX of it; NULL, and a question, when it cannot
 * be read. What is no text is made visible. It lives as long as the proposal. */
const char *init_read(struct init_proposal *proposal, const char *path);

/* Reads a tracked file as YAML or JSON into *out, which the caller owns; false when it is neither. */
bool init_read_yaml(struct init_proposal *proposal, const char *path, struct arc_yaml *out);

/* Adds a question, or something that was found. What was said of another file is not said again: this
 * file joins that one. */
void init_ask(struct init_proposal *proposal, const char *file, unsigned line, const char *format,
              ...) __attribute__((format(printf, 4, 5)));
void init_note(struct init_proposal *proposal, const char *file, unsigned line, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Asks for the values of build arguments. */
void init_ask_values(struct init_proposal *proposal, const struct init_image *image, json_t *names);

/* The text of a remark with the other files that it holds for. */
char *init_remark_text(struct init_proposal *proposal, const struct init_remark *remark);

/* A new group with a name of its own, made of `name`; NULL when memory ran out. */
struct init_group *init_add_group(struct init_proposal *proposal, const char *name);

/* A new image of a Dockerfile; NULL when there are too many or memory ran out. */
struct init_image *init_add_image(struct init_proposal *proposal, enum init_origin from,
                                  const char *file, unsigned line);
/* Adds a build argument or a variable, unless no configuration takes its name: with its value or, where
 * that is NULL, its place in a file: below `key` (NULL: at the top) and its name. */
void init_add_pair(struct init_proposal *proposal, json_t **pairs, const char *name,
                   const char *value, const char *file, const char *key);

/* Where a value stands in a file: {file, at}. A new reference. */
json_t *init_make_place(struct init_proposal *proposal, const char *file, const char *key,
                        const char *name);
/* Whether a stage of that name is for people who work on the code, not what is released. */
bool init_is_development(const char *stage);
void init_add_text(struct init_proposal *proposal, char ***texts, const char *text);

/* Adds a platform ("linux/arm64", "aarch64"; add-ons' "armv7"), or asks which one is meant. They are kept
 * in byte order. */
void init_add_platform(struct init_proposal *proposal, struct init_image *image, const char *file,
                       unsigned line, const char *text);

/* Adds a name of images and its condition ("": always), unless no configuration takes it. One that is
 * there keeps its condition only if both have one. */
void init_add_tag(struct init_proposal *proposal, json_t **tags, const char *name,
                  const char *when);

/* Takes a reference apart: "ghcr.io/acme/cart:1.0" gives the image its name and a registry. One
 * without a host is Docker Hub's; one without a slash has no registry. False when it is no image's
 * name. */
bool init_take_reference(struct init_proposal *proposal, const char *reference,
                         struct init_image *image);

/* Whether a word is in a list that ends with NULL, in capitals or not. */
bool init_is_among(const char *word, const char *const *list);

/* Whether two texts (NULL: none) are the same. */
bool init_same_text(const char *a, const char *b);

/* How many images have the name of this one, itself counted; 0 when it has none. */
size_t init_count_alike(const struct init_proposal *proposal, const struct init_image *image);

/* Whether a prefix of images ends with the repository's owner: "ghcr.io/acme". */
bool init_is_owner(const struct init_proposal *proposal, const char *registry);

/* A codename of any text: lower case, '-' for the rest; "" when nothing is left. */
char *init_codename(struct init_proposal *proposal, const char *text);

#endif
