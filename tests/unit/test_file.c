#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "os/actions.h"
#include "os/file.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/arcci-file-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    FILE *file = fopen(path, "wb");
    if (!file)
        return -1;
    for (int i = 0; i < 40000; i++)
        fputc(i % 251, file);
    return fclose(file);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void test_read(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    assert_int_equal(arc_file_read(path, NULL, 40000, &text, NULL), 0);
    assert_int_equal(text.len, 40000);
    for (int i = 0; i < 40000; i++)
        assert_int_equal((unsigned char)text.data[i], i % 251);
}

static void expect(const char *of, size_t max, int code, const char *message)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_file_read(of, "it", max, &text, &err), code);
    assert_string_equal(arc_error_text(&err), message);
}

static void test_refused(void **state)
{
    (void)state;
    char name[96], endless[PATH_MAX + 2];
    memset(endless, 'n', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    expect(endless, 10, ARC_ENOTFOUND, "cannot read it: File name too long");
    expect(path, 39999, ARC_ELIMIT, "it is longer than the limit of 39999 bytes");
    expect(folder, 10, ARC_EINPUT, "it is not a regular file");
    snprintf(name, sizeof name, "%s/none", folder);
    expect(name, 10, ARC_ENOTFOUND, "cannot read it: No such file or directory");
    snprintf(name, sizeof name, "%s/below", path);
    expect(name, 10, ARC_ENOTFOUND, "cannot read it: Not a directory");
    snprintf(name, sizeof name, "%s/pipe", folder);
    assert_int_equal(mkfifo(name, 0600), 0);
    expect(name, 10, ARC_EINPUT, "it is not a regular file"); /* and it did not block */
    unlink(name);
}

/* What `--plan <(…)` names is read to its end; a pipe that lies in a folder is not waited for. */
static void test_a_pipe_that_was_named(void **state)
{
    (void)state;
    char name[96];
    int ends[2];
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    assert_int_equal(pipe(ends), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(20000);
        _exit(write(ends[1], "{}", 2) == 2 ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(arc_file_read_given(name, 10, &text, NULL), 0);
    assert_string_equal(arc_buf_text(&text), "{}");
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ends[0]);

    snprintf(name, sizeof name, "%s/pipe", folder);
    assert_int_equal(mkfifo(name, 0600), 0);
    assert_int_equal(arc_file_read_given(name, 10, &text, NULL), ARC_EINPUT);
    unlink(name);
    assert_int_equal(arc_file_read_given(folder, 10, &text, NULL), ARC_EINPUT);
    assert_int_equal(arc_file_read_given("/dev/zero", 10, &text, NULL), ARC_EINPUT);
}

static void test_kind(void **state)
{
    (void)state;
    assert_int_equal(arc_file_kind(path), ARC_FILE_REGULAR);
    assert_int_equal(arc_file_kind(folder), ARC_FILE_DIRECTORY);
    assert_int_equal(arc_file_kind("/dev/null"), ARC_FILE_OTHER);
    assert_int_equal(arc_file_kind("/does/not/exist"), ARC_FILE_NONE);
}

static void test_join(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        {"/repo", "a/b", "/repo/a/b"}, {"", "a", "a"}, {NULL, "a", "a"}, {"/repo", "/etc", "/etc"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO_FREE char *joined = arc_file_join(table[i][0], table[i][1]);
        assert_string_equal(joined, table[i][2]);
    }
}

static void test_write(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    char name[96];
    snprintf(name, sizeof name, "%s/written", folder);
    assert_int_equal(arc_file_write(name, "one", 3, NULL), 0);
    assert_int_equal(arc_file_write(name, "a\0b", 3, NULL), 0);
    assert_int_equal(arc_file_read(name, NULL, 100, &text, NULL), 0);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.data, "a\0b", 3);
    unlink(name); /* and no temporary file is left, or the folder could not be removed */
    snprintf(name, sizeof name, "%s/none/written", folder);
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_file_write(name, "x", 1, &err), ARC_EWORLD);
    assert_non_null(strstr(arc_error_text(&err), "written: No such file or directory"));
}

static void test_a_device_is_written_to_not_replaced(void **state)
{
    (void)state;
    char name[96], target[96];
    snprintf(name, sizeof name, "%s/null", folder); /* as /dev/stdout is a link to a pipe */
    assert_int_equal(symlink("/dev/null", name), 0);
    assert_int_equal(arc_file_write(name, "x", 1, NULL), 0);
    assert_int_equal(readlink(name, target, sizeof target), 9);
    unlink(name);
    assert_int_equal(symlink("/dev/full", name), 0);
    assert_int_equal(arc_file_write(name, "x", 1, NULL), ARC_EWORLD);
    unlink(name);
}

/* Links inside the folder are followed; those that lead out of it are not, whatever they lead to. */
static void test_nothing_leads_out(void **state)
{
    (void)state;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    char in[96], out[96], up[96];
    snprintf(in, sizeof in, "%s/in", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(up, sizeof up, "%s/up", folder);
    assert_int_equal(symlink("file", in), 0);
    assert_int_equal(symlink("/etc/passwd", out), 0);
    assert_int_equal(symlink("..", up), 0);
    assert_int_equal(arc_file_read_in(folder, "in", 100000, &text, NULL), 0);
    assert_int_equal(text.len, 40000);
    assert_int_equal(arc_file_read_in(folder, "out", 100000, &text, &err), ARC_EINPUT);
    assert_non_null(strstr(arc_error_text(&err), "out is a symbolic link that leads out"));
    assert_int_equal(arc_file_kind_in(folder, "in"), ARC_FILE_REGULAR);
    assert_int_equal(arc_file_kind_in(folder, "out"), ARC_FILE_OTHER);
    assert_int_equal(arc_file_kind_in(folder, "up"), ARC_FILE_OTHER);
    assert_int_equal(arc_file_kind_in(folder, "none"), ARC_FILE_NONE);
    assert_int_equal(arc_file_kind_in(folder, ""), ARC_FILE_NONE);
    assert_int_equal(arc_file_kind_in("/", "/etc/passwd"), ARC_FILE_REGULAR);
    unlink(in);
    unlink(out);
    unlink(up);
}

static void test_names_that_would_begin_another_output(void **state)
{
    (void)state;
    static const char *const names[] = {"", "a=b", "a<<b", "a\nb", "a\rb"};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(arc_actions_format_output(&text, names[i], "v", 1, &err), ARC_EINPUT);
        assert_string_equal(arc_error_text(&err),
                            "an output's name may hold no '=', '<<' or line break");
        arc_error_clear(&err);
    }
    assert_int_equal(text.len, 0);
    assert_int_equal(arc_actions_format_output(&text, "a<b", "v", 1, &err), ARC_OK);
    assert_string_equal(arc_buf_text(&text), "a<b=v\n");
}

static void test_nobody_knows_the_end_of_an_output(void **state)
{
    (void)state;
    char ends[2][64] = {"", ""};

    for (size_t i = 0; i < 2; i++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        assert_int_equal(arc_actions_format_output(&text, "a", "1\n2", 3, NULL), ARC_OK);
        assert_int_equal(sscanf(arc_buf_text(&text), "a<<%63s", ends[i]), 1);
    }
    assert_string_not_equal(ends[0], ends[1]);
    assert_true(strlen(ends[0]) >= 32);
}

/* GitHub shows no summary of more than 1 MiB: what a step has written counts. */
static void test_a_summary_ends_where_github_has_no_room(void **state)
{
    (void)state;
    char file[256], variable[300];
    ARC_AUTO(arc_buf) struct arc_buf line = {0}, before = {0}, found = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    snprintf(file, sizeof file, "%s/summary", folder);
    snprintf(variable, sizeof variable, "GITHUB_STEP_SUMMARY=%s", file);
    const char *const vars[] = {variable, NULL};
    const struct arc_env env = {.vars = vars};

    while (before.len < (1u << 20) - 1000)
        arc_buf_puts(&before, "before\n");
    assert_int_equal(arc_file_write(file, before.data, before.len, &err), ARC_OK);
    arc_buf_puts(&line, "fits\n");
    arc_buf_printf(&line, "%01000d\n", 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(arc_actions_summarize(&env, &line, &err), ARC_OK);

    assert_int_equal(arc_file_read(file, NULL, 2u << 20, &found, &err), ARC_OK);
    assert_true(found.len > (1u << 20) - 50 && found.len <= 1u << 20);
    assert_non_null(
        strstr(arc_buf_text(&found), "before\nfits\n\n… and more than GitHub shows.\n"));
    assert_null(strstr(arc_buf_text(&found), "0001"));
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_names_that_would_begin_another_output),
        cmocka_unit_test(test_nobody_knows_the_end_of_an_output),
        cmocka_unit_test(test_a_summary_ends_where_github_has_no_room),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_a_device_is_written_to_not_replaced),
        cmocka_unit_test(test_a_pipe_that_was_named),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_nothing_leads_out),
        cmocka_unit_test(test_join)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
