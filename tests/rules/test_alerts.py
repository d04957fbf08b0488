"""Every alert, minute by minute, with `promtool test rules` of Prometheus 2.42 and 3: just above and just below its threshold,
across gaps, restarts, pod replacements and replicas, after recovery, and a week later."""
import collections
import os
import re
import subprocess
import sys
import tempfile
import unittest

import promtool
from edges import EDGES, cases, input_of
from stories import STORIES
from texts import TEXTS, scene

sys.path.insert(0, str(promtool.RULES))
sys.dont_write_bytecode = True
import generate  # pylint: disable=wrong-import-position

# Includes those that are off by default.
ALERTS = {rule["alert"]: rule for group in generate.alert_groups(preset="strict")["groups"] for rule in group["rules"]}


# Part of an alert's name, to test only that alert while editing it.
ONLY = os.environ.get("ONLY", "")


def in_minutes(duration):
    return sum(int(count) * {"m": 1, "h": 60, "d": 1440}[unit] for count, unit in re.findall(r"(\d+)([mhd])", duration))


def all_cases():
    """[(alert, kind, promtool's test group)]"""
    found = []
    for alert in EDGES:
        hold, keep = (in_minutes(ALERTS[alert][key]) for key in ("for", "keep_firing_for"))
        for kind, said, pods, expectations in cases(alert, hold, keep):
            found.append((alert, kind, {"name": f"{alert} {said}", "interval": "1m", "input_series": input_of(alert, pods),
                                        "promql_expr_test": expectations}))
    for story in STORIES:
        found.append((story.alert, story.kind, promtool.test_group(f"{story.alert} {story.said}", story.signals, story.pods,
                                                                   story.expectations(), story.interval)))
    return found


class Alerts(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def test_promtool_accepts_the_rules(self):
        for name in ("alerts.yaml", "recording.yaml"):
            for tool in promtool.PROMTOOLS:
                result = subprocess.run([tool, "check", "rules", promtool.RULES / name], capture_output=True, text=True, timeout=60,
                                        check=False)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_alert_has_every_kind_of_case(self):
        kinds = collections.defaultdict(set)
        for alert, kind, _ in all_cases():
            kinds[alert].add(kind)
        self.assertEqual(sorted(kinds), sorted(ALERTS))
        for alert, have in kinds.items():
            self.assertEqual(have, {"over", "under", "gap", "restart", "replica", "replacement", "resolved"}, alert)

    def test_every_case(self):
        groups = collections.defaultdict(list)
        for alert, _, group in all_cases():
            groups[alert, int(group["interval"].removesuffix("m"))].append(group)
        for (alert, interval), of_alert in groups.items():
            if ONLY in alert:
                with self.subTest(alert):
                    self.assertEqual(promtool.run(of_alert, [ALERTS[alert]], self.directory, interval), "")

    def test_annotations_read_as_expected(self):
        self.assertEqual(sorted(TEXTS), sorted(ALERTS))
        for alert, (labels, text) in TEXTS.items():
            rule = ALERTS[alert]
            signals, pods, at = scene(alert, in_minutes(rule["for"]))
            expected = {"exp_labels": {**labels, **rule["labels"]},
                        "exp_annotations": {**rule["annotations"], "description": text}}
            group = promtool.test_group(alert, signals, pods, [])
            group["alert_rule_test"] = [{"eval_time": f"{at}m", "alertname": alert, "exp_alerts": [expected]}]
            if ONLY in alert:
                with self.subTest(alert):
                    self.assertEqual(promtool.run([group], [rule], self.directory), "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
