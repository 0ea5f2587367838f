/* Shared by the lookups of a set: hashes of texts, and bitmaps of ids. */
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

/* Returns the slot in a table whose size is a power of two. Mixes in the high bits, which vary
 * more. */
static inline size_t glob_place(uint64_t hash, size_t size)
{
    return (hash ^ hash >> 32) & (size - 1);
}

static inline void glob_set_bit(uint64_t *ids, unsigned id)
{
    ids[id / 64] |= (uint64_t)1 << id % 64;
}
