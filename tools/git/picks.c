#include "git/picks.h"
#include "base/json.h"
#include "base/text.h"
#include "git/message.h"

void arc_picks_free(struct arc_picks *picks)
{
    json_decref(picks->there);
    json_decref(picks->taken);
    json_decref(picks->met);
    *picks = (struct arc_picks){0};
}

/* Prints a commit's mark: the parts that a cherry-pick keeps. */
static void print_mark(const struct arc_git_commit *commit, struct arc_buf *out)
{
    arc_buf_printf(out, "%lld ", (long long)commit->written);
    arc_text_visible(out, commit->author, strlen(commit->author));
    arc_buf_putc(out, '\n');
    arc_text_visible(out, commit->subject, strlen(commit->subject));
}

/* Records a commit of the other branch, called with the newest first. A revert that is itself
 * reverted does not count. */
static int note_there(void *context, const struct arc_git_commit *commit)
{
    struct arc_picks *picks = context;
    ARC_AUTO(arc_buf) struct arc_buf mark = {0};
    char pull[24], name[ARC_MESSAGE_DIGITS + 1];

    snprintf(name, sizeof name, "%.*s", ARC_MESSAGE_DIGITS, commit->oid.hex);
    snprintf(pull, sizeof pull, "#%lld", (long long)arc_message_squashed(commit->subject, NULL));
    json_t *by = json_object_get(picks->taken, name);
    by = arc_or(by, json_object_get(picks->taken, pull));
    print_mark(commit, &mark);
    ARC_AUTO_JSON json_t *own = arc_json_buf(&mark);
    ARC_TRY_ALLOC(own, picks->err);

    struct arc_message_undone undone = {0};
    const char *at = by ? NULL : arc_message_takes_back(commit->subject, commit->body);
    while (at && (at = arc_message_next_undone(at, &undone)) && !undone.title) {
        ARC_AUTO(arc_buf) struct arc_buf key = {0};
        if (undone.hash)
            arc_buf_add(&key, undone.hash, ARC_MESSAGE_DIGITS);
        else
            arc_buf_printf(&key, "#%lld", (long long)undone.pull);
        ARC_TRY(arc_buf_check(&key, "what a commit takes back", picks->err));
        ARC_TRY(arc_json_set(picks->taken, arc_buf_text(&key), json_incref(own), picks->err));
    }

    if (json_object_get(picks->there, arc_buf_text(&mark))) /* it was picked again later */
        return ARC_OK;

    by = by ? json_incref(by) : json_true();
    return arc_json_set(picks->there, arc_buf_text(&mark), by, picks->err);
}

int arc_picks_list(const struct arc_git *git, const struct arc_oid *there,
                   const struct arc_oid *here, struct arc_picks *out, struct arc_error *err)
{
    struct arc_git_log_range range = {.from = here, .to = there};

    *out = (struct arc_picks){json_object(), json_object(), json_object(), err};
    ARC_TRY_ALLOC(out->there && out->taken && out->met, err);

    return arc_git_log(git, &range, note_there, out, NULL, err);
}

int arc_picks_find(struct arc_picks *picks, const struct arc_git_commit *commit, bool *is_there,
                   struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf mark = {0};

    *is_there = false;
    if (!json_object_size(picks->there))
        return ARC_OK;

    print_mark(commit, &mark);
    const json_t *there = json_object_get(picks->there, arc_buf_text(&mark));
    const char *by = json_string_value(there);
    if (!there)
        return arc_buf_check(&mark, "the mark of a commit", err);
    *is_there = !by || json_object_get(picks->met, by);

    return arc_json_set(picks->met, arc_buf_text(&mark), json_true(), err);
}
