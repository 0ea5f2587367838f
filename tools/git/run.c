#include "git/run.h"
#include "base/text.h"
#include "os/environment.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define OWN_MAX    7

/* Repository settings that would run a program of its choice. */
static const char *const common[] = {"git",
                                     "-c",
                                     "core.hooksPath=/dev/null",
                                     "-c",
                                     "core.fsmonitor=false",
                                     "-c",
                                     "safe.bareRepository=explicit"};

int arc_git_run(const struct arc_git *git, const struct arc_env *env,
                const struct arc_git_token *token, const char *const *words,
                const struct arc_buf *input, unsigned seconds, struct arc_process_result *result,
                struct arc_error *err)
{
    /* git's own variables that point elsewhere; the first only if the token sets one */
    static const char *const names[] = {
        "GIT_CONFIG_COUNT",    "GIT_DIR",    "GIT_WORK_TREE",          "GIT_COMMON_DIR",
        "GIT_TERMINAL_PROMPT", "GIT_PREFIX", "GIT_NO_REPLACE_OBJECTS", NULL};
    static const char *const elsewhere[] = {"GIT_OBJECT_DIRECTORY", NULL}; /* the clone's own */
    ARC_AUTO_FREE const char **argv = NULL;
    ARC_AUTO_FREE const char **vars = NULL;
    ARC_AUTO(arc_buf) struct arc_buf gitdir = {.max = 8192}, worktree = {.max = 8192};

    arc_buf_printf(&gitdir, "GIT_DIR=%s", git->gitdir);
    arc_buf_printf(&worktree, "GIT_WORK_TREE=%s", arc_or(git->worktree, ""));
    ARC_TRY(arc_buf_check(&gitdir, "the path of the repository", err));
    ARC_TRY(arc_buf_check(&worktree, "the path of the work tree", err));

    /* like libgit2, ignore `git replace` */
    const char *own[OWN_MAX + ARC_GIT_TOKEN_VARS] = {gitdir.data, "GIT_TERMINAL_PROMPT=0",
                                                     "GIT_OPTIONAL_LOCKS=0",
                                                     "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C"};
    size_t last = 5, count = arc_texts_count(words);
    bool login = token && token->vars[0];
    if (git->worktree)
        own[last++] = worktree.data;
    if (login)
        memcpy(own + last, token->vars, ARC_GIT_TOKEN_VARS * sizeof *own);
    ARC_TRY(arc_environment_pick(env, false, names + !login, git->scratch ? NULL : elsewhere, own,
                                 &vars, err));

    argv = calloc(ARC_COUNT(common) + count + 1, sizeof *argv);
    ARC_TRY_ALLOC(argv, err);
    memcpy(argv, common, ARC_COUNT(common) * sizeof *argv);
    memcpy(argv + ARC_COUNT(common), words, count * sizeof *argv);

    struct arc_env there = *env;
    there.cwd = arc_or(git->worktree, git->gitdir);
    const struct arc_process process = {.argv = argv,
                                        .env = &there,
                                        .environment = vars,
                                        .input = input ? input->data : NULL,
                                        .input_len = input ? input->len : 0,
                                        .timeout = seconds,
                                        .output_max = OUTPUT_MAX};
    return arc_process_run(&process, result, err);
}

#define COMPLAINT_MAX ((size_t)1000)

/* A line of git's output without "remote: " and advice. */
static void add_complaint(const char *line, size_t len, struct arc_buf *out)
{
    static const char remote[] = "remote: ";
    if (len >= strlen(remote) && strncmp(line, remote, strlen(remote)) == 0) {
        line += strlen(remote);
        len -= strlen(remote);
    }
    len = arc_text_strip(line, len, " \t\r");
    for (; len && *line == ' '; line++)
        len--;
    if (!len || out->len > COMPLAINT_MAX || strncmp(line, "hint:", 5) == 0 ||
        strncmp(line, "remote:", len) == 0)
        return;

    arc_text_separate(out, "; ");
    arc_buf_add(out, line, ARC_MIN(len, COMPLAINT_MAX));
}

const char *arc_git_complaint(struct arc_process_result *result)
{
    char *text = result->errors.data;
    char *line = result->errors.len ? strstr(text, "fatal: ") : NULL;
    ARC_AUTO(arc_buf) struct arc_buf said = {0};

    if (line) {
        line[strcspn(line, "\r\n")] = '\0';
        return line;
    }

    arc_each_piece (one, arc_buf_text(&result->errors), "\n")
        add_complaint(one.text, one.len, &said);
    if (!said.len || said.failed)
        return "git said nothing";
    arc_buf_free(&result->errors);
    result->errors = arc_steal(&said);

    return result->errors.data;
}
