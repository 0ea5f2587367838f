/* Runs other programs with an argv and a chosen environment, never a shell. */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"
#include <signal.h>
#include <sys/types.h>

/* The two streams of a child that are read. */
enum arc_stream { ARC_STDOUT, ARC_STDERR };

/* What to run. All borrowed; only argv and env are required, the rest may be 0. */
struct arc_process {
    const char *const *argv;   /* NULL-terminated; argv[0] without a slash is looked up in PATH */
    const struct arc_env *env; /* provides PATH and the working directory */
    const char *const *environment; /* the child's variables, NULL-terminated; NULL: those of `env`
                                       that arc_environment_choose() lets through */
    const char *const *passes; /* more names of variables that it needs, for that choice; or NULL */
    const char *input;         /* its stdin; NULL: empty */
    size_t input_len;
    unsigned timeout; /* timeout in seconds, after which it and its children are killed; 0: none */
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
    struct arc_buf output; /* its stdout and stderr, unless on_output took them */
    struct arc_buf errors;
};

/* The path of an executable found by PATH, owned by the caller. Skips relative entries of PATH,
 * which could name files of the tree. ARC_ENOTFOUND if there is none. */
int arc_process_find(const struct arc_env *env, const char *name, char **out,
                     struct arc_error *err);

/* Runs the program in its own session, so that it cannot prompt on a terminal. If SIGINT, SIGTERM
 * or SIGHUP would end this process meanwhile, ends the child and its children first, as with
 * interrupted_fd. Returns 0 if it ran, whatever its exit status; ARC_ENOTFOUND if there is no such
 * program; ARC_EWORLD if it could not be started or exceeded its timeout; ARC_ELIMIT if its output
 * was too long. */
int arc_process_run(const struct arc_process *process, struct arc_process_result *result,
                    struct arc_error *err);
void arc_process_result_free(struct arc_process_result *result);

/* Blocks the signals that would end this process (SIGINT, SIGTERM, SIGHUP) during work that would
 * leave something behind. They still end running children. Unblocking lets a pending one end this
 * process. */
struct arc_signals {
    sigset_t
        ending; /* those with a handler are the caller's concern; ignored ones (nohup) stay so */
    sigset_t before;
};
void arc_signals_hold(struct arc_signals *held);
void arc_signals_release(const struct arc_signals *held);
