/* Running other programs: an argv and a chosen environment, never a shell. */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"
#include <signal.h>
#include <sys/types.h>

/* The two streams of a child that are read. */
enum arc_stream { ARC_STDOUT, ARC_STDERR };

/* What to run. Nothing is owned; {0} but for argv and env is a sensible call. */
struct arc_process {
    const char *const *argv;   /* NULL-terminated; argv[0] without a slash is looked up in PATH */
    const struct arc_env *env; /* its PATH finds the program; its cwd is where it starts */
    const char *const *environment; /* the child's variables, NULL-terminated; NULL: those of `env`
                                       that arc_environment_choose() lets through */
    const char *const *passes; /* more names of variables that it needs, for that choice; or NULL */
    const char *input;         /* what it reads on stdin; NULL: nothing */
    size_t input_len;
    unsigned timeout;          /* seconds until it and its children are killed; 0: none */
    const int *interrupted_fd; /* readable once the run is to end: the child and its children get
                                  SIGTERM, ten seconds later SIGKILL, and the run is ARC_EFAILED;
                                  NULL or -1: none */
    size_t output_max; /* most bytes kept of each stream, 0: ARC_BUF_MAX; more is ARC_ELIMIT */
    /* Called with each piece of output instead of keeping it; non-zero ends the child and the run
     * with that code. May be NULL. */
    int (*on_output)(void *context, enum arc_stream stream, const char *data, size_t len);
    void *context;
};

struct arc_process_result {
    int status;            /* exit status; 128 + N after signal N */
    struct arc_buf output; /* what came on stdout and stderr, unless on_output took it */
    struct arc_buf errors;
};

/* The path of a program as PATH finds it, owned by the caller: an executable file. Entries of PATH
 * that are not absolute are passed over, since they would name files of the tree. ARC_ENOTFOUND
 * when there is none. */
int arc_process_find(const struct arc_env *env, const char *name, char **out,
                     struct arc_error *err);

/* Runs the program to its end, in a session of its own: it cannot ask a terminal for anything. When
 * SIGINT, SIGTERM or SIGHUP would end this process meanwhile, the child and its children are ended
 * first, as by interrupted_fd. Returns 0 when it ran, whatever its exit status; ARC_ENOTFOUND when
 * there is no such program; ARC_EWORLD when it could not be started or ran longer than its timeout;
 * ARC_ELIMIT when it said too much. */
int arc_process_run(const struct arc_process *process, struct arc_process_result *result,
                    struct arc_error *err);
void arc_process_result_free(struct arc_process_result *result);

/* Holds back the signals that would end this process (SIGINT, SIGTERM, SIGHUP), around work that
 * would leave something behind. Children that run meanwhile are ended by them all the same.
 * Releasing lets one that has come end this process. */
struct arc_signals {
    sigset_t
        ending; /* those with a handler are the caller's concern; ignored ones (nohup) stay so */
    sigset_t before;
};
void arc_signals_hold(struct arc_signals *held);
void arc_signals_release(const struct arc_signals *held);
