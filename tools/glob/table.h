/* What the lookups of a set share: texts by their hash, ids as bits. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FNV-1a. */
#define GLOB_HASH_START 0xcbf29ce484222325u

static inline uint64_t glob_hash_byte(uint64_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 0x100000001b3u;
}

static inline uint64_t glob_hash(const char *text, size_t len)
{
    uint64_t hash = GLOB_HASH_START;
    for (size_t i = 0; i < len; i++)
        hash = glob_hash_byte(hash, text[i]);
    return hash;
}

/* The place in a table whose size is a power of two. The high bits vary more than the low ones. */
static inline size_t glob_place(uint64_t hash, size_t size)
{
    return (hash ^ hash >> 32) & (size - 1);
}

static inline void glob_set_bit(uint64_t *ids, unsigned id)
{
    ids[id / 64] |= (uint64_t)1 << id % 64;
}
