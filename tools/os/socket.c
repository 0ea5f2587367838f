#include "os/socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int arc_socket_port_free(unsigned port, bool *is_free, struct arc_error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return arc_error_set(err, ARC_EWORLD, "no socket: %s", strerror(errno));

    /* A recently closed connection does not count as using the port. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int rc = ARC_OK;
    *is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    if (!*is_free && errno != EADDRINUSE)
        rc = arc_error_set(err, ARC_EWORLD, "port %u: %s", port, strerror(errno));
    close(fd);

    return rc;
}
