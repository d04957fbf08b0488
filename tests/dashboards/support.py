"""Access to the dashboards for tests: files, panels, queries, selectors."""
import json
import os
import re
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(FOLDER, "..", "..")
DASHBOARDS = os.path.join(ROOT, "dashboards")
sys.path[:0] = [os.path.join(ROOT, "tests", "app"), DASHBOARDS]

SELECTOR = re.compile(r"\b(datadog_\w+|process_\w+|up)\b(\{[^}]*\})?")


def files():
    """{name: text} of the committed dashboards."""
    texts = {}
    for file in sorted(os.listdir(DASHBOARDS)):
        if file.endswith(".json"):
            with open(os.path.join(DASHBOARDS, file), encoding="utf-8") as opened:
                texts[file[:-5]] = opened.read()
    return texts


def dashboards():
    return {name: json.loads(text) for name, text in files().items()}


def panels(dashboard):
    """All panels except rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard):
    """Returns each query as its panel and target."""
    return [(panel, target) for panel in panels(dashboard) for target in panel.get("targets", [])]


def selectors(expression):
    """Returns each series selector as its metric and its matchers (None if it has none)."""
    return [(match.group(1), match.group(2)) for match in SELECTOR.finditer(expression)]
