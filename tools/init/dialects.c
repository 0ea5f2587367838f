/* Converts other kinds of scripts to those that init reads: PowerShell to a shell script, a
 * Taskfile or a justfile to a Makefile. */
#include "init/script.h"

/* ---- PowerShell ----------------------------------------------------------------------------- */

/* Converts "$NAME = 'value'" at the start of a line to "NAME='value'"; a computed value becomes
 * unknown. Returns where the value starts, or `at` for other lines. */
static const char *convert_assignment(const char *at, struct arc_buf *out)
{
    const char *name = at + (*at == '$'), *inside = arc_text_after(name, "env:");
    name = arc_or(inside, name);
    size_t len = strspn(name, INIT_LETTERS);
    const char *value = name + len + strspn(name + len, " \t");

    if (*at != '$' || !len || *value != '=' || value[1] == '=')
        return at;
    value += 1 + strspn(value + 1, " \t");
    arc_buf_printf(out, "%.*s=", (int)len, name);
    if (strchr("\"'$", *value) || value[strcspn(value, " (@[\r\n")] != ' ')
        return value;
    arc_buf_puts(out, "$?");

    return value + strcspn(value, "\r\n");
}

const char *init_from_powershell(struct init *init, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = INIT_BYTES_MAX * 2};
    bool starts = true;

    while (*text && init_spend(init, 1)) {
        const char *after = starts && *text == '$' ? convert_assignment(text, &out) : text;
        bool is_joined = *text == '`' && strchr("\r\n", text[1]);
        if (starts && strchr("\"'", *text))
            arc_buf_puts(&out, "echo "); /* a line that is only a text prints it */
        starts = *text == '\n' || (starts && strchr(" \t\r", *text));
        if (after != text)
            text = after;
        else if (ARC_STARTS(text, "$env:", "${env:")) {
            arc_buf_puts(&out, text[1] == '{' ? "${" : "$");
            text = strchr(text, ':') + 1;
        } else {
            arc_buf_putc(&out, is_joined ? '\\' : *text);
            text++;
        }
    }

    return init_hold(init, &out);
}

/* ---- Taskfiles ------------------------------------------------------------------------------ */

static void add_variables(const struct arc_yaml_node *owner, struct arc_buf *out)
{
    arc_yaml_each_pair (pair, arc_yaml_get(owner, "vars")) {
        const char *command = arc_yaml_text_at(pair->value, "sh");
        if (pair->value->text)
            arc_buf_printf(out, "%s := %s\n", pair->key->text, pair->value->text);
        else if (*command)
            arc_buf_printf(out, "%s := $(shell %s)\n", pair->key->text, command);
    }
}

/* Adds a command's lines to a recipe, each run in the task's directory. */
static void add_lines(const char *text, const char *directory, struct arc_buf *out)
{
    bool is_joined = false;

    arc_each_piece (line, text, "\n") {
        arc_buf_putc(out, '\t');
        if (*directory && !is_joined)
            arc_buf_printf(out, "cd %s && ", directory);
        for (size_t i = 0; i < line.len; i++)
            if (i && ARC_STARTS(line.text + i - 1, "$("))
                arc_buf_puts(out, "(shell ");
            else
                arc_buf_putc(out, line.text[i]);
        is_joined = line.len && line.text[line.len - 1] == '\\';
        arc_buf_putc(out, '\n');
    }
}

static const char *read_taskfile(struct init *init, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = INIT_BYTES_MAX * 4};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (!init_read_yaml(init, path, &yaml))
        return NULL;
    add_variables(yaml.root, &out);
    arc_yaml_each_pair (task, arc_yaml_get(yaml.root, "tasks")) {
        if (!init_spend(init, task->key->len))
            continue;
        add_variables(task->value, &out);
        arc_buf_printf(&out, "%s:", task->key->text);
        arc_yaml_each (need, arc_yaml_get(task->value, "deps"))
            arc_buf_printf(&out, " %s", arc_or(need->text, arc_yaml_text_at(need, "task")));
        arc_buf_putc(&out, '\n');
        const struct arc_yaml_node *list = arc_or(arc_yaml_get(task->value, "cmds"), task->value);
        const char *directory = arc_yaml_text_at(task->value, "dir");
        const char *alone = arc_or(task->value->text, arc_yaml_text_at(task->value, "cmd"));
        if (*alone)
            add_lines(alone, directory, &out);
        arc_yaml_each (item, list) { /* texts, {cmd: TEXT} and {task: NAME} */
            const char *name = arc_yaml_text_at(item, "task");
            if (*name)
                arc_buf_printf(&out, "\ttask %s\n", name);
            else
                add_lines(arc_or(item->text, arc_yaml_text_at(item, "cmd")), directory, &out);
        }
    }

    return init_hold(init, &out);
}

const char *init_read_script(struct init *init, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = INIT_BYTES_MAX * 2};
    const char *name = arc_path_name(path);

    if (init_is_among(name, INIT_TASKFILES))
        return read_taskfile(init, path);
    const char *text = init_read(init, path);
    if (text && arc_text_ends(path, ".ps1"))
        return init_from_powershell(init, text);
    if (!text || !init_is_among(name, INIT_JUSTFILES))
        return text;

    arc_each_piece (line, text, "\n") { /* spaces may indent its recipes */
        size_t blanks = strspn(line.text, " ");
        bool is_recipe = blanks && blanks < line.len;
        arc_buf_printf(&out, "%s%.*s\n", is_recipe ? "\t" : "", (int)line.len, line.text);
    }

    return init_hold(init, &out);
}
