#include "dockerfile/stages.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "dockerfile/ignore.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define STAGES_MAX  1000
#define SOURCES_MAX 20000
#define WORD_MAX    ((size_t)8192)

/* A Dockerfile being read. */
struct reader {
    const struct arc_stages_request *request;
    struct arc_stages *out;
    json_t *globals; /* ARG before the first FROM, and what BuildKit gives */
    size_t sources;
    char escape;
    struct arc_error *err;
};

/* ---- names --------------------------------------------------------------------------------- */

/* The part of a reference that tells it apart: without docker.io/, library/ and :latest. */
static size_t familiar(const char **name)
{
    if (strncmp(*name, "docker.io/", 10) == 0)
        *name += 10;
    if (strncmp(*name, "library/", 8) == 0)
        *name += 8;
    size_t len = strlen(*name);
    if (len > 7 && strcmp(*name + len - 7, ":latest") == 0)
        len -= 7;
    return len;
}

bool arc_context_is(const char *key, const char *name)
{
    size_t a = familiar(&key), b = familiar(&name);
    return a == b && strncasecmp(key, name, a) == 0;
}

/* The key of the additional context that a name means, or NULL. */
static const char *context_of(const struct reader *r, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)r->request->contexts, key, value)
        if (arc_context_is(key, name))
            return key;
    return NULL;
}

static size_t stage_of(const struct arc_stages *stages, const char *name)
{
    for (size_t i = stages->count; i > 0; i--)
        if (stages->items[i - 1].name && strcasecmp(stages->items[i - 1].name, name) == 0)
            return i - 1;
    return SIZE_MAX;
}

static size_t number_of(const struct arc_stages *stages, const char *name)
{
    size_t digits = strspn(name, "0123456789");
    if (!digits || digits > 6 || name[digits])
        return SIZE_MAX;
    size_t number = (size_t)strtoul(name, NULL, 10);
    return number < stages->count ? number : SIZE_MAX;
}

const struct arc_stage *arc_stages_target(const struct arc_stages *stages, const char *target)
{
    size_t found = stages->count - 1;
    if (target && *target) {
        found = stage_of(stages, target);
        if (found == SIZE_MAX)
            found = number_of(stages, target);
    }
    return stages->count && found != SIZE_MAX ? &stages->items[found] : NULL;
}

/* ---- memory -------------------------------------------------------------------------------- */

void arc_stages_free(struct arc_stages *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        json_decref(stages->items[i].values);
        json_decref(stages->items[i].needs);
        json_decref(stages->items[i].images);
        json_decref(stages->items[i].onbuild);
    }

    arc_arena_free(&stages->memory);
    *stages = (struct arc_stages){0};
}

static struct arc_stage *current(const struct reader *r)
{
    return &r->out->items[r->out->count - 1];
}

static int need(struct reader *r, size_t stage)
{
    return json_array_append_new(current(r)->needs, json_integer((json_int_t)stage))
               ? arc_error_nomem(r->err)
               : ARC_OK;
}

/* ---- sources ------------------------------------------------------------------------------- */

/* A source as it is found: what of it belongs to the instruction as a whole. Nothing is owned. */
struct origin {
    const char *keyword;
    unsigned line;
    const char *context; /* NULL: the build's own */
    const char *without;
    bool parents;
};

/* Adds a source: `path` as written. With a doubt everything in its context counts. */
static int add_source(struct reader *r, const struct origin *origin, const char *path,
                      const char *doubt)
{
    struct arc_stage *stage = current(r);
    ARC_AUTO(arc_buf) struct arc_buf text = {0}, clean = {0}, expanded = {.max = WORD_MAX};
    struct arc_scope scope = {stage->values, stage->open, r->escape};

    if (++r->sources > SOURCES_MAX)
        return arc_error_set(r->err, ARC_ELIMIT, "more than %d sources", SOURCES_MAX);
    if (!doubt && !arc_word_expand(&scope, path, &expanded))
        doubt = "it contains a variable whose value is not known";
    if (expanded.failed == ARC_ENOMEM)
        return arc_error_nomem(r->err);
    if (!doubt)
        arc_path_clean(arc_buf_text(&expanded), expanded.len, true, &clean);
    arc_buf_printf(&text, "%s %s", origin->keyword, path);
    ARC_TRY(arc_buf_check(&text, "a source", r->err));
    ARC_TRY(arc_buf_check(&clean, "a source", r->err));

    struct arc_arena *memory = &r->out->memory;
    struct arc_source *source =
        arc_arena_append(memory, &stage->sources, &stage->count, sizeof *source);
    ARC_TRY_ALLOC(source, r->err);
    *source = (struct arc_source){.line = origin->line,
                                  .parents = origin->parents,
                                  .context = arc_arena_text(memory, origin->context),
                                  .without = arc_arena_text(memory, origin->without),
                                  .doubt = arc_arena_text(memory, doubt),
                                  .path = arc_arena_text(memory, arc_buf_text(&clean)),
                                  .text = arc_arena_text(memory, arc_buf_text(&text))};
    return arc_arena_check(memory, r->err);
}

static int note_image(struct reader *r, const char *ref)
{
    bool failed = json_array_append_new(current(r)->images, json_string(ref));
    return failed ? arc_error_nomem(r->err) : ARC_OK;
}

/* Where a `from` leads: to an additional context, or to an image (*image) or a stage, which is then
 * needed. `numbers`: a COPY may name a stage by its number, a mount may not. */
static int resolve_from(struct reader *r, const char *from, bool numbers, const char **context,
                        bool *image)
{
    *context = context_of(r, from); /* one stands in for a stage of its name, too */
    *image = false;
    if (*context)
        return ARC_OK;
    size_t stage = stage_of(r->out, from);
    if (stage == r->out->count - 1)
        stage = SIZE_MAX;
    if (stage == SIZE_MAX && numbers)
        stage = number_of(r->out, from);
    *image = true; /* nothing of a context, be it a stage's */

    return stage == SIZE_MAX ? note_image(r, from) : need(r, stage);
}

/* ---- COPY and ADD -------------------------------------------------------------------------- */

/* The flags of an instruction that matter here. */
struct flags {
    struct arc_buf from;
    struct arc_buf without;
    size_t excludes;
    bool has_from;
    bool parents;
};

static void flags_free(struct flags *flags)
{
    arc_buf_free(&flags->from);
    arc_buf_free(&flags->without);
}

/* "--exclude=**" and a slash and a name leaves that name out at any depth; what other patterns are
 * relative to differs, and leaving them be is the safe side. Of several, none is kept. */
static void note_exclude(struct flags *flags, const char *pattern)
{
    flags->excludes++;
    arc_buf_reset(&flags->without);
    if (flags->excludes == 1 && strncmp(pattern, "**/", 3) == 0 && !strpbrk(pattern + 3, "/$"))
        arc_buf_puts(&flags->without, pattern + 3);
}

/* Takes a flag ("--name=value", "--name"), without its quotes; false at the first other word. */
static bool take_flag(const char **args, struct arc_buf *word)
{
    *args += strspn(*args, " \t\r\n");
    return strncmp(*args, "--", 2) == 0 && arc_dockerfile_word(args, word, NULL);
}

/* Moves *args behind the flags. */
static int take_flags(struct reader *r, const char **args, struct flags *flags)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};

    while (take_flag(args, &word)) {
        const char *text = arc_buf_text(&word);
        ARC_TRY(arc_buf_check(&word, "a flag", r->err));
        if (strncmp(text, "--from=", 7) == 0) {
            flags->has_from = true;
            arc_buf_puts(&flags->from, text + 7);
        } else if (strncmp(text, "--exclude=", 10) == 0) {
            note_exclude(flags, text + 10);
        } else if (strncmp(text, "--parents", 9) == 0) {
            flags->parents = strcmp(text + 9, "=false") != 0;
        }
    }

    return arc_buf_check(&flags->from, "a flag", r->err);
}

/* The words behind the flags: a JSON array, or what lies between blanks. New reference. */
static int take_words(struct reader *r, const char *args, json_t **out)
{
    args += strspn(args, " \t\r\n");
    *out = *args == '[' ? json_loads(args, 0, NULL) : NULL;
    arc_json_each (item, *out)
        if (!json_is_string(item)) {
            json_decref(*out);
            *out = NULL;
            break;
        }

    if (*out)
        return ARC_OK;

    *out = json_array();
    while (*out && *(args += strspn(args, " \t\r\n\v\f"))) {
        size_t len = strcspn(args, " \t\r\n\v\f");
        ARC_TRY_ALLOC(json_array_append_new(*out, json_stringn_nocheck(args, len)) == 0, r->err);
        args += len;
    }

    return *out ? ARC_OK : arc_error_nomem(r->err);
}

static bool is_remote(const char *source)
{
    return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0 ||
           strncmp(source, "git@", 4) == 0 || strncmp(source, "git://", 6) == 0 ||
           strncmp(source, "ssh://", 6) == 0;
}

static int add_words(struct reader *r, const struct origin *origin, const json_t *words)
{
    size_t count = json_array_size(words);
    struct arc_heredoc heredoc;

    for (size_t i = 0; i + 1 < count; i++) { /* the last one is where they go */
        const char *word = json_string_value(json_array_get(words, i));
        bool remote = strcmp(origin->keyword, "ADD") == 0 && is_remote(word);
        if (!remote && !arc_dockerfile_heredoc(word, strlen(word), &heredoc))
            ARC_TRY(add_source(r, origin, word, NULL));
    }

    return ARC_OK;
}

static int on_copy(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO(flags) struct flags flags = {.from.max = WORD_MAX, .without.max = WORD_MAX};
    ARC_AUTO_JSON json_t *words = NULL;
    const char *args = in->args;
    struct origin origin = {.keyword = in->keyword, .line = in->line};
    bool image = false;

    ARC_TRY(take_flags(r, &args, &flags));
    const char *from = arc_buf_text(&flags.from);
    if (flags.has_from && strchr(from, '$'))
        return add_source(r, &origin, in->args, "COPY --from holds a variable");
    if (flags.has_from)
        ARC_TRY(resolve_from(r, from, true, &origin.context, &image));
    if (image)
        return ARC_OK;

    origin.parents = flags.parents;
    origin.without = flags.without.len ? arc_buf_text(&flags.without) : NULL;
    ARC_TRY(take_words(r, args, &words));

    return add_words(r, &origin, words);
}

/* ---- RUN ----------------------------------------------------------------------------------- */

/* The fields of a mount, which is a line of CSV. */
struct mount {
    struct arc_buf type, from, source;
};

static void mount_free(struct mount *mount)
{
    arc_buf_free(&mount->type);
    arc_buf_free(&mount->from);
    arc_buf_free(&mount->source);
}

/* A field up to its comma, quotes of CSV taken off. Returns what follows. */
static const char *take_field(const char *at, struct arc_buf *out)
{
    bool quoted = *at == '"';

    arc_buf_reset(out);

    for (at += quoted; *at && (quoted || *at != ','); at++) {
        if (quoted && *at == '"' && at[1] != '"')
            quoted = false;
        else if (quoted && *at == '"')
            arc_buf_putc(out, *at++);
        else
            arc_buf_putc(out, *at);
    }

    return at + (*at == ',');
}

static void parse_mount(const char *text, struct mount *out)
{
    ARC_AUTO(arc_buf) struct arc_buf field = {.max = WORD_MAX};

    while (*text) {
        text = take_field(text, &field);
        const char *name = arc_buf_text(&field), *value = strchr(name, '=');
        size_t len = value ? (size_t)(value - name) : 0;
        struct arc_buf *slot = NULL;
        if (len == 4 && strncasecmp(name, "type", len) == 0)
            slot = &out->type;
        if (len == 4 && strncasecmp(name, "from", len) == 0)
            slot = &out->from;
        if ((len == 6 && strncasecmp(name, "source", len) == 0) ||
            (len == 3 && strncasecmp(name, "src", len) == 0))
            slot = &out->source;
        if (slot) {
            arc_buf_reset(slot);
            arc_buf_puts(slot, value + 1);
        }
    }
}

static int on_mount(struct reader *r, const struct arc_instruction *in, const char *text)
{
    ARC_AUTO(mount) struct mount mount = {0};
    struct origin origin = {.keyword = "RUN --mount", .line = in->line};
    bool image = false;

    parse_mount(text, &mount);
    const char *type = arc_buf_text(&mount.type), *from = arc_buf_text(&mount.from);
    bool bind = !*type || strcasecmp(type, "bind") == 0;
    if (!bind && strcasecmp(type, "cache") != 0)
        return strchr(type, '$') ? add_source(r, &origin, text, "its type holds a variable")
                                 : ARC_OK;

    if (strchr(from, '$'))
        return add_source(r, &origin, text, "its from holds a variable");
    if (*from)
        ARC_TRY(resolve_from(r, from, false, &origin.context, &image));
    if (image || (!bind && !*from))
        return ARC_OK;

    return add_source(r, &origin, mount.source.len ? arc_buf_text(&mount.source) : "/", NULL);
}

static int on_run(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = (size_t)1 << 20};
    const char *args = in->args;
    while (take_flag(&args, &word))
        if (strncmp(arc_buf_text(&word), "--mount=", 8) == 0)
            ARC_TRY(on_mount(r, in, arc_buf_text(&word) + 8));
    return ARC_OK;
}

/* ---- variables ----------------------------------------------------------------------------- */

/* Sets a variable; `value` NULL: it cannot be told. */
static int set_value(struct reader *r, json_t *values, const char *name, const char *value)
{
    json_t *text = value ? json_string_nocheck(value) : json_null();
    return json_object_set_new_nocheck(values, name, text) ? arc_error_nomem(r->err) : ARC_OK;
}

/* Frontends differ in which of two values an ARG of a name that is set already has: then it cannot
 * be told, unless both are the same. */
static int set_arg(struct reader *r, json_t *values, const char *name, const char *value)
{
    const json_t *old = json_object_get(values, name);
    bool same = !old || (value && json_is_string(old) && !strcmp(json_string_value(old), value));
    return set_value(r, values, name, same ? value : NULL);
}

/* ARG NAME[=default] in `values`, the globals or a stage's. */
static int define_arg(struct reader *r, json_t *values, bool open, const char *word)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = WORD_MAX}, value = {.max = WORD_MAX};
    struct arc_scope scope = {values, open, r->escape};
    const char *equals = strchr(word, '=');

    arc_buf_add(&name, word, equals ? (size_t)(equals - word) : strlen(word));
    ARC_TRY(arc_buf_check(&name, "an ARG", r->err));

    const char *key = arc_buf_text(&name);
    const json_t *given = json_object_get(r->request->args, key);
    if (given)
        return set_arg(r, values, key, json_string_value(given));

    if (equals)
        return set_arg(r, values, key,
                       arc_word_expand(&scope, equals + 1, &value) ? arc_buf_text(&value) : NULL);

    const json_t *global = values == r->globals ? NULL : json_object_get(r->globals, key);
    if (global)
        return set_arg(r, values, key, json_string_value(global));

    return ARC_OK; /* without a value, or with one of the base image's ENV */
}

static int on_arg(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};
    struct arc_stage *stage = r->out->count ? current(r) : NULL;
    const char *args = in->args;

    while (arc_word_take(&args, r->escape, &word)) {
        ARC_TRY(arc_buf_check(&word, "an ARG", r->err));
        ARC_TRY(define_arg(r, stage ? stage->values : r->globals, stage && stage->open,
                           arc_buf_text(&word)));
    }

    return ARC_OK;
}

/* One NAME=VALUE of an ENV; all of an instruction see the values before it. */
static int define_env(struct reader *r, const struct arc_scope *before, const char *word,
                      size_t name_len, const char *value)
{
    ARC_AUTO(arc_buf) struct arc_buf raw = {.max = WORD_MAX}, name = {.max = WORD_MAX};
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)64 << 10};
    arc_buf_add(&raw, word, name_len);
    if (!arc_word_expand(before, arc_buf_text(&raw), &name))
        return ARC_OK;
    bool known = arc_word_expand(before, value, &text);
    return set_value(r, current(r)->values, arc_buf_text(&name),
                     known ? arc_buf_text(&text) : NULL);
}

static int on_env(struct reader *r, const struct arc_instruction *in)
{
    struct arc_stage *stage = current(r);
    ARC_AUTO_JSON json_t *values = arc_json_copy(stage->values);
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = (size_t)64 << 10};
    struct arc_scope before = {values, stage->open, r->escape};
    const char *args = in->args;

    ARC_TRY_ALLOC(values, r->err);

    bool first = true;
    while (arc_word_take(&args, r->escape, &word)) {
        ARC_TRY(arc_buf_check(&word, "an ENV", r->err));
        const char *text = arc_buf_text(&word), *equals = strchr(text, '=');
        if (!equals && first) /* ENV NAME the rest */
            return define_env(r, &before, text, word.len, args + strspn(args, " \t"));
        if (equals)
            ARC_TRY(define_env(r, &before, text, (size_t)(equals - text), equals + 1));
        first = false;
    }

    return ARC_OK;
}

/* ---- FROM ---------------------------------------------------------------------------------- */

/* What FROM says: [--platform=P] REF [AS NAME]. */
struct from {
    struct arc_buf platform, ref, name;
};

static void from_free(struct from *from)
{
    arc_buf_free(&from->platform);
    arc_buf_free(&from->ref);
    arc_buf_free(&from->name);
}

static int parse_from(const struct reader *r, const char *args, struct from *out)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};
    while (arc_word_take(&args, r->escape, &word)) {
        const char *text = arc_buf_text(&word);
        if (strncmp(text, "--platform=", 11) == 0)
            arc_buf_puts(&out->platform, text + 11);
        else if (!out->ref.len && strncmp(text, "--", 2) != 0)
            arc_buf_puts(&out->ref, text);
        else if (strcasecmp(text, "AS") == 0 && arc_word_take(&args, r->escape, &word))
            for (const char *c = arc_buf_text(&word); *c; c++)
                arc_buf_putc(&out->name, (char)tolower((unsigned char)*c));
        ARC_TRY(arc_buf_check(&word, "a word of FROM", r->err));
    }

    ARC_TRY(arc_buf_check(&out->platform, "a platform", r->err));
    ARC_TRY(arc_buf_check(&out->name, "a stage's name", r->err));

    return arc_buf_check(&out->ref, "the name of an image", r->err);
}

static int new_stage(struct reader *r, unsigned line)
{
    if (r->out->count == STAGES_MAX)
        return arc_error_set(r->err, ARC_ELIMIT, "more than %d stages", STAGES_MAX);
    struct arc_stage *stage =
        arc_arena_append(&r->out->memory, &r->out->items, &r->out->count, sizeof *stage);
    ARC_TRY_ALLOC(stage, r->err);
    *stage = (struct arc_stage){.line = line,
                                .values = json_object(),
                                .needs = json_array(),
                                .onbuild = json_array(),
                                .images = json_array()};
    return stage->values && stage->needs && stage->onbuild && stage->images
               ? ARC_OK
               : arc_error_nomem(r->err);
}

static int apply(struct reader *r, const struct arc_instruction *in);

/* A stage that starts from another has its variables, and runs its triggers. */
static int inherit(struct reader *r, size_t base)
{
    struct arc_stage *stage = current(r), *from = &r->out->items[base];
    ARC_AUTO_JSON json_t *triggers = json_incref(from->onbuild);

    stage->open = from->open;
    if (json_object_update(stage->values, from->values))
        return arc_error_nomem(r->err);
    ARC_TRY(need(r, base));

    arc_json_each (trigger, triggers) {
        struct arc_instruction in = {.line =
                                         (unsigned)json_integer_value(json_array_get(trigger, 1))};
        arc_instruction_parse(json_string_value(json_array_get(trigger, 0)), &in);
        ARC_TRY(apply(r, &in));
    }

    return ARC_OK;
}

/* An image from elsewhere may have triggers of its own; by custom its tag says so. */
static int start_from_image(struct reader *r, const char *ref, const struct origin *origin)
{
    current(r)->open = strcmp(ref, "scratch") != 0;
    ARC_TRY(note_image(r, ref));
    const char *colon = strrchr(ref, ':');
    if (colon && strstr(colon, "onbuild"))
        return add_source(r, origin, ref, "its base has ONBUILD triggers");
    return ARC_OK;
}

/* The platform that a FROM names, or that the stage which it starts from has. */
static int set_platform(struct reader *r, struct from *from, size_t base)
{
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = WORD_MAX};
    struct arc_stage *stage = current(r);
    struct arc_scope scope = {r->globals, false, r->escape};
    const struct arc_stage *parent = base == SIZE_MAX ? NULL : &r->out->items[base];

    if (from->platform.len) {
        bool known = arc_word_expand(&scope, arc_buf_text(&from->platform), &value);
        stage->platform = arc_arena_text(&r->out->memory, arc_buf_text(&from->platform));
        stage->built_for = arc_arena_text(&r->out->memory, known ? arc_buf_text(&value) : "");
        stage->platform_line = stage->line;
    } else if (parent) {
        stage->platform = parent->platform;
        stage->built_for = parent->built_for;
        stage->platform_line = parent->platform_line;
    }

    return arc_arena_check(&r->out->memory, r->err);
}

static int on_from(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO(from) struct from from = {0};
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = WORD_MAX};
    struct arc_scope scope = {r->globals, false, r->escape};
    struct origin origin = {.keyword = "FROM", .line = in->line};

    ARC_TRY(parse_from(r, in->args, &from));
    bool known = arc_word_expand(&scope, arc_buf_text(&from.ref), &ref);
    if (ref.failed == ARC_ENOMEM)
        return arc_error_nomem(r->err);
    size_t base = known ? stage_of(r->out, arc_buf_text(&ref)) : SIZE_MAX;
    ARC_TRY(new_stage(r, in->line));

    struct arc_stage *stage = current(r);
    stage->base = arc_arena_text(&r->out->memory, known ? arc_buf_text(&ref) : "");
    if (from.name.len)
        stage->name = arc_arena_text(&r->out->memory, arc_buf_text(&from.name));
    ARC_TRY(set_platform(r, &from, base));
    origin.context = stage->name ? context_of(r, stage->name) : NULL;
    if (origin.context)
        return add_source(r, &origin, "/", NULL);

    if (!known) /* no stage can be meant that is not named plainly, unless it is */
        return add_source(r, &origin, arc_buf_text(&from.ref),
                          "its base contains a variable whose value is not known");

    origin.context = context_of(r, stage->base);
    if (!origin.context && base != SIZE_MAX)
        return inherit(r, base);

    if (origin.context) {
        stage->open = true;
        return add_source(r, &origin, "/", NULL);
    }

    return start_from_image(r, stage->base, &origin);
}

/* ---- everything ---------------------------------------------------------------------------- */

static int on_onbuild(struct reader *r, const struct arc_instruction *in)
{
    json_t *trigger = json_pack("[s, i]", in->args, (int)in->line);
    return json_array_append_new(current(r)->onbuild, trigger) ? arc_error_nomem(r->err) : ARC_OK;
}

static int apply(struct reader *r, const struct arc_instruction *in)
{
    static const struct {
        const char *keyword;
        int (*apply)(struct reader *r, const struct arc_instruction *in);
    } rows[] = {{"COPY", on_copy}, {"ADD", on_copy}, {"RUN", on_run},
                {"ARG", on_arg},   {"ENV", on_env},  {"ONBUILD", on_onbuild}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(in->keyword, rows[i].keyword) == 0)
            return rows[i].apply(r, in);

    return ARC_OK;
}

/* The variables that BuildKit gives: those of the target, when it is known; the builder's own never
 * are. */
static int add_globals(struct reader *r)
{
    static const char *const unknown[] = {"BUILDPLATFORM", "BUILDOS",        "BUILDARCH",
                                          "BUILDVARIANT",  "TARGETPLATFORM", "TARGETOS",
                                          "TARGETARCH",    "TARGETVARIANT"};
    static const char *const parts[] = {"TARGETOS", "TARGETARCH", "TARGETVARIANT"};
    const char *platform = r->request->platform;

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ARC_TRY(set_value(r, r->globals, unknown[i], NULL));
    if (!platform)
        return ARC_OK;

    ARC_TRY(set_value(r, r->globals, "TARGETPLATFORM", platform));

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char part[64] = "";
        size_t len = strcspn(platform, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, platform);
        ARC_TRY(set_value(r, r->globals, parts[i], part));
        platform += len + (platform[len] == '/');
    }

    return ARC_OK;
}

/* Only docker's own frontends are known. */
static bool knows_syntax(const char *syntax)
{
    if (strncmp(syntax, "docker.io/", 10) == 0)
        syntax += 10;
    return !*syntax || strncmp(syntax, "docker/dockerfile", 17) == 0;
}

static int read_all(struct reader *r, struct arc_dockerfile *dockerfile)
{
    struct arc_instruction in;

    if (!knows_syntax(dockerfile->syntax))
        return arc_error_set(r->err, ARC_EINPUT, "its syntax is '%.200s', another frontend's",
                             dockerfile->syntax);

    ARC_TRY(add_globals(r));

    while (arc_dockerfile_next(dockerfile, &in)) {
        bool from = strcmp(in.keyword, "FROM") == 0;
        if (!from && !r->out->count && strcmp(in.keyword, "ARG") != 0)
            return arc_error_set(r->err, ARC_EINPUT, "line %u: %s before the first FROM", in.line,
                                 in.keyword);
        if (!from && r->out->count && current(r)->name && context_of(r, current(r)->name))
            continue; /* an additional context stands in for the stage */
        if (!arc_utf8_valid(in.args, strlen(in.args))) /* names are JSON here and in the plan */
            return arc_error_set(r->err, ARC_EINPUT, "line %u: %s is not UTF-8", in.line,
                                 in.keyword);
        ARC_TRY(from ? on_from(r, &in) : apply(r, &in));
    }

    ARC_TRY(arc_buf_check(&dockerfile->args, "an instruction", r->err));

    return r->out->count ? ARC_OK : arc_error_set(r->err, ARC_EINPUT, "it has no FROM");
}

int arc_stages_read(const struct arc_stages_request *request, struct arc_stages *out,
                    struct arc_error *err)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {0};
    ARC_AUTO_JSON json_t *globals = json_object();
    *out = (struct arc_stages){0};
    ARC_TRY_ALLOC(globals, err);
    arc_dockerfile_start(&dockerfile, request->text);
    struct reader reader = {.request = request,
                            .out = out,
                            .globals = globals,
                            .escape = dockerfile.escape,
                            .err = err};
    int rc = read_all(&reader, &dockerfile);
    if (rc)
        arc_stages_free(out);

    return rc;
}
