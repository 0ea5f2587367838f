#include "notes/values.h"
#include "arcci/sign.h"
#include "arcci/transport.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "config/graph.h"
#include "os/file.h"

/* Returns a text or number of another document as a new reference; null for anything else. */
static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_string(value) || json_is_number(value) ? json_incref(value) : json_null();
}

/* ---- signatures, and the releases of a train ------------------------------------------------- */

/* Makes a command that is safe to copy, whatever its words contain; takes the list of them. */
static json_t *shell_command(json_t *words)
{
    ARC_AUTO(arc_buf) struct arc_buf command = {0};
    ARC_AUTO_JSON json_t *list = words;

    arc_json_each (word, list) {
        const char *text = json_string_value(word);
        arc_text_separate(&command, " ");
        arc_markdown_shell(&command, text, strlen(text));
    }

    return list ? arc_json_buf(&command) : NULL;
}

/* Returns the command that verifies the signature of `reference` (IMAGE@DIGEST; NULL: not known
 * yet) or, with `by_github`, GitHub's attestation; null if there is none. */
static json_t *sign_command(const struct arc_notes_options *options, const char *reference,
                            bool by_github)
{
    const struct arc_signing *sign = options->plan->sign;
    json_t *words = NULL;

    if (sign && reference && by_github)
        words = arc_sign_attest_command(sign, reference);
    else if (sign && reference)
        words = arc_sign_command(sign, options->root, reference);

    return words ? shell_command(words) : json_null();
}

/* Lists the releases that a train includes, each once; empty for other groups. */
static json_t *list_releases(const struct arc_plan *plan)
{
    json_t *releases = json_array();

    arc_each (service, plan->services, plan->service_count) {
        const struct arc_planned_release *released = service->released;
        if (!released)
            continue;

        json_t *entry = arc_json_find(releases, "tag", released->tag);
        if (!entry) {
            ARC_AUTO_FREE char *encoded = arc_url_encode(released->tag);
            json_t *page = json_null();
            if (plan->source && encoded)
                page = json_sprintf("%s/releases/tag/%s", plan->source, encoded);
            entry = json_pack("{s:s, s:s, s:s, s:o, s:[], s:[]}", "group", released->group, "tag",
                              released->tag, "version", released->version, "url", page, "services",
                              "images");
            arc_json_push(&releases, entry);
        }

        if (!releases ||
            json_array_append_new(json_object_get(entry, "services"),
                                  json_string(service->service)) ||
            json_array_append_new(json_object_get(entry, "images"),
                                  json_sprintf("%s:%s", service->image, service->staging))) {
            json_decref(releases);
            return NULL;
        }
    }

    return releases;
}

/* ---- services ------------------------------------------------------------------------------ */

/* Makes one row per platform, with what the ledger knows about it. */
static json_t *platform_rows(const struct arc_plan *plan, const char *service,
                             const struct arc_built_service *built)
{
    json_t *rows = json_array();

    arc_each (planned, plan->cells, plan->cell_count) {
        const char *platform = planned->platform;
        if (strcmp(planned->service, service) != 0)
            continue;

        const struct arc_built_cell *cell = arc_built_on(built, platform);
        json_t *bytes = json_null(), *size = json_null();
        if (cell && cell->size >= 0) {
            ARC_AUTO(arc_buf) struct arc_buf text = {0};
            arc_text_size(&text, cell->size, -1);
            bytes = json_integer(cell->size);
            size = arc_json_buf(&text);
        }
        arc_json_push(&rows, json_pack("{s:s, s:s?, s:o, s:o}", "platform", platform, "digest",
                                       cell ? cell->digest : NULL, "bytes", bytes, "size", size));
    }

    return rows;
}

/* Lists the image's other tags: those that point to it, or those that will. A mirror's have their
 * whole reference. */
static json_t *also_tagged(const struct arc_planned_service *service,
                           const struct arc_built_service *built, const char *version_tag)
{
    json_t *also = json_array();
    bool pointed = built && *built->tags;

    for (size_t i = 0; pointed && built->tags[i]; i++)
        if (strcmp(built->tags[i], version_tag) != 0)
            arc_json_push(&also, json_string(built->tags[i]));

    for (size_t i = 0; !pointed && i < service->tag_count; i++) {
        const struct arc_planned_tag *tag = &service->tags[i];
        const char *name = arc_or(tag->ref, tag->tag);
        if (tag->move && strcmp(name, version_tag) != 0)
            arc_json_push(&also, json_string(name));
    }

    return also;
}

static json_t *run_command(const struct arc_notes_options *options, const char *service,
                           const char *reference)
{
    const struct arc_service *own =
        options->group ? arc_group_find_service(options->group, service) : NULL;
    unsigned port = own ? own->port : 0;

    if (!reference)
        return NULL;
    if (!port)
        return shell_command(json_pack("[s, s, s, s]", "docker", "run", "--rm", reference));
    return shell_command(json_pack("[s, s, s, s, o, s]", "docker", "run", "--rm", "-p",
                                   json_sprintf("127.0.0.1:%u:%u", port, port), reference));
}

/* Returns "make NAME-up" if the directory (`len` bytes) has a NAME.mk; else null. */
static json_t *make_in(const char *root, const char *directory, size_t len, const char *name)
{
    ARC_AUTO(arc_buf) struct arc_buf file = {0};
    if (!root)
        return json_null();
    arc_buf_printf(&file, "%.*s/%s.mk", (int)len, directory, name);
    if (file.failed)
        return NULL;
    if (arc_file_kind_in(root, arc_buf_text(&file)) != ARC_FILE_REGULAR)
        return json_null();
    return json_sprintf("make %s-up", name);
}

/* The same for the whole group, whose file is beside the services' directories:
 * services/messaging.mk. */
static json_t *make_group(const struct arc_notes_options *options)
{
    const struct arc_plan *plan = options->plan;
    const char *directory = plan->service_count ? plan->services[0].directory : "";
    const char *slash = strrchr(directory, '/');
    if (!slash)
        return json_null();
    return make_in(options->root, directory, (size_t)(slash - directory), plan->group);
}

static json_t *verify_command(const struct arc_built_service *built, const char *image)
{
    bool attested = false;

    for (size_t i = 0; built && i < built->cell_count; i++)
        attested = attested || *built->cells[i].attestations;
    if (!attested || !built->digest)
        return json_null();

    return shell_command(json_pack("[s, s, s, s, o, s, s]", "docker", "buildx", "imagetools",
                                   "inspect", json_sprintf("%s@%s", image, built->digest),
                                   "--format", "{{json .Provenance}}"));
}

static json_t *service_values(const struct arc_notes_options *options,
                              const struct arc_planned_service *service)
{
    const struct arc_planned_tag *own = arc_planned_own_tag(service);
    const char *image = service->image;
    const char *tag = own ? own->tag : options->plan->version->image_tag; /* the tag to pull */
    const struct arc_built_service *built = arc_ledger_service(options->build, service->service);
    const char *digest = built ? built->digest : NULL;
    ARC_AUTO_JSON json_t *reference = json_sprintf("%s:%s", image, tag);
    ARC_AUTO_JSON json_t *pinned = digest ? json_sprintf("%s@%s", image, digest) : json_null();
    json_t *bases = json_array();

    for (size_t i = 0; built && i < built->base_count; i++)
        arc_json_push(&bases, json_pack("{s:s, s:s}", "ref", built->base_images[i].ref, "digest",
                                        built->base_images[i].digest));

    /* clang-format off */
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:O, s:o, s:s?, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "service", service->service,
                     "name", service->name,
                     "description", service->description,
                     "image", image,
                     "tag", tag,
                     "reference", reference,
                     "also", also_tagged(service, built, tag),
                     "digest", digest,
                     "pinned", pinned,
                     "platforms", platform_rows(options->plan, service->service, built),
                     "base-images", bases,
                     "run", run_command(options, service->service, json_string_value(reference)),
                     "make", make_in(options->root, service->directory, strlen(service->directory),
                                     service->service),
                     "verify", verify_command(built, image),
                     "signature", sign_command(options, json_string_value(pinned), false),
                     "attestation", sign_command(options, json_string_value(pinned), true));
    /* clang-format on */
}

/* ---- the table's columns ------------------------------------------------------------------- */

/* Whether an item has a value, or a list with any. */
static bool any_item(const json_t *items, const char *key)
{
    arc_json_each (item, items) {
        const json_t *value = json_object_get(item, key);
        if (json_is_array(value) ? json_array_size(value) > 0 : !json_is_null(value))
            return true;
    }
    return false;
}

static bool any_platform(const json_t *services, const char *key)
{
    arc_json_each (service, services)
        if (any_item(json_object_get(service, "platforms"), key))
            return true;
    return false;
}

/* Which columns and chapters have content. */
static json_t *has_values(const json_t *services, bool changes)
{
    static const char *const parts[] = {"also",   "pinned",    "base-images", "make",     "run",
                                        "verify", "signature", "attestation", "reference"};
    json_t *has = json_pack(
        "{s:b, s:b, s:b, s:b}", "changes", changes, "platforms", any_platform(services, "platform"),
        "digests", any_platform(services, "digest"), "sizes", any_platform(services, "size"));
    for (size_t i = 0; i < ARC_COUNT(parts); i++)
        arc_json_put(&has, parts[i], json_boolean(any_item(services, parts[i])));
    return has;
}

/* ---- gate ---------------------------------------------------------------------------------- */

static json_t *gate_values(const json_t *scan)
{
    const json_t *counts = json_object_get(scan, "counts");
    const json_t *scanner = json_object_get(scan, "scanner");
    const char *gate = arc_json_text_of(scan, "gate");

    if (!*gate)
        return json_null();

    /* clang-format off */
    return json_pack("{s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "passed", strcmp(gate, "pass") == 0,
                     "failed", strcmp(gate, "fail") == 0,
                     "counted", json_is_object(counts),
                     "verdict", member(scan, "verdict"),
                     "reason", member(scan, "reason"),
                     "fail-on", member(scan, "fail-on"),
                     "critical", member(counts, "CRITICAL"),
                     "high", member(counts, "HIGH"),
                     "medium", member(counts, "MEDIUM"),
                     "low", member(counts, "LOW"),
                     "unknown", member(counts, "UNKNOWN"),
                     "total", member(scan, "total"),
                     "new", member(scan, "new"),
                     "scanner", member(scanner, "name"),
                     "scanner-version", member(scanner, "version"),
                     "database", member(scanner, "database"));
    /* clang-format on */
}

/* ---- all ----------------------------------------------------------------------------------- */

/* The items of a list are paragraphs of their own. */
static json_t *paragraphs(const char *text)
{
    json_t *list = json_array();

    while (text && *text) {
        text += strspn(text, "\n\r ");
        const char *end = strchr(text, '\n');
        while (end && !ARC_STARTS(end, "\n\n", "\n- ", "\n* ", "\n+ "))
            end = strchr(end + 1, '\n');
        size_t len = end ? (size_t)(end - text) : strlen(text);
        len = arc_text_strip(text, len, "\n\r ");
        if (len)
            arc_json_push(&list, json_stringn(text, len));
        text = arc_or(end, "");
    }

    return list;
}

/* Whether a tag's message only repeats its name: `git tag -a v1.0.0 -m v1.0.0`, and what `arc-ci
 * tag` writes. */
static bool names_itself(const char *message, const struct arc_plan *plan)
{
    const char *const before[] = {"",        "v",         "release",  "release v",
                                  "version", plan->title, plan->group};
    const char *version = plan->version->version;
    size_t end = strlen(version);

    if (!message)
        return false;
    size_t len = arc_text_strip(message, strlen(message), "\n\r .");
    if (len == strlen(plan->tag) && strncmp(message, plan->tag, len) == 0)
        return true;
    if (len < end || strncmp(message + len - end, version, end) != 0)
        return false;

    len = arc_text_strip(message, len - end, " ");
    for (size_t i = 0; i < ARC_COUNT(before); i++)
        if (len == strlen(before[i]) && strncasecmp(message, before[i], len) == 0)
            return true;

    return false;
}

json_t *notes_message(const struct arc_notes_log *log, const struct arc_plan *plan, size_t max)
{
    ARC_AUTO(arc_buf) struct arc_buf part = {0};
    const char *message = names_itself(log->message, plan) ? "" : arc_or(log->message, "");
    size_t len = strlen(message), end = arc_text_cut(message, len, max), line = end;

    if (end == len)
        return paragraphs(message);
    while (line && message[line] != '\n')
        line--;
    end = arc_or(line, end);
    arc_buf_printf(&part, "%.*s\n\n… (git show %s has the rest)", (int)end, message, plan->tag);

    return part.failed ? NULL : paragraphs(arc_buf_text(&part));
}

/* Returns the repository's own markdown, which a template writes unescaped. */
static json_t *markdown_value(const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    size_t len = text ? arc_text_strip(text, strlen(text), " \t\r\n") : 0;
    if (!len)
        return json_null();
    arc_text_visible_lines(&shown, text, len);
    return json_pack("{s:o}", "markdown", arc_json_buf(&shown));
}

int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    const struct arc_version_info *version = plan->version;
    const struct arc_notes_log *log = options->log;

    if (!plan->tag || !version)
        return arc_error_set(err, ARC_EINPUT,
                             "the plan is not of a release: it has no tag and version; make one "
                             "with 'arc-ci plan TAG --json'");

    json_t *services = json_array();
    bool sorted = false;
    json_t *commits = notes_commits(options, &sorted);
    size_t count = json_array_size(commits);
    const char *unknown = log ? log->unknown : "the repository's history was not read";
    static const struct arc_notes_log none = {.count = 0};
    log = arc_or(log, &none);
    arc_each (service, plan->services, plan->service_count)
        if (service->selected)
            arc_json_push(&services, service_values(options, service));

    /* clang-format off */
    *out = json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:b, s:b, s:s?, s:b, s:s, s:s, s:s?, s:o, s:o,"
                     " s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b, s:n, s:s?, s:o, s:o, s:o, s:b}",
                     "group", plan->group,
                     "title", plan->title,
                     "description", plan->description,
                     "tag", plan->tag,
                     "version", version->version,
                     "image-tag", version->image_tag,
                     "prerelease", version->prerelease,
                     "latest", version->latest,
                     "previous-tag", version->previous_tag,
                     "first", !unknown && !version->previous_tag, /* with missing history, the lack
                                                                     of a previous tag proves
                                                                     nothing */
                     "revision", plan->revision,
                     "created", plan->created,
                     "source", plan->source,
                     "has", has_values(services, !unknown || plan->source),
                     "services", services,
                     "releases", list_releases(plan),
                     "unreleased", arc_texts_json(plan->unreleased),
                     "make", make_group(options),
                     "gate", gate_values(options->scan),
                     "compare-url", notes_compare_url(plan),
                     "commits", commits,
                     "commit-count", (json_int_t)count,
                     "commits-cut", options->log && !log->complete && count,
                     "commits-left", /* set once the number that fits is known */
                     "changes-unknown", unknown,
                     "own-text", markdown_value(options->own_text),
                     "tag-message", notes_message(log, plan, SIZE_MAX),
                     "new-contributors", arc_texts_json(log->newcomers),
                     "sorted", sorted);

    /* clang-format on */
    return arc_error_unless(*out, err);
}
