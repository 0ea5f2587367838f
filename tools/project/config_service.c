/* One service's service.yaml. */
#include "base/auto.h"
#include "os/file.h"
#include "project/config_fields.h"
#include <string.h>

#define AT(member) offsetof(struct arc_service, member)

static const struct arc_field service_fields[] = {
    {"name", FIELD_TEXT, AT(name), true, arc_check_name, NULL},
    {"codename", FIELD_TEXT, AT(codename), true, arc_check_codename, NULL},
    {"role", FIELD_TEXT, AT(role), false, arc_check_line, NULL},
    {"tech", FIELD_TEXT, AT(tech), false, arc_check_line, NULL},
    {"description", FIELD_TEXT, AT(description), false, arc_check_text, NULL},
    {"health", FIELD_TEXT, AT(health), false, arc_check_line, NULL},
    {"port", FIELD_PORT, AT(port), false, NULL, NULL},
    {"ports", FIELD_PORTS, AT(ports), false, NULL, NULL},
    {"depends_on", FIELD_TEXTS, AT(depends_on), false, arc_check_codename, NULL},
    {"external", FIELD_TEXTS, AT(external), false, arc_check_codename, NULL},
    {"paths", FIELD_TEXTS, AT(paths), false, arc_check_glob, NULL},
    {0},
};

/* Other tools of a platform read the file too, so it may hold keys of theirs. */
static const struct arc_table service_table = {"a service.yaml", service_fields, true};

void arc_service_free(struct arc_service *service)
{
    arc_fields_free(&service_table, service);
    free(service->directory);
    *service = (struct arc_service){0};
}

static int fill_lists(struct arc_service *service, struct arc_error *err)
{
    char ***lists[] = {&service->depends_on, &service->external, &service->paths};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!*lists[i] && !(*lists[i] = calloc(1, sizeof **lists[i])))
            return arc_error_nomem(err);
    if (!service->ports && !(service->ports = calloc(1, sizeof *service->ports)))
        return arc_error_nomem(err);
    return ARC_OK;
}

static int missing(const char *root, const char *directory, struct arc_error *err)
{
    if (arc_file_kind_in(root, directory) == ARC_FILE_DIRECTORY)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "%s/service.yaml does not exist; it names the service (docs: adding a "
                             "service)",
                             directory);
    return arc_error_set(err, ARC_ENOTFOUND, "there is no directory %s", directory);
}

int arc_service_load(const char *root, const char *directory, struct arc_service *out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};
    ARC_AUTO(arc_service) struct arc_service service = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    *out = (struct arc_service){0};
    size_t len = strlen(directory);
    while (len && directory[len - 1] == '/')
        len--;
    service.directory = strndup(directory, len);
    if (!service.directory)
        return arc_error_nomem(err);
    arc_buf_printf(&name, "%s/service.yaml", service.directory);
    if (name.failed)
        return arc_error_nomem(err);
    int rc = arc_yaml_read_in(root, arc_buf_text(&name), 0, &yaml, err);
    if (rc == ARC_ENOTFOUND)
        return missing(root, service.directory, err);
    if (!rc)
        rc = arc_fields_read(&yaml, yaml.root, &service_table, &service, err);
    if (!rc)
        rc = fill_lists(&service, err);
    if (rc)
        return rc;
    *out = service;
    service = (struct arc_service){0};
    return ARC_OK;
}
