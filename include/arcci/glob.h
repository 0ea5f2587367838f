/* Globs with the meaning of picomatch 2.3.1 and its option {dot: true}, which is what paths-filter
 * gives its users: * ? ** [...] {a,b} {1..3} @( ?( +( *( !( and a leading !. docs/parity.md lists
 * where the meaning deliberately differs.
 *
 * A pattern is compiled to an automaton: matching is linear in the path's length, whatever the
 * pattern. Patterns and paths are bytes, seen as UTF-16 units as JavaScript does (a byte that is
 * not UTF-8 counts as U+FFFD), so `?` is half of a character beyond U+FFFF. A path that equals the
 * pattern, as bytes or as UTF-16, also matches it. The empty path never matches.
 *
 * "Below" and "prefix" speak of paths as git has them: no leading slash, no segment that is empty,
 * "." or "..".
 */
#ifndef ARCCI_GLOB_H
#define ARCCI_GLOB_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ARC_API_BEGIN

/* Longest pattern in UTF-16 units (picomatch's constants.js, MAX_LENGTH). */
#define ARC_GLOB_MAX 65536

/* One compiled pattern. */
struct arc_glob;

/* What a pattern says about the paths below a directory. */
enum arc_glob_below {
    ARC_GLOB_NONE, /* no path below matches: skip the directory */
    ARC_GLOB_SOME, /* look at each path */
    ARC_GLOB_ALL,  /* every path below matches, unless it has a line break
                      (arc_glob_line_break()) */
};

/* Compiles `len` bytes of pattern; *out is owned by the caller. ARC_EINPUT when it is empty, holds
 * regular expression syntax that no automaton can match (a back reference), or nests deeper than
 * 1,000 groups; ARC_ELIMIT when it is longer than ARC_GLOB_MAX or its automaton too large. As in
 * picomatch, a pattern whose regular expression is invalid ("a(") is not an error and matches only
 * itself: see arc_glob_defect(). */
int arc_glob_compile(const char *pattern, size_t len, struct arc_glob **out, struct arc_error *err);

/* Frees *glob and sets it to NULL; NULL is allowed. */
void arc_glob_free(struct arc_glob **glob);

/* Whether the path (`len` bytes) matches. Never fails. Not for two threads at once on one glob,
 * which caches its automaton's states. */
bool arc_glob_match(struct arc_glob *glob, const char *path, size_t len);

/* Whether one of the patterns matches the path; an invalid pattern matches nothing. `patterns` ends
 * with NULL, or is NULL. */
bool arc_glob_any(char *const *patterns, const char *path);

/* Why the pattern can only match a path equal to itself ("unterminated group"); NULL for a valid
 * one. A static string. */
const char *arc_glob_defect(const struct arc_glob *glob);

/* Whether the pattern is negated: it starts with an odd number of `!` and so matches every path
 * that the rest does not. */
bool arc_glob_negated(const struct arc_glob *glob);

/* What the pattern says about the paths below `dir` (`len` bytes, no trailing slash; "" is the
 * root). ARC_GLOB_NONE and ARC_GLOB_ALL are certain, ARC_GLOB_SOME is a maybe. */
enum arc_glob_below arc_glob_below(struct arc_glob *glob, const char *dir, size_t len);

/* Whether the path holds LF, CR, U+2028 or U+2029, which two stars do not cross. */
bool arc_glob_line_break(const char *path, size_t len);

/* Many patterns that are matched together, each under an id that the caller chooses; several may
 * share one. Ids are small numbers from 0: results are bitmaps indexed by them. */
struct arc_glob_set;

/* An empty set, owned by the caller; ARC_ENOMEM. */
int arc_glob_set_new(struct arc_glob_set **out, struct arc_error *err);

/* Adds a pattern under `id` (at most 65,535). Errors as arc_glob_compile(). On failure the set is
 * unchanged. Not after arc_glob_matcher_new(). */
int arc_glob_set_add(struct arc_glob_set *set, const char *pattern, size_t len, unsigned id,
                     struct arc_error *err);

/* Frees *set and sets it to NULL; NULL is allowed. Its matchers must be gone. */
void arc_glob_set_free(struct arc_glob_set **set);

/* Matches a set, in one thread. Creates automaton states when a path first reaches them and caches
 * them up to a memory limit (16 MiB for all automata together, or 64 KiB or a few states each if
 * that is more). */
struct arc_glob_matcher;

/* Prepares the set (which must outlive the matcher and gets no more patterns). ARC_ENOMEM. */
int arc_glob_matcher_new(struct arc_glob_set *set, struct arc_glob_matcher **out,
                         struct arc_error *err);

/* Sets, in `ids` (as many bits as the highest id needs, in words of 64; overwritten), the bit of
 * every id one of whose patterns matches the path. Returns whether any does. Never fails; if memory
 * for states runs out it is slower, but still linear. */
bool arc_glob_matcher_match(struct arc_glob_matcher *matcher, const char *path, size_t len,
                            uint64_t *ids);

/* As arc_glob_below() for the whole set: `some` gets the ids that may match below `dir`, `all` the
 * ids that match everything below (each all is also in some) and may be NULL. Returns whether some
 * is not empty. */
bool arc_glob_matcher_below(struct arc_glob_matcher *matcher, const char *dir, size_t len,
                            uint64_t *some, uint64_t *all);

/* Frees *matcher and sets it to NULL; NULL is allowed. */
void arc_glob_matcher_free(struct arc_glob_matcher **matcher);

ARC_API_END

#endif
