"""An API and a forward proxy that misbehave as scripted and record every request. All traffic stays on loopback."""
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

# Servers end after this time, even if a test forgets to close them.
LIFETIME_SECONDS = 240
MOST_HEADER_BYTES = 256 * 1024
MOST_REQUESTS = 20_000
MOST_TUNNEL_BYTES = 1024 * 1024


class Request:
    """A request as received."""

    def __init__(self, number, head):
        lines = head.decode("latin-1").split("\r\n")
        self.number = number  # of this server's requests, from 0
        self.method, self.target = (lines[0].split(" ") + ["", ""])[:2]
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]
        self.text = "\n".join(lines)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def host(self):
        """The request's destination: the authority of a CONNECT or of an absolute target, with its port; otherwise the Host
        header."""
        if self.method == "CONNECT":
            return self.target
        target = urllib.parse.urlsplit(self.target)
        if target.scheme == "http" and target.port is None:
            return target.netloc + ":80"
        return target.netloc or self.header("Host")

    @property
    def credentials(self):
        names = ("authorization", "dd-api-key", "dd-application-key")
        return {name.lower(): value for name, value in self.headers if name.lower() in names}


def answer(status=200, body=b"", headers=(), reason="Whatever"):
    """The bytes of a response. `headers` may include a Content-Length, even a wrong one."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    if not any(name.lower() == "connection" for name, _ in headers):
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def json_answer(document, status=200, headers=()):
    return answer(status, json.dumps(document), [("Content-Type", "application/json"), *headers])


def token(number, **attributes):
    """A token as Datadog lists it. `attributes` override the defaults, including `id`, `owner` and `type`."""
    owner = attributes.pop("owner", f"owner-{number}")
    identity = attributes.pop("id", f"token-{number}")
    kind = attributes.pop("type", "personal_access_tokens")
    return {
        "type": kind,
        "id": identity,
        "attributes": {
            "name": f"name {number}",
            "public_portion": f"public{number}",
            "scopes": ["dashboards_read"],
            "created_at": "2024-01-01T00:00:00Z",
            "expires_at": "2099-01-01T00:00:00Z",
            "last_used_at": "2024-06-01T00:00:00Z",
            **attributes,
        },
        "relationships": {"owned_by": {"data": {"type": "users", "id": owner}}},
    }


def listing(tokens, headers=()):
    """A listing with all tokens on one page."""
    return json_answer({"data": tokens, "meta": {"page": {"total_filtered_count": len(tokens)}}}, 200, headers)


def reset(_, connection):
    """Ends the connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class FaultServer:
    """Answers the n-th request with the n-th step of its script, and all later ones with the last step. A step is the bytes of
    a response, or a function of the request and the connection. The function returns the bytes to send, or None if it has
    already sent everything. Each connection serves one request."""

    def __init__(self, *script, tls=None):
        self.requests = []
        self._script = script
        self._tls = tls
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ends_at = time.monotonic() + LIFETIME_SECONDS
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(0.2)
        self.address = self._listener.getsockname()
        self.port = self.address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def ended(self):
        return self._ended.is_set() or time.monotonic() > self._ends_at

    def wait(self, seconds):
        """Waits within a step; returns False when the server is shutting down."""
        return not self._ended.wait(seconds) and not self.ended

    def respond(self, request, connection):
        step = self._script[min(request.number, len(self._script) - 1)]
        return step(request, connection) if callable(step) else step

    def take(self, connection):
        """Reads and records a request; returns None if none arrived."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received or len(head) > MOST_HEADER_BYTES:
                return None
            head += received
        with self._lock:
            if len(self.requests) >= MOST_REQUESTS:
                return None
            self.requests.append(Request(len(self.requests), head.partition(b"\r\n\r\n")[0]))
            return self.requests[-1]

    def _accept(self):
        with self._listener:
            while not self.ended:
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(20)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = self.take(connection)
                response = request and self.respond(request, connection)
                if response:
                    connection.sendall(response)
        except OSError:
            pass  # The client disconnected, which is the point of some faults.
        finally:
            connection.close()

    def close(self):
        self._ended.set()
        self._thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class RecordingProxy(FaultServer):
    """A forward proxy. `routes` maps hosts to servers; requests to any other host get a 502.

    A server that speaks plain HTTP gets requests in absolute form, one that speaks TLS gets tunnels. `requests` holds
    the requests that the proxy itself could read, `tunnelled` the bytes that clients sent through tunnels.
    """

    def __init__(self, routes):
        self.routes = routes  # {"api.example.test:443": FaultServer}
        self.tunnelled = b""
        super().__init__(None)

    @property
    def hosts_asked(self):
        return {request.host for request in self.requests}

    def respond(self, request, connection):
        server = self.routes.get(request.host)
        if server is None:
            return answer(502, "the recording proxy has no route there")
        if request.method != "CONNECT":
            with socket.create_connection(server.address, timeout=20) as onward:
                path = request.target.split("/", 3)[-1]
                headers = [f"{name}: {value}" for name, value in request.headers]
                onward.sendall("\r\n".join([f"GET /{path} HTTP/1.1", *headers, "", ""]).encode("latin-1"))
                self._copy(onward, connection)
            return None
        with socket.create_connection(server.address, timeout=20) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._copy, args=(onward, connection), daemon=True)
            back.start()
            self._copy(connection, onward, self._remember)
            back.join(20)
        return None

    def _remember(self, received):
        with self._lock:
            self.tunnelled += received[:max(MOST_TUNNEL_BYTES - len(self.tunnelled), 0)]

    @staticmethod
    def _copy(source, target, remember=lambda received: None):
        try:
            while received := source.recv(65536):
                remember(received)
                target.sendall(received)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def certificate(directory, host):
    """A self-signed certificate for `host`: the path of its PEM file, and the server's TLS context."""
    path, key = f"{directory}/{host}.pem", f"{directory}/{host}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", path],
        check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context
