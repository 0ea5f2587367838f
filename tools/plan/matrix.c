/* Turns the cells of a plan into rows of GitHub's matrix. */
#include "arcci/documents.h"
#include "arcci/plan.h"
#include "base/json.h"
#include "base/text.h"

/* Limit of a row's lists, in bytes. */
#define LIST_MAX ((size_t)16 << 20)

/* A job: cells of one platform. */
struct row {
    size_t number; /* index of its set of services or, after joining rows, of its batch */
    const char *platform;
    const char *runner;
    const struct arc_planned_service *only; /* NULL: it has several cells */
    struct arc_buf services;                /* codenames, separated by commas; one per cell */
    struct arc_buf cells;                   /* "cart/linux/amd64,…" */
};

struct rows {
    struct row *items; /* room for all cells of the plan */
    size_t count;
};

static void rows_free(struct rows *rows)
{
    arc_each (row, rows->items, rows->count) {
        arc_buf_free(&row->services);
        arc_buf_free(&row->cells);
    }
    free(rows->items);
}

/* ---- services that are built together ------------------------------------------------------- */

/* Sets of services that are built together (union-find): each points to another of its set, or to
 * itself. */
static size_t find_set(const size_t *parent, size_t service)
{
    while (parent[service] != service)
        service = parent[service];
    return service;
}

/* An image and its base are built on one machine, so that the base is available. */
static void join_bases(const struct arc_plan *plan, size_t *parent)
{
    for (size_t i = 0; i < plan->service_count; i++)
        parent[i] = i;

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_pair *context = arc_planned_contexts(&plan->services[i]);
        for (; context->name; context++) {
            const struct arc_planned_service *base = arc_planned_base(plan, context->value);
            if (base)
                parent[find_set(parent, i)] = find_set(parent, (size_t)(base - plan->services));
        }
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Adds a part's services and cells to the row with this index on its platform, made on first
 * use. */
static int add_to_row(struct rows *rows, size_t number, const struct row *part,
                      const char *services, const char *cells, struct arc_error *err)
{
    size_t i = 0;
    while (i < rows->count && (rows->items[i].number != number ||
                               strcmp(rows->items[i].platform, part->platform) != 0))
        i++;

    struct row *row = &rows->items[i];
    bool more = i < rows->count;
    if (!more) {
        *row = (struct row){number, part->platform, part->runner, .services.max = LIST_MAX,
                            .cells.max = LIST_MAX};
        rows->count++;
    }

    row->only = more ? NULL : part->only;
    arc_text_item(&row->services, ",", "%s", services);
    arc_text_item(&row->cells, ",", "%s", cells);
    ARC_TRY(arc_buf_check(&row->services, "the services of a row", err));

    return arc_buf_check(&row->cells, "the cells of a row", err);
}

/* Makes a row for each set of services on each platform. */
static int make_rows(const struct arc_plan *plan, const size_t *parent, struct rows *rows,
                     struct arc_error *err)
{
    arc_each (cell, plan->cells, plan->cell_count) {
        const struct arc_planned_service *service = arc_plan_service(plan, cell->service);
        if (!service || service->released) /* not built */
            continue;

        ARC_AUTO(arc_buf) struct arc_buf name = {.max = 4096};
        arc_buf_printf(&name, "%s/%s", cell->service, cell->platform);
        ARC_TRY(arc_buf_check(&name, "the name of a cell", err));
        const struct row part = {
            .platform = cell->platform, .runner = cell->runner, .only = service};
        size_t set = find_set(parent, (size_t)(service - plan->services));
        ARC_TRY(add_to_row(rows, set, &part, cell->service, arc_buf_text(&name), err));
    }

    return ARC_OK;
}

/* ---- fewer rows ----------------------------------------------------------------------------- */

/* The number of rows with a platform among the first `end`. */
static size_t count_rows(const struct rows *rows, size_t end, const char *platform)
{
    size_t count = 0;
    arc_each (row, rows->items, end)
        count += strcmp(row->platform, platform) == 0;
    return count;
}

/* Joins adjacent rows, in proportion per platform, until there are few enough. */
static int batch_rows(const struct rows *rows, struct rows *out, struct arc_error *err)
{
    size_t total = rows->count, platforms = 0;
    for (size_t i = 0; i < total; i++)
        platforms += count_rows(rows, i, rows->items[i].platform) == 0;
    size_t spare = platforms < ARC_PLAN_ROWS_MAX ? ARC_PLAN_ROWS_MAX - platforms : 0;

    for (size_t i = 0; i < total; i++) {
        const struct row *row = &rows->items[i];
        size_t count = count_rows(rows, total, row->platform);
        size_t room = total > ARC_PLAN_ROWS_MAX ? 1 + spare * count / total : count;
        size_t batch = count_rows(rows, i, row->platform) * room / count;
        ARC_TRY(add_to_row(out, batch, row, arc_buf_text(&row->services), arc_buf_text(&row->cells),
                           err));
    }

    return ARC_OK;
}

/* ---- the document --------------------------------------------------------------------------- */

int arc_plan_matrix(const struct arc_plan *plan, json_t **out, struct arc_error *err)
{
    static const char format[] = "{s:s, s:s, s:s?, s:s}";
    ARC_AUTO_FREE size_t *parent = calloc(plan->service_count + 1, sizeof *parent);
    ARC_AUTO(rows) struct rows rows = {0}, batches = {0};
    ARC_AUTO_JSON json_t *list = json_array();

    rows.items = calloc(plan->cell_count + 1, sizeof *rows.items);
    batches.items = calloc(plan->cell_count + 1, sizeof *batches.items);
    ARC_TRY_ALLOC(rows.items && batches.items && parent, err);

    join_bases(plan, parent);
    ARC_TRY(make_rows(plan, parent, &rows, err));
    ARC_TRY(batch_rows(&rows, &batches, err));

    arc_each (row, batches.items, batches.count) {
        json_t *object =
            json_pack(format, "service", arc_buf_text(&row->services), "platform", row->platform,
                      "runner", row->runner, "cells", arc_buf_text(&row->cells));
        if (row->only) { /* names the service, for custom jobs */
            arc_json_put(&object, "directory", json_string(row->only->directory));
            arc_json_put(&object, "image", json_string(row->only->image));
        }
        arc_json_push(&list, object);
    }

    /* A train builds nothing, but GitHub does not accept a matrix without rows: one job reads back
     * everything. */
    if (arc_plan_is_train(plan))
        arc_json_push(&list,
                      json_pack(format, "service", plan->group, "platform", "released", "runner",
                                plan->cell_count ? plan->cells[0].runner : NULL, "cells", ""));
    *out = list ? json_pack("{s:O}", "include", list) : NULL;
    return arc_error_unless(*out, err);
}
