/* plan.json as anybody may hand it over. */
#include "document.h"

FUZZ_DOCUMENT(arc_plan, arc_plan_read, arc_plan_write, arc_plan_free)
