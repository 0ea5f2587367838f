/* What releases left at GitHub. */
#ifndef ARC_STEER_RECORD_H
#define ARC_STEER_RECORD_H

#include "arcci/steer.h"
#include "arcci/transport.h"
#include "steer/survey.h"

/* Releases that are asked for once each. Initialise with {0}. */
struct records {
    struct arc_transport *github; /* owned; NULL: nobody is asked, and nothing known */
    const char *repository;
    json_t *releases; /* owned: tag → its published release, or null */
};

/* Opens GitHub where the project knows what is published there. */
int records_open(const struct arc_project *project, struct records *out, struct arc_error *err);
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

/* The `record` of a group's row: what its last published release says of its scan and, with
 * options->builds, of its build. What cannot be read is the record's `problem`. *out is a new
 * reference; null where neither was asked for, or GitHub does not tell. */
int records_describe(struct records *records, const struct arc_project *project,
                     const struct survey_group *group, const struct arc_status_options *options,
                     json_t **out, struct arc_error *err);

#endif
