#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "git/history.h"
#include "repo.h"
#include <cmocka.h>

struct fixture {
    struct repo repo;
    struct arc_git git;
    struct arc_error err;
};

static const struct arc_env no_env = {0};

static void open_repo(struct fixture *f)
{
    int rc = arc_git_open(&no_env, f->repo.dir, &f->git, &f->err);
    if (rc)
        fail_msg("open: %s", arc_error_text(&f->err));
}

static void reopen_repo(struct fixture *f)
{
    arc_git_free(&f->git);
    open_repo(f);
}

/* main: one ── two (tag v1, annotated) ── three;  topic: one ── side */
static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    repo_make(&f->repo);
    repo_write(&f->repo, "a/x", "1\n");
    repo_commit(&f->repo, "one");
    repo_git(&f->repo, "branch", "topic", NULL);
    repo_write(&f->repo, "b/y", "2\n");
    repo_commit(&f->repo, "two\nlines\n\nand a body");
    repo_git(&f->repo, "tag", "-a", "-m", "first", "g/v1.0.0", NULL);
    repo_git(&f->repo, "tag", "light", NULL);
    repo_write(&f->repo, "a/x", "3\n");
    repo_commit(&f->repo, "three");
    repo_git(&f->repo, "checkout", "-q", "topic", NULL);
    repo_write(&f->repo, "c", "4\n");
    repo_commit(&f->repo, "side");
    repo_git(&f->repo, "checkout", "-q", "main", NULL);
    repo_git(&f->repo, "remote", "add", "origin", "https://u:secret@example.org/a/b.git", NULL);
    *state = f;
    open_repo(f);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arc_git_free(&f->git);
    arc_error_clear(&f->err);
    repo_remove(&f->repo);
    free(f);
    return 0;
}

static struct arc_oid named(struct fixture *f, const char *revision)
{
    struct arc_oid oid = {{0}};
    if (arc_git_resolve(&f->git, revision, &oid, &f->err) != 0)
        fail_msg("%s: %s", revision, arc_error_text(&f->err));
    return oid;
}

static void test_places(void **state)
{
    struct fixture *f = *state;
    char gitdir[128];
    snprintf(gitdir, sizeof gitdir, "%s/.git", f->repo.dir);
    assert_string_equal(f->git.worktree, f->repo.dir);
    assert_string_equal(f->git.gitdir, gitdir);
    assert_string_equal(f->git.commondir, gitdir);
    assert_false(arc_git_is_shallow(&f->git));

    char below[128];
    snprintf(below, sizeof below, "%s/a", f->repo.dir);
    struct arc_git again = {0};
    assert_int_equal(arc_git_open(&no_env, below, &again, NULL), 0);
    assert_string_equal(again.worktree, f->repo.dir);
    arc_git_free(&again);
}

static void test_resolve(void **state)
{
    struct fixture *f = *state;
    struct arc_oid main = named(f, "main"), two = named(f, "g/v1.0.0"), oid;
    assert_string_equal(named(f, "HEAD").hex, main.hex);
    assert_string_equal(named(f, "refs/heads/main").hex, main.hex);
    assert_string_equal(named(f, main.hex).hex, main.hex);
    assert_string_equal(named(f, "main~1").hex, two.hex);
    assert_string_equal(named(f, "light").hex, two.hex);
    assert_int_equal(arc_git_resolve(&f->git, "nothing", &oid, NULL), ARC_ENOTFOUND);
    assert_int_equal(arc_git_resolve_ref(&f->git, "refs/tags/g/v1.0.0", &oid, NULL), 0);
    assert_string_equal(oid.hex, two.hex);
    assert_int_equal(arc_git_resolve_ref(&f->git, "refs/heads/x", &oid, NULL), ARC_ENOTFOUND);
    assert_true(arc_git_has(&f->git, &two));
    assert_false(
        arc_git_has(&f->git, &(struct arc_oid){"0123456789012345678901234567890123456789"}));
}

static void test_refused_revisions(void **state)
{
    struct fixture *f = *state;
    static const char *const refused[] = {"", "-x", ":/one", "main:a/x", "main@{1}", "a b", "a\nb"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct arc_oid oid;
        if (arc_git_resolve(&f->git, refused[i], &oid, NULL) != ARC_EINPUT)
            fail_msg("'%s' was not refused", refused[i]);
    }
}

static void test_head(void **state)
{
    struct fixture *f = *state;
    struct arc_oid oid;
    char *branch = NULL;
    assert_int_equal(arc_git_head(&f->git, &oid, &branch, &f->err), 0);
    assert_string_equal(branch, "main");
    free(branch);
    repo_git(&f->repo, "checkout", "-q", "--detach", NULL);
    assert_int_equal(arc_git_head(&f->git, &oid, &branch, &f->err), 0);
    assert_null(branch);
    assert_string_equal(oid.hex, named(f, "main").hex);
    repo_git(&f->repo, "checkout", "-q", "--orphan", "fresh", NULL);
    assert_int_equal(arc_git_head(&f->git, &oid, &branch, NULL), ARC_ENOTFOUND);
    assert_string_equal(branch, "fresh");
    free(branch);
    repo_git(&f->repo, "checkout", "-q", "-f", "main", NULL);
}

static void test_tags(void **state)
{
    struct fixture *f = *state;
    json_t *tags = NULL;
    assert_int_equal(arc_git_tags(&f->git, NULL, &tags, &f->err), 0);
    assert_int_equal(json_array_size(tags), 2);
    assert_string_equal(json_string_value(json_array_get(tags, 0)), "g/v1.0.0");
    assert_string_equal(json_string_value(json_array_get(tags, 1)), "light");
    json_decref(tags);

    /* Those of one commit, where an annotated tag is a file, and in packed-refs. */
    for (int packed = 0; packed < 2; packed++) {
        struct arc_oid two = named(f, "main~1"), main = named(f, "main");
        assert_int_equal(arc_git_tags(&f->git, &two, &tags, &f->err), 0);
        assert_int_equal(json_array_size(tags), 2);
        json_decref(tags);
        assert_int_equal(arc_git_tags(&f->git, &main, &tags, &f->err), 0);
        assert_int_equal(json_array_size(tags), 0);
        json_decref(tags);
        repo_git(&f->repo, "pack-refs", "--all", NULL);
    }
}

static void test_commit(void **state)
{
    struct fixture *f = *state;
    struct arc_oid two = named(f, "light");
    struct arc_git_commit commit;
    assert_int_equal(arc_git_commit(&f->git, &two, &commit, &f->err), 0);
    assert_string_equal(commit.oid.hex, two.hex);
    assert_string_equal(commit.subject, "two lines");
    assert_string_equal(commit.author, "Ada");
    assert_string_equal(commit.email, "ada@example.org");
    assert_int_equal(commit.time, 1771840800);
    assert_int_equal(commit.parents, 1);
    assert_string_equal(commit.parent.hex, named(f, "main~2").hex);
    arc_git_commit_free(&commit);
}

static void test_merge_base(void **state)
{
    struct fixture *f = *state;
    struct arc_oid main = named(f, "main"), topic = named(f, "topic"), base;
    assert_int_equal(arc_git_merge_base(&f->git, &main, &topic, &base, &f->err), 0);
    assert_string_equal(base.hex, named(f, "main~2").hex);
    repo_git(&f->repo, "checkout", "-q", "--orphan", "alone", NULL);
    repo_commit(&f->repo, "alone");
    struct arc_oid alone = named(f, "alone");
    repo_git(&f->repo, "checkout", "-q", "-f", "main", NULL);
    assert_int_equal(arc_git_merge_base(&f->git, &main, &alone, &base, NULL), 0);
    assert_string_equal(base.hex, "");
}

static int add_subject(void *context, const struct arc_git_commit *commit)
{
    arc_buf_printf(context, "%s;", commit->subject);
    return 0;
}

static void check_log(struct fixture *f, struct arc_git_log_range range, const char *expected)
{
    struct arc_buf text = {0};
    assert_int_equal(arc_git_log(&f->git, &range, add_subject, &text, NULL, &f->err), 0);
    assert_string_equal(arc_buf_text(&text), expected);
    arc_buf_free(&text);
}

static void test_log(void **state)
{
    struct fixture *f = *state;
    struct arc_oid main = named(f, "main"), one = named(f, "main~2");
    check_log(f, (struct arc_git_log_range){.to = &main}, "three;two lines;one;");
    check_log(f, (struct arc_git_log_range){.to = &main, .from = &one}, "three;two lines;");
}

static void test_log_maximum(void **state)
{
    struct fixture *f = *state;
    struct arc_oid main = named(f, "main");
    struct arc_buf text = {0};
    bool more = false;
    struct arc_git_log_range range = {.to = &main, .max = 3};
    assert_int_equal(arc_git_log(&f->git, &range, add_subject, &text, &more, &f->err), 0);
    assert_false(more);
    range.max = 2;
    assert_int_equal(arc_git_log(&f->git, &range, add_subject, &text, &more, &f->err), 0);
    assert_true(more);
    assert_string_equal(arc_buf_text(&text), "three;two lines;one;three;two lines;");
    arc_buf_free(&text);
}

static void test_blob(void **state)
{
    struct fixture *f = *state;
    struct arc_oid main = named(f, "main");
    struct arc_buf text = {0};
    assert_int_equal(arc_git_blob(&f->git, &main, "a/x", 100, &text, &f->err), 0);
    assert_string_equal(arc_buf_text(&text), "3\n");
    assert_int_equal(arc_git_blob(&f->git, &main, "a/x", 1, &text, NULL), ARC_ELIMIT);
    assert_int_equal(arc_git_blob(&f->git, &main, "a", 100, &text, NULL), ARC_ENOTFOUND);
    assert_int_equal(arc_git_blob(&f->git, &main, "a/none", 100, &text, NULL), ARC_ENOTFOUND);
    arc_buf_free(&text);
}

static void test_remote(void **state)
{
    struct fixture *f = *state;
    char *url = NULL;
    assert_string_equal(f->git.remote, "origin");
    assert_int_equal(arc_git_remote_url(&f->git, &url, &f->err), 0);
    assert_string_equal(url, "https://example.org/a/b.git");
    free(url);
    repo_git(&f->repo, "remote", "set-url", "origin", "ssh://u:secret@example.org/a/b.git", NULL);
    assert_int_equal(arc_git_remote_url(&f->git, &url, &f->err), 0);
    assert_string_equal(url, "ssh://example.org/a/b.git");
    free(url);

    repo_git(&f->repo, "remote", "rename", "origin", "upstream", NULL);
    reopen_repo(f);
    assert_string_equal(f->git.remote, "upstream");

    repo_git(&f->repo, "remote", "add", "fork", "https://example.org/c/b.git", NULL);
    reopen_repo(f);
    assert_int_equal(arc_git_remote_url(&f->git, &url, NULL), ARC_ENOTFOUND);
    repo_git(&f->repo, "config", "branch.main.remote", "fork", NULL);
    reopen_repo(f);
    assert_string_equal(f->git.remote, "fork");
}

static void test_no_repository(void **state)
{
    struct fixture *f = *state;
    struct arc_git git = {0};
    char empty[] = "/tmp/arc-ci-none-XXXXXX";
    assert_non_null(mkdtemp(empty));
    assert_int_equal(arc_git_open(&no_env, empty, &git, &f->err), ARC_ENOTFOUND);
    assert_non_null(strstr(arc_error_text(&f->err), "no git repository at"));
    rmdir(empty);

    /* git does not look in a folder that is a ceiling */
    char ceiling[128], path[128];
    const char *const vars[] = {ceiling, NULL};
    const struct arc_env env = {.vars = vars};
    snprintf(ceiling, sizeof ceiling, "GIT_CEILING_DIRECTORIES=/:%s", f->repo.dir);
    snprintf(path, sizeof path, "%s/a", f->repo.dir);
    assert_int_equal(arc_git_open(&env, path, &git, &f->err), ARC_ENOTFOUND);
    assert_int_equal(arc_git_open(&env, f->repo.dir, &git, &f->err), 0);
    arc_git_free(&git);

    /* a submodule or a linked work tree that was moved, or mounted alone, is not the one around it */
    repo_write(&f->repo, "moved/.git", "gitdir: /nonexistent/.git/worktrees/moved\n");
    snprintf(path, sizeof path, "%s/moved", f->repo.dir);
    assert_int_equal(arc_git_open(&no_env, path, &git, &f->err), ARC_ENOTFOUND);
    assert_non_null(strstr(arc_error_text(&f->err), "/moved/.git' names is not there"));
}

static void test_formats(void **state)
{
    struct fixture *f = *state;
    struct arc_git git = {0};
    repo_git(&f->repo, "config", "core.repositoryformatversion", "1", NULL);
    repo_git(&f->repo, "config", "extensions.partialClone", "origin", NULL);
    repo_git(&f->repo, "config", "extensions.worktreeConfig", "true", NULL);
    assert_int_equal(arc_git_open(&no_env, f->repo.dir, &git, &f->err), 0);
    arc_git_free(&git);
    repo_git(&f->repo, "init", "-q", "--object-format=sha256", "long", NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/long", f->repo.dir);
    assert_int_equal(arc_git_open(&no_env, path, &git, &f->err), ARC_EWORLD);
    assert_non_null(strstr(arc_error_text(&f->err), "SHA-256"));
}

static void test_shallow_and_linked(void **state)
{
    struct fixture *f = *state;
    struct arc_git git = {0};
    char from[128], path[128];
    snprintf(from, sizeof from, "file://%s", f->repo.dir);
    snprintf(path, sizeof path, "%s/cut", f->repo.dir);
    repo_git(&f->repo, "clone", "-q", "--depth=2", from, "cut", NULL);
    assert_int_equal(arc_git_open(&no_env, path, &git, &f->err), 0);
    assert_true(arc_git_is_shallow(&git));
    struct arc_oid main = named(f, "main"), two = named(f, "light");
    struct arc_buf text = {0};
    struct arc_git_log_range range = {.to = &main};
    assert_int_equal(arc_git_log(&git, &range, add_subject, &text, NULL, &f->err), 0);
    range.from = &two;
    assert_int_equal(arc_git_log(&git, &range, add_subject, &text, NULL, &f->err), 0);
    assert_string_equal(arc_buf_text(&text), "three;two lines;three;");
    arc_buf_free(&text);
    arc_git_free(&git);

    repo_git(&f->repo, "worktree", "add", "-q", "--detach", "linked", NULL);
    snprintf(path, sizeof path, "%s/linked", f->repo.dir);
    assert_int_equal(arc_git_open(&no_env, path, &git, &f->err), 0);
    assert_string_equal(git.worktree, path);
    assert_string_equal(git.commondir, f->git.gitdir);
    assert_string_not_equal(git.gitdir, f->git.gitdir);
    arc_git_free(&git);
}

/* Writes a commit with up to two parents, which need not exist. */
static struct arc_oid dated(struct fixture *f, const char *first, const char *second, int64_t date)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    struct arc_oid out;
    git_oid oid;
    arc_buf_printf(&text, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent %s\n", first);
    if (second)
        arc_buf_printf(&text, "parent %s\n", second);
    arc_buf_printf(&text, "author a <a> 0 +0000\ncommitter a <a> %lld +0000\n\nx\n",
                   (long long)date);
    assert_int_equal(arc_git_odb(&f->git, &odb, &f->err), 0);
    assert_int_equal(git_odb_write(&oid, odb, text.data, text.len, GIT_OBJECT_COMMIT), 0);
    arc_git_oid_out(&oid, &out);
    return out;
}

/* A commit of the far future shows how wrong dates can be: then none of them proves that what is
 * missing is too old to matter. */
static void test_dates_without_meaning(void **state)
{
    struct fixture *f = *state;
    ARC_AUTO(arc_history) struct arc_history *history = NULL;
    const struct arc_oid base =
        dated(f, "1111111111111111111111111111111111111111", NULL, 1000000000);
    const struct arc_oid late = dated(f, base.hex, NULL, INT64_C(4611686022427387904));
    const struct arc_oid a = dated(f, late.hex, NULL, 1000000100);
    const struct arc_oid b =
        dated(f, base.hex, "2222222222222222222222222222222222222222", 1000000200);
    enum arc_history_answer answer;
    struct arc_oid out;

    assert_int_equal(arc_history_new(&f->git, &history, &f->err), 0);
    assert_int_equal(arc_history_merge_base(history, &a, &b, 100000000, &answer, &out, &f->err), 0);
    assert_int_equal(answer, ARC_HISTORY_UNCERTAIN);
}

static int add_hex(void *context, const struct arc_oid *commit, const uint64_t *lacks)
{
    assert_int_equal(*lacks & 1, 1);
    arc_buf_printf(context, "%s;", commit->hex);
    return 0;
}

/* A rebase or an import gives many commits one date, and a wrong clock an older one than their
 * parents': what a base has must be found even if the walk meets it first from the other side. */
static void test_since_whatever_the_dates(void **state)
{
    struct fixture *f = *state;
    const int64_t dates[] = {1000000000, 900000000};
    struct arc_error *err = &f->err;

    for (size_t i = 0; i < 2; i++) {
        ARC_AUTO(arc_history) struct arc_history *history = NULL;
        ARC_AUTO(arc_buf) struct arc_buf given = {0}, logged = {0}, wanted = {0};
        const struct arc_oid shared = dated(f, named(f, "main").hex, NULL, 1000000000);
        struct arc_oid base = shared;
        for (size_t k = 0; k < 4; k++)
            base = dated(f, base.hex, NULL, dates[i] - (int64_t)(i * k));
        const struct arc_oid own = dated(f, shared.hex, NULL, 1000000001);
        const struct arc_oid head = dated(f, own.hex, base.hex, 1000000002);
        arc_buf_printf(&wanted, "%s;%s;", head.hex, own.hex);

        assert_int_equal(arc_history_new(&f->git, &history, err), 0);
        assert_int_equal(arc_history_since(history, &head, &base, 1, add_hex, &given, err), 0);
        assert_string_equal(arc_buf_text(&given), wanted.data);
        const struct arc_git_log_range range = {.from = &base, .to = &head};
        assert_int_equal(arc_git_log(&f->git, &range, add_subject, &logged, NULL, err), 0);
        assert_string_equal(arc_buf_text(&logged), "x;x;");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_places),
        TEST(test_resolve),
        TEST(test_refused_revisions),
        TEST(test_head),
        TEST(test_tags),
        TEST(test_commit),
        TEST(test_merge_base),
        TEST(test_log),
        TEST(test_log_maximum),
        TEST(test_blob),
        TEST(test_remote),
        TEST(test_no_repository),
        TEST(test_formats),
        TEST(test_shallow_and_linked),
        TEST(test_dates_without_meaning),
        TEST(test_since_whatever_the_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
