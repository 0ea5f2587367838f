/* Ports of this machine. */
#pragma once

#include "arcci/error.h"
#include <stdbool.h>

/* Whether a TCP port of 127.0.0.1 is free to listen on; it is bound and let go again. ARC_EWORLD if
 * that cannot be tried (no IPv4, no permission for a port below 1024). */
int arc_socket_port_free(unsigned port, bool *is_free, struct arc_error *err);
