/* The cells of a plan as the rows of GitHub's matrix. */
#include "arcci/plan.h"
#include "base/auto.h"
#include "base/json.h"
#include <string.h>

/* "NUMBER PLATFORM", under which a row is found. */
#define ROW_NAME_MAX 256

/* Which services are built with one another: each points to another of its set, or to itself. */
struct sets {
    const json_t *services;
    size_t *parent;
};

static void sets_free(struct sets *sets)
{
    free(sets->parent);
}

static size_t find_set(const struct sets *sets, size_t i)
{
    while (sets->parent[i] != i)
        i = sets->parent[i];
    return i;
}

static size_t find_service(const json_t *services, const char *codename)
{
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service)
        if (strcmp(arc_json_text_of(service, "service"), codename) == 0)
            break;
    return i;
}

/* An image and what it starts from are built on one machine: the base is at hand there. */
static int join_bases(struct sets *sets, struct arc_error *err)
{
    size_t i, count = json_array_size(sets->services);
    json_t *service, *context;
    const char *name;
    sets->parent = calloc(count + 1, sizeof *sets->parent);
    if (!sets->parent)
        return arc_error_nomem(err);
    for (i = 0; i < count; i++)
        sets->parent[i] = i;
    json_array_foreach (sets->services, i, service)
        json_object_foreach (json_object_get(json_object_get(service, "recipe"), "contexts"), name,
                             context) {
            const char *target = json_string_value(context);
            if (!target || strncmp(target, "target:", 7) != 0)
                continue;
            size_t base = find_service(sets->services, target + 7);
            if (base < count)
                sets->parent[find_set(sets, i)] = find_set(sets, base);
        }
    return ARC_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Adds a cell to a row: the row names its services and cells. */
static int extend_row(json_t *row, const json_t *cell, struct arc_error *err)
{
    const char *service = arc_json_text_of(cell, "service");
    const char *cells = arc_json_text_of(row, "cells");
    bool more = *cells; /* the text itself is gone with the next line */
    int failed = json_object_set_new(row, "cells",
                                     json_sprintf("%s%s%s/%s", cells, more ? "," : "", service,
                                                  arc_json_text_of(cell, "platform")));
    if (more)
        failed |= json_object_set_new(
            row, "service", json_sprintf("%s,%s", arc_json_text_of(row, "service"), service));
    return failed ? arc_error_nomem(err) : ARC_OK;
}

static json_t *new_row(const json_t *cell)
{
    return json_pack("{s:O, s:O, s:O}", "service", json_object_get(cell, "service"), "platform",
                     json_object_get(cell, "platform"), "runner", json_object_get(cell, "runner"));
}

/* Adds a cell to the row of this name, which is made when there is none yet. */
static int add_to_row(json_t *rows, const char *name, const json_t *cell, struct arc_error *err)
{
    json_t *row = json_object_get(rows, name);
    if (!row && json_object_set_new(rows, name, row = new_row(cell)))
        return arc_error_nomem(err);
    return extend_row(row, cell, err);
}

/* A row for each set of services on each platform. */
static int make_rows(const json_t *plan, const struct sets *sets, json_t *rows,
                     struct arc_error *err)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(plan, "cells"), i, cell) {
        char name[ROW_NAME_MAX];
        size_t service = find_service(sets->services, arc_json_text_of(cell, "service"));
        if (json_object_get(json_array_get(sets->services, service), "released"))
            continue; /* nobody builds it */
        snprintf(name, sizeof name, "%zu %.200s", find_set(sets, service),
                 arc_json_text_of(cell, "platform"));
        ARC_TRY(add_to_row(rows, name, cell, err));
    }
    return ARC_OK;
}

/* ---- fewer rows ----------------------------------------------------------------------------- */

/* How many rows each platform has. */
static json_t *count_platforms(const json_t *rows)
{
    json_t *counts = json_object(), *row;
    const char *name;
    json_object_foreach ((json_t *)rows, name, row) {
        const char *platform = arc_json_text_of(row, "platform");
        json_int_t count = json_integer_value(json_object_get(counts, platform));
        if (json_object_set_new(counts, platform, json_integer(count + 1))) {
            json_decref(counts);
            return NULL;
        }
    }
    return counts;
}

static int merge_row(json_t *into, const json_t *row, struct arc_error *err)
{
    const char *cells = arc_json_text_of(into, "cells"), *name = arc_json_text_of(into, "service");
    if (json_object_set_new(into, "cells",
                            json_sprintf("%s,%s", cells, arc_json_text_of(row, "cells"))) ||
        json_object_set_new(into, "service",
                            json_sprintf("%s,%s", name, arc_json_text_of(row, "service"))))
        return arc_error_nomem(err);
    return ARC_OK;
}

/* Puts neighbours into one row, each platform's in proportion, until there are few enough. */
static int batch_rows(const json_t *rows, json_t *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *counts = count_platforms(rows);
    ARC_AUTO_JSON json_t *seen = json_object();
    size_t total = json_object_size(rows), spare = ARC_PLAN_ROWS_MAX - json_object_size(counts);
    const char *name;
    json_t *row;
    if (!counts || !seen)
        return arc_error_nomem(err);
    json_object_foreach ((json_t *)rows, name, row) {
        const char *platform = arc_json_text_of(row, "platform");
        size_t count = (size_t)json_integer_value(json_object_get(counts, platform));
        size_t at = (size_t)json_integer_value(json_object_get(seen, platform));
        size_t room = total > ARC_PLAN_ROWS_MAX ? 1 + spare * count / total : count;
        char batch[ROW_NAME_MAX];
        snprintf(batch, sizeof batch, "%zu %.200s", at * room / count, platform);
        json_t *into = json_object_get(out, batch);
        int rc = into ? merge_row(into, row, err) : ARC_OK;
        if (rc || (!into && json_object_set(out, batch, row)) ||
            json_object_set_new(seen, platform, json_integer((json_int_t)at + 1)))
            return rc ? rc : arc_error_nomem(err);
    }
    return ARC_OK;
}

/* What a row of one cell is about, for jobs of one's own. */
static int describe_row(const json_t *services, json_t *row, struct arc_error *err)
{
    const json_t *service =
        json_array_get(services, find_service(services, arc_json_text_of(row, "service")));
    if (!service)
        return ARC_OK;
    if (json_object_set(row, "directory", json_object_get(service, "directory")) ||
        json_object_set(row, "image", json_object_get(service, "image")))
        return arc_error_nomem(err);
    return ARC_OK;
}

/* A train has nothing to build, but a matrix without rows is an error of GitHub's: one job reads back
 * all that it takes. */
static int add_train(const json_t *plan, json_t *list, struct arc_error *err)
{
    if (!json_object_get(json_array_get(json_object_get(plan, "services"), 0), "released"))
        return ARC_OK;
    const json_t *cell = json_array_get(json_object_get(plan, "cells"), 0);
    json_t *row =
        json_pack("{s:O, s:s, s:O, s:s}", "service", json_object_get(plan, "group"), "platform",
                  "released", "runner", json_object_get(cell, "runner"), "cells", "");
    return json_array_append_new(list, row) ? arc_error_nomem(err) : ARC_OK;
}

int arc_plan_matrix(const json_t *plan, json_t **out, struct arc_error *err)
{
    ARC_AUTO(sets) struct sets sets = {.services = json_object_get(plan, "services")};
    ARC_AUTO_JSON json_t *rows = json_object();
    ARC_AUTO_JSON json_t *batches = json_object();
    ARC_AUTO_JSON json_t *list = json_array();
    if (!rows || !batches || !list)
        return arc_error_nomem(err);
    ARC_TRY(join_bases(&sets, err));
    ARC_TRY(make_rows(plan, &sets, rows, err));
    ARC_TRY(batch_rows(rows, batches, err));
    const char *name;
    json_t *row;
    json_object_foreach (batches, name, row) {
        ARC_TRY(describe_row(sets.services, row, err));
        if (json_array_append(list, row))
            return arc_error_nomem(err);
    }
    ARC_TRY(add_train(plan, list, err));
    *out = json_pack("{s:O}", "include", list);
    return *out ? ARC_OK : arc_error_nomem(err);
}
