/* Commits as anybody writes them, in release notes: subject, body, author, the message of the tag, in this order, and
 * again from the start. Whatever they say gives notes within the limit. */
#include "arcci/notes.h"
#include "world.h"

#define COMMITS_MAX 20

static char hash[] = "0123456789abcdef0123456789abcdef01234567", tag[] = "g/v1.0.0", group[] = "g",
            version[] = "1.0.0", image_tag[] = "g-v1.0.0", title[] = "T", reason[] = "r",
            date[] = "2026-01-02T03:04:05Z", source[] = "https://github.com/o/r", email[] = "a@b.c",
            *none[] = {NULL};

static char *next_text(void)
{
    static char empty[] = "";
    size_t len = 0;
    char *part = world_part(&len);
    return part ? part : empty;
}

static void use(unsigned choice)
{
    struct arc_version_info info = {.tag = tag,
                                    .group = group,
                                    .version = version,
                                    .image_tag = image_tag,
                                    .latest_reason = reason,
                                    .tags_known = true,
                                    .previous_tag = choice & 1 ? tag : NULL};
    struct arc_plan plan = {.group = group,
                            .mode = ARC_PLAN_RELEASE,
                            .title = title,
                            .tag = tag,
                            .version = &info,
                            .revision = hash,
                            .created = date,
                            .source = choice & 2 ? source : NULL,
                            .platforms = none,
                            .generated = none};
    struct arc_notes_commit commits[COMMITS_MAX];
    struct arc_notes_log log = {.commits = commits, .complete = choice & 4, .all = choice & 8};
    while (world.at && log.count < COMMITS_MAX) {
        char *subject = next_text(), *body = next_text(), *author = next_text();
        commits[log.count] = (struct arc_notes_commit){.hash = hash,
                                                       .subject = subject,
                                                       .message = subject,
                                                       .body = body,
                                                       .author = author,
                                                       .email = email,
                                                       .date = date,
                                                       .pull = (int64_t)log.count};
        log.count++;
        log.message = next_text();
    }

    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *out = NULL;
    int rc = arc_notes(&(struct arc_notes_options){.plan = &plan, .log = &log}, &out, &err);
    world_check(rc, &err);
    if (!rc && json_string_length(json_object_get(out, "body")) > (size_t)4 * ARC_NOTES_MAX)
        abort();
}

FUZZ_WORLD(use)
