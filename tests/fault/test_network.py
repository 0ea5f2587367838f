"""TLS and proxies: an authority that is not trusted, one that is named, a tunnel through a proxy."""
import http.server
import select
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest
from harness import TOKEN, Double, Project, check, new_state


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for api.test and 127.0.0.1 that nobody has signed but itself."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=api.test",
                    "-addext", "subjectAltName=DNS:api.test,IP:127.0.0.1"], check=True, capture_output=True)
    return folder


@pytest.fixture
def double(project, certificate):
    """The double behind TLS."""
    with Double(new_state(project)) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True, do_handshake_on_connect=False)
        yield server


class Proxy(http.server.BaseHTTPRequestHandler):
    """CONNECT to any name leads to the double; keeps what it could read."""
    seen, target = [], None

    def log_message(self, *arguments):
        pass

    def do_CONNECT(self):
        self.seen.append(self.path + "\n" + str(self.headers))
        with socket.create_connection(("127.0.0.1", self.target)) as there:
            self.send_response(200)
            self.end_headers()
            here = self.connection
            while True:
                ready, _, _ = select.select([here, there], [], [], 20)
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    self.seen.append(data.decode("latin-1"))
                    (there if one is here else here).sendall(data)
                if not ready:
                    return


class ProxyServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


@pytest.fixture
def proxy(double):
    Proxy.seen, Proxy.target = [], double.port
    server = ProxyServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def https(double, host="127.0.0.1"):
    return {"GITHUB_API_URL": f"https://{host}:{double.port}/api/v3"}


def with_tls_addresses(double, host="127.0.0.1"):
    fill = double.fill
    double.fill = lambda value: fill(value).replace(f"http://127.0.0.1:{double.port}", f"https://{host}:{double.port}")


def test_a_certificate_of_nobody_is_refused_at_once(project, double, tmp_path):
    log = tmp_path / "waits"
    status, output = project.run(double, env={**https(double), "QUICK_SLEEP_LOG": str(log)})
    assert status == 3 and "SSL_CERT_FILE" in output, output
    assert not log.exists(), "it was tried again"
    assert double.count == 0


def test_an_authority_that_is_named_is_trusted(project, double, certificate):
    with_tls_addresses(double)
    status, output = project.run(double, env={**https(double), "SSL_CERT_FILE": str(certificate / "cert.pem")})
    assert status == 0, output
    check(double, project)


def test_another_name_than_the_certificates_is_refused(project, double, certificate):
    status, output = project.run(double, env={**https(double, "localhost"), "SSL_CERT_FILE": str(certificate / "cert.pem")})
    assert status == 3 and double.count == 0, output


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_carries_it_and_reads_nothing(project, double, certificate, proxy, name):
    with_tls_addresses(double, "api.test")
    status, output = project.run(double, env={**https(double, "api.test"), name: proxy,
                                              "SSL_CERT_FILE": str(certificate / "cert.pem")})
    assert status == 0, output
    check(double, project)
    assert Proxy.seen and not [text for text in Proxy.seen if TOKEN in text]


@pytest.mark.parametrize("direct", ["other,api.test", ".test", "*.test", "other *.a, api.test:{port}", "*"])
def test_no_proxy_and_this_machine_are_reached_directly(project, double, certificate, proxy, direct):
    trust = {"SSL_CERT_FILE": str(certificate / "cert.pem"), "HTTPS_PROXY": proxy}
    with_tls_addresses(double)
    assert project.run(double, env={**https(double), **trust})[0] == 0
    status, output = project.run(double, env={**https(double, "api.test"), **trust, "NO_PROXY": direct.format(port=double.port)})
    assert status == 3 and "api.test" in output     # there is no such name but at the proxy
    assert not Proxy.seen


@pytest.mark.parametrize("others", ["api.test:1", "[::1]:443,fd00::1,*est,10.0.0.0/8"])
def test_no_proxy_that_names_others(project, double, certificate, proxy, others):
    with_tls_addresses(double, "api.test")
    status, output = project.run(double, env={**https(double, "api.test"), "HTTPS_PROXY": proxy, "NO_PROXY": others,
                                              "SSL_CERT_FILE": str(certificate / "cert.pem")})
    assert status == 0 and Proxy.seen, output


def test_http_2_is_offered(project, certificate):
    """A server that speaks nothing else is agreed with; what it then says is another matter."""
    chosen = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                    with context.wrap_socket(connection, server_side=True) as tls:
                        chosen.append(tls.selected_alpn_protocol())
                        chosen.append(tls.recv(24))
                except OSError:
                    return
        threading.Thread(target=answer, daemon=True).start()
        env = {"GITHUB_API_URL": f"https://127.0.0.1:{listener.getsockname()[1]}/api/v3",
               "SSL_CERT_FILE": str(certificate / "cert.pem")}

        class Nowhere:
            url = ""
        assert project.run(Nowhere, env=env)[0] == 3
    assert chosen[:2] == ["h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
