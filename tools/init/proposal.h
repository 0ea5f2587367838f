/* What a repository's files say about its images, and the configuration proposed from that. All of
 * it lives in one arena. */
#pragma once

#include "base/json.h"
#include "base/path.h"
#include "config/fields.h"
#include "config/file_value.h"

/* At most this many Dockerfiles, other files of each kind, and images are read; the rest becomes a
 * question. */
#define INIT_FILES_MAX  500
#define INIT_IMAGES_MAX 1000
/* At most this many remarks of each kind, of at most this many bytes: the configuration that holds
 * them as comments may have 1 MiB. */
#define INIT_REMARKS_MAX  200
#define INIT_REMARK_BYTES ((size_t)1000)
/* At most this many other files, and names, in one remark. */
#define INIT_NAMED_MAX  ((size_t)3)
#define INIT_LISTED_MAX ((size_t)8)
/* Placeholder in a text for a value that only a run knows. */
#define INIT_UNKNOWN      '\x01'
#define INIT_UNKNOWN_TEXT "\x01"

/* Start of a path from the repository's root, wherever a script runs. */
#define INIT_ROOT '\x03'

/* Start of a placeholder for a version read from a file: "{version_0}" is init->places[0]. */
#define INIT_FILE_VERSION "{version_"

/* The characters of a variable's name. */
#define INIT_LETTERS ARC_ALNUM "_"

/* Budget for what expressions, steps, commands and lists expand to, roughly in bytes: aliases,
 * matrices and loops can make a short file enormous. */
#define INIT_SPENT_MAX ((size_t)128 << 20)

/* Largest file that is read, and largest sum of all files, in bytes. */
#define INIT_BYTES_MAX ((size_t)1 << 20)
#define INIT_READ_MAX  ((size_t)64 << 20)

/* What kind of file described an image; later kinds say more. */
enum init_origin { FROM_DOCKERFILE, FROM_COMPOSE, FROM_WORKFLOW };

struct init_image {
    struct init_image *next;  /* in the proposal */
    struct init_image *peer;  /* next image of its group */
    struct init_group *group; /* the group that releases it; NULL: none */
    enum init_origin from;
    const char *file; /* where it was described */
    unsigned line;
    char *codename;
    char *name;        /* last part of its reference */
    char **registries; /* what precedes the name; NULL: unknown */
    char **others;     /* full references with another last part */
    char *directory;   /* of its Dockerfile */
    char *context;
    char *dockerfile;
    char *target;
    json_t *args;       /* name → value, or the file and key that hold the value; NULL: none */
    char **platforms;   /* NULL: the default */
    char *provenance;   /* "false" or its options; NULL: the default */
    char *sbom;         /* the same */
    char **checked;     /* platforms that workflows of pull requests build; NULL: none does */
    char **paths;       /* patterns from filters, besides its own directory */
    json_t *tags;       /* name → when it applies ("": always); NULL: none */
    char *likely;       /* "v{version}" for a tag of which only a run knows the end; NULL: none */
    json_t *variants;   /* in the form of the configuration; NULL: none */
    char *pattern;      /* of the name after the registry, "{suffix}-{name}"; NULL: just the name */
    char *version_file; /* file that holds its version; NULL: versions come from tags */
    char **version_at;  /* path of keys within that file */
    char *version;      /* value found there; NULL: unknown */
    char *tag;          /* prefix of the git tags that start its publishing workflow; NULL: none */
    char *part;         /* architecture in its tags: another step joins its images; NULL: none */
    json_t *kind;       /* its keys in the configuration besides the directory */
    bool pushed;        /* a workflow publishes it */
    bool by_workflow;   /* a workflow or goreleaser builds it */
    bool elsewhere;     /* also in a registry that only a run knows */
    bool by_digest;     /* without tags; another step adds them */
    bool settled;       /* the most authoritative files were read; later ones only fill gaps */
};

/* Images that are released together. */
struct init_group {
    struct init_group *next;
    char *name;
    char **tags;               /* patterns; NULL: versions come from files */
    char **starts;             /* what these tags start with, without placeholders */
    const char *versioning;    /* NULL: semver */
    struct init_image *images; /* linked by `peer` */
    size_t count;
    const char *key;    /* "bake" or "compose" when such a file defines the images; else NULL */
    char *source;       /* that file */
    char **targets;     /* its targets to build; NULL: the default ones */
    char **codenames;   /* of its images; NULL: unknown */
    json_t *variables;  /* in the form of an image's `args` */
    json_t *image_tags; /* in addition to the file's own */
    char **platforms;   /* for targets that name none; NULL: the default */
    char *image;        /* image name for targets that name none; NULL: the target's name */
    const char *host;   /* of its first registry */
    char **registries;  /* shared by most of its images */
    bool is_released;   /* the repository has a tag of this group */
    bool is_train;      /* its releases combine those of all other groups */
};

/* A sentence about a place in one or more files, safe to print. */
struct init_remark {
    const char *file; /* the first one; NULL: none */
    unsigned line;
    const struct init_image *image; /* set if the remark asks for values of its build arguments */
    const json_t *names;            /* names of those arguments */
    char *text;
    char *others; /* the first few of the other files; NULL: none */
    size_t more;  /* number of other files */
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
    char **files; /* tracked by git, in byte order */
    size_t file_count;
    json_t *kept;  /* owns the JSON that lives as long as the proposal */
    json_t *texts; /* path → contents; null if the file could not be read */
    json_t *said;  /* remarks already made: their file and text, or "NAME=" of an argument */
    size_t bytes_read;
    size_t spent;     /* out of INIT_SPENT_MAX */
    json_t *git_tags; /* owned */
    const struct arc_git *git;
    char *owner;              /* of the repository; NULL: unknown */
    char *repository;         /* name without the owner */
    json_t *dotenv;           /* variables of the root's .env */
    json_t *dockerfile_names; /* path → what distinguishes it in its directory ("": nothing) */
    json_t *aside;            /* the same for Dockerfiles of tests, examples and development */
    const char *guess;        /* registry prefix that may not be ours; NULL: none */
    const char *guess_reason; /* what names it */
    json_t *registries;       /* prefix of images → how often it was seen */
    struct init_image *images;
    size_t image_count;
    struct init_group *groups, lost;
    struct init_family *families; /* of git tags; defined in groups.c */
    json_t *bakes;                /* bake file → all files that are used with it */
    struct init_image baked;      /* what workflows set for the targets of bake files */
    json_t *bake_values;          /* of init_take_values(); INIT_UNKNOWN: they differ */
    bool baked_differ;            /* workflows give these targets different names */
    bool baked_unknown;           /* … and platforms that only a run knows */
    json_t *filters;              /* of paths-filter steps: name → patterns */
    json_t *usual_tags;           /* of images whose names only a run knows; NULL: none */
    json_t *named;                /* by metadata-action: "registry/name" → tags, conditions */
    json_t *joined;               /* the same for indexes that commands make */
    json_t *published;            /* names of images that commands push */
    json_t *called;               /* programs run by commands from which nothing was learned */
    json_t *places;               /* of versions that commands read: number → {file, at} */
    const char *cron;             /* when images are built that move tags then; NULL: never */
    const char *fail_on;          /* lowest severity that fails a scanner's step; NULL: none does */
    const char *branch;           /* the default branch */
    bool pushes;                  /* some workflow publishes images */
    bool signs, attests; /* … signs them with cosign and no key, has GitHub attest them */
    bool remarked;       /* the proposal says that its platforms are a guess */
    bool guessed;        /* some builds could not be understood */
    struct init_remarks questions, found;
};

/* ---- memory --------------------------------------------------------------------------------- */

/* When memory runs out, the arena records it and calls go on; arc_arena_check() then ends the
 * reading of each kind of file. */

/* Formatted text, and a copy of the first `len` bytes. */
#define init_print(init, ...)     arc_arena_printf(&(init)->arena, __VA_ARGS__)
#define init_cut(init, text, len) arc_arena_cut(&(init)->arena, text, len)

/* A copy of the buffer's contents. */
char *init_hold(struct init *init, const struct arc_buf *text);

/* These take over a new reference and note it if memory ran out (value is NULL): as a member of an
 * object (dropped if `object` is NULL), as an item of a list, or returned as it is. */
void init_set(struct init *init, json_t *object, const char *name, json_t *value);
void init_set_text(struct init *init, json_t *object, const char *name, const char *text);
void init_push(struct init *init, json_t *list, json_t *value);
json_t *init_made(struct init *init, json_t *value);
json_t *init_keep(struct init *init, json_t *value); /* returns it borrowed from the proposal */
/* A shallow copy. A new reference. */
json_t *init_copy(struct init *init, const json_t *object);
/* A text, or the first item of a list; NULL for others. */
static inline const char *init_first_text(const json_t *value)
{
    return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

/* Adds the members of `more`; ignored if that is not an object. */
void init_update(struct init *init, json_t *object, const json_t *more);

/* Whether a configuration accepts the text, by a check of config/fields.h. */
bool init_allows(struct init *init, arc_check *check, const char *text);

/* Whether a call succeeded; notes that memory ran out. */
bool init_succeeds(struct init *init, int rc);

/* Takes bytes from the budget INIT_SPENT_MAX. When it is exhausted: false, a question is added, and
 * the readers stop. */
bool init_spend(struct init *init, size_t bytes);

/* arc_path_parent(), arc_path_join(). */
#define init_directory(init, path)       arc_path_parent(&(init)->arena, path)
#define init_join(init, directory, name) arc_path_join(&(init)->arena, directory, name)

/* `path`, as seen from `base`, relative to the root and without "." and ".."; NULL if it leaves the
 * root. */
char *init_resolve(struct init *init, const char *base, const char *path);

/* Whether git tracks the file, or anything below the directory. */
bool init_has_file(const struct init *init, const char *path);
bool init_has_directory(struct init *init, const char *path);

bool init_is_yaml(const char *path);

/* Loops over the indexes of the tracked paths below a directory (".": all). */
#define init_each_below(i, init, directory)                                                        \
    for (size_t i = init_first_below(init, directory);                                             \
         i < (init)->file_count && arc_path_below(directory, (init)->files[i]); i++)
size_t init_first_below(struct init *init, const char *directory);

/* Counts a file of a kind. False, with a question, if there are more than INIT_FILES_MAX. */
bool init_counts(struct init *init, size_t *count);

/* Reads a tracked file as text, at most INIT_BYTES_MAX of it. If it cannot be read: NULL, and a
 * question is added. Control characters are made visible. Lives as long as the proposal. */
const char *init_read(struct init *init, const char *path);

/* Reads a tracked file as YAML or JSON into *out, owned by the caller. False if it is neither. */
bool init_read_yaml(struct init *init, const char *path, struct arc_yaml *out);

#define INIT_SIGNS "signs images with cosign: 'sign: cosign' does that"
#define INIT_WHICH_KEY                                                                             \
    "which key signs its images? Name it under 'sign'; as proposed, it signs none"

/* Adds a question or a finding. If the same was said about another file, this file joins that
 * remark. */
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

/* The text of a remark, with the other files it applies to. */
char *init_remark_text(struct init *init, const struct init_remark *remark);

/* A new group with a unique name made from `name`. Returns &init->lost when memory ran out. */
struct init_group *init_add_group(struct init *init, const char *name);
/* The same for a bake or compose file (`key`) that defines that many images; `name` NULL: named
 * after the repository. */
struct init_group *init_use_file(struct init *init, const char *key, const char *path,
                                 const char *name, size_t images);

/* Adds a copy of the image; NULL if there are too many or memory ran out. */
struct init_image *init_add_image(struct init *init, const struct init_image *image);
/* The first image built from that Dockerfile; NULL: none. */
struct init_image *init_find_image(const struct init *init, const char *dockerfile);
/* Marks all images as settled: files read from now on only fill gaps. */
void init_settle(struct init *init);
/* Adds a build argument or a variable, unless its name is not valid in a configuration. Takes over
 * the value, a text or the place of one in a file, {file, at}. */
void init_add_pair(struct init *init, json_t **pairs, const char *name, json_t *value);

/* Whether a stage of that name is for development, not for release. */
bool init_is_development(const char *stage);
void init_add_text(struct init *init, char ***texts, const char *text);
void init_add_texts(struct init *init, char ***texts, char *const *more);

/* The platform of the architecture at the end of a name, "web-linux.arm64" or "web-armhf", and where
 * that starts; NULL if there is none. */
const char *init_find_platform(const char *name, const char **start);

/* Adds a platform ("linux/arm64", "aarch64"; "armv7" of add-ons) in byte order, or asks which one
 * is meant. */
void init_add_platform(struct init *init, struct init_image *image, const char *file, unsigned line,
                       const char *text);

/* Adds an image tag and its condition ("": always), if it is valid in a configuration. A tag that
 * was added before keeps its condition only if both have one. */
void init_add_tag(struct init *init, json_t **tags, const char *name, const char *when);

/* Parses a reference: "ghcr.io/acme/cart:1.0" gives the image its name and a registry, which is
 * Docker Hub without a host, and none without a slash. False if it is not a valid reference. */
bool init_take_reference(struct init *init, const char *reference, struct init_image *image);

/* Whether a word is in a list separated by blanks, ignoring case. */
bool init_is_among(const char *word, const char *words);

/* What a table has beside the word; NULL if it lacks it. */
#define init_look_up(table, word) init_look_in(table, ARC_COUNT(table), word)
const char *init_look_in(const char *const (*rows)[2], size_t count, const char *word);

/* The name of the first "$NAME" or "${NAME:-word}" in a text, NULL if it has none; *start and *end
 * delimit the whole variable. */
char *init_next_variable(struct init *init, const char *text, const char **start, const char **end);

/* The text in lower case. */
#define init_lower(init, text) arc_text_lower(arc_arena_text(&(init)->arena, text))

/* Whether two lists of texts are equal (NULL: none). */
bool init_same_texts(char *const *a, char *const *b);

/* Whether a prefix of image names, "ghcr.io/acme", ends with the repository's owner. */
bool init_is_owner(const struct init *init, const char *registry);

/* Converts any text to a codename: lower case, with '-' for invalid characters; "" if nothing
 * remains. */
char *init_codename(struct init *init, const char *text);
