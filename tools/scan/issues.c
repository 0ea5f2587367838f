/* One issue for a service's image and one for its files: found by a hidden marker, updated in
 * place, closed, reopened. */
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "github/github.h"
#include "scan/judged.h"
#include "scan/publish.h"

/* ---- what an issue says about one service ---------------------------------------------------- */

/* Limit of the rows; GitHub accepts 65,536 characters in total. */
#define BODY_MAX 65000
/* Limits of ids in a title, and of bytes of an id: GitHub accepts 256 characters. */
#define TITLE_IDS 3
#define ID_MAX    40

static bool counts_for(const struct scan_judged *judged, const struct finding *finding,
                       const char *service)
{
    return (enum arc_severity)finding->severity >= judged->options->policy.fail_on &&
           finding->service == service; /* the pool's */
}

/* The ids of the worst findings, without duplicates, since people search for them. They are
 * untrusted text. */
static void add_ids(const struct scan_judged *judged, const char *service, struct arc_buf *out)
{
    const char *seen[TITLE_IDS];
    size_t count = 0, k;

    arc_each (finding, judged->findings.list, judged->total) {
        const char *id = finding->id;
        if (!counts_for(judged, finding, service))
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

/* A service's files and its image have an issue each, since neither scan sees what the other found.
 * NULL when out of memory. */
static json_t *issue_json(const struct scan_judged *judged, const struct scan_target *target)
{
    const char *service = target->service;
    bool folder = findings_is_folder(target);
    const char *severity = arc_severity_name(judged->options->policy.fail_on);
    size_t count = 0;
    ARC_AUTO(arc_buf) struct arc_buf marker = {0}, title = {0}, body = {0};
    ARC_AUTO_FREE char *encoded = arc_url_encode(service);

    for (size_t i = 0; i < judged->total; i++)
        count += counts_for(judged, &judged->findings.list[i], service);

    arc_buf_printf(&marker, "<!-- arc-ci:scan:%s%s -->", folder ? "fs/" : "", arc_or(encoded, ""));
    arc_buf_printf(&title, "Security: %s%s has ", folder && *service ? "the source of " : "",
                   arc_text_or(service, "this repository"));
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
    arc_each (finding, judged->findings.list, judged->total) {
        size_t before = body.len;
        if (!counts_for(judged, finding, service))
            continue;
        scan_add_row(&body, judged, finding, false);
        if (body.len > BODY_MAX) {
            body.data[body.len = before] = '\0';
            break;
        }
        shown++;
    }
    if (shown < count)
        arc_buf_printf(&body, "\n… and %zu more; the scan's report lists all of them.\n",
                       count - shown);
    arc_buf_puts(&body, "\nEvery scan updates this issue, closes it when nothing is found, and "
                        "reopens it when something is found. If you close it as not planned, it "
                        "stays closed.\n");
    json_t *issue = json_pack("{s:s, s:I, s:s, s:s, s:s}", "service", service, "count",
                              (json_int_t)count, "marker", arc_buf_text(&marker), "title",
                              arc_buf_text(&title), "body", arc_buf_text(&body));
    if (!encoded || marker.failed || title.failed || body.failed || !issue) {
        json_decref(issue);
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
        if (findings->targets[t].first != t) /* one per service */
            continue;
        json_t *issue = issue_json(judged, &findings->targets[t]);
        ARC_TRY(arc_json_append(issues, issue, err));
    }
    *out = arc_steal(&issues);

    return ARC_OK;
}

/* ---- filing it ------------------------------------------------------------------------------- */

#define LABEL       "arc-ci-scan"
#define LABEL_COLOR "b60205"
#define PAGES_MAX   100 /* a listing ends at 10,000 */
#define TRIES       3   /* in case an answer was lost */

struct filing {
    const struct arc_scan_publish *options;
    struct arc_transport *transport;
    const json_t *wanted; /* {service, count, marker, title, body} */
    json_t *found;        /* owned: the issues with the marker, array */
    json_t *issue;        /* owned: the one of them with the lowest number; NULL: none */
    bool trusted;         /* the list is by our label, which strangers cannot set */
    const char *action;
};

static void filing_free(struct filing *filing)
{
    json_decref(filing->issue);
    json_decref(filing->found);
}

static int consider_issue(void *context, json_t *issue, struct arc_error *err)
{
    struct filing *filing = context;
    const char *marker = arc_json_text_of(filing->wanted, "marker");

    /* Anyone can put our marker into their own issue. */
    if (json_object_get(issue, "pull_request") ||
        (!filing->trusted && !arc_github_is_insider(issue)) ||
        !strstr(arc_json_text_of(issue, "body"), marker))
        return ARC_OK;

    json_int_t number = arc_json_number_of(issue, "number");
    arc_json_each (other, filing->found)
        if (arc_json_number_of(other, "number") == number) /* pages moved while reading */
            return ARC_OK;

    if (!filing->issue || number < arc_json_number_of(filing->issue, "number")) {
        json_decref(filing->issue);
        filing->issue = json_incref(issue);
    }

    return arc_json_append(filing->found, json_incref(issue), err);
}

static int list_issues(struct filing *filing, const char *filter, struct arc_error *err)
{
    filing->trusted = *filter != '\0';
    return arc_transport_each(
        filing->transport, NULL, "find the service's issue", PAGES_MAX, consider_issue, filing, err,
        "/repos/%s/issues?state=all%s&per_page=100", filing->options->repository, filter);
}

/* Lists by our label first; if that would create an issue, searches all issues as far as they are
 * listed, since somebody may have removed the label. */
static int find_issue(struct filing *filing, bool thorough, struct arc_error *err)
{
    json_decref(filing->issue);
    filing->issue = NULL;
    json_array_clear(filing->found);
    int rc = list_issues(filing, "&labels=" LABEL, err);
    if (rc || filing->issue || !thorough)
        return rc;

    return arc_error_except(ARC_ELIMIT, list_issues(filing, "", err), err);
}

static int ensure_label(const struct filing *filing, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    int rc =
        arc_transport_send(filing->transport, ARC_GET("see whether the label is there"), &reply,
                           err, "/repos/%s/labels/" LABEL, filing->options->repository);

    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
    if (!rc)
        return ARC_OK;

    ARC_AUTO_JSON json_t *body =
        json_pack("{s:s, s:s, s:s}", "name", LABEL, "color", LABEL_COLOR, "description",
                  "Findings of the security scan; kept up to date by arc-ci");
    struct arc_request create = ARC_POST(body, "create the label of the scan's issues");
    create.repeatable = true;
    rc = arc_transport_send(filing->transport, create, &reply, err, "/repos/%s/labels",
                            filing->options->repository);
    bool there = rc && reply.status == 422 &&
                 arc_json_find(json_object_get(reply.body, "errors"), "code", "already_exists");

    return there ? arc_error_except(rc, rc, err) : rc;
}

/* After a lost answer the issue may exist: looks for it before trying again. */
static int create_issue(struct filing *filing, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *body =
        json_pack("{s:s, s:s, s:[s]}", "title", arc_json_text_of(filing->wanted, "title"), "body",
                  arc_json_text_of(filing->wanted, "body"), "labels", LABEL);
    int rc = ensure_label(filing, err);

    filing->action = "created";

    for (int i = 0; !rc && !filing->issue; i++) {
        ARC_AUTO(arc_reply) struct arc_reply reply = {0};
        rc = arc_transport_send(filing->transport, ARC_POST(body, "file the service's findings"),
                                &reply, err, "/repos/%s/issues", filing->options->repository);
        if (!rc)
            filing->issue = json_incref(reply.body);
        if (!rc || !reply.doubtful || i == TRIES)
            break;
        arc_error_clear(err);
        rc = find_issue(filing, true, err);
    }

    if (rc || filing->transport->describes)
        return rc;

    /* If two jobs created an issue at once, both keep the lower number. */
    ARC_AUTO_JSON json_t *own = arc_steal(&filing->issue);
    rc = find_issue(filing, false, err);
    if (!rc && !filing->issue) /* the list lags behind */
        filing->issue = json_incref(own);

    return rc;
}

static int patch_issue(const struct filing *filing, json_int_t number, const json_t *fields,
                       const char *why, struct arc_reply *reply, struct arc_error *err)
{
    return arc_transport_send(filing->transport, ARC_PATCH(fields, why), reply, err,
                              "/repos/%s/issues/%lld", filing->options->repository,
                              (long long)number);
}

static int update_issue(struct filing *filing, struct arc_error *err)
{
    static const char *const texts[] = {"title", "body"};
    const json_t *issue = filing->issue, *labels = json_object_get(issue, "labels");
    bool open = arc_json_number_of(filing->wanted, "count") > 0;
    bool was_open = !arc_json_says(issue, "state", "closed");
    bool labelled = arc_json_find(labels, "name", LABEL);
    ARC_AUTO_JSON json_t *fields = json_object(); /* only what changed */
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    filing->action = "unchanged";

    if (!was_open && arc_json_says(issue, "state_reason", "not_planned")) {
        filing->action = "left closed";
        return ARC_OK;
    }

    if (!was_open && !open) /* keeps its last text */
        return ARC_OK;

    for (size_t i = 0; i < 2; i++) {
        const char *text = arc_json_text_of(filing->wanted, texts[i]);
        if (!arc_markdown_same(arc_json_text_of(issue, texts[i]), text))
            arc_json_put(&fields, texts[i], json_string(text));
    }

    if (was_open != open)
        arc_json_put(&fields, "state", json_string(open ? "open" : "closed"));
    if (was_open && !open)
        arc_json_put(&fields, "state_reason", json_string("completed"));

    if (!labelled) {
        json_t *names = json_pack("[s]", LABEL); /* ours, and complete */
        arc_json_each (label, labels)
            arc_json_push(&names, json_incref(json_object_get(label, "name")));
        arc_json_put(&fields, "labels", names);
    }

    ARC_TRY_ALLOC(fields, err);
    if (json_object_size(fields) == 0)
        return ARC_OK;
    if (!labelled)
        ARC_TRY(ensure_label(filing, err));
    filing->action = open ? "reopened" : "closed";
    if (was_open == open)
        filing->action = "updated";

    return patch_issue(filing, arc_json_number_of(issue, "number"), fields,
                       "bring the service's issue up to date", &reply, err);
}

static int file_one(struct filing *filing, struct arc_error *err)
{
    bool wanted = arc_json_number_of(filing->wanted, "count") > 0;
    ARC_AUTO_JSON json_t *closed =
        json_pack("{s:s, s:s}", "state", "closed", "state_reason", "not_planned");

    ARC_TRY(find_issue(filing, wanted, err));
    if (filing->issue)
        ARC_TRY(update_issue(filing, err));
    else if (wanted)
        ARC_TRY(create_issue(filing, err));

    json_int_t kept = arc_json_number_of(filing->issue, "number");
    arc_json_each (issue, filing->found) {
        ARC_AUTO(arc_reply) struct arc_reply reply = {0};
        if (arc_json_number_of(issue, "number") == kept || arc_json_says(issue, "state", "closed"))
            continue;
        ARC_TRY(patch_issue(filing, arc_json_number_of(issue, "number"), closed,
                            "close a second issue of the service", &reply, err));
    }

    return ARC_OK;
}

int scan_file_issues(const struct arc_scan_publish *options, const json_t *wanted,
                     struct arc_transport *transport, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *rows = json_array();

    ARC_TRY_ALLOC(rows, err);

    arc_json_each (one, wanted) {
        const char *service = arc_json_text_of(one, "service");
        ARC_AUTO(filing)
        struct filing filing = {.options = options,
                                .transport = transport,
                                .wanted = one,
                                .found = json_array(),
                                .action = "none needed"};
        ARC_TRY_ALLOC(filing.found, err);
        ARC_TRY_PREFIX(file_one(&filing, err), err, "the issue%s%s", *service ? " of " : "",
                       service);

        const char *url = json_string_value(json_object_get(filing.issue, "html_url"));
        json_t *row = json_pack("{s:s, s:s}", "service", service, "action", filing.action);
        if (arc_json_number_of(filing.issue, "number"))
            arc_json_put(&row, "number", json_integer(arc_json_number_of(filing.issue, "number")));
        if (url)
            arc_json_put(&row, "url", json_string(url));
        ARC_TRY(arc_json_append(rows, row, err));
    }
    *out = arc_steal(&rows);

    return ARC_OK;
}
