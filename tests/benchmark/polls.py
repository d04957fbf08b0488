"""The server of the pages, and single polls of it: the program and the clients that it is compared with, each run until it exits."""
import dataclasses
import functools
import json
import os
import re
import subprocess
import tempfile
import urllib.request

from servers import LONGEST_RUN_SECONDS, Failure, Server, program

PAGE_SIZE = 100
TOKEN = "ddpat_demo_0123456789abcdef"
LONGEST_POLL_SECONDS = 300
# Generating a million tokens takes about ten seconds.
PAGES_START_SECONDS = 120
CONCURRENCY = "--poll.concurrency"
MAX_TOKENS = "--poll.max-tokens"


def environment():
    """The environment without the machine's credentials and proxies."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "DD_BEARER_TOKEN": TOKEN, "PYTHONDONTWRITEBYTECODE": "1"}


class Pages(Server):
    """Serves the pages of a listing from memory."""

    def __init__(self, build, tokens, *arguments):
        self.tokens = tokens
        super().__init__("serve_pages", [
            program(build, "serve_pages"), "--tokens", str(tokens), "--page-size", str(PAGE_SIZE),
            "--max-seconds", str(LONGEST_RUN_SECONDS), *arguments], rb"port (\d+)\n", start_seconds=PAGES_START_SECONDS)

    @property
    def base_url(self):
        return self.url("")

    def _ask(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url(path), timeout=30) as answer:
            return answer.read()

    def statistics(self):
        """`requests`, `refused` (by the rate limit), `last_page` and `first_pages` (wall-clock seconds)."""
        return json.loads(self._ask("/statistics"))

    def set_latency(self, milliseconds):
        self._ask(f"/latency/{milliseconds}")


@dataclasses.dataclass
class Run:
    """A finished run of a program."""

    wall_seconds: float
    cpu_seconds: float  # user and system
    peak_rss: int  # bytes
    output: str


def run_measured(build, command):
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "output")
        try:
            done = subprocess.run([program(build, "run_measured"), output, *command], env=environment(),
                                  capture_output=True, text=True, timeout=LONGEST_POLL_SECONDS + 60, check=False)
        except subprocess.TimeoutExpired as expired:
            raise Failure(f"{command[0]} did not end") from expired
        took = json.loads(done.stdout) if done.returncode == 0 else {"status": f"none: {done.stderr}"}
        if took["status"] != 0:
            raise Failure(f"{' '.join(command)}: status {took['status']}; {done.stderr[-2000:]}")
        with open(output, encoding="utf-8") as file:
            text = file.read()
    return Run(took["wall_seconds"], took["user_seconds"] + took["system_seconds"], took["peak_rss_bytes"], text)


def exporter_program(build):
    path = os.path.join(build, "exporter", "datadog_token_exporter")
    if not os.path.exists(path):
        raise Failure(f"{path} is missing: build it")
    return path


def help_of(build):
    return subprocess.run([exporter_program(build), "--help"], capture_output=True, text=True, check=True).stdout


@functools.cache
def knows_concurrency(build):
    """Whether the program can request several pages concurrently."""
    return CONCURRENCY in help_of(build)


def at_once(build, concurrency):
    """The flags for this many concurrent requests; empty for a program without the option."""
    return [f"{CONCURRENCY}={concurrency}"] if knows_concurrency(build) else []


@functools.cache
def bounds(build):
    """The flags for listings of millions of tokens, for programs with such a limit."""
    return [f"{MAX_TOKENS}=10000000"] if MAX_TOKENS in help_of(build) else []


def exporter_command(build, base_url, *flags):
    return [exporter_program(build), "--once", "--datadog.base-url", base_url,
            "--poll.timeout", f"{LONGEST_POLL_SECONDS}s", "--log.level", "error", *bounds(build), *flags]


def sum_of(text, name, *labels):
    """The sum of a metric's samples in the text format that have all `labels`, given as they appear there."""
    return sum(float(value) for found, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.M)
               if all(label in found for label in labels))


def check_exposition(text, tokens):
    """Fails if the numbers are wrong: a fast wrong poll is worth nothing."""
    counted = sum_of(text, "datadog_access_tokens")
    if counted != tokens or sum_of(text, "datadog_access_token_listing_complete") != 1:
        raise Failure(f"the exporter counted {counted:.0f} tokens of {tokens}, or calls them incomplete")


def poll_once(build, pages, *flags):
    run = run_measured(build, exporter_command(build, pages.base_url, *flags))
    check_exposition(run.output, pages.tokens)
    return run


def pages_of(run):
    return int(sum_of(run.output, "datadog_access_token_poll_pages"))


def seconds_of(run):
    """The duration of the poll itself, by the program's own clock, without start-up and shutdown."""
    return sum_of(run.output, "datadog_access_token_poll_duration_seconds")
