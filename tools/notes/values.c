#include "notes/values.h"
#include "base/auto.h"
#include "base/markdown.h"
#include "base/text.h"
#include "os/file.h"
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A member as a new reference; null if it is not there. */
static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value ? json_incref(value) : json_null();
}

static json_t *flag(const json_t *object, const char *key)
{
    return json_boolean(json_is_true(json_object_get(object, key)));
}

/* The element of a list whose member `key` is `wanted`; NULL if there is none. */
static const json_t *element(const json_t *list, const char *key, const char *wanted)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *text = text_of(item, key);
        if (text && wanted && strcmp(text, wanted) == 0)
            return item;
    }
    return NULL;
}

/* Text put together with printf's formats, as a new reference; NULL when out of memory. */
static json_t *words(const char *format, ...) __attribute__((format(printf, 1, 2)));
static json_t *words(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *text = json_vsprintf(format, args);
    va_end(args);
    return text;
}

/* Appends an item; when out of memory *list becomes NULL, which every later use passes on. */
static void push(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item)) {
        json_decref(*list);
        *list = NULL;
    }
}

/* A buffer's text as a new reference; NULL when it failed. */
static json_t *buf_value(const struct arc_buf *buf)
{
    return buf->failed ? NULL : json_stringn(arc_buf_text(buf), buf->len);
}

/* ---- services ------------------------------------------------------------------------------ */

static json_t *size_text(const json_t *size)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    if (!json_is_integer(size))
        return json_null();
    arc_text_size(&text, json_integer_value(size), -1);
    return buf_value(&text);
}

/* A row per platform, with what the build found out about it. */
static json_t *platform_rows(const struct arc_notes_options *options, const char *service,
                             const json_t *built)
{
    json_t *rows = json_array();
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(options->plan, "cells"), i, cell) {
        const char *name = text_of(cell, "service"), *platform = text_of(cell, "platform");
        if (!name || !platform || strcmp(name, service) != 0)
            continue;
        const json_t *found = element(json_object_get(built, "cells"), "platform", platform);
        const json_t *size = json_object_get(found, "size");
        push(&rows, json_pack("{s:s, s:o, s:o, s:o}", "platform", platform, "digest",
                              member(found, "digest"), "bytes", member(found, "size"), "size",
                              size_text(size)));
    }
    return rows;
}

/* The other tags of the image: those that point to it, or those that will. */
static json_t *also_tagged(const json_t *service, const json_t *built, const char *version_tag)
{
    json_t *also = json_array();
    const json_t *tags = json_object_get(built, "tags");
    bool pointed = json_array_size(tags) > 0;
    size_t i;
    json_t *tag;
    json_array_foreach (pointed ? tags : json_object_get(service, "tags"), i, tag) {
        const char *name = pointed ? json_string_value(tag) : text_of(tag, "tag");
        bool moves = pointed || json_is_true(json_object_get(tag, "move"));
        if (name && moves && strcmp(name, version_tag) != 0)
            push(&also, json_string(name));
    }
    return also;
}

/* A command that is safe to copy, whatever the words hold. */
static json_t *run_command(const struct arc_notes_options *options, const char *service,
                           const char *reference)
{
    ARC_AUTO(arc_buf) struct arc_buf command = {0};
    unsigned port = 0;
    for (size_t i = 0; options->group && i < options->group->service_count; i++)
        if (strcmp(options->group->services[i].codename, service) == 0)
            port = options->group->services[i].port;
    if (!reference)
        return NULL;
    arc_buf_puts(&command, "docker run --rm ");
    if (port)
        arc_buf_printf(&command, "-p 127.0.0.1:%u:%u ", port, port);
    arc_markdown_shell(&command, reference, strlen(reference));
    return buf_value(&command);
}

/* "make NAME-up", where the directory (`len` bytes of it) has a NAME.mk; else null. */
static json_t *make_in(const struct arc_notes_options *options, const char *directory, size_t len,
                       const char *name)
{
    ARC_AUTO(arc_buf) struct arc_buf file = {0};
    arc_buf_printf(&file, "%.*s/%s.mk", (int)len, directory, name);
    if (file.failed)
        return NULL;
    if (arc_file_kind_in(options->root, arc_buf_text(&file)) != ARC_FILE_REGULAR)
        return json_null();
    return words("make %s-up", name);
}

static json_t *make_command(const struct arc_notes_options *options, const json_t *service)
{
    const char *codename = text_of(service, "service"), *directory = text_of(service, "directory");
    if (!options->root || !codename || !directory)
        return json_null();
    return make_in(options, directory, strlen(directory), codename);
}

/* The same for the whole group, beside the services' directories: services/messaging.mk. */
static json_t *make_group(const struct arc_notes_options *options)
{
    const json_t *first = json_array_get(json_object_get(options->plan, "services"), 0);
    const char *directory = text_of(first, "directory");
    const char *slash = directory ? strrchr(directory, '/') : NULL;
    if (!options->root || !slash)
        return json_null();
    return make_in(options, directory, (size_t)(slash - directory),
                   text_of(options->plan, "group"));
}

static bool attested(const json_t *built)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(built, "cells"), i, cell)
        if (json_array_size(json_object_get(cell, "attestations")) > 0)
            return true;
    return false;
}

static json_t *verify_command(const json_t *built, const char *image)
{
    ARC_AUTO(arc_buf) struct arc_buf reference = {0};
    ARC_AUTO(arc_buf) struct arc_buf command = {0};
    if (!attested(built) || !text_of(built, "digest"))
        return json_null();
    arc_buf_printf(&reference, "%s@%s", image, text_of(built, "digest"));
    arc_buf_puts(&command, "docker buildx imagetools inspect ");
    arc_markdown_shell(&command, arc_buf_text(&reference), reference.len);
    arc_buf_puts(&command, " --format '{{json .Provenance}}'");
    return reference.failed ? NULL : buf_value(&command);
}

/* The tag that people are told to pull: the first that moves and is this version's own, else the
 * first that moves. A plan of a release has one. */
static const char *tag_to_pull(const json_t *service, const json_t *version)
{
    size_t i;
    json_t *tag;
    const char *found = NULL;
    json_array_foreach (json_object_get(service, "tags"), i, tag) {
        const char *kind = text_of(tag, "kind");
        if (!json_is_true(json_object_get(tag, "move")))
            continue;
        if (kind && strcmp(kind, "version") == 0)
            return text_of(tag, "tag");
        found = found ? found : text_of(tag, "tag");
    }
    return found ? found : text_of(version, "image-tag");
}

static json_t *service_values(const struct arc_notes_options *options, const json_t *service)
{
    const char *codename = text_of(service, "service"), *image = text_of(service, "image");
    const char *tag = tag_to_pull(service, json_object_get(options->plan, "version"));
    const json_t *built = element(json_object_get(options->build, "services"), "service", codename);
    const char *digest = text_of(built, "digest");
    const json_t *bases = json_object_get(built, "base-images");
    ARC_AUTO_JSON json_t *reference = words("%s:%s", image, tag);
    /* clang-format off */
    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "service", codename,
                     "name", member(service, "name"),
                     "description", member(service, "description"),
                     "image", image,
                     "tag", tag,
                     "reference", reference,
                     "also", also_tagged(service, built, tag),
                     "digest", member(built, "digest"),
                     "pinned", digest ? words("%s@%s", image, digest) : json_null(),
                     "platforms", platform_rows(options, codename, built),
                     "base-images", bases ? json_deep_copy(bases) : json_array(),
                     "run", run_command(options, codename, json_string_value(reference)),
                     "make", make_command(options, service),
                     "verify", verify_command(built, image));
    /* clang-format on */
}

static int services_values(const struct arc_notes_options *options, json_t *out,
                           struct arc_error *err)
{
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service) {
        if (!json_is_true(json_object_get(service, "selected")))
            continue;
        if (!text_of(service, "service") || !text_of(service, "image"))
            return arc_error_set(err, ARC_EINPUT,
                                 "plan.json: services[%zu] has no service or image", i);
        if (json_array_append_new(out, service_values(options, service)))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

/* ---- the table's columns ------------------------------------------------------------------- */

static bool any_platform(const json_t *services, const char *key)
{
    size_t i, j;
    json_t *service, *row;
    json_array_foreach (services, i, service)
        json_array_foreach (json_object_get(service, "platforms"), j, row)
            if (!json_is_null(json_object_get(row, key)))
                return true;
    return false;
}

static bool any_service(const json_t *services, const char *key)
{
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service) {
        const json_t *value = json_object_get(service, key);
        if (json_is_array(value) ? json_array_size(value) > 0 : !json_is_null(value))
            return true;
    }
    return false;
}

/* Which columns and chapters have anything to show. */
static json_t *has_values(const json_t *services)
{
    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}", /**/
                     "also", any_service(services, "also"), "platforms",
                     any_platform(services, "platform"), "digests",
                     any_platform(services, "digest"), "sizes", any_platform(services, "size"),
                     "pinned", any_service(services, "pinned"), "base-images",
                     any_service(services, "base-images"), "make", any_service(services, "make"),
                     "verify", any_service(services, "verify"));
}

/* ---- gate ---------------------------------------------------------------------------------- */

static json_t *gate_values(const json_t *scan)
{
    const json_t *counts = json_object_get(scan, "counts");
    const json_t *scanner = json_object_get(scan, "scanner");
    const char *gate = text_of(scan, "gate");
    if (!scan || json_is_null(scan) || !gate)
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

/* ---- changes ------------------------------------------------------------------------------- */

/* A link below the repository's page; null if it has none. The page is percent-encoded where it is
 * written, but a '?' or '#' in a tag would already end the path here. */
static json_t *link_to(const json_t *plan, const char *kind, const char *name)
{
    const char *source = text_of(plan, "source");
    if (!source || !*source)
        return json_null();
    ARC_AUTO(arc_buf) struct arc_buf url = {0};
    arc_buf_printf(&url, "%s/%s/", source, kind);
    for (; *name; name++)
        arc_buf_printf(&url, strchr("?#%", *name) ? "%%%02X" : "%c", (unsigned char)*name);
    return buf_value(&url);
}

/* A squashed pull request's subject ends in " (#12)": the digits, or NULL. */
static const char *pull_number(const char *subject, size_t *subject_len)
{
    size_t len = strlen(subject), end = len;
    if (len < 5 || subject[len - 1] != ')')
        return NULL;
    for (end = len - 1; end && subject[end - 1] >= '0' && subject[end - 1] <= '9'; end--)
        ;
    size_t digits = len - 1 - end;
    if (!digits || digits > 9 || end < 3 || memcmp(subject + end - 3, " (#", 3) != 0)
        return NULL;
    *subject_len = end - 3;
    return subject + end;
}

/* ---- kinds of changes ----------------------------------------------------------------------- */

/* Conventional Commits 1.0.0: "type(scope)!: description". What has no section of its own, and
 * what is not written so, is an other change. */
static const struct {
    const char *type, *title;
} sections[] = {{"!", "Breaking changes"}, {"feat", "Features"},     {"fix", "Fixes"},
                {"perf", "Performance"},   {"security", "Security"}, {NULL, "Other changes"}};

#define SECTION_COUNT (sizeof sections / sizeof *sections)

/* The section of a commit; *conventional is set when it has a type. */
static size_t section_of(const char *subject, const char *body, bool *conventional)
{
    size_t type = strspn(subject, "abcdefghijklmnopqrstuvwxyz"), at = type;
    if (subject[at] == '(')
        at += strcspn(subject + at, ")\n") + (subject[at + strcspn(subject + at, ")\n")] == ')');
    bool breaking = subject[at] == '!';
    at += breaking;
    bool typed = type && subject[at] == ':' && subject[at + 1] == ' ';
    *conventional |= typed;
    bool footer = strncmp(body, "BREAKING CHANGE: ", 17) == 0 ||
                  strstr(body, "\nBREAKING CHANGE: ") || strstr(body, "\nBREAKING-CHANGE: ");
    if ((typed && breaking) || footer)
        return 0;
    for (size_t i = 1; typed && sections[i].type; i++)
        if (strlen(sections[i].type) == type && memcmp(sections[i].type, subject, type) == 0)
            return i;
    return SECTION_COUNT - 1;
}

#define SUBJECT_MAX 250

/* At most SUBJECT_MAX characters of a subject, between two of them. */
static json_t *cut_subject(const char *subject, size_t len)
{
    size_t at = 0, count = 0, step = 1;
    for (; at < len && count < SUBJECT_MAX && step; count++)
        at += step = arc_utf8_length(subject + at, len - at);
    return at < len && count == SUBJECT_MAX ? words("%.*s…", (int)at, subject)
                                            : json_stringn(subject, len);
}

static json_t *commit_values(const json_t *plan, const json_t *commit, bool *conventional)
{
    const char *hash = text_of(commit, "hash"), *subject = text_of(commit, "subject");
    const char *body = text_of(commit, "body"), *merged = text_of(commit, "pull");
    hash = hash ? hash : "";
    subject = subject && *subject ? subject : "(no message)";
    size_t len = strlen(subject), section = section_of(subject, body ? body : "", conventional);
    const char *pull = NULL;
    if (text_of(plan, "source"))
        pull = merged ? merged : pull_number(subject, &len);
    json_t *number = pull ? json_integer(strtol(pull, NULL, 10)) : NULL;
    ARC_AUTO_JSON json_t *page =
        pull ? words("%" JSON_INTEGER_FORMAT, json_integer_value(number)) : NULL;
    json_t *pull_value = pull ? json_pack("{s:o, s:o}", "number", number, "url",
                                          link_to(plan, "pull", json_string_value(page)))
                              : json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "hash", hash, "short",
                     json_stringn(hash, strnlen(hash, 7)), "subject", cut_subject(subject, len),
                     "author", member(commit, "author"), "date", member(commit, "date"), "url",
                     link_to(plan, "commit", hash), "pull", pull_value, "section",
                     (json_int_t)section);
}

/* The commit that another one takes back: git writes "This reverts commit HASH." */
static const json_t *reverted(const json_t *commits, const json_t *commit)
{
    const char *body = text_of(commit, "body");
    const char *at = body ? strstr(body, "This reverts commit ") : NULL;
    size_t i, len = at ? strspn(at + 20, "0123456789abcdef") : 0;
    json_t *other;
    json_array_foreach (commits, i, other) {
        const char *hash = text_of(other, "hash");
        if (len >= 7 && len <= 40 && hash && strncmp(hash, at + 20, len) == 0)
            return other;
    }
    return NULL;
}

/* Without what was taken back within the release, and what took it back. */
static json_t *without_reverted(const json_t *commits)
{
    json_t *left = json_array();
    ARC_AUTO_JSON json_t *gone = json_object();
    size_t i;
    json_t *commit;
    json_array_foreach (commits, i, commit) { /* the newest first: a revert of a revert counts */
        const json_t *other = reverted(commits, commit);
        if (!other || json_object_get(gone, text_of(commit, "hash")))
            continue;
        if (json_object_set_new(gone, text_of(commit, "hash"), json_true()) ||
            json_object_set_new(gone, text_of(other, "hash"), json_true()))
            return NULL;
    }
    json_array_foreach (commits, i, commit) {
        const char *hash = text_of(commit, "hash");
        if (!hash || !json_object_get(gone, hash))
            json_array_append(left, commit);
    }
    return left;
}

/* *sorted: whether they are listed by kind. */
static json_t *commits_values(const struct arc_notes_options *options, bool *sorted)
{
    json_t *commits = json_array();
    const json_t *log = json_object_get(options->log, "commits");
    bool all = json_is_true(json_object_get(options->log, "all")), conventional = false;
    ARC_AUTO_JSON json_t *kept = all ? json_incref((json_t *)log) : without_reverted(log);
    size_t i;
    json_t *commit;
    json_array_foreach (kept, i, commit)
        push(&commits, commit_values(options->plan, commit, &conventional));
    *sorted = conventional && !all;
    return commits;
}

json_t *arc_notes_sections(const json_t *commits, bool sorted)
{
    json_t *list = json_array();
    for (size_t s = 0; s < (sorted ? SECTION_COUNT : 1); s++) {
        json_t *own = json_array(), *commit;
        size_t i;
        json_array_foreach (commits, i, commit)
            if (!sorted || json_integer_value(json_object_get(commit, "section")) == (json_int_t)s)
                json_array_append(own, commit);
        if (json_array_size(own))
            push(&list, json_pack("{s:s?, s:o}", "title", sorted ? sections[s].title : NULL,
                                  "commits", own));
        else
            json_decref(own);
    }
    return list;
}

/* The paragraphs of a text. */
static json_t *paragraphs(const char *text)
{
    json_t *list = json_array();
    while (text && *text) {
        text += strspn(text, "\n\r ");
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        while (len && strchr("\n\r ", text[len - 1]))
            len--;
        if (len)
            push(&list, json_stringn(text, len));
        text = end ? end : "";
    }
    return list;
}

static json_t *compare_url(const json_t *plan)
{
    const char *tag = text_of(plan, "tag");
    const char *previous = text_of(json_object_get(plan, "version"), "previous-tag");
    if (!previous)
        return link_to(plan, "commits", tag);
    ARC_AUTO_JSON json_t *range = words("%s...%s", previous, tag);
    return range ? link_to(plan, "compare", json_string_value(range)) : NULL;
}

/* Why the commits are not known, or null. */
static json_t *unknown_reason(const json_t *log)
{
    if (!log)
        return json_string("the repository's history was not read");
    return member(log, "unknown");
}

/* Whether this is known to be the group's first release: where history or tags are missing, no
 * previous tag proves nothing. */
static bool first_release(const struct arc_notes_options *options)
{
    const json_t *version = json_object_get(options->plan, "version");
    return options->log && !text_of(options->log, "unknown") && !text_of(version, "previous-tag");
}

/* ---- all ----------------------------------------------------------------------------------- */

static int check_plan(const json_t *plan, struct arc_error *err)
{
    const json_t *version = json_object_get(plan, "version");
    if (!text_of(plan, "tag") || !text_of(version, "image-tag") || !text_of(version, "version"))
        return arc_error_set(err, ARC_EINPUT,
                             "the plan is not of a release: it has no tag and version; make one "
                             "with 'arc-ci plan TAG --json'");
    if (!text_of(plan, "group") || !json_is_array(json_object_get(plan, "services")))
        return arc_error_set(err, ARC_EINPUT, "the plan names no group or no services");
    return ARC_OK;
}

int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err)
{
    const json_t *plan = options->plan, *version = json_object_get(plan, "version");
    int rc = check_plan(plan, err);
    if (rc)
        return rc;
    ARC_AUTO_JSON json_t *services = json_array();
    rc = services_values(options, services, err);
    if (rc)
        return rc;
    bool sorted = false;
    json_t *commits = commits_values(options, &sorted);
    bool cut = json_is_false(json_object_get(options->log, "complete"));
    /* clang-format off */
    *out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:O, s:o,"
                     " s:o,"
                     " s:o, s:o, s:o, s:I, s:b, s:n, s:o, s:o, s:o, s:b}",
                     "group", member(plan, "group"),
                     "title", member(plan, "title"),
                     "description", member(plan, "description"),
                     "tag", member(plan, "tag"),
                     "version", member(version, "version"),
                     "image-tag", member(version, "image-tag"),
                     "prerelease", flag(version, "prerelease"),
                     "latest", flag(version, "latest"),
                     "previous-tag", member(version, "previous-tag"),
                     "first", first_release(options),
                     "revision", member(plan, "revision"),
                     "created", member(plan, "created"),
                     "source", member(plan, "source"),
                     "services", services,
                     "has", has_values(services),
                     "make", make_group(options),
                     "gate", gate_values(options->scan),
                     "compare-url", compare_url(plan),
                     "commits", commits,
                     "commit-count", (json_int_t)json_array_size(commits),
                     "commits-cut", cut && json_array_size(commits) > 0,
                     "commits-left", /* set when it is known how many fit */
                     "changes-unknown", unknown_reason(options->log),
                     "tag-message", paragraphs(text_of(options->log, "message")),
                     "new-contributors", member(options->log, "newcomers"),
                     "sorted", sorted);
    /* clang-format on */
    return *out ? ARC_OK : arc_error_nomem(err);
}
