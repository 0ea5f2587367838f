/* Explains what was compared and why. */
#include "base/text.h"
#include "base/warn.h"
#include "changes/list.h"
#include "dockerfile/inputs.h"

/* Appends a formatted text that stays on its line. */
__attribute__((format(printf, 2, 3))) static void add(struct arc_buf *out, const char *format, ...)
{
    ARC_AUTO_FREE char *text = NULL;
    ARC_WITH_ARGS(format, text = arc_warn_text(format, args));
    arc_buf_puts(out, arc_or(text, ""));
    out->failed = text ? out->failed : ARC_ENOMEM;
}

static void add_state(struct arc_buf *out, const char *what, const char *commit, const char *why)
{
    arc_buf_printf(out, "%-6s %-13.12s%s\n", what, arc_text_or(commit, "-"), why);
}

/* Why a file counts: a rule, or a line of the image's Dockerfile. */
static void add_rule(struct arc_buf *out, const struct arc_filters *filters, size_t rule,
                     const struct arc_changed_file *file)
{
    const struct arc_rule *the = &filters->rules[rule];
    const struct arc_input *input =
        the->inputs ? arc_inputs_find(the->inputs, file->path, file->len) : NULL;

    if (input) {
        add(out, "%s", input->what);
        if (input->line)
            add(out, "  (%s:%u)", arc_or(input->file, "dockerfile_inline"), input->line);
        return;
    }

    for (size_t i = 0; i < the->pattern_count; i++)
        add(out, "%s%s", i ? " " : "", the->patterns[i]);
    if (the->line)
        add(out, "  (%s:%u)", filters->items[the->filter].source, the->line);
}

static void add_filter(struct arc_buf *out, const struct arc_changes *changes, size_t index)
{
    const struct arc_filter *filter = &changes->filters->items[index];
    const struct arc_filter_result *result = &changes->results[index];

    arc_buf_putc(out, '\n');
    add(out, "%s", filter->name);

    if (result->count)
        arc_buf_printf(out, ": true, %zu file%s", result->count, arc_plural(result->count));
    else
        arc_buf_puts(out, result->matched ? ": true" : ": false, no path that differs matches");

    if (result->reason)
        arc_buf_printf(out, " (%s)", result->reason);
    arc_buf_putc(out, '\n');

    for (size_t i = filter->first; i < filter->first + filter->count; i++) {
        const struct arc_rule *rule = &changes->filters->rules[i];
        const struct arc_inputs_facts *facts = rule->inputs ? arc_inputs_facts(rule->inputs) : NULL;
        if (!facts || !facts->doubt)
            continue;
        add(out, "  whole context: %s", facts->doubt);
        if (facts->doubt_line)
            arc_buf_printf(out, "  (line %u)", facts->doubt_line);
        arc_buf_putc(out, '\n');
    }

    for (size_t i = 0; result->hits && i < result->count; i++) {
        const struct arc_changed_file *file = &changes->files[result->hits[i].file];
        add(out, "  %-12s %s", arc_list_status(file), file->path);
        if (file->previous)
            add(out, "  was %s", file->previous);
        arc_buf_puts(out, "  by ");
        if (filter->count)
            add_rule(out, changes->filters, result->hits[i].rule, file);
        else
            arc_buf_puts(out, "having no rule");
        arc_buf_putc(out, '\n');
    }
}

int arc_changes_explain(const struct arc_changes *changes, struct arc_buf *out,
                        struct arc_error *err)
{
    add(out, "event  %s", changes->event);
    arc_buf_putc(out, '\n');
    add_state(out, "base", changes->base, changes->base_reason);
    add_state(out, "head", changes->head, changes->head_reason);
    for (size_t i = 0; i < changes->filters->count; i++)
        add_filter(out, changes, i);
    return arc_buf_check(out, "the explanation", err);
}
