#include "git/run.h"
#include "arcci/clock.h"
#include "base/text.h"
#include "github/github.h"
#include "os/base64.h"
#include "os/environment.h"
#include "os/fault.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define OWN_MAX    7
#define LOGIN_VARS 5

/* Repository settings that would run a program of its choice. */
static const char *const common[] = {"git",
                                     "-c",
                                     "core.hooksPath=/dev/null",
                                     "-c",
                                     "core.fsmonitor=false",
                                     "-c",
                                     "safe.bareRepository=explicit"};

/* `login`: variables that log in at the remote, the first is NULL for none; NULL for a command that
 * asks no remote. Only one that does gets the job's whole environment, which its credential helpers
 * may need; in a partial clone any may. */
static int run(const struct arc_git *git, const char *const login[LOGIN_VARS],
               const char *const *words, const struct arc_buf *input, unsigned seconds,
               struct arc_process_result *result, struct arc_error *err)
{
    /* git's own variables that point elsewhere; the first only if the login sets one */
    static const char *const names[] = {
        "GIT_CONFIG_COUNT",    "GIT_DIR",    "GIT_WORK_TREE",          "GIT_COMMON_DIR",
        "GIT_TERMINAL_PROMPT", "GIT_PREFIX", "GIT_NO_REPLACE_OBJECTS", NULL};
    static const char *const of_hook[] = {"GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", NULL};
    static const char *const gits[] = {"GIT_*", "EMAIL", NULL};
    ARC_AUTO_FREE const char **chosen = NULL;
    ARC_AUTO_FREE const char **argv = NULL;
    ARC_AUTO_FREE const char **vars = NULL;
    ARC_AUTO(arc_buf) struct arc_buf gitdir = {.max = 8192}, worktree = {.max = 8192};

    arc_buf_printf(&gitdir, "GIT_DIR=%s", git->gitdir);
    arc_buf_printf(&worktree, "GIT_WORK_TREE=%s", arc_or(git->worktree, ""));
    ARC_TRY(arc_buf_check(&gitdir, "the path of the repository", err));
    ARC_TRY(arc_buf_check(&worktree, "the path of the work tree", err));

    /* like libgit2, ignore `git replace` */
    const char *own[OWN_MAX + LOGIN_VARS] = {gitdir.data, "GIT_TERMINAL_PROMPT=0",
                                             "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1",
                                             "LC_ALL=C"};
    size_t last = 5, count = arc_texts_count(words);
    if (git->worktree)
        own[last++] = worktree.data;
    if (login)
        memcpy(own + last, login, LOGIN_VARS * sizeof *own);
    struct arc_env there = *git->env;
    if (!login && !git->is_filtered) {
        ARC_TRY(arc_environment_choose(git->env, gits, &chosen, err));
        there.vars = chosen;
    }
    ARC_TRY(arc_environment_pick(&there, false, names + !(login && login[0]),
                                 git->is_other ? of_hook : NULL, own, &vars, err));

    argv = calloc(ARC_COUNT(common) + count + 1, sizeof *argv);
    ARC_TRY_ALLOC(argv, err);
    memcpy(argv, common, ARC_COUNT(common) * sizeof *argv);
    memcpy(argv + ARC_COUNT(common), words, count * sizeof *argv);

    static const struct arc_buf nothing = {0};
    input = arc_or(input, &nothing);
    there.cwd = arc_or(git->worktree, git->gitdir);
    const struct arc_process process = {.argv = argv,
                                        .env = &there,
                                        .environment = vars,
                                        .input = input->data,
                                        .input_len = input->len,
                                        .timeout = seconds,
                                        .output_max = OUTPUT_MAX};
    return arc_process_run(&process, result, err);
}

int arc_git_run(const struct arc_git *git, const char *const *words, unsigned seconds,
                struct arc_process_result *result, struct arc_error *err)
{
    return run(git, NULL, words, NULL, seconds, result, err);
}

/* The workflow's token as a header for GITHUB_SERVER_URL only (git-config(1), GIT_CONFIG_COUNT and
 * http.<url>.extraHeader): "NAME=value" behind the caller's own GIT_CONFIG_ variables. Nothing
 * without a token or a server, or if the server uses http and is not this machine. */
static int make_login(const struct arc_env *env, struct arc_arena *memory,
                      const char *out[LOGIN_VARS], struct arc_error *err)
{
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *token = arc_github_token(env, NULL);
    const char *count = arc_env_nonempty(env, "GIT_CONFIG_COUNT");
    unsigned long first = count ? strtoul(count, NULL, 10) : 0;

    if (!server || !token || first > 1000 || !ARC_STARTS(server, "https://", "http://127.0.0.1:"))
        return ARC_OK;

    /* A header in the form of actions/checkout. */
    ARC_AUTO(arc_buf) struct arc_buf login = {0}, header = {0};
    arc_buf_printf(&login, "x-access-token:%s", token);
    arc_buf_strip(&login, " \t\n\v\f\r");
    ARC_TRY(arc_buf_check(&login, "token", err));
    ARC_TRY(arc_base64_encode(arc_buf_text(&login), login.len, &header, err));

    out[0] = arc_arena_printf(memory, "GIT_CONFIG_COUNT=%lu", first + 2);
    out[1] = arc_arena_printf(memory, "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first, server);
    out[2] = arc_arena_printf(memory, "GIT_CONFIG_VALUE_%lu=", first); /* no other header */
    out[3] = arc_arena_printf(memory, "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first + 1, server);
    out[4] = arc_arena_printf(memory, "GIT_CONFIG_VALUE_%lu=AUTHORIZATION: basic %s", first + 1,
                              arc_buf_text(&header));

    return arc_arena_check(memory, err);
}

/* The same, up to three times in CI if the network or the server fails, until that was in vain: git
 * itself never tries again, and at a desk without a network nobody wants to wait. */
static int run_patiently(const struct arc_git *git, const char *const login[LOGIN_VARS],
                         const char *const *words, const struct arc_buf *input, unsigned seconds,
                         struct arc_process_result *result, struct arc_error *err)
{
    const struct arc_clock *clock = arc_clock_system();

    for (unsigned i = 1;; i++) {
        ARC_TRY(run(git, login, words, input, seconds, result, err));
        const char *said = arc_buf_text(&result->errors);
        bool passes = arc_fault_passes(said) ||
                      ARC_HOLDS(said, "RPC failed", "early EOF", "Empty reply from server",
                                "Connection reset by peer", "Connection timed out",
                                "Failed to connect to", "SSL_ERROR_SYSCALL", "recv error",
                                "fatal error in commit_refs", "due to timeout");
        if (!result->status || !passes || !arc_env_nonempty(git->env, "CI") || !git->gave_up ||
            *git->gave_up)
            return ARC_OK;
        if (i == 3) {
            *git->gave_up = true;
            return ARC_OK;
        }
        clock->wait(clock->context, arc_fault_wait(said, i));
        arc_process_result_free(result);
    }
}

int arc_git_run_remote(const struct arc_git *git, const char *const *words,
                       const struct arc_buf *input, unsigned seconds,
                       struct arc_process_result *result, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const char *login[LOGIN_VARS] = {NULL};

    ARC_TRY(run_patiently(git, login, words, input, seconds, result, err));
    bool refused = /* the remote requires a login */
        result->status &&
        ARC_HOLDS(arc_buf_text(&result->errors), "could not read Username",
                  "could not read Password", "Authentication failed", "not found");
    if (!refused)
        return ARC_OK;
    ARC_TRY(make_login(git->env, &memory, login, err));
    if (!login[0])
        return ARC_OK;
    arc_process_result_free(result);

    return run_patiently(git, login, words, input, seconds, result, err);
}

#define COMPLAINT_MAX ((size_t)1000)

const char *arc_git_complaint(struct arc_process_result *result)
{
    char *text = result->errors.data;
    char *last = result->errors.len ? strstr(text, "fatal: ") : NULL;
    ARC_AUTO(arc_buf) struct arc_buf said = {0};

    /* The reason is often in the lines before it: "remote: Permission to o/r.git denied to x". */
    if (last)
        last[strcspn(last, "\r\n")] = '\0';

    arc_each_piece (one, arc_buf_text(&result->errors), "\n") {
        size_t skip = ARC_STARTS(one.text, "remote: ") ? strlen("remote: ") : 0;
        const char *line = one.text + skip; /* a line has no line break in it */
        size_t len = arc_text_strip(line, one.len - skip, " \t\r");
        for (; len && *line == ' '; line++)
            len--;

        bool is_advice = strncmp(line, "hint:", 5) == 0 || strncmp(line, "remote:", len) == 0;
        if (!len || said.len > COMPLAINT_MAX || is_advice)
            continue;
        arc_text_separate(&said, "; ");
        arc_buf_add(&said, line, ARC_MIN(len, COMPLAINT_MAX));
    }

    if (!said.len || said.failed)
        return "git said nothing";
    arc_buf_free(&result->errors);
    result->errors = arc_steal(&said);

    return result->errors.data;
}
