#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "notes/values.h"

ARC_TEXT(notes_default);

const char *arc_notes_template(void)
{
    return arc_embedded_notes_default;
}

/* Renders the notes with only the first `shown` commits. */
static int render_notes(const struct arc_template *template, const json_t *values, size_t shown,
                        struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *part = arc_json_copy(values);
    const json_t *all = json_object_get(values, "commits");
    json_t *commits = json_array(), *left = json_null();
    size_t hidden = json_array_size(all) - shown;
    bool cut = arc_json_true_of(values, "commits-cut");

    for (size_t i = 0; i < shown; i++)
        arc_json_push(&commits, json_incref(json_array_get(all, i)));
    if (hidden)
        left = json_sprintf(cut ? "more than %zu" : "%zu", hidden);
    else if (cut)
        left = json_string("more");
    arc_json_put(&part, "sections",
                 arc_notes_sections(commits, arc_json_true_of(values, "sorted")));
    arc_json_put(&part, "commits", commits);
    arc_json_put(&part, "commits-left", left);
    ARC_TRY_ALLOC(part, err);

    arc_buf_reset(out);

    return arc_template_render(template, part, out, err);
}

/* Finds the most commits with which the notes fit; the length grows with every commit. */
static int fit_commits(const struct arc_template *template, const json_t *values, size_t max,
                       size_t *shown, struct arc_buf *out, struct arc_error *err)
{
    size_t most = json_array_size(json_object_get(values, "commits"));
    size_t low = 0, high = most;
    *shown = most;
    ARC_TRY(render_notes(template, values, most, out, err));
    if (arc_text_utf16(out->data, out->len) <= max)
        return ARC_OK;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        ARC_TRY(render_notes(template, values, middle, out, err));
        if (arc_text_utf16(out->data, out->len) <= max)
            low = middle + 1;
        else
            high = middle;
    }
    *shown = low ? low - 1 : 0;
    ARC_TRY(render_notes(template, values, *shown, out, err));
    if (arc_text_utf16(out->data, out->len) <= max)
        return ARC_OK;

    return arc_error_set(err, ARC_ELIMIT,
                         "the release notes have %zu characters without any commit; a release "
                         "holds %zu: shorten the version's own text, or the template (%s)",
                         arc_text_utf16(out->data, out->len), max, template->name);
}

/* Leaves out the next chapter or column whose content is also elsewhere: digests are in the table
 * and in build.json, too, and `arc-ci verify` prints the commands that check a signature. False when
 * none is left. */
static bool drop_chapter(json_t *values)
{
    static const char *const chapters[] = {"verify",  "make",      "base-images", "pinned",
                                           "digests", "sizes",     "platforms",   "also",
                                           "run",     "reference", "attestation", "signature"};
    json_t *has = json_object_get(values, "has");
    for (size_t i = 0; i < ARC_COUNT(chapters); i++)
        if (arc_json_true_of(has, chapters[i]))
            return json_object_set_new(has, chapters[i], json_false()) == 0;
    return false;
}

/* Leaves half of the tag's message out, which git has whole, but not less than `least` characters of
 * it. *room: how many it has. False when it is that short. */
static bool halve_message(const struct arc_notes_options *options, size_t least, json_t *values,
                          size_t *room)
{
    if (*room / 2 < least)
        return false;
    *room /= 2;
    return json_object_set_new(values, "tag-message",
                               notes_message(options->log, options->plan, *room)) == 0;
}

int arc_notes(const struct arc_notes_options *options, json_t **out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO(arc_template) struct arc_template template = {0};
    ARC_AUTO(arc_buf) struct arc_buf body = {0};
    ARC_AUTO_JSON json_t *values = NULL;
    const char *name = "the built-in template", *text = arc_notes_template();
    size_t len = strlen(text), shown = 0;

    if (options->template_text) {
        name = options->template_name;
        text = options->template_text;
        len = options->template_len;
    }

    ARC_TRY(arc_template_parse(name, text, len, false, &template, err));
    ARC_TRY(arc_notes_values(options, &values, err));

    size_t max = arc_or(options->max, ARC_NOTES_MAX);
    size_t room = options->log && options->log->message ? strlen(options->log->message) : 0;
    int rc;
    do {
        arc_error_clear(err);
        rc = fit_commits(&template, values, max, &shown, &body, err);
    } while (rc == ARC_ELIMIT &&
             (halve_message(options, max / 4, values, &room) || drop_chapter(values) ||
              halve_message(options, 100, values, &room)));
    ARC_TRY(rc);

    json_t *own = json_null();
    if (options->own_file)
        own =
            json_pack("{s:s, s:b}", "file", options->own_file, "found", options->own_text != NULL);

    /* clang-format off */
    *out = json_pack("{s:s, s:i, s:s, s:s, s:o, s:s, s:b, s:b, s:s?, s:I, s:o, s:{s:O, s:I, s:b, s:O, s:s?}}",
                     "document", "notes", "format", ARC_DOCUMENT_FORMAT,
                     "group", plan->group,
                     "tag", plan->tag,
                     "title", json_sprintf("%s %s", plan->title, plan->version->version),
                     "body", arc_buf_text(&body),
                     "prerelease", plan->version->prerelease,
                     "latest", plan->version->latest,
                     "previous-tag", plan->version->previous_tag,
                     "characters", (json_int_t)arc_text_utf16(body.data, body.len),
                     "own-text", own,
                     "commits",
                       "total", json_object_get(values, "commit-count"),
                       "shown", (json_int_t)shown,
                       "complete", !arc_json_true_of(values, "commits-cut"),
                       "unknown", json_object_get(values, "changes-unknown"),
                       "pulls-unknown", options->log ? options->log->pulls_unknown : NULL);
    /* clang-format on */
    return arc_error_unless(*out, err);
}
