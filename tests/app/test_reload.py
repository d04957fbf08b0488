"""SIGHUP and --config.watch: organizations are added, changed and removed while polls and scrapes go on."""
import os
import re
import signal
import tempfile
import threading
import unittest

import harness

OUTCOME = "datadog_access_token_exporter_config_last_reload_successful"
MOMENT = "datadog_access_token_exporter_config_last_reload_success_timestamp_seconds"
INTERVAL = "datadog_access_token_poll_interval_seconds"
TOKENS = "datadog_access_tokens"
RELOADED = "configuration reloaded"
REFUSED = "the configuration can't be reloaded; the previous one stays in effect"
CHURN_RELOADS = 1000 if os.environ.get("EXPORTER_BUILD") == "Release" else 200  # Under the thread sanitizer each takes 0.2 s.
MANY = 480


def by_org(metrics, name):
    """{organization: sum over its series}"""
    sums = {}
    for labels, value in metrics.get(name, {}).items():
        org = dict(labels)["org"]
        sums[org] = sums.get(org, 0) + value
    return sums


def threads_and_files(pid):
    return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


def connections_to(url):
    """How many established connections there are to that server on loopback, as its clients see them."""
    port = int(url.rsplit(":", 1)[1])
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sum(1 for row in rows if int(row[2].split(":")[1], 16) == port and row[3] == "01")


class Reloading(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.config = os.path.join(self.directory, "config.yaml")
        self.key = os.path.join(self.directory, "key")
        with harness.private_file(self.key) as file:
            file.write(harness.ACCESS_TOKEN)

    def api(self, *arguments):
        api = harness.SimulatedDatadog(*arguments)
        self.addCleanup(api.__exit__, None, None, None)
        return api.url

    def exporter(self, *arguments, **variables):
        exporter = harness.Exporter("--config.file", self.config, *arguments, **variables)
        self.addCleanup(exporter.__exit__, None, None, None)
        return exporter

    def write(self, organizations, settings="poll: {interval: 1h}\n"):
        """Writes `organizations`, {name: URL of its API}, and replaces the file atomically."""
        lines = [f"  - {{name: {name}, base_url: '{url}', bearer_token_file: {self.key}}}\n"
                 for name, url in organizations.items()]
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(settings + "organizations:\n" + "".join(lines))
        os.rename(self.config + ".new", self.config)

    def reload(self, exporter, outcome=RELOADED):
        before = len(exporter.events(outcome))
        exporter.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: len(exporter.events(outcome)) > before, outcome)

    def wait_for_tokens(self, exporter, expected):
        harness.wait_until(lambda: by_org(exporter.metrics(), TOKENS) == expected, f"the tokens are {expected}")


class Reloads(Reloading):
    def test_a_new_organization_is_polled_at_once_and_others_keep_their_data(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        self.write({"first": url})
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"first": 20})
        before = exporter.metrics()

        self.write({"second": other, "first": url})
        self.reload(exporter)

        self.assertEqual(by_org(exporter.metrics(), TOKENS)["first"], 20, "its numbers were gone for a moment")
        self.wait_for_tokens(exporter, {"first": 20, "second": 30})
        after = exporter.metrics()
        for name, series in before.items():
            for labels, value in series.items():
                if ("org", "first") in labels:
                    self.assertEqual(after[name][labels], value, (name, labels))
        self.assertEqual([event["org"] for event in exporter.events("organization added")], ["second"])

    def test_a_removed_organization_loses_its_series_and_returns_as_new(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        self.write({"first": url, "second": other})
        exporter = self.exporter("--state.file", os.path.join(self.directory, "state"))
        self.wait_for_tokens(exporter, {"first": 20, "second": 30})

        self.write({"first": url})
        self.reload(exporter)

        self.assertNotIn('org="second"', harness.get(exporter.url + "/metrics")[2].decode())
        self.assertEqual([event["org"] for event in exporter.events("organization removed")], ["second"])
        self.write({"first": url, "second": other})
        self.reload(exporter)
        self.wait_for_tokens(exporter, {"first": 20, "second": 30})
        self.assertEqual(by_org(exporter.metrics(), "datadog_access_token_polls_total")["second"], 1)

    def test_an_organization_with_a_new_url_never_shows_old_tokens(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30", "--latency", "300")
        self.write({"first": url})
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"first": 20})

        self.write({"first": other})
        self.reload(exporter)

        seen = []
        harness.wait_until(lambda: seen.append(by_org(exporter.metrics(), TOKENS)) or seen[-1], "it was polled")
        self.assertEqual(seen[-1], {"first": 30})
        self.assertTrue(all(not tokens for tokens in seen[:-1]), seen)

    def test_new_credentials_are_used_at_once_and_lose_no_data(self):
        url = self.api("--tokens", "20")
        self.write({"first": url})
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"first": 20})
        self.key = os.path.join(self.directory, "wrong")
        with harness.private_file(self.key) as file:
            file.write("ddpat_wrong_0000")

        self.write({"first": url})
        self.reload(exporter)

        failed = exporter.first("poll failed; the last good numbers stay until they are stale")
        self.assertEqual(failed["reason"], "forbidden")
        self.assertEqual(by_org(exporter.metrics(), TOKENS), {"first": 20})
        self.assertNotIn("ddpat_wrong_0000", "".join(exporter.lines))

    def test_a_wrong_file_changes_nothing_and_names_every_mistake(self):
        url = self.api("--tokens", "20")
        self.write({"first": url})
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"first": 20})
        self.assertEqual(exporter.metrics()[OUTCOME], {frozenset({("file", "config")}): 1})
        moment = exporter.metrics()[MOMENT][frozenset({("file", "config")})]
        configuration = harness.get(exporter.url + "/config")[2]

        self.write({"second": url}, "poll: {intervall: 1h, timeout: never}\n")
        self.reload(exporter, REFUSED)

        harness.wait_until(lambda: len(exporter.events(REFUSED)) == 2, "both mistakes are logged")
        errors = sorted(event["error"] for event in exporter.events(REFUSED))
        self.assertIn("poll.interval", errors[0])
        self.assertIn("poll.timeout", errors[1])
        metrics = exporter.metrics()
        self.assertEqual(metrics[OUTCOME][frozenset({("file", "config")})], 0)
        self.assertEqual(metrics[MOMENT][frozenset({("file", "config")})], moment)
        self.assertEqual(by_org(metrics, TOKENS), {"first": 20})
        self.assertEqual(harness.get(exporter.url + "/config")[2], configuration)

        self.write({"second": url})
        self.reload(exporter)
        metrics = exporter.metrics()
        self.assertEqual(metrics[OUTCOME][frozenset({("file", "config")})], 1)
        self.assertGreater(metrics[MOMENT][frozenset({("file", "config")})], moment)
        self.assertIn(b"second", harness.get(exporter.url + "/config")[2])

    def test_options_needing_a_restart_are_kept_and_named(self):
        url = self.api("--tokens", "20")
        self.write({"first": url})
        exporter = self.exporter()
        exporter.wait_for_poll()

        self.write({"first": url},
                   f"state: {{file: {self.directory}/state}}\n"
                   "shard: {count: 3, index: 1}\n"
                   "web: {telemetry_path: /elsewhere, probe_listen_address: ['127.0.0.1:0'], max_scrapes: 7}\n")
        self.reload(exporter)

        told = "can't change while the exporter runs; restart it"
        warnings = [event["msg"] for event in exporter.events() if told in event["msg"]]
        for name in ("state.file", "shard.count", "shard.index", "web.telemetry_path", "web.probe_listen_address",
                     "web.max_scrapes"):
            self.assertEqual(len([text for text in warnings if name in text]), 1, (name, warnings))
        self.assertEqual(len(warnings), 6, warnings)
        self.assertEqual(harness.get(exporter.url + "/elsewhere")[0], 404)
        self.assertEqual(by_org(exporter.metrics(), TOKENS), {"first": 20})
        self.assertIn(b"telemetry_path: /metrics", harness.get(exporter.url + "/config")[2])
        exporter.stop()
        self.assertFalse(os.path.exists(f"{self.directory}/state"))

    def test_policies_buckets_and_intervals_apply_from_the_next_poll(self):
        url = self.api("--tokens", "50")
        self.write({"first": url}, "poll: {interval: 1h}\n")
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"first": 50})
        unused = by_org(exporter.metrics(), "datadog_access_tokens_at_risk")

        self.write({"first": url}, "poll: {interval: 1s}\nbuckets: {expiry: [2d, 3d]}\npolicy: {max_idle: 1s}\n")
        self.reload(exporter)

        def buckets():
            return {dict(labels)["expiry_bucket"] for labels in exporter.metrics()[TOKENS]}
        harness.wait_until(lambda: "2d_to_3d" in buckets(), "the new buckets are counted by")
        self.assertGreater(by_org(exporter.metrics(), "datadog_access_tokens_at_risk")["first"], unused["first"])
        self.assertEqual(by_org(exporter.metrics(), INTERVAL), {"first": 1})
        exporter.wait_for_poll(4)

    def test_the_log_level_applies_at_once(self):
        url = self.api("--tokens", "20")
        self.write({"first": url}, "poll: {interval: 1s}\nlog: {level: error}\n")
        # Not harness.Exporter, which waits for a log line of level info.
        exporter = harness.Process([harness.EXPORTER, "--config.file", self.config, "--web.listen-address",
                                    "127.0.0.1:0", "--log.format", "json"], harness.clean_environment(), "stderr")
        self.addCleanup(exporter.__exit__, None, None, None)
        blocked = 1 << (signal.SIGHUP - 1)

        def blocks_the_signal():
            with open(f"/proc/{exporter.process.pid}/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            return int(status["SigBlk"], 16) & blocked
        harness.wait_until(blocks_the_signal, "a signal does not end it any more")

        self.write({"first": url}, "poll: {interval: 1s}\nlog: {level: info}\n")
        exporter.process.send_signal(signal.SIGHUP)

        harness.wait_until(lambda: any(RELOADED in line for line in exporter.lines), "the reload is told")
        harness.wait_until(lambda: any("poll finished" in line for line in exporter.lines), "a poll is told")

    def test_a_poll_under_way_goes_on(self):
        slow, other = self.api("--tokens", "20", "--latency", "1500"), self.api("--tokens", "30")
        self.write({"first": slow})
        exporter = self.exporter()

        self.write({"first": slow, "second": other})
        self.reload(exporter)

        self.wait_for_tokens(exporter, {"first": 20, "second": 30})
        metrics = exporter.metrics()
        self.assertEqual(by_org(metrics, "datadog_access_token_polls_total"), {"first": 1, "second": 1})
        self.assertEqual(by_org(metrics, "datadog_access_token_poll_failures_total")["first"], 0)

    def test_an_organization_removed_during_its_poll_leaks_nothing(self):
        hanging, other = self.api("--tokens", "20", "--latency", "60000"), self.api("--tokens", "30")
        self.write({"kept": other})
        exporter = self.exporter()
        self.wait_for_tokens(exporter, {"kept": 30})
        before = threads_and_files(exporter.process.pid)

        for _ in range(5):
            self.write({"kept": other, "hanging": hanging})
            self.reload(exporter)
            harness.wait_until(lambda: connections_to(hanging) == 1, "it is being polled")
            self.write({"kept": other})
            self.reload(exporter)
            harness.wait_until(lambda: connections_to(hanging) == 0, "its connection is closed")

        harness.wait_until(lambda: threads_and_files(exporter.process.pid)[1] <= before[1], "no more files than before")
        self.assertEqual(by_org(exporter.metrics(), TOKENS), {"kept": 30})
        self.assertNotIn('org="hanging"', harness.get(exporter.url + "/metrics")[2].decode())
        self.assertEqual(exporter.stop()[0], 0)

    def test_keys_of_the_environment_outlive_a_reload(self):
        url = self.api("--tokens", "20")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"datadog: {{base_url: '{url}'}}\npoll: {{interval: 1s}}\n")
        exporter = self.exporter(DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        exporter.wait_for_poll()

        self.reload(exporter)

        exporter.wait_for_poll(len(exporter.events("poll finished")) + 2)
        self.assertEqual(by_org(exporter.metrics(), "datadog_access_token_poll_success"), {"default": 1})

    def test_a_reload_without_a_configuration_file_succeeds(self):
        with harness.Exporter("--demo") as exporter:
            self.assertNotIn(OUTCOME, exporter.metrics())
            self.reload(exporter)
            self.assertEqual(exporter.metrics()[OUTCOME], {frozenset({("file", "config")}): 1})

    def scrape_during(self, reloads, exporter, sides):
        """Scrapes while `reloads()` runs. Every scrape must succeed and show exactly the organizations of one of `sides`."""
        done = threading.Event()

        def run():
            try:
                reloads()
            finally:
                done.set()
        reloading = threading.Thread(target=run)
        reloading.start()
        scrapes = 0
        while not done.is_set():
            text = harness.get(exporter.url + "/metrics")[2].decode()
            shown = frozenset(re.findall(r"^" + INTERVAL + r'\{org="(\w+)"\}', text, re.MULTILINE))
            self.assertIn(shown, {frozenset(side) for side in sides}, f"{len(shown)} organizations are of no configuration")
            self.assertEqual(harness.get(exporter.url + "/readyz")[0], 200)
            scrapes += 1
        reloading.join(harness.LIMIT_SECONDS)
        self.assertGreater(scrapes, 2)

    def test_many_reloads_under_scrapes_fail_no_scrape_and_leak_nothing(self):
        url = self.api("--tokens", "5")
        sides = [{f"{side}{number}": url for number in range(4)} | {"kept": url} for side in "ab"]
        self.write(sides[0])
        exporter = self.exporter("--poll.concurrency", "2")
        harness.wait_until(lambda: harness.get(exporter.url + "/readyz")[0] == 200, "it is ready")
        for number in range(20):  # Until all threads have been started.
            self.write(sides[number % 2])
            self.reload(exporter)
        before = threads_and_files(exporter.process.pid)
        reloads_before = len(exporter.events(RELOADED))

        def reload_often():
            for number in range(CHURN_RELOADS):
                self.write(sides[number % 2])
                exporter.process.send_signal(signal.SIGHUP)
                if number % 10 == 0:  # Ten at once, so that some arrive during another reload.
                    self.reload(exporter)
        self.scrape_during(reload_often, exporter, sides)

        self.write(sides[1])
        self.reload(exporter)
        self.wait_for_tokens(exporter, {name: 5 for name in sides[1]})
        self.assertEqual(by_org(exporter.metrics(), "datadog_access_token_polls_total")["kept"], 1)
        self.assertFalse(exporter.events(REFUSED))
        self.assertGreater(len(exporter.events(RELOADED)) - reloads_before, CHURN_RELOADS / 10)

        def settled():
            now = threads_and_files(exporter.process.pid)
            return now[0] <= before[0] and now[1] <= before[1]
        harness.wait_until(settled, f"no more threads and files than {before}")

    def test_hundreds_of_organizations_come_and_go_under_scrapes(self):
        url = self.api("--tokens", "5")
        kept = {f"kept{number}": url for number in range(MANY)}
        sides = [{f"{side}{number}": url for number in range(20)} | kept for side in "ab"]
        self.write(sides[0])
        exporter = self.exporter()
        harness.wait_until(lambda: harness.get(exporter.url + "/readyz")[0] == 200, "it is ready")

        def reload_each_way():
            for number in range(4):
                self.write(sides[1 - number % 2])
                self.reload(exporter)
        self.scrape_during(reload_each_way, exporter, sides)

        self.wait_for_tokens(exporter, {name: 5 for name in sides[0]})


class Watched(Reloading):
    """A file mounted from a ConfigMap: a symlink into a directory that is itself a symlink, which the kubelet replaces."""

    def setUp(self):
        super().setUp()
        self.mounts = 0
        self.volume = os.path.join(self.directory, "volume")
        os.mkdir(self.volume)
        self.config = os.path.join(self.volume, "config.yaml")
        os.symlink("..data/config.yaml", self.config)

    def mount(self, text):
        self.mounts += 1
        data = os.path.join(self.volume, f"..{self.mounts}")
        os.mkdir(data)
        with open(os.path.join(data, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(text)
        link = os.path.join(self.volume, "..data")
        os.symlink(os.path.basename(data), link + "_tmp")
        os.rename(link + "_tmp", link)

    @staticmethod
    def of(*urls):
        return lambda key: "poll: {interval: 1h}\norganizations:\n" + "".join(
            f"  - {{name: org{number}, base_url: '{url}', bearer_token_file: {key}}}\n" for number, url in enumerate(urls))

    def test_a_swapped_symlink_is_loaded_without_a_signal(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        self.mount(self.of(url)(self.key))
        exporter = self.exporter("--config.watch")
        self.wait_for_tokens(exporter, {"org0": 20})

        self.mount(self.of(url, other)(self.key))

        self.wait_for_tokens(exporter, {"org0": 20, "org1": 30})
        self.assertEqual(len(exporter.events(RELOADED)), 1)

    def test_a_wrong_file_is_refused_once_and_the_next_good_one_loaded(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        self.mount(self.of(url)(self.key))
        exporter = self.exporter("--config.watch")
        self.wait_for_tokens(exporter, {"org0": 20})

        self.mount("nonsense: true\n")
        exporter.first(REFUSED)
        self.assertEqual(exporter.metrics()[OUTCOME], {frozenset({("file", "config")}): 0})
        self.assertEqual(by_org(exporter.metrics(), TOKENS), {"org0": 20})
        self.mount(self.of(url, other)(self.key))

        self.wait_for_tokens(exporter, {"org0": 20, "org1": 30})
        errors = [event["error"] for event in exporter.events(REFUSED)]
        self.assertEqual(len(errors), len(set(errors)), errors)
        self.assertEqual(exporter.metrics()[OUTCOME], {frozenset({("file", "config")}): 1})

    def test_a_key_may_arrive_after_the_configuration(self):
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        late = os.path.join(self.directory, "late")
        self.mount(self.of(url)(self.key))
        exporter = self.exporter("--config.watch")
        self.wait_for_tokens(exporter, {"org0": 20})

        self.mount(self.of(url)(self.key) + f"  - {{name: org1, base_url: '{other}', bearer_token_file: {late}}}\n")
        self.assertIn(late, exporter.first(REFUSED)["error"])
        with harness.private_file(late) as file:
            file.write(harness.ACCESS_TOKEN)

        self.wait_for_tokens(exporter, {"org0": 20, "org1": 30})
        self.assertEqual(len(exporter.events(REFUSED)), 1, "the same mistake is told once")
        self.assertEqual(exporter.metrics()[OUTCOME], {frozenset({("file", "config")}): 1})

    def test_the_previous_file_is_loaded_again(self):
        """After a SIGHUP for a version in between, which the watch has not seen twice."""
        url, other = self.api("--tokens", "20"), self.api("--tokens", "30")
        self.mount(self.of(url)(self.key))
        exporter = self.exporter("--config.watch")
        self.wait_for_tokens(exporter, {"org0": 20})

        self.mount(self.of(url, other)(self.key))
        self.reload(exporter)
        self.mount(self.of(url)(self.key))

        harness.wait_until(lambda: set(by_org(exporter.metrics(), INTERVAL)) == {"org0"}, "the first one is back")


if __name__ == "__main__":
    unittest.main(verbosity=2)
