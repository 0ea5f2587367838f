/* "Did you mean …?" */
#pragma once

#include <stddef.h>

/* The word of a NULL-terminated list that is nearest to `word`: at most two letters wrong, missing,
 * too many or swapped, and less than half of the word (optimal string alignment distance). NULL if
 * there is none. */
const char *arc_suggest(const char *word, const char *const *words);
