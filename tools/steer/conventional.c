#include "steer/conventional.h"
#include "base/text.h"
#include "git/message.h"

const char *arc_bump_name(enum arc_bump bump)
{
    static const char *const names[] = {"none", "patch", "minor", "major"};
    return names[bump];
}

/* The line that states a commit's kind; for a merge, perhaps squashed or picked, its pull request's
 * title. */
static const char *find_title(const struct arc_git_commit *commit)
{
    const char *title = arc_message_title(commit->subject, commit->body);
    bool merge = commit->parents > 1 || ARC_STARTS(commit->subject, "Merge");
    if (!merge || !*commit->body || arc_message_type(commit->subject).len)
        return commit->subject;
    if (!title && arc_message_type(commit->body).len)
        title = commit->body;

    return arc_or(title, commit->subject);
}

/* The level that a commit's subject and body ask for. */
static struct arc_conventional rate(const char *subject, const char *body, bool merge)
{
    static const char *const features[] = {"feat", "feature", NULL};
    static const char *const quiet[] = {"docs", "doc", "test", "tests", "ci", "style", NULL};
    struct arc_message_type kind = arc_message_type(subject);

    if (arc_message_is_breaking(subject, body))
        return (struct arc_conventional){.bump = ARC_BUMP_MAJOR, .why = "a breaking change"};
    if (!kind.len && merge)
        return (struct arc_conventional){.why = "a merge: its commits count"};
    if (arc_message_type_is(&kind, features))
        return (struct arc_conventional){.bump = ARC_BUMP_MINOR, .why = "a feature"};
    if (arc_message_type_is(&kind, quiet))
        return (struct arc_conventional){.why = "no change of what is shipped"};

    return (struct arc_conventional){.bump = ARC_BUMP_PATCH,
                                     .why = kind.len ? "a change" : "a change of no stated kind"};
}

void arc_conventional_parse(const struct arc_git_commit *commit, struct arc_conventional *out)
{
    struct arc_message_lines list;

    *out = rate(find_title(commit), commit->body, commit->parents > 1);
    arc_message_list(commit->subject, commit->body, &list);
    for (const char *item; (item = arc_message_next_listed(&list));) {
        struct arc_conventional listed = rate(item, "", false);
        if (listed.bump > out->bump)
            *out = listed;
    }

    out->pull = arc_message_squashed(commit->subject, NULL);
    if (!out->pull)
        out->pull = arc_message_merged(commit->subject);
}
