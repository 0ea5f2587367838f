"""An HTTP server on a free port of 127.0.0.1."""
import contextlib
import http.server
import socket
import ssl
import subprocess
import threading

HELD = []  # sockets


def free_port():
    """For a program that is told its port. Bound here for good, without a listener, it is nobody else's; who sets
    SO_REUSEADDR, as servers do, may listen on it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    HELD.append(held)
    return held.getsockname()[1]


@contextlib.contextmanager
def serving(handler, tls=None, address="127.0.0.1", **attributes):
    """The running server, which has these attributes for its handler. With `tls`, a folder, it speaks TLS as localhost, and
    ca.pem in there is the authority to trust."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": family})((address, 0), handler)
    if tls:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", tls / "key.pem", "-out", tls / "ca.pem"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "ca.pem", tls / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    vars(server).update(attributes)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
