"""The PrometheusRule equals the standalone rules plus the changes from the values."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import chart

STANDALONE = chart.SOURCE_DIR / "dashboards" / "rules"
sys.path.insert(0, str(STANDALONE))
import generate  # pylint: disable=wrong-import-position

# Number of alerts: the critical ones, all but the five budgets, and all.
PRESETS = {"minimal": 5, "standard": 22, "strict": 27}


def rules(objects):
    """{rule name: rule} of a PrometheusRule."""
    return {rule.get("alert") or rule["record"]: rule
            for group in objects.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]}


def render(**prometheus_rule):
    return rules(chart.render({"demo": {"enabled": True}, "prometheusRule": {"enabled": True, **prometheus_rule}}))


class Rules(unittest.TestCase):
    maxDiff = None

    def test_the_defaults_match_the_standalone_rules(self):
        for helm in chart.HELMS:
            with self.subTest(helm=helm):
                groups = chart.rendering("prometheus-rule-defaults", helm).one("PrometheusRule")["spec"]["groups"]
                standalone = []
                for name in ("alerts.yaml", "recording.yaml"):
                    standalone += yaml.safe_load((STANDALONE / name).read_text(encoding="utf-8"))["groups"]
                self.assertEqual([group["name"] for group in groups], [group["name"] for group in standalone])
                for group, other in zip(groups, standalone):
                    def name_of(rule):
                        return rule.get("alert") or rule["record"]
                    self.assertEqual(sorted(group["rules"], key=name_of), sorted(other["rules"], key=name_of))

    def test_each_preset_matches_the_generator(self):
        self.assertEqual(set(PRESETS), set(generate.PRESETS))
        for preset, count in PRESETS.items():
            for helm in chart.HELMS:
                with self.subTest(preset=preset, helm=helm):
                    values = {"demo": {"enabled": True}, "prometheusRule": {"enabled": True, "preset": preset, "recordingRules": False}}
                    rendered = rules(chart.Objects(chart.objects(chart.template(helm, values))))
                    generated = {rule["alert"]: rule for group in generate.alert_groups(preset=preset)["groups"]
                                 for rule in group["rules"]}
                    self.assertEqual(rendered, generated)
                    self.assertEqual(len(rendered), count)

    def test_minimal_is_critical_and_strict_adds_the_budgets(self):
        minimal, standard, strict = (render(preset=preset, recordingRules=False) for preset in PRESETS)
        self.assertEqual({rule["labels"]["severity"] for rule in minimal.values()}, {"critical"})
        self.assertEqual({name for name, rule in standard.items() if rule["labels"]["severity"] == "critical"}, set(minimal))
        self.assertEqual({rule["labels"]["severity"] for name, rule in strict.items() if name not in standard}, {"info"})

    def test_single_alerts_are_switched_whatever_the_preset(self):
        changes = {"DatadogAccessTokenUnused": {"enabled": True, "threshold": 25}, "DatadogAccessTokenLeaked": {"enabled": False}}
        for preset in PRESETS:
            alerts = render(preset=preset, alerts=changes)
            self.assertRegex(alerts["DatadogAccessTokenUnused"]["expr"], r"> 25\s*$")
            self.assertNotIn("DatadogAccessTokenLeaked", alerts)

    def test_a_custom_severity_changes_no_preset(self):
        alerts = render(preset="minimal", alerts={"DatadogTokenExporterDown": {"severity": "warning"},
                                                  "DatadogTokenExporterDataStale": {"severity": "critical"}})
        self.assertEqual(alerts["DatadogTokenExporterDown"]["labels"]["severity"], "warning")
        self.assertNotIn("DatadogTokenExporterDataStale", alerts)

    def test_promtool_takes_what_the_chart_renders(self):
        for name in ("prometheus-rule", "prometheus-rule-defaults"):
            with self.subTest(values=name), tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory) / "rules.yaml"
                path.write_text(yaml.safe_dump(chart.rendering(name).one("PrometheusRule")["spec"]), encoding="utf-8")
                result = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True,
                                        timeout=chart.LIMIT_SECONDS, check=False)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_one_alert_changes_with_a_few_lines(self):
        changed = rules(chart.rendering("prometheus-rule"))["DatadogTokenExporterCredentialExpires"]
        self.assertEqual((changed["for"], changed["keep_firing_for"]), ("1m", "1h"))
        self.assertEqual(changed["labels"], {"severity": "warning", "page": "no", "team": "security"})
        self.assertEqual(changed["annotations"]["summary"], "Other words.")
        self.assertEqual(changed["annotations"]["dashboard"], "tokens")
        self.assertIn("< 2.5 * 86400", changed["expr"])

    def test_a_threshold_moves_the_band_beside_it(self):
        self.assertIn(">= 2.5 * 86400", rules(chart.rendering("prometheus-rule"))["DatadogTokenExporterCredentialExpiresSoon"]["expr"])

    def test_a_threshold_can_be_zero(self):
        alerts = render(alerts={"DatadogTokenExporterCredentialExpires": {"threshold": 0}, "DatadogTokenExporterRateLimitNear": {"threshold": 0}})
        self.assertIn(">= 0 * 86400", alerts["DatadogTokenExporterCredentialExpiresSoon"]["expr"])
        self.assertRegex(alerts["DatadogTokenExporterRateLimitNear"]["expr"], r"< 0$")

    def test_an_alert_takes_over_the_band_of_a_disabled_one(self):
        alerts = render(alerts={"DatadogTokenExporterCredentialExpires": {"enabled": False}})
        self.assertNotIn("DatadogTokenExporterCredentialExpires", alerts)
        self.assertIn(">= 0 * 86400", alerts["DatadogTokenExporterCredentialExpiresSoon"]["expr"])

    def test_a_custom_expression_has_the_same_placeholders(self):
        rule = rules(chart.rendering("prometheus-rule"))["DatadogTokenExporterScopesFolded"]
        self.assertEqual(rule["expr"], 'datadog_access_token_scopes_folded{cluster="eu1",job=~"tokens.*"} > 7 + 1')
        self.assertNotIn("keep_firing_for", rule)

    def test_a_disabled_alert_is_not_there(self):
        self.assertNotIn("DatadogAccessTokenUnscoped", rules(chart.rendering("prometheus-rule")))
        self.assertIn("DatadogAccessTokenUnscoped", rules(chart.rendering("prometheus-rule-defaults")))

    def test_a_matcher_is_in_every_selector(self):
        for name, rule in rules(chart.rendering("prometheus-rule")).items():
            if name != "Own":
                metrics = re.findall(r"\bdatadog_access_token\w*", rule["expr"])
                self.assertEqual(rule["expr"].count('cluster="eu1",job=~"tokens.*"}'), len(metrics), name)

    def test_no_placeholder_is_left(self):
        for name in ("prometheus-rule", "prometheus-rule-defaults"):
            for rule in rules(chart.rendering(name)).values():
                self.assertNotRegex(rule["expr"], r"\$|<nil>|null|\{\}")

    def test_every_alert_leads_to_its_runbook(self):
        for name, rule in rules(chart.rendering("prometheus-rule")).items():
            if "annotations" in rule:
                self.assertEqual(rule["annotations"]["runbook_url"], f"https://wiki.example.com/runbooks/{name}.md")

    def test_no_runbook_url_without_a_base_url(self):
        for rule in rules(chart.rendering("prometheus-rule-defaults")).values():
            self.assertNotIn("runbook_url", rule.get("annotations", {}))

    def test_groups_of_ones_own_and_an_interval(self):
        spec = chart.rendering("prometheus-rule").one("PrometheusRule")["spec"]
        self.assertEqual(spec["groups"][-1], {"name": "own", "rules": [{"alert": "Own", "expr": "vector(1)"}]})
        self.assertEqual({group.get("interval") for group in spec["groups"][:-1]}, {"1m"})

    def test_recording_rules_can_be_left_out(self):
        self.assertEqual([rule for rule in render(recordingRules=False).values() if "record" in rule], [])


if __name__ == "__main__":
    unittest.main(argv=["test_rules", "-v"])
