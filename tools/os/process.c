#define _GNU_SOURCE /* pipe2, posix_spawn_file_actions_addchdir_np and POSIX_SPAWN_SETSID: POSIX \
                          2024 */
#include "os/process.h"
#include "base/text.h"
#include "os/environment.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Grace period of an interrupted child. */
#define GRACE_MS 10000

/* ---- finding a program --------------------------------------------------------------------- */

static bool is_runnable(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

int arc_process_find(const struct arc_env *env, const char *name, char **out, struct arc_error *err)
{
    const char *path = arc_env_get(env, "PATH");

    if (!path || strchr(name, '/'))
        path = "";
    arc_each_piece (folder, path, ":") {
        ARC_AUTO(arc_buf) struct arc_buf candidate = {.max = 8192};
        if (*folder.text != '/')
            continue;
        arc_buf_printf(&candidate, "%.*s/%s", (int)folder.len, folder.text, name);
        if (candidate.failed == ARC_ENOMEM) /* otherwise the next folder's program would run */
            return arc_error_nomem(err);
        char *found = arc_buf_steal(&candidate);
        if (found && is_runnable(found)) {
            *out = found;
            return ARC_OK;
        }
        free(found);
    }

    if (!strchr(name, '/') || !is_runnable(name))
        return arc_error_set(err, ARC_ENOTFOUND, "there is no program '%s' %s", name,
                             strchr(name, '/') ? "here" : "on PATH");
    return arc_text_copy(name, out, err);
}

/* ---- pipes --------------------------------------------------------------------------------- */

/* The parent's ends of the child's stdin, stdout and stderr; -1 once closed. */
struct pipes {
    int parent[3];
    int child[3];
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void pipes_free(struct pipes *pipes)
{
    for (int i = 0; i < 3; i++) {
        close_end(&pipes->parent[i]);
        close_end(&pipes->child[i]);
    }
}

static int pipes_open(struct pipes *pipes, struct arc_error *err)
{
    *pipes = (struct pipes){{-1, -1, -1}, {-1, -1, -1}};

    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return arc_error_set(err, ARC_EWORLD, "cannot make a pipe: %s", strerror(errno));
        pipes->parent[i] = ends[i == 0 ? 1 : 0];
        pipes->child[i] = ends[i == 0 ? 0 : 1];
    }

    fcntl(pipes->parent[0], F_SETFL, O_NONBLOCK);

    return ARC_OK;
}

/* ---- starting ------------------------------------------------------------------------------ */

static int prepare_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                         const struct arc_process *process, const struct pipes *pipes)
{
    sigset_t none, pipe_signal;

    sigemptyset(&none);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    for (int i = 0; i < 3; i++)
        ARC_TRY(posix_spawn_file_actions_adddup2(actions, pipes->child[i], i));
    if (process->env->cwd)
        ARC_TRY(posix_spawn_file_actions_addchdir_np(actions, process->env->cwd));
    ARC_TRY(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETSIGDEF));
    ARC_TRY(posix_spawnattr_setsigmask(attributes, &none));

    return posix_spawnattr_setsigdefault(attributes, &pipe_signal);
}

static int start_child(const struct arc_process *process, struct pipes *pipes, pid_t *pid,
                       struct arc_error *err)
{
    ARC_AUTO_FREE char *program = NULL;
    ARC_TRY(arc_process_find(process->env, process->argv[0], &program, err));
    ARC_AUTO_FREE const char **chosen = NULL;
    if (!process->environment)
        ARC_TRY(arc_environment_choose(process->env, process->passes, &chosen, err));
    const char *const *variables = arc_or(chosen, process->environment);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);

    /* Children must not inherit other descriptors than the three streams. Without the system call
     * (Linux before 5.11), marks them one by one. */
    if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) {
        for (int fd = 3; fd < 1024; fd++)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }

    int failed = prepare_spawn(&actions, &attributes, process, pipes);
    if (!failed) /* posix_spawn() takes char *const[] but changes nothing (POSIX, execve) */
        failed = posix_spawn(pid, program, &actions, &attributes, (char *const *)process->argv,
                             (char *const *)variables);

    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < 3; i++)
        close_end(&pipes->child[i]);
    if (failed)
        return arc_error_set(err, ARC_EWORLD, "cannot run %s: %s", program, strerror(failed));

    return ARC_OK;
}

/* ---- being told to end --------------------------------------------------------------------- */

void arc_signals_hold(struct arc_signals *held)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    sigemptyset(&held->ending);
    arc_each_in (number, ending)
        if (sigaction(*number, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
            sigaddset(&held->ending, *number);
    pthread_sigmask(SIG_BLOCK, &held->ending, &held->before);
}

void arc_signals_release(const struct arc_signals *held)
{
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}

/* ---- talking ------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int take_output(const struct arc_process *process, enum arc_stream stream, int *fd,
                       struct arc_process_result *result, struct arc_error *err)
{
    char data[65536];
    ssize_t got = read(*fd, data, sizeof data);

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return ARC_OK;

    if (got <= 0) {
        close_end(fd);
        return ARC_OK;
    }

    if (process->on_output)
        return process->on_output(process->context, stream, data, (size_t)got);
    struct arc_buf *buf = stream == ARC_STDOUT ? &result->output : &result->errors;
    arc_buf_add(buf, data, (size_t)got);

    return arc_buf_check(buf, process->argv[0], err);
}

/* What may end a child early. */
struct watch {
    const struct arc_process *process;
    pid_t pid;
    int interrupt;    /* readable when the run must end */
    int64_t deadline; /* 0: none */
    bool interrupted;
};

/* Waits until one of `fds`, the last of which is set here, is ready, or for `most` milliseconds
 * (-1: no limit). A child told to end gets a grace period. */
static int wait_for(struct watch *watch, struct pollfd *fds, nfds_t count, int most,
                    struct arc_error *err)
{
    int64_t left = watch->deadline ? watch->deadline - now_ms() : -1;
    struct pollfd *interrupt = &fds[count - 1];

    *interrupt =
        (struct pollfd){.fd = watch->interrupted ? -1 : watch->interrupt, .events = POLLIN};
    if (watch->deadline && left <= 0) {
        if (watch->interrupted)
            return arc_error_set(err, ARC_EFAILED, "interrupted; %s did not end by itself",
                                 watch->process->argv[0]);
        return arc_error_set(err, ARC_EWORLD, "%s did not end within %u seconds",
                             watch->process->argv[0], watch->process->timeout);
    }
    if (most >= 0 && (left < 0 || left > most))
        left = most;
    int ready = poll(fds, count, (int)left);
    if (ready < 0 && errno != EINTR)
        return arc_error_set(err, ARC_EWORLD, "poll: %s", strerror(errno));

    if (ready < 0)
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = 0;

    if (interrupt->revents) {
        watch->interrupted = true;
        watch->deadline = now_ms() + GRACE_MS;
        kill(-watch->pid, SIGTERM);
    }

    return ARC_OK;
}

static int move_data(struct watch *watch, struct pipes *pipes, struct arc_process_result *result,
                     struct arc_error *err)
{
    const struct arc_process *process = watch->process;
    size_t fed = 0;

    if (!process->input_len)
        close_end(&pipes->parent[0]);

    while (pipes->parent[1] >= 0 || pipes->parent[2] >= 0) {
        struct pollfd fds[4];
        for (int i = 0; i < 3; i++)
            fds[i] = (struct pollfd){.fd = pipes->parent[i], .events = i ? POLLIN : POLLOUT};
        int rc = wait_for(watch, fds, 4, -1, err);
        if (!rc && fds[0].fd >= 0 && fds[0].revents) {
            ssize_t done = write(pipes->parent[0], process->input + fed, process->input_len - fed);
            if (done > 0)
                fed += (size_t)done;
            bool lost = done < 0 && errno != EAGAIN && errno != EINTR; /* it closed its stdin */
            if (lost || fed == process->input_len)
                close_end(&pipes->parent[0]);
        }
        for (int i = 1; i < 3; i++)
            if (!rc && fds[i].fd >= 0 && fds[i].revents)
                rc = take_output(process, i == 1 ? ARC_STDOUT : ARC_STDERR, &pipes->parent[i],
                                 result, err);
        if (rc)
            return rc;
    }

    return ARC_OK;
}

/* Waits for its end, which may be some time after it closed its outputs. */
static int wait_for_end(struct watch *watch, int *status, struct arc_error *err)
{
    pid_t ended;

    for (int pause = 1; (ended = waitpid(watch->pid, status, WNOHANG)) != watch->pid;) {
        struct pollfd interrupt;
        if (ended < 0 && errno != EINTR)
            return arc_error_set(err, ARC_EWORLD, "waitpid: %s", strerror(errno));
        ARC_TRY(wait_for(watch, &interrupt, 1, pause, err));
        pause = pause < 64 ? 2 * pause : pause;
    }

    return ARC_OK;
}

/* Logs what was run, how it ended and how long it took. An argv never contains a secret. */
static void trace_run(const struct arc_process *process, int status, int64_t since)
{
    ARC_AUTO(arc_buf) struct arc_buf words = {.max = 2048};
    if (!process->env || !process->env->trace)
        return;

    for (const char *const *word = process->argv; *word; word++)
        arc_buf_printf(&words, " %.200s", *word);
    arc_env_trace(process->env, "ran%s%s: exit status %d after %.3f s", arc_buf_text(&words),
                  words.failed ? " ..." : "", status, (double)(now_ms() - since) / 1000);
}

int arc_process_run(const struct arc_process *process, struct arc_process_result *result,
                    struct arc_error *err)
{
    int64_t since = now_ms();
    ARC_AUTO(pipes) struct pipes pipes;
    struct watch watch = {.process = process};

    *result = (struct arc_process_result){.output.max = process->output_max,
                                          .errors.max = process->output_max};
    struct arc_signals held;
    int status = 0;
    ARC_TRY(pipes_open(&pipes, err));

    /* The child is in its own session, so it would not get a terminal's Ctrl-C and would
     * continue. */
    arc_signals_hold(&held);
    int signals = signalfd(-1, &held.ending, SFD_CLOEXEC | SFD_NONBLOCK);
    int rc = start_child(process, &pipes, &watch.pid, err);
    if (rc) {
        close_end(&signals);
        arc_signals_release(&held);
        return rc;
    }

    int told = process->interrupted_fd ? *process->interrupted_fd : -1;
    watch.interrupt = told >= 0 ? told : signals;
    watch.deadline = process->timeout ? now_ms() + (int64_t)process->timeout * 1000 : 0;
    rc = move_data(&watch, &pipes, result, err);
    if (!rc)
        rc = wait_for_end(&watch, &status, err);
    if (rc) {
        kill(-watch.pid, SIGKILL);
        while (waitpid(watch.pid, &status, 0) < 0 && errno == EINTR)
            ;
    }

    if (!rc && watch.interrupted)
        rc = arc_error_set(err, ARC_EFAILED, "interrupted");
    close_end(&signals); /* nobody has read from it, so the signal is still pending */
    arc_signals_release(&held);
    result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    trace_run(process, result->status, since);

    return rc;
}

void arc_process_result_free(struct arc_process_result *result)
{
    arc_buf_free(&result->output);
    arc_buf_free(&result->errors);
    *result = (struct arc_process_result){0};
}
