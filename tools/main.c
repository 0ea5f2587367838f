/* Dispatch: find the command's row, parse, run, print, exit. */
#include "base/text.h"
#include "cli/project_options.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* `arc-ci`, `arc-ci --help` and `arc-ci --version` are ways to say `arc-ci help …`. Options of
 * every command may stand before its name: they are moved behind it. */
static const struct command *select_command(int *argc, char ***argv, bool *program,
                                            struct arc_error *err)
{
    int before = frame_words(*argc - 1, *argv + 1);
    const char *name = before + 1 < *argc ? (*argv)[before + 1] : NULL;

    if (name && (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)) {
        (*argv)[before + 1] = "--version";
        return command_find("help", err);
    }

    *program = !name;
    if (!name)
        return command_find("help", err);

    const struct command *command = command_find(name, err);
    memmove(*argv + 2, *argv + 1, (size_t)before * sizeof **argv);
    *argc -= 1;
    *argv += 1;

    return command;
}

/* `arc-ci -C DIR …` runs as if started in DIR, as git does. */
static int enter_directory(int *argc, char ***argv, struct arc_error *err)
{
    while (*argc >= 2 && strcmp((*argv)[1], "-C") == 0) {
        if (*argc < 3)
            return arc_error_set(err, ARC_EINPUT, "-C needs a directory");
        if (chdir((*argv)[2]) != 0)
            return arc_error_set(err, ARC_EINPUT, "-C %s: %s", (*argv)[2], strerror(errno));
        *argc -= 2;
        *argv += 2;
    }

    return ARC_OK;
}

/* The number of a stream that is closed would be given to the next file or socket, and what is
 * meant for the stream be written there. Opened the wrong way round it fails as before. */
static void keep_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            return;
}

/* `program`: no command was named, so that --help is about all of them. */
static int run_command(struct arc_env *env, const struct command *command, bool program, int argc,
                       char *const *argv, struct arc_error *err)
{
    ARC_AUTO(invocation) struct invocation inv = {0};
    ARC_AUTO(report) struct report report = {.inv = &inv}, slips = {.inv = &inv};

    ARC_TRY(invocation_parse(command, env, argc, argv, &inv, err));
    ARC_AUTO(arc_project)
    struct arc_project project = {.env = env, .wanted = project_wanted(&inv)};
    inv.project = &project;

    if (option_flag(&inv, "help")) { /* whatever is to be shown otherwise */
        inv.json = false;
        inv.format = NULL;
        ARC_TRY(help_render(program ? NULL : command, "text", &report.human, err));
        return report_print(&report, err);
    }

    if (option_flag(&inv, "verbose") || arc_text_same(arc_env_get(env, "RUNNER_DEBUG"), "1"))
        env->trace = report_trace;

    /* before the command, which may fail because of them */
    invocation_note_slips(&inv, &slips);
    ARC_TRY(report_print_notes(&slips, err));
    ARC_TRY(command->run(&inv, &report, err));
    ARC_TRY(report_print(&report, err));

    return report.failed;
}

int main(int argc, char **argv)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_env env = {.vars = (const char *const *)environ, .now = time(NULL)};
    const struct command *command = NULL;
    bool program = false;

    keep_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    int rc = enter_directory(&argc, &argv, &err);
    if (!rc)
        command = select_command(&argc, &argv, &program, &err);
    if (command)
        rc = run_command(&env, command, program, argc - 1, argv + 1, &err);

    if (err.code) {
        rc = err.code;
        report_error(&err, &env, command ? command->name : NULL);
    }

    return arc_exit_status(rc);
}
