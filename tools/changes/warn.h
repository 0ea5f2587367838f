/* Warns about filters that do not do what they seem to. */
#pragma once

#include "changes/match.h"

/* Adds warnings to match->out->warnings about the rules themselves: a pattern that no path can
 * match, a negation that matches everything else, a filter of nothing but exclusions. */
int arc_warn_of_rules(struct arc_match *match, struct arc_error *err);

/* The same for patterns about paths inside a changed submodule that is not compared. */
int arc_warn_of_submodule(struct arc_match *match, const char *path, struct arc_error *err);

/* The same after the walk: for patterns that name a directory with changes, for a path with a line
 * break, which may be meant to hide a change, if the directory that patterns are relative to is in
 * neither commit (`base` may be empty) and, to explain, for patterns that match no path of the head,
 * which reads all of it. */
int arc_warn_of_result(struct arc_match *match, const struct arc_changes_options *options,
                       const struct arc_git *git, const struct arc_oid *base,
                       const struct arc_oid *head, struct arc_error *err);
