/* version.json as anybody may hand it over. */
#include "document.h"

FUZZ_DOCUMENT(arc_version_info, arc_version_read, arc_version_write, arc_version_info_free)
