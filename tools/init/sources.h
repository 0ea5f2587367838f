/* The readers: each turns files of one kind into images, registries and questions of a proposal.
 * They run in this order: the most authoritative files first. */
#pragma once

#include "init/proposal.h"

/* Finds the Dockerfiles, by name and a FROM in them, for init->dockerfile_names. */
void init_find_dockerfiles(struct init *init);

/* Workflows and the local actions that they use, by a table of known actions. */
void init_read_workflows(struct init *init);

/* The images of .goreleaser.yaml, taken as if a workflow built them. */
void init_read_goreleaser(struct init *init);

/* Records the bake files that a workflow or a script uses together, one per line, whatever their
 * names and places. */
void init_take_bake_files(struct init *init, const char *list);

/* docker-bake files: one group per file. */
void init_read_bake_files(struct init *init);

/* Services with a `build` in compose files. If a file names an image for every Dockerfile and no
 * other file describes images, it becomes a group; else its services become images. */
void init_read_compose_files(struct init *init);

/* Builds in Makefiles and shell scripts, of Dockerfiles that no other file described. If a file or
 * workflows say which images are published, the others are tools of developers and left out. */
void init_read_scripts(struct init *init);

/* One image for every Dockerfile that no other file described; the build arguments of all. */
void init_read_dockerfiles(struct init *init);

/* Makes codenames unique, chooses registries, and sorts the images into groups by the repository's
 * tags and the versions in its files. */
void init_make_groups(struct init *init);

/* Appends the text of arc-ci.yaml. */
void init_write_config(struct init *init, struct arc_buf *out);

/* Append the workflow that builds what changed, and the one that releases tags; nothing if there is
 * nothing to build or release. `source`: where the reusable workflows that they call come from. */
void init_write_images_workflow(struct init *init, const char *source, struct arc_buf *out);
void init_write_release_workflow(struct init *init, const char *source, struct arc_buf *out);

/* The question for a build whose image has another, known name. */
#define INIT_NAMELESS "it builds %s under names that only a run knows: left out. Is it released?"

#define INIT_MOVING_TAGS "canary dev edge latest local main master nightly snapshot unstable"

/* Build arguments that BuildKit predefines. */
#define INIT_GIVEN_ARGUMENTS                                                                       \
    "TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT TARGETSTAGE BUILDPLATFORM BUILDOS "          \
    "BUILDARCH BUILDVARIANT HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY "                  \
    "SOURCE_DATE_EPOCH"

/* Appends a text as a YAML scalar that reads back as this string: plain, or quoted as in JSON. */
void init_add_scalar(struct arc_buf *out, const char *text);

/* ---- what readers share --------------------------------------------------------------------- */

/* Whether a path is in a folder of tests, examples or third-party code. */
bool init_is_aside(const char *path);

/* Whether the Dockerfile has the stage, or cannot be read. */
bool init_has_stage(struct init *init, const char *dockerfile, const char *stage);

/* Whether the argument is in the name or the tag of a base image that is somebody else's. */
bool init_chooses_base(struct init *init, const char *dockerfile, const char *name);

/* Takes a build argument's value from the root's .env, if the configuration finds it there. */
bool init_takes_dotenv(struct init *init, struct init_image *image, const char *name);

/* The name for an image of that Dockerfile. */
char *init_name_dockerfile(struct init *init, const char *path);

/* The placeholder for a variable whose name suggests a release's value: "{version}" for VERSION;
 * NULL for other names. `bake`: TAG counts too, as in bake files. */
const char *init_release_value(const char *name, bool bake);

/* The placeholder `value` with a "v" in front if `usual`, the default (NULL: none), has one before
 * its version. */
const char *init_as_written(const char *value, const char *usual);

/* Counts one sighting of a prefix of images, "ghcr.io/acme". */
void init_count_registry(struct init *init, const char *registry);

/* Notes a prefix that may not be that of our images, and what names it: a guess if none is sure.
 * The owner's go before others', the first one before later ones. */
void init_guess_registry(struct init *init, const char *registry, const char *reason);

/* Whether a reference is in a registry on the machine or in the job's network: "localhost/x",
 * "kind-registry:5000/x". */
bool init_is_local(const char *reference);

/* ---- steps ---------------------------------------------------------------------------------- */

/* A step that uses an action. Values of `with` may contain INIT_UNKNOWN. All borrowed. */
struct init_step {
    struct init *init;
    const char *uses;    /* "docker/build-push-action@v6" */
    const char *id;      /* or NULL */
    json_t *with;        /* object */
    json_t *scope;       /* contexts of its job; steps add their outputs */
    const json_t *env;   /* its variables; NULL: not those of an action */
    const char *runner;  /* the job's runs-on, INIT_UNKNOWN_TEXT; NULL: not from a workflow */
    const char *service; /* the compose service it stands for; NULL: none */
    const char *tag;   /* prefix of the git tags that start the workflow; NULL: several, or none */
    const char *when;  /* when image tags without a version apply; "": always */
    const char *event; /* the event that starts the workflow; "": one of several */
    bool is_on_pulls;  /* pull requests start it, alone or among others */
    bool is_of_tags;   /* pushes of tags start it, or make it push; those of branches do not */
    const char *cron;  /* of the schedule that starts it; NULL: none does */
    bool is_scheduled; /* pushes start it, and a schedule, too */
    bool is_by_hand;   /* only a person starts it, and gives no version */
    const char *file;
    unsigned line;
};

/* Takes over what the step says, if its action is known. */
void init_take_step(const struct init_step *step);

/* Appends the placeholders for a form of a date, "YYYY-MM-DD" or the "%Y-%m-%d" of date's command:
 * "{year}-{month}-{day}". False if there are none for it. */
bool init_convert_date(const char *form, size_t len, struct arc_buf *out);

/* Remembers the variables, name → text, of a step that builds by a bake or a compose file: the
 * file's have these values. Where steps differ, one with the version counts, else none. */
void init_take_values(const struct init_step *step, const json_t *values);

/* Takes over what a step like docker/build-push-action builds. */
void init_take_build(const struct init_step *step);

/* Takes over what the commands of a script build, each like a step, and the outputs they set. The
 * script runs in `directory` with the variables of `env` (NULL: none). `pushes`: its builds count
 * as pushed, since another script pushes them. */
void init_take_commands(const struct init_step *step, const char *text, const json_t *env,
                        const char *directory, bool pushes);

/* The input of docker/build-push-action that an option of a build is, such as "--build-arg"; NULL for
 * none. */
const char *init_find_input(const char *option);

/* Adds a line to an input of a build. */
void init_add_input(struct init *init, json_t *with, const char *name, const char *value);

/* The next item of a list, trimmed; each byte of `ends` separates items, and items that start with
 * "#" are skipped. NULL at the end. */
char *init_next_item(struct init *init, const char **text, const char *ends);

/* Matches a pattern in which INIT_UNKNOWN is a wildcard for one segment, or, at the start and with
 * `deep`, for any number. *bound (may be NULL) receives what it matched. Two of them never match. */
bool init_match(struct init *init, const char *pattern, const char *path, bool deep, char **bound);

/* Whether a text contains a placeholder for a version or a release's tag. */
bool init_says_version(const char *text);

/* Keeps a tag that a step gives to builds that were pushed without their own. */
void init_remember_tag(const struct init_step *step, const struct init_image *image,
                       const char *tag);

/* Sets an output of the step, if it has an id, for the expressions of later ones. */
void init_set_output(const struct init_step *step, const char *name, const char *value);

/* Ends the reading of workflows: drops images that are built but never pushed. */
void init_end_workflows(struct init *init);

/* Ends all reading: gives every image a tag with its version, and the paths of filters that have its
 * name. */
void init_end_reading(struct init *init);

/* A path of the workflow's working directory, relative to the root: the repository may be checked out
 * into another folder. NULL if it leaves the repository. */
char *init_resolve_path(const struct init_step *step, const char *base, const char *path);

/* ---- expressions ---------------------------------------------------------------------------- */

/* GitHub docs, "Usage limits": a matrix makes at most 256 jobs. */
#define INIT_CELLS_MAX 256

/* A YAML node as JSON, all scalars as strings, with each ${{ … }} evaluated: "matrix.app", "env.X",
 * "inputs.y" and "github.repository" are looked up in `scope` (an object of such objects); 'text',
 * A || B and A && B work as in GitHub's expressions; anything else becomes INIT_UNKNOWN. A new
 * reference; JSON null if there is no node. */
json_t *init_expand_node(struct init *init, const struct arc_yaml_node *node, const json_t *scope);

/* Whether the `if` of a job or step may hold for the event of its workflow. If it asks for a branch
 * or a schedule and *when is "", *when becomes that condition. */
bool init_may_run(struct init *init, const struct arc_yaml_node *owner, const json_t *scope,
                  const char **when);
