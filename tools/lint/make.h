/* The targets of a make file. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Objects: name → line from 1. Owned. */
struct arc_makefile {
    json_t *targets;  /* rules whose name has no variable, pattern, slash or dot */
    json_t *phony;    /* prerequisites of .PHONY */
    json_t *comments; /* "## name: description" lines */
};

/* False when out of memory. Free with arc_makefile_free() either way. */
bool arc_makefile_read(const char *text, struct arc_makefile *out);
void arc_makefile_free(struct arc_makefile *make);
