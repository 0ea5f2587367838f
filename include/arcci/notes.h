/* Stage `notes`: the release notes of a group, as GitHub's markdown.
 *
 * Everything comes from the documents before it (plan.json, build.json, scan.json) and from the
 * group's commits, so the notes always agree with the build. Every value is escaped for its place
 * (arcci/template.h); docs/notes.md lists the values a template can use.
 */
#ifndef ARCCI_NOTES_H
#define ARCCI_NOTES_H

#include "arcci/api.h"
#include "arcci/documents.h"
#include "arcci/env.h"
#include "arcci/project.h"
#include <jansson.h>

ARC_API_BEGIN

/* Most characters of notes: GitHub takes 125,000 in a body, including a draft's hidden mark. */
#define ARC_NOTES_MAX 124800

/* Most commits to read; a body has room for about 800, and links to a comparison for the rest. */
#define ARC_NOTES_COMMITS_MAX 2000

/* A commit of the group, or all commits of one pull request. Texts are UTF-8, "" if missing. */
struct arc_notes_commit {
    char *hash;    /* in hexadecimal; for a merged pull request that of the merge commit */
    char *subject; /* or the pull request's title */
    char *message; /* the subject in git, which may name the kind of change */
    char *body;
    char *author; /* a name, or a login from GitHub */
    char *name;   /* the author's name in git */
    char *email;
    char *date;   /* RFC 3339 */
    int64_t pull; /* number of the pull request; 0: none */
    bool merged;  /* stands for a pull request */
};

/* The commits that notes list, newest first. */
struct arc_notes_log {
    struct arc_arena memory;
    struct arc_notes_commit *commits;
    size_t count;
    char **newcomers;    /* authors whose first commit is among them; NULL: none */
    char *unknown;       /* why the commits are not known, or NULL */
    char *pulls_unknown; /* why GitHub did not list the pull requests; NULL if it did, or was not
                            asked */
    char *message;       /* the annotated tag's message */
    bool complete;       /* no commit is left out */
    bool all;            /* list every commit, not sorted by kind (`commits: all`) */
};

/* What the notes are made from. Borrowed. */
struct arc_notes_options {
    const struct arc_plan *plan;     /* of a release */
    const struct arc_ledger *build;  /* NULL: digests and sizes are not known yet */
    const json_t *scan;              /* scan.json; NULL: the gate has not run */
    const struct arc_notes_log *log; /* NULL: not known */
    const struct arc_group *group;   /* for the services' ports; may be NULL */
    const char *root;                /* the work tree, to find make targets; or NULL */
    const char *own_text;            /* markdown to put on top, as it is; or NULL */
    const char *own_file;            /* the file it should be in, for notes.json; NULL: none is
                                  configured */
    const char *template_name;       /* for messages; NULL with the built-in template */
    const char *template_text;       /* NULL: the built-in template */
    size_t template_len;
    size_t max; /* most characters of the body; 0: ARC_NOTES_MAX */
};

/* Makes notes.json (docs/schema/notes.schema.json). A body over the maximum leaves out the oldest
 * commits, and says how many and where to find them. ARC_EINPUT for a plan that is not a release's
 * or a template that does not fit; ARC_ELIMIT if the body is too long without any commit. *out is a
 * new reference. */
int arc_notes(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* Reads the commits since the plan's previous tag (all of them, if there is none) that touch files
 * of the plan's services, as `changes` counts them, where the services are now or were at the
 * previous tag. Shared paths are those of `group` (may be NULL). Titles and authors of pull
 * requests are GitHub's if GITHUB_REPOSITORY and a token are set. A missing repository, tag or
 * history is not an error: out->unknown says why. Initialise *out with {0}. */
int arc_notes_log(struct arc_project *project, const struct arc_plan *plan,
                  const struct arc_group *group, struct arc_notes_log *out, struct arc_error *err);
void arc_notes_log_free(struct arc_notes_log *log);

/* The built-in template. */
const char *arc_notes_template(void);

ARC_API_END

#endif
