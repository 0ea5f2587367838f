/* What the steps of workflows tell: one table, an action a row. */
#ifndef ARC_INIT_STEPS_H
#define ARC_INIT_STEPS_H

#include "init/proposal.h"

/* A step that uses an action. Texts of `with` may hold INIT_UNKNOWN. Borrowed. */
struct init_step {
    struct init_proposal *proposal;
    const char *uses;   /* "docker/build-push-action@v6" */
    const char *id;     /* or NULL */
    json_t *with;       /* object */
    json_t *scope;      /* of its job; a step may add its outputs */
    const char *runner; /* the job's runs-on */
    const char *when; /* of a name that says no version, by what starts the workflow; "": always */
    const char *file;
    unsigned line;
};

/* Takes what the step tells, if its action is known. */
void init_take_step(const struct init_step *step);

/* Ends the reading of workflows: what is built and never pushed is no image, and filters named like
 * images give them their other paths. */
void init_end_workflows(struct init_proposal *proposal);
void init_apply_filters(struct init_proposal *proposal);

#endif
