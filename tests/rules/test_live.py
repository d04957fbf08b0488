"""The rules and the runbooks' commands against the running program: a real Prometheus evaluates the rules over --demo, every
query in a runbook is run, and its commands list as many tokens from the simulated API as the metrics count."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

from test_rules import ALERTS, FINDINGS, PLACES, RECORDED, RULES, fences, runbook, without_comments

import harness
from prometheus_server import Prometheus

# The alerts that must fire for the organization of --demo after their `for`: its leak, and the budgets that it exceeds. None of
# its findings is new.
TOLD = {"DatadogAccessTokenLeaked", "DatadogAccessTokenNeverExpiresOverBudget",
        "DatadogAccessTokenLifetimeOverPolicy"}
# How many words precede the program in a runbook's commands, by the first word.
STUBS = {"kubectl": 6, "sudo": 1, "docker": 3, "datadog_token_exporter": 0}
ASKS_FOR_JSON = "--list.format=json --list.owners=false | jq"
# Printed when listing all tokens: some have owners beyond the limit of lookups.
SAID_OF_OWNERS = "some owners are shown by id"


class InPrometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        # Includes the alerts that are off by default.
        subprocess.run([sys.executable, RULES / "generate.py", "--preset", "strict", "--directory", cls.directory.name], check=True,
                       timeout=harness.LIMIT_SECONDS)
        cls.demo = harness.Exporter("--demo", "--tokens.detail", "all")
        cls.demo.wait_for_poll()
        cls.prometheus = Prometheus([("exporter", cls.demo.url[7:], {})], cls.directory.name,
                                    rule_files=[os.path.join(cls.directory.name, name) for name in ("alerts.yaml", "recording.yaml")])
        cls.rules = harness.wait_until(cls.evaluated, "all rules are evaluated after a scrape")

    @classmethod
    def evaluated(cls):
        """All rules, after two evaluations of each since the exporter's series appeared."""
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

    def test_exactly_the_expected_alerts_are_active(self):
        active = {rule["name"] for rule in self.rules if rule.get("alerts")}
        self.assertEqual(active, TOLD)

    def test_only_a_leak_fires_at_once(self):
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
    """The runbooks' shell blocks, run unchanged."""

    @classmethod
    def setUpClass(cls):
        cls.api = harness.SimulatedDatadog("--tokens", "400", "--seed", "1")
        text = harness.run("--datadog.base-url", cls.api.url, "--once", DD_BEARER_TOKEN=harness.ACCESS_TOKEN).stdout
        cls.metrics = harness.parse_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.api.stop()

    def run_block(self, block):
        """The output lines of a block in which `kubectl exec` and similar commands run the program locally, with the API's
        address and key."""
        with tempfile.TemporaryDirectory() as directory:
            for name, words in STUBS.items():
                path = os.path.join(directory, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f'#!/bin/sh\nshift {words}\nexec {harness.EXPORTER} "$@"\n')
                os.chmod(path, 0o755)
            secret = os.path.join(directory, "secret")
            with harness.private_file(secret) as file:
                file.write(harness.ACCESS_TOKEN)
            block = block.replace("/etc/datadog/bearer-token", secret).replace("https://api.datadoghq.com", self.api.url)
            path = f"{directory}:{os.environ['PATH']}"
            result = subprocess.run(["bash", "-e", "-u", "-o", "pipefail", "-c", block], cwd=directory, capture_output=True, text=True,
                                    check=False, timeout=harness.LIMIT_SECONDS, env=harness.clean_environment(
                                        PATH=path, NAMESPACE="here", NAME="tokens", POD="tokens-0", CONTAINER="tokens",
                                        DATADOG_TOKEN_EXPORTER_DATADOG_BASE_URL=self.api.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN))
        said = [line for line in result.stderr.splitlines() if SAID_OF_OWNERS not in line]
        self.assertEqual((result.returncode, said), (0, []), block)
        return result.stdout.splitlines()

    def block_of(self, name, part):
        block, = [block for block in fences(runbook(name), "sh") if part in block]
        return block

    def counted(self, metric, labels):
        return sum(value for key, value in self.metrics[metric].items() if set(labels.items()) <= set(key))

    def test_each_command_lists_as_many_tokens_as_the_finding_counts(self):
        for name, reason in FINDINGS.items():
            with self.subTest(name):
                count = int(self.counted("datadog_access_tokens_at_risk", {"reason": reason}))
                self.assertGreater(count, 0)
                lines = self.run_block(self.block_of(name, f"sudo datadog-token-exporter-run --list={reason}"))
                self.assertEqual([line for line in lines if line.endswith(" of 400 tokens")], len(PLACES) * [f"{count} of 400 tokens"])

    def test_commands_without_a_finding_list_all_tokens(self):
        for name in ("DatadogAccessTokenMassRemoval", "DatadogTokenExporterSingleOwner", "DatadogTokenExporterDetailOmitted"):
            lines = self.run_block(self.block_of(name, "sudo datadog-token-exporter-run --list"))
            self.assertEqual(lines.count("400 of 400 tokens"), len(PLACES), name)

    def test_tokens_expiring_soon_match_the_finding(self):
        reason = ("reason", "expiring_in_use")
        of = {kind: sum(value for labels, value in self.metrics["datadog_access_tokens_at_risk"].items()
                        if reason in labels and (("owner_type", "user") in labels) == (kind == "people")) for kind in ("people", "machines")}
        self.assertGreater(of["machines"], 0)
        self.assertEqual(len(self.run_block(self.block_of("DatadogAccessTokenExpiresSoon", ASKS_FOR_JSON))), of["machines"])
        owners = self.run_block(self.block_of("DatadogAccessTokenOfUserExpiresSoon", ASKS_FOR_JSON))
        self.assertEqual(sum(json.loads(line)[0] for line in owners), of["people"])

    def test_tokens_expiring_within_a_day_match_the_next_expiry(self):
        next_expiry = min(value for labels, value in self.metrics["datadog_access_token_next_expiry_in_use_timestamp_seconds"].items()
                          if ("owner_type", "user") not in labels)
        lines = self.run_block(self.block_of("DatadogAccessTokenExpiresImminently", ASKS_FOR_JSON))
        self.assertEqual(bool(lines), next_expiry < time.time() + 86400)

    def test_scope_counts_match_the_metric_and_the_rarest_come_first(self):
        lines = self.run_block(self.block_of("DatadogTokenExporterScopesFolded", ASKS_FOR_JSON))
        self.assertEqual(len(lines), 50)
        for line in lines:
            count, scope = line.split()
            self.assertEqual(int(count), self.counted("datadog_access_token_scope_grants", {"scope": scope.strip('"')}))
        counts = [int(line.split()[0]) for line in lines]
        self.assertEqual(counts, sorted(counts))

    def test_every_other_command_that_asks_for_json_runs(self):
        ran = 0
        for name in ALERTS:
            for block in fences(runbook(name), "sh"):
                if ASKS_FOR_JSON in block:
                    self.run_block(block)
                    ran += 1
        self.assertGreaterEqual(ran, 8)

    def test_the_answer_of_the_api_is_shown_as_it_is(self):
        lines = self.run_block(self.block_of("DatadogTokenExporterFieldsUnparsed", "curl"))
        self.assertEqual(len(lines), 10)

    def test_the_exporters_own_token_is_found(self):
        for name in ("DatadogTokenExporterCredentialExpires", "DatadogTokenExporterCredentialExpiresSoon"):
            self.assertEqual(len(self.run_block(self.block_of(name, ASKS_FOR_JSON))), 1, name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
