"""Scrapes per second: wrk against each server in turn, in rounds, so that other load on the machine affects all of them alike."""
import contextlib
import dataclasses
import json
import os
import re
import statistics
import subprocess
import time

from servers import EXPOSER, STARTERS, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS = 4
FEWEST_REQUESTS = 20  # with fewer, a server gets one more, longer round
LONG_ROUND_SECONDS = 10
IDLE_SECONDS = 30


@dataclasses.dataclass
class Load:
    """One server's results for one kind of scrape, over all rounds."""

    server: str
    series: int
    encoding: str
    body_bytes: int
    rss_before: int
    rss_after: int = 0
    requests: int = 0  # answered; when a round ends, each connection has one more in flight
    rounds: int = 0
    seconds: float = 0
    cpu_seconds: float = 0
    p50_of_rounds: list = dataclasses.field(default_factory=list)  # milliseconds
    p99_of_rounds: list = dataclasses.field(default_factory=list)

    @property
    def p50(self):
        return statistics.median(self.p50_of_rounds)

    @property
    def p99(self):
        return statistics.median(self.p99_of_rounds)

    @property
    def rate(self):
        return self.requests / self.seconds

    @property
    def cpu_milliseconds(self):
        return self.cpu_seconds / (self.requests + self.rounds * CONNECTIONS) * 1e3


def run_wrk(url, encoding, seconds, connections=CONNECTIONS):
    output = subprocess.run(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "30s",
         "--header", f"Accept-Encoding: {encoding}", "--script", os.path.join(HERE, "wrk.lua"), url],
        capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    found = re.search(r"^RESULT (.*)$", output, re.M)
    if not found:
        raise Failure("wrk said: " + output)
    return json.loads(found.group(1))


def wait_until_idle(server):
    """A slow server goes on working on abandoned requests, which must not slow down the next server."""
    deadline = time.monotonic() + IDLE_SECONDS
    before = None
    while (spent := server.cpu_seconds()) != before and time.monotonic() < deadline:
        before = spent
        time.sleep(0.1)


def add_round(load, server, seconds):
    cpu = server.cpu_seconds()
    result = run_wrk(server.url(), load.encoding, seconds)
    # Exposer closes each connection after its response without announcing it, which wrk reports as a read error.
    failed = result["errors"] + (0 if load.server == EXPOSER else result["ended"])
    if failed:
        raise Failure(f"{load.server}, {load.series} series, {load.encoding}: {failed} failed scrapes")
    wait_until_idle(server)
    load.cpu_seconds += server.cpu_seconds() - cpu
    load.rounds += 1
    load.requests += result["requests"]
    load.seconds += result["seconds"]
    if result["requests"]:
        load.p50_of_rounds.append(result["p50"])
        load.p99_of_rounds.append(result["p99"])
    load.rss_after = server.held().rss


def measure(build, names, series, encodings, seconds, rounds):
    """A Load for each server; the servers take turns."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(STARTERS[name](build, series)) for name in names]
        for encoding in encodings:
            rss = [server.held().rss for server in servers]
            loads = [Load(server.name, series, encoding, server.check_serves(series, encoding), before)
                     for server, before in zip(servers, rss)]
            for _ in range(rounds):
                for load, server in zip(loads, servers):
                    add_round(load, server, seconds)
            for load, server in zip(loads, servers):
                if load.requests < FEWEST_REQUESTS:
                    add_round(load, server, LONG_ROUND_SECONDS)
                if not load.requests:
                    raise Failure(f"{load.server} answered no scrape of {series} series")
            yield from loads
