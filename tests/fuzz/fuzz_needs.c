/* toJSON(needs) with the documents of the jobs before: plan, changes, build, scan and notes from anywhere. What is read
 * gives a report and notes, or is refused. */
#include "arcci/notes.h"
#include "arcci/plan.h"
#include "arcci/report.h"
#include "project/needs.h"
#include "world.h"

static void make_notes(const struct arc_needs *needs)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_notes_options options = {
        .plan = needs->plan, .build = needs->build, .scan = needs->scan};
    int rc = arc_notes(&options, &out, &err);
    world_check(rc, &err);
    if ((rc == ARC_OK) != (out != NULL))
        abort();
}

static void make_report(const struct arc_needs *needs)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_report_facts facts = {.plan = needs->plan,
                                     .changes = needs->changes,
                                     .build = needs->build,
                                     .base = needs->build,
                                     .scan = needs->scan ? &needs->judged : NULL,
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
    arc_needs_check(&needs, needs.plan, "nothing", NULL);
    arc_needs_check_built(&needs, "nothing", NULL);
    if (!needs.plan)
        return;
    arc_plan_matrix(needs.plan, &matrix, NULL);
    make_notes(&needs);
    make_report(&needs);
}

FUZZ_WORLD(use)
