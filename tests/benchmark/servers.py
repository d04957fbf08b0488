"""The servers to compare, each a child process on a free port of loopback."""
import ctypes
import dataclasses
import gzip
import http.client
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "soak"))
from resources import Watch, held_by  # noqa: E402 pylint: disable=wrong-import-position

EXPORTER, EXPOSER, NODE_EXPORTER = "exporter", "Exposer", "node_exporter"
START_SECONDS = 30
LONGEST_RUN_SECONDS = 900
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """The measurement is invalid."""


def raise_file_limit():
    """For this process and its children."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def program(build, name):
    path = os.path.join(build, "tests", "benchmark", "benchmark_" + name)
    if not os.path.exists(path):
        raise Failure(f"{path} is missing: configure with -DEXPORTER_BENCHMARKS=ON and build")
    return path


def _ends_with_parent():
    """Runs in the child: the kernel kills it when this process ends, for whatever reason."""
    set_parent_death_signal = 1  # prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict
    body: bytes


class Server:
    """A server that runs until its `with` block ends."""

    probe_path = "/"  # answers quickly, with any status

    def __init__(self, name, arguments, announcement, directory=None, environment=None, start_seconds=START_SECONDS):
        self.name = name
        self._directory = directory or tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        # A file, because a verbose server would fill a pipe.
        self._log = os.path.join(self._directory.name, "log")
        with open(self._log, "wb") as output:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                arguments, stdout=output, stderr=subprocess.STDOUT, env=environment, preexec_fn=_ends_with_parent)
        self.pid = self.process.pid
        self.port = self.announced_port(announcement, start_seconds)

    def announced_port(self, announcement, start_seconds=START_SECONDS):
        deadline = time.monotonic() + start_seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self._log, "rb") as file:
                text = file.read()
            found = re.search(announcement, text)
            if found:
                return int(found.group(1))
            time.sleep(0.01)
        self.stop()
        raise Failure(f"{self.name} did not start: {text.decode(errors='replace')}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self._directory.cleanup()

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def held(self):
        return held_by(self.pid)

    def url(self, path="/metrics"):
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path, encoding, seconds=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path, headers={"Accept-Encoding": encoding})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def check_serves(self, series, encoding):
        """The body size of a scrape, after checking that it contains the series to compare."""
        reply = self.get("/metrics", encoding)
        compressed = reply.headers.get("Content-Encoding") == "gzip"
        if compressed != (encoding == "gzip"):
            raise Failure(f"{self.name} answers {encoding} with {reply.headers}")
        text = gzip.decompress(reply.body) if compressed else reply.body
        # The exporter's metrics about itself are not part of the comparison.
        lines = re.findall(rb"^datadog_access_token(?!_exporter_)[^\n]*\{", text, re.M)
        if reply.status != 200 or len(lines) != series:
            raise Failure(f"{self.name}: status {reply.status}, {len(lines)} series instead of {series}")
        return len(reply.body)


def start_exporter(build, series, max_connections=None, tls=False):
    """With TLS, the port is that of the probes, which have a separate address without TLS."""
    limit = ["--max-connections", str(max_connections)] if max_connections else []
    server = Server(EXPORTER, [program(build, "serve_exporter"), "--series", str(series),
                               "--max-seconds", str(LONGEST_RUN_SECONDS), *limit, *(["--tls"] if tls else [])],
                    rb"port (\d+)\n")
    server.probe_path = "/healthz"
    return server


def start_exposer(build, series):
    return Server(EXPOSER, [program(build, "serve_exposer"), "--series", str(series),
                            "--max-seconds", str(LONGEST_RUN_SECONDS)], rb"port (\d+)\n")


def node_exporter_path():
    return shutil.which("prometheus-node-exporter")


def start_node_exporter(build, series):
    """Serves the same series from a file that it reads at each scrape, with its own metrics disabled."""
    directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
    with open(os.path.join(directory.name, "series.prom"), "wb") as file:
        subprocess.run([program(build, "serve_exporter"), "--series", str(series), "--print"], stdout=file, check=True)
    return Server(NODE_EXPORTER, [
        node_exporter_path(), "--web.listen-address=127.0.0.1:0",
        "--web.disable-exporter-metrics", "--collector.disable-defaults", "--collector.textfile",
        "--collector.textfile.directory=" + directory.name], rb'Listening on" address=127\.0\.0\.1:(\d+)', directory)


STARTERS = {EXPORTER: start_exporter, EXPOSER: start_exposer, NODE_EXPORTER: start_node_exporter}
