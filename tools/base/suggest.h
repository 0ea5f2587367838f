/* "Did you mean …?" */
#pragma once

#include <stddef.h>

/* Returns the most similar word of a NULL-terminated list: at most two letters differ, and less
 * than half of the word (optimal string alignment distance). NULL if no word is similar. */
const char *arc_suggest(const char *word, const char *const *words);
