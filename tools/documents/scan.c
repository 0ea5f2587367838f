#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

int arc_gate_read(const json_t *scan, enum arc_gate *out, struct arc_error *err)
{
    static const char *const words[] = {"pass", "report-only", "fail"};
    const json_t *gate = json_object_get(scan, "gate");
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 1024};

    ARC_TRY(arc_document_check(scan, "scan", err));
    *out = ARC_GATE_FAIL;
    if (!gate)
        return ARC_OK;

    for (size_t i = 0; json_is_string(gate) && i < sizeof words / sizeof *words; i++)
        if (strcmp(json_string_value(gate), words[i]) == 0) {
            *out = (enum arc_gate)i;
            return ARC_OK;
        }

    const char *text = json_is_string(gate) ? json_string_value(gate) : "not a text";
    arc_text_visible(&shown, text, strnlen(text, 60));

    return arc_error_set(err, ARC_EINPUT,
                         "scan.json: gate is '%s'; expected pass, report-only or fail",
                         arc_buf_text(&shown));
}
