#include "base/suggest.h"
#include "base/auto.h"
#include <string.h>

#define WORD_MAX 64

static size_t least(size_t a, size_t b, size_t c)
{
    size_t low = ARC_MIN(a, b);
    return ARC_MIN(low, c);
}

/* Optimal string alignment distance of two words of at most WORD_MAX bytes. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;

    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1, now[j]);
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }

    return last[b_len];
}

const char *arc_suggest(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t len = strlen(word), lowest = 3;

    for (; len <= WORD_MAX && *words; words++) {
        size_t other = strlen(*words);
        if (other > WORD_MAX)
            continue;
        size_t found = distance(word, len, *words, other);
        if (found < lowest && found * 2 < len) {
            lowest = found;
            best = *words;
        }
    }

    return best;
}
