"""Runs every query of every panel on a real Prometheus that scraped the exporter. Checks that there are results and that they
are right (`recount`); replicas and a dead exporter; 500 scopes; the variables; and the drawn pictures."""
import math
import re
import sys
import unittest
import urllib.parse
import xml.etree.ElementTree

import support

import stand
from generator import panels as generated
from recount import Overview, Scopes, TokenDetail, Trust  # pylint: disable=unused-import # run from here
from rendering import drawing, frames, values

SIGNED = {"Which findings need work?": ["Since yesterday", "Since last week"], "What changed since yesterday?": ["Change"]}

# Panels that show each process separately, so that two replicas are rightly two rows.
OF_EACH_PROCESS = {"Exporters", "CPU", "Resident memory"}

# An exporter that is down must not show green, or anything else that says "fine".
GREEN = "green"

STAND, DASHBOARDS = stand.shared(), support.dashboards()


def queries(*without):
    """Returns each query as its dashboard, panel and target, except those of the panels in `without`."""
    return [(dashboard, panel, target) for dashboard in support.dashboards().values()
            for panel, target in support.queries(dashboard) if panel["title"] not in without]


def column_names(panel):
    """{field: column title} of a table."""
    return panel["transformations"][-1]["options"]["renameByName"] if panel["transformations"] else {}


class EveryQuery(unittest.TestCase):
    """One case per panel: its queries are valid, return data, and the values are plausible."""


def add_case(name, panel_title):
    def answered(self):
        dashboard = DASHBOARDS[name]
        for panel, target in support.queries(dashboard):
            if panel["title"] != panel_title:
                continue
            answer = STAND.instant(dashboard, target)
            self.assertNotEqual(answer, [], target["expr"])
            self.assertNotEqual(STAND.answers(dashboard).of(target), [], target["expr"])
            field = f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value"
            column = column_names(panel).get(field, "")
            config = values.config_of(panel, column)
            for labels, value in answer:
                self.assertTrue(math.isfinite(value), (labels, value))
                if config["unit"] == "percentunit":
                    self.assertLessEqual(value, 1, labels)
                countdown = "time()" in target["expr"]
                if column not in SIGNED.get(panel_title, []) and not countdown:
                    self.assertGreaterEqual(value, 0, labels)

    slug = re.sub(r"\W+", "_", panel_title.lower()).strip("_")
    setattr(EveryQuery, f"test_{name.replace('-', '_')}_{slug}", answered)


for each_name, each_dashboard in support.dashboards().items():
    for each_panel in support.panels(each_dashboard):
        add_case(each_name, each_panel["title"])


class Replicas(unittest.TestCase):
    def test_two_show_the_same_as_one(self):
        """Counters grow between scrapes, so values derived from them may differ slightly; a doubled value differs far more."""
        for dashboard, panel, target in queries(*OF_EACH_PROCESS):
            one, two = (
                {frozenset((name, value) for name, value in labels.items() if name != "job"): value
                 for labels, value in STAND.instant(dashboard, target, job=job)} for job in ("single", "replicas"))
            with self.subTest(panel["title"], query=target["refId"]):
                self.assertEqual(set(one), set(two))
                for labels, value in one.items():
                    counted = "rate(" in target["expr"] or "increase(" in target["expr"]
                    self.assertAlmostEqual(two[labels], value, delta=(0.3 * abs(value) + 2) if counted else 1e-6)


class NoData(unittest.TestCase):
    def colours(self, dashboard, panel, job):
        """(text, colour) of everything that a panel shows."""
        asked = STAND.answers(dashboard, job=job)
        if panel["type"] in ("table", "barchart"):
            for name, column in frames.table(panel, asked).items():
                config = values.config_of(panel, name)
                yield from (values.display(config, value) for value in column if not isinstance(value, str))
            return
        for target in panel["targets"]:
            shown = [value for _, value in STAND.instant(dashboard, target, job=job)] or [None]
            yield from (values.display(panel["fieldConfig"]["defaults"], value) for value in shown)

    def test_a_dead_exporter_shows_no_green(self):
        for dashboard in DASHBOARDS.values():
            for panel in support.panels(dashboard):
                for text, colour in self.colours(dashboard, panel, "dead"):
                    self.assertNotIn(GREEN, colour, (panel["title"], text))

    def test_a_missing_exporter_shows_no_green(self):
        for dashboard in DASHBOARDS.values():
            for panel in support.panels(dashboard):
                for text, colour in self.colours(dashboard, panel, "nobody"):
                    self.assertNotIn(GREEN, colour, (panel["title"], text))

    def test_a_healthy_exporter_shows_green(self):
        panel = next(panel for panel in support.panels(DASHBOARDS["overview"]) if "trusted" in panel["title"])
        self.assertEqual(list(self.colours(DASHBOARDS["overview"], panel, "single")), [("Yes", GREEN)])

    def test_a_dead_exporter_is_said_to_be_down(self):
        for dashboard in DASHBOARDS.values():
            panel = next(panel for panel in support.panels(dashboard) if "trusted" in panel["title"])
            self.assertEqual(list(self.colours(dashboard, panel, "dead")), [("Exporter is down", "red")])

    def test_a_missing_exporter_has_no_data(self):
        for dashboard in DASHBOARDS.values():
            panel = next(panel for panel in support.panels(dashboard) if "trusted" in panel["title"])
            self.assertEqual(list(self.colours(dashboard, panel, "nobody")), [(generated.NO_DATA, values.GREY)])


class ManyScopes(unittest.TestCase):
    """The scopes dashboard reads each series only a few times and shows no more scopes than `$top`."""

    def test_few_rows_come_back(self):
        dashboard = DASHBOARDS["scopes"]
        for panel, target in support.queries(dashboard):
            rows = len(STAND.instant(dashboard, target, job="many"))
            self.assertLessEqual(rows, 50 * 11, panel["title"])

    def test_every_series_is_read_a_few_times_at_most(self):
        dashboard = DASHBOARDS["scopes"]
        series = len(STAND.prometheus.instant('datadog_access_token_scope_grants{job="many"}', STAND.end))
        self.assertEqual(series, stand.SCOPES * 2 * 8)
        for panel, target in support.queries(dashboard):
            query = STAND.answers(dashboard, job="many").query(target)
            answer = STAND.prometheus.get("query", query=query, time=STAND.end, stats="all")
            self.assertLessEqual(answer["stats"]["samples"]["totalQueryableSamples"], 5 * series, panel["title"])


class Variables(unittest.TestCase):
    def test_each_has_values(self):
        for dashboard in DASHBOARDS.values():
            asked = STAND.answers(dashboard)
            for variable in dashboard["templating"]["list"]:
                if variable["type"] != "query":
                    continue
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()
                found = STAND.prometheus.get(f"label/{urllib.parse.quote(label)}/values",
                                             **{"match[]": asked.query({"expr": selector})})
                self.assertTrue(found, variable["query"])

    def test_every_name_in_a_query_exists(self):
        """`Answers` raises on a name that is neither a variable nor built in."""
        for dashboard, _, target in queries():
            STAND.answers(dashboard).query(target)
        with self.assertRaises(KeyError):
            STAND.answers(dashboard).query({"expr": "up{job=~\"$jobs\"}"})

    def test_custom_ones_begin_with_one_of_their_values(self):
        for dashboard in DASHBOARDS.values():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "custom" and not variable["includeAll"]:
                    self.assertIn(variable["current"]["value"], [option["value"] for option in variable["options"]])


class Pictures(unittest.TestCase):
    def test_each_has_every_panel(self):
        for dashboard in DASHBOARDS.values():
            for job in (stand.LIVE, "nobody"):
                text = drawing.svg(dashboard, STAND.answers(dashboard, job=job), "caption")
                shown = "".join(xml.etree.ElementTree.fromstring(text).itertext())
                for panel in support.panels(dashboard):
                    self.assertIn(panel["title"], shown)

    def test_legends_are_whole(self):
        for dashboard in DASHBOARDS.values():
            asked = STAND.answers(dashboard, job="single")
            drawn = xml.etree.ElementTree.fromstring(drawing.svg(dashboard, asked, "caption"))
            for panel in support.panels(dashboard):
                group = next(each for each in drawn if each.tag.endswith("g") and each[0].text.startswith(f"{panel['title']}:"))
                shown = [each.text for each in group if each.tag.endswith("text")]
                if panel["type"] in ("barchart", "timeseries"):
                    self.assertEqual([text for text in shown if text.endswith("…")], [], panel["title"])
                if panel["type"] == "barchart":
                    self.assertLessEqual(set(frames.table(panel, asked)) - {"Owner type"}, set(shown), panel["title"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
