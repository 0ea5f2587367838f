/* What a make file's lines say. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Objects: name → line from 1. Owned. */
struct arc_makefile {
    json_t *targets;  /* rules with a plain name: no variable, pattern, slash or dot in it */
    json_t *phony;    /* what .PHONY names */
    json_t *comments; /* "## name: description" lines */
};

/* False when out of memory. Free with arc_makefile_free() either way. */
bool arc_makefile_read(const char *text, struct arc_makefile *out);
void arc_makefile_free(struct arc_makefile *make);
