"""The dashboards as files: what Grafana imports, what the chart ships, and what a reader is told about them."""
import os
import re
import sys
import unittest
import xml.etree.ElementTree

import support

import generate  # of dashboards/
from generator import panels as generator_panels

CORE_PANELS = {"stat", "table", "timeseries", "bargauge", "barchart", "row"}
# What Grafana has had since version 10.
TRANSFORMATIONS = {"merge", "organize", "groupingToMatrix"}
MOST_BYTES = 200 * 1024
MOST_PICTURE_BYTES = 150_000
GREENS = ("green", "dark-green", "semi-dark-green", "light-green", "super-light-green")
DOMAIN_VARIABLES = ["datasource", "job", "instance", "org", "token_type", "owner_type"]

# Each question has one panel, which is also where the README sends a reader.
QUESTIONS = {
    "What expires this week?": "overview",
    "Which owners have tokens that never expire?": "overview",
    "Who could do the most damage?": "overview",
    "What is unused?": "overview",
    "What changed since yesterday?": "overview",
    "Can these numbers be trusted?": "exporter",
    "When does the exporter lose access?": "exporter",
}


def overlaps(dashboard):
    """Titles of two panels that share a cell of the grid, or of one that leaves it."""
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["w"] < 1 or place["h"] < 1 or place["x"] < 0 or place["x"] + place["w"] > 24:
            yield panel["title"], "leaves the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield panel["title"], f"lies on {taken[(x, y)]}"


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

    def test_panels_have_ids_of_their_own(self):
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
                    if metric.startswith("datadog_") and metric != "datadog_access_token_exporter_build_info":
                        self.assertIn('org=~"$org"', matchers, panel["title"])

    def test_nothing_is_added_up_before_replicas_are_folded(self):
        """Every sum and count is of a `max without` or `min without`, or of what one was made into."""
        for dashboard in self.each():
            for panel, target in support.queries(dashboard):
                for start in re.finditer(r"\b(sum|count)( by \([\w, ]*\))? \(+(\w+)", target["expr"]):
                    self.assertIn(start.group(3), ("max", "increase", "count", "datadog_access_token_poll_success")
                                  if start.group(1) == "count" else ("max", "increase"), panel["title"])

    def test_the_lowest_colour_is_never_green(self):
        """Grafana gives it to "no data"."""
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
                if panel["type"] in ("timeseries", "bargauge"):
                    self.assertNotIn(target["legendFormat"], ("", "__auto"), panel["title"])

    def test_links_keep_time_and_variables(self):
        uids = {dashboard["uid"] for dashboard in self.dashboards.values()}
        for dashboard in self.each():
            self.assertEqual([(link["type"], link["includeVars"], link["keepTime"]) for link in dashboard["links"]],
                             [("dashboards", True, True)])
            self.assertLessEqual(set(dashboard["links"][0]["tags"]), set(dashboard["tags"]))
            for panel in support.panels(dashboard):
                for link in panel["links"]:
                    found = re.fullmatch(r"/d/([\w-]+)\?\$\{__url_time_range\}&\$\{__all_variables\}", link["url"])
                    self.assertTrue(found and found.group(1) in uids, link)

    def test_every_question_has_a_panel(self):
        for question, name in QUESTIONS.items():
            self.assertIn(question, [panel["title"] for panel in support.panels(self.dashboards[name])])

    def test_every_finding_has_a_name_in_the_programs_order(self):
        with open(os.path.join(support.ROOT, "README.md"), encoding="utf-8") as file:
            table = re.search(r"<!-- findings:.*?<!-- /findings -->", file.read(), re.S).group()
        self.assertEqual(list(generator_panels.FINDINGS), re.findall(r"^\| `(\w+)` \|", table, re.M))


class Readers(unittest.TestCase):
    """What the README shows and says."""

    def setUp(self):
        self.dashboards = support.dashboards()
        with open(os.path.join(support.ROOT, "README.md"), encoding="utf-8") as file:
            self.readme = file.read()

    def test_the_readme_names_the_panel_of_each_question(self):
        for question in QUESTIONS:
            self.assertTrue(f"*{question}*" in self.readme, question)

    def test_each_dashboard_has_a_picture_in_the_readme(self):
        for name in self.dashboards:
            self.assertTrue(f"(dashboards/pictures/{name}.svg)" in self.readme, name)

    def test_pictures_are_small_and_show_every_panel(self):
        for name, dashboard in self.dashboards.items():
            path = os.path.join(support.DASHBOARDS, "pictures", f"{name}.svg")
            self.assertLess(os.path.getsize(path), MOST_PICTURE_BYTES, name)
            shown = {each.text.split(":")[0] for each in xml.etree.ElementTree.parse(path).getroot().iter()
                     if each.tag.endswith("title")}
            self.assertEqual(shown, {panel["title"] for panel in support.panels(dashboard)}, name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
