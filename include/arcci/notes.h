/* Stage `notes`: the release notes of a group, as GitHub's markdown.
 *
 * Everything comes from the documents before it (plan.json, build.json, scan.json) and from the
 * group's commits, so the notes cannot say anything else than the build did. Every value is escaped
 * for its place (arcci/template.h); docs/notes.md lists the values a template can use.
 */
#ifndef ARCCI_NOTES_H
#define ARCCI_NOTES_H

#include "arcci/api.h"
#include "arcci/documents.h"
#include "arcci/env.h"
#include "arcci/project.h"
#include <jansson.h>

ARC_API_BEGIN

/* Most characters of notes: GitHub takes 125,000 of a body, and a draft's hidden mark is among
 * them. */
#define ARC_NOTES_MAX 124800

/* Most commits that are read; a body has room for about 800, the rest is behind the compare link.
 */
#define ARC_NOTES_COMMITS_MAX 2000

/* A commit of the group, or all those of a pull request. Texts are UTF-8, "" for none. */
struct arc_notes_commit {
    char *hash;    /* in hexadecimal; of a pull request that was merged, its merge's */
    char *subject; /* the pull request's title, where it is one */
    char *message; /* the subject as git has it, which may say what kind of change it is */
    char *body;
    char *author; /* a name, or a login where GitHub was asked */
    char *name;   /* the author's, as git has it */
    char *email;
    char *date;   /* RFC 3339 */
    int64_t pull; /* number of the pull request; 0: none */
};

/* The commits that notes list, newest first. */
struct arc_notes_log {
    struct arc_arena memory;
    struct arc_notes_commit *commits;
    size_t count;
    char **newcomers;    /* names of those whose first commit is among them; NULL: none */
    char *unknown;       /* why the commits are not known; NULL where they are */
    char *pulls_unknown; /* why GitHub did not tell of the pull requests; NULL where it did, or was
                            not asked */
    char *message;       /* of the annotated tag */
    bool complete;       /* these are all */
    bool all;            /* each is listed as it is, without kinds (`commits: all`) */
};

/* What the notes rest on. Nothing is owned. */
struct arc_notes_options {
    const struct arc_plan *plan;     /* of a release */
    const struct arc_ledger *build;  /* NULL: digests and sizes are not known yet */
    const json_t *scan;              /* scan.json; NULL: the gate has not run */
    const struct arc_notes_log *log; /* NULL: not known */
    const struct arc_group *group;   /* for the services' ports; may be NULL */
    const char *root;          /* the work tree, to see which make targets there are, or NULL */
    const char *own_text;      /* markdown that stands on top, as it is; NULL for none */
    const char *own_file;      /* where it should be, for notes.json; NULL: nobody asked for one */
    const char *template_name; /* for messages; NULL with the built-in template */
    const char *template_text; /* NULL: the built-in template */
    size_t template_len;
    size_t max; /* most characters of the body; 0: ARC_NOTES_MAX */
};

/* Makes notes.json (docs/schema/notes.schema.json).
 * A body over the maximum loses its oldest commits, whole, and says how many and where they are.
 * ARC_EINPUT for a plan that is not a release's or a template that does not fit; ARC_ELIMIT if the
 * body is too long without any commit. *out is a new reference. */
int arc_notes(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* Reads the commits since the plan's previous tag (all of them, if there is none) that touch files
 * of the plan's services, as `changes` counts them, where the services are now or were at the
 * previous tag. Of `group` (may be NULL) come the shared paths. Titles and authors of pull requests
 * are GitHub's where GITHUB_REPOSITORY and a token say whom to ask. A repository, tag or history
 * that is not there is no error but out->unknown. Initialise *out with {0}. */
int arc_notes_log(struct arc_project *project, const struct arc_plan *plan,
                  const struct arc_group *group, struct arc_notes_log *out, struct arc_error *err);
void arc_notes_log_free(struct arc_notes_log *log);

/* The built-in template. */
const char *arc_notes_template(void);

ARC_API_END

#endif
