#include "git/history.h"
#include "base/room.h"

#define NONE     UINT32_MAX
#define DAY      ((int64_t)24 * 60 * 60)
#define DATE_MAX (INT64_MAX / 8) /* of a commit, whatever it says: sums of some dates fit */
#define LATE_MAX 100             /* see walk_since() */

#define NO_MEMORY 1 /* libgit2's codes are negative */

/* What a walk learned about a commit. */
enum {
    FROM_A = 1,  /* reachable from the first commit of a question */
    FROM_B = 2,  /* and from the second */
    STALE = 4,   /* an ancestor of a common ancestor */
    RESULT = 8,  /* found as a common ancestor */
    MET = 16,    /* visited by arc_history_reaches() */
    HIDDEN = 32, /* visited by the walk of the excluded commit */
};

struct node {
    git_oid oid;
    int64_t time;     /* of the committer; INT64_MIN when missing */
    uint32_t parents; /* index of its first parent in `links` */
    uint32_t count;   /* number of parents */
    uint32_t queued;  /* number of times it is in the queue of a search; see arc_history_since() */
    unsigned flags;
    bool read, missing;
};

/* An entry of a queue: newest first, then in order of arrival, like git's prio_queue. */
struct place {
    int64_t time;
    uint64_t turn;
    uint32_t node;
};

struct queue {
    struct place *places;
    size_t count;
    uint64_t turn;
    size_t fresh; /* entries of commits that are not stale; only counted by searches */
    bool searches;
};

struct arc_history {
    git_odb *odb;
    struct node *nodes;
    size_t count;
    uint32_t *table;   /* hash table of nodes by name: 0 for none, else index + 1 */
    size_t table_size; /* a power of two */
    uint32_t *links;   /* parents */
    size_t link_count;
    struct queue walk;  /* of arc_history_reaches() */
    int64_t walk_doubt; /* as in struct search */
    int64_t skew;       /* the most by which a commit claims to be older than a parent */
    bool complete;      /* the clone is not shallow */
    int failed;         /* a libgit2 code, or NO_MEMORY */
};

static size_t place_of(const struct arc_history *history, const git_oid *oid)
{
    uint64_t hash;
    memcpy(&hash, oid->id, sizeof hash);
    size_t place = hash & (history->table_size - 1);
    while (history->table[place] &&
           git_oid_cmp(&history->nodes[history->table[place] - 1].oid, oid) != 0)
        place = (place + 1) & (history->table_size - 1);
    return place;
}

/* Finds or adds the node of a commit. NONE after a failure. */
static uint32_t node_of(struct arc_history *history, const git_oid *oid)
{
    size_t size = history->table_size ? 2 * history->table_size : 1024;
    bool full = history->count * 2 >= history->table_size;
    uint32_t *table = full ? calloc(size, sizeof *table) : NULL;

    if (table) {
        free(history->table);
        history->table = table;
        history->table_size = size;
        for (size_t i = 0; i < history->count; i++)
            table[place_of(history, &history->nodes[i].oid)] = (uint32_t)i + 1;
    }

    if ((full && !table) || history->count >= UINT32_MAX - 1 ||
        !arc_room(&history->nodes, history->count, sizeof *history->nodes)) {
        history->failed = NO_MEMORY;
        return NONE;
    }

    size_t place = place_of(history, oid);
    if (history->table[place])
        return history->table[place] - 1;
    history->nodes[history->count] = (struct node){.oid = *oid};
    history->table[place] = (uint32_t)++history->count;

    return (uint32_t)history->count - 1;
}

/* Reads the header of a commit; it ends with an empty line. */
static void parse(struct arc_history *history, uint32_t node, const char *text, size_t size)
{
    history->nodes[node].parents = (uint32_t)history->link_count;

    while (size && *text != '\n') {
        const char *end = memchr(text, '\n', size);
        if (!end)
            return;
        size_t len = (size_t)(end - text);
        if (len == 7 + GIT_OID_HEXSZ && memcmp(text, "parent ", 7) == 0) {
            git_oid oid;
            bool valid = git_oid_fromstrn(&oid, text + 7, GIT_OID_HEXSZ) == 0;
            uint32_t parent = valid ? node_of(history, &oid) : NONE;
            if (parent == NONE ||
                !arc_room(&history->links, history->link_count, sizeof *history->links)) {
                history->failed = valid ? NO_MEMORY : GIT_ERROR;
                return;
            }
            history->links[history->link_count++] = parent;
            history->nodes[node].count++;
        }
        if (len > 10 && memcmp(text, "committer ", 10) == 0) {
            /* The date at the end of "committer NAME <EMAIL> DATE ZONE"; 0 if it is missing. The
             * text may continue or end after the line. */
            char date[24] = "";
            size_t at = len;
            while (at && text[at - 1] != '>')
                at--;
            if (at)
                memcpy(date, text + at, len - at < sizeof date ? len - at : sizeof date - 1);
            int64_t time = strtoll(date, NULL, 10);
            history->nodes[node].time = ARC_MAX(ARC_MIN(time, DATE_MAX), -DATE_MAX);
            return;
        }
        text = end + 1;
        size -= len + 1;
    }
}

/* Reads the commit if necessary; returns whether it is present. */
static bool read_node(struct arc_history *history, uint32_t node)
{
    if (history->nodes[node].read)
        return !history->nodes[node].missing;
    ARC_AUTO_HANDLE(git_odb_object) git_odb_object *object = NULL;
    const git_oid oid = history->nodes[node].oid;
    int rc = GIT_ENOTFOUND;
    if (git_odb_exists_ext(history->odb, &oid, GIT_ODB_LOOKUP_NO_REFRESH) == 1)
        rc = git_odb_read(&object, history->odb, &oid);
    bool is_commit = rc == 0 && git_odb_object_type(object) == GIT_OBJECT_COMMIT;
    if (is_commit)
        parse(history, node, git_odb_object_data(object), git_odb_object_size(object));
    else if (rc < 0 && rc != GIT_ENOTFOUND)
        history->failed = rc;

    history->nodes[node].read = true;
    history->nodes[node].missing = !is_commit;
    if (!is_commit)
        history->nodes[node].time = INT64_MIN;

    return is_commit;
}

static uint32_t parent_of(const struct arc_history *history, uint32_t node, uint32_t index)
{
    return history->links[history->nodes[node].parents + index];
}

/* Reads a parent, and records how wrong dates are. */
static void read_parent(struct arc_history *history, uint32_t node, uint32_t parent)
{
    if (!read_node(history, parent))
        return;
    int64_t ahead = history->nodes[parent].time - history->nodes[node].time;
    history->skew = ARC_MAX(history->skew, ahead);
}

/* ---- queue --------------------------------------------------------------------------------- */

static bool before(const struct place *a, const struct place *b)
{
    return a->time != b->time ? a->time > b->time : a->turn < b->turn;
}

static void put(struct arc_history *history, struct queue *queue, uint32_t node)
{
    if (!arc_room(&queue->places, queue->count, sizeof *queue->places)) {
        history->failed = NO_MEMORY;
        return;
    }

    struct node *the = &history->nodes[node];
    const struct place last = {the->time, queue->turn++, node};
    size_t at = queue->count++;
    for (size_t up; at && before(&last, &queue->places[up = (at - 1) / 2]); at = up)
        queue->places[at] = queue->places[up];
    queue->places[at] = last;
    if (!queue->searches)
        return;
    the->queued++;
    queue->fresh += !(the->flags & STALE);
}

static uint32_t take(struct arc_history *history, struct queue *queue)
{
    const uint32_t node = queue->places[0].node;
    const struct place last = queue->places[--queue->count];
    size_t at = 0;

    for (size_t down; (down = 2 * at + 1) < queue->count; at = down) {
        if (down + 1 < queue->count && before(&queue->places[down + 1], &queue->places[down]))
            down++;
        if (!before(&queue->places[down], &last))
            break;
        queue->places[at] = queue->places[down];
    }

    queue->places[at] = last;

    if (queue->searches) {
        history->nodes[node].queued--;
        queue->fresh -= !(history->nodes[node].flags & STALE);
    }

    return node;
}

static void add_flags(struct arc_history *history, struct queue *queue, uint32_t node,
                      unsigned flags)
{
    struct node *the = &history->nodes[node];
    if (flags & STALE && !(the->flags & STALE))
        queue->fresh -= the->queued;
    the->flags |= flags;
}

/* ---- merge base ---------------------------------------------------------------------------- */

/* The state of a search for merge bases. */
struct search {
    struct arc_history *history;
    struct queue queue;
    uint32_t *found; /* common ancestors, newest first */
    size_t count;
    int64_t doubt;  /* date of the newest merge that only one side has and whose parents are
                       missing: it is cut as a whole, so any of its parents may be newer than the
                       window */
    bool one_sided; /* a missing commit is known to be an ancestor of one side only */
    bool any;       /* a commit is missing */
};

static void search_free(struct search *search)
{
    free(search->queue.places);
    free(search->found);
}

static bool is_cut(struct arc_history *history, uint32_t node)
{
    for (uint32_t i = 0; i < history->nodes[node].count; i++)
        if (!read_node(history, parent_of(history, node, i)))
            return true;
    return false;
}

static void note_doubt(struct arc_history *history, uint32_t node, int64_t *doubt)
{
    const struct node *the = &history->nodes[node];
    if (the->count > 1 && the->time > *doubt && is_cut(history, node))
        *doubt = history->nodes[node].time;
}

/* One step of git's paint_down_to_common(). */
static void paint(struct search *search)
{
    struct arc_history *history = search->history;
    uint32_t node = take(history, &search->queue);
    unsigned flags = history->nodes[node].flags & (FROM_A | FROM_B | STALE);

    if (flags == (FROM_A | FROM_B) && !(history->nodes[node].flags & RESULT)) {
        if (!arc_room(&search->found, search->count, sizeof *search->found)) {
            history->failed = NO_MEMORY;
            return;
        }
        size_t at = search->count++; /* after those that are not older */
        for (; at && history->nodes[search->found[at - 1]].time < history->nodes[node].time; at--)
            search->found[at] = search->found[at - 1];
        search->found[at] = node;
        history->nodes[node].flags |= RESULT;
    }

    if (flags == (FROM_A | FROM_B))
        flags |= STALE;

    if (history->nodes[node].missing) {
        search->any = true;
        search->one_sided |= !(flags & STALE);
        return;
    }

    if (!(flags & STALE))
        note_doubt(history, node, &search->doubt);

    for (uint32_t i = 0; i < history->nodes[node].count && !history->failed; i++) {
        uint32_t parent = parent_of(history, node, i);
        if ((history->nodes[parent].flags & flags) == flags)
            continue;
        read_parent(history, node, parent);
        add_flags(history, &search->queue, parent, flags);
        put(history, &search->queue, parent);
    }
}

static void hide_behind(struct arc_history *history, uint32_t node)
{
    struct queue todo = {0};
    put(history, &todo, node);

    while (todo.count && !history->failed) {
        uint32_t next = take(history, &todo);
        for (uint32_t i = 0; read_node(history, next) && i < history->nodes[next].count; i++) {
            uint32_t parent = parent_of(history, next, i);
            if (history->nodes[parent].flags & HIDDEN)
                continue;
            history->nodes[parent].flags |= HIDDEN;
            put(history, &todo, parent);
        }
    }

    free(todo.places);
}

static void drop_marked(struct search *search, unsigned flags)
{
    size_t kept = 0;
    for (size_t i = 0; i < search->count; i++)
        if (!(search->history->nodes[search->found[i]].flags & flags))
            search->found[kept++] = search->found[i];
    search->count = kept;
}

static void clear_flags(struct arc_history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        history->nodes[i].flags &= MET;
        history->nodes[i].queued = 0; /* a search may end before its queue does */
    }
}

/* Whether a window back to `since` contains everything relevant to a commit: a missing descendant
 * would need a date more wrong than any seen so far. */
static bool within(const struct arc_history *history, const struct node *node, int64_t since,
                   int64_t doubt)
{
    int64_t sure = node->missing ? INT64_MIN : node->time - DAY - 2 * history->skew;
    return since != ARC_HISTORY_NO_DATE && sure >= since && sure > doubt;
}

int arc_history_check(const struct arc_history *history, struct arc_error *err)
{
    if (history->failed == NO_MEMORY)
        return arc_error_nomem(err);
    return arc_git_check(err, history->failed, "reading the history");
}

static int find_node(struct arc_history *history, const struct arc_oid *commit, uint32_t *out,
                     struct arc_error *err)
{
    git_oid oid;
    ARC_TRY(arc_git_oid_in(commit, &oid, err));
    *out = node_of(history, &oid);
    if (*out != NONE)
        read_node(history, *out);
    return arc_history_check(history, err);
}

int arc_history_merge_base(struct arc_history *history, const struct arc_oid *a,
                           const struct arc_oid *b, int64_t since, enum arc_history_answer *answer,
                           struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(search)
    struct search search = {.history = history, .queue = {.searches = true}, .doubt = INT64_MIN};
    uint32_t from, to;

    ARC_TRY(find_node(history, a, &from, err));
    ARC_TRY(find_node(history, b, &to, err));

    if (from == to) {
        *out = *a;
        *answer = ARC_HISTORY_YES;
        return ARC_OK;
    }

    clear_flags(history);
    history->nodes[from].flags |= FROM_A;
    history->nodes[to].flags |= FROM_B;
    put(history, &search.queue, from);
    put(history, &search.queue, to);
    while (search.queue.fresh && !history->failed)
        paint(&search);

    /* Removes those that are ancestors of another one. */
    drop_marked(&search, STALE);
    for (size_t i = 0; search.count > 1 && i < search.count; i++)
        hide_behind(history, search.found[i]);
    drop_marked(&search, HIDDEN);
    ARC_TRY(arc_history_check(history, err));
    *answer = search.any ? ARC_HISTORY_UNCERTAIN : ARC_HISTORY_NO;
    if (!search.count)
        return ARC_OK;

    /* What is missing is behind a common ancestor, or too old to matter. */
    uint32_t best = search.found[0];
    if (!search.any || (search.count == 1 && !search.one_sided) || best == from || best == to ||
        within(history, &history->nodes[best], since, search.doubt))
        *answer = ARC_HISTORY_YES;
    arc_git_oid_out(&history->nodes[best].oid, out);

    return ARC_OK;
}

/* ---- ancestors ----------------------------------------------------------------------------- */

static void meet(struct arc_history *history, struct queue *queue, uint32_t node)
{
    if (history->nodes[node].flags & MET)
        return;
    history->nodes[node].flags |= MET;
    put(history, queue, node);
}

int arc_history_reaches(struct arc_history *history, const struct arc_oid *head,
                        const struct arc_oid *commit, int64_t since,
                        enum arc_history_answer *answer, struct arc_error *err)
{
    uint32_t from, to;

    ARC_TRY(find_node(history, head, &from, err));
    ARC_TRY(find_node(history, commit, &to, err));
    meet(history, &history->walk, from);

    while (!(history->nodes[to].flags & MET) && history->walk.count && !history->failed &&
           history->walk.places[0].time != INT64_MIN) {
        uint32_t node = take(history, &history->walk);
        note_doubt(history, node, &history->walk_doubt);
        for (uint32_t i = 0; i < history->nodes[node].count; i++) {
            uint32_t parent = parent_of(history, node, i);
            read_parent(history, node, parent);
            meet(history, &history->walk, parent);
        }
    }

    ARC_TRY(arc_history_check(history, err));

    if (history->nodes[to].flags & MET)
        *answer = ARC_HISTORY_YES;
    else if (!history->walk.count ||
             within(history, &history->nodes[to], since, history->walk_doubt))
        *answer = ARC_HISTORY_NO;
    else
        *answer = ARC_HISTORY_UNCERTAIN;

    return ARC_OK;
}

bool arc_history_date(struct arc_history *history, const struct arc_oid *commit, int64_t *out)
{
    uint32_t node;
    if (find_node(history, commit, &node, NULL) || history->nodes[node].missing)
        return false;
    *out = history->nodes[node].time;
    return true;
}

int64_t arc_history_oldest(struct arc_history *history, const struct arc_oid *commit)
{
    uint32_t node;
    int64_t oldest = INT64_MAX;

    if (find_node(history, commit, &node, NULL))
        return oldest;

    while (read_node(history, node)) {
        oldest = ARC_MIN(oldest, history->nodes[node].time);
        if (!history->nodes[node].count)
            break;
        node = parent_of(history, node, 0);
    }

    return oldest;
}

int64_t arc_history_skew(const struct arc_history *history)
{
    return history->skew;
}

bool arc_history_cuts(struct arc_history *history, const struct arc_oid *tip, size_t max,
                      struct arc_oid *out, size_t *count)
{
    uint32_t node;

    if (find_node(history, tip, &node, NULL))
        return false;
    clear_flags(history);
    hide_behind(history, node);
    history->nodes[node].flags |= HIDDEN;

    for (size_t i = 0; i < history->count; i++) {
        if (!(history->nodes[i].flags & HIDDEN) || !is_cut(history, (uint32_t)i))
            continue;
        if (*count == max)
            return false;
        arc_git_oid_out(&history->nodes[i].oid, &out[(*count)++]);
    }

    return !history->failed;
}

bool arc_history_parent(struct arc_history *history, const struct arc_oid *commit, size_t number,
                        struct arc_oid *out, size_t *count)
{
    uint32_t node;
    if (find_node(history, commit, &node, NULL) || history->nodes[node].missing)
        return false;
    *count = history->nodes[node].count;
    *out = (struct arc_oid){{0}};
    if (number && number <= *count)
        arc_git_oid_out(&history->nodes[parent_of(history, node, (uint32_t)number - 1)].oid, out);
    return true;
}

/* ---- since several bases --------------------------------------------------------------------- */

/* A walk from a head that learns which of several bases contain each commit. */
struct since {
    struct arc_history *history;
    struct queue queue;
    size_t words;    /* of a set of bases and the head */
    uint64_t head;   /* its bit in the last word, the highest of all */
    uint64_t *lacks; /* per node: the bases known to lack it */
    size_t known;    /* capacity of `lacks`, in nodes */
    int64_t oldest;  /* date of the oldest one visited while a base was known to lack it */
};

static void since_free(struct since *since)
{
    free(since->queue.places);
    free(since->lacks);
}

/* Whether a base is known to lack a commit. The bit behind theirs says that the head does. */
static bool lacks_any(const struct since *since, uint32_t node)
{
    const uint64_t *lacks = since->lacks + node * since->words;
    size_t last = since->words - 1;

    for (size_t i = 0; i < last; i++)
        if (lacks[i])
            return true;
    return lacks[last] & (since->head - 1);
}

static bool is_given(const struct since *since, uint32_t node)
{
    bool in_head = !(since->lacks[(node + 1) * since->words - 1] & since->head);
    return in_head && lacks_any(since, node) && !since->history->nodes[node].missing;
}

/* Makes room for all nodes; new ones are lacked by all bases. */
static bool grow_lacks(struct since *since)
{
    size_t nodes = 2 * since->history->count;

    if (since->known >= since->history->count)
        return true;
    uint64_t *grown = realloc(since->lacks, nodes * since->words * sizeof *grown);
    if (!grown) {
        since->history->failed = NO_MEMORY;
        return false;
    }

    since->lacks = grown;
    memset(grown + since->known * since->words, 0xff,
           (nodes - since->known) * since->words * sizeof *grown);
    since->known = nodes;

    return true;
}

/* Visits a commit with what is known of a child (NULL: nothing); a commit whose state changes is
 * visited again. The queue counts commits that some base lacks as fresh. */
static void meet_since(struct since *since, uint32_t node, const uint64_t *child)
{
    struct arc_history *history = since->history;
    struct node *the = &history->nodes[node];
    bool changed = !(the->flags & FROM_A);
    uint64_t *own = since->lacks + node * since->words;

    for (size_t i = 0; child && i < since->words; i++) {
        changed |= (own[i] & child[i]) != own[i];
        own[i] &= child[i];
    }

    if (!changed)
        return;
    add_flags(history, &since->queue, node, FROM_A | (lacks_any(since, node) ? 0 : STALE));
    put(history, &since->queue, node);
}

/* Reads a commit. Only a shallow clone may lack it. */
static int need_node(struct arc_history *history, uint32_t node, struct arc_error *err)
{
    struct arc_oid name;

    if (read_node(history, node) || history->failed || !history->complete)
        return arc_history_check(history, err);
    arc_git_oid_out(&history->nodes[node].oid, &name);
    return arc_error_set(err, ARC_ENOTFOUND, "commit %s is not in this clone, but a child of it is",
                         name.hex);
}

static int start_since(struct since *since, const struct arc_oid *head, const struct arc_oid *bases,
                       size_t count, struct arc_error *err)
{
    ARC_AUTO_FREE uint64_t *all = calloc(since->words, sizeof *all);

    ARC_TRY_ALLOC(all, err);
    for (size_t i = 0; i <= count; i++)
        all[i / 64] |= UINT64_C(1) << i % 64;

    for (size_t i = 0; i <= count; i++) {
        const struct arc_oid *tip = i < count ? &bases[i] : head;
        uint64_t own = UINT64_C(1) << i % 64;
        uint32_t node;
        if (!*tip->hex)
            continue;
        ARC_TRY(find_node(since->history, tip, &node, err));
        if (tip == head)
            ARC_TRY(need_node(since->history, node, err));
        all[i / 64] ^= own;
        if (grow_lacks(since))
            meet_since(since, node, all);
        all[i / 64] ^= own;
    }

    return arc_history_check(since->history, err);
}

/* Learns of all commits which bases lack them. Many may have one date, and a date may be older than
 * a parent's: so the walk ends, like git's (limit_list() in its revision.c), only some commits after
 * it came to what is surely older than all that a base lacks. */
static int walk_since(struct since *since, struct arc_error *err)
{
    struct arc_history *history = since->history;

    for (unsigned late = 0; since->queue.count && late <= LATE_MAX;) {
        uint32_t node = take(history, &since->queue);
        const struct node *the = &history->nodes[node];
        if (!(the->flags & STALE) && the->time < since->oldest)
            since->oldest = the->time;
        bool is_new = the->time + DAY + 2 * history->skew >= since->oldest;
        late = is_new || since->queue.fresh ? 0 : late + 1;

        for (uint32_t i = 0; i < history->nodes[node].count; i++) {
            uint32_t parent = parent_of(history, node, i);
            ARC_TRY(need_node(history, parent, err));
            read_parent(history, node, parent);
            if (!history->nodes[parent].missing && grow_lacks(since))
                meet_since(since, parent, since->lacks + node * since->words);
        }
    }

    return arc_history_check(history, err);
}

int arc_history_since(struct arc_history *history, const struct arc_oid *head,
                      const struct arc_oid *bases, size_t count,
                      int (*each)(void *context, const struct arc_oid *commit,
                                  const uint64_t *lacks),
                      void *context, struct arc_error *err)
{
    ARC_AUTO(since)
    struct since since = {.history = history,
                          .queue = {.searches = true},
                          .words = count / 64 + 1,
                          .head = UINT64_C(1) << count % 64,
                          .oldest = INT64_MAX};

    clear_flags(history);
    ARC_TRY(start_since(&since, head, bases, count, err));
    ARC_TRY(walk_since(&since, err));
    if (!grow_lacks(&since))
        return arc_history_check(history, err);

    /* Counts, for each commit, the children that are given. */
    for (uint32_t node = 0; node < history->count; node++)
        history->nodes[node].queued = 0;
    for (uint32_t node = 0; node < history->count; node++)
        for (uint32_t i = 0; is_given(&since, node) && i < history->nodes[node].count; i++)
            history->nodes[parent_of(history, node, i)].queued++;

    since.queue.count = 0;
    since.queue.searches = false;
    for (uint32_t node = 0; node < history->count; node++)
        if (!history->nodes[node].queued && is_given(&since, node))
            put(history, &since.queue, node);

    while (since.queue.count && !history->failed) {
        uint32_t node = take(history, &since.queue);
        struct arc_oid commit;
        arc_git_oid_out(&history->nodes[node].oid, &commit);
        ARC_TRY(each(context, &commit, since.lacks + node * since.words));
        for (uint32_t i = 0; i < history->nodes[node].count; i++) {
            uint32_t parent = parent_of(history, node, i);
            if (!--history->nodes[parent].queued && is_given(&since, parent))
                put(history, &since.queue, parent);
        }
    }

    return arc_history_check(history, err);
}

/* -------------------------------------------------------------------------------------------- */

int arc_history_new(const struct arc_git *git, struct arc_history **out, struct arc_error *err)
{
    ARC_AUTO(arc_history) struct arc_history *history = calloc(1, sizeof *history);
    ARC_TRY_ALLOC(history, err);
    ARC_TRY(arc_git_odb(git, &history->odb, err));
    history->walk_doubt = INT64_MIN;
    history->complete = !arc_git_is_shallow(git);
    git_odb_refresh(history->odb);
    *out = arc_steal(&history);

    return ARC_OK;
}

void arc_history_free(struct arc_history **history)
{
    if (!*history)
        return;
    git_odb_free((*history)->odb);
    free((*history)->nodes);
    free((*history)->table);
    free((*history)->links);
    free((*history)->walk.places);
    free(*history);
    *history = NULL;
}
