"""The rules and the runbooks' commands against the running program: a real Prometheus evaluates the rules over --demo, every
query of a runbook is asked, and the shell commands find in the simulated API the tokens that the metrics count."""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

from test_rules import ALERTS, RECORDED, RULES, fences, runbook, without_comments

import harness
from prometheus_server import Prometheus

# What the organization of --demo has, and so what must be told of it, once what it has is older than `for`.
TOLD = {"DatadogAccessTokenLeaked", "DatadogAccessTokenExpiresSoon", "DatadogAccessTokenOfUserExpiresSoon",
        "DatadogAccessTokenNeverExpiresOverBudget", "DatadogAccessTokenPrivilegedNeverExpires", "DatadogAccessTokenUnused",
        "DatadogAccessTokenLifetimeOverPolicy", "DatadogAccessTokenExpiredStillListed"}
# The finding, or the metric, that counts what a runbook's listing finds.
COUNTED = {
    "DatadogAccessTokenLeaked": ("datadog_access_tokens_leaked", {}),
    "DatadogAccessTokenNeverExpiresOverBudget": ("datadog_access_tokens_at_risk", {"reason": "never_expires"}),
    "DatadogAccessTokenPrivilegedNeverExpires": ("datadog_access_tokens_at_risk", {"reason": "never_expires"}),
    "DatadogAccessTokenUnused": ("datadog_access_tokens_at_risk", {"reason": "unused"}),
    "DatadogAccessTokenLifetimeOverPolicy": ("datadog_access_tokens_at_risk", {"reason": "lifetime_over_policy"}),
    "DatadogAccessTokenExpiredStillListed": ("datadog_access_tokens_at_risk", {"reason": "expired_still_listed"}),
    "DatadogAccessTokenMassRemoval": ("datadog_access_tokens", {}),
}


class InPrometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        cls.demo = harness.Exporter("--demo", "--tokens.detail", "all")
        cls.demo.wait_for_poll()
        cls.prometheus = Prometheus([("exporter", cls.demo.url[7:], {})], cls.directory.name,
                                    rule_files=[str(RULES / "alerts.yaml"), str(RULES / "recording.yaml")])
        cls.rules = harness.wait_until(cls.evaluated, "all rules are evaluated after a scrape")

    @classmethod
    def evaluated(cls):
        """All rules, once each has been evaluated twice since the exporter's series are there."""
        if not cls.prometheus.query("datadog_access_token_poll_success"):
            return None
        scraped = getattr(cls, "scraped", None)
        if scraped is None:
            cls.scraped = scraped = time.time()
        found = cls.prometheus.ask("rules")
        rules = [rule for group in found["groups"] for rule in group["rules"]] if found else []
        moments = [time.mktime(time.strptime(rule["lastEvaluation"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                   for rule in rules]
        return rules if rules and min(moments) > scraped + 2 else None

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        cls.demo.stop()
        cls.directory.cleanup()

    def test_every_rule_is_loaded_and_healthy(self):
        self.assertEqual(len(self.rules), len(ALERTS) + len(RECORDED))
        self.assertEqual([(rule["name"], rule.get("lastError")) for rule in self.rules if rule["health"] != "ok"], [])

    def test_exactly_what_the_organization_has_is_told(self):
        active = {rule["name"] for rule in self.rules if rule.get("alerts")}
        self.assertEqual(active, TOLD)

    def test_a_leak_is_told_at_once(self):
        firing = {rule["name"] for rule in self.rules if rule.get("state") == "firing"}
        self.assertEqual(firing, {"DatadogAccessTokenLeaked"})

    def test_texts_are_rendered_whole(self):
        alerts = [alert for rule in self.rules for alert in rule.get("alerts", [])]
        self.assertGreaterEqual(len(alerts), len(TOLD))
        for alert in alerts:
            text = alert["annotations"]["description"]
            self.assertIn("demo", text)
            self.assertNotRegex(text, r"\{\{|no value|error|NaN|Inf|unknown age")

    def test_recordings_are_the_sums(self):
        query = self.prometheus.query
        self.assertEqual(sum(query("sum(org:datadog_access_tokens:sum)").values()), 400)
        for recorded in ("scope:datadog_access_token_scope_grants:sum",
                         "scope_expiry_bucket:datadog_access_token_scope_grants:sum"):
            self.assertEqual(query(f"sum({recorded})"), query("sum(datadog_access_token_scope_grants)"))

    def test_every_query_of_a_runbook_is_answered(self):
        asked = 0
        for name in ALERTS:
            for block in fences(runbook(name), "promql"):
                for query in filter(None, (line.strip() for line in without_comments(block).splitlines())):
                    with self.subTest(name, query=query):
                        self.prometheus.get("query", query=query)
                        asked += 1
        self.assertGreater(asked, 40)


class InTheApi(unittest.TestCase):
    """The runbooks' shell blocks, as they stand there."""

    @classmethod
    def setUpClass(cls):
        cls.api = harness.SimulatedDatadog("--tokens", "400", "--seed", "1")
        text = harness.run("--datadog.base-url", cls.api.url, "--once", DD_BEARER_TOKEN=harness.ACCESS_TOKEN).stdout
        cls.metrics = harness.parse_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.api.stop()

    def listing(self, name):
        """The lines that the runbook's listing prints."""
        block = next(block for block in fences(runbook(name), "sh") if block.startswith("API="))
        with tempfile.TemporaryDirectory() as directory:
            result = subprocess.run(["bash", "-u", "-c", block], cwd=directory, capture_output=True, text=True, check=False,
                                    timeout=harness.LIMIT_SECONDS,
                                    env=harness.clean_environment(API=self.api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN))
        self.assertEqual(result.stderr, "", name)
        return result.stdout.splitlines()

    def counted(self, metric, labels):
        return sum(value for key, value in self.metrics[metric].items() if set(labels.items()) <= set(key))

    def test_a_runbook_lists_as_many_tokens_as_its_metric_counts(self):
        for name, (metric, labels) in COUNTED.items():
            with self.subTest(name):
                lines = self.listing(name)
                self.assertEqual(len(lines), self.counted(metric, labels))
                self.assertGreater(len(lines), 0)

    def test_what_expires_soon_is_what_the_buckets_count(self):
        for name, buckets, owner_type in (("DatadogAccessTokenExpiresSoon", ("under_1d", "1d_to_7d"), "service_account"),
                                          ("DatadogAccessTokenOfUserExpiresSoon", ("under_1d", "1d_to_7d"), "user"),
                                          ("DatadogAccessTokenExpiresImminently", ("under_1d",), "service_account")):
            with self.subTest(name):
                self.assertEqual(len(self.listing(name)),
                                 sum(self.counted("datadog_access_tokens", {"expiry_bucket": bucket, "owner_type": owner_type})
                                     for bucket in buckets))

    def test_every_listing_of_a_runbook_runs(self):
        ran = 0
        for name in ALERTS:
            if re.search(r"^API=", runbook(name), re.M) and "CredentialExpires" not in name:
                self.listing(name)
                ran += 1
        self.assertGreater(ran, 10)

    def test_the_exporters_own_token_is_found(self):
        for name in ("DatadogTokenExporterCredentialExpires", "DatadogTokenExporterCredentialExpiresSoon"):
            block = next(block for block in fences(runbook(name), "sh") if block.startswith("API="))
            with tempfile.TemporaryDirectory() as directory:
                secret = os.path.join(directory, "secret")
                with harness.private_file(secret) as file:
                    file.write(harness.ACCESS_TOKEN)
                result = subprocess.run(["bash", "-c", block.replace("/etc/datadog/bearer-token", secret)], cwd=directory,
                                        capture_output=True, text=True, check=False, timeout=harness.LIMIT_SECONDS,
                                        env=harness.clean_environment(API=self.api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN))
            self.assertEqual(len(result.stdout.splitlines()), 1, result)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
