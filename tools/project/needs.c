#include "project/needs.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "project/documents.h"

/* The kinds of documents, each from a file or a job's output. */
enum kind { VERSION, PLAN, CHANGES, BUILD, SCAN, NOTES, KINDS };

static const char *const kinds[KINDS] = {"version", "plan", "changes", "build", "scan", "notes"};

/* The documents as received, one per kind; NULL: none. */
struct gathered {
    json_t *of[KINDS];
};

static void gathered_free(struct gathered *documents)
{
    for (size_t i = 0; i < KINDS; i++)
        json_decref(documents->of[i]);
}

void arc_needs_free(struct arc_needs *needs)
{
    arc_version_info_free(needs->version);
    arc_plan_free(needs->plan);
    arc_ledger_free(needs->build);
    free(needs->version);
    free(needs->plan);
    free(needs->build);
    arc_changes_info_free(needs->changes);
    free(needs->changes);
    json_decref(needs->scan);
    json_decref(needs->notes);
    json_decref(needs->jobs);
    *needs = (struct arc_needs){0};
}

/* ---- as structs ----------------------------------------------------------------------------- */

static int take_document(const json_t *json, enum kind kind, struct arc_needs *out,
                         struct arc_error *err)
{
    switch (kind) {
    case VERSION:
        out->version = calloc(1, sizeof *out->version);
        return out->version ? arc_version_read(json, out->version, err) : arc_error_nomem(err);
    case PLAN:
        out->plan = calloc(1, sizeof *out->plan);
        return out->plan ? arc_plan_read(json, out->plan, err) : arc_error_nomem(err);
    case CHANGES:
        out->changes = calloc(1, sizeof *out->changes);
        return out->changes ? arc_changes_read(json, out->changes, err) : arc_error_nomem(err);
    case BUILD:
        out->build = calloc(1, sizeof *out->build);
        return out->build ? arc_ledger_read(json, out->build, err) : arc_error_nomem(err);
    case SCAN:
        return arc_scan_read(json, &out->judged, err);
    default:
        return ARC_OK;
    }
}

/* Documents with a struct are parsed here, so that errors name their place. */
static int check_document(const json_t *json, enum kind kind, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs read = {0};
    if (kind == NOTES)
        return arc_document_check(json, kinds[kind], err);
    return take_document(json, kind, &read, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* notes.json or markdown, whichever parses. */
static int read_notes(const char *path, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (strcmp(path, "-") == 0)
        ARC_TRY(arc_file_read_stdin(ARC_DOCUMENT_MAX, &text, err));
    else
        ARC_TRY(arc_file_read_given(path, ARC_DOCUMENT_MAX, &text, err));

    *out = arc_json_load(arc_buf_text(&text), text.len, 0, NULL);
    if (json_is_object(*out))
        return arc_document_check(*out, kinds[NOTES], err);
    json_decref(*out);
    *out = NULL;

    if (memchr(arc_buf_text(&text), '\0', text.len) ||
        !arc_utf8_valid(arc_buf_text(&text), text.len))
        return arc_error_set(err, ARC_EINPUT, "%s is not UTF-8 text", path);

    size_t mark = ARC_STARTS(arc_buf_text(&text), "\xef\xbb\xbf") ? 3 : 0; /* is no text */
    *out = json_pack("{s:s%}", "body", arc_buf_text(&text) + mark, text.len - mark);
    return arc_error_unless(*out, err);
}

static int read_file(const char *path, enum kind kind, json_t **out, struct arc_error *err)
{
    if (kind == NOTES)
        return read_notes(path, out, err);
    ARC_TRY(arc_document_of_stage(kinds[kind], path, out, err));
    return check_document(*out, kind, err);
}

/* ---- needs ---------------------------------------------------------------------------------- */

/* Adds the services of one job's build.json to those of the others. */
static int merge_build(json_t *into, const json_t *from, const char *job, struct arc_error *err)
{
    if (!json_equal(json_object_get(into, "revision"), json_object_get(from, "revision")))
        return arc_error_set(err, ARC_EINPUT,
                             "--needs: job %s built another revision than the others", job);

    if (json_is_true(json_object_get(from, "dirty")))
        ARC_TRY(arc_json_set(into, "dirty", json_true(), err));

    json_t *services = json_object_get(into, "services");
    arc_json_each (service, json_object_get(from, "services")) {
        const char *name = arc_json_text_of(service, "service");
        const json_t *other = arc_json_find(services, "service", name);
        if (other && !json_equal(other, service))
            return arc_error_set(err, ARC_EINPUT,
                                 "--needs: two jobs built service %s with different results", name);
        if (!other)
            ARC_TRY(arc_json_append(services, json_incref(service), err));
    }

    return ARC_OK;
}

static int take_output(struct gathered *found, const char *job, const char *text,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = ARC_DOCUMENT_MAX};
    if (arc_document_unpack(text, strlen(text), &plain, NULL) || *arc_buf_text(&plain) != '{')
        return ARC_OK;
    ARC_AUTO_JSON json_t *document =
        arc_json_load(arc_buf_text(&plain), plain.len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = arc_json_text_of(document, "document");
    enum kind kind = VERSION;
    while (kind < KINDS && strcmp(kinds[kind], name) != 0)
        kind++;
    if (kind == KINDS) /* not a kind that stages read */
        return ARC_OK;
    ARC_TRY_PREFIX(check_document(document, kind, err), err, "--needs: job %s", job);

    json_t **known = &found->of[kind];
    if (!*known) {
        *known = arc_steal(&document);
        return ARC_OK;
    }

    if (kind == BUILD)
        return merge_build(*known, document, job, err);
    if (json_equal(*known, document))
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT,
                         "--needs: job %s has an output that contradicts another job's document",
                         job);
}

static int read_needs(const char *text, struct gathered *found, json_t *jobs, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *needs = NULL;

    int rc = arc_document_read(text, &needs, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EINPUT,
                             "--needs: '%.100s' is neither toJSON(needs) nor a file with it", text);
    ARC_TRY_PREFIX(rc, err, "--needs");

    arc_json_each_pair (job, entry, needs) {
        json_t *result = json_object_get(entry, "result");
        if (!json_is_string(result))
            return arc_error_set(err, ARC_EINPUT,
                                 "--needs: '%.100s' is not a job with a result; pass toJSON(needs)",
                                 job);
        ARC_TRY_ALLOC(json_object_set(jobs, job, result) == 0, err);
        arc_json_each_pair (name, value, json_object_get(entry, "outputs"))
            if (json_is_string(value))
                ARC_TRY(take_output(found, job, json_string_value(value), err));
    }

    if (!json_object_size(needs))
        return arc_error_set(err, ARC_EINPUT,
                             "--needs has no job: the job that passes toJSON(needs) needs none; "
                             "give it `needs: [...]`");

    return ARC_OK;
}

/* Adds "IMAGE@DIGEST", or "IMAGE" without a digest, to what was built. */
static int add_built(json_t *built, const char *image, const char *digest, struct arc_error *err)
{
    ARC_AUTO_FREE char *name = NULL;
    ARC_TRY(arc_text_print(&name, err, "%s%s%s", image, digest ? "@" : "", arc_or(digest, "")));
    return arc_json_set(built, name, json_true(), err);
}

/* The images that were built, each alone and with each of its digests, as an object's keys. */
static int list_built(const struct arc_ledger *build, json_t *built, struct arc_error *err)
{
    arc_each (service, build->services, build->service_count) {
        ARC_TRY(add_built(built, service->image, NULL, err));
        ARC_TRY(add_built(built, service->image, service->digest, err));
        arc_each (cell, service->cells, service->cell_count)
            ARC_TRY(add_built(built, service->image, cell->digest, err));
    }
    return ARC_OK;
}

/* A scan.json of another run, left on a machine or repeated, says nothing about these images. It
 * is recognized by digests of the same image that were not built. A scan of some services says
 * nothing about the others. (A scan of files names no service.) */
static int check_scanned(const json_t *scan, const struct arc_ledger *build, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *images = json_object(), *services = json_object();
    const char *missing = NULL;
    size_t found = 0;

    ARC_TRY_ALLOC(images && services, err);
    ARC_TRY(list_built(build, images, err));

    arc_json_each (target, json_object_get(scan, "targets")) {
        const char *artifact = arc_json_text_of(target, "artifact");
        const char *at = strchr(artifact, '@');

        ARC_TRY(arc_json_set(services, arc_json_text_of(target, "service"), json_true(), err));
        if (!at || json_object_get(images, artifact))
            continue;
        ARC_AUTO_FREE char *image = strndup(artifact, (size_t)(at - artifact));
        ARC_TRY_ALLOC(image, err);
        if (json_object_get(images, image))
            return arc_error_set(err, ARC_EINPUT,
                                 "scan.json is of another build: it is about %.300s, which "
                                 "build.json does not have; scan what was built",
                                 artifact);
    }

    arc_each (built, build->services, build->service_count)
        if (json_object_get(services, built->service))
            found++;
        else
            missing = arc_or(missing, built->service);
    if (!found || !missing)
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT,
                         "scan.json says nothing about service '%.100s', which build.json has; "
                         "scan every service that was built",
                         missing);
}

int arc_needs_read(const struct arc_needs_files *files, struct arc_needs *out,
                   struct arc_error *err)
{
    ARC_AUTO(gathered) struct gathered given = {0}, found = {0};
    const char *const paths[KINDS] = {files->version, files->plan, files->changes,
                                      files->build,   files->scan, files->notes};
    *out = (struct arc_needs){.jobs = json_object()};
    ARC_TRY_ALLOC(out->jobs, err);

    json_t **of = given.of;

    for (enum kind kind = VERSION; kind < KINDS; kind++)
        if (paths[kind] && read_file(paths[kind], kind, &of[kind], err))
            return arc_error_prefix(err, "--%s", kinds[kind]);

    if (files->needs)
        ARC_TRY(read_needs(files->needs, &found, out->jobs, err));

    for (size_t i = 0; i < KINDS; i++)
        if (!of[i])
            of[i] = arc_steal(&found.of[i]);

    json_t *planned = json_object_get(of[PLAN], "version");
    if (!of[VERSION] && json_is_object(planned))
        of[VERSION] = json_incref(planned);
    for (enum kind kind = VERSION; kind < KINDS; kind++)
        if (of[kind])
            ARC_TRY(take_document(of[kind], kind, out, err));
    out->scan = arc_steal(&of[SCAN]);
    out->notes = arc_steal(&of[NOTES]);
    if (out->build)
        ARC_TRY(check_scanned(out->scan, out->build, err));

    /* A build.json from another run names images that are not in this plan. */
    return out->plan && out->build ? arc_ledger_check_plan(out->build, out->plan, err) : ARC_OK;
}

/* ---- how the jobs ended --------------------------------------------------------------------- */

/* Whether the documents say that a job had nothing to do: no service is selected, or not the one
 * whose codename the job's name is ("flash") or ends with ("build-flash"). The longest codename
 * wins. */
static bool has_nothing_to_do(const char *job, const struct arc_plan *plan,
                              const struct arc_changes_info *changes)
{
    size_t longest = 0, selected = 0, job_len = strlen(job), count = 0;
    bool left_out = false;

    if (plan)
        count = plan->service_count;
    else if (changes)
        count = changes->filter_count;

    for (size_t i = 0; i < count; i++) {
        const char *name = plan ? plan->services[i].service : changes->filters[i].name;
        bool is_selected = plan ? plan->services[i].selected : changes->filters[i].matched;
        size_t len = strlen(name);

        selected += is_selected;
        if (len > longest && arc_text_ends(job, name) &&
            (len == job_len || job[job_len - len - 1] == '-')) {
            longest = len;
            left_out = !is_selected;
        }
    }

    return (plan || changes) && (left_out || !selected);
}

const char *arc_job_trouble(const json_t *jobs, const char *job, const struct arc_plan *plan,
                            const struct arc_changes_info *changes)
{
    const char *result = json_string_value(json_object_get(jobs, job));
    if (!result)
        return "missing";
    if (strcmp(result, "success") == 0)
        return NULL;
    bool fine = strcmp(result, "skipped") == 0 && has_nothing_to_do(job, plan, changes);
    return fine ? NULL : result;
}

int arc_needs_check(const struct arc_needs *needs, const struct arc_plan *plan, const char *then,
                    struct arc_error *err)
{
    arc_json_each_pair (job, result, needs->jobs) {
        const char *trouble = arc_job_trouble(needs->jobs, job, plan, needs->changes);
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

int arc_needs_check_tag(const struct arc_needs *needs, const char *tag, struct arc_error *err)
{
    tag = arc_or(arc_text_after(tag, "refs/tags/"), tag);
    if (!tag || !needs->version || strcmp(tag, needs->version->tag) == 0)
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT, "the documents are about %.200s, not about %.200s",
                         needs->version->tag, tag);
}

int arc_needs_check_gate(const struct arc_needs *needs, const char *then, struct arc_error *err)
{
    const char *reason = needs->judged.reason;
    if (!needs->scan || needs->judged.gate != ARC_GATE_FAIL)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "the security gate has not passed (%.200s): %s",
                         arc_text_or(reason, "no reason given"), then);
}

int arc_needs_check_built(const struct arc_needs *needs, const char *then, struct arc_error *err)
{
    if (!needs->build || !needs->build->service_count)
        return arc_error_set(err, ARC_EFAILED,
                             "--needs: no job has a build.json with an image among its outputs: "
                             "%s; " ARC_OUTPUT_DROPPED,
                             then);

    for (size_t i = 0; needs->plan && i < needs->plan->service_count; i++) {
        const struct arc_planned_service *service = &needs->plan->services[i];
        if (service->selected && !arc_ledger_service(needs->build, service->service))
            return arc_error_set(err, ARC_EFAILED,
                                 "--needs: %.100s is planned, and no job has its build.json among "
                                 "its outputs: %s; " ARC_OUTPUT_DROPPED,
                                 service->service, then);
    }

    return ARC_OK;
}
