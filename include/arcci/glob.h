/* Globs with the meaning of picomatch 2.3.1 and its option {dot: true}, which is what paths-filter
 * gives its users: * ? ** [...] {a,b} {1..3} @( ?( +( *( !( and a leading !. docs/parity.md lists
 * where the meaning deliberately differs.
 *
 * A pattern becomes an automaton; matching takes time linear in the path, whatever the pattern.
 * Patterns and paths are bytes, seen as UTF-16 units as JavaScript does (a byte that is not UTF-8
 * counts as U+FFFD), so `?` is half of a character beyond U+FFFF. A path also matches the pattern
 * that it equals, byte for byte or as such text. The empty path never matches.
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

/* What a pattern can say about the paths below a directory. */
enum arc_glob_below {
    ARC_GLOB_NONE, /* no path below matches: skip the directory */
    ARC_GLOB_SOME, /* look at each path */
    ARC_GLOB_ALL,  /* every path below matches, but one that holds a line break
                      (arc_glob_line_break()) */
};

/* Compiles `len` bytes of pattern; *out is owned by the caller. ARC_EINPUT when it is empty, leaves
 * globs for regular expressions that no automaton can follow (a back reference), or nests deeper
 * than 1,000 groups; ARC_ELIMIT when it is longer than ARC_GLOB_MAX or its automaton too large.
 * As in picomatch, a pattern whose regular expression is invalid ("a(") is no error and matches
 * only itself: see arc_glob_defect(). */
int arc_glob_compile(const char *pattern, size_t len, struct arc_glob **out, struct arc_error *err);

/* Frees *glob and sets it to NULL; NULL is allowed. */
void arc_glob_free(struct arc_glob **glob);

/* Whether the path (`len` bytes) matches. Never fails. Not to be called from two threads at once
 * for one glob: it keeps what it learns. */
bool arc_glob_match(struct arc_glob *glob, const char *path, size_t len);

/* Whether one of these patterns matches the path; a pattern that cannot be compiled does not. The
 * list ends with NULL, and may be NULL. */
bool arc_glob_any(char *const *patterns, const char *path);

/* Why the pattern matches nothing but a path equal to itself ("unterminated group"), or NULL when
 * it is sound. A static string. */
const char *arc_glob_defect(const struct arc_glob *glob);

/* Whether the pattern is negated: it starts with an odd number of `!` and so matches every path
 * that the rest does not. */
bool arc_glob_negated(const struct arc_glob *glob);

/* What the pattern says about the paths below `dir` (`len` bytes, no slash at the end; "" is the
 * top). ARC_GLOB_NONE and ARC_GLOB_ALL are certain, ARC_GLOB_SOME is a maybe. */
enum arc_glob_below arc_glob_below(struct arc_glob *glob, const char *dir, size_t len);

/* Whether the path holds LF, CR, U+2028 or U+2029, which two stars do not cross. */
bool arc_glob_line_break(const char *path, size_t len);

/* Many patterns that are matched together, each under an id of the caller's; several may share one.
 * Ids are small numbers from 0: results are bitmaps indexed by them. */
struct arc_glob_set;

/* An empty set, owned by the caller; ARC_ENOMEM. */
int arc_glob_set_new(struct arc_glob_set **out, struct arc_error *err);

/* Adds a pattern under `id` (at most 65,535). Errors as arc_glob_compile(). On failure the set is
 * as before. Not after arc_glob_matcher_new(). */
int arc_glob_set_add(struct arc_glob_set *set, const char *pattern, size_t len, unsigned id,
                     struct arc_error *err);

/* Frees *set and sets it to NULL; NULL is allowed. Its matchers must be gone. */
void arc_glob_set_free(struct arc_glob_set **set);

/* What one thread needs to match a set: automaton states, made when a path first reaches them and
 * kept up to a fixed amount of memory (8 MiB for all prefixes together, or the few states that the
 * largest pattern needs). */
struct arc_glob_matcher;

/* Prepares the set (which must outlive the matcher and gets no more patterns). ARC_ENOMEM. */
int arc_glob_matcher_new(struct arc_glob_set *set, struct arc_glob_matcher **out,
                         struct arc_error *err);

/* Sets, in `ids` (as many bits as the highest id needs, in words of 64; overwritten), the bit of
 * every id one of whose patterns matches the path. Returns whether any does. Never fails; without
 * memory for more states it is slower, still linear. */
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
