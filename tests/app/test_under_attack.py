"""TLS floods, hostile answers and reloads all at once, and a SIGTERM in the middle of them. Written mainly for the sanitizers."""
import contextlib
import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

import fault_server
import harness
from test_web_config import Authority

TLS_FLOOD = os.environ.get("TLS_FLOOD", "")
ATTACK_SECONDS = 12
SECONDS_PER_RELOAD = 3  # enough for a change of the file to be noticed
LONGEST_PROBE_SECONDS = 1


def packed(text):
    return fault_server.answer(200, gzip.compress(text.encode()),
                               [("Content-Type", "application/json"), ("Content-Encoding", "gzip")])


def page(tokens):
    return packed(json.dumps({"data": tokens, "meta": {"page": {"total_filtered_count": 1_000_000_000}}}))


def ever_new_tokens():
    """A listing that never ends."""
    numbers = itertools.count()

    def step(_request, _connection):
        first = next(numbers) * 1000
        return page([fault_server.token(first + number) for number in range(1000)])
    return step


def drip(request, connection):
    """Headers that never end."""
    del request
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        for number in range(400):
            connection.sendall(f"x-{number}: y\r\n".encode())
            time.sleep(0.05)


def hostile_answers():
    return {
        "deep": packed('{"data":' + "[" * 30_000_000),
        "scopes": page([fault_server.token(1, scopes=[f"scope_{number}" for number in range(495_000)])]),
        "endless": ever_new_tokens(),
        "drip": drip,
        "reset": fault_server.reset,
        "rubbish": packed("\0\xff{" * 1000),
    }


class UnderAttack(unittest.TestCase):
    def setUp(self):
        # Contexts are closed in reverse order: the program before its files.
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.authority = Authority(self.directory, "authority")
        self.authority.sign("server", "IP:127.0.0.1")
        self.good = self.stack.enter_context(harness.SimulatedDatadog("--tokens", "50"))
        self.exporter = self.stack.enter_context(harness.Exporter(
            "--config.file", self.configuration(), "--web.config.file", self.file(
                "web.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"),
            "--web.probe-listen-address", "127.0.0.1:0", "--poll.interval", "1s", "--poll.timeout", "2s",
            "--state.file", os.path.join(self.directory, "state"), "--log.level", "debug"))
        self.probe_url = self.exporter.first("listening for probes")["address"] + "/healthz"

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with harness.private_file(path) as file:
            file.write(text)
        return path

    def configuration(self):
        secret = self.file("secret", harness.ACCESS_TOKEN)
        servers = {name: self.stack.enter_context(fault_server.FaultServer(step))
                   for name, step in hostile_answers().items()}
        return self.file("config.yaml", "organizations:\n" + "".join(
            f"  - {{name: {name}, base_url: '{server.url}', bearer_token_file: {secret}}}\n"
            for name, server in {**servers, "good": self.good}.items()))

    def flood(self, kind):
        port = self.exporter.url.rpartition(":")[2]
        process = self.stack.enter_context(subprocess.Popen(
            [TLS_FLOOD, "--port", port, "--kind", kind, "--connections", "4", "--records", "5000",
             "--seconds", str(2 * ATTACK_SECONDS)], stdout=subprocess.PIPE, text=True))
        self.stack.callback(process.kill)
        self.assertEqual(process.stdout.readline(), "holding\n")

    def reload(self, number):
        """Replaces the certificate, every other time with a broken one."""
        if number % 2:
            self.authority.sign("server", "IP:127.0.0.1")
        else:
            self.file("server.crt", "no certificate")

    def polls_of_the_good_one(self):
        return [event for event in self.exporter.events("poll finished") if event.get("org") == "good"]

    def test_probes_polls_and_shutdown_still_work(self):
        harness.wait_until(self.polls_of_the_good_one, "the good organization was polled")
        for kind in ("key_updates", "renegotiations"):
            self.flood(kind)
        before = len(self.polls_of_the_good_one())
        longest_probe = 0
        end = time.monotonic() + ATTACK_SECONDS
        reloads = 0
        while (left := end - time.monotonic()) > 0:
            if left < ATTACK_SECONDS - reloads * SECONDS_PER_RELOAD:
                self.reload(reloads)
                reloads += 1
            begin = time.monotonic()
            self.assertEqual(harness.get(self.probe_url)[0], 200)
            longest_probe = max(longest_probe, time.monotonic() - begin)
            time.sleep(0.02)
        harness.wait_until(lambda: len(self.polls_of_the_good_one()) >= before + 2, "it was polled twice meanwhile")
        for number, event in enumerate(("the web configuration can't be used; keeping the previous one",
                                        "web configuration reloaded")):
            self.reload(number)
            harness.wait_until(lambda event=event: self.exporter.events(event), event)
        status, took = self.exporter.stop()

        # A sanitizer's report is not a log event, and changes the exit status.
        self.assertEqual(status, 0, self.exporter.lines[-20:])
        print(f"longest probe {longest_probe:.3f} s, end {took:.3f} s, "
              f"{len(self.polls_of_the_good_one()) - before} polls of the good organization", file=sys.stderr)
        if not harness.SANITIZED:  # Sanitizers slow the program down several times.
            self.assertLessEqual(longest_probe, LONGEST_PROBE_SECONDS)
            self.assertLessEqual(took, harness.LONGEST_END_SECONDS)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
