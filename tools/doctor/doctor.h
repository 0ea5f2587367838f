/* Shared by the files of `doctor`. */
#pragma once

#include "arcci/doctor.h"
#include "git/git.h"

enum doctor_status { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_MISSING, DOCTOR_SKIPPED };

/* What is known so far, for later checks. */
struct doctor {
    struct arc_project *project; /* its git is NULL without a repository */
    const struct arc_doctor_options *options;
    char *network;     /* of the rules file, or NULL */
    bool has_config;   /* project->config is loaded */
    bool has_docker;   /* an engine answered */
    bool has_registry; /* all registries answered */
};

/* The result of a check. Both texts are for people, one line each. */
struct doctor_result {
    enum doctor_status status;
    struct arc_buf found;
    struct arc_buf advice; /* empty: nothing to do */
    struct arc_error err;  /* the last error, for the texts */
};

/* Loops over the groups of the configuration, none if it is not loaded. */
#define doctor_each_group(group, doctor)                                                           \
    arc_each (group, (doctor)->project->config.groups, (doctor)->project->config.group_count)

/* Sets the result of a check with its advice (NULL: none). */
void doctor_say(struct doctor_result *result, enum doctor_status status, const char *found,
                const char *advice);
/* The same from result->err. */
void doctor_fail(struct doctor_result *result, enum doctor_status status, const char *advice);
/* Sets the status alone, and adds advice behind "; ". */
void doctor_advise(struct doctor_result *result, enum doctor_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with advice that may be there already. */
void doctor_advise_once(struct doctor_result *result, enum doctor_status status,
                        const char *advice);
/* Skips the check if `lacks`, for that reason; returns whether it did. */
bool doctor_skip(struct doctor_result *result, bool lacks, const char *why);

/* Runs a program and returns the first line of its output; 0 if it exited with 0. ARC_ENOTFOUND if
 * there is no such program, else ARC_EFAILED with the first line of its errors. */
int doctor_ask(const struct doctor *doctor, const char *const *argv, struct arc_buf *out,
               struct arc_error *err);
/* The same with its whole output. */
int doctor_read(const struct doctor *doctor, const char *const *argv, struct arc_buf *out,
                struct arc_error *err);

/* The checks: tree.c, docker.c, network.c, doctor.c. */
typedef void doctor_check(struct doctor *doctor, struct doctor_result *result);
doctor_check doctor_repository, doctor_git, doctor_config, doctor_tags;
doctor_check doctor_docker, doctor_buildx, doctor_platforms, doctor_compose, doctor_trivy;
doctor_check doctor_libcurl, doctor_token, doctor_registry, doctor_ports, doctor_network;
doctor_check doctor_volumes, doctor_packages, doctor_push, doctor_libraries, doctor_cosign;
