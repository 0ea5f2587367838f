/* Never a wrong silence: what to tell somebody whose filter cannot do what it looks like. */
#pragma once

#include "changes/match.h"

/* Adds to match->out->warnings what the rules alone tell: a pattern that no path can match, a
 * negation that lets everything else match, a filter of nothing but negations where they exclude.
 */
int arc_warn_of_rules(struct arc_match *match, struct arc_error *err);

/* The same for patterns that name a directory in which something changed, once the walk is over. */
int arc_warn_of_directories(struct arc_match *match, struct arc_error *err);
/* The same for a path with a line break, which may be there to hide a change. */
int arc_warn_of_breaks(struct arc_match *match, struct arc_error *err);

/* The same for patterns about paths inside of a submodule that changed and is not looked into. */
int arc_warn_of_submodule(struct arc_match *match, const char *path, struct arc_error *err);

/* The same when the directory that patterns are relative to is in neither commit (`base` may be
 * empty). */
int arc_warn_of_relative(struct arc_match *match, const struct arc_git *git,
                         const struct arc_oid *base, const struct arc_oid *head,
                         struct arc_error *err);

/* The same for patterns that match no path of the commit, which is read whole: for --explain. */
int arc_warn_of_untracked(struct arc_match *match, const struct arc_git *git,
                          const struct arc_oid *head, struct arc_error *err);
