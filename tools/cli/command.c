/* The command table, and parsing command lines with it. */
#include "cli/command.h"
#include "base/json.h"
#include "base/suggest.h"
#include "base/text.h"
#include <ctype.h>
#include <unistd.h>

#define OPTIONS_MAX 72 /* with those of every command */
#define INPUT_MAX   96 /* the variable of an input */

#define COMMAND(name) extern const struct command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

#define COMMAND(name) &cmd_##name,
const struct command *const commands[] = {
#include "cli/commands.def"
};
#undef COMMAND
const size_t command_count = ARC_COUNT(commands);

const struct command *command_find(const char *name, struct arc_error *err)
{
    const char *names[ARC_COUNT(commands) + 1] = {0};

    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
    }

    const char *meant = arc_suggest(name, names);
    for (size_t i = 0; !meant && i < command_count && strlen(name) > 1; i++)
        if (strncmp(names[i], name, strlen(name)) == 0)
            meant = names[i];

    if (meant)
        arc_error_set(err, ARC_EINPUT, "'%.200s' is not an arc-ci command; did you mean '%s'?",
                      name, meant);
    else
        arc_error_set(err, ARC_EINPUT,
                      "'%.200s' is not an arc-ci command; 'arc-ci help' lists the commands", name);

    return NULL;
}

/* ---- options of every command --------------------------------------------------------------- */

const struct option frame_options[] = {
    FLAG("json", "Print the JSON document instead of the text."),
    VALUE("format", "TEMPLATE",
          "Print the document filled into a template instead: '{{tag}}', "
          "'{{#services}}{{image}} {{/services}}' (docs/notes.md)."),
    CHOICE("color", "WHEN", "auto|always|never", "auto",
           "Whether to color text; auto obeys NO_COLOR, CLICOLOR_FORCE and TERM=dumb."),
    FLAG("quiet", "Print no text for a person, no progress, no notices (-q)."),
    FLAG("verbose",
         "Show what is run and asked, and how long it took (-v); RUNNER_DEBUG=1 does too."),
    FLAG("help", "Show this help (-h)."),
    {0},
};

/* "-q" is "--quiet". NULL for any other word. */
static const char *long_option(const char *word)
{
    static const char *const names[][2] = {
        {"-h", "--help"}, {"-q", "--quiet"}, {"-v", "--verbose"}};
    for (size_t i = 0; i < ARC_COUNT(names); i++)
        if (strcmp(word, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

const struct option *option_find(const struct option *rows, const char *name, size_t len)
{
    for (; rows && rows->name; rows++)
        if (arc_text_is(name, len, rows->name))
            return rows;
    return NULL;
}

const struct option *command_option(const struct command *command, const char *name, size_t len)
{
    const struct option *own = option_find(command ? command->options : NULL, name, len);
    return arc_or(own, option_find(frame_options, name, len));
}

int frame_words(int argc, char *const *argv)
{
    int words = 0;
    while (words < argc) {
        const char *word = arc_or(long_option(argv[words]), argv[words]);
        const char *name = arc_text_after(word, "--");
        const struct option *option =
            name ? option_find(frame_options, name, strcspn(name, "=")) : NULL;
        if (!option)
            break;
        words += option->value && !strchr(word, '=') ? 2 : 1;
    }

    return words < argc ? words : argc;
}

/* ---- options of one command ----------------------------------------------------------------- */

static bool among(const char *choices, const char *value)
{
    const char *all = arc_or(choices, "");
    arc_each_piece (choice, all, "|")
        if (arc_text_is(choice.text, choice.len, value))
            return true;
    return false;
}

/* GitHub's own reading of booleans: the YAML 1.2 core schema's spellings. */
static const char *boolean(const char *value)
{
    if (among("true|True|TRUE", value))
        return "true";
    return among("false|False|FALSE", value) ? "false" : NULL;
}

static int set_value(struct invocation *inv, const struct option *option, const char *value,
                     struct arc_error *err)
{
    const char *flag = option->value ? NULL : boolean(value);
    json_t *values = option->many ? json_object_get(inv->given, option->name) : NULL;

    if (option->choices ? !among(option->choices, arc_or(flag, value)) : !option->value && !flag)
        return arc_error_set(err, ARC_EINPUT, "--%s: '%.200s' is not one of %s", option->name,
                             value, arc_or(option->choices, "true|false"));
    if (option->value && !*value)
        return arc_error_set(err, ARC_EINPUT, "--%s is empty: it takes %s; is a variable not set?",
                             option->name, option->value);
    if (option->many && !arc_utf8_valid(value, strlen(value)))
        return arc_error_set(err, ARC_EINPUT, "--%s: the value is not valid UTF-8", option->name);

    if (!values) {
        values = json_array();
        ARC_TRY(arc_json_set(inv->given, option->name, values, err));
    }

    return arc_json_append(values, json_string_nocheck(arc_or(flag, value)), err);
}

/* The option of these tables (NULL: none) with a similar name; NULL if there is none. */
static const char *find_similar(const struct option *const tables[2], const char *name)
{
    const char *names[OPTIONS_MAX + 1] = {NULL};
    size_t count = 0;

    for (size_t i = 0; i < 2; i++)
        for (const struct option *row = tables[i]; row && row->name && count < OPTIONS_MAX; row++)
            names[count++] = row->name;

    return arc_suggest(name, names);
}

/* Suggests "--json" for "--jsn=x". */
static int unknown_option(const struct invocation *inv, const char *arg, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 256};
    size_t dashes = strspn(arg, "-");
    arc_buf_add(&name, arg + dashes, strcspn(arg + dashes, "="));

    const struct option *const tables[] = {frame_options, inv->command->options};
    const char *meant = find_similar(tables, arc_buf_text(&name));
    if (meant)
        return arc_error_set(err, ARC_EINPUT, "there is no option '%.200s'; did you mean '--%s'?",
                             arg, meant);

    return arc_error_set(err, ARC_EINPUT,
                         "there is no option '%.200s'; 'arc-ci help %s' lists the options", arg,
                         inv->command->name);
}

/* Parses one "--name", "--name=value" or "--name value"; *used is its number of words. A command's
 * own option takes precedence over the frame's (`help --format`). */
static int parse_option(struct invocation *inv, int argc, char *const *argv, int *used,
                        struct arc_error *err)
{
    const char *shorthand = long_option(argv[0]);
    const char *name = arc_or(shorthand, argv[0]) + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = command_option(inv->command, name, len);
    const char *value = equals ? equals + 1 : "true";

    *used = 1;
    if (!option)
        return unknown_option(inv, argv[0], err);

    if (!equals && option->value) {
        if (argc < 2)
            return arc_error_set(err, ARC_EINPUT, "--%s needs a value: --%s %s", name, name,
                                 option->value);
        *used = 2;
        value = argv[1];
    }

    if (!equals && !option->value && argc > 1 &&
        (boolean(argv[1]) || among(option->choices, argv[1])))
        return arc_error_set(err, ARC_EINPUT, "--%s takes its value after '=': --%s=%s", name, name,
                             argv[1]);

    return set_value(inv, option, value, err);
}

/* "-z": the flag of that name. */
static int parse_letter(struct invocation *inv, const char *word, struct arc_error *err)
{
    const struct option *option = option_find(inv->command->options, word + 1, 1);
    if (word[2] || !option)
        return unknown_option(inv, word, err);
    return set_value(inv, option, "true", err);
}

static int add_argument(struct invocation *inv, const char *arg, struct arc_error *err)
{
    size_t most = inv->command->argument ? 1 : 0;
    if (inv->arg_count == arc_or(inv->command->several, most))
        return arc_error_set(err, ARC_EINPUT,
                             "unexpected argument '%.200s'; 'arc-ci help %s' shows the usage", arg,
                             inv->command->name);
    inv->args[inv->arg_count++] = arg;
    return ARC_OK;
}

static int parse_words(struct invocation *inv, int argc, char *const *argv, struct arc_error *err)
{
    bool options = true;

    for (int i = 0, used; i < argc; i += used) {
        used = 1;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && (ARC_STARTS(argv[i], "--") || long_option(argv[i])))
            ARC_TRY(parse_option(inv, argc - i, argv + i, &used, err));
        else if (options && argv[i][0] == '-' && argv[i][1])
            ARC_TRY(parse_letter(inv, argv[i], err));
        else
            ARC_TRY(add_argument(inv, argv[i], err));
    }

    if (!option_find(inv->command->options, "format", 6))
        inv->format = option_value(inv, "format");
    inv->json = option_flag(inv, "json");
    inv->quiet = option_flag(inv, "quiet");

    return ARC_OK;
}

static int set_lines(struct invocation *inv, const struct option *option, const char *text,
                     struct arc_error *err)
{
    /* only blank lines: given, but empty */
    ARC_TRY(arc_json_set(inv->given, option->name, json_array(), err));

    arc_each_piece (line, text, "\n") {
        arc_text_trim(&line.text, &line.len);
        ARC_AUTO_FREE char *value = arc_piece_copy(line);
        ARC_TRY_ALLOC(value, err);
        if (*value)
            ARC_TRY(set_value(inv, option, value, err));
    }

    return ARC_OK;
}

/* ---- options together ----------------------------------------------------------------------- */

static const char *default_of(const struct option *option)
{
    return arc_or(option->initial, "false");
}

/* Whether the option, or argument, of that name has another value than its default. */
static bool is_set(const struct invocation *inv, struct arc_piece name)
{
    const struct option *option = option_find(inv->command->options, name.text, name.len);
    if (!option)
        return inv->arg_count > 0;
    return option_given(inv, option->name) &&
           !arc_text_same(option_value(inv, option->name), default_of(option));
}

/* Appends "--plan", "--gate=false" of one that is true by default, or an argument's name. */
static void add_option(const struct command *command, struct arc_piece name, struct arc_buf *out)
{
    const struct option *option = option_find(command->options, name.text, name.len);
    bool is_on = option && !option->value && strcmp(default_of(option), "true") == 0;
    arc_buf_printf(out, "%s%.*s%s", option ? "--" : "", (int)name.len, name.text,
                   is_on ? "=false" : "");
}

void option_list_others(const struct command *command, const char *names, struct arc_buf *out)
{
    const char *last = arc_or(strrchr(names, '|'), names);

    arc_each_piece (name, names, "|") {
        if (name.text != names)
            arc_buf_puts(out, name.text > last ? " or " : ", ");
        add_option(command, name, out);
    }
}

static struct arc_piece name_of(const char *text)
{
    return (struct arc_piece){.text = text, .len = strlen(text)};
}

/* The first of the other options that is set; without text if none is. */
static struct arc_piece find_set(const struct invocation *inv, const struct option *but,
                                 const char *names)
{
    const struct arc_piece none = {0};

    if (strcmp(names, "*") != 0) {
        arc_each_piece (name, names, "|")
            if (is_set(inv, name))
                return name;
        return none;
    }

    if (inv->arg_count)
        return name_of(inv->command->argument);
    for (const struct option *row = inv->command->options; row->name; row++)
        if (row != but && is_set(inv, name_of(row->name)))
            return name_of(row->name);

    return none;
}

/* Refuses options that others make meaningless. */
static int check_together(const struct invocation *inv, struct arc_error *err)
{
    const struct command *command = inv->command;

    for (const struct option *row = command->options; row && row->name; row++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = 1024};
        if (!is_set(inv, name_of(row->name)))
            continue;
        add_option(command, name_of(row->name), &text);

        const struct arc_piece other = find_set(inv, row, arc_or(row->without, ""));
        bool lacks = row->with && !find_set(inv, row, row->with).text;
        if (lacks) {
            arc_buf_puts(&text, " needs ");
            option_list_others(command, row->with, &text);
        } else if (other.text) {
            arc_buf_puts(&text, " cannot go with ");
            add_option(command, other, &text);
            arc_buf_puts(&text, ": leave out one of them");
        }
        if (lacks || other.text)
            return arc_error_set(err, ARC_EINPUT, "%s", arc_buf_text(&text));
    }

    return ARC_OK;
}

/* ---- the environment ------------------------------------------------------------------------ */

/* Writes the variable of an input: INPUT_LIST-FILES or, for callers that cannot set a name with a
 * hyphen, INPUT_LIST_FILES. */
static void name_input(const char *name, char hyphen, char out[INPUT_MAX])
{
    size_t len = (size_t)snprintf(out, INPUT_MAX, "INPUT_");
    for (; *name && len < INPUT_MAX - 1; name++)
        out[len++] = *name == '-' ? hyphen : (char)toupper((unsigned char)*name);
    out[len] = '\0';
}

/* Reads an input, trimmed as by core.getInput() of actions (a block scalar ends with a line
 * break); NULL if it is not set, "" if it is blank. */
static int read_input(struct invocation *inv, const char *name, const char **out,
                      struct arc_error *err)
{
    char key[INPUT_MAX];
    const char *text = NULL;

    for (size_t i = 0; !text && i < 2; i++) {
        name_input(name, "-_"[i], key);
        text = arc_env_nonempty(inv->env, key);
    }

    size_t len = text ? strlen(text) : 0;
    *out = text ? "" : NULL;
    if (text)
        arc_text_trim(&text, &len);
    if (!len)
        return ARC_OK;
    *out = arc_arena_cut(&inv->memory, text, len);
    return arc_arena_check(&inv->memory, err);
}

static int parse_environment(struct invocation *inv, struct arc_error *err)
{
    const struct command *command = inv->command;
    int rc = ARC_OK;
    const char *value = NULL;

    for (const struct option *option = command->options; option && option->name; option++) {
        if (json_object_get(inv->given, option->name))
            continue;
        rc = read_input(inv, option->name, &value, err);
        if (!rc && value && option->many)
            rc = set_lines(inv, option, value, err);
        else if (!rc && value && *value)
            rc = set_value(inv, option, value, err);
        if (rc)
            return arc_error_prefix(err, "from the environment (INPUT_)");
    }

    if (!command->argument || command->several || inv->arg_count)
        return ARC_OK;
    rc = read_input(inv, command->argument, &value, err);
    return rc || !value || !*value ? rc : add_argument(inv, value, err);
}

/* Whether a command takes that input; a job may set those of several commands. */
static bool is_input(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *argument = commands[i]->argument;
        if ((argument && strcasecmp(argument, name) == 0) ||
            (commands[i]->options && option_find(commands[i]->options, name, strlen(name))))
            return true;
    }
    return strcmp(name, "token") == 0;
}

void invocation_note_slips(const struct invocation *inv, struct report *report)
{
    const struct option *const tables[] = {inv->command->options, NULL};

    for (const char *const *var = inv->env->vars; var && *var; var++) {
        const char *given = arc_text_after(*var, "INPUT_");
        size_t len = given ? strcspn(given, "=") : 0;
        char name[64] = "", key[INPUT_MAX];
        if (!len || len >= sizeof name || !given[len] || !given[len + 1])
            continue;
        memcpy(name, given, len);
        arc_text_lower(name);
        for (char *c = name; *c; c++)
            *c = *c == '_' ? '-' : *c;

        bool is_lower = islower((unsigned char)*given);
        const char *meant = is_input(name) && !is_lower ? NULL : find_similar(tables, name);
        if (!meant)
            continue;
        name_input(meant, '-', key);
        report_warn(report, "INPUT_%.*s is no input, so it has no effect; did you mean %s?",
                    (int)len, given, key);
    }
}

int invocation_parse(const struct command *command, const struct arc_env *env, int argc,
                     char *const *argv, struct invocation *inv, struct arc_error *err)
{
    size_t words = (argc > 0 ? (size_t)argc : 0) + 2;
    *inv = (struct invocation){.command = command, .env = env, .given = json_object()};
    inv->args = arc_arena_array(&inv->memory, words, sizeof *inv->args);
    ARC_TRY_ALLOC(inv->given && inv->args, err);
    inv->terminal = isatty(STDOUT_FILENO) == 1;
    ARC_TRY(parse_words(inv, argc, argv, err));
    inv->colour = terminal_colour(env, option_value(inv, "color"), STDOUT_FILENO);
    if (inv->json && inv->format)
        return arc_error_set(err, ARC_EINPUT,
                             "--json prints the whole document, and --format a template filled in "
                             "with it: give one of them");

    if (inv->format && !strstr(inv->format, "{{"))
        return arc_error_set(err, ARC_EINPUT,
                             "--format: '%.200s' has no {{…}}, so it shows nothing of the "
                             "document; it is the template itself, not the name of its file",
                             inv->format);
    if (option_flag(inv, "help"))
        return ARC_OK;
    ARC_TRY(parse_environment(inv, err));
    return check_together(inv, err);
}

void invocation_free(struct invocation *inv)
{
    json_decref(inv->given);
    arc_arena_free(&inv->memory);
    *inv = (struct invocation){0};
}

const char *option_value(const struct invocation *inv, const char *name)
{
    const json_t *values = json_object_get(inv->given, name);
    const struct option *row = option_find(inv->command->options, name, strlen(name));
    if (json_array_size(values))
        return json_string_value(json_array_get(values, json_array_size(values) - 1));
    return row ? row->initial : NULL;
}

bool option_flag(const struct invocation *inv, const char *name)
{
    return arc_text_same(option_value(inv, name), "true");
}

bool option_is_auto(const struct invocation *inv, const char *name)
{
    return arc_text_same(option_value(inv, name), "auto");
}

size_t option_choice(const struct invocation *inv, const char *name)
{
    const struct option *option = option_find(inv->command->options, name, strlen(name));
    const char *value = arc_or(option_value(inv, name), "");
    size_t number = 0;

    arc_each_piece (choice, option->choices, "|") {
        if (arc_text_is(choice.text, choice.len, value))
            break;
        number++;
    }

    return number;
}

bool option_time(const char *text, const char *units, int64_t *out)
{
    static const char letters[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    *out = 0;

    do {
        size_t digits = strspn(text, "0123456789");
        char unit = text[digits];
        if (!digits || digits > 6 || !unit || !strchr(units, unit))
            return false;
        *out += strtoll(text, NULL, 10) * seconds[strchr(letters, unit) - letters];
        text += digits + 1;
    } while (*text);

    return true;
}

const json_t *option_list(const struct invocation *inv, const char *name)
{
    return json_object_get(inv->given, name);
}

bool option_given(const struct invocation *inv, const char *name)
{
    return json_object_get(inv->given, name) != NULL;
}
