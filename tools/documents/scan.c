#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

const char *arc_gate_name(enum arc_gate gate)
{
    static const char *const names[] = {"pass", "report-only", "fail"};
    return names[gate];
}

int arc_gate_read(const json_t *scan, enum arc_gate *out, struct arc_error *err)
{
    const json_t *gate = json_object_get(scan, "gate");
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 1024};

    ARC_TRY(arc_document_check(scan, "scan", err));
    *out = ARC_GATE_FAIL;
    if (!gate)
        return ARC_OK;

    for (int i = ARC_GATE_PASS; json_is_string(gate) && i <= ARC_GATE_FAIL; i++)
        if (strcmp(json_string_value(gate), arc_gate_name((enum arc_gate)i)) == 0) {
            *out = (enum arc_gate)i;
            return ARC_OK;
        }

    const char *text = json_is_string(gate) ? json_string_value(gate) : "not a text";
    arc_text_visible(&shown, text, strnlen(text, 60));

    return arc_error_set(err, ARC_EINPUT,
                         "scan.json: gate is '%s'; expected pass, report-only or fail",
                         arc_buf_text(&shown));
}
