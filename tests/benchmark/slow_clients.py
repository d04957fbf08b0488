"""How thousands of hostile connections affect a server and its other clients, and what idle clients cost."""
import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
import time

from load import run_wrk, wait_until_idle
from servers import EXPORTER, STARTERS, Failure, Watch, program, start_exporter

HERE = os.path.dirname(os.path.abspath(__file__))
RETURN_SECONDS = 35
REFERENCE_RETURN_SECONDS = 10
GATHER_SECONDS = 30
WARM_UP_SECONDS = 1
RSS_MARGIN = 1.10
RSS_SLACK = 4 << 20


@dataclasses.dataclass
class Siege:
    """One server under hostile connections."""

    server: str
    max_connections: int  # None: the default
    connections: int
    seconds: float
    crowd: dict  # results of the hostile side
    clients: dict  # results of the other clients
    before: tuple  # rss, files, threads
    peak_rss: int
    files_average: float
    peak_files: int
    tcp_bytes: int  # kernel memory for TCP, late in the siege, less that before it
    after: tuple
    return_seconds: float  # until the number of files was as before; None: not in time

    @property
    def all_succeeded(self):
        return all(client["succeeded"] == client["asked"] > 0 for client in self.clients.values())

    @property
    def returned(self):
        return self.return_seconds is not None and rss_is_back(self.before.rss, self.after.rss)


def tcp_bytes():
    """Kernel memory for all TCP connections of the machine. It includes unread data, which are in no process's memory."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        fields = next(line for line in file if line.startswith("TCP:")).split()
    return int(fields[fields.index("mem") + 1]) * os.sysconf("SC_PAGE_SIZE")


def _hold(crowd_program, port, connections, seconds, *options):
    """Starts the hostile clients and returns once they have tried all connections."""
    crowd = subprocess.Popen(  # pylint: disable=consider-using-with
        [crowd_program, "--port", str(port), "--connections", str(connections),
         "--seconds", str(seconds + 1), *options], stdout=subprocess.PIPE, text=True)
    if crowd.stdout.readline() != "holding\n":
        crowd.kill()
        crowd.wait()
        raise Failure("the hostile clients did not gather")
    return crowd


def _ask_meanwhile(server, seconds, *options):
    output = subprocess.run(
        [sys.executable, os.path.join(HERE, "clients.py"), "--port", str(server.port), "--seconds", str(seconds),
         "--probe-path", server.probe_path, *options, *([] if server.name == EXPORTER else ["--any-probe-status"])],
        stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 60).stdout
    return json.loads(output)


def rss_is_back(before, after):
    return after <= before * RSS_MARGIN + RSS_SLACK


def _until_back(server, before, seconds):
    """Waits until files and memory are as before. Returns the seconds the files took; None if they did not return in time."""
    begin = time.monotonic()
    files_back = None
    while (taken := time.monotonic() - begin) < seconds:
        held = server.held()
        if files_back is None and held.files <= before.files:
            files_back = taken
        if files_back is not None and rss_is_back(before.rss, held.rss):
            break
        time.sleep(0.1)
    return files_back


def besiege(build, name, series, connections, seconds, max_connections=None):
    starting = {"max_connections": max_connections} if max_connections else {}
    with STARTERS[name](build, series, **starting) as server:
        idle = server.held()
        # The first responses fill the allocator's reserves.
        for encoding in ("identity", "gzip"):
            run_wrk(server.url(), encoding, WARM_UP_SECONDS, connections=16)
        wait_until_idle(server)
        _until_back(server, idle, WARM_UP_SECONDS)
        before = server.held()
        tcp_before = tcp_bytes()
        crowd = _hold(program(build, "hostile"), server.port, connections, seconds)
        try:
            stop = threading.Event()
            watch = Watch(server.pid, stop)
            tcp_with = []
            threading.Timer(seconds * 0.9, lambda: tcp_with.append(tcp_bytes())).start()
            clients = _ask_meanwhile(server, seconds)
            stop.set()
            report, _ = crowd.communicate(timeout=GATHER_SECONDS + seconds)
        finally:
            crowd.kill()
            crowd.wait()
        return_seconds = _until_back(server, before, RETURN_SECONDS if name == EXPORTER else REFERENCE_RETURN_SECONDS)
        samples = [held for _, held in watch.samples]
        return Siege(
            server=name, max_connections=max_connections, connections=connections, seconds=seconds,
            crowd=json.loads(report), clients=clients, before=before, after=server.held(),
            peak_rss=max(held.rss for held in samples), peak_files=max(held.files for held in samples),
            tcp_bytes=tcp_with[0] - tcp_before,
            files_average=sum(held.files for held in samples) / len(samples), return_seconds=return_seconds)


FLOODS = ["key_updates", "renegotiations"]


@dataclasses.dataclass
class Flood:
    """The exporter while TLS clients send it records without payload."""

    kind: str
    connections: int
    seconds: float
    crowd: dict  # results of the flooding side
    probe: dict  # results of the probes

    @property
    def all_succeeded(self):
        return self.probe["succeeded"] == self.probe["asked"] > 0


def flood(build, kind, connections, seconds):
    with start_exporter(build, 100, tls=True) as server:
        crowd = _hold(os.path.join(build, "tests", "tools", "tls_flood"), server.announced_port(rb"TLS at (\d+)\n"),
                      connections, seconds, "--kind", kind)
        try:
            clients = _ask_meanwhile(server, seconds, "--only", "probe")
            report, _ = crowd.communicate(timeout=GATHER_SECONDS + seconds)
        finally:
            crowd.kill()
            crowd.wait()
    return Flood(kind, connections, seconds, json.loads(report), clients["probe"])


@dataclasses.dataclass
class Footprint:
    """The memory cost of the exporter's clients, in bytes per client."""

    connections: int
    what: str
    rss_before: int
    rss_with: int

    @property
    def bytes_each(self):
        return (self.rss_with - self.rss_before) / self.connections


def _idle_client(server, number):
    """A client that has received one complete scrape and keeps its connection."""
    client = socket.socket()
    client.settimeout(10)
    client.bind((f"127.0.0.{2 + number % 249}", 0))
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: benchmark\r\nAccept-Encoding: gzip\r\n\r\n")
    head, _, body = client.recv(65536).partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(body)
    while left > 0:
        piece = client.recv(min(left, 1 << 20))
        if not piece:
            raise Failure("a scrape was cut off")
        left -= len(piece)
    return client


def footprints(build, series, counts):
    """The footprint of idle clients, for each of `counts`, and of clients that scrape continuously."""
    with start_exporter(build, series, max_connections=8192) as server:
        run_wrk(server.url(), "gzip", WARM_UP_SECONDS)
        before = server.held()
        clients = []
        try:
            for count in counts:
                clients += [_idle_client(server, number) for number in range(len(clients), count)]
                held = server.held()
                if held.files < before.files + count - 4:
                    raise Failure(f"only {held.files} files for {count} idle clients")
                yield Footprint(count, "idle, after one scrape", before.rss, held.rss)
        finally:
            for client in clients:
                client.close()
    with start_exporter(build, series) as server:
        run_wrk(server.url(), "gzip", WARM_UP_SECONDS)
        before = server.held()
        stop = threading.Event()
        watch = Watch(server.pid, stop)
        scraping = 200
        run_wrk(server.url(), "gzip", 3, connections=scraping)
        stop.set()
        yield Footprint(scraping, "scraping all the time", before.rss, max(held.rss for _, held in watch.samples))
