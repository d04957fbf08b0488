"""The 17 rules of Grafana's dashboard-linter, by name; each is shown to fail on a dashboard that breaks it."""
import copy
import os
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import support

TITLED = ("stat", "table", "timeseries", "barchart")
UNITS = ("none", "short", "percentunit", "s", "bytes")
RULES = {}


def rule(function):
    """Registers a rule: a generator of violations as (panel title or None, text)."""
    RULES[function.__name__.replace("_", "-")] = function
    return function


def variables(dashboard, kind=None):
    return [each for each in dashboard["templating"]["list"] if kind in (None, each["type"])]


def wrong_target_variable(dashboard, name):
    found = [each for each in variables(dashboard) if each["name"] == name]
    if not found:
        yield None, f"no variable {name}"
        return
    expected = {"type": "query", "label": name.capitalize(), "multi": True, "allValue": ".+", "includeAll": True,
                "datasource": {"type": "prometheus", "uid": "${datasource}"}}
    for key, value in expected.items():
        if found[0].get(key) != value:
            yield None, f"{name}: {key} is {found[0].get(key)!r}"


def without_matcher(dashboard, name):
    for panel, target in support.queries(dashboard):
        for metric, matchers in support.selectors(target["expr"]):
            if f'{name}=~"${name}"' not in (matchers or ""):
                yield panel["title"], f"{metric}{matchers or ''} has no matcher for {name}"


def wrong_promql(expressions):
    """promtool's complaints about [(panel title, expression)], parsed in one run."""
    known = {"__rate_interval": "5m", "top": "20", "rows": "20"}
    rules = [{"record": "a:b", "expr": re.sub(r"\$(\w+)", lambda name: known.get(name.group(1), "x"), expression),
              "labels": {"number": str(number)}} for number, (_, expression) in enumerate(expressions)]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "rules.yml")
        with open(file, "w", encoding="utf-8") as opened:
            yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}, opened)
        done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        yield None, done.stderr


@rule
def template_datasource_rule(dashboard):
    found = [(each["name"], each["label"], each["query"]) for each in variables(dashboard, "datasource")]
    if found != [("datasource", "Data source", "prometheus")]:
        yield None, f"{found}"


@rule
def template_job_rule(dashboard):
    yield from wrong_target_variable(dashboard, "job")


@rule
def template_instance_rule(dashboard):
    yield from wrong_target_variable(dashboard, "instance")


@rule
def template_label_promql_rule(dashboard):
    expressions = []
    for each in variables(dashboard, "query"):
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"])
        if not found:
            yield None, f"{each['name']}: {each['query']}"
        else:
            expressions.append((None, found.group(1)))
    yield from wrong_promql(expressions)


@rule
def template_on_time_change_reload_rule(dashboard):
    for each in variables(dashboard, "query"):
        if each["refresh"] != 2:
            yield None, f"{each['name']} is not read again when the time changes"


@rule
def panel_datasource_rule(dashboard):
    for panel in support.panels(dashboard):
        for place in (panel, *panel.get("targets", [])):
            if place.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
                yield panel["title"], f"data source {place.get('datasource')}"


@rule
def panel_title_description_rule(dashboard):
    for panel in support.panels(dashboard):
        if panel["type"] not in TITLED or not panel["title"].strip() or not panel["description"].strip():
            yield panel["title"], "no title or no description"


@rule
def panel_units_rule(dashboard):
    for panel in support.panels(dashboard):
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield panel["title"], "no unit"


@rule
def panel_no_targets_rule(dashboard):
    for panel in support.panels(dashboard):
        if not panel.get("targets"):
            yield panel["title"], "no query"


@rule
def target_logql_rule(dashboard):
    """Loki queries must parse. There are none, so any Loki query is a violation."""
    for panel, target in support.queries(dashboard):
        if target["datasource"]["type"] == "loki":
            yield panel["title"], "a query for Loki"


@rule
def target_logql_auto_rule(dashboard):
    """Loki queries use $__auto, which Prometheus does not know."""
    for panel, target in support.queries(dashboard):
        if "$__auto" in target["expr"] or "$__interval" in target["expr"]:
            yield panel["title"], "Loki's interval"


@rule
def target_promql_rule(dashboard):
    yield from wrong_promql([(panel["title"], target["expr"]) for panel, target in support.queries(dashboard)])


@rule
def target_rate_interval_rule(dashboard):
    for panel, target in support.queries(dashboard):
        for function, _, window in re.findall(r"\b(i?rate)\((\w+\{[^}]*\})\[([^]]*)\]", target["expr"]):
            if window != "$__rate_interval":
                yield panel["title"], f"{function} over {window}"


@rule
def target_job_rule(dashboard):
    yield from without_matcher(dashboard, "job")


@rule
def target_instance_rule(dashboard):
    yield from without_matcher(dashboard, "instance")


@rule
def target_counter_agg_rule(dashboard):
    for panel, target in support.queries(dashboard):
        outside = re.sub(r"\b(i?rate|increase)\(\w+\{[^}]*\}\[[^]]*\]\)", "", target["expr"])
        for metric, _ in support.selectors(outside):
            if metric.endswith("_total"):
                yield panel["title"], f"{metric} outside rate and increase"


@rule
def uneditable_dashboard(dashboard):
    if dashboard["editable"]:
        yield None, "editable"


def set_aside():
    """{(rule, panel title)} of the exclusions in `.lint`."""
    with open(os.path.join(support.DASHBOARDS, ".lint"), encoding="utf-8") as file:
        exclusions = yaml.safe_load(file)["exclusions"]
    for name, exclusion in exclusions.items():
        assert exclusion["reason"].strip(), name
        assert exclusion["entries"], f"{name} is set aside for everything"
    return {(name, entry["panel"]) for name, exclusion in exclusions.items() for entry in exclusion["entries"]}


def first_query(change):
    """Changes the first query of the first panel."""
    def broken(dashboard):
        target = support.panels(dashboard)[0]["targets"][0]
        target["expr"] = change(target["expr"])
    return broken


def of_variable(which, **values):
    return lambda dashboard: next(each for each in variables(dashboard) if each["name"] == which).update(values)


def of_panel(**values):
    return lambda dashboard: support.panels(dashboard)[0].update(values)


COUNTER = 'datadog_access_token_polls_total{job=~"$job", instance=~"$instance"}'
BREAKS = {
    "template-datasource-rule": of_variable("datasource", name="prometheus"),
    "template-job-rule": of_variable("job", allValue=".*"),
    "template-instance-rule": of_variable("instance", multi=False),
    "template-label-promql-rule": of_variable("org", query="label_values(up{, org)"),
    "template-on-time-change-reload-rule": of_variable("org", refresh=1),
    "panel-datasource-rule": of_panel(datasource={"type": "prometheus", "uid": "abc"}),
    "panel-title-description-rule": of_panel(description=""),
    "panel-units-rule": of_panel(fieldConfig={"defaults": {}, "overrides": []}),
    "panel-no-targets-rule": of_panel(targets=[]),
    "target-logql-rule": lambda dashboard: support.queries(dashboard)[0][1].update(datasource={"type": "loki"}),
    "target-logql-auto-rule": first_query(lambda _: "rate(up[$__auto])"),
    "target-promql-rule": first_query(lambda expression: expression + ")"),
    "target-rate-interval-rule": first_query(lambda _: f"rate({COUNTER}[5m])"),
    "target-job-rule": first_query(lambda _: 'up{instance=~"$instance"}'),
    "target-instance-rule": first_query(lambda _: "up"),
    "target-counter-agg-rule": first_query(lambda _: COUNTER),
    "uneditable-dashboard": lambda dashboard: dashboard.update(editable=True),
}


class EveryRule(unittest.TestCase):
    """Each rule has one case that checks all dashboards, and one that proves it can fail."""

    def test_there_are_seventeen(self):
        self.assertEqual(len(RULES), 17)
        self.assertEqual(set(RULES), set(BREAKS))

    def test_every_exclusion_is_needed(self):
        needed = {(name, panel) for name, check in RULES.items() for dashboard in support.dashboards().values()
                  for panel, _ in check(dashboard)}
        self.assertEqual(set_aside() - needed, set())


def add_cases(name, check):
    def holds(self):
        excused = set_aside()
        for dashboard in support.dashboards().values():
            wrong = [(panel, text) for panel, text in check(dashboard) if (name, panel) not in excused]
            self.assertEqual(wrong, [], dashboard["title"])

    def can_fail(self):
        dashboard = copy.deepcopy(support.dashboards()["overview"])
        before = len(list(check(dashboard)))
        BREAKS[name](dashboard)
        self.assertGreater(len(list(check(dashboard))), before)

    setattr(EveryRule, f"test_{name}", holds)
    setattr(EveryRule, f"test_{name}_can_fail", can_fail)


for each_name, each_check in RULES.items():
    add_cases(each_name, each_check)

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
