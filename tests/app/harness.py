"""Starts and stops the program and the simulated API for tests. All traffic stays on loopback."""
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

EXPORTER = os.environ.get("EXPORTER", "")
SIMULATED_DATADOG = os.environ.get("SIMULATED_DATADOG", "")
SOURCE_DIR = os.environ.get("SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", ".."))
# A shell starts background jobs with SIGINT ignored, and child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ACCESS_TOKEN = "ddpat_demo_0123456789abcdef"

# A library for LD_PRELOAD whose fsync() never returns. Empty in sanitizer builds, whose runtime must be preloaded first.
HANGING_FSYNC = os.environ.get("HANGING_FSYNC", "")
# Sanitizers need extra memory, so memory checks are skipped.
SANITIZED = not HANGING_FSYNC

# The longest time from a signal to exit, even if something hangs, as stated in SECURITY.md and exporter/reference.md.
LONGEST_END_SECONDS = 3

# Far longer than any wait should take; a test that reaches it fails.
LIMIT_SECONDS = 60


def clean_environment(**variables):
    """The environment without the machine's credentials and proxies."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DD_", "DATADOG_")) and not name.lower().endswith("_proxy")
    }
    environment.update(variables)
    return environment


def run(*arguments, **variables):
    """Runs the program until it exits."""
    return subprocess.run(
        [EXPORTER, *arguments],
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def private_file(path):
    """A new file with mode 0600, as secret files must have."""
    return open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600))


def everything():
    """The exposition of the simulated organization with every optional series enabled."""
    with tempfile.TemporaryDirectory() as directory:
        web = os.path.join(directory, "web.yml")
        with private_file(web):
            pass
        return run("--demo", "--once", "--tokens.detail", "all", "--web.config.file", web).stdout


def get(url, headers=None):
    """Status, headers and body of a GET, whatever the status."""
    request = urllib.request.Request(url, headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=LIMIT_SECONDS) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def wait_until(condition, what):
    """Waits until `condition()` is true and returns its value."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {LIMIT_SECONDS} s: {what}")


def children(pid):
    """The child processes of all threads of a process."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            found += file.read().split()
    return found


class Process:
    """A child process whose output lines are collected while it runs."""

    def __init__(self, arguments, environment, stream):
        other = subprocess.DEVNULL
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            arguments,
            env=environment,
            stdout=subprocess.PIPE if stream == "stdout" else other,
            stderr=subprocess.PIPE if stream == "stderr" else None,
            text=True,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, args=(getattr(self.process, stream),), daemon=True)
        self._reader.start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line.rstrip("\n"))

    def stop(self, with_signal=signal.SIGTERM):
        """Stops the child; returns its exit status and how long that took."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            status = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        took = time.monotonic() - start
        self._reader.join(LIMIT_SECONDS)
        (self.process.stdout or self.process.stderr).close()
        return status, took

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        elif not (self.process.stdout or self.process.stderr).closed:
            self.stop()


class SimulatedDatadog(Process):
    def __init__(self, *arguments):
        super().__init__([SIMULATED_DATADOG, "--max-seconds", "600", *arguments], clean_environment(), "stdout")
        self.url = wait_until(lambda: self.lines and self.lines[0], "the simulated API listens")


class Exporter(Process):
    """The program as a server on a free port, with its log as JSON objects."""

    def __init__(self, *arguments, **variables):
        super().__init__(
            [EXPORTER, "--web.listen-address", "127.0.0.1:0", "--log.format", "json", *arguments],
            clean_environment(**variables),
            "stderr",
        )
        listening = wait_until(lambda: self.events("listening") or self.process.poll() is not None, "it listens")
        if listening is True:
            raise AssertionError(f"it ended at once: {self.lines}")
        self.url = re.match(r"https?://[^/]+", listening[0]["metrics"]).group(0)

    def events(self, message=None):
        events = [json.loads(line) for line in list(self.lines)]
        return [event for event in events if message is None or event["msg"] == message]

    def first(self, message):
        """Waits for the first event with this message: a background thread writes the log."""
        return wait_until(lambda: self.events(message), message)[0]

    def metrics(self):
        status, _, body = get(self.url + "/metrics")
        assert status == 200, status
        return parse_text(body.decode())

    def wait_for_poll(self, number=1):
        wait_until(lambda: len(self.events("poll finished")) >= number, f"poll {number} has finished")


_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse_text(text):
    """{name: {frozenset of label pairs: value}} of the text format. Strict: an unknown line is an error."""
    families = {}
    for line in text.split("\n"):
        if not line or line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = _SAMPLE.match(line)
        if not match:
            raise AssertionError(f"not a sample: {line!r}")
        name, labels, value = match.groups()
        pairs, at = [], 0
        while labels and at < len(labels):
            label = _LABEL.match(labels, at)
            if not label:
                raise AssertionError(f"not a label: {labels[at:]!r}")
            unescaped = re.sub(r'\\(["\\n])', lambda m: "\n" if m.group(1) == "n" else m.group(1), label.group(2))
            pairs.append((label.group(1), unescaped))
            at = label.end()
        series = families.setdefault(name, {})
        key = frozenset(pairs)
        if key in series or len(key) != len(pairs):
            raise AssertionError(f"a series twice: {line!r}")
        series[key] = float(value)
    return families
