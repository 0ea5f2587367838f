"""An HTTP server on a free port of 127.0.0.1."""
import contextlib
import http.server
import threading


@contextlib.contextmanager
def serving(handler, **attributes):
    """The running server, which has these attributes for its handler."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vars(server).update(attributes)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
