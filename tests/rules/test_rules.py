"""The form of the rules: a single source, conventions for names and texts, runbooks, their manual, and that every metric, label and
value they name exists in the program.

`python3 tests/rules/test_rules.py --write` (with EXPORTER set) writes the table of alerts in dashboards/README.md."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import harness  # pylint: disable=wrong-import-position

from promtool import PROMTOOLS  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "dashboards" / "rules"
RUNBOOKS = ROOT / "dashboards" / "runbooks"
SOURCE = ROOT / "helm" / "datadog-token-exporter" / "files"
MANUAL = ROOT / "dashboards" / "README.md"
# Alerts on tokens with a finding, and that finding. Two more alerts are about the number of tokens and have no finding.
FINDINGS = {
    "DatadogAccessTokenLeaked": "leaked",
    "DatadogAccessTokenAnotherLeaked": "leaked",
    "DatadogAccessTokenPrivilegedNeverExpires": "never_expires_privileged",
    "DatadogAccessTokenPrivilegedUnused": "unused_privileged",
    "DatadogAccessTokenUnscoped": "unscoped",
    "DatadogAccessTokenExpiresImminently": "expiring_in_use",
    "DatadogAccessTokenExpiresSoon": "expiring_in_use",
    "DatadogAccessTokenOfUserExpiresSoon": "expiring_in_use",
    "DatadogAccessTokenNeverExpiresOverBudget": "never_expires",
    "DatadogAccessTokenLifetimeOverPolicy": "lifetime_over_policy",
    "DatadogAccessTokenUnused": "unused",
    "DatadogAccessTokenExpiredStillListed": "expired_still_listed",
}
BUDGETS = {"DatadogAccessTokenNeverExpiresOverBudget", "DatadogAccessTokenUnused", "DatadogAccessTokenLifetimeOverPolicy",
           "DatadogAccessTokenExpiredStillListed", "DatadogAccessTokenOfUserExpiresSoon"}
# Alerts that page somebody: act immediately.
CRITICAL = {"DatadogAccessTokenLeaked", "DatadogAccessTokenExpiresImminently", "DatadogTokenExporterDown",
            "DatadogTokenExporterCredentialsRefused", "DatadogTokenExporterCredentialExpires"}
OF_CHANGE = {"DatadogAccessTokenSuddenGrowth", "DatadogAccessTokenMassRemoval"}
# How a runbook lists tokens, for each way to run the exporter.
PLACES = ("kubectl exec -n $NAMESPACE deploy/$NAME -- /usr/bin/datadog_token_exporter", "sudo datadog-token-exporter-run",
          "docker exec $CONTAINER /usr/bin/datadog_token_exporter")
SECTIONS = ["What it means", "How to find it", "What to do", "When to silence"]
# Labels that come from the scrape, not from the program.
TARGET_LABELS = {"job", "instance", "pod", "container", "endpoint", "node"}

sys.path.insert(0, str(RULES))
sys.dont_write_bytecode = True
import generate  # pylint: disable=wrong-import-position

ALERTS = generate.load("alerts.yaml")
RUNBOOK_URL_BASE = "https://wiki.example.test/runbooks"
# Includes those that are off by default.
RENDERED = {rule["alert"]: rule for group in generate.alert_groups(runbook_url_base=RUNBOOK_URL_BASE, preset="strict")["groups"]
            for rule in group["rules"]}
RECORDED = {rule["record"]: rule["expr"] for group in generate.recording_groups()["groups"] for rule in group["rules"]}
SELECTOR = re.compile(r"\b(datadog_access_token\w+|process_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def exposition():
    """{metric: {label: values}} with every optional series enabled."""
    text = harness.everything()
    metrics = {}
    for name, series in harness.parse_text(text).items():
        labels = metrics.setdefault(name, {})
        for pairs in series:
            for label, value in pairs:
                labels.setdefault(label, set()).add(value)
    return metrics


def faults(expression, metrics):
    """Metrics, labels and values in an expression that the program does not export."""
    found, labels = [], set(TARGET_LABELS)
    selectors = SELECTOR.findall(expression)
    for metric, matchers in selectors:
        if metric == "up":
            continue
        if metric not in metrics:
            found.append(f"metric {metric}")
            continue
        known = metrics[metric]
        labels |= set(known)
        for label, operator, value in MATCHER.findall(matchers):
            values = value.split("|") if operator in ("=~", "!~") else [value]
            if label in TARGET_LABELS:
                continue
            if label not in known:
                found.append(f"{metric} has no label {label}")
            # The values of zero-filled labels are known; organizations and scopes can have any name.
            elif label not in ("org", "scope"):
                found += [f"{metric} has no {label}={one}" for one in values
                          # The bucket "unknown" appears only once there is something to count.
                          if one not in known[label] and (one != "unknown" or not label.endswith("_bucket"))]
    for _, listed in re.findall(r"\b(by|without|on|ignoring|group_left)\s*\(([^()]*)\)", expression):
        found += [f"no label {label}" for label in re.findall(r"\w+", listed) if label not in labels]
    return found if selectors else ["no metric at all"]


def without_comments(promql):
    return re.sub(r"#.*", "", promql)


def runbook(name):
    return (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")


def fences(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def alert_table():
    rows = ["| alert | severity | for | threshold | meaning |", "|---|---|---|---|---|"]
    for name, alert in ALERTS.items():
        limit = f"{alert['threshold']} {alert['unit']}" if "threshold" in alert else ""
        severity = alert["severity"] if alert.get("enabled", True) else f"{alert['severity']}, off"
        rows.append(f"| [{name}](runbooks/{name}.md) | {severity} | {alert['for']} | {limit} "
                    f"| {alert['summary']} |")
    return "\n".join(rows) + "\n"


class Rules(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.metrics = exposition()

    def test_the_standalone_files_match_the_source(self):
        for name, text in generate.files().items():
            self.assertEqual((RULES / name).read_text(encoding="utf-8"), text, "run dashboards/rules/generate.py")

    def test_every_alert_is_rendered(self):
        self.assertGreaterEqual(len(ALERTS), 21)
        self.assertEqual([name for name in ALERTS if name not in RENDERED], [])

    def test_presets_select_the_expected_alerts(self):
        names = {preset: {rule["alert"] for group in generate.alert_groups(preset=preset)["groups"] for rule in group["rules"]}
                 for preset in generate.PRESETS}
        self.assertEqual(names, {"minimal": CRITICAL, "standard": set(ALERTS) - BUDGETS, "strict": set(ALERTS)})
        self.assertEqual({name for name, alert in ALERTS.items() if alert["severity"] == "critical"}, CRITICAL)
        for name in BUDGETS:
            self.assertEqual((ALERTS[name]["enabled"], ALERTS[name]["severity"], ALERTS[name]["unit"]),
                             (False, "info", "percent of all tokens"), name)

    def test_the_generator_writes_the_preset_that_is_asked_for(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([sys.executable, RULES / "generate.py", "--preset", "minimal", "--directory", directory], check=True,
                           timeout=60)
            written = yaml.safe_load(pathlib.Path(directory, "alerts.yaml").read_text(encoding="utf-8"))
        self.assertEqual({rule["alert"] for group in written["groups"] for rule in group["rules"]}, CRITICAL)

    def test_runbook_urls_follow_the_base_url_if_given(self):
        for name, rule in RENDERED.items():
            self.assertEqual(rule["annotations"]["runbook_url"], f"{RUNBOOK_URL_BASE}/{name}.md")
        with_slash = generate.alert_groups(runbook_url_base=RUNBOOK_URL_BASE + "/", preset="strict")
        self.assertEqual({rule["alert"]: rule for group in with_slash["groups"] for rule in group["rules"]}, RENDERED)
        self.assertNotIn("runbook_url", (RULES / "alerts.yaml").read_text(encoding="utf-8"))

    def test_the_source_has_the_keys_that_the_chart_reads(self):
        optional = {"enabled", "threshold", "unit", "labels"}
        for name, alert in ALERTS.items():
            self.assertEqual(set(alert) - optional,
                             {"severity", "for", "keepFiringFor", "summary", "description", "expr"}, name)
            self.assertEqual("threshold" in alert, "unit" in alert, name)
            self.assertEqual("threshold" in alert, "$THRESHOLD" in alert["expr"], name)
            self.assertIsInstance(alert.get("threshold", 0), int, name)

    def test_nothing_is_left_to_replace(self):
        for name, rule in RENDERED.items():
            self.assertNotRegex(rule["expr"], r"\$|None|\{\}|, *\}", name)
        for name, expression in RECORDED.items():
            self.assertNotRegex(expression, r"\$|\{\}|, *\}", name)

    def test_a_selector_reaches_every_selector(self):
        selector = 'job="tokens"'
        for name, rule in {**{rule["alert"]: rule["expr"] for group in generate.alert_groups(selector, preset="strict")["groups"]
                              for rule in group["rules"]},
                           **{rule["record"]: rule["expr"] for group in generate.recording_groups(selector)["groups"]
                              for rule in group["rules"]}}.items():
            for metric, matchers in SELECTOR.findall(rule):
                self.assertTrue(matchers.endswith(selector), f"{name}: {metric}")

    def test_promtool_accepts_the_rules_with_a_selector(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([sys.executable, RULES / "generate.py", "--selector", 'job="tokens",cluster=~"a|b"', "--directory",
                            directory], check=True, timeout=60)
            for name in ("alerts.yaml", "recording.yaml"):
                for tool in PROMTOOLS:
                    result = subprocess.run([tool, "check", "rules", os.path.join(directory, name)], capture_output=True, text=True,
                                            timeout=60, check=False)
                    self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_promtool_accepts_the_sample_configuration(self):
        for tool in PROMTOOLS:
            result = subprocess.run([tool, "check", "config", ROOT / "dashboards" / "prometheus.yaml"], capture_output=True, text=True,
                                    timeout=60, check=False)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn("alerts.yaml", result.stdout)

    def test_names_and_labels(self):
        for name, rule in RENDERED.items():
            self.assertRegex(name, r"^Datadog(TokenExporter|AccessToken)[A-Z]\w+$")
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"), name)
            self.assertNotIn("{{", str(rule["labels"]), name)
            self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"}, name)

    def test_summaries_are_fixed_sentences_and_descriptions_say_which(self):
        for name, rule in RENDERED.items():
            summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
            self.assertRegex(summary, r"^[A-Z][^{}.\n]*\.$", name)
            self.assertLess(len(summary), 90, name)
            self.assertIn("$labels.", description, name)
            self.assertRegex(description, r"\.$", name)

    def test_alerts_outlast_gaps_and_count_replicas_once(self):
        replicas = re.escape("(instance, pod, container, endpoint, node")
        for name, rule in RENDERED.items():
            self.assertRegex(rule["expr"], rf"(max|group|count) without {replicas}", name)
            self.assertRegex(rule["expr"], r"_over_time\(|increase\(", name)
            self.assertNotEqual(rule["keep_firing_for"], "0m", name)
            if "absent" in rule["expr"]:
                self.assertNotEqual(rule["for"], "0m", name)

    def test_descriptions_name_the_organization_and_count(self):
        """All name an organization, except those about an exporter, which has several; those about tokens also give the number."""
        for name, rule in RENDERED.items():
            description = rule["annotations"]["description"]
            if name != "DatadogTokenExporterReloadFailed":
                self.assertRegex(description, r"[Ll]abels\.org", name)
            if name.startswith("DatadogAccessToken"):
                self.assertRegex(description, r"\$value \}\}|first \| value", name)

    def test_expiry_alerts_give_the_age_of_the_list(self):
        for name, rule in RENDERED.items():
            if "next_expiry" in rule["expr"]:
                self.assertIn("datadog_access_token_poll_last_success_timestamp_seconds",
                              rule["annotations"]["description"], name)

    def test_no_alert_depends_on_the_bounds_of_buckets_or_on_recordings(self):
        for name, rule in RENDERED.items():
            without_subqueries = re.sub(r"\[\w+:\w+\]", "", rule["expr"])
            self.assertNotRegex(without_subqueries, r"bucket *[=!]|:", name)

    def test_expressions_use_published_metrics(self):
        for name, expression in {**{name: rule["expr"] for name, rule in RENDERED.items()}, **RECORDED}.items():
            self.assertEqual(faults(expression, self.metrics), [], name)

    def test_queries_in_descriptions_use_published_metrics(self):
        asked = 0
        for name, rule in RENDERED.items():
            for query in re.findall(r'printf "((?:[^"\\]|\\.)*)"', rule["annotations"]["description"]):
                if not query.startswith("%"):
                    asked += 1
                    query = re.sub(r"\w+=%q,?", "", query).replace('\\"', '"')
                    self.assertEqual(faults(query, self.metrics), [], name)
        self.assertGreater(asked, 15)

    def test_recordings_say_level_metric_and_operation(self):
        for name, expression in RECORDED.items():
            level, metric, operation = name.split(":")
            self.assertIn(metric, expression)
            self.assertIn(f"{operation} without", expression)
            self.assertTrue(level)


class Runbooks(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.metrics = exposition()

    def test_commands_name_no_release_and_no_configuration(self):
        """The pod's environment names the configuration, so programs started by `kubectl exec` find it too."""
        for name in ALERTS:
            text = runbook(name)
            self.assertNotIn("deploy/datadog-token-exporter", text, name)
            for command in re.findall(r"kubectl exec .*", text):
                self.assertRegex(command, r"kubectl exec -n \$NAMESPACE (deploy/\$NAME|\$POD) -- /usr/bin/datadog_token_exporter --", name)
                self.assertNotIn("--config.file", command, name)

    def test_there_is_one_for_each_alert(self):
        self.assertEqual(sorted(path.stem for path in RUNBOOKS.glob("*.md")), sorted(ALERTS))

    def test_each_has_the_sections_that_a_person_looks_for(self):
        for name in ALERTS:
            text = runbook(name)
            self.assertTrue(text.startswith(f"# {name}\n"), name)
            parts = re.split(r"^## (.*)$", text, flags=re.M)
            self.assertEqual(parts[1::2], SECTIONS, name)
            self.assertEqual([heading for heading, body in zip(parts[1::2], parts[2::2]) if len(body.strip()) < 40], [], name)

    def test_token_alerts_say_three_ways_to_the_tokens(self):
        for name in FINDINGS:
            text = runbook(name)
            self.assertIn("Organization Settings > Access Tokens", text, name)
            self.assertIn("In Prometheus, with `--tokens.detail=findings`", text, name)
            self.assertIn(f'datadog_access_token_finding{{reason="{FINDINGS[name]}"}}', text, name)

    def test_every_alert_on_a_finding_is_known_here(self):
        self.assertEqual({name for name in ALERTS if name.startswith("DatadogAccessToken")}, set(FINDINGS) | OF_CHANGE)
        for name, reason in FINDINGS.items():
            named = re.findall(r'reason="(\w+)"', RENDERED[name]["expr"])
            self.assertLessEqual(set(named), {reason}, name)

    def test_a_finding_begins_with_the_commands_that_list_it(self):
        """After one sentence, before anything else to read."""
        for name, reason in FINDINGS.items():
            heading, sentence, commands, *_ = runbook(name).split("\n\n")
            self.assertEqual(heading, f"# {name}")
            self.assertRegex(sentence, r"\A[A-Z][^.\n]*(\.\w[^.\n]*)*\.\Z", name)
            self.assertEqual([line.partition(" #")[0] for line in commands.splitlines() if not line.startswith(("#", "```"))],
                             [f"{place} --list={reason}" for place in PLACES], name)

    def test_tokens_are_listed_the_same_way_everywhere(self):
        """In every runbook, for Kubernetes, systemd and Docker."""
        listings = set()
        for name in ALERTS:
            for block in fences(runbook(name), "sh"):
                if any(place in block for place in PLACES):
                    listings.add(re.sub(r"--list\S*", "--list", block))
        self.assertEqual(len(listings), 1)

    def test_no_command_pages_through_the_api(self):
        for name in ALERTS:
            for block in fences(runbook(name), "sh"):
                self.assertNotRegex(block, r"(?m)^\s*(while|for|until)\b", name)
                self.assertNotRegex(block, r"curl\b.*(localhost|127\.0\.0\.1|\[::1\])", name)

    def test_no_secret_is_passed_on_a_command_line(self):
        for name in ALERTS:
            self.assertNotRegex(runbook(name), r"-H\s*[\"']?(Authorization|DD-)", name)

    def test_names_from_the_api_reach_the_terminal_escaped(self):
        for name in ALERTS:
            self.assertNotRegex(runbook(name), r"jq\b[^|]* -(r|-raw|j)", name)

    def test_queries_use_published_metrics(self):
        for name in ALERTS:
            for query in fences(runbook(name), "promql"):
                self.assertEqual(faults(without_comments(query), self.metrics), [], name)

    def test_metrics_and_flags_exist(self):
        known = set(re.findall(r"--([a-z.-]+)", harness.run("--help").stdout))
        for name in ALERTS:
            text = runbook(name)
            for metric in re.findall(r"\bdatadog_access_token\w*", text):
                self.assertIn(metric, self.metrics, name)
            flags = set(re.findall(r"(?<![\w-])--((?:tokens|poll|policy|scopes|web|buckets|datadog|config|check|list|probe)\b[\w.-]*)",
                                   text))
            self.assertEqual(sorted(flags - known), [], name)

    def test_the_manual_has_the_alerts(self):
        text = MANUAL.read_text(encoding="utf-8")
        block = re.search(r"<!-- alerts:.*?-->\n(.*?)<!-- /alerts -->", text, re.S).group(1)
        self.assertEqual(block, alert_table())


def write():
    text = MANUAL.read_text(encoding="utf-8")
    text = re.sub(r"(<!-- alerts:.*?-->\n).*?(<!-- /alerts -->)", lambda m: m.group(1) + alert_table() + m.group(2), text,
                  flags=re.S)
    MANUAL.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
