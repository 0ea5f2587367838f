#include "dockerfile/stages.h"
#include "base/json.h"
#include "base/path.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "dockerfile/ignore.h"

#define STAGES_MAX      1000
#define SOURCES_MAX     20000
#define TAKEN_MAX       500000 /* inherited values, labels and triggers */
#define WORD_MAX        ((size_t)8192)
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-_."
#define VALUE_MAX       ((size_t)64 << 10) /* of an ENV */

/* The state of reading a Dockerfile. */
struct reader {
    const struct arc_stages_request *request;
    struct arc_stages *out;
    json_t *globals;       /* ARGs before the first FROM, and BuildKit's predefined ones */
    size_t sources, taken; /* towards SOURCES_MAX and TAKEN_MAX */
    char escape;
    struct arc_error *err;
};

/* ---- names --------------------------------------------------------------------------------- */

size_t arc_image_familiar(const char **name)
{
    static const char *const prefixes[] = {"index.docker.io/", "docker.io/", "library/"};

    for (size_t i = 0; i < ARC_COUNT(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        bool is_host = i < 2; /* "library/a/b" is not an official image */
        if (strncmp(*name, prefixes[i], len) == 0 && (is_host || !strchr(*name + len, '/')))
            *name += len;
    }

    size_t len = strlen(*name);
    return len > 7 && strcmp(*name + len - 7, ":latest") == 0 ? len - 7 : len;
}

/* The key of the additional context for a name ("alpine" is the same as
 * "docker.io/library/alpine:latest"); NULL: none. */
static const char *context_of(const struct reader *r, const char *name)
{
    size_t len = arc_image_familiar(&name);
    arc_json_each_pair (key, value, r->request->contexts) {
        const char *own = key;
        if (arc_image_familiar(&own) == len && strncasecmp(own, name, len) == 0)
            return key;
    }
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
    int64_t number;
    if (!arc_text_number(name, 6, &number) || (size_t)number >= stages->count)
        return SIZE_MAX;
    return (size_t)number;
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
    arc_each (stage, stages->items, stages->count) {
        json_decref(stage->values);
        json_decref(stage->labels);
        json_decref(stage->needs);
        json_decref(stage->images);
        json_decref(stage->onbuild);
    }

    json_decref(stages->args);
    json_decref(stages->secrets);
    arc_arena_free(&stages->memory);
    *stages = (struct arc_stages){0};
}

static struct arc_stage *current(const struct reader *r)
{
    return &r->out->items[r->out->count - 1];
}

/* The variables in a stage or, for NULL, before the first FROM and in every FROM. */
static struct arc_scope scope_of(const struct reader *r, const struct arc_stage *stage)
{
    return (struct arc_scope){.values = stage ? stage->values : r->globals,
                              .open = stage && stage->open,
                              .escape = r->escape};
}

static int count_taken(struct reader *r, size_t count)
{
    r->taken += count;
    return r->taken <= TAKEN_MAX
               ? ARC_OK
               : arc_error_set(r->err, ARC_ELIMIT, "more than %d values that are taken over",
                               TAKEN_MAX);
}

/* Adds what a stage or an instruction inherits. */
static int take_over(struct reader *r, json_t *to, const json_t *from)
{
    ARC_TRY(count_taken(r, json_object_size(from)));
    return arc_error_unless(json_object_update(to, (json_t *)from) == 0, r->err);
}

static int need(struct reader *r, size_t stage)
{
    return arc_json_append(current(r)->needs, json_integer((json_int_t)stage), r->err);
}

/* ---- words --------------------------------------------------------------------------------- */

/* Takes a flag ("--name=value", "--name") without its quotes; false at the first other word. */
static bool take_flag(const char **args, struct arc_buf *word)
{
    *args += strspn(*args, " \t\r\n");
    return ARC_STARTS(*args, "--") && arc_dockerfile_word(args, word, NULL);
}

/* The next word of *text as written, owned by the caller; NULL at the end. `what` names it in
 * errors. */
static int take_word(struct reader *r, const char **text, size_t max, const char *what, char **out)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = max};
    bool found = arc_word_take(text, r->escape, &word);

    *out = NULL;
    ARC_TRY(arc_buf_check(&word, what, r->err));

    return found ? arc_text_copy(arc_buf_text(&word), out, r->err) : ARC_OK;
}

/* The expanded word, owned by the caller; NULL if it is unknown. */
static int expand(struct reader *r, const struct arc_scope *scope, const char *word, size_t max,
                  char **out)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = max};
    bool known = arc_word_expand(scope, word, &text);

    *out = NULL;
    if (text.failed == ARC_ENOMEM)
        return arc_error_nomem(r->err);

    return known ? arc_text_copy(arc_buf_text(&text), out, r->err) : ARC_OK;
}

/* ---- sources ------------------------------------------------------------------------------- */

/* What all sources of an instruction have in common. All borrowed. */
struct origin {
    const char *keyword;
    unsigned line;
    const char *context; /* NULL: the build's own */
    const char *without;
    bool parents;
    bool fetches; /* ADD: a source may be a URL */
};

/* Adds a source; `path` is as written. With a `doubt` the whole context counts. */
static int add_source(struct reader *r, const struct origin *origin, const char *path,
                      const char *doubt)
{
    struct arc_arena *memory = &r->out->memory;
    struct arc_stage *stage = current(r);
    ARC_AUTO(arc_buf) struct arc_buf clean = {0}, before = {.max = WORD_MAX};
    struct arc_scope scope = scope_of(r, stage);

    if (++r->sources > SOURCES_MAX)
        return arc_error_set(r->err, ARC_ELIMIT, "more than %d sources", SOURCES_MAX);

    ARC_AUTO_FREE char *meant = NULL;
    if (!doubt)
        ARC_TRY(expand(r, &scope, path, WORD_MAX, &meant));
    const char *url = arc_or(meant, path);
    url += *url == '"';
    if (origin->fetches &&
        (ARC_STARTS(url, "http://", "https://", "git://", "ssh://") || arc_path_is_ssh(url)))
        return ARC_OK;
    const char *pivot = meant ? strstr(meant, "/./") : NULL;
    if (pivot)
        arc_path_clean(meant, (size_t)(pivot - meant), true, &before);
    if (meant)
        arc_path_clean(meant, strlen(meant), true, &clean);
    else if (!doubt)
        doubt = strchr(path, '$') ? "it contains a variable whose value is not known"
                                  : "its quotes do not match: only the JSON form takes blanks";
    ARC_TRY(arc_buf_check(&before, "a source", r->err));
    ARC_TRY(arc_buf_check(&clean, "a source", r->err));

    ARC_APPEND(
        memory, stage->sources, stage->count, r->err,
        (struct arc_source){.line = origin->line,
                            .parents = origin->parents,
                            .pivot = arc_path_depth(arc_buf_text(&before)),
                            .context = arc_arena_text(memory, origin->context),
                            .without = arc_arena_text(memory, origin->without),
                            .doubt = arc_arena_text(memory, doubt),
                            .path = arc_arena_text(memory, arc_buf_text(&clean)),
                            .text = arc_arena_printf(memory, "%s %s", origin->keyword, path)});
    return arc_arena_check(memory, r->err);
}

static int note_image(struct reader *r, const char *ref)
{
    return arc_json_append(current(r)->images, json_string(ref), r->err);
}

/* Resolves `from` to an additional context, an image (*image) or a stage, which is then needed.
 * `numbers`: stages may be named by number (COPY), or not (mounts). */
static int resolve_from(struct reader *r, const char *from, bool numbers, const char **context,
                        bool *image)
{
    *context = context_of(r, from); /* it also replaces a stage of that name */
    *image = false;
    if (*context)
        return ARC_OK;
    size_t stage = stage_of(r->out, from);
    if (stage == r->out->count - 1)
        stage = SIZE_MAX;
    if (stage == SIZE_MAX && numbers)
        stage = number_of(r->out, from);
    *image = true; /* nothing from a context */

    return stage == SIZE_MAX ? note_image(r, from) : need(r, stage);
}

/* ---- COPY and ADD -------------------------------------------------------------------------- */

/* The words after the flags: a JSON array, or separated by blanks. A new reference. */
static int take_words(struct reader *r, const char *args, json_t **out)
{
    args += strspn(args, " \t\r\n");
    *out = *args == '[' ? arc_json_load(args, strlen(args), 0, NULL) : NULL;
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

    return arc_error_unless(*out, r->err);
}

static int on_copy(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO_JSON json_t *words = NULL;
    ARC_AUTO(arc_buf) struct arc_buf flag = {.max = WORD_MAX}, without = {.max = VALUE_MAX};
    struct arc_arena *memory = &r->out->memory;
    const char *args = in->args, *from = NULL;
    bool unsure = false, image = false;
    struct origin origin = {
        .keyword = in->keyword, .line = in->line, .fetches = strcmp(in->keyword, "ADD") == 0};
    struct arc_heredoc heredoc;

    while (take_flag(&args, &flag)) {
        const char *text = arc_buf_text(&flag);
        ARC_TRY(arc_buf_check(&flag, "a flag", r->err));
        if (ARC_STARTS(text, "--from="))
            from = arc_arena_text(memory, text + 7);
        if (ARC_STARTS(text, "--parents"))
            origin.parents = strcmp(text + 9, "=false") != 0;

        if (!ARC_STARTS(text, "--exclude="))
            continue;
        /* A pattern that starts with a slash matches nothing; "#" does not start a comment. */
        if (!strchr("/#", text[10]))
            arc_buf_printf(&without, "%s\n", text + 10);
        unsure = unsure || strchr(text, '$');
    }

    ARC_TRY(arc_buf_check(&without, "what is left out", r->err));
    /* Frontends differ in whether they expand variables here: with one, nothing is excluded. */
    origin.without = without.len && !unsure ? without.data : NULL;

    if (from && strchr(from, '$')) {
        struct origin all = {.keyword = in->keyword, .line = in->line};
        return add_source(r, &all, in->args, "COPY --from holds a variable");
    }
    if (from)
        ARC_TRY(resolve_from(r, from, true, &origin.context, &image));
    if (image)
        return ARC_OK;

    ARC_TRY(take_words(r, args, &words));

    for (size_t i = 0; i + 1 < json_array_size(words); i++) { /* the last word is the destination */
        const char *word = json_string_value(json_array_get(words, i));
        if (!arc_dockerfile_heredoc(word, strlen(word), &heredoc))
            ARC_TRY(add_source(r, &origin, word, NULL));
    }

    return ARC_OK;
}

/* ---- RUN ----------------------------------------------------------------------------------- */

/* A field of CSV up to its comma, unquoted. Returns the rest. */
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

/* Notes the secret that is mounted by its id, else by the name of its file. */
static int note_secret(struct reader *r, const char *id, const char *target)
{
    const char *name = *id ? id : arc_path_name(target);
    return arc_json_set(r->out->secrets, strchr(name, '$') ? "" : name, json_true(), r->err);
}

static int on_mount(struct reader *r, const struct arc_instruction *in, const char *text)
{
    ARC_AUTO(arc_buf)
    struct arc_buf field = {.max = WORD_MAX}, type_of = {0}, from_of = {0}, source_of = {0},
                   id_of = {0}, target_of = {0};
    struct origin origin = {.keyword = "RUN --mount", .line = in->line};
    const struct {
        const char *name;
        struct arc_buf *value;
    } slots[] = {{"type", &type_of},     {"from", &from_of},
                 {"source", &source_of}, {"src", &source_of},
                 {"id", &id_of},         {"target", &target_of},
                 {"dst", &target_of},    {"destination", &target_of}};
    bool image = false;

    for (const char *at = text; *at;) {
        at = take_field(at, &field);
        const char *name = arc_buf_text(&field), *value = strchr(name, '=');
        size_t len = value ? (size_t)(value - name) : 0;
        arc_each_in (slot, slots)
            if (len == strlen(slot->name) && strncasecmp(name, slot->name, len) == 0) {
                arc_buf_reset(slot->value);
                arc_buf_puts(slot->value, value + 1);
            }
    }

    const char *type = arc_buf_text(&type_of), *from = arc_buf_text(&from_of);
    bool bind = !*type || strcasecmp(type, "bind") == 0;
    if (strcasecmp(type, "secret") == 0)
        return note_secret(r, arc_buf_text(source_of.len ? &source_of : &id_of),
                           arc_buf_text(&target_of));
    if (!bind && strcasecmp(type, "cache") != 0)
        return strchr(type, '$') ? add_source(r, &origin, text, "its type holds a variable")
                                 : ARC_OK;

    if (strchr(from, '$'))
        return add_source(r, &origin, text, "its from holds a variable");
    if (*from)
        ARC_TRY(resolve_from(r, from, false, &origin.context, &image));
    if (image || (!bind && !*from))
        return ARC_OK;

    return add_source(r, &origin, source_of.len ? arc_buf_text(&source_of) : "/", NULL);
}

static int on_run(struct reader *r, const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = (size_t)1 << 20};
    const char *args = in->args;
    while (take_flag(&args, &word))
        if (ARC_STARTS(arc_buf_text(&word), "--mount="))
            ARC_TRY(on_mount(r, in, arc_buf_text(&word) + 8));
    return ARC_OK;
}

/* ---- variables ----------------------------------------------------------------------------- */

/* Sets a variable; `value` NULL: unknown. */
static int set_value(struct reader *r, json_t *values, const char *name, const char *value)
{
    json_t *text = value ? json_string_nocheck(value) : json_null();
    return json_object_set_new_nocheck(values, name, text) ? arc_error_nomem(r->err) : ARC_OK;
}

/* Frontends differ in which value wins if a stage's ARG repeats a name: it is unknown unless both are
 * the same. Above the first FROM the last one wins. */
static int set_arg(struct reader *r, json_t *values, const char *name, const char *value)
{
    const json_t *old = values == r->globals ? NULL : json_object_get(values, name);
    bool same = !old || (value && json_is_string(old) && !strcmp(json_string_value(old), value));
    return set_value(r, values, name, same ? value : NULL);
}

/* Notes an ARG whose default hides the value that BuildKit gives it for the platform. */
static int note_fixed(struct reader *r, unsigned line, const char *name, const char *value)
{
    struct arc_arena *memory = &r->out->memory;
    struct arc_stage *stage = current(r);
    const char *given = json_string_value(json_object_get(r->globals, name));

    if (!ARC_AMONG(name, "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT") || !given ||
        !value || strcmp(given, value) == 0)
        return ARC_OK;
    stage->fixed = arc_arena_printf(memory, "%s=%s", name, value);
    stage->fixed_line = line;

    return arc_arena_check(memory, r->err);
}

/* ARG NAME[=default], global or in a stage. */
static int on_arg(struct reader *r, const struct arc_instruction *in)
{
    struct arc_stage *stage = r->out->count ? current(r) : NULL;
    struct arc_scope scope = scope_of(r, stage);
    json_t *values = stage ? stage->values : r->globals;
    const char *args = in->args;

    for (;;) {
        ARC_AUTO_FREE char *name = NULL, *initial = NULL;
        ARC_TRY(take_word(r, &args, WORD_MAX, "an ARG", &name));
        if (!name)
            return ARC_OK;

        char *equals = strchr(name, '=');
        if (equals)
            *equals = '\0';
        ARC_TRY(set_value(r, r->out->args, name, ""));
        const json_t *given = json_object_get(r->request->args, name);
        if (!given && equals) {
            ARC_TRY(expand(r, &scope, equals + 1, WORD_MAX, &initial));
            ARC_TRY(set_arg(r, values, name, initial));
            if (stage)
                ARC_TRY(note_fixed(r, in->line, name, initial));
            continue;
        }
        if (!given && stage)
            given = json_object_get(r->globals, name);
        if (given) /* else it has no value, or that of the base image's ENV */
            ARC_TRY(set_arg(r, values, name, json_string_value(given)));
    }
}

/* ENV or LABEL, with NAME=VALUE pairs or NAME and the rest; all see the values before the
 * instruction. A label whose value is unknown is kept as written, without quotes. */
static int on_pairs(struct reader *r, const struct arc_instruction *in)
{
    struct arc_stage *stage = current(r);
    bool is_label = strcmp(in->keyword, "LABEL") == 0;
    ARC_AUTO_JSON json_t *values = is_label ? json_incref(stage->values) : json_object();
    struct arc_scope before = scope_of(r, stage);
    const char *args = in->args;

    ARC_TRY_ALLOC(values, r->err);
    if (!is_label)
        ARC_TRY(take_over(r, values, stage->values));
    before.values = values;
    before.guesses = is_label;
    if (is_label)
        stage->label_line = in->line;

    for (bool first = true;; first = false) {
        ARC_AUTO_FREE char *word = NULL, *name = NULL, *value = NULL;
        ARC_AUTO(arc_buf) struct arc_buf plain = {0};
        ARC_TRY(take_word(r, &args, VALUE_MAX, is_label ? "a LABEL" : "an ENV", &word));
        if (!word)
            return ARC_OK;

        char *equals = strchr(word, '=');
        if (!equals && !first)
            continue;
        if (equals)
            *equals = '\0';
        const char *written = equals ? equals + 1 : args + strspn(args, " \t");
        ARC_TRY(expand(r, &before, word, WORD_MAX, &name));
        ARC_TRY(expand(r, &before, written, VALUE_MAX, &value));
        if (is_label && equals && !value) {
            (void)arc_dockerfile_word(&written, &plain, NULL);
            written = arc_buf_text(&plain);
        }
        if (name && is_label)
            ARC_TRY(set_value(r, stage->labels, name, arc_or(value, written)));
        else if (name)
            ARC_TRY(set_value(r, stage->values, name, value));
        if (!equals) /* ENV NAME the rest */
            return ARC_OK;
    }
}

static int on_user(struct reader *r, const struct arc_instruction *in)
{
    struct arc_stage *stage = current(r);
    struct arc_scope scope = scope_of(r, stage);
    ARC_AUTO_FREE char *user = NULL;

    scope.guesses = true;
    ARC_TRY(expand(r, &scope, in->args, WORD_MAX, &user));
    stage->user = arc_arena_text(&r->out->memory, arc_or(user, in->args));
    stage->user_line = in->line;

    return arc_arena_check(&r->out->memory, r->err);
}

/* ---- FROM ---------------------------------------------------------------------------------- */

static int new_stage(struct reader *r, unsigned line)
{
    if (r->out->count == STAGES_MAX)
        return arc_error_set(r->err, ARC_ELIMIT, "more than %d stages", STAGES_MAX);
    struct arc_stage *stage =
        arc_arena_append(&r->out->memory, &r->out->items, &r->out->count, sizeof *stage);
    ARC_TRY_ALLOC(stage, r->err);
    *stage = (struct arc_stage){.line = line,
                                .from = SIZE_MAX,
                                .values = json_object(),
                                .labels = json_object(),
                                .needs = json_array(),
                                .onbuild = json_array(),
                                .images = json_array()};

    return arc_error_unless(
        stage->values && stage->labels && stage->needs && stage->onbuild && stage->images, r->err);
}

static int apply(struct reader *r, const struct arc_instruction *in);

/* A stage that starts from another inherits its variables, labels and user, and runs its triggers. */
static int inherit(struct reader *r, size_t base)
{
    struct arc_stage *stage = current(r), *from = &r->out->items[base];
    ARC_AUTO_JSON json_t *triggers = json_incref(from->onbuild);

    stage->from = base;
    stage->open = from->open;
    stage->user = from->user;
    stage->user_line = from->user_line;
    ARC_TRY(take_over(r, stage->values, from->values));
    ARC_TRY(take_over(r, stage->labels, from->labels));
    ARC_TRY(need(r, base));
    ARC_TRY(count_taken(r, json_array_size(triggers)));

    arc_json_each (trigger, triggers) {
        json_int_t line = json_integer_value(json_array_get(trigger, 1));
        struct arc_instruction in = {.line = (unsigned)line};
        arc_instruction_parse(json_string_value(json_array_get(trigger, 0)), &in);
        ARC_TRY(apply(r, &in));
    }

    return ARC_OK;
}

/* Sets the platform that a FROM names or, for NULL, that of the stage it starts from. BuildKit takes
 * `scratch` for the image's, whatever is named (dockerfile2llb/convert.go). */
static int set_platform(struct reader *r, const char *platform, size_t base)
{
    struct arc_arena *memory = &r->out->memory;
    struct arc_scope scope = scope_of(r, NULL);
    struct arc_stage *stage = current(r);
    ARC_AUTO_FREE char *meant = NULL;

    if (strcmp(stage->base, "scratch") == 0)
        return ARC_OK;
    if (platform && *platform) {
        ARC_TRY(expand(r, &scope, platform, WORD_MAX, &meant));
        stage->platform = arc_arena_text(memory, platform);
        stage->built_for = arc_arena_text(memory, arc_or(meant, ""));
        stage->platform_line = stage->line;
    } else if (base != SIZE_MAX) {
        stage->platform = r->out->items[base].platform;
        stage->built_for = r->out->items[base].built_for;
        stage->platform_line = r->out->items[base].platform_line;
    }

    return ARC_OK;
}

/* Puts a stage's name (or NULL) in lower case, and refuses one that BuildKit does (its
 * instructions/parse.go, validStageName). */
static int check_name(struct reader *r, unsigned line, char *name)
{
    if (name)
        arc_text_lower(name);
    if (!name || (*name >= 'a' && *name <= 'z' && !name[strspn(name, NAME_CHARACTERS)]))
        return ARC_OK;
    return arc_error_set(r->err, ARC_EINPUT, "line %u: '%.200s' is not a valid name for a stage",
                         line, name);
}

/* Whether only the tag of a base is unknown, "acme/base:$VERSION": then it is neither a stage nor an
 * additional context. */
static bool has_unknown_tag(const struct reader *r, const char *ref)
{
    const char *last = arc_path_name(ref), *colon = strchr(last, ':'), *dollar = strchr(ref, '$');
    if (!colon || !dollar || dollar < colon || strstr(colon, "onbuild"))
        return false;

    arc_json_each_pair (key, value, r->request->contexts) {
        const char *own = arc_path_name(key); /* docker.io/acme/base may be written acme/base */
        if (strcspn(own, ":@") == (size_t)(colon - last) &&
            strncmp(own, last, (size_t)(colon - last)) == 0)
            return false;
    }

    return true;
}

/* The words of "[--platform=P] REF [AS NAME]", each a new string or NULL. */
static int take_from(struct reader *r, const char *args, char **platform, char **ref, char **name)
{
    for (;;) {
        ARC_AUTO_FREE char *word = NULL;
        ARC_TRY(take_word(r, &args, WORD_MAX, "a word of FROM", &word));
        if (!word)
            return ARC_OK;
        if (!*platform && ARC_STARTS(word, "--platform="))
            ARC_TRY(arc_text_copy(word + 11, platform, r->err));
        else if (!*ref && !ARC_STARTS(word, "--"))
            *ref = arc_steal(&word);
        else if (!*name && strcasecmp(word, "AS") == 0)
            ARC_TRY(take_word(r, &args, WORD_MAX, "a stage's name", name));
    }
}

static int on_from(struct reader *r, const struct arc_instruction *in)
{
    struct arc_arena *memory = &r->out->memory;
    struct arc_scope scope = scope_of(r, NULL);
    struct origin origin = {.keyword = "FROM", .line = in->line};
    ARC_AUTO(arc_buf) struct arc_buf told = {.max = WORD_MAX};
    ARC_AUTO_FREE char *ref = NULL, *platform = NULL, *name = NULL, *known = NULL;

    ARC_TRY(take_from(r, in->args, &platform, &ref, &name));
    ARC_TRY(expand(r, &scope, arc_or(ref, ""), WORD_MAX, &known));
    size_t base = known ? stage_of(r->out, known) : SIZE_MAX;
    ARC_TRY(new_stage(r, in->line));
    struct arc_stage *stage = current(r);
    stage->ref = arc_arena_text(memory, arc_or(ref, ""));
    stage->base = arc_arena_text(memory, arc_or(known, ""));
    stage->told = arc_text_expand(stage->ref, r->globals, &told);
    stage->lacks = known && !stage->told;
    if (told.failed == ARC_ENOMEM)
        return arc_error_nomem(r->err);
    ARC_TRY(check_name(r, in->line, name));
    stage->name = arc_arena_text(memory, name);

    ARC_TRY(arc_arena_check(memory, r->err));
    ARC_TRY(set_platform(r, platform, base));
    ARC_TRY(arc_arena_check(memory, r->err));
    origin.context = stage->name ? context_of(r, stage->name) : NULL;
    if (origin.context)
        return add_source(r, &origin, "/", NULL);

    if (!known && has_unknown_tag(r, arc_or(ref, ""))) {
        stage->open = true;
        return ARC_OK;
    }

    if (!known) /* a variable can name a stage only if its value is known */
        return add_source(r, &origin, arc_or(ref, ""),
                          "its base contains a variable whose value is not known");

    origin.context = context_of(r, stage->base);
    if (!origin.context && base != SIZE_MAX)
        return inherit(r, base);

    stage->open = origin.context || strcmp(stage->base, "scratch") != 0;
    if (origin.context)
        return add_source(r, &origin, "/", NULL);

    ARC_TRY(note_image(r, stage->base));
    const char *colon = strrchr(stage->base, ':');
    if (colon && strstr(colon, "onbuild")) /* by convention the tag shows that it has triggers */
        return add_source(r, &origin, stage->base, "its base has ONBUILD triggers");

    return ARC_OK;
}

/* ---- everything ---------------------------------------------------------------------------- */

static int on_onbuild(struct reader *r, const struct arc_instruction *in)
{
    return arc_json_append(current(r)->onbuild, json_pack("[s, i]", in->args, (int)in->line),
                           r->err);
}

static int apply(struct reader *r, const struct arc_instruction *in)
{
    static const struct {
        const char *keyword;
        int (*apply)(struct reader *r, const struct arc_instruction *in);
    } rows[] = {{"COPY", on_copy}, {"ADD", on_copy},    {"RUN", on_run},   {"ARG", on_arg},
                {"ENV", on_pairs}, {"LABEL", on_pairs}, {"USER", on_user}, {"ONBUILD", on_onbuild}};
    arc_each_in (row, rows)
        if (strcmp(in->keyword, row->keyword) == 0)
            return row->apply(r, in);

    return ARC_OK;
}

/* Sets a predefined variable, unless a build argument has its name. */
static int add_global(struct reader *r, const char *name, const char *value)
{
    const json_t *given = json_object_get(r->request->args, name);
    return set_value(r, r->globals, name, given ? json_string_value(given) : value);
}

/* Sets "TARGETOS" and the like; `platform` NULL: unknown. */
static int add_platform(struct reader *r, const char *prefix, const char *platform)
{
    static const char *const parts[] = {"OS", "ARCH", "VARIANT"};
    char name[32], part[64];

    snprintf(name, sizeof name, "%sPLATFORM", prefix);
    ARC_TRY(add_global(r, name, platform));

    arc_each_in (end, parts) {
        size_t len = platform ? strcspn(platform, "/") : 0;
        snprintf(name, sizeof name, "%s%s", prefix, *end);
        snprintf(part, sizeof part, "%.*s", (int)len, arc_or(platform, ""));
        ARC_TRY(add_global(r, name, platform ? part : NULL));
        if (platform)
            platform += len + (platform[len] == '/');
    }

    return ARC_OK;
}

/* Adds a stage to those that the target needs, and those that it needs in turn, which are always
 * earlier ones. */
static int add_needed(struct reader *r, size_t number, bool *seen)
{
    const struct arc_stage *stage = &r->out->items[number];

    if (seen[number])
        return ARC_OK;
    seen[number] = true;
    ARC_APPEND(&r->out->memory, r->out->needed, r->out->needed_count, r->err, stage);
    arc_json_each (need, stage->needs)
        ARC_TRY(add_needed(r, (size_t)json_integer_value(need), seen));

    return ARC_OK;
}

static int read_all(struct reader *r, struct arc_dockerfile *dockerfile)
{
    const json_t *given = json_object_get(r->request->args, "BUILDKIT_SYNTAX");
    const char *syntax = given ? json_string_value(given) : dockerfile->syntax;
    struct arc_instruction in;

    syntax = arc_or(syntax, "not known yet");
    const char *mirrored = strstr(syntax, "/docker/dockerfile"); /* docker.io/, or a mirror of it */
    bool is_known = !*syntax || mirrored || ARC_STARTS(syntax, "docker/dockerfile");
    if (!is_known && !r->request->lenient)
        return arc_error_set(r->err, ARC_ELIMIT, "its syntax is '%.200s', another frontend's",
                             syntax);
    r->out->frontend = context_of(r, syntax);

    ARC_TRY(add_platform(r, "TARGET", r->request->platform));
    ARC_TRY(add_platform(r, "BUILD", r->request->builder));
    const char *target = r->request->target;
    ARC_TRY(add_global(r, "TARGETSTAGE", target && *target ? target : "default"));

    while (arc_dockerfile_next(dockerfile, &in)) {
        bool from = strcmp(in.keyword, "FROM") == 0;
        bool early = !from && !r->out->count && strcmp(in.keyword, "ARG") != 0;
        if (early && r->request->lenient)
            continue;
        if (early)
            return arc_error_set(r->err, ARC_EINPUT, "line %u: %s before the first FROM", in.line,
                                 in.keyword);
        if (!from && r->out->count && current(r)->name && context_of(r, current(r)->name))
            continue; /* an additional context replaces the stage */
        if (!arc_utf8_valid(in.args, strlen(in.args))) /* names are JSON here and in the plan */
            return arc_error_set(r->err, ARC_ELIMIT, "line %u: %s is not UTF-8", in.line,
                                 in.keyword);
        ARC_TRY(from ? on_from(r, &in) : apply(r, &in));
    }

    ARC_TRY(arc_buf_check(&dockerfile->args, "an instruction", r->err));
    ARC_TRY(arc_arena_check(&r->out->memory, r->err));
    if (!r->out->count)
        return arc_error_set(r->err, ARC_EINPUT, "it has no FROM");

    r->out->target = arc_stages_target(r->out, target);
    ARC_AUTO_FREE bool *seen = calloc(r->out->count, sizeof *seen);
    ARC_TRY_ALLOC(seen, r->err);

    return r->out->target ? add_needed(r, (size_t)(r->out->target - r->out->items), seen) : ARC_OK;
}

int arc_stages_read(const struct arc_stages_request *request, struct arc_stages *out,
                    struct arc_error *err)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {0};
    ARC_AUTO_JSON json_t *globals = json_object();
    *out = (struct arc_stages){.args = json_object(), .secrets = json_object()};
    if (!globals || !out->args || !out->secrets)
        return arc_or_free(arc_stages, out, arc_error_nomem(err));
    arc_dockerfile_start(&dockerfile, request->text);
    struct reader reader = {.request = request,
                            .out = out,
                            .globals = globals,
                            .escape = dockerfile.escape,
                            .err = err};
    return arc_or_free(arc_stages, out, read_all(&reader, &dockerfile));
}
