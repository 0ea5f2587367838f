/* The names of tags, versions in every form, and a commit's message: anybody may push them. Two
 * versions that are read compare the same way from both sides. */
#include "arcci/release_version.h"
#include "arcci/semver.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "changes/base.h"
#include "git/message.h"
#include "steer/conventional.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    static const char *const kinds[] = {"semver", "calver", "loose"};
    struct arc_semver first, second;
    if (arc_semver_parse(a, a_len, &first, NULL) == 0 &&
        arc_semver_parse(b, b_len, &second, NULL) == 0 &&
        sign(arc_semver_compare(&first, &second)) != -sign(arc_semver_compare(&second, &first)))
        abort();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct arc_release_version one, two;
        enum arc_versioning kind;
        if (!arc_versioning_parse(kinds[i], &kind))
            abort();
        if (arc_release_version_parse(a, a_len, kind, &one, NULL) == 0 &&
            arc_release_version_parse(b, b_len, kind, &two, NULL) == 0 &&
            sign(arc_release_version_compare(&one, &two)) !=
                -sign(arc_release_version_compare(&two, &one)))
            abort();
    }
}

/* The tag before another one of its family is there. */
static void find_previous(const char *tag, const char *other)
{
    struct arc_project project = {.repository.tags = json_pack("[s]", other)};
    const struct arc_base_request request = {.project = &project};
    ARC_AUTO_FREE char *found = NULL;
    bool is_first;
    if (project.repository.tags &&
        arc_base_previous_tag(&request, tag, &found, &is_first, NULL) == ARC_OK && found &&
        strcmp(found, other) != 0)
        abort();
    json_decref(project.repository.tags);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    struct arc_conventional change = {0};
    struct arc_tag tag = {0};
    if (!text)
        return 0;
    memcpy(text, data, size);
    size_t first = strcspn(text, "\n");
    size_t rest = first + (text[first] == '\n');
    compare(text, first, text + rest, strlen(text + rest));
    text[first] = '\0';
    find_previous(text, text + rest);
    struct arc_git_commit commit = {.subject = text, .body = text + rest};
    arc_conventional_parse(&commit, &change);
    struct arc_message_undone undone = {0};
    const char *at = arc_message_takes_back(commit.subject, commit.body);
    for (const char *next; at && (next = arc_message_next_undone(at, &undone)); at = next)
        if (next <= at || !(undone.hash ? undone.len >= 7 : undone.pull > 0 || undone.title))
            abort();
    if (arc_tag_parse(text, NULL, &tag, NULL) == 0)
        arc_tag_free(&tag);
    return 0;
}
