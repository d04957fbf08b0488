#!/usr/bin/env python3
"""Runs the exporter for minutes against an API that answers 3 of 10 requests with nonsense, and checks continuously that it reports
correct numbers, stays up, and does not grow in memory, files or threads.

Ten organizations are copies of the same simulated one, which does not change, so that each scrape has only one correct answer. Two
more can't be polled: nothing listens at one's address, and the other never answers. Four clients scrape; one more requests / and /healthz. All
traffic stays on loopback, and the run ends by itself.

    tests/soak/soak.py --build build/release --seconds 600

Exit status 1: a wrong answer, growth, or no successful poll. README.md explains the output."""
import argparse
import collections
import gzip
import http.client
import json
import os
import re
import socket
import socketserver
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import harness  # noqa: E402 pylint: disable=wrong-import-position
import resources  # noqa: E402 pylint: disable=wrong-import-position
import right_answers  # noqa: E402 pylint: disable=wrong-import-position

TOKENS = 230  # three pages
CHAOS = 0.3
LATENCY_MILLISECONDS = 20
LISTED = [f"chaos-{number}" for number in range(10)]
NOBODY, SILENT = "nobody", "silent"
UNLISTED = [NOBODY, SILENT]

SCRAPING_CLIENTS = 4
PAUSE_SECONDS = 1.0  # between a client's requests; checking a response takes longer than serving it
CLIENT_SECONDS = 15  # the longest that a response may take
LONGEST_STOP_SECONDS = 2
LONGEST_RUN_SECONDS = 86_000
MOST_PRINTED = 20

MEBIBYTE = 1 << 20
RSS_GROWTH = 1.10
RSS_SLACK = 4 * MEBIBYTE
# At any moment, each organization may have one connection to its API open.
FILES_SLACK = len(LISTED) + len(UNLISTED)


class SilentServer(socketserver.ThreadingTCPServer):
    """Accepts connections, reads, and never answers."""

    daemon_threads = True
    request_queue_size = 128

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                while self.request.recv(65536):
                    pass
            except ConnectionError:
                pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *details):
        self.shutdown()
        super().__exit__(*details)


class Tally:
    """The clients' reports. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self.counts = collections.Counter()
        self.wrong_answers = 0

    def count(self, what):
        with self._lock:
            self.counts[what] += 1

    def wrong(self, where, words):
        with self._lock:
            self.wrong_answers += 1
            if self.wrong_answers <= MOST_PRINTED:
                print(f"wrong answer: {where}: {words}", flush=True)
            elif self.wrong_answers == MOST_PRINTED + 1:
                print("wrong answers from here on are only counted", flush=True)


class Client:
    """Sends requests to the exporter, one after another, until stopped."""

    def __init__(self, exporter_url, tally, stop):
        self.address = exporter_url.removeprefix("http://")
        self.tally = tally
        self.stop = stop
        self.kept = self.connect()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=CLIENT_SECONDS)

    def ask(self, path, *, method="GET", headers=None, new_connection=False):
        """Status, headers and decompressed body."""
        connection = self.connect() if new_connection else self.kept
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
        except Exception:
            connection.close()  # A kept connection reconnects at its next request.
            raise
        if new_connection:
            connection.close()
        if response.headers.get("Content-Encoding") == "gzip" and method != "HEAD":
            body = gzip.decompress(body)
        return response.status, response.headers, body

    def _run(self):
        number = 0
        while not self.stop.wait(PAUSE_SECONDS):
            try:
                self.turn(number)
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.tally.wrong(f"turn {number} of a {type(self).__name__}", repr(error))
            number += 1
        self.kept.close()

    def turn(self, number):
        raise NotImplementedError


class Scraper(Client):
    def __init__(self, judge, *arguments):
        self.judge = judge
        super().__init__(*arguments)

    def turn(self, number):
        encoding = ("gzip", "identity")[number % 2]
        new_connection = number // 2 % 2 == 1
        method = "HEAD" if number % 5 == 4 else "GET"
        where = f"{method} /metrics, {encoding}, {'new' if new_connection else 'kept'} connection"
        status, headers, body = self.ask("/metrics", method=method, headers={"Accept-Encoding": encoding},
                                         new_connection=new_connection)
        self.tally.count("scrapes")
        if status != 200:
            self.tally.wrong(where, f"status {status}: {body[:200]!r}")
        elif (headers.get("Content-Encoding") == "gzip") != (encoding == "gzip"):
            self.tally.wrong(where, f"Content-Encoding {headers.get('Content-Encoding')}")
        elif method == "HEAD":
            if body or int(headers.get("Content-Length", 0)) == 0:
                self.tally.wrong(where, f"{len(body)} bytes, Content-Length {headers.get('Content-Length')}")
        else:
            for complaint in self.judge.look(body.decode()):
                self.tally.wrong(where, complaint)


class Visitor(Client):
    """Requests the status page as a person does, and the health endpoint as an orchestrator does."""

    def turn(self, number):
        status, _, body = self.ask("/healthz", new_connection=number % 2 == 1)
        self.tally.count("healthz")
        if (status, body) != (200, b"ok\n"):
            self.tally.wrong("/healthz", f"{status}: {body!r}")
        status, _, body = self.ask("/")
        self.tally.count("status page")
        page = body.decode()
        if status != 200:
            self.tally.wrong("/", f"status {status}: {page[:200]!r}")
        for organization in (*LISTED, *UNLISTED):
            if f"<bdi>{organization}</bdi>" not in page:
                self.tally.wrong("/", f"{organization} is not there")
        for tokens in re.findall(r'<span class="size">(\d+) tokens<', page):
            if int(tokens) != TOKENS:
                self.tally.wrong("/", f"{tokens} tokens instead of {TOKENS}")
        if harness.ACCESS_TOKEN in page:
            self.tally.wrong("/", "the page holds the access token")


def write_configuration(directory, listed_url, nobody_port, silent_port):
    with harness.private_file(os.path.join(directory, "token")) as file:
        file.write(harness.ACCESS_TOKEN + "\n")
    urls = {name: listed_url for name in LISTED}
    urls[NOBODY] = f"http://127.0.0.1:{nobody_port}"
    urls[SILENT] = f"http://127.0.0.1:{silent_port}"
    path = os.path.join(directory, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("poll: {interval: 1s, timeout: 3s, stale_after: 7d}\norganizations:\n")
        for name, url in urls.items():
            file.write(f"  - {{name: {name}, base_url: '{url}', bearer_token_file: token}}\n")
    return path


def start_simulated_datadog(seconds, seed, expected_file):
    return harness.Process(
        [harness.SIMULATED_DATADOG, "--max-seconds", str(seconds + 3 * harness.LIMIT_SECONDS), "--tokens", str(TOKENS),
         "--latency", str(LATENCY_MILLISECONDS), "--chaos", str(CHAOS), "--chaos-seed", str(seed),
         "--expected", expected_file],
        harness.clean_environment(), "stdout")


def drive(exporter, expected, tally, seconds):
    """Runs the clients for `seconds`, or until the exporter exits. Returns the watch on its resources."""
    stop = threading.Event()
    clients = [Scraper(right_answers.Judge(expected, LISTED, UNLISTED), exporter.url, tally, stop)
               for _ in range(SCRAPING_CLIENTS)]
    clients.append(Visitor(exporter.url, tally, stop))
    watch = resources.Watch(exporter.process.pid, stop)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and exporter.process.poll() is None:
        time.sleep(0.2)
    stop.set()
    for client in clients:
        client.thread.join(3 * CLIENT_SECONDS)
        if client.thread.is_alive():
            tally.wrong(type(client).__name__, "no answer")
    return watch


def check_log(lines, tally):
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            tally.wrong("the log", f"not JSON: {line!r}")
        if harness.ACCESS_TOKEN in line:
            tally.wrong("the log", "a line holds the access token")


def end(exporter, tally):
    """Stops the exporter; returns its final counters."""
    if exporter.process.poll() is not None:
        tally.wrong("the exporter", f"ended with {exporter.process.returncode}: {exporter.lines[-3:]}")
        return {}
    families = exporter.metrics()
    status, took = exporter.stop()
    if status != 0 or took > LONGEST_STOP_SECONDS:
        tally.wrong("the exporter", f"took {took:.1f} s to end, with {status}")
    return families


def held_at_moments(watch, seconds):
    """Resources at the start, after warming up, in the middle and at the end; None for times at which it did not run."""
    start = min(60, seconds / 10)
    span = min(60, seconds / 6)
    middle = max(seconds / 2, start + span)
    return [watch.least(begin, begin + span) for begin in (start, middle - span / 2, seconds - span)]


def sums(families, name, label):
    """{label value: sum over everything else}, without zeros."""
    found = collections.Counter()
    for labels, value in families.get(name, {}).items():
        found[dict(labels)[label]] += int(value)
    return {key: value for key, value in sorted(found.items()) if value}


def print_table(seconds, families, tally, moments):
    polls = sums(families, "datadog_access_token_polls_total", "org")
    failures = sums(families, "datadog_access_token_poll_failures_total", "reason")
    rows = {
        "seconds": f"{seconds:.0f}",
        "polls": f"{sum(polls.values())}, of which {sum(polls.values()) - sum(failures.values())} succeeded",
        "failures": "  ".join(f"{reason} {count}" for reason, count in failures.items()),
    }
    for title, name, label in (("requests", "datadog_access_token_api_requests_total", "code"),
                               ("retries", "datadog_access_token_api_retries_total", "reason")):
        rows[title] = "  ".join(f"{key} {count}" for key, count in sums(families, name, label).items())
    rows["scrapes"] = f"{tally.counts['scrapes']}, and / and /healthz {tally.counts['healthz']} times"
    rows["wrong answers"] = tally.wrong_answers
    rows[""] = "".join(f"{title:>9}" for title in ("start", "middle", "end"))
    for title, amount in (("RSS, MiB", lambda held: f"{held.rss / MEBIBYTE:.1f}"),
                          ("open files", lambda held: str(held.files)),
                          ("threads", lambda held: str(held.threads))):
        rows[title] = "".join(f"{amount(held) if held else '-':>9}" for held in moments)
    for title, text in rows.items():
        print(f"{title:<13} {text}")
    return sum(polls.values()) - sum(failures.values())


def growth(moments, ignore_memory):
    """What grew between the middle and the end."""
    _, middle, last = moments
    if not middle or not last:
        yield "it did not run to the end"
        return
    if not ignore_memory and last.rss > middle.rss * RSS_GROWTH + RSS_SLACK:
        yield "memory grew"
    if last.files > middle.files + FILES_SLACK:
        yield "open files grew"
    if last.threads > middle.threads:
        yield "threads grew"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="how long; 600 unless told")
    parser.add_argument("--build", help="build folder of the programs, instead of EXPORTER and SIMULATED_DATADOG")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another order of faults")
    parser.add_argument("--ignore-memory", action="store_true",
                        help="memory may grow: a sanitizer keeps what was freed")
    arguments = parser.parse_args()
    if not 10 <= arguments.seconds <= LONGEST_RUN_SECONDS:
        parser.error(f"--seconds must be 10 to {LONGEST_RUN_SECONDS}")
    if arguments.build:
        harness.EXPORTER = os.path.join(arguments.build, "exporter", "datadog_token_exporter")
        harness.SIMULATED_DATADOG = os.path.join(arguments.build, "tests", "tools", "simulated_datadog")
    if not harness.EXPORTER or not harness.SIMULATED_DATADOG:
        parser.error("--build, or EXPORTER and SIMULATED_DATADOG in the environment, must say what to run")
    return arguments


def run(arguments):
    tally = Tally()
    with tempfile.TemporaryDirectory() as directory, SilentServer() as silent, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # The port is bound but not listening, so that nobody else can use it.
        expected_file = os.path.join(directory, "expected.json")
        with start_simulated_datadog(arguments.seconds, arguments.seed, expected_file) as datadog:
            url = harness.wait_until(lambda: datadog.lines and datadog.lines[0], "the simulated API listens")
            with open(expected_file, encoding="utf-8") as file:
                expected = json.load(file)
            config = write_configuration(directory, url, nobody.getsockname()[1], silent.server_address[1])
            with harness.Exporter("--config.file", config) as exporter:
                begin = time.monotonic()
                watch = drive(exporter, expected, tally, arguments.seconds)
                seconds = time.monotonic() - begin
                families = end(exporter, tally)
            if datadog.process.poll() is not None:
                tally.wrong("the simulated API", f"ended with {datadog.process.returncode}")
            check_log(exporter.lines, tally)
    moments = held_at_moments(watch, arguments.seconds)
    succeeded = print_table(seconds, families, tally, moments)
    complaints = list(growth(moments, arguments.ignore_memory))
    if tally.wrong_answers:
        complaints.append(f"{tally.wrong_answers} wrong answers")
    if not succeeded:
        complaints.append("no poll succeeded")
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(run(parse_arguments()))
