/* What the steps of workflows tell: one table, an action a row. */
#ifndef ARC_INIT_STEPS_H
#define ARC_INIT_STEPS_H

#include "init/proposal.h"

/* A step that uses an action. Texts of `with` may hold INIT_UNKNOWN. Borrowed. */
struct init_step {
    struct init *init;
    const char *uses;    /* "docker/build-push-action@v6" */
    const char *id;      /* or NULL */
    json_t *with;        /* object */
    json_t *scope;       /* of its job; a step may add its outputs */
    const char *runner;  /* the job's runs-on; NULL: no workflow's */
    const char *service; /* of a compose file, that is built so; NULL: none */
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

/* The next item of a list, without blanks around it, up to one of the bytes that end it; "#" starts
 * none. NULL at the end. */
char *init_next_item(struct init *init, const char **text, const char *ends);

/* Sets an output of the step, if it has an id, for the expressions of later ones. */
void init_set_output(const struct init_step *step, const char *name, const char *value);

/* Ends the reading of workflows: what is built and never pushed is no image. */
void init_end_workflows(struct init *init);

/* Ends all reading: a release gives every image a name with its version, and filters named like
 * images give them their other paths. */
void init_end_reading(struct init *init);

#endif
