/* Commits: one, the common ancestor of two, a range. */
#define _GNU_SOURCE /* memmem */
#include "base/text.h"
#include "git/fetch.h"
#include "git/history.h"
#include "git/run.h"
#include <ctype.h>

#define MAILMAP_MAX (1 << 20) /* Linux's .mailmap has 40 KB */

/* A copy of a commit's text, converted to UTF-8 if the commit says it is Latin-1
 * (i18n.commitEncoding); other encodings are unchanged. */
static char *copy_text(struct arc_arena *memory, const git_commit *commit, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf copy = {0};
    const char *encoding = arc_or(git_commit_message_encoding(commit), "");
    bool latin = strcasecmp(encoding, "ISO-8859-1") == 0 ||
                 strcasecmp(encoding, "ISO8859-1") == 0 || strcasecmp(encoding, "latin1") == 0;

    text = arc_or(text, "");
    if (!latin || arc_utf8_valid(text, strlen(text)))
        return arc_arena_text(memory, text);

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x80)
            arc_buf_putc(&copy, (char)(0xc0 | c >> 6));
        arc_buf_putc(&copy, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
    }
    memory->failed |= copy.failed;

    return arc_arena_text(memory, arc_buf_text(&copy));
}

/* Reduces a message to what follows the first empty line after the subject. As in git, a line of
 * blanks is empty; web forms leave such lines and other line ends, with which libgit2 does not find
 * the body. */
static char *cut_body(char *copy)
{
    char *to = copy;

    if (!copy)
        return NULL;
    for (const char *from = copy; *from; *to++ = *from++)
        while (*from == '\n' && to > copy && strchr(" \t\r", to[-1]))
            to--;
    while (to > copy && isspace((unsigned char)to[-1]))
        to--;

    *to = '\0';
    const char *body = strstr(copy + strspn(copy, "\n"), "\n\n");
    size_t skipped = body ? (size_t)(body - copy) : strlen(copy);
    skipped += strspn(copy + skipped, " \t\n");
    memmove(copy, copy + skipped, strlen(copy + skipped) + 1);

    return copy;
}

/* With the author mapped by `mailmap` (may be NULL). */
static int fill(git_commit *commit, const git_mailmap *mailmap, struct arc_git_commit *out,
                struct arc_error *err)
{
    static const git_signature nobody = {0};
    const git_signature *written = arc_or(git_commit_author(commit), &nobody);
    const char *name = written->name, *email = written->email;
    const char *subject = git_commit_summary(commit);

    subject += subject ? strspn(subject, " ") : 0; /* in a pasted title */
    if (mailmap && name && email && git_mailmap_resolve(&name, &email, mailmap, name, email) < 0)
        return arc_error_nomem(err);

    *out = (struct arc_git_commit){.parents = git_commit_parentcount(commit),
                                   .time = git_commit_time(commit),
                                   .written = written->when.time};
    struct arc_arena *memory = &out->memory;
    out->author = copy_text(memory, commit, name);
    out->email = copy_text(memory, commit, email);
    out->subject = copy_text(memory, commit, subject);
    out->body = cut_body(copy_text(memory, commit, git_commit_message(commit)));
    arc_git_oid_out(git_commit_id(commit), &out->oid);
    arc_git_oid_out(git_commit_tree_id(commit), &out->tree);
    if (out->parents)
        arc_git_oid_out(git_commit_parent_id(commit, 0), &out->parent);
    if (out->parents > 1)
        arc_git_oid_out(git_commit_parent_id(commit, 1), &out->merged);

    return arc_arena_check(memory, err);
}

int arc_git_commit(const struct arc_git *git, const struct arc_oid *oid, struct arc_git_commit *out,
                   struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_commit) git_commit *commit = NULL;
    git_oid id;
    *out = (struct arc_git_commit){0};
    ARC_TRY(arc_git_oid_in(oid, &id, err));
    int rc = git_commit_lookup(&commit, git->repo, &id);
    if (rc == GIT_ENOTFOUND)
        return arc_error_set(
            err, ARC_ENOTFOUND, "commit %s is not in this clone%s", oid->hex,
            arc_git_is_shallow(git) ? " (its history is cut; fetch-depth: 0 gets all of it)" : "");
    ARC_TRY(arc_git_check(err, rc, oid->hex));
    return arc_or_free(arc_git_commit, out, fill(commit, NULL, out, err));
}

void arc_git_commit_free(struct arc_git_commit *commit)
{
    arc_arena_free(&commit->memory);
    *commit = (struct arc_git_commit){0};
}

/* The .mailmap of HEAD, which `git log` reads whatever it logs. NULL if there is none, or the clone
 * lacks it; the caller frees it. */
static int open_mailmap(const struct arc_git *git, git_mailmap **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = MAILMAP_MAX}, lines = {.max = MAILMAP_MAX};
    struct arc_oid head;

    int rc = arc_git_resolve_ref(git, "HEAD", &head, err);
    if (!rc)
        rc = arc_git_blob(git, &head, ".mailmap", MAILMAP_MAX, &text, err);
    if (rc) /* this is not a failure, so *err stays empty */
        return arc_error_except(rc == ARC_EWORLD ? rc : ARC_ENOTFOUND, rc, err);

    /* Keeps the lines that git accepts: libgit2 refuses the whole text for a NUL or an empty
     * address. */
    const char *end = arc_buf_text(&text) + text.len;
    size_t len;
    for (const char *at = arc_buf_text(&text); at < end; at += len) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        len = (size_t)((line_end ? line_end + 1 : end) - at);
        if (!memchr(at, '\0', len) && !memmem(at, len, "<>", 2))
            arc_buf_add(&lines, at, len);
    }

    ARC_TRY(arc_buf_check(&lines, ".mailmap", err));
    rc = git_mailmap_from_buffer(out, arc_buf_text(&lines), lines.len);
    return arc_git_check(err, rc, ".mailmap");
}

/* What a walk of a range is for. */
struct logging {
    const struct arc_git *git;
    size_t max;
    const git_mailmap *mailmap; /* NULL: none */
    int (*each)(void *context, const struct arc_git_commit *commit);
    void *context;
    size_t given;
    struct arc_error *err;
};

static int walk(struct arc_history *history, const struct arc_git_log_range *range,
                int (*each)(void *context, const struct arc_oid *commit, const uint64_t *lacks),
                void *context, struct arc_error *err)
{
    static const struct arc_oid nothing = {{0}};
    return arc_history_since(history, range->to, arc_or(range->from, &nothing), 1, each, context,
                             err);
}

static int log_commit(void *context, const struct arc_oid *oid, const uint64_t *lacks)
{
    struct logging *logging = context;
    ARC_AUTO(arc_git_commit) struct arc_git_commit found = {0};
    ARC_AUTO_HANDLE(git_commit) git_commit *commit = NULL;
    git_oid id;
    (void)lacks;

    if (logging->given++ == logging->max)
        return 1;
    ARC_TRY(arc_git_oid_in(oid, &id, logging->err));
    int rc = git_commit_lookup(&commit, logging->git->repo, &id);
    ARC_TRY(arc_git_check(logging->err, rc, "walking the history"));
    ARC_TRY(fill(commit, logging->mailmap, &found, logging->err));

    return logging->each(logging->context, &found);
}

int arc_git_log(const struct arc_git *git, const struct arc_git_log_range *range,
                int (*each)(void *context, const struct arc_git_commit *commit), void *context,
                bool *more, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_mailmap) git_mailmap *mailmap = NULL;
    ARC_AUTO(arc_history) struct arc_history *history = NULL;
    ARC_TRY(open_mailmap(git, &mailmap, err));
    ARC_TRY(arc_history_new(git, &history, err));
    size_t max = arc_or(range->max, SIZE_MAX);
    struct logging logging = {git, max, mailmap, each, context, .err = err};
    int rc = walk(history, range, log_commit, &logging, err);
    bool is_full = logging.given > max;
    if (more)
        *more = is_full;

    return is_full ? ARC_OK : rc;
}

static int add_name(void *context, const struct arc_oid *commit, const uint64_t *lacks)
{
    (void)lacks;
    return json_object_set_new(context, commit->hex, json_true()) ? ARC_ENOMEM : ARC_OK;
}

int arc_git_log_names(struct arc_history *history, const struct arc_git_log_range *range,
                      json_t *names, struct arc_error *err)
{
    return walk(history, range, add_name, names, err);
}

int arc_git_nearest_tag(const struct arc_git *git, const struct arc_oid *commit, const char *except,
                        char **out, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO(arc_buf) struct arc_buf family = {.max = 4096}, inner = {.max = 4096};
    const char *slash = strrchr(except, '/');

    if (slash)
        arc_buf_printf(&family, "%.*s/*", (int)(slash - except), except);
    else
        arc_buf_puts(&family, "*/*");
    arc_buf_printf(&inner, "%s/*", arc_buf_text(&family)); /* "*" matches a "/", too */
    ARC_TRY(arc_buf_check(&inner, "the name of a tag", err));
    const char *const words[] = {
        "describe",  "--tags",    "--abbrev=0", "--exclude",
        except,      "--exclude", inner.data,   slash ? "--match" : "--exclude",
        family.data, commit->hex, NULL};
    *out = NULL;
    ARC_TRY(arc_git_run(git, words, ARC_GIT_SECONDS, &result, err));
    const char *text = arc_buf_text(&result.output);
    size_t len = strcspn(text, "\n");
    if (result.status || !len) /* it also fails if there is no tag */
        return ARC_OK;
    *out = strndup(text, len);
    return arc_error_unless(*out, err);
}

int arc_git_tag_message(const struct arc_git *git, const char *tag, struct arc_buf *out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 1024};
    ARC_AUTO_HANDLE(git_object) git_object *object = NULL;
    struct arc_oid own;
    git_oid oid;

    arc_buf_printf(&name, "refs/tags/%s", tag);
    ARC_TRY(arc_buf_check(&name, "tag", err));
    (void)git_revparse_single(&object, git->repo, arc_buf_text(&name));
    bool annotated = object && git_object_type(object) == GIT_OBJECT_TAG;

    /* In CI as the remote has it, if that is known: actions/checkout puts the commit in place of an
     * annotated tag that was pushed. */
    if (!annotated && arc_env_nonempty(git->env, "CI") &&
        !arc_git_fetch_tag(git, tag, &own, NULL) && !arc_git_oid_in(&own, &oid, NULL)) {
        git_object_free(arc_steal(&object));
        annotated = git_object_lookup(&object, git->repo, &oid, GIT_OBJECT_TAG) == 0;
    }

    const char *message = annotated ? arc_or(git_tag_message((git_tag *)object), "") : "";
    const char *end = message + strlen(message);
    arc_each_piece (line, message, "\n") /* as git has it: before that, one is quoted */
        if (ARC_STARTS(line.text, "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----",
                       "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"))
            end = line.text;

    for (const char *at = message; at < end; at++)
        if (*at != '\r' || at[1] != '\n') /* line ends as in cut_body() */
            arc_buf_putc(out, *at);

    return arc_buf_check(out, "the tag's message", err);
}
