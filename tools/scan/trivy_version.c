/* Reads the scanner's version and the age of its database. */
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "scan/judged.h"

int scan_scanner_parse(const char *text, size_t len, const char *name, struct scan_scanner *out,
                       struct arc_error *err)
{
    json_error_t problem;
    ARC_AUTO_JSON json_t *doc = arc_json_load(text, len, 0, &problem);

    ARC_TRY_ALLOC(doc || *problem.text, err);
    if (!doc)
        return arc_error_at(err, ARC_EINPUT, name, (unsigned)problem.line, (unsigned)problem.column,
                            "not the output of `trivy version --format json`: %s", problem.text);

    const json_t *database = json_object_get(doc, "VulnerabilityDB");
    ARC_AUTO(scan_scanner) struct scan_scanner read = {0};
    const char *version = json_string_value(json_object_get(doc, "Version"));
    const char *updated = json_string_value(json_object_get(database, "UpdatedAt"));
    ARC_TRY(arc_text_copy(version, &read.version, err));
    ARC_TRY(arc_text_copy(updated, &read.database, err));
    if (read.database && !arc_time_parse(read.database, &read.updated_at))
        return arc_error_set(err, ARC_EINPUT, "%s: UpdatedAt of the database is not a time", name);
    arc_time_parse(arc_json_text_of(json_object_get(doc, "JavaDB"), "UpdatedAt"), &read.java_at);
    *out = arc_steal(&read);

    return ARC_OK;
}

int scan_scanner_read(const char *path, struct scan_scanner *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_TRY(arc_file_read(path, NULL, 1 << 20, &text, err));
    return scan_scanner_parse(arc_buf_text(&text), text.len, path, out, err);
}

void scan_scanner_free(struct scan_scanner *scanner)
{
    free(scanner->version);
    free(scanner->database);
    *scanner = (struct scan_scanner){0};
}
