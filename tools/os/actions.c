#include "os/actions.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool arc_actions_active(const struct arc_env *env)
{
    return arc_text_same(arc_env_get(env, "GITHUB_ACTIONS"), "true");
}

int arc_actions_format_output(struct arc_buf *out, const char *name, const char *value, size_t len,
                              struct arc_error *err)
{
    if (!*name || strpbrk(name, "=\r\n") || strstr(name, "<<"))
        return arc_error_set(err, ARC_EINPUT,
                             "an output's name may hold no '=', '<<' or line break");

    if (!memchr(value, '\n', len) && !memchr(value, '\r', len)) {
        arc_buf_puts(out, name);
        arc_buf_putc(out, '=');
        arc_buf_add(out, value, len);
        arc_buf_putc(out, '\n');
        return ARC_OK;
    }

    /* 128 random bits: a value cannot contain a delimiter created after it. */
    char delimiter[40] = "";
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return arc_error_set(err, ARC_EWORLD, "the system has no random numbers: %s",
                             strerror(errno));

    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(delimiter + 2 * i, 3, "%02x", bytes[i]);
    arc_buf_printf(out, "%s<<arcci_%s\n", name, delimiter);
    arc_buf_add(out, value, len);
    arc_buf_printf(out, "\narcci_%s\n", delimiter);

    return ARC_OK;
}

int arc_actions_append(const struct arc_env *env, const char *variable, const struct arc_buf *text,
                       struct arc_error *err)
{
    const char *path = arc_env_nonempty(env, variable);
    if (!path || !text->len)
        return ARC_OK;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return arc_error_set(err, ARC_EWORLD, "%s: cannot open %s: %s", variable, path,
                             strerror(errno));

    /* The file may end with an incomplete line, from `printf 'a=b' >> "$GITHUB_OUTPUT"`. */
    off_t end = lseek(fd, 0, SEEK_END);
    char last = '\n';
    bool open_line = end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
    int failed = (open_line && !arc_file_write_all(fd, "\n", 1)) ||
                 !arc_file_write_all(fd, text->data, text->len);
    int saved = errno;
    if (close(fd) != 0 && !failed)
        failed = 1, saved = errno;
    if (failed)
        return arc_error_set(err, ARC_EWORLD, "%s: cannot write %s: %s", variable, path,
                             strerror(saved));

    return ARC_OK;
}

/* GitHub does not show a larger summary of a step at all (GitHub docs, "Adding a job summary"). */
#define SUMMARY_MAX ((size_t)1 << 20)

int arc_actions_summarize(const struct arc_env *env, const struct arc_buf *text,
                          struct arc_error *err)
{
    static const char name[] = "GITHUB_STEP_SUMMARY", rest[] = "\n… and more than GitHub shows.\n";
    const char *path = arc_env_nonempty(env, name);
    ARC_AUTO(arc_buf) struct arc_buf cut = {0};
    struct stat now = {.st_size = 0};

    if (path && stat(path, &now) != 0)
        now.st_size = 0;
    size_t used = (size_t)now.st_size + sizeof rest + 1; /* plus the end of an incomplete line */
    if (used >= SUMMARY_MAX)
        return ARC_OK;
    size_t room = SUMMARY_MAX - used;
    if (text->len <= room)
        return arc_actions_append(env, name, text, err);

    while (room && text->data[room - 1] != '\n')
        room--;
    arc_buf_add(&cut, text->data, room);
    arc_buf_puts(&cut, rest);
    ARC_TRY(arc_buf_check(&cut, name, err));

    return arc_actions_append(env, name, &cut, err);
}

/* `::add-mask::true` in a file name would make GitHub drop every output that is `true`. */
void arc_actions_disarm(const struct arc_buf *text, const char *hash, struct arc_buf *out)
{
    const char *at = arc_buf_text(text);
    for (bool start = true; *at; at++) {
        bool blank = *at == ' ' || *at == '\t' || (unsigned char)*at >= 0x80; /* or may be one */
        if (ARC_STARTS(at, "##["))
            arc_buf_puts(out, hash);
        else if (start && at[0] == ':' && at[1] == ':')
            arc_buf_puts(out, "\\x3a");
        else
            arc_buf_putc(out, *at);
        start = *at == '\n' || (start && blank);
    }
}

static void escape(struct arc_buf *out, const char *text, const char *special)
{
    for (; *text; text++)
        if (strchr(special, *text))
            arc_buf_printf(out, "%%%02X", (unsigned char)*text);
        else
            arc_buf_putc(out, *text);
}

void arc_actions_annotation(struct arc_buf *out, const char *level, const struct arc_place *place,
                            const char *title, const char *message)
{
    const char *separator = " ";

    arc_buf_printf(out, "::%s", level);

    if (place && place->file) {
        arc_buf_puts(out, " file=");
        escape(out, place->file, "%\r\n:,");
        if (place->line)
            arc_buf_printf(out, ",line=%u", place->line);
        if (place->line && place->column)
            arc_buf_printf(out, ",col=%u", place->column);
        separator = ",";
    }

    if (title) {
        arc_buf_printf(out, "%stitle=", separator);
        escape(out, title, "%\r\n:,");
    }

    arc_buf_puts(out, "::");
    escape(out, message, "%\r\n");
    arc_buf_putc(out, '\n');
}
