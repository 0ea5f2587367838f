#include "release/notes.h"
#include "base/auto.h"
#include "notes/inputs.h"
#include "plan/planned.h"

int release_notes(const struct arc_env *env, const char *tag, struct arc_needs *needs,
                  struct arc_error *err)
{
    ARC_AUTO(arc_context) struct arc_context context = {0};
    const char *known = json_string_value(json_object_get(needs->version, "tag"));
    struct arc_context_options wanted = {.tag = known ? known : tag};
    int rc = arc_context_load(env, &wanted, &context, err);
    if (!rc && !context.version)
        rc = arc_error_set(err, ARC_EINPUT, "which release? Name its tag, or set GITHUB_REF");
    if (rc)
        return rc;
    if (!needs->version)
        needs->version = json_incref(context.version);
    if (!needs->plan)
        rc = arc_planned(&context, needs->version, NULL, &needs->plan, err);
    struct arc_notes_facts facts = {.plan = needs->plan,
                                    .build = needs->build,
                                    .scan = needs->scan,
                                    .group = context.group,
                                    .root = context.repository.root};
    return rc ? rc : arc_notes_make(env, &facts, &needs->notes, err);
}
