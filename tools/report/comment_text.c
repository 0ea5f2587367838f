/* The comment: which services changed and why, what was built, how big it is, the gate. */
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "report/status.h"

static void add_text(struct arc_buf *out, const char *text)
{
    arc_markdown_text(out, text, arc_text_cut(text, strlen(text), 300));
}

static void add_code(struct arc_buf *out, const char *text)
{
    arc_markdown_code(out, text, arc_text_cut(text, strlen(text), 300));
}

void report_mark(struct arc_buf *out, const char *group)
{
    arc_buf_puts(out, "<!-- arc-ci: report ");
    /* a group's letters, whatever another job's document says */
    arc_text_encode_except(out, group, "._-/");
    arc_buf_puts(out, " -->");
}

static const char *icon(const char *state)
{
    if (strcmp(state, "success") == 0)
        return "✅";
    return strcmp(state, "pending") == 0 ? "⏳" : "❌";
}

/* Adds why it was built: its first file with the matching rule, or the plan's reason. */
static void add_why(struct arc_buf *out, const struct arc_report_facts *facts,
                    const struct arc_planned_service *service)
{
    const struct arc_changed_filter *filter = arc_changed_filter(facts->changes, service->service);
    if (!filter || !filter->path || !filter->matched) {
        add_text(out, service->reason);
        return;
    }

    add_code(out, filter->path);
    arc_buf_puts(out, " by ");
    add_code(out, filter->rule);
    if (filter->count > 1)
        arc_buf_printf(out, " and %lld more", (long long)filter->count - 1);
}

static void add_service(struct arc_buf *out, const struct arc_report_facts *facts,
                        const json_t *status, const struct arc_planned_service *service)
{
    const char *name = service->service;
    const struct arc_built_service *built = arc_ledger_service(facts->build, name);
    const struct arc_built_service *base = arc_ledger_service(facts->base, name);

    arc_buf_printf(out, "| %s ", icon(arc_json_text_of(status, "state")));
    add_text(out, name);
    arc_buf_puts(out, " | ");
    add_why(out, facts, service);
    arc_buf_puts(out, " | ");
    if (built && built->digest)
        arc_buf_printf(out, "`%.19s`", built->digest);
    arc_buf_puts(out, " | ");
    if (!built)
        add_text(out, arc_json_text_of(status, "description"));

    for (size_t i = 0; built && i < built->cell_count; i++) {
        const struct arc_built_cell *cell = &built->cells[i];
        const struct arc_built_cell *before = arc_built_on(base, cell->platform);
        arc_buf_puts(out, i ? "<br>" : "");
        add_text(out, cell->platform);
        if (cell->size < 0)
            continue;
        arc_buf_puts(out, " ");
        arc_text_size(out, cell->size, before ? before->size : -1);
    }

    arc_buf_puts(out, " |\n");
}

/* Adds the services that failed, or the others, while there is room; returns how many. */
static size_t add_services(struct arc_buf *out, const struct arc_report_facts *facts,
                           const json_t *statuses, bool failed)
{
    const struct arc_plan *plan = facts->plan;
    size_t added = 0;

    arc_each (service, plan->services, plan->service_count) {
        const json_t *status = json_array_get(statuses, (size_t)(service - plan->services));
        const char *state = arc_json_text_of(status, "state");
        bool fine = strcmp(state, "success") == 0 || strcmp(state, "pending") == 0;
        if (fine == failed || out->len > ARC_COMMENT_MAX - 8192)
            continue;
        add_service(out, facts, status, service);
        added++;
    }

    return added;
}

int report_body(const struct arc_report_facts *facts, const json_t *statuses, struct arc_buf *out,
                struct arc_error *err)
{
    const struct arc_plan *plan = facts->plan;

    report_mark(out, plan->group);
    arc_buf_puts(out, "\n### ");
    add_text(out, arc_text_or(plan->title, plan->group));
    arc_buf_puts(out, "\n\n| Service | Why | Image | Size |\n|---|---|---|---|\n");
    size_t shown = add_services(out, facts, statuses, true);
    shown += add_services(out, facts, statuses, false);
    if (shown < plan->service_count)
        arc_buf_printf(out, "\nAnd %zu more service%s.\n", plan->service_count - shown,
                       arc_plural(plan->service_count - shown));

    /* Their order is fixed: the services', that of all images, the gate's. */
    const json_t *gate = json_array_get(statuses, plan->service_count + 1);
    if (gate) {
        json_t *counts = facts->scan ? facts->scan->counts : NULL;
        const char *separator = " (";
        arc_buf_printf(out, "\n%s **Gate**: ", icon(arc_json_text_of(gate, "state")));
        add_text(out, arc_json_text_of(gate, "description"));
        arc_json_each_pair (level, count, counts) {
            arc_buf_printf(out, "%s%lld ", separator, (long long)json_integer_value(count));
            add_text(out, level);
            separator = ", ";
        }
        arc_buf_puts(out, *separator == ',' ? ")\n" : "\n");
    }

    arc_buf_printf(out, "\n<sub>For %.12s. ", plan->revision);
    if (facts->run_url) {
        arc_buf_puts(out, "[The run](");
        arc_markdown_url(out, facts->run_url, strlen(facts->run_url));
        arc_buf_puts(out, "). ");
    }
    arc_buf_puts(out, "By arc-ci; this comment is kept up to date.</sub>\n");

    return arc_buf_check(out, "the comment", err);
}
