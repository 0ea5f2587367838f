/* What an issue says about one service. */
#include "arcci/transport.h"
#include "base/auto.h"
#include "base/markdown.h"
#include "base/text.h"
#include "scan/judged.h"
#include <string.h>

/* GitHub takes 65,536 characters. */
#define BODY_MAX 60000
/* Most ids in a title, and most bytes of one: GitHub takes 256 characters. */
#define TITLE_IDS 3
#define ID_MAX    40

static bool counts_for(const struct scan_judged *judged, const struct finding *finding,
                       const char *service)
{
    return (enum arc_severity)finding->severity >= judged->options->policy.fail_on &&
           strcmp(finding->service, service) == 0;
}

/* The worst findings' ids, each once: people search for them. The text is a stranger's. */
static void add_ids(const struct scan_judged *judged, const char *service, struct arc_buf *out)
{
    const char *seen[TITLE_IDS];
    size_t count = 0, k;

    for (size_t i = 0; i < judged->total; i++) {
        const char *id = judged->findings.list[i].id;
        if (!counts_for(judged, &judged->findings.list[i], service))
            continue;
        for (k = 0; k < count && strcmp(seen[k], id) != 0; k++)
            ;
        if (k < count)
            continue;
        if (count == TITLE_IDS) {
            arc_buf_puts(out, ", …");
            return;
        }
        arc_buf_puts(out, count ? ", " : ": ");
        arc_text_visible(out, id, strnlen(id, ID_MAX));
        seen[count++] = id;
    }
}

static json_t *issue_json(const struct scan_judged *judged, const char *service,
                          struct arc_error *err)
{
    const char *severity = arc_severity_name(judged->options->policy.fail_on);
    size_t count = 0;
    ARC_AUTO(arc_buf) struct arc_buf marker = {0}, title = {0}, body = {0};
    ARC_AUTO_FREE char *encoded = arc_url_encode(service);

    for (size_t i = 0; i < judged->total; i++)
        count += counts_for(judged, &judged->findings.list[i], service);

    arc_buf_printf(&marker, "<!-- arc-ci:scan:%s -->", encoded ? encoded : "");
    arc_buf_printf(&title, "Security: %s has ", *service ? service : "this repository");
    if (count)
        arc_buf_printf(&title, "%zu finding%s of %s or above", count, arc_plural(count), severity);
    else
        arc_buf_printf(&title, "no findings of %s or above", severity);
    arc_buf_printf(&body, "%s\n", arc_buf_text(&marker));
    arc_markdown_text(&body, arc_buf_text(&title), title.len);
    arc_buf_puts(&body, ".\n\n");
    add_ids(judged, service, &title);

    if (count)
        arc_buf_puts(&body, "| Severity | Id | Package or place | Installed, or what it is | Fixed "
                            "| Platforms |\n|---|---|---|---|---|---|\n");
    size_t shown = 0;
    for (size_t i = 0; i < judged->total && body.len < BODY_MAX; i++) {
        if (!counts_for(judged, &judged->findings.list[i], service))
            continue;
        scan_add_row(&body, judged, &judged->findings.list[i], false);
        shown++;
    }
    if (shown < count)
        arc_buf_printf(&body, "\n… and %zu more; the scan's report has them all.\n", count - shown);
    arc_buf_puts(&body, "\nEvery scan updates this issue, closes it when nothing is found any more "
                        "and reopens it when something is. Closed as not planned, it stays "
                        "closed.\n");
    json_t *issue = json_pack("{s:s, s:I, s:s, s:s, s:s}", "service", service, "count",
                              (json_int_t)count, "marker", arc_buf_text(&marker), "title",
                              arc_buf_text(&title), "body", arc_buf_text(&body));
    if (!encoded || marker.failed || title.failed || body.failed || !issue) {
        json_decref(issue);
        arc_error_nomem(err);
        return NULL;
    }

    return issue;
}

int scan_issues(const struct scan_judged *judged, json_t **out, struct arc_error *err)
{
    const struct findings *findings = &judged->findings;
    ARC_AUTO_JSON json_t *issues = json_array();

    ARC_TRY_ALLOC(issues, err);

    for (size_t t = 0; judged->verdict <= ARC_VERDICT_FINDINGS && t < findings->target_count; t++) {
        if (findings->targets[t].first != t) /* one of each service */
            continue;
        json_t *issue = issue_json(judged, findings->targets[t].service, err);
        if (!issue || json_array_append_new(issues, issue) != 0)
            return arc_error_nomem(err);
    }
    *out = arc_steal(&issues);

    return ARC_OK;
}
