"""An organization in which nothing changes triggers no alerts: the 5,000 tokens of `--demo`, unchanged for two days."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import harness  # pylint: disable=wrong-import-position

import promtool  # pylint: disable=wrong-import-position
from test_alerts import generate  # pylint: disable=wrong-import-position

STEP = 15  # minutes
STEPS = 2 * 24 * 60 // STEP
# These advance even if nothing changes: polls, and time. When a token expires, the next one is as far away as that one was.
MOVES_WITH_TIME = ("datadog_access_token_poll_last_success_timestamp_seconds", "datadog_access_token_poll_last_attempt_timestamp_seconds",
                   "datadog_access_token_next_expiry_timestamp_seconds",
                   "datadog_access_token_next_expiry_in_use_timestamp_seconds")
POLLS = "datadog_access_token_polls_total"
# The demo always has leaked tokens.
LEAK = "DatadogAccessTokenLeaked"


def demo():
    """{(name, labels): value}, with timestamps relative to the poll."""
    text = harness.run("--demo", "--demo.tokens=5000", "--once").stdout
    found = {(name, labels): value for name, series in harness.parse_text(text).items() for labels, value in series.items()}
    began, = (value for (name, _), value in found.items() if name == MOVES_WITH_TIME[0])
    return {(name, labels): value - began if name.endswith("_timestamp_seconds") else value for (name, labels), value in found.items()}


def input_series(found, rules):
    """The series that the rules use, in promtool's notation."""
    series = []
    for (name, labels), value in sorted(found.items(), key=str):
        if any(name in rule["expr"] for rule in rules):
            growth = 60 * STEP if name in MOVES_WITH_TIME else STEP // 5 if name == POLLS else 0
            target = [("job", "exporter"), ("instance", "a:10077"), *sorted(labels)]
            series.append({"series": f"{name}{{{', '.join(f'{label}={promtool.json.dumps(text)}' for label, text in target)}}}",
                           "values": f"{value}+{growth}x{STEPS}"})
    return series


def most_firing(matchers):
    """The largest number of different alerts that fire at the same time."""
    return f'max_over_time((count(count by (alertname) (ALERTS{{alertstate="firing", {matchers}}})) or vector(0))[2d:{STEP}m])'


class SteadyOrganization(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.found = demo()

    def assert_firing(self, preset, expected, without=()):
        rules = [rule for group in generate.alert_groups(preset=preset)["groups"] for rule in group["rules"]]
        found = {key: value for key, value in self.found.items() if key[0] not in without}
        group = {"name": preset, "interval": f"{STEP}m", "input_series": input_series(found, rules), "promql_expr_test": [
            {"expr": most_firing(matchers), "eval_time": f"{STEPS * STEP}m", "exp_samples": [{"labels": "{}", "value": count}]}
            for matchers, count in expected.items()]}
        with tempfile.TemporaryDirectory() as directory:
            self.assertEqual(promtool.run([group], rules, directory, STEP), "")

    def test_it_has_tokens_with_various_findings(self):
        self.assertEqual(sum(value for (name, _), value in self.found.items() if name == "datadog_access_tokens"), 5000)
        for reason in ("leaked", "never_expires_privileged", "expiring_in_use", "unused_privileged", "unscoped"):
            self.assertGreater(sum(value for (name, labels), value in self.found.items()
                                   if name == "datadog_access_tokens_at_risk" and ("reason", reason) in labels), 5, reason)

    def test_nothing_but_the_leak_fires_for_two_days(self):
        others = f'alertname!="{LEAK}"'
        self.assert_firing("standard", {f'alertname="{LEAK}"': 1, f'severity="critical", {others}': 0, 'severity="warning"': 0,
                                        'severity="info"': 0})

    def test_budgets_fire_where_they_are_exceeded(self):
        self.assert_firing("strict", {'severity="critical"': 1, 'severity="warning"': 0,
                                      'alertname="DatadogAccessTokenNeverExpiresOverBudget"': 1})

    def test_a_missing_series_fires_an_alert(self):
        """Proves that the tests above can fail: without the exporter's own series, one alert fires."""
        self.assert_firing("standard", {'alertname="DatadogTokenExporterDown"': 1},
                           without=("datadog_access_token_exporter_build_info",))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
