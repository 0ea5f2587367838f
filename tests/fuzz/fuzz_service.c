/* service.yaml, an entry of arc-ci.yaml, its scan settings and the scanner's own answer: any bytes
 * are read as each, or refused. No file of theirs exists. */
#include "arcci/scan_settings.h"
#include "base/auto.h"
#include "base/text.h"
#include "config/reading.h"
#include "scan/judged.h"
#include "yaml/yaml.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_service(const struct arc_yaml *yaml, bool open)
{
    struct arc_service_reading service = {0};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    const struct arc_loading l = {"/nonexistent", &memory, &err, "a", "a"};
    int rc = arc_service_read_map(&l, yaml->root, open, &service);
    if (rc != err.code)
        abort();
}

static void read_settings(const char *text, size_t size)
{
    struct arc_scan_settings settings = {0};
    struct scan_scanner scanner = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (arc_scan_settings_parse(text, size, "fuzz", &settings, &err) != err.code)
        abort();
    arc_scan_settings_free(&settings);
    if (scan_scanner_parse(text, size, "fuzz", &scanner, NULL) != 0 &&
        (scanner.version || scanner.updated_at))
        abort();
    scan_scanner_free(&scanner);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    struct arc_yaml yaml;
    int64_t seconds;
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (arc_yaml_parse(text, size, "fuzz", 0, &yaml, NULL) == 0) {
        if (yaml.root && yaml.root->type == ARC_YAML_MAP) {
            read_service(&yaml, true);
            read_service(&yaml, false);
        }
        arc_yaml_free(&yaml);
    }
    read_settings(text, size);
    arc_time_parse(text, &seconds);
    return 0;
}
