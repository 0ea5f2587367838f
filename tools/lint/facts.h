/* Facts of the rules file: what a file must hold, as data. */
#pragma once

#include "config/fields.h"
#include "lint/rule.h"

/* One entry of `facts`, in the memory of the settings. */
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

/* The table that reads an entry. */
extern const struct arc_table lint_fact_table;

/* A fact about one service or group (either may be NULL) under inspection. */
struct lint_case {
    struct lint *lint;
    const struct lint_fact *fact;
    const struct arc_service *service;
    const struct arc_group *group;
    const char *file; /* its path, with placeholders replaced */
};

/* facts_tree.c: checks what the fact says about a YAML tree. */
void lint_fact_check_tree(const struct lint_case *c, const struct arc_yaml_node *root);

/* Adds a finding of the fact's rule, with its `why`. */
void lint_fact_find(const struct lint_case *c, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
