/* The readers: each turns files of one kind into images, registries and questions of a proposal.
 * They run in the order of this file: who says more comes first. */
#pragma once

#include "arcci/buf.h"
#include "init/proposal.h"

/* Finds the Dockerfiles by their names and a FROM in them: proposal->dockerfile_names. */
void init_find_dockerfiles(struct init *init);

/* Workflows and the actions of the repository that they use, by a table of what steps tell. */
void init_read_workflows(struct init *init);

/* The images of .goreleaser.yaml, as if a workflow built them. */
void init_read_goreleaser(struct init *init);

/* A workflow or a script names a bake file: it is one, whatever it is called and wherever it lies. */
void init_take_bake_file(struct init *init, const char *path);

/* docker-bake files: a group each. */
void init_read_bake_files(struct init *init);

/* Services of compose files that are built: a group of the file where it names an image for every
 * Dockerfile and nothing else describes one, else images. */
void init_read_compose_files(struct init *init);

/* Builds in Makefiles and shell scripts, of Dockerfiles that nothing described yet, unless a file
 * or the workflows say which images are published: others are tools of who works on the code. */
void init_read_scripts(struct init *init);

/* An image for every Dockerfile that nothing described yet; build arguments of all. */
void init_read_dockerfiles(struct init *init);

/* Makes the images' codenames different, chooses registries, and sorts the images into groups by
 * the repository's tags and the versions in its files. */
void init_make_groups(struct init *init);

/* The text of arc-ci.yaml. */
void init_write_config(struct init *init, struct arc_buf *out);

/* The text of a workflow that builds what changed, and of one that releases tags; empty when there
 * is nothing of the kind to do. `source`: what they call. */
void init_write_images_workflow(struct init *init, const char *source, struct arc_buf *out);
void init_write_release_workflow(struct init *init, const char *source, struct arc_buf *out);

/* Asked of an image that is built with contexts beside its own. */
#define INIT_CONTEXTS                                                                              \
    "which other contexts has %s? Name them under build.additional_contexts; none is proposed"

/* Build arguments that BuildKit gives a value itself. */
#define INIT_GIVEN_ARGUMENTS                                                                       \
    "TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT TARGETSTAGE BUILDPLATFORM BUILDOS "          \
    "BUILDARCH BUILDVARIANT HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY "                  \
    "SOURCE_DATE_EPOCH"

/* Appends a text as YAML reads it back as this string: plain, or quoted as JSON, which YAML reads
 * too. */
void init_add_scalar(struct arc_buf *out, const char *text);

/* ---- what readers share --------------------------------------------------------------------- */

/* Whether a path lies in a folder of tests, examples or other people's code. */
bool init_is_aside(const char *path);

/* Whether the Dockerfile has the stage, or cannot be read. */
bool init_has_stage(struct init *init, const char *dockerfile, const char *stage);

/* The name for an image of that Dockerfile. */
char *init_name_dockerfile(struct init *init, const char *path);

/* What a release gives a variable of that name, "{version}" for VERSION; NULL for others. `bake`:
 * of a bake file, where a tag is one, too. */
const char *init_release_value(const char *name, bool bake);

/* The value of a release with a "v" where the usual one (NULL: none) has one before its version. */
const char *init_as_written(const char *value, const char *usual);

/* Counts a prefix of images, "ghcr.io/acme", as seen. */
void init_count_registry(struct init *init, const char *registry);

/* ---- what steps tell ------------------------------------------------------------------------ */

/* A step that uses an action. Texts of `with` may hold INIT_UNKNOWN. Borrowed. */
struct init_step {
    struct init *init;
    const char *uses;    /* "docker/build-push-action@v6" */
    const char *id;      /* or NULL */
    json_t *with;        /* object */
    json_t *scope;       /* of its job; a step may add its outputs */
    const char *runner;  /* the job's runs-on; NULL: no workflow's */
    const char *service; /* of a compose file, that is built so; NULL: none */
    const char *tag; /* what the tags that start the workflow have before "*"; NULL: not just one */
    const char *when; /* of a name that says no version, by what starts the workflow; "": always */
    const char *file;
    unsigned line;
};

/* Takes what the step tells, if its action is known. */
void init_take_step(const struct init_step *step);

/* Takes what a step like docker/build-push-action builds. */
void init_take_build(const struct init_step *step);

/* Takes what the commands of a script build, each like a step, and its outputs. It starts with the
 * variables of `env` (NULL: none) in `directory`; with `pushes` another script pushes what it
 * builds. */
void init_take_commands(const struct init_step *step, const char *text, const json_t *env,
                        const char *directory, bool pushes);

/* Adds a line to an input of a build. */
void init_add_input(struct init *init, json_t *with, const char *name, const char *value);

/* The next item of a list, without blanks around it, up to one of the bytes that end it; "#" starts
 * none. NULL at the end. */
char *init_next_item(struct init *init, const char **text, const char *ends);

/* Matches a pattern whose INIT_UNKNOWN stands for one part or, at its start and with `deep`, for
 * any: what it stands for goes to *bound. Two of them say too little. */
bool init_match(struct init *init, const char *pattern, const char *path, bool deep, char **bound);

/* Whether a text has the version of a release or a file in it, or a release's tag. */
bool init_says_version(const char *text);

/* Sets an output of the step, if it has an id, for the expressions of later ones. */
void init_set_output(const struct init_step *step, const char *name, const char *value);

/* Ends the reading of workflows: what is built and never pushed is no image. */
void init_end_workflows(struct init *init);

/* Ends all reading: a release gives every image a name with its version, and filters named like
 * images give them their other paths. */
void init_end_reading(struct init *init);

/* ---- expressions ---------------------------------------------------------------------------- */

/* GitHub docs, "Usage limits": a matrix makes at most 256 jobs. */
#define INIT_CELLS_MAX 256

/* A node as JSON with all scalars as texts, and each ${{ … }} in them replaced: "matrix.app",
 * "env.X", "inputs.y", "github.repository" by what `scope` (an object of such objects) has, 'text'
 * as it is, A || B and A && B as GitHub has them, where they are known; anything else by
 * INIT_UNKNOWN. A new reference; null for no node. */
json_t *init_expand_node(struct init *init, const struct arc_yaml_node *node, const json_t *scope);

/* The cells of a job's matrix, an array of objects, with `include` and `exclude`: [{}] without one,
 * at most 256. A matrix that only a run knows gives one empty cell. A new reference. */
json_t *init_matrix_cells(struct init *init, const struct arc_yaml_node *job, const json_t *scope);
