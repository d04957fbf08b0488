"""Every query of every panel on a real Prometheus that scraped the exporter: answers, and the right ones; replicas and a dead
exporter; 500 scopes; the variables; and the pictures that are drawn of it."""
import math
import re
import sys
import unittest
import urllib.parse
import xml.etree.ElementTree

import support

import stand
from history import HISTORY_COUNTERS
from rendering import drawing, frames, values

SIGNED = {"Which findings need work?": ["Since yesterday"], "What changed since yesterday?": ["Change"]}

# A process is shown by its own instance: two replicas are two of them, and that is right.
OF_EACH_PROCESS = {"Exporters", "CPU", "Resident memory", "File descriptors"}

# Not green, nor anything else that says "well": what an exporter that is down may still show.
GREEN = "green"


def setUpModule():  # pylint: disable=invalid-name
    global STAND, DASHBOARDS  # pylint: disable=global-variable-undefined
    STAND, DASHBOARDS = stand.Stand(), support.dashboards()


def tearDownModule():  # pylint: disable=invalid-name
    STAND.stop()


def queries(*without):
    """(dashboard, panel, target) of all, less the panels named."""
    return [(dashboard, panel, target) for dashboard in support.dashboards().values()
            for panel, target in support.queries(dashboard) if panel["title"] not in without]


def column_names(panel):
    """{field: column} of a table."""
    return panel["transformations"][-1]["options"]["renameByName"] if panel["transformations"] else {}


class EveryQuery(unittest.TestCase):
    """A case for each panel: its queries are understood, answered and sane."""


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


def exposed(metric, source=None, **labels):
    """The sum of the exporter's own series, straight from its exposition."""
    found = (source or STAND.values)[metric]
    return sum(value for pairs, value in found.items() if labels.items() <= dict(pairs).items())


class TheRightNumbers(unittest.TestCase):
    """Against the exposition itself, added up without Prometheus."""

    def panel(self, name, title):
        return next(panel for panel in support.panels(DASHBOARDS[name]) if panel["title"] == title)

    def stat(self, name, title):
        return STAND.instant(DASHBOARDS[name], self.panel(name, title)["targets"][0], job="single")[0][1]

    def table(self, name, title, job="single"):
        return frames.table(self.panel(name, title), STAND.answers(DASHBOARDS[name], job=job))

    def test_totals(self):
        total = exposed("datadog_access_tokens")
        expected = {
            "Tokens": total,
            "Leaked tokens": exposed("datadog_access_tokens_leaked"),
            "Expire within a day": exposed("datadog_access_tokens", expiry_bucket="under_1d"),
            "Privileged, never expire": exposed("datadog_access_tokens_at_risk", reason="never_expires_privileged"),
            "Privileged, unused": exposed("datadog_access_tokens_at_risk", reason="unused_privileged"),
            "Never-expiring share": exposed("datadog_access_tokens", expiry_bucket="never") / total,
            "Owners": exposed("datadog_access_token_owners"),
            "Organizations": 1,
            "Counted against reported": 0,
            "Can these numbers be trusted?": 0,
        }
        for title, value in expected.items():
            self.assertEqual(self.stat("overview", title), value, title)

    def test_distributions_add_up_to_the_total(self):
        for name, title, metric in (("overview", "When do they expire?", "datadog_access_tokens"),
                                    ("overview", "What is unused?", "datadog_access_tokens"),
                                    ("overview", "How old are they?", "datadog_access_tokens"),
                                    ("scopes", "Privileged tokens by the time they have left",
                                     "datadog_access_tokens_privileged")):
            columns = {key: column for key, column in self.table(name, title).items() if key != "Owner type"}
            self.assertEqual(sum(sum(column) for column in columns.values()), exposed(metric), title)

    def test_bars_stand_from_expired_to_never(self):
        self.assertEqual(list(self.table("overview", "When do they expire?")),
                         ["Owner type", "expired", "< 1 day", "1–7 days", "7–30 days", "30–90 days", "90–365 days", "> 365 days",
                          "never"])

    def test_stacked_expiry_is_the_total(self):
        panel = self.panel("overview", "Expiry over time")
        parts = [STAND.instant(DASHBOARDS["overview"], target, job="single")[0][1] for target in panel["targets"]]
        self.assertEqual(sum(parts), exposed("datadog_access_tokens"))

    def test_what_expires_this_week(self):
        table = self.table("overview", "What expires this week?")
        buckets = ["under_1d", "1d_to_7d", "7d_to_30d"]
        for count, column in enumerate(("< 1 day", "< 7 days", "< 30 days"), 1):
            self.assertEqual(sum(table[column]), sum(exposed("datadog_access_tokens", expiry_bucket=bucket)
                                                     for bucket in buckets[:count]), column)

    def test_who_has_tokens_that_never_expire(self):
        answer = STAND.instant(DASHBOARDS["overview"], self.panel(
            "overview", "Which owners have tokens that never expire?")["targets"][0], job="single")
        for labels, value in answer:
            self.assertEqual(value, exposed("datadog_access_tokens", expiry_bucket="never", **labels), labels)

    def test_what_changed_since_yesterday(self):
        """Across the replacement of the exporter: what the old one had counted is not lost."""
        table = self.table("overview", "What changed since yesterday?", stand.LIVE)
        row = table["Token type"].index("personal")
        # The old exporter's last samples are not a minute old: adding up without folding would count the tokens twice.
        living = f'datadog_access_tokens{{job="{stand.LIVE}", instance!="replaced:1", token_type="personal"}}'
        counted = STAND.prometheus.instant(f"sum({living})", STAND.end)[0][1]
        before = exposed("datadog_access_tokens", STAND.yesterday, token_type="personal")
        self.assertEqual(table["Change"][row], counted - before)
        # All of the second exporter's, all but the first hour of the first one's, and the few that the live one has seen.
        for column, metric in (("Created", "created"), ("Removed", "removed"), ("Scopes changed", "scope_changes")):
            each = HISTORY_COUNTERS[f"datadog_access_tokens_{metric}_total"]
            self.assertGreaterEqual(table[column][row], 2 * each - 2, column)
            self.assertLessEqual(table[column][row], 2 * each + 20, column)

    def test_scopes(self):
        table = self.table("scopes", "Scopes by the time their tokens have left")
        for row, scope in enumerate(table["Scope"]):
            self.assertEqual(sum(column[row] for name, column in table.items() if name != "Scope"),
                             exposed("datadog_access_token_scope_grants", scope=scope), scope)

    def test_other_programs_are_left_out(self):
        """All jobs are chosen, and every program has `up` and `process_…`."""
        for panel, target in support.queries(DASHBOARDS["exporter"]):
            jobs = {labels.get("job") for labels, _ in STAND.instant(DASHBOARDS["exporter"], target)}
            self.assertNotIn("stranger", jobs, panel["title"])

    def test_token_detail(self):
        self.assertEqual(self.stat("token-detail", "Tokens in detail"), exposed("datadog_access_tokens"))
        self.assertEqual(self.stat("token-detail", "Share of tokens in detail"), 1)
        table = self.table("token-detail", "Which tokens expire next?")
        self.assertEqual(table["Expires in"], sorted(table["Expires in"]))
        self.assertEqual(len(set(table["Token id"])), 25)

    def test_a_name_is_searched_whatever_its_case(self):
        dashboard = DASHBOARDS["token-detail"]
        table = frames.table(self.panel("token-detail", "Which tokens expire next?"),
                             STAND.answers(dashboard, job="single", name="TERRA"))
        self.assertTrue(table["Token"])
        self.assertTrue(all("terra" in name.lower() for name in table["Token"]))

    def test_an_organization_whose_polls_fail_is_not_trusted(self):
        panel = self.panel("overview", "Can these numbers be trusted?")
        answer = STAND.instant(DASHBOARDS["overview"], panel["targets"][0], job="failing")
        self.assertEqual([value for _, value in answer], [2])
        self.assertEqual(values.display(panel["fieldConfig"]["defaults"], 2), ("Last poll failed", "orange"))


class Replicas(unittest.TestCase):
    def test_two_show_the_same_as_one(self):
        """Counters go on between the scrapes, so what is made of them may differ by a little: twice as much is far more."""
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
        """(text, colour) of all that a panel shows."""
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

    def test_an_exporter_that_never_was_shows_no_green(self):
        for dashboard in DASHBOARDS.values():
            for panel in support.panels(dashboard):
                for text, colour in self.colours(dashboard, panel, "nobody"):
                    self.assertNotIn(GREEN, colour, (panel["title"], text))

    def test_one_that_is_well_shows_green(self):
        panel = next(panel for panel in support.panels(DASHBOARDS["overview"]) if "trusted" in panel["title"])
        self.assertEqual(list(self.colours(DASHBOARDS["overview"], panel, "single")), [("Yes", GREEN)])

    def test_a_dead_exporter_is_said_to_be_down(self):
        for dashboard in DASHBOARDS.values():
            panel = next(panel for panel in support.panels(dashboard) if "trusted" in panel["title"])
            self.assertEqual(list(self.colours(dashboard, panel, "dead")), [("Exporter is down", "red")])

    def test_an_exporter_that_never_was_has_no_data(self):
        for dashboard in DASHBOARDS.values():
            first = support.panels(dashboard)[0]
            self.assertEqual(list(self.colours(dashboard, first, "nobody")), [("No data", values.GREY)])


class ManyScopes(unittest.TestCase):
    """The scopes dashboard reads each series once and shows no more than is asked for."""

    def test_few_rows_come_back(self):
        dashboard = DASHBOARDS["scopes"]
        for panel, target in support.queries(dashboard):
            rows = len(STAND.instant(dashboard, target, job="many"))
            self.assertLessEqual(rows, 20 * 8, panel["title"])

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

    def test_every_name_in_a_query_is_one(self):
        """`Answers` fails on a name that is neither a variable nor built in."""
        for dashboard, _, target in queries():
            STAND.answers(dashboard).query(target)
        with self.assertRaises(KeyError):
            STAND.answers(dashboard).query({"expr": "up{job=~\"$jobs\"}"})

    def test_custom_ones_begin_with_one_of_their_values(self):
        for dashboard in DASHBOARDS.values():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "custom":
                    self.assertIn(variable["current"]["value"], [option["value"] for option in variable["options"]])


class Pictures(unittest.TestCase):
    def test_each_has_every_panel(self):
        for dashboard in DASHBOARDS.values():
            for job in (stand.LIVE, "nobody"):
                text = drawing.svg(dashboard, STAND.answers(dashboard, job=job), "caption")
                shown = "".join(xml.etree.ElementTree.fromstring(text).itertext())
                for panel in support.panels(dashboard):
                    self.assertIn(panel["title"], shown)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
