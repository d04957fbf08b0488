"""Listening: several addresses, Unix sockets, sockets passed by systemd, and the separate address of the probes."""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import harness


def curl(*arguments):
    """The HTTP status."""
    done = subprocess.run(["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "20",
                           "--noproxy", "*", *arguments], capture_output=True, text=True, timeout=harness.LIMIT_SECONDS,
                          check=False)
    return int(done.stdout)


def forever(piece, pause=0.0):
    """Sends the same bytes repeatedly until the client disconnects."""
    def send(connection, ended):
        while not ended.wait(pause):
            connection.sendall(piece)
    return send


class Answering:
    """Runs its steps for the first client, whatever it requests. A step is bytes to send, or a function that sends them."""

    def __init__(self, *steps, family=socket.AF_INET, host="127.0.0.1"):
        self.steps = steps
        self.ended = threading.Event()
        self.listener = socket.create_server((host, 0), family=family)
        self.listener.settimeout(harness.LIMIT_SECONDS)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        try:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(harness.LIMIT_SECONDS)
                connection.recv(65536)  # Closing with unread data would send a reset.
                for step in self.steps:
                    if callable(step):
                        step(connection, self.ended)
                    else:
                        connection.sendall(step)
        except OSError:
            pass  # The client disconnected, as expected.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.listener.close()
        self.thread.join(harness.LIMIT_SECONDS)


class Listening(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.socket = os.path.join(directory.name, "exporter.sock")

    def test_on_all_addresses_given(self):
        with harness.Exporter("--demo", "--web.listen-address", "127.0.0.2:0", "--web.listen-address",
                              f"unix:{self.socket}") as exporter:
            harness.wait_until(lambda: len(exporter.events("listening")) == 3, "all are told")
            urls = [event["metrics"] for event in exporter.events("listening")]
            self.assertTrue(urls[1].startswith("http://127.0.0.2:"), urls)
            self.assertEqual(urls[2], f"unix:{self.socket}:/metrics")
            self.assertEqual([curl(urls[0]), curl(urls[1])], [200, 200])
            self.assertEqual(curl("--unix-socket", self.socket, "http://localhost/metrics"), 200)
        self.assertFalse(os.path.exists(self.socket), "the socket's file goes with the program")

    def test_on_a_unix_socket_that_a_killed_run_left(self):
        left = socket.socket(socket.AF_UNIX)
        left.bind(self.socket)
        left.close()
        with harness.Exporter("--demo", "--web.listen-address", f"unix:{self.socket}"):
            self.assertEqual(curl("--unix-socket", self.socket, "http://localhost/healthz"), 200)

    def test_on_a_socket_from_systemd(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            # As systemd starts a service: descriptors from 3 on, and the id of the process that they are for.
            script = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{listening.fileno()}'
            # pylint: disable-next=consider-using-with
            process = subprocess.Popen(["sh", "-c", script, "sh", harness.EXPORTER, "--demo", "--web.systemd-socket"],
                                       pass_fds=(listening.fileno(),), env=harness.clean_environment(),
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait, harness.LIMIT_SECONDS)
            self.addCleanup(process.terminate)
            self.assertEqual(curl(address + "/healthz"), 200)
            process.terminate()
            self.assertEqual(process.wait(harness.LIMIT_SECONDS), 0)

    def test_on_a_systemd_socket_fails_without_systemd(self):
        done = harness.run("--demo", "--web.systemd-socket")
        self.assertEqual(done.returncode, 2)
        self.assertIn("start it through its .socket unit", done.stderr)

    def test_for_probes_on_an_address_of_their_own(self):
        with harness.Exporter("--demo", "--web.probe-listen-address", "127.0.0.1:0") as exporter:
            probes = exporter.first("listening for probes")["address"]
            self.assertEqual([curl(probes + path) for path in ("/healthz", "/livez")], [200, 200])
            self.assertEqual([curl(probes + path) for path in ("/metrics", "/", "/config")], [404, 404, 404])


class Probe(unittest.TestCase):
    def test_uses_the_listen_address(self):
        with tempfile.TemporaryDirectory() as directory:
            addresses = (f"unix:{directory}/main.sock", f"unix:{directory}/probes.sock")
            with harness.Exporter("--demo", "--web.listen-address", addresses[0], "--web.probe-listen-address", addresses[1]):
                for arguments in (("--web.listen-address", addresses[0]),
                                  ("--web.listen-address", addresses[0], "--web.probe-listen-address", addresses[1])):
                    done = harness.run("--probe", *arguments)
                    self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_asks_a_url(self):
        with harness.Exporter("--demo") as exporter:
            exporter.wait_for_poll()
            for path in ("/metrics", "/readyz"):
                self.assertEqual(harness.run(f"--probe={exporter.url}{path}").returncode, 0, path)
            done = harness.run("--probe", exporter.url + "/nothing")
            self.assertEqual(done.returncode, 1)
            self.assertIn("/nothing: answered 404", done.stderr)

    def test_fails_when_nobody_answers(self):
        done = harness.run("--probe", "--web.listen-address", "127.0.0.1:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("http://127.0.0.1:1/healthz: no answer", done.stderr)

    def test_takes_nothing_but_a_url(self):
        for text in ("localhost", "ftp://localhost/", "http://", "http://user:word@localhost/", "http://local host/"):
            done = harness.run(f"--probe={text}")
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("is not a URL", done.stderr)

    def test_uses_the_loopback_of_a_wildcards_family(self):
        for any_address, family, loopback in (("[::]", socket.AF_INET6, "::1"), ("0.0.0.0", socket.AF_INET, "127.0.0.1"),
                                              ("[0:0::0]", socket.AF_INET6, "::1"), ("", socket.AF_INET, "127.0.0.1")):
            with self.subTest(any_address), Answering(b"HTTP/1.1 200 OK\r\n\r\n", family=family,
                                                         host=loopback) as server:
                done = harness.run("--probe", "--web.listen-address", f"{any_address}:{server.port}")
                self.assertEqual((done.returncode, done.stderr), (0, ""))


class ProbeOfAHostileServer(unittest.TestCase):
    """Whatever the server sends, the probe ends soon and uses little memory."""

    def probe(self, *steps, scheme="http"):
        """Exit status, standard error, seconds and MiB."""
        with Answering(*steps) as server:
            start = time.monotonic()
            # pylint: disable-next=consider-using-with
            process = subprocess.Popen([harness.EXPORTER, f"--probe={scheme}://127.0.0.1:{server.port}/healthz"],
                                       env=harness.clean_environment(), stderr=subprocess.PIPE, text=True)
            timer = threading.Timer(harness.LIMIT_SECONDS, process.kill)
            timer.start()
            stderr = process.stderr.read()
            process.stderr.close()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, stderr, time.monotonic() - start, usage.ru_maxrss / 1024

    def check(self, probed, status, words):
        self.assertEqual(probed[0], status, probed)
        self.assertIn(words, probed[1])
        if not harness.SANITIZED:
            self.assertLessEqual(probed[2], 5)
            self.assertLessEqual(probed[3], 32)

    def test_a_status_line_without_end(self):
        self.check(self.probe(b"HTTP/1.1 200 " + b"a" * 100_000 + b"\r\n\r\n"), 1, "a line longer than 8 KiB")

    def test_headers_without_end(self):
        self.check(self.probe(b"HTTP/1.1 200 OK\r\n", forever(b"X: y\r\n" * 1000)), 1, "more than 100 lines")

    def test_interim_answers_without_end(self):
        self.check(self.probe(forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)), 1, "no answer")

    def test_a_body_without_end(self):
        self.check(self.probe(b"HTTP/1.1 200 OK\r\n\r\n", forever(b"a" * 65536)), 0, "")

    def test_an_answer_that_drips(self):
        for scheme, beginning in (("http", b"HTTP/1.1 200 OK\r\nX: "), ("https", b"\x16\x03\x03\x3f\xff")):
            self.check(self.probe(beginning, forever(b"a", pause=0.1), scheme=scheme), 1,
                       "timed out" if scheme == "https" else "in time")

    def test_a_server_that_is_silent(self):
        for scheme in ("http", "https"):
            self.check(self.probe(forever(b"", pause=0.1), scheme=scheme), 1,
                       "timed out" if scheme == "https" else "in time")

    def test_a_redirect_is_not_followed(self):
        self.check(self.probe(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), 1, "answered 302")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
