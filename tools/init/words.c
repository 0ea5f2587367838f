/* Splits a script's commands into words and expands variables. */
#include "arcci/release_version.h"
#include "dockerfile/expand.h"
#include "init/script.h"

#define NESTED_MAX   8
#define OPERANDS_MAX 8

/* The value of a variable; NULL if only a run knows it. */
static const char *find_value(const struct script *script, const char *name)
{
    const json_t *scope = script->step->scope;
    const json_t *places[] = {script->variables, json_object_get(scope, "env"),
                              script->init->dotenv};
    const char *value = init_release_value(name, true), *key = "";
    const char *own = json_string_value(json_object_get(script->variables, name));

    if (script->file && init_is_among(name, "0 BASH_SOURCE"))
        return init_print(script->init, "%c%s", INIT_ROOT, script->file);
    if (strcmp(name, "PWD") == 0)
        return init_print(script->init, "%c%s", INIT_ROOT, script->directory);
    bool is_given = json_object_get(script->given, name) && own && arc_text_is_visible(own);
    if (own && (is_given || init_says_version(own) || ARC_HOLDS(own, "{revision}", "{sha7}", "/")))
        return own; /* "${VERSION}-gpu"; TAG=quay.io/acme/cart is no version */
    if (own && *script->step->when && init_is_among(own, INIT_MOVING_TAGS))
        return own; /* of a branch's run */
    if (own && *script->step->when && !script->is_makefile && !arc_text_is_visible(own))
        value = NULL; /* of a branch's run, but computed */
    value = value && own ? init_as_written(value, own) : value;
    if (ARC_STARTS(name, "GITHUB_"))
        key = strcmp(name, "GITHUB_REF") == 0 ? "ref_name" : init_lower(script->init, name + 7);
    if (!value)
        value = json_string_value(json_object_get(json_object_get(scope, "github"), key));
    for (size_t i = 0; i < ARC_COUNT(places) && !value; i++)
        value = json_string_value(json_object_get(places[i], name));

    return value;
}

static const char *expand_variable(struct script *script, const char *dollar, struct arc_buf *out);

/* The bracket that closes `open`; NULL if there is none. */
static const char *find_close(struct script *script, const char *open)
{
    const char closes = *open == '{' ? '}' : ')', *at = open;
    size_t depth = 0;

    for (; *at; at++) {
        depth += *at == *open;
        if (*at == closes && --depth == 0)
            break;
    }

    return init_spend(script->init, (size_t)(at - open)) && *at ? at : NULL;
}

/* Appends the text up to `end` or the byte `until`, without quotes and with variables expanded;
 * returns where it stopped. */
static const char *expand_text(struct script *script, const char *at, const char *end, char until,
                               struct arc_buf *out)
{
    for (script->nested++; at < end && *at != until && script->nested < NESTED_MAX;)
        if (*at == '$')
            at = expand_variable(script, at, out);
        else if (strchr("\"'", *at))
            at++;
        else
            arc_buf_putc(out, *at++);
    script->nested--;
    (void)init_spend(script->init, out->len);

    return at;
}

/* The same as a text; moves *at behind the byte where it stopped. */
static const char *expand_part(struct script *script, const char **at, const char *end, char until)
{
    ARC_AUTO(arc_buf) struct arc_buf part = {.max = WORD_MAX};
    *at = expand_text(script, *at, end, until, &part) + 1;
    return init_hold(script->init, &part);
}

static const char *expand_whole(struct script *script, const char *text)
{
    return expand_part(script, &text, text + strlen(text), '\0');
}

/* A Makefile's "$(subst from,to,text)". */
static void add_replaced(const char *from, const char *to, const char *text, struct arc_buf *out)
{
    const char *found;

    if (strcmp(from, "v") == 0 && !*to && init_is_among(text, "{image-tag} {version}")) {
        arc_buf_puts(out, "{version}");
        return;
    }

    for (size_t len = strlen(from); len && (found = strstr(text, from)); text = found + len) {
        arc_buf_add(out, text, (size_t)(found - text));
        arc_buf_puts(out, to);
    }
    arc_buf_puts(out, text);
}

/* A Makefile's "$(patsubst pattern,shape,words)". */
static void add_filled(struct script *script, const char *pattern, const char *shape,
                       const char *words, struct arc_buf *out)
{
    for (char *word; (word = init_next_item(script->init, &words, " \t"));)
        arc_text_item(out, " ", "%s",
                      arc_or(init_fill_stem(script->init, shape, pattern, word), word));
}

/* A function of make, "NAME OPERAND,…"; false for others. Only the last operand may have commas. */
static bool expand_function(struct script *script, const char *call, const char *end,
                            struct arc_buf *out)
{
    static const struct {
        const char *name;
        size_t count;
    } functions[] = {{"or ", OPERANDS_MAX}, {"subst ", 3},     {"if ", 3},       {"filter ", 2},
                     {"patsubst ", 3},      {"addprefix ", 2}, {"addsuffix ", 2}};
    const char *operands[OPERANDS_MAX] = {"", "", "", "", "", "", "", ""}, *at = NULL;
    size_t which = 0, known = 0;

    while (which < ARC_COUNT(functions) && !(at = arc_text_after(call, functions[which].name)))
        which++;
    for (size_t i = 0; at && i < functions[which].count && at <= end; i++)
        operands[i] = expand_part(script, &at, end, i + 1 < functions[which].count ? ',' : '\0');
    const char *first = operands[0], *rest = operands[1];

    switch (which) {
    case 0: /* the first that is known and not empty */
        while (known < OPERANDS_MAX && !(*operands[known] && arc_text_is_visible(operands[known])))
            known++;
        arc_buf_puts(out, known < OPERANDS_MAX ? operands[known] : INIT_UNKNOWN_TEXT);
        return true;
    case 1:
        add_replaced(first, rest, operands[2], out);
        return true;
    case 2: /* an unknown condition counts as empty: such variables are rarely set */
        arc_buf_puts(out, first[strspn(first, " \t")] && arc_text_is_visible(first) ? rest
                                                                                    : operands[2]);
        return true;
    case 3:
        for (char *word; (word = init_next_item(script->init, &rest, " \t"));)
            if (init_is_among(word, first))
                arc_text_item(out, " ", "%s", word);
        return true;
    case 4:
        add_filled(script, first, rest, operands[2], out);
        return true;
    case 5:
        add_filled(script, "%", init_print(script->init, "%s%%", first), rest, out);
        return true;
    case 6:
        add_filled(script, "%", init_print(script->init, "%%%s", first), rest, out);
        return true;
    default:
        return false;
    }
}

/* What "##*\/", "#web-", "cut -d/ -f2" or "s/web-//" leaves of what the workflow's tags start with:
 * "v" of "web/v". NULL: it does not cut there. */
static const char *cut_start(const struct script *script, const char *how)
{
    const char *start = script->step->tag, *at = NULL;

    if (!start)
        return NULL;

    if (*how == '#') {
        const char *pattern = how + 1 + (how[1] == '#');
        pattern = arc_or(arc_text_after(pattern, "refs/tags/"), pattern);
        if (*pattern != '*' || !pattern[1] || pattern[2])
            return *pattern ? arc_text_after(start, pattern) : NULL;
        at = how[1] == '#' ? strrchr(start, pattern[1]) : strchr(start, pattern[1]);
    } else if (strstr(how, "cut ")) {
        bool last = ARC_HOLDS(how, "-f2", "-f 2", "-f4", "-f 4"); /* of web/v1, refs/tags/web/v1 */
        at = last && ARC_HOLDS(how, "-d/", "-d /", "-d '/'", "-d'/'") ? strrchr(start, '/') : NULL;
    } else if ((at = strstr(how, "s/"))) {
        at += 2 + (at[2] == '^');
        size_t len = strcspn(at, "/");
        return len && ARC_STARTS(at + len, "//") && strncmp(at, start, len) == 0 ? start + len
                                                                                 : NULL;
    }

    return at ? at + 1 : NULL;
}

/* What the expansion or filter `how` leaves of a release's tag or version `held`: all of it, the
 * version, or its first numbers. NULL: unknown. */
static const char *cut_tag(struct script *script, const char *held, const char *how)
{
    bool letter = ARC_HOLDS(how, "^v", "#v", "tags/v", "tags\\/v", "/v/", ":1", "-c2-", "-c 2-",
                            "-c12-", "-c 12-", "-dv", "-d v", "-d 'v'", "-d'v'", ":v%=%");
    letter |= (*how == '#' && arc_text_ends(how, "v")) || ARC_HOLDS(how, "-v//", "-v||");
    bool dots = ARC_HOLDS(how, "-d.", "-d .", "-d '.'", "-d'.'", "-d\".\"", "-d \".\"");
    bool one =
        strstr(how, "%%.*") || (dots && (arc_text_ends(how, "-f1") || arc_text_ends(how, "-f 1")));
    bool two = strstr(how, "%.*") || (dots && ARC_HOLDS(how, "1,2", "1-2"));

    if (strcmp(held, "{image-tag}") == 0 && !letter) {
        const char *left = cut_start(script, how);
        const char *cut = left ? init_print(script->init, "%s{version}", left) : held;
        return one || two ? NULL : cut;
    }
    if (strcmp(held, "{major}.{minor}") == 0)
        return one || two ? "{major}" : held;
    if (one)
        return "{major}";

    return two ? "{major}.{minor}" : "{version}";
}

/* The first digits of a commit's hash, as many as the last number of `how` says: "::7", "0:12",
 * "cut -c1-7". NULL: there is no placeholder for so many. */
static const char *cut_hash(const char *how)
{
    size_t len = strcspn(how, "}"), start = len;
    while (start && strchr("0123456789", how[start - 1]))
        start--;
    if (arc_text_is(how + start, len - start, "7"))
        return "{sha7}";
    return arc_text_is(how + start, len - start, "12") ? "{sha}" : NULL;
}

/* ---- commands: each function returns what one prints, NULL if it is another or unknown ---------- */

/* "echo TEXT": the text, in lower case if tr or awk do that; for a ref, what other filters leave. */
static const char *said_by_echo(struct script *script, const char *command)
{
    const char *bar = strchr(command, '|'), *filter = bar ? bar + 1 : "";
    size_t len = arc_text_strip(command, bar ? (size_t)(bar - command) : strlen(command), " ");
    bool lowers = (strstr(filter, "tr ") && strstr(filter, "a-z")) || strstr(filter, ":lower:") ||
                  strstr(filter, "tolower");

    if (!ARC_STARTS(command, "echo ") || strchr(filter, ';') || (lowers && strchr(filter, '|')))
        return NULL;
    const char *held =
        expand_whole(script, init_cut(script->init, command + 5, ARC_MAX(len, 5) - 5));

    if (lowers)
        return init_lower(script->init, held);
    if (ARC_HOLDS(filter, "s/\\//-/g", "s|/|-|g", "s,/,-,g", "tr / -", "tr '/' '-'")) {
        char *joined = arc_arena_text(&script->init->arena, held);
        for (char *at = joined; at && *at; at++)
            *at = *at == '/' ? '-' : *at;
        return joined;
    }
    if (bar && strcmp(held, "{revision}") == 0 && ARC_HOLDS(filter, "cut -c", "head -c"))
        return cut_hash(filter);
    if (!bar)
        return held;
    const char *left =
        init_is_among(held, "{image-tag} {version}") ? cut_tag(script, held, filter) : NULL;
    bool is_kept = left && strcmp(left, held) == 0 && strcmp(held, "{version}") == 0;

    return is_kept ? NULL : left; /* by a filter that is not known */
}

/* Whether a file's content is just a version, "v1.2.3". */
static bool is_version(struct init *init, const char *content)
{
    struct arc_release_version version;
    const char *start = content + (*content == 'v');
    size_t len = strcspn(start, " \t\r\n");
    return !start[len + strspn(start + len, " \t\r\n")] && memchr(start, '.', len) &&
           init_succeeds(
               init, arc_release_version_parse(start, len, ARC_VERSIONING_LOOSE, &version, NULL));
}

/* The content of a file with one word, for "cat FILE", or the value of a file's key. */
static const char *take_content(struct script *script, const char *path, const char *text)
{
    size_t len = text ? strcspn(text, " \t\r\n") : 0;
    if (!len || len > 64 || text[len + strspn(text + len, " \t\r\n")])
        return NULL;

    char *word = init_cut(script->init, text, len);
    init_note(script->init, path, 0,
              "commands read %s from this file: if the configuration repeats it, change both",
              word);

    return word;
}

/* What commands such as "cat FILE", "jq .key FILE" and "cat FILE | jq '{include: .key}'" read. */
struct reading {
    const char *path;    /* of the file, from the root */
    const char *keys;    /* "build.images", "" for all of it; NULL: the file's text */
    const char *wrapper; /* "include"; NULL: none */
};

/* Parses such a command; returns false for others. */
static bool read_reading(struct script *script, const char *text, struct reading *out)
{
    struct init *init = script->init;
    const char *program = arc_or(init_next_item(init, &text, " \t"), "");
    bool by_key = init_is_among(program, "jq yq");

    *out = (struct reading){0};
    if (!by_key && strcmp(program, "cat") != 0)
        return false;

    for (char *word; (word = init_next_item(init, &text, " \t"));) {
        size_t len = strlen(word);
        if (strcmp(word, "|") == 0 && ARC_STARTS(text, " tr -d"))
            break; /* spaces after a line break */
        if (strcmp(word, "|") == 0 && !by_key && ARC_STARTS(text, " jq ", " yq ")) {
            (void)init_next_item(init, &text, " \t");
            by_key = true;
        } else if (*word == '{' && word[len - 1] == ':' && by_key && !out->keys)
            out->wrapper = init_cut(init, word + 1, len - 2);
        else if (*word == '.' && by_key && !out->keys) /* without the bracket after a wrapper */
            out->keys = init_cut(init, word + 1, len - 1 - (out->wrapper && word[len - 1] == '}'));
        else if (*word == '-' || init_is_among(word, "< e eval }"))
            continue;
        else if (out->path || !(out->path = init_resolve(init, script->directory, word)))
            return false;
    }

    return out->path && (out->keys || !by_key) && init_has_file(init, out->path);
}

/* A file's list or map as JSON on one line, for a later job's matrix, or a word. */
static const char *said_of_data(struct script *script, const struct reading *reading)
{
    struct init *init = script->init;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (!init_read_yaml(init, reading->path, &yaml))
        return NULL;
    const struct arc_yaml_node *node = yaml.root;
    const char *keys = arc_or(reading->keys, "");
    arc_each_piece (key, keys, ".")
        node = arc_yaml_get(node, init_cut(init, key.text, key.len));
    ARC_AUTO_JSON json_t *value = init_expand_node(init, node, NULL);
    if (json_is_string(value) && strstr(keys, "version"))
        return NULL;
    if (json_is_string(value))
        return take_content(script, reading->path, json_string_value(value));
    ARC_AUTO_FREE char *text = node ? arc_json_dumps(value, JSON_COMPACT) : NULL;
    init->arena.failed |= node && value && !text;
    if (!text || !init_spend(init, strlen(text)))
        return NULL;

    return reading->wrapper ? init_print(init, "{\"%s\":%s}", reading->wrapper, text)
                            : arc_arena_text(&init->arena, text);
}

/* "cat VERSION", "jq -r .version FILE": a placeholder for the version in the file or, in a workflow
 * started by a tag, for the tag's version; other content as it is. */
static const char *said_by_file(struct script *script, const char *command)
{
    struct init *init = script->init;
    struct reading reading;

    if (!read_reading(script, expand_whole(script, command), &reading))
        return NULL;

    const char *path = reading.path, *keys = arc_or(reading.keys, "");
    const char *name = reading.keys ? keys : init_lower(init, arc_path_name(path));
    const char *content = reading.keys ? NULL : init_read(init, path);
    bool has_letter = content && content[0] == 'v' && content[1] >= '0' && content[1] <= '9';
    bool of_tool = content && (strcmp(name, ".nvmrc") == 0 ||
                               (*name == '.' && arc_text_ends(name, "-version")));
    bool is_data = reading.keys || init_is_yaml(path) || arc_text_ends(path, ".json");
    const char *data = is_data ? said_of_data(script, &reading) : NULL;
    if (data)
        return data;
    if (of_tool || (!strstr(name, "version") && !(content && is_version(init, content))))
        return take_content(script, path, content);
    if (!*script->step->when) /* the tag's version */
        return has_letter ? "v{version}" : "{version}";

    json_t *list = init_made(init, json_array());
    arc_each_piece (key, keys, ".")
        init_push(init, list, json_stringn(key.text, key.len));
    char *number = init_print(init, "%zu", json_object_size(init->places));
    init_set(init, init->places, number, json_pack("{s:s, s:o}", "file", path, "at", list));

    return init_print(init, "%s" INIT_FILE_VERSION "%s}", has_letter ? "v" : "", number);
}

/* "cd "$(dirname "$0")/.." && pwd", "pwd": a path from the root. */
static const char *said_by_location(struct script *script, const char *command)
{
    struct init *init = script->init;
    const char *text = expand_whole(script, command), *held = strchr(text, INIT_ROOT);
    const char *path = held ? init_resolve(init, ".", init_next_item(init, &held, " \t")) : NULL;

    if (strcmp(text, "pwd") == 0)
        path = script->directory;
    else if (ARC_STARTS(text, "git rev-parse --show-toplevel"))
        path = ".";
    else if (path && ARC_STARTS(text, "dirname "))
        path = init_directory(init, path);
    else if (!ARC_STARTS(text, "cd ", "realpath ", "readlink "))
        path = NULL;

    return path ? init_print(init, "%c%s", INIT_ROOT, path) : NULL;
}

/* "basename PATH": its last part. */
static const char *said_by_basename(struct script *script, const char *command)
{
    const char *path = arc_text_after(command, "basename ");
    const char *name = path ? arc_path_name(expand_whole(script, path)) : "";
    if (strcmp(name, "{image-tag}") == 0)
        return cut_tag(script, name, "##*/");
    return *name && *name != '.' && !strpbrk(name, " |") ? name : NULL;
}

/* "date -u +%Y%m%d": placeholders, but not in a Makefile, whose date is a part of the release's
 * version. */
static const char *said_by_date(struct script *script, const char *command)
{
    const char *form = ARC_STARTS(command, "date ") ? strchr(command, '+') : NULL;
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = WORD_MAX};

    form = form && !script->is_makefile ? form + 1 + strspn(form + 1, "\"'") : "";
    size_t len = strcspn(form, "\"' ");
    bool is_whole = !form[len + strspn(form + len, "\"' ")];

    return is_whole && init_convert_date(form, len, &out) ? init_hold(script->init, &out) : NULL;
}

/* "git rev-parse --short HEAD", also of the run's ref: the commit. */
static const char *said_by_revision(struct script *script, const char *command)
{
    const char *of = arc_text_after(command, "git rev-parse ");
    bool is_short = of && ARC_STARTS(of, "--short ", "--short=7 ");
    (void)script;

    of = is_short ? strchr(of, ' ') + 1 : of;
    if (!of || strpbrk(of, "|~^: ") ||
        !(strcmp(of, "HEAD") == 0 || *of == '{' || ARC_HOLDS(of, "GITHUB_SHA", "GITHUB_REF")))
        return NULL;

    return is_short ? "{sha7}" : "{revision}";
}

/* "git describe --tags | sed s/^v//": the tag of a release, or what a filter leaves of it; NULL also
 * where a release's own tag may not be the answer. */
static const char *said_by_describe(struct script *script, const char *command)
{
    char *text = arc_arena_text(&script->init->arena, command), *other = strstr(text, "||");
    if (!ARC_STARTS(text, "git describe") || strstr(text, "--long") ||
        (strstr(text, "--always") && !strstr(text, "--tags")))
        return NULL;

    if (other)
        *other = '\0';
    const char *filter = strchr(text, '|');
    const char *left = filter ? cut_tag(script, "{image-tag}", filter) : "{image-tag}";
    bool is_kept = filter && left && strcmp(left, "{image-tag}") == 0;

    return is_kept ? NULL : left; /* by a filter that is not known */
}

/* "command -v docker": the program. */
static const char *said_by_search(struct script *script, const char *command)
{
    const char *name = arc_text_after(command, "command -v ");
    name = arc_or(name, arc_text_after(command, "which "));
    return name ? init_cut(script->init, name, strcspn(name, " ")) : NULL;
}

/* Appends what a command prints, INIT_UNKNOWN if that is not known here. */
static void expand_command(struct script *script, const char *at, const char *end,
                           struct arc_buf *out)
{
    static const char *(*const known[])(struct script *, const char *) = {
        said_by_search,   said_by_echo, said_by_file,     said_by_location,
        said_by_basename, said_by_date, said_by_revision, said_by_describe};
    const char *command = init_cut(script->init, at, (size_t)(end - at)), *said = NULL;

    for (size_t i = 0; i < ARC_COUNT(known) && !said; i++)
        said = known[i](script, command);
    arc_buf_puts(out, arc_or(said, INIT_UNKNOWN_TEXT));
}

/* What "${NAME#text}" and its like, from the operator on, leave of a value; NULL: unknown. */
static const char *trim_value(struct script *script, const char *value, const char *how,
                              const char *end)
{
    struct init *init = script->init;
    const char *text = expand_part(script, &how, end, '\0');
    ARC_AUTO_JSON json_t *values = init_made(init, json_pack("{s:s}", "_", value));
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = WORD_MAX};
    bool known = arc_text_is_visible(text) &&
                 arc_text_expand(init_print(init, "${_%s}", text), values, &out);

    return known ? init_hold(init, &out) : NULL;
}

/* Expands "$NAME", "${NAME:-word}", "${NAME#v}", a Makefile's "$(NAME)", or a command. Returns its
 * end, or the end of the text if the budget is spent. */
static const char *expand_variable(struct script *script, const char *dollar, struct arc_buf *out)
{
    const char *start = dollar + 1 + (script->is_makefile && dollar[1] == '$');
    bool open = *start == '{' || *start == '(';
    const char *name = start + open, *rest = name + strspn(name, INIT_LETTERS);
    if (script->is_makefile && open)
        rest = name + strcspn(name, ":)}");
    else if (script->is_makefile && *start && strchr("<@*", *start))
        rest = name + 1;
    if (!init_spend(script->init, (size_t)(rest - name)))
        return rest + strlen(rest);
    const char *end = open ? find_close(script, start) : rest;
    char *known = init_cut(script->init, name, (size_t)(rest - name));

    if (script->is_makefile && end && expand_function(script, name, end, out))
        return end + 1;
    if (script->is_makefile && end && memchr(name, '$', (size_t)(end - name)) &&
        strcspn(name, " :") > (size_t)(end - name)) { /* "$($@-args)" */
        const char *inner = expand_part(script, &name, end, '\0');
        arc_buf_puts(out, arc_or(find_value(script, inner), ""));
        return end + 1;
    }

    bool is_shell = script->is_makefile && ARC_STARTS(name, "shell ");
    if (*start == '(' && end && (is_shell || !script->is_makefile)) {
        expand_command(script, name + (is_shell ? 6 : 0), end, out);
        return end + 1;
    }

    if (rest == name || !end) { /* "$@" */
        arc_buf_putc(out, INIT_UNKNOWN);
        return end && end > start ? end + open : start + (*start > '\0' && *start <= '~');
    }

    const char *value = find_value(script, known);
    (void)init_spend(script->init, strlen(arc_or(value, "")));
    if (value && init_is_among(value, "{image-tag} {version} {major}.{minor}"))
        value = cut_tag(script, value, init_cut(script->init, rest, (size_t)(end - rest)));
    if (value && strcmp(value, "{revision}") == 0 && ARC_STARTS(rest, "::", ":0:"))
        value = cut_hash(rest);

    if (value && *value != '{' && *start == '{' && *rest && strchr("#%/", *rest))
        value = trim_value(script, value, rest, end);

    if (value && ARC_STARTS(rest, ",,"))
        arc_buf_puts(out, init_lower(script->init, value));
    else if (value)
        arc_buf_puts(out, value);
    else if (rest[0] == ':' && rest[1] == '-')
        (void)expand_text(script, rest + 2, end, '\0', out);
    else
        arc_buf_putc(out, INIT_UNKNOWN);

    return end + open;
}

bool init_take_word(struct script *script, struct arc_buf *word, bool *is_variable)
{
    const char *at = script->at + strspn(script->at, " \t\r");
    char quote = '\0';

    while (ARC_STARTS(at, "\\\n", "\\\r\n")) { /* the line is joined with the next */
        at += strcspn(at, "\n") + 1;
        at += strspn(at, " \t\r");
    }

    arc_buf_reset(word);
    script->at = at;
    *is_variable = *at == '$';
    if (!*at || strchr("\n;&|()#", *at))
        return false;

    if (*at == '>') { /* a step's GITHUB_ENV is empty before */
        arc_buf_puts(word, ">>");
        script->at = at + strspn(at, ">");
        return true;
    }

    while (*at && (quote || !strchr(" \t\r\n;&|", *at))) {
        if (*at == '>' && !quote && word->len > strspn(arc_buf_text(word), "0123456789"))
            break; /* "text">>FILE, but 2>FILE */
        /* make expands "$(NAME)" between single quotes, too, but not "$$(command)" */
        bool is_of_make =
            quote && script->is_makefile && ARC_STARTS(at, "$(", "${") && at[-1] != '$';
        if (*at == quote || (!quote && (*at == '"' || *at == '\''))) {
            quote = quote ? '\0' : *at;
            at++;
        } else if (*at == '$' && (quote != '\'' || is_of_make)) {
            at = expand_variable(script, at, word);
        } else if (*at == '`' && quote != '\'') {
            const char *end = strchr(at + 1, '`');
            bool is_command = end && init_spend(script->init, (size_t)(end - at));
            if (is_command)
                expand_command(script, at + 1, end, word);
            else
                arc_buf_putc(word, *at);
            at = is_command ? end + 1 : at + 1;
        } else if (*at == '\\' && at[1] && quote != '\'') {
            if (at[1] != '\n')
                arc_buf_putc(word, at[1]);
            at += 2;
        } else
            arc_buf_putc(word, *at++);
    }

    script->at = at;

    return init_spend(script->init, word->len);
}
