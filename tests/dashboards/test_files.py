"""The dashboards as files: what Grafana imports, what the chart ships, and what the manual says about them."""
import os
import re
import sys
import unittest
import xml.etree.ElementTree

import support

import generate  # of dashboards/
import harness
from generator import program

CORE_PANELS = {"stat", "table", "timeseries", "barchart", "row"}
MOST_PANELS = 45
# Transformations available since Grafana 10.
TRANSFORMATIONS = {"merge", "organize", "groupingToMatrix"}
MOST_BYTES = 200 * 1024
MOST_PICTURE_BYTES = 150_000
GREENS = ("green", "dark-green", "semi-dark-green", "light-green", "super-light-green")
DOMAIN_VARIABLES = ["datasource", "job", "instance", "org", "token_type", "owner_type"]

# The questions in the manual's table.
QUESTIONS = [
    "What expires this week?", "Which kind of owner has never-expiring tokens?", "Who could do the most damage?",
    "What is unused?", "What changed since yesterday?", "Can I trust these numbers?",
    "When will the exporter itself lose access?", "Which owner is riskiest?", "What breaks next week?",
    "What is new since last week?",
]
DETAIL_IS_OFF = "er-token detail is off: --tokens.detail=findings"


def overlaps(dashboard):
    """Panels that overlap another one or leave the grid: (title, problem)."""
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["w"] < 1 or place["h"] < 1 or place["x"] < 0 or place["x"] + place["w"] > 24:
            yield panel["title"], "leaves the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield panel["title"], f"lies on {taken[(x, y)]}"


def panel_links(panel):
    """The links of the panel and of its fields."""
    return panel["links"] + [link for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
                             if each["id"] == "links" for link in each["value"]]


class Files(unittest.TestCase):
    def setUp(self):
        self.dashboards = support.dashboards()

    def each(self):
        return self.dashboards.values()

    def test_they_are_what_the_generator_writes(self):
        self.assertEqual(support.files(), {name[:-5]: text for name, text in generate.texts().items()},
                         "run python3 dashboards/generate.py")

    def test_they_are_small_enough_for_a_config_map(self):
        for name, text in support.files().items():
            self.assertLess(len(text.encode()), MOST_BYTES, name)

    def test_they_can_be_imported_and_provisioned(self):
        for dashboard in self.each():
            self.assertEqual(dashboard["schemaVersion"], 39)
            self.assertIsNone(dashboard["id"])
            self.assertNotIn("__inputs", dashboard)
            self.assertLessEqual({panel["type"] for panel in dashboard["panels"]}, CORE_PANELS)
            required = {each["id"] for each in dashboard["__requires"] if each["type"] == "panel"}
            self.assertEqual(required, {panel["type"] for panel in support.panels(dashboard)})

    def test_their_uids_stay_the_same(self):
        self.assertEqual({name: dashboard["uid"] for name, dashboard in self.dashboards.items()},
                         {"overview": "datadog-access-tokens", "scopes": "datadog-access-token-scopes",
                          "exporter": "datadog-token-exporter", "token-detail": "datadog-access-token-detail"})

    def test_they_have_few_panels(self):
        self.assertLessEqual(sum(len(support.panels(dashboard)) for dashboard in self.each()), MOST_PANELS)

    def test_panel_ids_are_unique(self):
        for dashboard in self.each():
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))

    def test_nothing_overlaps_or_leaves_the_grid(self):
        for dashboard in self.each():
            self.assertEqual(list(overlaps(dashboard)), [])

    def test_an_overlap_is_seen(self):
        dashboard = self.dashboards["overview"]
        dashboard["panels"][2]["gridPos"]["x"] -= 1
        self.assertNotEqual(list(overlaps(dashboard)), [])

    def test_the_first_row_asks_whether_anything_is_wrong(self):
        for dashboard in self.each():
            first, *others = dashboard["panels"]
            self.assertEqual((first["type"], first["title"]), ("row", "Is anything wrong?"))
            line = [panel for panel in others if panel["gridPos"]["y"] == 1]
            self.assertEqual(sum(panel["gridPos"]["w"] for panel in line), 24)
            self.assertEqual({panel["type"] for panel in line}, {"stat"})
            self.assertEqual({panel["options"]["colorMode"] for panel in line}, {"background"})

    def test_the_overview_begins_with_what_matters_most(self):
        titles = [panel["title"] for panel in support.panels(self.dashboards["overview"])]
        self.assertEqual(titles[:5], ["Leaked", "Privileged, without expiry", "Break within a week",
                                      "Can these numbers be trusted?", "Which findings need work?"])

    def test_expiry_is_shown_once_on_the_overview(self):
        shown = {panel["title"] for panel, target in support.queries(self.dashboards["overview"])
                 if "expiry_bucket" in target["expr"].replace('expiry_bucket="never"', "")}
        self.assertEqual(shown, {"What expires when?"})

    def test_long_times_are_shown_in_days(self):
        for dashboard in self.each():
            self.assertNotIn("dtdhms", str(dashboard))
            for panel, target in support.queries(dashboard):
                if re.search(r"(expiry|last_used|created|start_time)\w*_seconds", target["expr"]) and "time()" in target["expr"]:
                    self.assertIn("/ 86400", target["expr"], panel["title"])

    def test_axes_of_counts_have_whole_numbers(self):
        for dashboard in self.each():
            for panel in support.panels(dashboard):
                defaults = panel["fieldConfig"]["defaults"]
                if panel["type"] in ("timeseries", "barchart") and defaults["unit"] == "short":
                    self.assertEqual(defaults["decimals"], 0, panel["title"])

    def test_a_panel_without_data_says_why(self):
        for name, dashboard in self.dashboards.items():
            for panel in support.panels(dashboard):
                text = panel["fieldConfig"]["defaults"]["noValue"]
                self.assertNotIn(text, ("", "–", "No data"), panel["title"])
                if "datadog_access_token_finding" in str(panel["targets"]):
                    self.assertIn(DETAIL_IS_OFF, text, (name, panel["title"]))

    def test_variables_come_in_the_usual_order(self):
        for dashboard in self.each():
            names = [each["name"] for each in dashboard["templating"]["list"]]
            expected = DOMAIN_VARIABLES[:4] if dashboard["uid"] == "datadog-token-exporter" else DOMAIN_VARIABLES
            self.assertEqual(names[:len(expected)], expected)

    def test_variables_of_labels_take_several_values_and_all(self):
        for dashboard in self.each():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    self.assertEqual((variable["multi"], variable["includeAll"], variable["allValue"]), (True, True, ".+"))

    def test_every_query_of_an_organization_has_its_matcher(self):
        for dashboard in self.each():
            for panel, target in support.queries(dashboard):
                for metric, matchers in support.selectors(target["expr"]):
                    if metric.startswith("datadog_") and not metric.startswith("datadog_access_token_exporter_"):
                        self.assertIn('org=~"$org"', matchers, panel["title"])

    def test_replicas_are_folded_before_summing(self):
        """Every sum and count is over a `max without` or `min without`, or over an expression built on one."""
        for dashboard in self.each():
            for panel, target in support.queries(dashboard):
                for start in re.finditer(r"\b(sum|count|group)( by \([\w, ]*\))? \(+(\w+)", target["expr"]):
                    self.assertIn(start.group(3), ("max", "group")
                                  if start.group(1) == "count" else ("max", "increase"), panel["title"])

    def test_the_lowest_colour_is_never_green(self):
        """Grafana uses it for "no data"."""
        for dashboard in self.each():
            for panel in support.panels(dashboard):
                fields = [panel["fieldConfig"]["defaults"]["thresholds"]] + [
                    each["value"] for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
                    if each["id"] == "thresholds"]
                for thresholds in fields:
                    self.assertIsNone(thresholds["steps"][0]["value"])
                    self.assertNotIn(thresholds["steps"][0]["color"], GREENS, panel["title"])

    def test_only_known_transformations(self):
        for dashboard in self.each():
            for panel in support.panels(dashboard):
                self.assertLessEqual({each["id"] for each in panel["transformations"]}, TRANSFORMATIONS)

    def test_series_have_legends(self):
        for dashboard in self.each():
            for panel, target in support.queries(dashboard):
                if panel["type"] == "timeseries":
                    self.assertNotIn(target["legendFormat"], ("", "__auto"), panel["title"])

    def test_links_keep_time_and_variables(self):
        uids = {dashboard["uid"] for dashboard in self.dashboards.values()}
        for dashboard in self.each():
            self.assertEqual([(link["type"], link["includeVars"], link["keepTime"]) for link in dashboard["links"]],
                             [("dashboards", True, True)])
            self.assertLessEqual(set(dashboard["links"][0]["tags"]), set(dashboard["tags"]))
            for panel in support.panels(dashboard):
                for link in panel_links(panel):
                    found = re.fullmatch(r"/d/([\w-]+)\?\$\{__url_time_range\}&(\S+)", link["url"])
                    self.assertIn(found.group(1), uids, link)
                    kept = found.group(2).split("&")
                    if "${__all_variables}" not in kept:
                        names = [each["name"] for each in dashboard["templating"]["list"]]
                        self.assertEqual(kept[:4], [f"${{{name}:queryparam}}" for name in names[:4]])

    def test_a_links_selection_exists_on_the_target_dashboard(self):
        chosen = 0
        for dashboard in self.each():
            for panel in support.panels(dashboard):
                for link in panel_links(panel):
                    uid, name, value = re.fullmatch(r"/d/([\w-]+)\?.*?(?:&var-(\w+)=(\S+))?", link["url"]).groups()
                    if not name:
                        continue
                    there = next(each for each in self.each() if each["uid"] == uid)
                    variable = next(each for each in there["templating"]["list"] if each["name"] == name)
                    if not value.startswith("${"):
                        self.assertIn(value, [option["value"] for option in variable["options"]], panel["title"])
                    chosen += 1
        self.assertGreaterEqual(chosen, 5)

    def test_each_finding_leads_to_its_tokens(self):
        panel = next(panel for panel in support.panels(self.dashboards["overview"]) if "findings" in panel["title"])
        links = [each["value"] for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
                 if override["matcher"]["options"] == "Finding" and each["id"] == "links"]
        self.assertEqual([link["url"].split("&")[-1] for link in links[0]], ["var-reason=${__data.fields.Reason}"])
        self.assertEqual(panel["transformations"][-1]["options"]["renameByName"]["reason"], "Reason")


class TheProgram(unittest.TestCase):
    """What the generator reads from the program's source matches the program's behaviour."""

    def test_findings_come_in_its_order(self):
        text = harness.run("--demo", "--once").stdout
        self.assertEqual(list(program.findings()), list(dict.fromkeys(
            re.findall(r'^datadog_access_tokens_at_risk\{.*reason="(\w+)"', text, re.M))))

    def test_privileged_scopes_are_its_default(self):
        text = re.search(r"--scopes\.privileged .*?Default: (.*?)\n  --", harness.run("--help").stdout, re.S).group(1)
        self.assertEqual(program.privileged_scopes(), re.sub(r"\s", "", text).split(","))


class Readers(unittest.TestCase):
    """The contents of dashboards/README.md."""

    def setUp(self):
        self.dashboards = support.dashboards()
        with open(os.path.join(support.DASHBOARDS, "README.md"), encoding="utf-8") as file:
            self.manual = file.read()

    def test_each_question_has_one_panel(self):
        table = re.search(r"^\| question \| panel \| dashboard \|\n\|[-|]+\|\n((?:\|.*\n)+)", self.manual, re.M).group(1)
        rows = re.findall(r"^\| (.+?) \| \*(.+?)\*.* \| (.+?) \|$", table, re.M)
        self.assertEqual([question for question, _, _ in rows], QUESTIONS)
        self.assertEqual(len(rows), table.count("\n"))
        for _, title, dashboard in rows:
            found = self.dashboards[{"exporter's health": "exporter", "token detail": "token-detail"}.get(dashboard, dashboard)]
            self.assertIn(title, [panel["title"] for panel in support.panels(found)])

    def test_each_dashboard_has_a_picture_in_the_manual(self):
        for name in self.dashboards:
            self.assertTrue(f"(pictures/{name}.svg)" in self.manual, name)

    def test_pictures_are_small_and_show_every_panel(self):
        for name, dashboard in self.dashboards.items():
            path = os.path.join(support.DASHBOARDS, "pictures", f"{name}.svg")
            self.assertLess(os.path.getsize(path), MOST_PICTURE_BYTES, name)
            shown = {each.text.split(":")[0] for each in xml.etree.ElementTree.parse(path).getroot().iter()
                     if each.tag.endswith("title")}
            self.assertEqual(shown, {panel["title"] for panel in support.panels(dashboard)}, name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
