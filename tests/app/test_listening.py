"""Where the program listens: several addresses, Unix sockets, sockets from systemd and the probes' own address."""
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import harness


def curl(*arguments):
    """The status."""
    done = subprocess.run(["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "20",
                           "--noproxy", "*", *arguments], capture_output=True, text=True, timeout=harness.LIMIT_SECONDS,
                          check=False)
    return int(done.stdout)


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
            # As systemd starts a service: descriptors from 3 on, and the process that they are for.
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

    def test_without_systemd_there_is_no_socket_to_take_over(self):
        done = harness.run("--demo", "--web.systemd-socket")
        self.assertEqual(done.returncode, 2)
        self.assertIn("start it through its .socket unit", done.stderr)

    def test_for_probes_on_an_address_of_their_own(self):
        with harness.Exporter("--demo", "--web.probe-listen-address", "127.0.0.1:0") as exporter:
            probes = exporter.events("listening for probes")[0]["address"]
            self.assertEqual([curl(probes + path) for path in ("/healthz", "/livez")], [200, 200])
            self.assertEqual([curl(probes + path) for path in ("/metrics", "/", "/config")], [404, 404, 404])


class Probe(unittest.TestCase):
    def test_asks_where_the_exporter_listens(self):
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
        done = harness.run("--probe=localhost")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is no URL", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
