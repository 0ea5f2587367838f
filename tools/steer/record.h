/* What releases left at GitHub. */
#pragma once

#include "arcci/steer.h"
#include "arcci/transport.h"

/* Releases that are asked for once each. Initialise with {0}. */
struct records {
    struct arc_transport *github; /* owned; NULL: nobody is asked, and nothing known */
    const char *repository;
    json_t *releases; /* owned: tag → its published release, or null */
};

void records_free(struct records *records);

/* GET of a path, put together as by printf(); *out is a new reference, NULL where there is no such
 * thing. */
int records_get(const struct records *records, struct arc_request request, json_t **out,
                struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The published release of a tag; *out is borrowed, NULL where there is none, or nobody is
 * asked. */
int records_release(struct records *records, const char *tag, const json_t **out,
                    struct arc_error *err);

/* Reads a JSON document among the files of a tag's published release; *out is a new reference, NULL
 * where there is no such release or file. ARC_EFAILED when the file is empty or gone. */
int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err);
