#include "project/needs.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/file.h"
#include "project/documents.h"
#include <string.h>

#define NEEDS_MAX ((size_t)64 << 20)

void arc_needs_free(struct arc_needs *needs)
{
    json_decref(needs->version);
    json_decref(needs->plan);
    json_decref(needs->changes);
    json_decref(needs->build);
    json_decref(needs->scan);
    json_decref(needs->notes);
    json_decref(needs->jobs);
    *needs = (struct arc_needs){0};
}

/* ---- files ---------------------------------------------------------------------------------- */

/* A document of a kind that has a struct is read whole: what holds here holds everywhere. */
static int check_document(const json_t *json, const char *kind, struct arc_error *err)
{
    if (strcmp(kind, "plan") == 0)
        return arc_plan_check(json, err);
    if (strcmp(kind, "build") == 0) {
        struct arc_ledger ledger;
        ARC_TRY(arc_ledger_read(json, &ledger, err));
        arc_ledger_free(&ledger);
        return ARC_OK;
    }
    if (strcmp(kind, "version") == 0) {
        struct arc_version_info version;
        ARC_TRY(arc_version_read(json, &version, err));
        arc_version_info_free(&version);
        return ARC_OK;
    }
    return arc_document_check(json, kind, err);
}

static int read_document(const char *path, const char *option, json_t **out, struct arc_error *err)
{
    int rc = path ? arc_document_read(path, out, err) : ARC_OK;
    if (!rc && path)
        rc = check_document(*out, option, err);
    return rc ? arc_error_prefix(err, "--%s", option) : ARC_OK;
}

/* notes.json or markdown: told apart by parsing. */
static int read_notes(const char *path, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    int rc = strcmp(path, "-") == 0 ? arc_file_read_stdin(NEEDS_MAX, &text, err)
                                    : arc_file_read_given(path, NEEDS_MAX, &text, err);
    if (rc)
        return arc_error_prefix(err, "--notes");
    ARC_AUTO_JSON json_t *value = json_loadb(arc_buf_text(&text), text.len, 0, NULL);
    if (json_is_object(value)) {
        *out = arc_steal(&value);
        return arc_document_check(*out, "notes", err) ? arc_error_prefix(err, "--notes") : ARC_OK;
    }
    if (memchr(arc_buf_text(&text), '\0', text.len) ||
        !arc_utf8_valid(arc_buf_text(&text), text.len))
        return arc_error_set(err, ARC_EINPUT, "--notes: %s is not UTF-8 text", path);
    *out = json_pack("{s:s%}", "body", arc_buf_text(&text), text.len);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* ---- needs ---------------------------------------------------------------------------------- */

/* Where a document belongs; NULL if the stages read none of its kind. */
static json_t **slot(struct arc_needs *out, const char *kind)
{
    struct {
        const char *kind;
        json_t **place;
    } const places[] = {{"version", &out->version}, {"plan", &out->plan},
                        {"changes", &out->changes}, {"build", &out->build},
                        {"scan", &out->scan},       {"notes", &out->notes}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].kind, kind) == 0)
            return places[i].place;
    return NULL;
}

static const json_t *service_of(const json_t *build, const char *name)
{
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(build, "services"), i, service) {
        const char *found = json_string_value(json_object_get(service, "service"));
        if (found && strcmp(found, name) == 0)
            return service;
    }
    return NULL;
}

/* Adds the services of one job's build.json to those of the others. */
static int merge_build(json_t *into, const json_t *from, const char *job, struct arc_error *err)
{
    size_t i;
    json_t *service;
    if (!json_equal(json_object_get(into, "revision"), json_object_get(from, "revision")))
        return arc_error_set(err, ARC_EINPUT,
                             "--needs: job %s built another revision than the "
                             "others",
                             job);
    json_array_foreach (json_object_get(from, "services"), i, service) {
        const char *name = json_string_value(json_object_get(service, "service"));
        const json_t *known = service_of(into, name ? name : "");
        if (known && !json_equal(known, service))
            return arc_error_set(err, ARC_EINPUT,
                                 "--needs: two jobs built service %s with "
                                 "different results",
                                 name);
        if (!known && json_array_append(json_object_get(into, "services"), service))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

static int take_output(struct arc_needs *out, const char *job, const char *text,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = NEEDS_MAX};
    if (arc_document_unpack(text, strlen(text), &plain, NULL) || *arc_buf_text(&plain) != '{')
        return ARC_OK;
    ARC_AUTO_JSON json_t *document =
        json_loadb(arc_buf_text(&plain), plain.len, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(document, "document"));
    json_t **place = kind ? slot(out, kind) : NULL;
    if (!place)
        return ARC_OK;
    if (check_document(document, kind, err))
        return arc_error_prefix(err, "--needs: job %s", job);

    if (!*place) {
        *place = arc_steal(&document);
        return ARC_OK;
    }
    if (place == &out->build)
        return merge_build(out->build, document, job, err);
    if (json_equal(*place, document))
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "--needs: job %s has an output that contradicts another job's document",
                         job);
}

static int take_jobs(struct arc_needs *out, const json_t *needs, struct arc_error *err)
{
    const char *job, *name;
    json_t *entry, *value;
    json_object_foreach ((json_t *)needs, job, entry) {
        json_t *result = json_object_get(entry, "result");
        if (!json_is_string(result))
            return arc_error_set(err, ARC_EINPUT,
                                 "--needs: '%.100s' is not a job with a result; pass "
                                 "toJSON(needs)",
                                 job);
        if (json_object_set(out->jobs, job, result))
            return arc_error_nomem(err);
        json_object_foreach (json_object_get(entry, "outputs"), name, value) {
            int rc = json_is_string(value) ? take_output(out, job, json_string_value(value), err)
                                           : ARC_OK;
            if (rc)
                return rc;
        }
    }
    return ARC_OK;
}

/* What came from a file stays; the rest moves over. */
static void prefer(json_t **file, json_t **other)
{
    if (!*file)
        *file = arc_steal(other);
}

static int read_needs(const char *text, struct arc_needs *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *value = NULL;
    ARC_AUTO(arc_needs) struct arc_needs found = {.jobs = json_incref(out->jobs)};
    int rc = arc_document_read(text, &value, err);
    if (rc)
        return arc_error_prefix(err, "--needs");
    rc = take_jobs(&found, value, err);
    prefer(&out->version, &found.version);
    prefer(&out->plan, &found.plan);
    prefer(&out->changes, &found.changes);
    prefer(&out->build, &found.build);
    prefer(&out->scan, &found.scan);
    prefer(&out->notes, &found.notes);
    return rc;
}

int arc_needs_read(const struct arc_needs_files *files, struct arc_needs *out,
                   struct arc_error *err)
{
    *out = (struct arc_needs){.jobs = json_object()};
    int rc = out->jobs ? ARC_OK : arc_error_nomem(err);
    if (!rc)
        rc = read_document(files->version, "version", &out->version, err);
    if (!rc)
        rc = read_document(files->plan, "plan", &out->plan, err);
    if (!rc)
        rc = read_document(files->changes, "changes", &out->changes, err);
    if (!rc)
        rc = read_document(files->build, "build", &out->build, err);
    if (!rc)
        rc = read_document(files->scan, "scan", &out->scan, err);
    if (!rc && files->notes)
        rc = read_notes(files->notes, &out->notes, err);
    if (!rc && files->needs)
        rc = read_needs(files->needs, out, err);
    json_t *version = json_object_get(out->plan, "version");
    if (!rc && !out->version && json_is_object(version))
        out->version = json_incref(version);
    return rc;
}

/* ---- how the jobs ended --------------------------------------------------------------------- */

/* Whether a job's name is that of a service, "flash", or ends in it: "build-flash". */
static bool names_service(const char *job, const char *codename)
{
    size_t len = strlen(codename), job_len = strlen(job);
    if (!len || len > job_len || strcmp(job + job_len - len, codename) != 0)
        return false;
    return len == job_len || job[job_len - len - 1] == '-';
}

/* What a job's name says about the services, one after another: of two codenames that it ends in, the
 * longer one counts. */
struct job_match {
    const char *job;
    size_t longest, selected;
    bool left_out;
};

static void match_service(struct job_match *match, const char *codename, bool selected)
{
    match->selected += selected;
    if (strlen(codename) <= match->longest || !names_service(match->job, codename))
        return;
    match->longest = strlen(codename);
    match->left_out = !selected;
}

/* Whether the documents say that a job had nothing to do. */
static bool has_nothing_to_do(const char *job, const struct arc_plan *plan, const json_t *changes)
{
    struct job_match match = {.job = job};
    const char *codename;
    json_t *filter;
    for (size_t i = 0; plan && i < plan->service_count; i++)
        match_service(&match, plan->services[i].service, plan->services[i].selected);
    if (!plan)
        json_object_foreach (json_object_get(changes, "filters"), codename, filter)
            match_service(&match, codename, json_is_true(json_object_get(filter, "matched")));
    return (plan || changes) && (match.left_out || !match.selected);
}

const char *arc_job_trouble(const json_t *jobs, const char *job, const struct arc_plan *plan,
                            const json_t *changes)
{
    const char *result = json_string_value(json_object_get(jobs, job));
    if (!result)
        return "missing";
    if (strcmp(result, "success") == 0)
        return NULL;
    bool fine = strcmp(result, "skipped") == 0 && has_nothing_to_do(job, plan, changes);
    return fine ? NULL : result;
}

int arc_needs_check(const struct arc_needs *needs, const char *then, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    const char *job;
    json_t *result;
    if (needs->plan)
        ARC_TRY(arc_plan_read(needs->plan, &plan, err));
    json_object_foreach (needs->jobs, job, result) {
        const char *trouble =
            arc_job_trouble(needs->jobs, job, needs->plan ? &plan : NULL, needs->changes);
        if (trouble && strcmp(trouble, "skipped") == 0)
            return arc_error_set(err, ARC_EFAILED,
                                 "the job %.100s was skipped, and no plan.json or changes.json "
                                 "among the jobs' outputs says that it had nothing to do: %s",
                                 job, then);
        if (trouble)
            return arc_error_set(err, ARC_EFAILED, "the job %.100s ended as %.40s: %s", job,
                                 trouble, then);
    }
    return ARC_OK;
}

int arc_needs_check_built(const struct arc_needs *needs, const char *then, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger built = {0};
    if (needs->build)
        ARC_TRY(arc_ledger_read(needs->build, &built, err));
    if (!built.service_count)
        return arc_error_set(err, ARC_EFAILED,
                             "--needs: no job has a build.json with an image among its outputs: "
                             "%s; " ARC_OUTPUT_DROPPED,
                             then);

    if (needs->plan)
        ARC_TRY(arc_plan_read(needs->plan, &plan, err));
    for (size_t i = 0; i < plan.service_count; i++)
        if (plan.services[i].selected && !arc_ledger_service(&built, plan.services[i].service))
            return arc_error_set(err, ARC_EFAILED,
                                 "--needs: %.100s is planned, and no job has its build.json among "
                                 "its outputs: %s; " ARC_OUTPUT_DROPPED,
                                 plan.services[i].service, then);
    return ARC_OK;
}
