"""A real Prometheus scrapes the exporter, once against a simulated API and once under --demo; its sums must equal the
simulator's own counts. Prometheus requests OpenMetrics by default; a proxy makes a second job request the text format."""
import http.server
import json
import os
import sys
import tempfile
import threading
import unittest

import harness
from prometheus_server import Prometheus


class AskingForText:
    """A proxy that requests the text format from the target, whatever the client requested: Debian 12's Prometheus has no
    `scrape_protocols`."""

    def __init__(self, target):
        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                status, headers, body = harness.get(target + self.path, {"Accept": "text/plain;version=0.0.4"})
                self.send_response(status)
                self.send_header("Content-Type", headers["Content-Type"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join(harness.LIMIT_SECONDS)
        self.server.server_close()


class ScrapedByPrometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        cls.api, cls.expected = cls.simulate("--tokens", "1234", "--seed", "5")
        # --demo simulates the same organization as this one, by seed and size.
        twin, cls.expected_demo = cls.simulate("--tokens", "400", "--seed", "1")
        twin.stop()
        cls.exporter = harness.Exporter("--datadog.base-url", cls.api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        cls.demo = harness.Exporter("--demo")
        cls.exporter.wait_for_poll()
        cls.demo.wait_for_poll()
        cls.proxy = AskingForText(cls.exporter.url)
        cls.prometheus = Prometheus([("exporter", cls.exporter.url[7:], {}), ("demo", cls.demo.url[7:], {}),
                                     ("text", cls.proxy.address, {})], cls.directory.name)
        harness.wait_until(lambda: len(cls.prometheus.query("datadog_access_token_poll_success")) == 3,
                           "Prometheus has scraped all")

    @classmethod
    def simulate(cls, *arguments):
        """A simulated API and its own counts."""
        expected = os.path.join(cls.directory.name, "expected.json")
        api = harness.SimulatedDatadog(*arguments, "--expected", expected)
        with open(expected, encoding="utf-8") as file:
            return api, json.load(file)

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        cls.proxy.stop()
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
        self.assertEqual(self.value("sum(up)"), 3)
        self.assertEqual(self.value("sum(datadog_access_token_listing_complete)"), 3)

    def test_the_totals_match_the_organization(self):
        for metric in ("datadog_access_tokens", "datadog_access_tokens_by_last_use", "datadog_access_tokens_by_age"):
            self.assertEqual(self.value(f'sum({metric}{{job="exporter"}})'), self.expected["total"], metric)
            self.assertEqual(self.value(f'sum({metric}{{job="demo"}})'), self.expected_demo["total"], metric)

    def test_the_sums_by_label_match_the_organization(self):
        for job, expected in (("exporter", self.expected), ("demo", self.expected_demo)):
            with self.subTest(job):
                self.assertEqual(self.by("token_type", "datadog_access_tokens", job), expected["by_token_type"])
                self.assertEqual(self.by("owner_type", "datadog_access_tokens", job), expected["by_owner_type"])
                self.assertEqual(self.by("scope", "datadog_access_token_scope_grants", job), expected["by_scope"])

    def test_single_facts_match_the_organization(self):
        facts = {
            'sum(datadog_access_tokens{job="exporter", expiry_bucket="never"})': "never_expiring",
            'sum(datadog_access_tokens_by_last_use{job="exporter", last_used_bucket="never"})': "never_used",
            'sum(datadog_access_tokens_unscoped{job="exporter"})': "unscoped",
            'sum(datadog_access_tokens_leaked{job="exporter"})': "leaked",
        }
        for expression, fact in facts.items():
            self.assertEqual(self.value(expression), self.expected[fact], expression)

    def test_the_format_is_openmetrics_unless_text_is_asked_for(self):
        # Only OpenMetrics has units and info metrics.
        duration, build = "datadog_access_token_poll_duration_seconds", "datadog_access_token_exporter_build"
        for job in ("exporter", "demo"):
            self.assertEqual(self.prometheus.metadata(duration, job), ("gauge", "seconds"))
            self.assertEqual(self.prometheus.metadata(build, job), ("info", ""))
        self.assertEqual(self.prometheus.metadata(duration, "text"), ("gauge", ""))
        self.assertEqual(self.prometheus.metadata(build + "_info", "text"), ("gauge", ""))

    def test_both_formats_become_the_same_series(self):
        def series(job):
            found = self.prometheus.query(f'{{__name__=~"datadog_.+", job="{job}"}}')
            return {frozenset((name, float(value) if name == "le" else value) for name, value in labels
                              if name not in ("job", "instance")): value for labels, value in found.items()}
        of_text = series("text")
        self.assertGreater(len(of_text), 100)
        self.assertEqual(series("exporter"), of_text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
