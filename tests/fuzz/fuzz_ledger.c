/* build.json as anybody may hand it over. */
#include "document.h"

FUZZ_DOCUMENT(arc_ledger, arc_ledger_read, arc_ledger_write, arc_ledger_free)
