/* The comment: which services changed and why, what was built, how big it is, the gate. */
#include "base/auto.h"
#include "base/markdown.h"
#include "base/text.h"
#include "report/status.h"
#include <string.h>

static void add_text(struct arc_buf *out, const char *text)
{
    size_t len = strlen(text);
    arc_markdown_text(out, text, len < 300 ? len : 300);
}

static void add_code(struct arc_buf *out, const char *text)
{
    size_t len = strlen(text);
    arc_markdown_code(out, text, len < 300 ? len : 300);
}

void report_mark(struct arc_buf *out, const char *group)
{
    arc_buf_printf(out, "<!-- arc-ci: report %s -->", group);
}

static const char *icon(const char *state)
{
    if (strcmp(state, "success") == 0)
        return "✅";
    return strcmp(state, "pending") == 0 ? "⏳" : "❌";
}

static const json_t *status_of(const json_t *statuses, const char *group, const char *name)
{
    size_t i, len = strlen(group);
    json_t *status;
    json_array_foreach (statuses, i, status) {
        const char *context = report_text(status, "context");
        if (strncmp(context, group, len) == 0 && strncmp(context + len, " / ", 3) == 0 &&
            strcmp(context + len + 3, name) == 0)
            return status;
    }
    return NULL;
}

/* Why it was built: the first of its files and the rule that it met, or the plan's reason. */
static void add_why(struct arc_buf *out, const struct arc_report_facts *facts,
                    const json_t *service)
{
    const json_t *filter = json_object_get(json_object_get(facts->changes, "filters"),
                                           report_text(service, "service"));
    const json_t *file = json_array_get(json_object_get(filter, "files"), 0);
    json_int_t count = json_integer_value(json_object_get(filter, "count"));
    if (!file || !json_is_true(json_object_get(filter, "matched"))) {
        add_text(out, report_text(service, "reason"));
        return;
    }
    add_code(out, report_text(file, "path"));
    arc_buf_puts(out, " by ");
    add_code(out, report_text(file, "rule"));
    if (count > 1)
        arc_buf_printf(out, " and %lld more", (long long)count - 1);
}

static void add_image(struct arc_buf *out, const json_t *built)
{
    const char *digest = report_text(built, "digest");
    if (!*digest)
        return;
    arc_buf_puts(out, "`");
    for (size_t i = 0; digest[i] && i < 19; i++)
        arc_buf_putc(out,
                     strchr("abcdefghijklmnopqrstuvwxyz0123456789:", digest[i]) ? digest[i] : '?');
    arc_buf_puts(out, "`");
}

static void add_cell_sizes(struct arc_buf *out, const json_t *built, const json_t *base)
{
    size_t i, k;
    json_t *cell, *other;
    json_array_foreach (json_object_get(built, "cells"), i, cell) {
        const json_t *size = json_object_get(cell, "size");
        json_int_t before = -1;
        json_array_foreach (json_object_get(base, "cells"), k, other)
            if (json_equal(json_object_get(cell, "platform"), json_object_get(other, "platform")) &&
                json_is_integer(json_object_get(other, "size")))
                before = json_integer_value(json_object_get(other, "size"));
        arc_buf_puts(out, i ? "<br>" : "");
        add_text(out, report_text(cell, "platform"));
        if (json_is_integer(size)) {
            arc_buf_puts(out, " ");
            arc_text_size(out, json_integer_value(size), before);
        }
    }
}

static void add_service(struct arc_buf *out, const struct arc_report_facts *facts,
                        const json_t *statuses, const json_t *service)
{
    const char *name = report_text(service, "service");
    const json_t *status = status_of(statuses, report_text(facts->plan, "group"), name);
    const json_t *built = report_built(facts->build, name);
    arc_buf_printf(out, "| %s ", icon(report_text(status, "state")));
    add_text(out, name);
    arc_buf_puts(out, " | ");
    add_why(out, facts, service);
    arc_buf_puts(out, " | ");
    add_image(out, built);
    arc_buf_puts(out, " | ");
    add_cell_sizes(out, built, report_built(facts->base, name));
    if (!built)
        add_text(out, report_text(status, "description"));
    arc_buf_puts(out, " |\n");
}

static void add_gate(struct arc_buf *out, const struct arc_report_facts *facts,
                     const json_t *statuses)
{
    const json_t *gate = status_of(statuses, report_text(facts->plan, "group"), "gate");
    const json_t *counts = json_object_get(facts->scan, "counts");
    const char *level;
    json_t *count;
    bool first = true;
    if (!gate)
        return;
    arc_buf_printf(out, "\n%s **Gate**: ", icon(report_text(gate, "state")));
    add_text(out, report_text(gate, "description"));
    json_object_foreach ((json_t *)counts, level, count) {
        arc_buf_puts(out, first ? " (" : ", ");
        arc_buf_printf(out, "%lld ", (long long)json_integer_value(count));
        add_text(out, level);
        first = false;
    }
    arc_buf_puts(out, first ? "\n" : ")\n");
}

static void add_foot(struct arc_buf *out, const struct arc_report_facts *facts)
{
    const char *revision = report_text(facts->plan, "revision");
    arc_buf_puts(out, "\n<sub>");
    if (*revision)
        arc_buf_printf(out, "For %.12s. ", revision);
    if (facts->run_url) {
        arc_buf_puts(out, "[The run](");
        arc_markdown_url(out, facts->run_url, strlen(facts->run_url));
        arc_buf_puts(out, "). ");
    }
    arc_buf_puts(out, "By arc-ci; this comment is kept up to date.</sub>\n");
}

int report_body(const struct arc_report_facts *facts, const json_t *statuses, struct arc_buf *out,
                struct arc_error *err)
{
    size_t i, shown = 0;
    json_t *service;
    const json_t *services = json_object_get(facts->plan, "services");
    report_mark(out, report_text(facts->plan, "group"));
    arc_buf_puts(out, "\n### ");
    add_text(out, *report_text(facts->plan, "title") ? report_text(facts->plan, "title")
                                                     : report_text(facts->plan, "group"));
    arc_buf_puts(out, "\n\n| Service | Why | Image | Size |\n|---|---|---|---|\n");
    json_array_foreach (services, i, service) {
        if (out->len > ARC_COMMENT_MAX - 8192)
            break;
        add_service(out, facts, statuses, service);
        shown++;
    }
    if (shown < json_array_size(services))
        arc_buf_printf(out, "\nAnd %zu more services.\n", json_array_size(services) - shown);
    add_gate(out, facts, statuses);
    add_foot(out, facts);
    return arc_buf_check(out, "the comment", err);
}
