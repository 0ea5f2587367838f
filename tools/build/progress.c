#include "build/progress.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "os/base64.h"
#include <string.h>

#define VALUE_MAX ((size_t)16 << 20)
#define TEXT_KEPT ((size_t)64 << 10)
#define LOG_MAX   ((size_t)4 << 20)

struct arc_progress {
    struct arc_progress_options options;
    json_t *vertexes;         /* digest → {service, platform, step, state, error} */
    json_t *cells;            /* "service platform" → {started, completed, cached} */
    json_t *pushed;           /* service → digest of its index */
    json_t *news;             /* those of them that on_pushed was not told yet */
    json_t *failed;           /* the entry of the step that failed first; owned */
    const char *only_service; /* when there is a single target */
    struct arc_buf value;     /* the JSON value that is being read */
    struct arc_buf text;
    unsigned depth; /* of braces and brackets; 0 between values */
    bool in_string, escaped, line_start;
};

int arc_progress_new(const struct arc_progress_options *options, struct arc_progress **out,
                     struct arc_error *err)
{
    struct arc_progress *progress = calloc(1, sizeof *progress);
    ARC_TRY_ALLOC(progress, err);
    *progress = (struct arc_progress){.options = *options,
                                      .vertexes = json_object(),
                                      .cells = json_object(),
                                      .pushed = json_object(),
                                      .news = json_object(),
                                      .value.max = VALUE_MAX,
                                      .text.max = 2 * TEXT_KEPT,
                                      .line_start = true};
    json_t *targets = json_object_get(options->definition, "target");
    if (json_object_size(targets) == 1)
        progress->only_service = json_object_iter_key(json_object_iter(targets));

    if (!progress->vertexes || !progress->cells || !progress->pushed || !progress->news) {
        arc_progress_free(progress);
        return arc_error_nomem(err);
    }
    *out = progress;

    return ARC_OK;
}

void arc_progress_free(struct arc_progress *progress)
{
    if (!progress)
        return;
    json_decref(progress->vertexes);
    json_decref(progress->cells);
    json_decref(progress->pushed);
    json_decref(progress->news);
    json_decref(progress->failed);
    arc_buf_free(&progress->value);
    arc_buf_free(&progress->text);
    free(progress);
}

/* ---- a vertex's name ----------------------------------------------------------------------- */

/* The pieces of "[flash linux/arm64 2/2] RUN …". */
struct name {
    char service[128];
    char platform[128];
    char step[1024];
};

static const json_t *target_of(const struct arc_progress *progress, const char *name)
{
    return json_object_get(json_object_get(progress->options.definition, "target"), name);
}

/* Whether it is a step of a Dockerfile: "2/3 RUN …", "builder 1/2 COPY …". */
static bool is_numbered(const char *step)
{
    const char *number = strpbrk(step, "0123456789");
    size_t digits = number ? strspn(number, "0123456789") : 0;
    const char *space = strchr(step, ' ');
    bool early = number && (number == step || number == space + 1);
    return early && number[digits] == '/' && strchr("123456789", number[digits + 1]);
}

static void parse_name(const struct arc_progress *progress, const char *text, struct name *out)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    *out = (struct name){0};
    if (progress->only_service)
        snprintf(out->service, sizeof out->service, "%s", progress->only_service);
    size_t used = 0;
    for (const char *word = end ? text + 1 : NULL; word && word < end;) {
        size_t len = strcspn(word, " ]");
        char copy[128];
        snprintf(copy, sizeof copy, "%.*s", (int)len, word);
        if (used == 0 && !out->step[0] && target_of(progress, copy))
            snprintf(out->service, sizeof out->service, "%s", copy);
        else if (!out->platform[0] &&
                 arc_json_lists(json_object_get(target_of(progress, out->service), "platforms"),
                                copy))
            snprintf(out->platform, sizeof out->platform, "%s", copy);
        else if (used + len + 2 < sizeof out->step)
            used += (size_t)snprintf(out->step + used, sizeof out->step - used, "%s ", copy);
        word += len + strspn(word + len, " ");
    }

    const char *rest = end ? end + 1 + strspn(end + 1, " ") : text;
    snprintf(out->step + used, sizeof out->step - used, "%s", rest);

    /* A platform that is left out is the only one, for a step that has one. */
    const json_t *platforms = json_object_get(target_of(progress, out->service), "platforms");
    if (!out->platform[0] && json_array_size(platforms) == 1 && is_numbered(out->step))
        snprintf(out->platform, sizeof out->platform, "%s",
                 json_string_value(json_array_get(platforms, 0)));
}

/* ---- vertexes ------------------------------------------------------------------------------ */

/* "2026-11-23T22:07:03.647616875Z" in seconds since 1970; 0 for none. */
static double time_of(const json_t *vertex, const char *key)
{
    const char *text = arc_json_text_of(vertex, key), *dot = strchr(text, '.');
    int64_t seconds;
    if (!arc_time_parse(text, &seconds))
        return 0;
    return (double)seconds + (dot ? strtod(dot, NULL) : 0);
}

static int widen_cell(struct arc_progress *progress, const struct name *name, double started,
                      double completed, bool cached)
{
    char key[400];

    if (!name->platform[0])
        return 0;
    snprintf(key, sizeof key, "%s %s", name->service, name->platform);
    json_t *cell = json_object_get(progress->cells, key);
    if (!cell) {
        cell = json_pack("{s:f, s:f, s:b}", "started", started, "completed", completed, "cached",
                         true);
        if (json_object_set_new(progress->cells, key, cell))
            return -1;
    }

    if (started < json_real_value(json_object_get(cell, "started")))
        json_object_set_new(cell, "started", json_real(started));
    if (completed > json_real_value(json_object_get(cell, "completed")))
        json_object_set_new(cell, "completed", json_real(completed));

    /* Metadata and FROM always run and say nothing about the cache; the other numbered steps do. */
    if (is_numbered(name->step) && !cached && !strstr(name->step, " FROM "))
        json_object_set_new(cell, "cached", json_false());

    return 0;
}

static void tell(const struct arc_progress *progress, const struct arc_build_event *event)
{
    const struct arc_build_listener *listener = &progress->options.listener;
    if (listener->on_event)
        listener->on_event(listener->context, event);
}

static int see_vertex(struct arc_progress *progress, const json_t *vertex)
{
    const char *digest = arc_json_text_of(vertex, "digest");
    double started = time_of(vertex, "started"), completed = time_of(vertex, "completed");
    struct name name;

    parse_name(progress, arc_json_text_of(vertex, "name"), &name);
    bool cached = json_is_true(json_object_get(vertex, "cached"));
    enum arc_step_state state = ARC_STEP_RUNNING;
    if (*arc_json_text_of(vertex, "error"))
        state = ARC_STEP_FAILED;
    else if (completed > 0)
        state = cached ? ARC_STEP_CACHED : ARC_STEP_DONE;
    if (started <= 0 && state == ARC_STEP_RUNNING)
        return 0; /* only announced */
    const json_t *known = json_object_get(progress->vertexes, digest);
    const json_t *before = json_object_get(known, "state");
    if (before && json_integer_value(before) == (json_int_t)state)
        return 0;
    json_t *seen = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b}", "service", name.service, "platform",
                             name.platform, "step", name.step, "state", (int)state, "error",
                             arc_json_text_of(vertex, "error"), "foreign",
                             json_is_true(json_object_get(known, "foreign")));
    if (json_object_set_new(progress->vertexes, digest, seen))
        return -1;
    /* The steps that failed after the first one were cancelled because of it. */
    bool cancelled = strstr(arc_json_text_of(vertex, "error"), "context canceled");
    if (state == ARC_STEP_FAILED && !cancelled && !progress->failed)
        progress->failed = json_incref(seen);
    struct arc_build_event event = {
        .service = name.service,
        .platform = name.platform,
        .step = name.step,
        .state = state,
        .duration = completed > started && started > 0 ? completed - started : 0};
    tell(progress, &event);
    if (state == ARC_STEP_RUNNING)
        return 0;

    return widen_cell(progress, &name, started, completed, state == ARC_STEP_CACHED);
}

static int see_log(const struct arc_progress *progress, const json_t *log)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = LOG_MAX};
    json_t *vertex = json_object_get(progress->vertexes, arc_json_text_of(log, "vertex"));

    if (!vertex || arc_base64_decode(arc_json_text_of(log, "data"), &text, NULL) || text.failed)
        return 0; /* a log line that cannot be read is no reason to end the build */
    if (strstr(arc_buf_text(&text), "exec format error"))
        json_object_set_new(vertex, "foreign", json_true());
    struct arc_build_event event = {
        .service = arc_json_text_of(vertex, "service"),
        .platform = arc_json_text_of(vertex, "platform"),
        .step = arc_json_text_of(vertex, "step"),
        .state = (enum arc_step_state)json_integer_value(json_object_get(vertex, "state")),
        .log = arc_buf_text(&text),
        .log_len = text.len};
    tell(progress, &event);

    return 0;
}

/* The exporter pushes what an index lists before the index ("pushing manifest for IMAGE@sha256:…").
 */
static int see_status(struct arc_progress *progress, const json_t *status)
{
    const char *id = arc_json_text_of(status, "id"), *digest = strrchr(id, '@');
    const json_t *vertex = json_object_get(progress->vertexes, arc_json_text_of(status, "vertex"));
    const char *service = arc_json_text_of(vertex, "service");

    if (!ARC_STARTS(id, "pushing manifest for ") || !digest ||
        !*arc_json_text_of(status, "completed") || !target_of(progress, service) ||
        json_object_get(progress->pushed, service))
        return 0;

    json_t *text = json_string(digest + 1);
    int failed = json_object_set(progress->news, service, text);
    return json_object_set_new(progress->pushed, service, text) || failed;
}

/* ---- the stream ---------------------------------------------------------------------------- */

static int end_value(struct arc_progress *progress, struct arc_error *err)
{
    ARC_TRY(arc_buf_check(&progress->value, "a progress report of buildx", err));
    ARC_AUTO_JSON json_t *status = json_loadb(progress->value.data, progress->value.len, 0, NULL);
    int failed = 0;
    arc_json_each (item, json_object_get(status, "vertexes"))
        failed |= see_vertex(progress, item);
    arc_json_each (item, json_object_get(status, "logs"))
        failed |= see_log(progress, item);
    arc_json_each (item, json_object_get(status, "statuses"))
        failed |= see_status(progress, item);
    arc_buf_reset(&progress->value);

    return failed ? arc_error_nomem(err) : ARC_OK;
}

static void add_text(struct arc_progress *progress, char c)
{
    struct arc_buf *text = &progress->text;
    if (text->len >= 2 * TEXT_KEPT - 1) { /* keep the last half */
        memmove(text->data, text->data + TEXT_KEPT, text->len - TEXT_KEPT);
        text->len -= TEXT_KEPT;
        text->data[text->len] = '\0';
    }
    arc_buf_putc(text, c ? c : ' ');
}

static int add_value(struct arc_progress *progress, char c, struct arc_error *err)
{
    arc_buf_putc(&progress->value, c);

    if (progress->in_string) {
        bool ends = c == '"' && !progress->escaped;
        progress->escaped = c == '\\' && !progress->escaped;
        progress->in_string = !ends;
        return ARC_OK;
    }

    if (c == '"')
        progress->in_string = true;
    else if (c == '{' || c == '[')
        progress->depth++;
    else if ((c == '}' || c == ']') && --progress->depth == 0)
        return end_value(progress, err);

    return ARC_OK;
}

int arc_progress_feed(struct arc_progress *progress, const char *data, size_t len,
                      struct arc_error *err)
{
    int rc = ARC_OK;
    for (size_t i = 0; !rc && i < len; i++) {
        bool begins = progress->line_start && data[i] == '{';
        bool value = progress->depth || begins;
        if (value)
            rc = add_value(progress, data[i], err);
        else if (data[i] != '\n' || !progress->line_start) /* empty lines part the values */
            add_text(progress, data[i]);
        progress->line_start = data[i] == '\n' || (value && !progress->depth);
        if (!rc && progress->value.failed)
            rc = arc_buf_check(&progress->value, "a progress report of buildx", err);
    }

    /* All that one piece of output brought at once: who hears of it may take a while. */
    const struct arc_progress_options *options = &progress->options;
    if (!rc && options->on_pushed && json_object_size(progress->news))
        options->on_pushed(options->context, progress->news);
    json_object_clear(progress->news);

    return rc;
}

/* ---- what was seen ------------------------------------------------------------------------- */

const char *arc_progress_text(const struct arc_progress *progress)
{
    return arc_buf_text(&progress->text);
}

void arc_progress_time(const struct arc_progress *progress, const char *service,
                       struct arc_built_cell *cell)
{
    char key[400];
    snprintf(key, sizeof key, "%s %s", service, cell->platform);
    const json_t *seen = json_object_get(progress->cells, key);
    if (!seen)
        return;
    cell->started = json_real_value(json_object_get(seen, "started"));
    cell->duration = json_real_value(json_object_get(seen, "completed")) - cell->started;
    cell->cached = json_is_true(json_object_get(seen, "cached"));
}

const char *arc_progress_failure(const struct arc_progress *progress, const char **service,
                                 const char **platform, bool *foreign)
{
    if (!progress->failed)
        return NULL;
    *service = arc_json_text_of(progress->failed, "service");
    *platform = arc_json_text_of(progress->failed, "platform");
    *foreign = json_is_true(json_object_get(progress->failed, "foreign"));
    return arc_json_text_of(progress->failed, "error");
}

size_t arc_progress_done(const struct arc_progress *progress)
{
    size_t count = 0;
    arc_json_each_pair (digest, vertex, progress->vertexes)
        count += json_integer_value(json_object_get(vertex, "state")) != ARC_STEP_RUNNING;
    return count;
}
