"""The program from the outside: exit statuses, modes, endpoints, signals."""
import contextlib
import fcntl
import gzip
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import harness
from fault_server import FaultServer, listing, token

FORCED_END = "the shutdown is taking too long; exiting with work unfinished"


class Modes(unittest.TestCase):
    def test_help_and_version_go_to_standard_output(self):
        for flag, words in (("--help", "Usage: datadog_token_exporter"), ("--version", "datadog_token_exporter 0.")):
            done = harness.run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(words, done.stdout)

    def test_a_wrong_configuration_exits_2_and_names_every_mistake(self):
        done = harness.run("--poll.intervall", "5m", "--poll.page-size", "101", "--buckets.expiry", "7d,1d", "--demo")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 3, done.stderr)
        self.assertIn("--poll.intervall: unknown flag; did you mean --poll.interval?", done.stderr)

    def test_config_check_needs_no_network(self):
        done = harness.run("--config.check", DD_BEARER_TOKEN="ddpat_a_b", DD_SITE="datadoghq.eu")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "configuration OK: 1 organization(s)\n")

    def test_an_unknown_site_is_refused_with_a_suggestion(self):
        for arguments, variables, place in ((("--datadog.site", "us5.datadohq.com"), {}, "--datadog.site"),
                                            ((), {"DD_SITE": "us5.datadohq.com"}, "DD_SITE")):
            done = harness.run("--check", *arguments, DD_BEARER_TOKEN="ddpat_a_b", **variables)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f'{place}: "us5.datadohq.com" is not a Datadog site', done.stderr)
            self.assertIn("did you mean us5.datadoghq.com?", done.stderr)

    def test_config_check_reports_missing_credentials(self):
        done = harness.run("--config.check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no credentials were given to check", done.stdout)

    def test_once_fails_if_it_can_not_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([harness.EXPORTER, "--demo", "--once"], env=harness.clean_environment(), stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=harness.LIMIT_SECONDS, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)

    def test_check_reports_its_result(self):
        with harness.SimulatedDatadog("--tokens", "230") as api:
            good = harness.run("--check", "--datadog.base-url", api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
            bad = harness.run("--check", "--datadog.base-url", api.url, DD_BEARER_TOKEN="ddpat_wrong_wrong")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("100 tokens of 230", good.stdout)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("failed: forbidden: 403 from 127.0.0.1: Forbidden", bad.stdout)
        self.assertIn("org_app_keys_read", bad.stdout)

    def test_check_fails_where_no_row_can_be_read(self):
        for rows, said in (([{}] * 100, "none of its rows can be read; rows without a string id: 100"),
                           ([{"id": 1}], "none of its rows can be read; rows without a string id: 1")):
            with self.subTest(rows=len(rows)), FaultServer(listing(rows)) as server:
                done = harness.run("--check", "--datadog.base-url", server.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"failed: bad_page: page 0: {said} (", done.stdout)

    def test_check_counts_unreadable_rows(self):
        with FaultServer(listing([token(1), {}, {"id": 1}])) as server:
            done = harness.run("--check", "--datadog.base-url", server.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("with 1 tokens of 3; rows that can't be read for lack of a string id: 2\n", done.stdout)

    def test_check_of_an_organization_without_tokens_is_good(self):
        with FaultServer(listing([])) as server:
            done = harness.run("--check", "--datadog.base-url", server.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("with 0 tokens of 0", done.stdout)

    def test_once_writes_an_exposition_that_promtool_accepts(self):
        done = harness.run("--demo", "--once", "--tokens.detail", "all")
        self.assertEqual(done.returncode, 0, done.stderr)
        checked = subprocess.run(["promtool", "check", "metrics"], input=done.stdout, text=True, capture_output=True,
                                 timeout=harness.LIMIT_SECONDS, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        self.assertIn("datadog_access_token_expiry_timestamp_seconds{", done.stdout)
        self.assertIn("process_resident_memory_bytes", done.stdout)

    def test_once_against_a_dead_api_exits_1_and_still_writes_health(self):
        done = harness.run("--once", "--datadog.base-url", "http://127.0.0.1:1", "--poll.timeout", "1s",
                           DD_BEARER_TOKEN="ddpat_a_b")
        self.assertEqual(done.returncode, 1)
        families = harness.parse_text(done.stdout)
        self.assertEqual(list(families["datadog_access_token_poll_success"].values()), [0])
        self.assertNotIn("datadog_access_tokens", families)

    def test_once_output_replaces_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "tokens.prom")
            done = harness.run("--demo", "--once", "--once.output", path)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            with open(path, encoding="utf-8") as file:
                self.assertIn("datadog_access_tokens{", file.read())
            self.assertEqual(os.listdir(directory), ["tokens.prom"])

    def test_once_output_is_world_readable_unless_it_names_tokens(self):
        for detail, mode in (("none", 0o644), ("findings", 0o600), ("all", 0o600)):
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "tokens.prom")
                done = harness.run("--demo", "--once", "--once.output", path, "--tokens.detail", detail)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)

    def test_once_output_keeps_the_mode_of_the_file_and_the_link_to_it(self):
        with tempfile.TemporaryDirectory() as directory:
            target = os.path.join(directory, "target.prom")
            link = os.path.join(directory, "tokens.prom")
            with open(target, "w", encoding="utf-8") as file:
                file.write("old\n")
            os.chmod(target, 0o600)
            os.symlink("target.prom", link)
            done = harness.run("--demo", "--once", "--once.output", link)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.islink(link))
            with open(target, encoding="utf-8") as file:
                self.assertIn("datadog_access_tokens{", file.read())
            self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o600)

    def test_once_output_leaves_alone_what_is_not_a_regular_file(self):
        with tempfile.TemporaryDirectory() as directory:
            pipe = os.path.join(directory, "pipe")
            os.mkfifo(pipe)
            unix = os.path.join(directory, "socket")
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(unix)
                link = os.path.join(directory, "link")
                os.symlink("pipe", link)
                for path in (pipe, unix, link):
                    before = os.lstat(path)
                    done = harness.run("--demo", "--once", "--once.output", path)
                    self.assertEqual(done.returncode, 2, path)
                    self.assertIn("is not a regular file, and is left alone", done.stderr)
                    self.assertEqual((os.lstat(path).st_ino, os.lstat(path).st_mode), (before.st_ino, before.st_mode))
                self.assertEqual(sorted(os.listdir(directory)), ["link", "pipe", "socket"])

    def test_a_shard_without_an_organization_is_ready_and_serves_its_own_health(self):
        # One organization and three shards: at least two shards have nothing to poll.
        idle = 0
        for index in range(3):
            with harness.Exporter("--shard.count=3", f"--shard.index={index}", "--datadog.base-url", "http://127.0.0.1:1",
                                  DD_BEARER_TOKEN="ddpat_a_b") as exporter:
                if not exporter.events(f"polls 0 of 1 organization (shard {index} of 3): only its own health is served"):
                    self.assertTrue(exporter.events(f"polls 1 of 1 organization (shard {index} of 3)"))
                    continue
                idle += 1
                self.assertEqual(harness.get(exporter.url + "/readyz")[0], 200)
                self.assertEqual(harness.get(exporter.url + "/healthz")[0], 200)
                families = exporter.metrics()
                self.assertIn("process_resident_memory_bytes", families)
                self.assertNotIn("datadog_access_token_poll_success", families)
        self.assertEqual(idle, 2)

    def test_a_port_in_use_is_reported(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = harness.run("--demo", "--web.listen-address", address)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on {address}", done.stderr)
        self.assertIn("in use", done.stderr)


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exporter = harness.Exporter("--demo")
        cls.exporter.wait_for_poll()

    @classmethod
    def tearDownClass(cls):
        cls.exporter.stop()

    def test_metrics_are_the_same_plain_and_compressed(self):
        _, headers, plain = harness.get(self.exporter.url + "/metrics")
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        _, headers, packed = harness.get(self.exporter.url + "/metrics", {"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")

        def without_process(body):
            return {name: series for name, series in harness.parse_text(body.decode()).items()
                    if not name.startswith("process_")}
        self.assertEqual(without_process(gzip.decompress(packed)), without_process(plain))

    def test_health_and_readiness(self):
        for path in ("/healthz", "/livez", "/readyz"):
            self.assertEqual(harness.get(self.exporter.url + path)[0], 200, path)

    def test_the_status_page_shows_tokens_and_loads_nothing_else(self):
        status, headers, body = harness.get(self.exporter.url + "/")
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn(b"400 tokens", body)

    def test_the_configuration_in_effect_is_plain_text(self):
        status, headers, _ = harness.get(self.exporter.url + "/config")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))

    def test_the_simulated_organization_listens_nowhere(self):
        folder, files = f"/proc/{self.exporter.process.pid}", set()
        for number in os.listdir(folder + "/fd"):
            with contextlib.suppress(FileNotFoundError):  # A descriptor closed in the meantime.
                files.add(os.readlink(f"{folder}/fd/{number}"))
        with open(folder + "/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        ports = [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in files]
        self.assertEqual(ports, [int(self.exporter.url.split(":")[2])])

    def test_other_paths_are_not_found(self):
        self.assertEqual(harness.get(self.exporter.url + "/nothing")[0], 404)


class Failing(unittest.TestCase):
    def test_ready_but_unsuccessful_after_a_failed_first_poll(self):
        with harness.Exporter("--datadog.base-url", "http://127.0.0.1:1", "--poll.timeout", "1s",
                              DD_BEARER_TOKEN="ddpat_a_s3cr3t") as exporter:
            harness.wait_until(lambda: harness.get(exporter.url + "/readyz")[0] == 200, "a first attempt has finished")
            self.assertEqual(harness.get(exporter.url + "/healthz")[0], 200)
            families = exporter.metrics()
            failures = families["datadog_access_token_poll_failures_total"]
            self.assertEqual(failures[frozenset({("org", "default"), ("reason", "connect")})], 1)
            self.assertNotIn("datadog_access_tokens", families)
            page = harness.get(exporter.url + "/")[2].decode()
            self.assertIn("no connection to", page)
            everything = "".join(exporter.lines) + page + str(families)
            self.assertNotIn("s3cr3t", everything)

    def test_one_broken_organization_does_not_hold_up_another(self):
        with harness.SimulatedDatadog("--tokens", "50") as good, harness.SimulatedDatadog("--latency", "60000") as slow:
            with tempfile.TemporaryDirectory() as directory:
                secret = os.path.join(directory, "token")
                config = os.path.join(directory, "config.yaml")
                with harness.private_file(secret) as file:
                    file.write(harness.ACCESS_TOKEN + "\n")
                with open(config, "w", encoding="utf-8") as file:
                    file.write(f"organizations:\n"
                               f"  - {{name: slow, base_url: '{slow.url}', bearer_token_file: {secret}}}\n"
                               f"  - {{name: good, base_url: '{good.url}', bearer_token_file: token}}\n")
                with harness.Exporter("--config.file", config) as exporter:
                    exporter.wait_for_poll()
                    tokens = exporter.metrics()["datadog_access_tokens"]
                    self.assertEqual({dict(key)["org"] for key in tokens}, {"good"})
                    self.assertEqual(sum(tokens.values()), 50)
                    self.assertEqual(harness.get(exporter.url + "/readyz")[0], 503)
                    status, took = exporter.stop()
        self.assertEqual(status, 0)
        self.assertLess(took, 2)
        self.assertEqual(exporter.events(FORCED_END), [])


class Signals(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.state = os.path.join(directory.name, "state")
        self.socket = os.path.join(directory.name, "exporter.sock")

    def exporter(self, url, **variables):
        """Starts the program with something to leave behind: a state file and a Unix socket."""
        return harness.Exporter("--datadog.base-url", url, "--state.file", self.state,
                                "--web.listen-address", f"unix:{self.socket}", DD_BEARER_TOKEN=harness.ACCESS_TOKEN,
                                **variables)

    def test_term_int_and_quit_shut_down_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number.name), harness.SimulatedDatadog("--tokens", "20") as api:
                exporter = self.exporter(api.url)
                exporter.wait_for_poll()
                self.assertTrue(os.path.exists(self.socket))
                status, took = exporter.stop(number)
                self.assertEqual(status, 0, exporter.lines)
                self.assertLessEqual(took, harness.LONGEST_END_SECONDS)
                self.assertEqual(exporter.events("shutting down")[0]["signal"], number.name)
                self.assertFalse(os.path.exists(self.socket))
                os.unlink(self.state)  # Proof that the state was saved.

    def test_usr1_and_usr2_are_ignored_with_one_line_each(self):
        numbers = (signal.SIGUSR1, signal.SIGUSR2)
        with harness.Exporter("--demo") as exporter:
            for _ in range(3):
                for number in numbers:
                    exporter.process.send_signal(number)
                harness.wait_until(lambda: len(exporter.events("the signal is ignored")) == len(numbers), "all are told")
            self.assertEqual(harness.get(exporter.url + "/healthz")[0], 200)
            status, _ = exporter.stop()
        self.assertEqual(status, 0, exporter.lines)
        self.assertCountEqual([event["signal"] for event in exporter.events("the signal is ignored")],
                              [number.name for number in numbers])

    @unittest.skipUnless(harness.HANGING_FSYNC, "a sanitizer must be the first library, so none can be preloaded")
    def test_a_hanging_disk_delays_neither_shutdown_nor_socket_removal(self):
        with harness.SimulatedDatadog("--tokens", "20") as api:
            exporter = self.exporter(api.url, LD_PRELOAD=harness.HANGING_FSYNC)
            exporter.wait_for_poll()
            status, took = exporter.stop()
        self.assertEqual(status, 1, "the state is not saved")
        self.assertLessEqual(took, harness.LONGEST_END_SECONDS)
        self.assertEqual(len(exporter.events(FORCED_END)), 1)
        self.assertFalse(os.path.exists(self.socket))

    @unittest.skipUnless(harness.HANGING_FSYNC, "a sanitizer must be the first library, so none can be preloaded")
    def test_a_reload_from_a_hanging_disk_costs_no_state(self):
        with harness.SimulatedDatadog("--tokens", "20") as api, tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "config.yaml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"datadog: {{base_url: '{api.url}'}}\n")
            exporter = harness.Exporter("--config.file", config, "--state.file", self.state,
                                        DD_BEARER_TOKEN=harness.ACCESS_TOKEN, LD_PRELOAD=harness.HANGING_FSYNC,
                                        HANGING_OPEN=config)
            exporter.wait_for_poll()
            self.assertFalse(os.path.exists(self.state), "it is saved each minute")
            with open(config + ".hangs", "w", encoding="utf-8"):
                exporter.process.send_signal(signal.SIGHUP)
                harness.wait_until(lambda: harness.children(exporter.process.pid), "the reload hangs")
                status, took = exporter.stop()
        self.assertEqual(status, 0, exporter.lines)
        self.assertLessEqual(took, harness.LONGEST_END_SECONDS)
        self.assertTrue(os.path.exists(self.state))

    @unittest.skipUnless(harness.HANGING_FSYNC, "a sanitizer must be the first library, so none can be preloaded")
    def test_a_hanging_name_server_does_not_fail_the_shutdown(self):
        exporter = self.exporter("https://api.invalid", LD_PRELOAD=harness.HANGING_FSYNC, HANGING_NAME="api.invalid")
        harness.wait_until(lambda: harness.children(exporter.process.pid), "the name server hangs")
        status, took = exporter.stop()
        self.assertEqual(status, 0, exporter.lines)
        self.assertLessEqual(took, harness.LONGEST_END_SECONDS)
        self.assertEqual(len(exporter.events(FORCED_END)), 1)

    @unittest.skipUnless(harness.HANGING_FSYNC, "a sanitizer must be the first library, so none can be preloaded")
    def test_once_stops_while_the_disk_hangs_and_leaves_no_file(self):
        for named in (False, True):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
                with self.subTest(number.name, named=named), tempfile.TemporaryDirectory() as directory:
                    path = os.path.join(directory, "out.prom")
                    variables = {"HANGING_FSYNC_NAMED": "1"} if named else {}
                    once = harness.Process(
                        [harness.EXPORTER, "--demo", "--once", "--once.output", path],
                        harness.clean_environment(LD_PRELOAD=harness.HANGING_FSYNC, **variables), "stderr")
                    harness.wait_until(lambda once=once: harness.children(once.process.pid), "the disk hangs")
                    self.assertEqual(os.listdir(directory), ["out.prom.new"] if named else [])
                    status, took = once.stop(number)
                    self.assertEqual(status, -number)
                    self.assertLessEqual(took, harness.LONGEST_END_SECONDS)
                    self.assertEqual(os.listdir(directory), [])

    def test_shutdown_during_a_poll_takes_under_two_seconds(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with harness.SimulatedDatadog("--latency", "60000") as api:
                exporter = harness.Exporter("--datadog.base-url", api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
                status, took = exporter.stop(number)
            self.assertEqual(status, 0, exporter.lines)
            self.assertLess(took, 2)
            self.assertEqual(exporter.events(FORCED_END), [])

    def test_once_and_check_can_be_interrupted(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            for mode in ("--once", "--check"):
                with harness.SimulatedDatadog("--latency", "60000") as api:
                    one = harness.Process(
                        [harness.EXPORTER, mode, "--datadog.base-url", api.url, "--log.level", "debug"],
                        harness.clean_environment(DD_BEARER_TOKEN=harness.ACCESS_TOKEN), "stderr")
                    harness.wait_until(lambda one=one: one.lines, "it has started")
                    status, took = one.stop(number)
                self.assertEqual(status, -number, mode)
                self.assertLess(took, 2, mode)

    def test_the_command_line_holds_no_secret(self):
        with harness.Exporter("--demo") as exporter:
            with open(f"/proc/{exporter.process.pid}/cmdline", "rb") as file:
                self.assertNotIn(b"ddpat_", file.read())


class LogThatNobodyReads(unittest.TestCase):
    """Standard error is a pipe that is full from the start and that nobody reads."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        api = harness.SimulatedDatadog("--tokens", "5")
        self.addCleanup(api.stop)
        self.organizations(200, api.url)

        self.reader, writer = os.pipe()
        size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.write(writer, b"\n" * size)
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{address}"
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [harness.EXPORTER, "--web.listen-address", address, "--log.format", "json", "--poll.interval", "1s",
             "--config.file", os.path.join(self.directory, "config.yaml")],
            env=harness.clean_environment(), stderr=writer)
        os.close(writer)
        self.addCleanup(os.close, self.reader)
        self.addCleanup(self.process.wait, harness.LIMIT_SECONDS)
        self.addCleanup(self.process.kill)

    def organizations(self, number, url):
        """Each poll logs one line; names this long produce enough output within a few seconds."""
        with harness.private_file(os.path.join(self.directory, "token")) as file:
            file.write(harness.ACCESS_TOKEN)
        with open(os.path.join(self.directory, "config.yaml"), "w", encoding="utf-8") as file:
            file.write("organizations:\n")
            for place in range(number):
                name = f"org{place:04}-" + "x" * 56
                file.write(f"  - {{name: {name}, base_url: '{url}', bearer_token_file: token}}\n")

    def total(self, counter):
        """The sum over all organizations."""
        status, _, body = harness.get(self.url + "/metrics")
        self.assertEqual(status, 200)
        return sum(map(float, re.findall(rf"^{counter}(?:{{.*}})? (\S+)$", body.decode(), re.M)))

    def dropped(self):
        return self.total("datadog_access_token_exporter_log_lines_dropped_total")

    def polls(self):
        return self.total("datadog_access_token_polls_total")

    def wait_until_lines_are_dropped(self):
        harness.wait_until(self.answers, "it answers")
        harness.wait_until(lambda: self.dropped() > 0, "there is no room for another line")

    def answers(self):
        self.assertIsNone(self.process.poll(), "it ended")
        try:
            return harness.get(self.url + "/healthz")[0] == 200
        except OSError:
            return False

    def test_delays_neither_polls_nor_scrapes_nor_shutdown(self):
        self.wait_until_lines_are_dropped()
        before = self.polls()
        harness.wait_until(lambda: self.polls() > before + 100, "polls go on")
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(harness.LIMIT_SECONDS), 0)
        self.assertLessEqual(time.monotonic() - start, harness.LONGEST_END_SECONDS)

    def test_reports_the_dropped_lines_when_read_again(self):
        self.wait_until_lines_are_dropped()
        events = []

        def read():
            with open(os.dup(self.reader), encoding="utf-8") as log:
                for line in log:
                    if line != "\n":
                        events.append(json.loads(line))

        def told():
            return [event["lines"] for event in events if event["msg"].startswith("log lines were dropped")]

        reading = threading.Thread(target=read)
        reading.start()
        harness.wait_until(told, "it says so")
        harness.wait_until(lambda: sum(told()) == self.dropped(), "it says how many")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(harness.LIMIT_SECONDS), 0)
        reading.join(harness.LIMIT_SECONDS)
        self.assertIn("shutting down", [event["msg"] for event in events])  # Lines still queued at shutdown are written.


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
