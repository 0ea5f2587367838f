/* A git repository for a test, made with git itself in a directory of its own. */
#ifndef ARCCI_TEST_REPO_H
#define ARCCI_TEST_REPO_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPO_WORDS 16

struct repo {
    char dir[64]; /* made by repo_make(), removed by repo_remove() */
};

static const char *const repo_env[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=/nonexistent",
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_AUTHOR_NAME=Ada",
    "GIT_AUTHOR_EMAIL=ada@example.org",
    "GIT_COMMITTER_NAME=Ada",
    "GIT_COMMITTER_EMAIL=ada@example.org",
    "GIT_AUTHOR_DATE=2026-02-23T10:00:00Z",
    "GIT_COMMITTER_DATE=2026-02-23T10:00:00Z",
    NULL,
};

/* Runs a program in `dir` with that environment; the test cannot go on if it fails. */
static inline void repo_run(const char *dir, char *const *argv)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (chdir(dir) != 0 || null < 0 || dup2(null, 1) < 0)
            _exit(126);
        execve("/usr/bin/env", argv, (char *const *)repo_env);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "%s %s %s: status %d\n", argv[1], argv[2], argv[3] ? argv[3] : "", status);
        abort();
    }
}

/* Runs git with the given words (NULL-terminated) in the repository. */
static inline void repo_git(const struct repo *repo, ...)
{
    char *argv[REPO_WORDS] = {"env", "git"};
    va_list words;
    va_start(words, repo);
    for (size_t i = 2; i < REPO_WORDS - 1 && (argv[i] = va_arg(words, char *)); i++)
        ;
    va_end(words);
    repo_run(repo->dir, argv);
}

static inline void repo_make(struct repo *repo)
{
    strcpy(repo->dir, "/tmp/arc-ci-repo-XXXXXX");
    if (!mkdtemp(repo->dir))
        abort();
    repo_git(repo, "init", "-q", "-b", "main", NULL);
}

static inline void repo_remove(const struct repo *repo)
{
    char *argv[] = {"env", "rm", "-rf", "--", (char *)repo->dir, NULL};
    repo_run("/", argv);
}

/* Writes a file, with the directories it lies in. */
static inline void repo_write(const struct repo *repo, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", repo->dir, name);
    for (char *slash = path + strlen(repo->dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static inline void repo_commit(const struct repo *repo, const char *message)
{
    repo_git(repo, "add", "-A", NULL);
    repo_git(repo, "commit", "-q", "--allow-empty", "-m", message, NULL);
}

#endif
