/* Which files are the group's: as `changes` has it. */
#include "base/auto.h"
#include "changes/filters_build.h"
#include "config/graph.h"
#include "notes/values.h"
#include "yaml/yaml.h"
#include <string.h>

static int add_folder(struct arc_filters *filters, const char *name, const char *folder,
                      struct arc_error *err)
{
    ARC_TRY(arc_filters_add(filters, name, err));
    return arc_filters_add_folder(filters, folder, 0, err);
}

/* Where the services were at the group's previous tag, as its configuration said there: the commits
 * of one that has moved since, or is gone, are there. One that cannot be read adds nothing. */
static int add_previous(const struct arc_git *git, const struct arc_oid *from,
                        const struct arc_plan *plan, struct arc_filters *filters,
                        struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    int rc = arc_git_blob(git, from, ARC_CONFIG_PATH, ARC_YAML_BYTES, &text, NULL);

    if (!rc)
        rc = arc_yaml_parse(arc_buf_text(&text), text.len, ARC_CONFIG_PATH, 0, &yaml, NULL);
    if (rc)
        return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;

    const struct arc_yaml_node *services =
        arc_yaml_at(yaml.root, "groups", plan->group, "services", (char *)NULL);
    bool list = services && services->type == ARC_YAML_LIST;

    /* But for folders of services that there are. A glob named folders loosely, whether or not they
     * held a service. */
    for (size_t i = 0; list && i < services->count; i++) {
        const char *name = services->items[i]->text;
        if (services->items[i]->type != ARC_YAML_STRING || strpbrk(name, "*?[{!"))
            continue;

        size_t len = strlen(name);
        bool there = false;
        while (len > 1 && name[len - 1] == '/')
            len--;
        ARC_AUTO_FREE char *folder = strndup(name, len);
        ARC_TRY_ALLOC(folder, err);
        for (size_t k = 0; k < plan->service_count; k++)
            there = there || strcmp(plan->services[k].directory, folder) == 0;
        if (!there)
            ARC_TRY(add_folder(filters, folder, folder, err));
    }

    return ARC_OK;
}

int notes_make_filters(struct arc_project *project, const struct arc_plan *plan,
                       const struct arc_group *group, const struct arc_oid *from,
                       struct arc_filters *out, struct arc_error *err)
{
    struct arc_group own = {0};
    struct arc_config config = {.path = (char[]){ARC_CONFIG_PATH}, .groups = &own};
    ARC_AUTO_FREE char *root = arc_project_root(project);

    ARC_TRY_ALLOC(root, err);

    if (group) {
        own = *group;
        config.group_count = 1;
    }

    ARC_TRY(arc_filters_of_config(root, &config, out, err));

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        if (!group || !arc_group_find_service(group, service->service))
            ARC_TRY(add_folder(out, service->service, service->directory, err));
    }

    return from ? add_previous(project->git, from, plan, out, err) : ARC_OK;
}
