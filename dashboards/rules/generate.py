#!/usr/bin/env python3
"""Writes the standalone Prometheus rule files in this folder from the chart's sources (helm/datadog-token-exporter/files).

    dashboards/rules/generate.py [--preset standard] [--selector 'job="datadog"'] [--runbook-url-base URL] [--directory DIR]"""
import argparse
import pathlib

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "helm" / "datadog-token-exporter" / "files"
GROUPS = {"DatadogTokenExporter": "datadog-token-exporter", "DatadogAccessToken": "datadog-access-tokens"}
# The same presets as in the chart's templates/_rules.tpl.
PRESETS = {
    "minimal": lambda alert: alert["severity"] == "critical",
    "standard": lambda alert: alert.get("enabled", True),
    "strict": lambda alert: True,
}


def load(name):
    with open(SOURCES / name, encoding="utf-8") as file:
        return yaml.safe_load(file)


def with_selector(expression, selector):
    if not selector:
        expression = expression.replace(", $SELECTOR", "").replace("{$SELECTOR}", "")
    return expression.replace("$SELECTOR", selector)


def alerts_of(preset):
    return {name: alert for name, alert in load("alerts.yaml").items() if PRESETS[preset](alert)}


def expression_of(name, alerts, selector):
    expression = alerts[name]["expr"]
    for other, alert in alerts.items():
        expression = expression.replace("$THRESHOLD{%s}" % other, str(alert.get("threshold")))
    return with_selector(expression.replace("$THRESHOLD", str(alerts[name].get("threshold"))), selector)


def rule_of(name, alerts, selector, runbook_url_base):
    alert = alerts[name]
    annotations = {"summary": alert["summary"], "description": alert["description"]}
    if runbook_url_base:
        annotations["runbook_url"] = f"{runbook_url_base.removesuffix('/')}/{name}.md"
    return {
        "alert": name,
        "expr": expression_of(name, alerts, selector),
        "for": alert["for"],
        "keep_firing_for": alert["keepFiringFor"],
        "labels": {"severity": alert["severity"], **alert.get("labels", {})},
        "annotations": annotations,
    }


def alert_groups(selector="", runbook_url_base="", preset="standard"):
    alerts = alerts_of(preset)
    return {"groups": [
        {"name": group, "rules": [rule_of(name, alerts, selector, runbook_url_base)
                                  for name in alerts if name.startswith(prefix)]}
        for prefix, group in GROUPS.items()]}


def recording_groups(selector=""):
    return {"groups": [{"name": "datadog-token-exporter-recording",
                        "rules": [{"record": record, "expr": with_selector(rule["expr"], selector)}
                                  for record, rule in load("recording.yaml").items()]}]}


class Dumper(yaml.SafeDumper):
    """Writes multi-line expressions as block scalars."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def represent_text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, represent_text)


def text_of(source, groups):
    return (f"# Written by dashboards/rules/generate.py from helm/datadog-token-exporter/files/{source}: change that.\n"
            + yaml.dump(groups, Dumper=Dumper, sort_keys=False, width=10000, allow_unicode=True))


def files(selector="", runbook_url_base="", preset="standard"):
    return {"alerts.yaml": text_of("alerts.yaml", alert_groups(selector, runbook_url_base, preset)),
            "recording.yaml": text_of("recording.yaml", recording_groups(selector))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="standard",
                        help="minimal: critical alerts only; standard: without the budgets; strict: all")
    parser.add_argument("--selector", default="", help="matchers put into every selector")
    parser.add_argument("--runbook-url-base", default="",
                        help="where you publish dashboards/runbooks; without it alerts have no runbook_url")
    parser.add_argument("--directory", type=pathlib.Path, default=HERE)
    options = parser.parse_args()
    for name, text in files(options.selector, options.runbook_url_base, options.preset).items():
        (options.directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
