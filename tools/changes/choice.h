/* The choice of base and head, shared by choice.c (by event), head.c and pull.c. */
#pragma once

#include "changes/base.h"

#define CHOICE_TAGS "refs/tags/"

struct choice {
    const struct arc_base_request *request;
    const struct arc_git *git;
    const struct arc_event *event;
    struct arc_base *out;
    char *branch;        /* the branch that the head is on; NULL: unknown. Owned */
    const char *tag;     /* the tag that the event is about; NULL: none. Borrowed */
    bool is_checked_out; /* the head is what is checked out, not the event's commit */
    struct arc_error *err;
};

/* Sets a reason, with line breaks in ref names escaped. */
int choice_reason(const struct choice *c, char **out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a warning, which may quote the failure in c->err that it stands for: that is forgotten. */
int choice_warn(const struct choice *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Chooses the head (head.c), sets out->head, its reason, and c->branch. */
int choice_head(struct choice *c);

/* Whether the commit is `head` or an ancestor, as far as the clone knows, without fetching. */
bool choice_is_before(const struct choice *c, const struct arc_oid *commit,
                      const struct arc_oid *head);

/* The whole choice for a pull request (pull.c). */
int choice_pull_request(struct choice *c);

/* Compares with where the head diverged from `name`. */
int choice_since_merge_base(const struct choice *c, const char *name, const char *why);

/* Compares with the input `base`: a commit itself, a branch by its merge base. */
int choice_since_input(const struct choice *c);

/* Compares with the commit before a push or, if it is not an ancestor of the head (a force push),
 * with the merge base. */
int choice_since_push(const struct choice *c, const char *before);
