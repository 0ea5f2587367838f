/* What the parts of the notes stage share: the values that a template can use (docs/notes.md), and the
 * commits that they are made of. */
#ifndef ARC_NOTES_VALUES_H
#define ARC_NOTES_VALUES_H

#include "arcci/filters.h"
#include "arcci/notes.h"
#include "git/git.h"

/* Makes the object that arc_template_render() reads, with all commits of the log. *out is a new
 * reference. */
int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* The commits, without what was reverted; *sorted is set when they are listed by kind. A new
 * reference; NULL when out of memory. */
json_t *notes_commits(const struct arc_notes_options *options, bool *sorted);

/* The commits by kind: [{title, commits}], empty sections left out; one without a title where they
 * are not sorted. A new reference; NULL when out of memory. */
json_t *arc_notes_sections(const json_t *commits, bool sorted);

/* The page that shows all changes, or null: a new reference. */
json_t *notes_compare_url(const struct arc_plan *plan);

/* The command by which anybody checks the signature of IMAGE@DIGEST (NULL: not known yet), or what
 * GitHub attests of it; null where there is none. A new reference. */
json_t *notes_signature(const struct arc_notes_options *options, const char *reference,
                        bool by_github);

/* The releases that a train is made of, each once: [{group, tag, version, url, services}]; empty
 * for a group that builds. A new reference. */
json_t *notes_releases(const struct arc_plan *plan);

/* A text, or null: a new reference, NULL when out of memory. */
json_t *notes_text_value(const char *text);

/* The filters that say which files are the group's: those of `changes`, and the folders that its
 * services had at the commit `from` (NULL: there is no previous release). Owned by the caller. */
int notes_make_filters(struct arc_project *project, const struct arc_plan *plan,
                       const struct arc_group *group, const struct arc_oid *from,
                       struct arc_filters *out, struct arc_error *err);

/* Takes over titles and authors of the log's pull requests from GitHub, where the environment says
 * whom to ask about the repository `source` (its page; may be NULL); a refusal goes into
 * log->pulls_unknown. */
int notes_ask_pulls(const struct arc_env *env, const char *source, struct arc_notes_log *log,
                    struct arc_error *err);

/* A text in the log's memory; what is not UTF-8 is made visible. */
char *notes_keep_text(struct arc_notes_log *log, const char *text);

#endif
