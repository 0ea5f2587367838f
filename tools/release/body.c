/* Bodies: modes and hidden marks. */
#include "base/text.h"
#include "release/release.h"

/* The first line of a draft of ours: MARK, the SHA-256 of its title and text, MARK_END. A person's
 * edit changes the text but not the digest, so an edited draft is not taken for ours. */
#define MARK     "<!-- arc-ci: draft under way, sha256 "
#define MARK_END " -->"
#define BEGIN    "<!-- arc-ci: notes begin -->\n"
#define END      "<!-- arc-ci: notes end -->"

/* Returns the text after the mark; NULL if there is no mark. */
static const char *behind_mark(const char *body)
{
    size_t mark = strlen(MARK), end = mark + ARC_SHA256_HEX - 1;
    if (!body || strncmp(body, MARK, mark) != 0 || strnlen(body, end) < end ||
        strncmp(body + end, MARK_END, strlen(MARK_END)) != 0)
        return NULL;
    body += end + strlen(MARK_END);
    body += *body == '\r';
    return body + (*body == '\n');
}

bool release_draft_made(const char *body)
{
    return behind_mark(body) != NULL;
}

/* The digest of a title and a text. GitHub stores line ends as CRLF and trims the end. */
static int hash_text(const char *name, const char *text, char out[ARC_SHA256_HEX],
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf all = {0};
    arc_buf_printf(&all, "%s\n", name);

    for (; *text; text++)
        if (*text != '\r')
            arc_buf_putc(&all, *text);

    arc_buf_strip(&all, " \t\n\v\f\r");
    ARC_TRY(arc_buf_check(&all, "the body", err));
    return arc_sha256(arc_buf_text(&all), all.len, out, err);
}

bool release_draft_untouched(const char *name, const char *body)
{
    char now[ARC_SHA256_HEX];
    const char *text = behind_mark(body);
    return text && hash_text(name, text, now, NULL) == ARC_OK &&
           strncmp(body + strlen(MARK), now, ARC_SHA256_HEX - 1) == 0;
}

static void add_block(struct arc_buf *out, const char *ours)
{
    size_t len = strlen(ours);
    arc_buf_puts(out, BEGIN);
    arc_buf_puts(out, ours);
    if (len && ours[len - 1] != '\n')
        arc_buf_putc(out, '\n');
    arc_buf_puts(out, END);
}

char *release_body(enum arc_body_mode mode, const char *existing, const char *ours)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    const char *text = behind_mark(existing);

    if (text)
        existing = text;
    if (!existing)
        existing = "";
    bool stays = mode == ARC_BODY_AUTO || mode == ARC_BODY_KEEP;
    const char *begin = strstr(existing, "<!-- arc-ci: notes begin -->"); /* or with CRLF */
    const char *end = begin ? strstr(begin, END) : NULL;

    if (!*ours || (stays && *existing)) {
        arc_buf_puts(&out, existing);
    } else if (stays || mode == ARC_BODY_REPLACE) {
        arc_buf_puts(&out, ours);
    } else if (end) { /* replace an earlier block of ours, else put the new one beside the text */
        arc_buf_add(&out, existing, (size_t)(begin - existing));
        add_block(&out, ours);
        arc_buf_puts(&out, end + strlen(END));
    } else if (mode == ARC_BODY_PREPEND) {
        add_block(&out, ours);
        arc_buf_puts(&out, *existing ? "\n\n" : "\n");
        arc_buf_puts(&out, existing);
    } else {
        arc_buf_puts(&out, existing);
        arc_buf_puts(&out, *existing ? "\n\n" : "");
        add_block(&out, ours);
        arc_buf_putc(&out, '\n');
    }

    return arc_buf_steal(&out);
}

int release_draft_body(enum arc_body_mode mode, const char *name, const char *existing,
                       const char *ours, char **out, struct arc_error *err)
{
    char sha256[ARC_SHA256_HEX];
    ARC_AUTO_FREE char *body = release_body(mode, existing, ours);

    ARC_TRY_ALLOC(body, err);
    ARC_TRY(hash_text(name, body, sha256, err));
    return arc_text_print(out, err, MARK "%s" MARK_END "\n%s", sha256, body);
}
