#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "os/process.h"
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const variables[] = {"PATH=/usr/bin:/bin", "COLOUR=blue", NULL};
static const struct arc_env env = {.vars = variables};

static int run(struct arc_process process, struct arc_process_result *result,
               const char *const *argv)
{
    process.argv = argv;
    process.env = &env;
    return arc_process_run(&process, result, NULL);
}

static void test_streams_and_status(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "echo out; echo err >&2; exit 7", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){0}, &result, argv), 0);
    assert_int_equal(result.status, 7);
    assert_string_equal(arc_buf_text(&result.output), "out\n");
    assert_string_equal(arc_buf_text(&result.errors), "err\n");
}

static void test_arguments_are_data(void **state)
{
    (void)state;
    const char *const argv[] = {"printf", "%s", "$(id) `id` ; | \n\" '", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){0}, &result, argv), 0);
    assert_string_equal(arc_buf_text(&result.output), argv[2]);
}

static void test_environment_is_chosen(void **state)
{
    (void)state;
    const char *const argv[] = {"env", NULL};
    const char *const chosen[] = {"A=1", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.environment = chosen}, &result, argv), 0);
    assert_string_equal(arc_buf_text(&result.output), "A=1\n");
}

/* What a job holds stays in the job, unless the child is one that needs it. */
static void test_secrets_stay_behind(void **state)
{
    (void)state;
    const char *const argv[] = {"env", NULL};
    const char *const all[] = {
        "PATH=/usr/bin:/bin",      "GITHUB_TOKEN=s", "GH_TOKEN=s",    "INPUT_TOKEN=s",
        "ACTIONS_RUNTIME_TOKEN=s", "NPM_TOKEN=s",    "DOCKER_HOST=h", "AWS_PROFILE=p",
        "https_proxy=x",           "LC_ALL=C",       "PATHS=p",       NULL};
    const char *const wanted[] = {"ACTIONS_RUNTIME_*", NULL};
    const struct arc_env job = {.vars = all};
    struct arc_process process = {.argv = argv, .env = &job};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0}, more = {0};
    assert_int_equal(arc_process_run(&process, &result, NULL), 0);
    assert_string_equal(arc_buf_text(&result.output),
                        "PATH=/usr/bin:/bin\nDOCKER_HOST=h\nAWS_PROFILE=p\nhttps_proxy=x\n"
                        "LC_ALL=C\n");
    process.passes = wanted;
    assert_int_equal(arc_process_run(&process, &more, NULL), 0);
    assert_non_null(strstr(arc_buf_text(&more.output), "ACTIONS_RUNTIME_TOKEN=s"));
    assert_null(strstr(arc_buf_text(&more.output), "GITHUB_TOKEN"));
}

static void test_no_descriptor_is_inherited(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "(: >&9) 2>/dev/null && echo open", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(dup2(STDERR_FILENO, 9), 9);
    assert_int_equal(run((struct arc_process){0}, &result, argv), 0);
    assert_string_equal(arc_buf_text(&result.output), "");
    close(9);
}

/* Folders, and what PATH finds in the tree, are not programs. */
static void test_what_is_no_program(void **state)
{
    (void)state;
    char folder[] = "/tmp/arc-process-XXXXXX", path[64];
    ARC_AUTO_FREE char *found = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "PATH=%s:.::bin:usr/bin", folder);
    const char *const vars[] = {path, NULL};
    const struct arc_env tree = {.vars = vars, .cwd = "/"};
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("env", 0755), 0);
    assert_int_equal(symlink("/usr/bin/id", "id"), 0);
    assert_int_equal(arc_process_find(&tree, "env", &found, NULL), ARC_ENOTFOUND);
    assert_int_equal(arc_process_find(&tree, "id", &found, NULL), 0); /* of an absolute entry */
    assert_true(*found == '/');
    const char *const relative[] = {"PATH=.::usr/bin", NULL};
    const struct arc_env only = {.vars = relative, .cwd = "/"};
    ARC_AUTO_FREE char *none = NULL;
    assert_int_equal(arc_process_find(&only, "id", &none, NULL), ARC_ENOTFOUND);
    unlink("id");
    rmdir("env");
    assert_int_equal(chdir("/"), 0);
    rmdir(folder);
}

static void test_big_input_and_output(void **state)
{
    (void)state;
    const char *const argv[] = {"cat", NULL};
    size_t len = (size_t)3 << 20;
    char *input = malloc(len);
    memset(input, 'x', len);
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.input = input, .input_len = len}, &result, argv), 0);
    assert_int_equal(result.output.len, len);
    assert_memory_equal(result.output.data, input, len);
    free(input);
}

static void test_child_that_does_not_read(void **state)
{
    (void)state;
    const char *const argv[] = {"true", NULL};
    size_t len = (size_t)1 << 20;
    char *input = calloc(1, len);
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.input = input, .input_len = len}, &result, argv), 0);
    assert_int_equal(result.status, 0);
    free(input);
}

static void test_output_limit(void **state)
{
    (void)state;
    const char *const argv[] = {"cat", "/dev/zero", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.output_max = 100000}, &result, argv), ARC_ELIMIT);
    assert_int_equal(result.status, 128 + 9);
}

static void test_timeout_kills_the_whole_group(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "sleep 600 & sleep 600", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.timeout = 1}, &result, argv), ARC_EWORLD);
    assert_int_equal(result.status, 128 + 9);
}

static void test_timeout_of_a_child_that_closed_its_outputs(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "exec >&- 2>&-; sleep 600 & sleep 600", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.timeout = 1}, &result, argv), ARC_EWORLD);
    assert_int_equal(result.status, 128 + 9);
}

static void test_a_child_outlasts_its_outputs(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 7", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){.timeout = 60}, &result, argv), ARC_OK);
    assert_int_equal(result.status, 7);
}

/* It cannot stop, unseen, to ask a terminal for a password. */
static void test_a_session_of_its_own(void **state)
{
    (void)state;
    const char *const argv[] = {"cut", "-d ", "-f1,6", "/proc/self/stat", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    assert_int_equal(run((struct arc_process){0}, &result, argv), 0);
    char *session = strchr(result.output.data, ' ');
    assert_non_null(session);
    assert_int_equal(atoi(result.output.data), atoi(session));
}

struct started {
    int fd; /* where the child's number goes, once it has started */
};

static int tell(void *context, enum arc_stream stream, const char *data, size_t len)
{
    const struct started *started = context;
    (void)stream;
    return write(started->fd, data, len) == (ssize_t)len ? 0 : ARC_EWORLD;
}

/* What a process does that a terminal's Ctrl-C, or a runner that cancels its job, will end. */
static void run_for_ever(int fd)
{
    const char *const argv[] = {"sh", "-c", "sleep 600 & echo $$; wait", NULL};
    struct started started = {fd};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    run((struct arc_process){.on_output = tell, .context = &started}, &result, argv);
    _exit(0);
}

static void check_ended_by(int number)
{
    int ends[2], status = 0;
    char text[32] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        signal(number, SIG_DFL); /* a shell's background job ignores SIGINT */
        run_for_ever(ends[1]);
    }
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_int_equal(kill(pid, number), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
    for (int i = 0; i < 1200 && kill(-atoi(text), 0) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_int_equal(kill(-atoi(text), 0), -1);
    assert_int_equal(errno, ESRCH);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_signal_ends_the_children_first(void **state)
{
    (void)state;
    check_ended_by(SIGINT);
    check_ended_by(SIGTERM);
    check_ended_by(SIGHUP);
}

static void test_missing_program(void **state)
{
    (void)state;
    const char *const argv[] = {"no-such-program", NULL};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct arc_process process = {.argv = argv, .env = &env};
    assert_int_equal(arc_process_run(&process, &result, &err), ARC_ENOTFOUND);
    assert_string_equal(arc_error_text(&err), "there is no program 'no-such-program' on PATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_and_status),
        cmocka_unit_test(test_arguments_are_data),
        cmocka_unit_test(test_environment_is_chosen),
        cmocka_unit_test(test_secrets_stay_behind),
        cmocka_unit_test(test_no_descriptor_is_inherited),
        cmocka_unit_test(test_what_is_no_program),
        cmocka_unit_test(test_big_input_and_output),
        cmocka_unit_test(test_child_that_does_not_read),
        cmocka_unit_test(test_output_limit),
        cmocka_unit_test(test_timeout_kills_the_whole_group),
        cmocka_unit_test(test_timeout_of_a_child_that_closed_its_outputs),
        cmocka_unit_test(test_a_child_outlasts_its_outputs),
        cmocka_unit_test(test_a_session_of_its_own),
        cmocka_unit_test(test_a_signal_ends_the_children_first),
        cmocka_unit_test(test_missing_program),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
