"""Small clients for the tests of the running services: the wire protocols' few lines that the tests need."""
import json
import pathlib
import socket
import time
import urllib.error
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def http(method, url, body=None, content_type="application/json"):
    """(status, text) of a request; status 0 when nothing answers."""
    request = urllib.request.Request(url, method=method, data=body.encode() if body is not None else None,
                                     headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(errors="replace")
    except OSError as problem:
        return 0, str(problem)


class Nats:
    """NATS client protocol 1: connect, subscribe to one inbox, ask."""

    def __init__(self, port=4222):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rwb")
        assert self.stream.readline().startswith(b"INFO ")
        self._send('CONNECT {"verbose":false,"pedantic":true,"headers":false}', "SUB _INBOX.test 1")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def _send(self, *lines):
        self.stream.write("".join(line + "\r\n" for line in lines).encode())
        self.stream.flush()

    def ask(self, subject, payload=""):
        """Publishes with a reply subject and returns the JSON of the answer (JetStream's API and its
        acknowledgements are such)."""
        self._send(f"PUB {subject} _INBOX.test {len(payload.encode())}", payload)
        while True:
            line = self.stream.readline().decode()
            assert line, "NATS closed the connection"
            if line.startswith("PING"):
                self._send("PONG")
            elif line.startswith("MSG "):
                size = int(line.split()[-1])
                return json.loads(self.stream.read(size + 2)[:size])
            else:
                assert line.startswith(("PONG", "+OK", "INFO")), line


def redis(*words, port=6379):
    """One Redis command over RESP2; the answer's first line, or its bulk string."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        stream = connection.makefile("rwb")
        stream.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())
                                                       for word in words))
        stream.flush()
        first = stream.readline().decode().rstrip("\r\n")
        return stream.read(int(first[1:])).decode() if first.startswith("$") and first != "$-1" else first


def wait_until(what, check, seconds):
    """Polls until check() returns something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.5)
