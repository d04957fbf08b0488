"""Compares the panels with sums computed from the exposition itself, without Prometheus. Run by test_queries."""
import unittest

import support

import stand
from generator import panels as generated
from generator import program
from history import HISTORY_COUNTERS
from rendering import frames, values

STAND, DASHBOARDS = stand.shared(), support.dashboards()
AT_RISK, GRANTS = "datadog_access_tokens_at_risk", "datadog_access_token_scope_grants"


def exposed(metric, source=None, **labels):
    """The sum of the exporter's own series, read directly from its exposition."""
    found = (source or STAND.values)[metric]
    return sum(value for pairs, value in found.items() if labels.items() <= dict(pairs).items())


def findings(source=None, **labels):
    """The labels of each token's findings."""
    found = [dict(pairs) for pairs in (source or STAND.values)["datadog_access_token_finding"]]
    return [each for each in found if labels.items() <= each.items()]


def place(finding):
    return 1 + list(program.findings()).index(finding["reason"])


def panel_of(name, title):
    return next(panel for panel in support.panels(DASHBOARDS[name]) if panel["title"] == title)


def stat(name, title):
    return STAND.instant(DASHBOARDS[name], panel_of(name, title)["targets"][0], job="single")[0][1]


def table_of(name, title, job="single"):
    return frames.table(panel_of(name, title), STAND.answers(DASHBOARDS[name], job=job))


class Overview(unittest.TestCase):
    def test_single_numbers(self):
        named = findings()
        expected = {
            ("overview", "Leaked"): exposed("datadog_access_tokens_leaked"),
            ("overview", "Privileged, without expiry"): exposed(AT_RISK, reason="never_expires_privileged"),
            ("overview", "Break within a week"): exposed(AT_RISK, reason="expiring_in_use"),
            ("overview", "Can these numbers be trusted?"): 0,
            ("scopes", "Privileged tokens"): exposed("datadog_access_tokens_privileged"),
            ("scopes", "Without scopes"): exposed(AT_RISK, reason="unscoped"),
            ("scopes", "Scopes folded"): exposed("datadog_access_token_scopes_folded"),
            ("exporter", "Counted against reported"): 0,
            ("token-detail", "Tokens with these findings"): len({each["token_id"] for each in named}),
            ("token-detail", "Their owners"): len({each["owner_id"] for each in named}),
            ("token-detail", "Tokens left out"): 0,
        }
        for (name, title), value in expected.items():
            self.assertEqual(stat(name, title), value, title)

    def test_findings_are_in_the_programs_order_with_their_changes(self):
        table = table_of("overview", "Which findings need work?")
        reasons = list(program.findings())
        self.assertEqual(table["Reason"], reasons)
        config = values.config_of(panel_of("overview", "Which findings need work?"), "Finding")
        self.assertEqual([values.display(config, place) for place in table["Finding"]],
                         [(words, generated.SEVERITIES[severity]) for words, severity in program.findings().values()])
        for row, reason in enumerate(reasons):
            now, before = exposed(AT_RISK, reason=reason), exposed(AT_RISK, STAND.yesterday, reason=reason)
            self.assertEqual(table["Tokens"][row], now, reason)
            for column, owner in (("Users", "user"), ("Service accounts", "service_account")):
                self.assertEqual(table[column][row], exposed(AT_RISK, reason=reason, owner_type=owner), (reason, owner))
            for column in ("Since yesterday", "Since last week"):
                self.assertEqual(table[column][row], now - before, (reason, column))

    def test_distributions_add_up_to_the_total(self):
        for name, title, metric in (("overview", "What is unused?", "datadog_access_tokens"),
                                    ("overview", "How old are they?", "datadog_access_tokens"),
                                    ("scopes", "For how long are privileged tokens valid?", "datadog_access_tokens_privileged")):
            columns = {key: column for key, column in table_of(name, title).items() if key != "Owner type"}
            self.assertEqual(sum(sum(column) for column in columns.values()), exposed(metric), title)

    def test_what_expires_when(self):
        table = table_of("overview", "What expires when?")
        shown = [text for text, _ in generated.BUCKETS.values()]
        self.assertEqual(list(table), ["Owner type", "In use, will break", *(text for text in shown if text in table), "All"])
        for row, owner in enumerate(table["Owner type"]):
            self.assertEqual(table["In use, will break"][row], exposed(AT_RISK, reason="expiring_in_use", owner_type=owner))
            self.assertEqual(table["All"][row], exposed("datadog_access_tokens", owner_type=owner))
            for name, (text, _) in generated.BUCKETS.items():
                self.assertEqual(table.get(text, [0, 0])[row],
                                 exposed("datadog_access_tokens", expiry_bucket=name, owner_type=owner), (owner, name))

    def test_who_holds_what(self):
        table = table_of("overview", "Who holds what?")
        self.assertGreater(len(table["Tokens"]), 1)
        for row, kind in enumerate(zip(table["Token type"], table["Owner type"])):
            labels = dict(zip(("token_type", "owner_type"), kind))
            expected = {
                "Owners": exposed("datadog_access_token_owners", **labels),
                "Tokens": exposed("datadog_access_tokens", **labels),
                "Never expire": exposed("datadog_access_tokens", expiry_bucket="never", **labels),
                "Privileged": exposed("datadog_access_tokens_privileged", **labels),
                "Privileged, never expire": exposed(AT_RISK, reason="never_expires_privileged", **labels),
                "Privileged, unused": exposed(AT_RISK, reason="unused_privileged", **labels),
            }
            self.assertEqual({column: table[column][row] for column in expected}, expected)

    def test_trends_end_at_the_current_value(self):
        for title, metric in (("Findings over time", AT_RISK), ("Tokens over time", "datadog_access_tokens")):
            ends = [value for target in panel_of("overview", title)["targets"]
                    for _, value in STAND.instant(DASHBOARDS["overview"], target, job="single")]
            self.assertEqual(sum(ends), exposed(metric), title)

    def test_what_changed_since_yesterday(self):
        """Across a replacement of the exporter: the old one's counts are not lost."""
        table = table_of("overview", "What changed since yesterday?", stand.LIVE)
        row = table["Token type"].index("personal")
        # The old exporter's last samples are less than a minute old: without folding, the tokens would count twice.
        living = f'datadog_access_tokens{{job="{stand.LIVE}", instance!="replaced:1", token_type="personal"}}'
        counted = STAND.prometheus.instant(f"sum({living})", STAND.end)[0][1]
        before = exposed("datadog_access_tokens", STAND.yesterday, token_type="personal")
        self.assertEqual(table["Change"][row], counted - before)
        # All of the second exporter's growth, all but the first hour of the first one's, and a little from the live one.
        for column, metric in (("Created", "created"), ("Removed", "removed"), ("Scopes changed", "scope_changes")):
            each = HISTORY_COUNTERS[f"datadog_access_tokens_{metric}_total"]
            self.assertGreaterEqual(table[column][row], 2 * each - 2, column)
            self.assertLessEqual(table[column][row], 2 * each + 20, column)


class Scopes(unittest.TestCase):
    def test_scopes(self):
        table = table_of("scopes", "Which scopes are granted, and for how long?")
        self.assertEqual(len(table["Scope"]), 50)
        for row, scope in enumerate(table["Scope"]):
            of_scope = exposed(GRANTS, scope=scope)
            buckets = [column[row] for name, column in table.items() if name in
                       [shown for shown, _ in generated.BUCKETS.values()]]
            self.assertEqual((sum(buckets), table["All"][row]), (of_scope, of_scope), scope)
            self.assertEqual(table["Service accounts"][row], exposed(GRANTS, scope=scope, owner_type="service_account"), scope)
            self.assertEqual(table["Privileged"][row], scope in program.privileged_scopes(), scope)

    def test_privileged_scopes_are_first(self):
        granted = {dict(pairs)["scope"] for pairs in STAND.values[GRANTS]}
        table = table_of("scopes", "Which scopes are granted, and for how long?")
        privileged = granted & set(program.privileged_scopes())
        self.assertGreater(len(privileged), 5)
        self.assertEqual(set(table["Scope"][:len(privileged)]), privileged)

    def test_tokens_that_never_expire_by_scope(self):
        table = table_of("scopes", "Tokens that never expire, by scope")
        for row, scope in enumerate(table["Scope"]):
            self.assertEqual(table["Never expire"][row], exposed(GRANTS, scope=scope, expiry_bucket="never"), scope)
            self.assertEqual(table["All tokens"][row], exposed(GRANTS, scope=scope), scope)
        self.assertEqual(table["Privileged"], sorted(table["Privileged"], reverse=True))

    def test_which_scopes_grew(self):
        table = table_of("scopes", "Which scopes grew since yesterday?")
        self.assertTrue(table)
        for row, scope in enumerate(table["Scope"]):
            self.assertEqual(table["More tokens"][row],
                             exposed(GRANTS, scope=scope) - exposed(GRANTS, STAND.yesterday, scope=scope), scope)


class TokenDetail(unittest.TestCase):
    def test_which_owner_is_riskiest(self):
        """Ranked by the worst finding, then by the number of tokens that have it."""
        places = {}
        for each in findings():
            places.setdefault(each["owner_id"], []).append(place(each))
        tokens = {owner: len({each["token_id"] for each in findings(owner_id=owner)}) for owner in places}
        expected = sorted((min(of_owner), -of_owner.count(min(of_owner))) for of_owner in places.values())
        table = table_of("token-detail", "Which owner is riskiest?")
        shown = list(zip(table["Worst finding"], table["Tokens with it"], table["Tokens with any"]))
        self.assertEqual([(worst, -count) for worst, count, _ in shown], expected[:25])
        for owner, (worst, count, any_of_them) in zip(table["Owner"], shown):
            self.assertEqual((min(places[owner]), places[owner].count(worst), tokens[owner]), (worst, count, any_of_them))

    def test_which_tokens_need_work(self):
        table = table_of("token-detail", "Which tokens need work?")
        worst = {}
        for each in findings():
            worst.setdefault(each["token_id"], []).append(place(each))
        self.assertEqual(table["Finding"], sorted(min(places) for places in worst.values())[:25])
        for row, token in enumerate(table["Token id"]):
            self.assertEqual((table["Finding"][row], table["Findings"][row]), (min(worst[token]), len(worst[token])))

    def test_a_finding_can_be_chosen(self):
        for title in ("Which tokens need work?", "Which owner is riskiest?"):
            table = frames.table(panel_of("token-detail", title),
                                 STAND.answers(DASHBOARDS["token-detail"], job="single", reason="unscoped", rows="500"))
            column = table.get("Finding") or table["Worst finding"]
            self.assertEqual(set(column), {1 + list(program.findings()).index("unscoped")}, title)

    def test_an_owner_can_be_chosen(self):
        owner = table_of("token-detail", "Which owner is riskiest?")["Owner"][0]
        table = frames.table(panel_of("token-detail", "Which tokens need work?"),
                             STAND.answers(DASHBOARDS["token-detail"], job="single", owner=owner))
        self.assertEqual(set(table["Owner id"]), {owner})

    def test_what_breaks_next_week(self):
        table = table_of("token-detail", "What breaks next week?")
        self.assertEqual(set(table["Token id"]), {each["token_id"] for each in findings(reason="expiring_in_use")})
        self.assertEqual(table["Expires in"], sorted(table["Expires in"]))
        self.assertLess(table["Expires in"][-1], 7)
        for row, token in enumerate(table["Token id"]):
            expires = exposed("datadog_access_token_expiry_timestamp_seconds", token_id=token)
            self.assertAlmostEqual(table["Expires in"][row], (expires - STAND.end) / 86400, places=3)

    def test_what_is_new_since_last_week(self):
        def known(source):
            return {(each["reason"], each["token_id"]) for each in findings(source)}

        new = known(STAND.values) - known(STAND.yesterday)
        table = table_of("token-detail", "What is new since last week?")
        self.assertEqual(set(table["Token id"]), {token for _, token in new})
        for row, token in enumerate(table["Token id"]):
            self.assertEqual(table["Finding"][row], min(place({"reason": reason}) for reason, of in new if of == token))

    def test_nothing_is_new_without_data_from_a_week_ago(self):
        self.assertFalse(table_of("token-detail", "What is new since last week?", "many"))

    def test_name_search_ignores_case(self):
        dashboard = DASHBOARDS["token-detail"]
        table = frames.table(panel_of("token-detail", "Which tokens need work?"),
                             STAND.answers(dashboard, job="single", name="TERRA"))
        self.assertTrue(table["Token"])
        self.assertTrue(all("terra" in name.lower() for name in table["Token"]))


class Trust(unittest.TestCase):
    def test_an_organization_whose_polls_fail_is_not_trusted(self):
        panel = panel_of("overview", "Can these numbers be trusted?")
        answer = STAND.instant(DASHBOARDS["overview"], panel["targets"][0], job="failing")
        self.assertEqual([value for _, value in answer], [3])
        self.assertEqual(values.display(panel["fieldConfig"]["defaults"], 3), ("Last poll failed", "orange"))

    def test_a_listing_with_a_single_owner_is_not_trusted(self):
        panel = panel_of("overview", "Can these numbers be trusted?")
        answer = STAND.instant(DASHBOARDS["overview"], panel["targets"][0], job="many")
        self.assertEqual([values.display(panel["fieldConfig"]["defaults"], value) for _, value in answer],
                         [("Only one owner seen", "orange")])

    def test_data_older_than_three_polls_is_stale(self):
        panel = panel_of("overview", "Can these numbers be trusted?")
        query = STAND.answers(DASHBOARDS["overview"], job="single").query(panel["targets"][0])
        for passed, state in ((1700, 0), (1900, 4)):
            answer = STAND.prometheus.instant(query.replace("time()", f"(time() + {passed})"), STAND.end)
            self.assertEqual([value for _, value in answer], [state], passed)

    def test_other_programs_are_left_out(self):
        """With all jobs selected, as every program exports `up` and `process_…`."""
        for panel, target in support.queries(DASHBOARDS["exporter"]):
            jobs = {labels.get("job") for labels, _ in STAND.instant(DASHBOARDS["exporter"], target)}
            self.assertNotIn("stranger", jobs, panel["title"])
