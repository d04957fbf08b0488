"""A real Prometheus scrapes the exporter, against an organization of its own and under --demo; its sums must equal what the
simulated organization holds by the simulator's own count."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import harness


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Prometheus:
    """Scrapes `targets` ({job: address}) every second."""

    def __init__(self, targets, directory):
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("scrape_configs:\n")
            for job, address in targets.items():
                file.write(f"  - job_name: {job}\n    scrape_interval: 1s\n    static_configs:\n"
                           f"      - targets: ['{address}']\n")
        self.url = f"http://127.0.0.1:{free_port()}"
        # pylint: disable-next=consider-using-with
        self.log = open(os.path.join(directory, "prometheus.log"), "w", encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.url[7:]}"],
            stdout=self.log, stderr=self.log, env=harness.clean_environment())

    def query(self, expression):
        """The instant vector as {labels: value}."""
        address = f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}"
        try:
            status, _, body = harness.get(address)
        except OSError:
            return {}
        if status != 200:
            return {}
        answer = json.loads(body)
        return {frozenset(sample["metric"].items()): float(sample["value"][1]) for sample in answer["data"]["result"]}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(harness.LIMIT_SECONDS)
        self.log.close()


class ScrapedByPrometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        cls.api, cls.expected = cls.simulate("--tokens", "1234", "--seed", "5")
        # --demo holds the organization of the same seed and size as this one.
        twin, cls.expected_demo = cls.simulate("--tokens", "400", "--seed", "1")
        twin.stop()
        cls.exporter = harness.Exporter("--datadog.base-url", cls.api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        cls.demo = harness.Exporter("--demo")
        cls.exporter.wait_for_poll()
        cls.demo.wait_for_poll()
        cls.prometheus = Prometheus({"exporter": cls.exporter.url[7:], "demo": cls.demo.url[7:]}, cls.directory.name)
        harness.wait_until(lambda: len(cls.prometheus.query("datadog_access_token_poll_success")) == 2,
                           "Prometheus has scraped both")

    @classmethod
    def simulate(cls, *arguments):
        """A simulated API, and what it says it holds."""
        expected = os.path.join(cls.directory.name, "expected.json")
        api = harness.SimulatedDatadog(*arguments, "--expected", expected)
        with open(expected, encoding="utf-8") as file:
            return api, json.load(file)

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        cls.demo.stop()
        cls.exporter.stop()
        cls.api.stop()
        cls.directory.cleanup()

    def by(self, label, metric, job):
        found = self.prometheus.query(f'sum by ({label}) ({metric}{{job="{job}"}}) > 0')
        return {dict(key)[label]: value for key, value in found.items()}

    def value(self, expression):
        return self.prometheus.query(expression)[frozenset()]

    def test_the_targets_are_up_and_their_listings_complete(self):
        self.assertEqual(self.value("sum(up)"), 2)
        self.assertEqual(self.value("sum(datadog_access_token_listing_complete)"), 2)

    def test_the_totals_are_the_organizations(self):
        for metric in ("datadog_access_tokens", "datadog_access_tokens_by_last_use", "datadog_access_tokens_by_age"):
            self.assertEqual(self.value(f'sum({metric}{{job="exporter"}})'), self.expected["total"], metric)
            self.assertEqual(self.value(f'sum({metric}{{job="demo"}})'), self.expected_demo["total"], metric)

    def test_the_sums_by_each_label_are_the_organizations(self):
        for job, expected in (("exporter", self.expected), ("demo", self.expected_demo)):
            with self.subTest(job):
                self.assertEqual(self.by("token_type", "datadog_access_tokens", job), expected["by_token_type"])
                self.assertEqual(self.by("owner_type", "datadog_access_tokens", job), expected["by_owner_type"])
                self.assertEqual(self.by("scope", "datadog_access_token_scope_grants", job), expected["by_scope"])

    def test_single_facts_are_the_organizations(self):
        facts = {
            'sum(datadog_access_tokens{job="exporter", expiry_bucket="never"})': "never_expiring",
            'sum(datadog_access_tokens_by_last_use{job="exporter", last_used_bucket="never"})': "never_used",
            'sum(datadog_access_tokens_unscoped{job="exporter"})': "unscoped",
            'sum(datadog_access_tokens_leaked{job="exporter"})': "leaked",
        }
        for expression, fact in facts.items():
            self.assertEqual(self.value(expression), self.expected[fact], expression)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
