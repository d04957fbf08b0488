"""The program as a server with many organizations: how evenly it spreads their polls, how much memory it uses, and how polls
affect scrapes."""
import bisect
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from common import say
from polls import TOKEN, Pages, environment, exporter_program, sum_of
from servers import Failure, Server

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOW_SECONDS = 5
FIRST_INTERVALS = 1.6  # until each organization has its regular slot: after its first poll it waits 0.5 to 1.5 intervals
SETTLE_SECONDS = 2
SCRAPE_PAUSE_SECONDS = 0.025
HELD_MILLISECONDS = 600_000


@dataclasses.dataclass
class Organizations:
    count: int
    interval: float
    ready_seconds: float  # until each was polled once
    threads: int
    rss: int
    peak_rss: int
    series: int
    body_bytes: int  # compressed
    polls: int  # started during the measured interval
    fullest_at_start: int  # most polls started within WINDOW_SECONDS, before the measured interval
    fullest: int
    cpu_seconds: float  # during the measured interval, including scrapes
    busy: dict  # latencies of the scrapes in that interval, as reported by clients.py
    idle: dict  # the same while the source does not answer

    @property
    def even_share(self):
        return self.count * WINDOW_SECONDS / self.interval


def fullest_window(moments, begin, end):
    within = sorted(moment for moment in moments if begin <= moment < end)
    return max((bisect.bisect_left(within, moment + WINDOW_SECONDS) - index for index, moment in enumerate(within)),
               default=0)


def write_configuration(directory, count, interval, base_url):
    secret = os.path.join(directory, "token")
    with open(secret, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(TOKEN)
    path = os.path.join(directory, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"poll: {{interval: {interval}s}}\norganizations:\n")
        for number in range(count):
            file.write(f"  - name: org-{number:03}\n    base_url: {base_url}\n    bearer_token_file: {secret}\n")
    return path


def start(build, count, interval, base_url):
    directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
    command = [exporter_program(build), "--web.listen-address=127.0.0.1:0", "--log.format=json",
               "--config.file", write_configuration(directory.name, count, interval, base_url)]
    return Server("exporter", command, rb'"metrics": ?"http://[^:"]+:(\d+)/', directory,
                  {name: value for name, value in environment().items() if name != "DD_BEARER_TOKEN"})


def of_status(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def wait_until_ready(server, began, seconds):
    """Seconds until every organization was polled once."""
    while (waited := time.time() - began) < seconds:
        if server.get("/readyz", "identity").status == 200:
            return waited
        time.sleep(0.05)
    raise Failure(f"not ready after {seconds} s")


def scrape_for(server, seconds):
    """Scrapes as Prometheus does, compressed and on a kept connection, but far more often. Runs in its own process."""
    output = subprocess.run(
        [sys.executable, os.path.join(HERE, "clients.py"), "--port", str(server.port), "--seconds", str(seconds),
         "--probe-path", "/healthz", "--only", "kept", "--pause", str(SCRAPE_PAUSE_SECONDS)],
        capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    seen = json.loads(output)["kept"]
    if seen["succeeded"] != seen["asked"]:
        raise Failure(f"scrapes failed: {seen}")
    return seen


def measure(build, count, tokens, interval, idle_seconds):
    say(f"organizations of {tokens} tokens every {interval} s: {count}")
    with Pages(build, tokens) as pages, start(build, count, interval, pages.base_url) as server:
        began = time.time()
        ready = wait_until_ready(server, began, FIRST_INTERVALS * interval)
        time.sleep(max(0, began + FIRST_INTERVALS * interval - time.time()))
        watched = time.time()
        cpu = server.cpu_seconds()
        busy = scrape_for(server, interval)
        cpu = server.cpu_seconds() - cpu
        moments = pages.statistics()["first_pages"]
        held = server.held()
        pages.set_latency(HELD_MILLISECONDS)
        time.sleep(SETTLE_SECONDS)
        idle = scrape_for(server, idle_seconds)
        text = server.get("/metrics", "identity").body.decode()
        if sum_of(text, "datadog_access_token_listing_complete") != len(
                [line for line in text.split("\n") if line.startswith("datadog_access_token_poll_success{")]):
            raise Failure("not every organization was polled well")
        end = watched + interval
        return Organizations(
            count, interval, ready, held.threads, held.rss, of_status(server.pid, "VmHWM") * 1024,
            sum(1 for line in text.split("\n") if line and not line.startswith("#")),
            len(server.get("/metrics", "gzip").body), sum(watched <= moment < end for moment in moments),
            fullest_window(moments, began - 1, watched), fullest_window(moments, watched, end), cpu, busy, idle)
