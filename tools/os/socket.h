/* Ports of this machine. */
#pragma once

#include "arcci/error.h"
#include <stdbool.h>

/* Whether a TCP port of 127.0.0.1 is free, by binding and releasing it. ARC_EWORLD if that is not
 * possible (no IPv4, no permission for a port below 1024). */
int arc_socket_port_free(unsigned port, bool *is_free, struct arc_error *err);
