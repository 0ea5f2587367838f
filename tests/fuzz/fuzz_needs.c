/* toJSON(needs) with the documents of the jobs before: plan, changes, build, scan and notes from anywhere. What is read
 * gives a report and notes, or is refused. */
#include "arcci/notes.h"
#include "arcci/plan.h"
#include "arcci/report.h"
#include "project/needs.h"
#include "world.h"

static void make_notes(const struct arc_needs *needs, const struct arc_plan *plan,
                       const struct arc_ledger *build)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_notes_options options = {.plan = plan, .build = build, .scan = needs->scan};
    int rc = arc_notes(&options, &out, &err);
    world_check(rc, &err);
    if ((rc == ARC_OK) != (out != NULL))
        abort();
}

static void make_report(const struct arc_needs *needs, const struct arc_plan *plan,
                        const struct arc_ledger *build)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_report_facts facts = {.plan = plan,
                                     .changes = needs->changes,
                                     .build = build,
                                     .base = build,
                                     .scan = needs->scan,
                                     .jobs = needs->jobs};
    int rc = arc_report(&facts, &out, &err);
    world_check(rc, &err);
    if (!rc && json_string_length(json_object_get(out, "body")) > 4 * ARC_COMMENT_MAX)
        abort();
}

static void use(unsigned choice)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO(arc_needs) struct arc_needs needs = {0};
    ARC_AUTO_JSON json_t *matrix = NULL;
    size_t len = 0;
    char *text = world_part(&len);
    (void)choice;
    if (!text || *text != '{') /* else it is the name of a file */
        return;
    int rc = arc_needs_read(&(struct arc_needs_files){.needs = text}, &needs, &err);
    world_check(rc, &err);
    if (rc)
        return;
    arc_needs_check(&needs, "nothing", NULL);
    arc_needs_check_built(&needs, "nothing", NULL);
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger build = {0};
    if (!needs.plan || arc_plan_read(needs.plan, &plan, NULL))
        return;
    const struct arc_ledger *built = NULL;
    if (needs.build && !arc_ledger_read(needs.build, &build, NULL))
        built = &build;
    arc_plan_matrix(needs.plan, &matrix, NULL);
    make_notes(&needs, &plan, built);
    make_report(&needs, &plan, built);
}

FUZZ_WORLD(use)
