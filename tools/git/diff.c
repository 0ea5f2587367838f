/* Compares two trees by walking them. Trees with equal object names are equal, so the cost depends
 * on the difference. Reads raw tree objects, since git_tree allocates every entry and git_diff
 * every delta. */
#include "git/diff.h"
#include "git/fetch.h"
#include "git/scratch.h"

#define OID_BYTES    20
#define MODE_TYPE    0170000u
#define MODE_TREE    0040000u
#define MODE_LINK    0160000u /* a submodule */
#define MODE_EXECUTE 0100u    /* the only permission that matters; old trees have others */

/* One entry of a raw tree: "<octal mode> <name>\0<20 bytes>". */
struct entry {
    unsigned mode;
    const char *name;
    size_t len;
    const unsigned char *oid;
};

/* The name of the empty tree, which needs no object. */
static const unsigned char empty_tree[OID_BYTES] = {0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e,
                                                    0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6,
                                                    0x92, 0x88, 0xfb, 0xee, 0x49, 0x04};

/* A tree being read. */
struct cursor {
    git_odb_object *object; /* NULL for an empty side */
    const char *at, *end;
    struct entry entry;
    bool done; /* no entry is left */
};

struct walk {
    const struct arc_git *git;
    const struct arc_git_diff *diff;
    bool fetched[2]; /* the trees of `from`, of `to` */
    git_odb *odb;
    struct arc_buf path; /* of the current directory, with a slash at its end */
    unsigned depth;
    size_t entries; /* looked at so far */
    struct arc_error *err;
};

static void walk_free(struct walk *walk)
{
    git_odb_free(walk->odb);
    arc_buf_free(&walk->path);
}

static int corrupt(const struct walk *walk)
{
    return arc_error_set(walk->err, ARC_EWORLD,
                         "git: the tree of '%s' is corrupt; `git fsck` shows more",
                         walk->path.len ? arc_buf_text(&walk->path) : "/");
}

static int read_next(const struct walk *walk, struct cursor *cursor)
{
    static const char usual[] = "100644 ";
    struct entry *entry = &cursor->entry;
    const char *at = cursor->at, *end = cursor->end;

    if (at == end) {
        cursor->done = true;
        return ARC_OK;
    }

    if (end - at > 7 && memcmp(at, usual, 7) == 0) {
        entry->mode = 0100644;
        at += 7;
    } else {
        entry->mode = 0;
        for (; at < end && *at >= '0' && *at <= '7' && entry->mode <= 0177777u; at++)
            entry->mode = entry->mode << 3 | (unsigned)(*at - '0');
        if (at == end || *at++ != ' ')
            return corrupt(walk);
    }

    const char *nul = memchr(at, '\0', (size_t)(end - at));
    if (!nul || nul == at || end - nul <= OID_BYTES)
        return corrupt(walk);
    entry->name = at;
    entry->len = (size_t)(nul - at);
    entry->oid = (const unsigned char *)nul + 1;
    cursor->at = nul + 1 + OID_BYTES;

    return ARC_OK;
}

static bool is_tree(const struct entry *entry)
{
    return (entry->mode & MODE_TYPE) == MODE_TREE;
}

static int open_cursor(struct walk *walk, const unsigned char *oid, bool to, struct cursor *cursor)
{
    git_oid id;
    *cursor = (struct cursor){.done = !oid || memcmp(oid, empty_tree, OID_BYTES) == 0};
    if (cursor->done)
        return ARC_OK;
    memcpy(id.id, oid, OID_BYTES);

    /* A clone may lack trees anywhere below a commit: all are fetched at once. */
    int rc = git_odb_read(&cursor->object, walk->odb, &id);
    if (rc == GIT_ENOTFOUND && walk->git->scratch->allowed && !walk->fetched[to]) {
        const struct arc_oid *commit = to ? walk->diff->to : walk->diff->from;
        walk->fetched[to] = true;
        if (arc_git_fetch_trees(walk->git, commit, 1, NULL) == ARC_OK)
            rc = git_odb_read(&cursor->object, walk->odb, &id);
    }

    if (rc == GIT_ENOTFOUND)
        return arc_error_set(walk->err, ARC_ENOTFOUND,
                             "the tree of '%s' is not in this clone; fetch it with trees (filter: "
                             "blob:none keeps them, tree:0 does not)",
                             walk->path.len ? arc_buf_text(&walk->path) : "/");
    ARC_TRY(arc_git_check(walk->err, rc, "reading a tree"));
    if (git_odb_object_type(cursor->object) != GIT_OBJECT_TREE)
        return corrupt(walk);
    cursor->at = git_odb_object_data(cursor->object);
    cursor->end = cursor->at + git_odb_object_size(cursor->object);

    return read_next(walk, cursor);
}

static void cursor_free(struct cursor *cursor)
{
    git_odb_object_free(cursor->object);
}

static unsigned char byte_at(const struct entry *entry, size_t at)
{
    if (entry->len > at)
        return (unsigned char)entry->name[at];
    return is_tree(entry) ? '/' : '\0';
}

/* git's order: a directory's name counts as if it ended with a slash (base_name_compare()). */
static int compare(const struct entry *a, const struct entry *b)
{
    size_t len = ARC_MIN(a->len, b->len);
    int order = memcmp(a->name, b->name, len);
    if (order)
        return order;
    unsigned char x = byte_at(a, len), y = byte_at(b, len);
    return (x > y) - (x < y);
}

static int walk_trees(struct walk *walk, const unsigned char *from, const unsigned char *to);

static int enter(struct walk *walk, const struct entry *entry, const unsigned char *from,
                 const unsigned char *to)
{
    const struct arc_git_diff *diff = walk->diff;
    size_t len = walk->path.len;
    int rc = ARC_OK;

    arc_buf_add(&walk->path, entry->name, entry->len);
    arc_buf_putc(&walk->path, '/');
    if (walk->path.failed)
        return arc_buf_check(&walk->path, "a path", walk->err);
    if (!diff->enter || diff->enter(diff->context, walk->path.data, walk->path.len))
        rc = walk_trees(walk, from, to);
    walk->path.len = len;

    return rc;
}

/* The commit of a submodule; false for other entries and NULL. */
static bool take_commit(const struct entry *entry, struct arc_oid *out)
{
    git_oid id;
    if (!entry || (entry->mode & MODE_TYPE) != MODE_LINK)
        return false;
    memcpy(id.id, entry->oid, OID_BYTES);
    arc_git_oid_out(&id, out);
    return true;
}

/* Reports an entry that differs; either side may be NULL. */
static int give(struct walk *walk, const struct entry *from, const struct entry *to,
                enum arc_git_status status)
{
    const struct arc_git_diff *diff = walk->diff;
    const struct entry *entry = arc_or(to, from);
    size_t len = walk->path.len;

    arc_buf_add(&walk->path, entry->name, entry->len);
    if (walk->path.failed)
        return arc_buf_check(&walk->path, "a path", walk->err);
    int rc = diff->each(diff->context, walk->path.data, walk->path.len, status);

    if (!rc && diff->submodule) { /* a submodule that changed, appeared or disappeared */
        struct arc_oid before = {{0}}, after = {{0}};
        bool was = take_commit(from, &before), is = take_commit(to, &after);
        if (was || is)
            rc = diff->submodule(diff->context, walk->path.data, &before, &after);
    }
    walk->path.len = len;

    return rc;
}

/* Reports an entry that only one side has. */
static int one_side(struct walk *walk, const struct entry *entry, bool added)
{
    if (!is_tree(entry) && added)
        return give(walk, NULL, entry, ARC_GIT_ADDED);
    if (!is_tree(entry))
        return give(walk, entry, NULL, ARC_GIT_DELETED);
    if (added)
        return enter(walk, entry, NULL, entry->oid);
    return enter(walk, entry, entry->oid, NULL);
}

/* Advances both past entries that are equal byte for byte, which is nearly all. */
static int read_both(struct walk *walk, struct cursor *a, struct cursor *b)
{
    for (;; walk->entries++) {
        const char *raw = a->at;
        ARC_TRY(read_next(walk, a));
        size_t len = (size_t)(a->at - raw);
        if (a->done || len > (size_t)(b->end - b->at) || memcmp(raw, b->at, len) != 0)
            return read_next(walk, b);
        b->at += len;
    }
}

static int step(struct walk *walk, struct cursor *a, struct cursor *b)
{
    if (walk->entries++ >= ARC_GIT_ENTRIES)
        return arc_error_set(walk->err, ARC_ELIMIT,
                             "more than %d entries of directories to look at, by '%.200s'",
                             ARC_GIT_ENTRIES, arc_buf_text(&walk->path));

    int order = a->done ? 1 : -1;
    if (!a->done && !b->done)
        order = compare(&a->entry, &b->entry);
    if (order < 0) {
        ARC_TRY(one_side(walk, &a->entry, false));
        return read_next(walk, a);
    }

    if (order > 0) {
        ARC_TRY(one_side(walk, &b->entry, true));
        return read_next(walk, b);
    }

    const struct entry *from = &a->entry, *to = &b->entry;
    bool same = memcmp(from->oid, to->oid, OID_BYTES) == 0;
    bool retyped = (from->mode & MODE_TYPE) != (to->mode & MODE_TYPE);
    bool rebit = (from->mode & MODE_EXECUTE) != (to->mode & MODE_EXECUTE);
    if (is_tree(from)) { /* compare() treats a directory and a file of one name as different */
        if (!same)
            ARC_TRY(enter(walk, from, from->oid, to->oid));
    } else if (!same || retyped || rebit)
        ARC_TRY(give(walk, from, to, retyped ? ARC_GIT_TYPE_CHANGED : ARC_GIT_MODIFIED));

    return read_both(walk, a, b);
}

static int walk_trees(struct walk *walk, const unsigned char *from, const unsigned char *to)
{
    ARC_AUTO(cursor) struct cursor a = {0}, b = {0};

    if (walk->depth == ARC_GIT_DEPTH)
        return arc_error_set(walk->err, ARC_ELIMIT,
                             "directories are nested more than %d deep below '%.200s'",
                             ARC_GIT_DEPTH, arc_buf_text(&walk->path));

    walk->depth++;
    int rc = open_cursor(walk, from, false, &a);
    if (!rc)
        rc = open_cursor(walk, to, true, &b);
    while (!rc && !(a.done && b.done))
        rc = step(walk, &a, &b);
    walk->depth--;

    return rc;
}

static int tree_of(const struct arc_git *git, const struct arc_oid *commit, git_oid *out,
                   struct arc_error *err)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit parsed = {0};
    ARC_TRY(arc_git_commit(git, commit, &parsed, err));
    return arc_git_oid_in(&parsed.tree, out, err);
}

/* Whether a commit or its tree is missing. */
static bool is_absent(const struct arc_git *git, const struct arc_oid *commit)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit found = {0};
    return arc_git_commit(git, commit, &found, NULL) != ARC_OK ||
           (strcmp(found.tree.hex, ARC_GIT_EMPTY_TREE) != 0 && !arc_git_has(git, &found.tree));
}

void arc_git_fetch_absent(const struct arc_git *git, const struct arc_oid *from,
                          const struct arc_oid *to, bool fetched[2])
{
    struct arc_oid absent[2];
    size_t count = 0;

    if (!git->scratch->allowed)
        return;
    fetched[0] = from && is_absent(git, from);
    fetched[1] = is_absent(git, to);
    if (fetched[0])
        absent[count++] = *from;
    if (fetched[1])
        absent[count++] = *to;
    if (count && arc_git_fetch_trees(git, absent, count, NULL) != ARC_OK)
        fetched[0] = fetched[1] = false;
}

int arc_git_diff(const struct arc_git *git, const struct arc_git_diff *diff, struct arc_error *err)
{
    git_oid from, to;
    ARC_AUTO(walk)
    struct walk walk = {.git = git, .diff = diff, .err = err, .path = {.max = (size_t)1 << 20}};

    arc_git_fetch_absent(git, diff->from, diff->to, walk.fetched);
    ARC_TRY(tree_of(git, diff->to, &to, err));
    ARC_TRY(arc_git_odb(git, &walk.odb, err));
    if (!diff->from)
        return walk_trees(&walk, NULL, to.id);

    ARC_TRY(tree_of(git, diff->from, &from, err));
    return git_oid_equal(&from, &to) ? ARC_OK : walk_trees(&walk, from.id, to.id);
}
