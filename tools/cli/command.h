/* The frame of all commands: a table describes a command, the command reads an invocation and fills
 * a report. The table is the source of parsing, checks, --help, the man page and the docs. */
#pragma once

#include "arcci/arena.h"
#include "arcci/buf.h"
#include "arcci/env.h"
#include <jansson.h>

/* One option. If the command line does not set it, the environment variable INPUT_<NAME> does
 * (upper case, hyphens kept or as underscores); an empty one counts as not given, blank lines as an
 * empty list. On the command line an empty value is an error. */
struct option {
    const char *name;    /* without dashes: "list-files"; a single letter takes one dash */
    const char *value;   /* placeholder of its value ("FILE"); NULL for a true/false option */
    const char *choices; /* the allowed values, "none|csv|json"; NULL for any, or true and false */
    const char *initial; /* the default value, shown in the help; NULL for none */
    const char *help;    /* one sentence or two */
    /* Options ("scan-target|build") without which, or with which, this one would be ignored, and is
     * refused. `without` may also name the command's argument, or be "*": all others. NULL: any. */
    const char *with, *without;
    bool many; /* may be repeated; in the environment: one value per line */
};

/* Rows of an option table: true/false, true by default, true/false/auto; with a value, with a
 * default value, with a choice, with a value that may be repeated. They end with the help; .with and
 * .without may follow. */
#define OPTION(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define FLAG(n, ...)           OPTION(.name = n, .help = __VA_ARGS__)
#define FLAG_ON(n, ...)        OPTION(.name = n, .initial = "true", .help = __VA_ARGS__)
#define FLAG_AUTO(n, ...)      OPTION(.name = n, .choices = "true|false|auto", .help = __VA_ARGS__)
#define VALUE(n, v, ...)       OPTION(.name = n, .value = v, .help = __VA_ARGS__)
#define VALUE_OR(n, v, i, ...) OPTION(.name = n, .value = v, .initial = i, .help = __VA_ARGS__)
#define CHOICE(n, v, c, i, ...)                                                                    \
    OPTION(.name = n, .value = v, .choices = c, .initial = i, .help = __VA_ARGS__)
#define VALUES(n, v, ...) OPTION(.name = n, .value = v, .many = true, .help = __VA_ARGS__)

/* A value for later steps, or an example. */
struct row {
    const char *name; /* as in GITHUB_OUTPUT, "<filter>" for a family of names; or a command line,
                       * which the tests run as it is */
    const char *help;
};

/* The rows of a command's table, ending with {0}. */
#define OPTIONS(...)  ((const struct option[]){__VA_ARGS__, {0}})
#define OUTPUTS(...)  ((const struct row[]){__VA_ARGS__, {0}})
#define EXAMPLES(...) ((const struct row[]){__VA_ARGS__, {0}})

struct arc_project;
struct invocation;
struct report;

/* A row of the command table (commands.def names them all). Lists end with a {0} entry. */
struct command {
    const char *name;
    const char *summary;          /* one line, no full stop */
    const char *argument;         /* name of its positional argument ("TAG"), which is optional;
                                     * for several, the usage's text; NULL for none */
    size_t several;               /* the most arguments that it takes, if that is not one */
    const char *description;      /* paragraphs, separated by blank lines */
    const struct option *options; /* in addition to the frame's, such as --help and --json */
    const struct row *outputs;    /* NULL for none */
    const struct row *examples;   /* NULL for none */
    bool token;                   /* it uses GitHub's API: its action passes on the job's token */
    /* Does the work: one library call, then fills the report. Returns 0 or an ARC_E… code. */
    int (*run)(const struct invocation *inv, struct report *report, struct arc_error *err);
};

/* All commands in the order of the flow, and their number. */
extern const struct command *const commands[];
extern const size_t command_count;

/* Returns the command of that name; NULL, with an error, if it is unknown. */
const struct command *command_find(const char *name, struct arc_error *err);

/* A parsed command line, owned by invocation_parse()'s caller; arguments point into argv and the
 * environment. */
struct invocation {
    struct arc_arena memory; /* of the arguments and the trimmed INPUT_ variables */
    const struct command *command;
    const struct arc_env *env;
    struct arc_project *project; /* wanted as the options and arguments say; nothing is loaded */
    json_t *given; /* object: option → array of its values; several only for a `many` option */
    const char **args; /* positional arguments, then NULL; args[1] may always be read */
    size_t arg_count;
    const char *format; /* --format: a template for the document; NULL: none */
    bool json;          /* --json: print the document */
    bool quiet;         /* --quiet: no text for a person, no progress, no notices */
    bool terminal;      /* stdout is a terminal: lines are wrapped for a person */
    bool colour;        /* colour the text on stdout */
};

/* Options of every command, which may also precede its name. */
extern const struct option frame_options[];

/* Returns the row of that name in an option table (NULL: empty), or NULL. */
const struct option *option_find(const struct option *rows, const char *name, size_t len);
/* The option of a command (NULL: none), or else of every command; NULL if there is none. */
const struct option *command_option(const struct command *command, const char *name, size_t len);

/* The number of words from argv[0] on that are frame options with their values. */
int frame_words(int argc, char *const *argv);

/* Parses argv (after the command's name) and the INPUT_ variables by the command's table.
 * ARC_EINPUT for an unknown option, a missing or wrong value, too many arguments, and an option that
 * others make meaningless. */
int invocation_parse(const struct command *command, const struct arc_env *env, int argc,
                     char *const *argv, struct invocation *inv, struct arc_error *err);
void invocation_free(struct invocation *inv);

/* The value of a string option (its default if not given, or NULL), of a true/false option, and of
 * a repeated one (a borrowed array, NULL if not given). `name` must be in the command's table. */
const char *option_value(const struct invocation *inv, const char *name);
bool option_flag(const struct invocation *inv, const char *name);
/* Whether it is "auto": yes, if available. */
bool option_is_auto(const struct invocation *inv, const char *name);
/* The index of its choice, from 0; the option must have a default. */
size_t option_choice(const struct invocation *inv, const char *name);
/* Reads numbers with one of the units ("90s" or "1h30m" with "smh"; s, m, h or d) as seconds; false
 * for any other text. */
bool option_time(const char *text, const char *units, int64_t *out);
const json_t *option_list(const struct invocation *inv, const char *name);
/* Whether it was given, on the command line or as INPUT_. */
bool option_given(const struct invocation *inv, const char *name);
/* Appends the options of a row's `with` or `without`, as they are written to have an effect:
 * "--build, --plan or --block-on-failure=false". */
void option_list_others(const struct command *command, const char *names, struct arc_buf *out);

/* A command's result, which the frame prints (output.c). Initialise with {.inv = …}. */
struct report {
    const struct invocation *inv;
    struct arc_arena memory; /* of the outputs */
    json_t *document;        /* the stage's JSON document, printed by --json; owned */
    struct arc_buf human;    /* text for a person; if empty, outputs are printed as key=value */
    enum { REPORT_TEXT, REPORT_JSON, REPORT_DATA } kind; /* for `human`: DATA is never altered */
    struct arc_buf summary;                              /* markdown for GITHUB_STEP_SUMMARY */
    struct report_output {
        const char *name, *value; /* any bytes but NUL */
        size_t len;
    } * outputs; /* for GITHUB_OUTPUT, in this order */
    size_t output_count;
    size_t output_bytes;  /* of their names and values */
    struct arc_buf notes; /* for stderr: annotations in GitHub Actions, lines elsewhere */
    int failed;           /* ARC_OK, or the code to exit with although the report is complete */
};

/* Adds an output (`value` is copied; `len` bytes). Names are [A-Za-z0-9_-]+ or the filter's own.
 * If memory runs out in this or a function below without an error, printing the report fails. */
void report_output(struct report *report, const char *name, const char *value);
void report_output_bytes(struct report *report, const char *name, const char *value, size_t len);
/* The same: "true" or "false". */
void report_flag(struct report *report, const char *name, bool value);
/* The same with a value of the document: a text as it is, others as JSON, `missing` for NULL and
 * null. */
void report_value(struct report *report, const char *name, const json_t *value,
                  const char *missing);
/* The same with members of the document, under their own names (NULL ends them); "" if missing. */
void report_members(struct report *report, const char *const *names);
/* Appends the command's template (base/template.h), filled with unescaped values; report_print()
 * later makes all text for a person visible. */
int report_fill(const char *text, const json_t *values, struct arc_buf *out, struct arc_error *err);
/* Whether a person sees `human`: without --json and --format. */
bool report_is_seen(const struct report *report);
/* The same for `human`, with the document or other values; does nothing if nobody sees it. */
int report_show(struct report *report, const char *text, struct arc_error *err);
int report_show_values(struct report *report, const char *text, const json_t *values,
                       struct arc_error *err);
/* Adds a note for a person: 'e' an error, 'w' a warning, 'n' a notice; `place` may be NULL. */
void report_note(struct report *report, char level, const struct arc_place *place,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
#define report_warn(report, ...) report_note(report, 'w', NULL, __VA_ARGS__)
/* The same for a callback: `report` is the report. */
int report_note_text(void *report, char level, const char *text, struct arc_error *err);
/* Adds a warning for each INPUT_ variable that no command takes but whose name is like an option of
 * this one. */
void invocation_note_slips(const struct invocation *inv, struct report *report);
void report_free(struct report *report);

/* Prints the report's notes. ARC_EWORLD if stderr cannot be written. */
int report_print_notes(const struct report *report, struct arc_error *err);
/* Prints the report's document, outputs, summary and notes. ARC_EWORLD if stdout, stderr or one of
 * GitHub's files cannot be written. */
int report_print(const struct report *report, struct arc_error *err);
/* A callback for progress: prints a line on stderr, made visible; nothing with --quiet. `context`
 * is the invocation. */
void report_progress(void *context, const char *line);
/* For arc_env.trace: a line on stderr. */
void report_trace(void *context, const char *line);
/* Prints the error once on stderr: a line for a person, or an ::error annotation in Actions. */
void report_error(const struct arc_error *error, const struct arc_env *env, const char *command);

/* Whether to colour text on the descriptor. `when` is "always", "never", or "auto" (NULL): not with
 * NO_COLOR (no-color.org), otherwise with CLICOLOR_FORCE, otherwise on a terminal that is not dumb
 * unless CLICOLOR=0 (bixense.com/clicolors). */
bool terminal_colour(const struct arc_env *env, const char *when, int fd);
/* Whether lines can be redrawn: on a terminal that is not dumb, outside CI. */
bool terminal_redraws(const struct arc_env *env, int fd);

/* Adds text wrapped at column 80. The first line continues at `column`, the others start at
 * `margin`; blank lines separate paragraphs. */
void help_wrap(struct arc_buf *out, const char *text, size_t margin, size_t column);

/* Appends the help of a command, or of the program for NULL. `format` is "text" or "man"; for a
 * command also "markdown", "action" (action.yml) or "readme" (the action's). */
int help_render(const struct command *command, const char *format, struct arc_buf *out,
                struct arc_error *err);
