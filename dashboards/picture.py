#!/usr/bin/env python3
"""Draws dashboards for dashboards/README.md from the query results of a Prometheus; no Grafana is needed.

    python3 dashboards/picture.py --prometheus http://localhost:9090 --minutes 30 --folder dashboards/pictures

Every number is a real result of the panel's own query, after its transformations, units, mappings and thresholds. The look
is this tool's, not Grafana's. tests/dashboards/draw_pictures.py draws the pictures of dashboards/README.md."""
import argparse
import json
import os
import time
import urllib.parse
import urllib.request

from rendering import answers, drawing

FOLDER = os.path.dirname(os.path.abspath(__file__))
CAPTION = "Drawn by dashboards/picture.py from real query results of a simulated organization; not a screenshot of Grafana."


class Prometheus:
    """The two kinds of query that panels make."""

    def __init__(self, url):
        self.url = url

    def _result(self, path, **parameters):
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=60) as response:
            return json.load(response)["data"]["result"]

    def instant(self, query, moment):
        return [(each["metric"], float(each["value"][1])) for each in self._result("query", query=query, time=moment)]

    def range(self, query, start, end, step):
        return [(each["metric"], [(at, float(value)) for at, value in each["values"]])
                for each in self._result("query_range", query=query, start=start, end=end, step=step)]


def dashboards():
    """{name: dashboard} of all dashboards in this folder."""
    found = {}
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".json"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                found[name[:-5]] = json.load(file)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", required=True, help="its URL")
    parser.add_argument("--minutes", type=float, default=30, help="the time shown of dashboards that open with a day")
    parser.add_argument("--folder", required=True, help="where the pictures go")
    options = parser.parse_args()
    end = time.time()
    os.makedirs(options.folder, exist_ok=True)
    for name, dashboard in dashboards().items():
        minutes = options.minutes if dashboard["time"]["from"] == "now-24h" else 7 * 24 * 60
        asked = answers.Answers(Prometheus(options.prometheus), answers.defaults(dashboard), end - 60 * minutes, end)
        with open(os.path.join(options.folder, f"{name}.svg"), "w", encoding="utf-8") as file:
            file.write(drawing.svg(dashboard, asked, CAPTION))


if __name__ == "__main__":
    main()
