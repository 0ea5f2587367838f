/* Shell completion: a small script per shell, which asks `arc-ci completion words` for
 * candidates. */
#include "arcci/project.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"

ARC_TEXT(cmd_completion_bash);
ARC_TEXT(cmd_completion_zsh);
ARC_TEXT(cmd_completion_fish);

/* Filters candidates by how they start, and prefixes them with the first letters of `before`
 * ("--group="). */
struct candidates {
    struct arc_buf *out;
    const char *start, *before;
    size_t before_len;
};

/* Prints "candidate TAB description"; omits a name that would leave its line or drive the
 * terminal. */
static void offer(const struct candidates *to, const char *name, const char *help)
{
    if (!ARC_STARTS(name, to->start) || !arc_text_is_visible(name))
        return;

    arc_buf_printf(to->out, "%.*s%s", (int)to->before_len, to->before, name);
    if (help)
        arc_buf_printf(to->out, "\t%.*s", (int)strcspn(help, ".\n"), help);
    arc_buf_putc(to->out, '\n');
}

static void offer_options(const struct candidates *to, const struct option *options)
{
    for (const struct option *row = options; row && row->name; row++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", row->name[1] ? "--" : "-", row->name);
        offer(to, name, row->help);
    }
}

/* Offers the repository's names for a placeholder: groups, services, tags. Nothing if it cannot be
 * read. */
static void offer_names(const struct candidates *to, const struct arc_env *env, const char *kind)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = env};

    if (strcmp(kind, "TAG") == 0) {
        if (arc_project_load_tags(&project, NULL) == ARC_OK)
            arc_json_each (tag, project.repository.tags)
                offer(to, json_string_value(tag), NULL);
        return;
    }

    bool groups = strcmp(kind, "GROUP") == 0;
    if ((groups ? arc_project_read_config : arc_project_load_config)(&project, NULL) != ARC_OK)
        return;

    arc_each (group, project.config.groups, project.config.group_count) {
        if (groups)
            offer(to, group->name, group->title);
        for (size_t s = 0; !groups && s < group->service_count; s++)
            offer(to, group->services[s].codename, group->services[s].description);
    }
}

static void offer_value(const struct candidates *to, const struct arc_env *env, const char *value,
                        const char *choices)
{
    value += *value == '[';
    if (strcmp(value, "SHELL") == 0)
        choices = "bash|zsh|fish";
    const char *offered = arc_or(choices, "");
    ARC_AUTO_FREE char *first = strndup(value, strcspn(value, " ]")); /* of several words */

    arc_each_piece (choice, offered, "|") {
        ARC_AUTO_FREE char *one = arc_piece_copy(choice);
        offer(to, arc_or(one, ""), NULL);
    }
    if (!choices && first && ARC_AMONG(first, "TAG", "GROUP", "CODENAME"))
        offer_names(to, env, first);
    else if (!choices)
        arc_buf_puts(to->out, ":files\n");
}

/* The option that a word ("--group", "--group=mess") names if it takes a value, otherwise NULL. */
static const struct option *option_with_value(const struct command *command, const char *word)
{
    const char *name = arc_text_after(word, "--");
    if (!name)
        return NULL;
    const struct option *row = command_option(command, name, strcspn(name, "="));
    return row && row->value ? row : NULL;
}

static void offer_commands(const struct candidates *to)
{
    for (size_t i = 0; i < command_count; i++)
        offer(to, commands[i]->name, commands[i]->summary);
    offer_options(to, frame_options);
}

/* Offers candidates for the last of the words after `arc-ci`. */
static void complete(const struct arc_env *env, const char *const *words, size_t count,
                     struct arc_buf *out)
{
    struct candidates to = {.out = out, .start = count ? words[count - 1] : ""};
    size_t first = 0; /* the command */

    while (first + 1 < count && strcmp(words[first], "-C") == 0)
        first += 2;
    if (first < count)
        first += (size_t)frame_words((int)(count - first) - 1, (char *const *)words + first);

    const struct command *command = first + 1 < count ? command_find(words[first], NULL) : NULL;
    const char *equals = strchr(to.start, '=');
    const struct option *wanting = NULL;

    if (equals)
        wanting = option_with_value(command, to.start);
    else if (count > 1 && !strchr(words[count - 2], '='))
        wanting = option_with_value(command, words[count - 2]);
    if (equals && wanting)
        to = (struct candidates){out, equals + 1, to.start, (size_t)(equals + 1 - to.start)};

    if (wanting) {
        offer_value(&to, env, wanting->value, wanting->choices);
    } else if (first == count && count) {
        arc_buf_puts(out, ":files\n");
    } else if (!command) {
        offer_commands(&to);
    } else if (to.start[0] == '-') {
        offer_options(&to, command->options);
        offer_options(&to, frame_options);
    } else if (command->argument && strcmp(command->argument, "COMMAND") == 0) {
        offer_commands(&to);
    } else if (command->argument) {
        const char *second = count > first + 2 ? strchr(command->argument, ' ') : NULL;
        offer_value(&to, env, second ? second + 1 : command->argument, NULL);
    }
}

static int run_completion(const struct invocation *inv, struct report *report,
                          struct arc_error *err)
{
    const char *shell = arc_or(inv->args[0], "");
    static const struct shell {
        const char *name, *script;
    } shells[] = {{"bash", arc_embedded_cmd_completion_bash},
                  {"zsh", arc_embedded_cmd_completion_zsh},
                  {"fish", arc_embedded_cmd_completion_fish}};

    report->kind = REPORT_DATA;

    if (strcmp(shell, "words") == 0) {
        complete(inv->env, inv->args + 1, inv->arg_count - 1, &report->human);
        if (!report->human.len)
            arc_buf_puts(&report->human, "\n");
        return ARC_OK;
    }

    const struct shell *found = arc_find(shells, ARC_COUNT(shells), name, shell);
    if (!found || inv->arg_count != 1)
        return arc_error_set(err, ARC_EINPUT, "which shell? 'arc-ci completion bash', zsh or fish");
    arc_buf_puts(&report->human, found->script);

    return ARC_OK;
}

const struct command cmd_completion = {
    .name = "completion",
    .summary = "print the script that completes arc-ci's command line in a shell",
    .argument = "SHELL",
    .several = 256,
    .description =
        "Prints the completion script of bash, zsh or fish. The scripts ask `arc-ci completion "
        "words -- WORD...` for candidates for the last WORD: commands, options, choices, and the "
        "repository's groups, services and tags.",
    .examples = EXAMPLES(
        {"arc-ci completion bash", "The script for bash: source <(arc-ci completion bash)."},
        {"arc-ci completion words -- plan --group ''", "Print the candidates, one per line."}),
    .run = run_completion,
};
