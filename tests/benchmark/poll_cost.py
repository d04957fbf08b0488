"""The cost of a whole poll in CPU and memory, compared with other clients that fetch the same pages."""
import contextlib
import dataclasses
import os
import shutil
import statistics
import subprocess

from common import say
from polls import (
    PAGE_SIZE, Pages, at_once, exporter_command, knows_concurrency, pages_of, poll_once, run_measured, sum_of)
from servers import Failure, program

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORTER = "exporter"
EXPORTER_ONE = "exporter, one request at a time"
DISCARD, CURL, PYTHON = "fetch and discard", "curl", "Python"


@dataclasses.dataclass
class Cost:
    """One client's runs. Equal indices belong to the same round for all clients."""

    client: str
    tokens: int
    cpu: list = dataclasses.field(default_factory=list)  # seconds, of the whole process
    start_cpu: list = dataclasses.field(default_factory=list)  # with a listing of one token
    wall: list = dataclasses.field(default_factory=list)
    peak_rss: int = 0

    @property
    def microseconds_per_token(self):
        """Excludes the cost of starting the process."""
        return (statistics.median(self.cpu) - statistics.median(self.start_cpu)) / self.tokens * 1e6


def ratio(cost, to):
    """The ratio of whole processes: the median over the rounds."""
    return statistics.median(mine / other for mine, other in zip(cost.cpu, to.cpu))


def python_can_poll():
    return subprocess.run(["/usr/bin/python3", "-c", "import requests, prometheus_client"], capture_output=True,
                          check=False).returncode == 0


def curl_command(base_url, count):
    return ["curl", "--disable", "--silent", "--show-error", "--fail", "--compressed", "--output", "/dev/null",
            "--header", "Authorization: Bearer benchmark",
            f"{base_url}/api/v2/personal_access_tokens?page%5Bsize%5D={PAGE_SIZE}"
            f"&page%5Bnumber%5D=[0-{count - 1}]&sort=created_at"]


def commands(build):
    """{client: command that fetches `count` pages from `base_url`}. The exporter and Python find the end of the listing
    themselves."""
    found = {EXPORTER: lambda base_url, count: exporter_command(build, base_url)}
    if knows_concurrency(build):
        found[EXPORTER_ONE] = lambda base_url, count: exporter_command(build, base_url, *at_once(build, 1))
    found[DISCARD] = lambda base_url, count: [
        program(build, "fetch_discard"), "--port", base_url.rpartition(":")[2], "--pages", str(count),
        "--page-size", str(PAGE_SIZE)]
    if shutil.which("curl"):
        found[CURL] = curl_command
    else:
        say("curl is not installed: left out")
    if python_can_poll():
        found[PYTHON] = lambda base_url, count: ["/usr/bin/python3", os.path.join(HERE, "python_poller.py"), base_url]
    else:
        say("python3-requests or python3-prometheus-client is not installed: left out")
    return found


def _one(build, pages, cost, command, count):
    asked = pages.statistics()["requests"]
    run = run_measured(build, command(pages.base_url, count))
    asked = pages.statistics()["requests"] - asked
    # The last page is full, so a client that looks for the end requests the empty page after it.
    if not count <= asked <= count + 1:
        raise Failure(f"{cost.client} asked for {asked} pages instead of {count}")
    if cost.client in (EXPORTER, EXPORTER_ONE, PYTHON) and sum_of(run.output, "datadog_access_tokens") != pages.tokens:
        raise Failure(f"{cost.client} counted wrongly: {run.output[:2000]}")
    return run


def measure(build, tokens, rounds):
    """A Cost for each client; the clients take turns."""
    clients = commands(build)
    costs = [Cost(client, tokens) for client in clients]
    with contextlib.ExitStack() as stack:
        pages = stack.enter_context(Pages(build, tokens))
        start = stack.enter_context(Pages(build, 1))
        count = pages_of(poll_once(build, pages))
        for _ in range(rounds):
            for cost in costs:
                cost.start_cpu.append(_one(build, start, cost, clients[cost.client], 1).cpu_seconds)
                run = _one(build, pages, cost, clients[cost.client], count)
                cost.cpu.append(run.cpu_seconds)
                cost.wall.append(run.wall_seconds)
                cost.peak_rss = max(cost.peak_rss, run.peak_rss)
    return costs


@dataclasses.dataclass
class Size:
    """Polls of an organization of one size."""

    tokens: int
    pages: int
    peak_rss: int
    cpu_seconds: float
    wall_seconds: float


def measure_sizes(build, sizes):
    for tokens in sizes:
        say(f"one organization of {tokens} tokens")
        with Pages(build, tokens) as pages:
            run = poll_once(build, pages)
        yield Size(tokens, pages_of(run), run.peak_rss, run.cpu_seconds, run.wall_seconds)
