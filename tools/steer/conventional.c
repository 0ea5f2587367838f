#include "steer/conventional.h"
#include "git/message.h"
#include <string.h>

const char *arc_bump_name(enum arc_bump bump)
{
    static const char *const names[] = {"none", "patch", "minor", "major"};
    return names[bump];
}

void arc_conventional_parse(const struct arc_git_commit *commit, struct arc_conventional *out)
{
    static const char *const features[] = {"feat", "feature", NULL};
    static const char *const quiet[] = {"docs", "doc", "test", "tests", "ci", "style", NULL};
    bool bang, merges = commit->parents > 1 && arc_message_merged(commit->subject) && *commit->body;
    const char *subject = merges ? commit->body : commit->subject; /* the pull request's title */
    size_t kind = arc_message_type(subject, &bang);

    if (arc_message_is_breaking(subject, commit->body))
        *out = (struct arc_conventional){.bump = ARC_BUMP_MAJOR, .why = "a breaking change"};
    else if (!kind && commit->parents > 1)
        *out = (struct arc_conventional){.why = "a merge: its commits count"};
    else if (arc_message_type_is(subject, kind, features))
        *out = (struct arc_conventional){.bump = ARC_BUMP_MINOR, .why = "a feature"};
    else if (arc_message_type_is(subject, kind, quiet))
        *out = (struct arc_conventional){.why = "no change of what is shipped"};
    else
        *out = (struct arc_conventional){.bump = ARC_BUMP_PATCH,
                                         .why = kind ? "a change" : "a change of no stated kind"};

    out->pull = arc_message_squashed(commit->subject, NULL);
    if (!out->pull)
        out->pull = arc_message_merged(commit->subject);
}
