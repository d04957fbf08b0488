"""exporter/reference.md, README and SECURITY.md agree with the program: flags and their defaults, metrics with types and labels,
failure reasons, findings, bounds.

`python3 tests/app/test_documentation.py --write` (with EXPORTER and SIMULATED_DATADOG set) writes the reference's tables of flags,
metrics and findings."""
import json
import math
import os
import re
import subprocess
import sys
import unittest

import harness
import test_hostile_api

README = os.path.join(harness.SOURCE_DIR, "README.md")
REFERENCE = os.path.join(harness.SOURCE_DIR, "exporter", "reference.md")
DASHBOARDS = os.path.join(harness.SOURCE_DIR, "dashboards", "README.md")
TESTS_README = os.path.join(harness.SOURCE_DIR, "tests", "README.md")
SECURITY = os.path.join(harness.SOURCE_DIR, "SECURITY.md")
TESTS = os.path.join(harness.SOURCE_DIR, "tests")
CHART = os.path.join(harness.SOURCE_DIR, "helm", "datadog-token-exporter")
UNIT = os.path.join(harness.SOURCE_DIR, "exporter", "packaging", "datadog-token-exporter.service")


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def table(text, name):
    """The rows between `<!-- name` and `<!-- /name`, without the heading."""
    block = re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- /{name} -->", text, re.S).group(1)
    return block, [line for line in block.splitlines()[2:] if line]


def flags_of_help():
    """(flag, value name, default, meaning) of each option in --help."""
    text = harness.run("--help").stdout
    rows = []
    for block in re.split(r"\n(?=  --)", text[text.index("\n  --"):])[1:] if "\n  --" in text else []:
        lines = block.split("\n")
        head = re.fullmatch(r"  --(\S+)(?: (\S+))?", lines[0])
        body = []
        for line in lines[1:]:
            if not line.startswith("      "):
                break
            body.append(line.strip())
        meaning, _, default = " ".join(body).partition(" Default: ")
        default = re.sub(r",\s+", ",", default)
        rows.append((head.group(1), head.group(2) or "", default, meaning.replace("<", "&lt;")))
    return rows


def flag_rows():
    rows = []
    for flag, value, default, meaning in flags_of_help():
        shown = "a list of scopes, see `--help`" if flag == "scopes.privileged" else f"`{default}`" if default else ""
        name = (f"--{flag}" + (f" {value}" if value else "")).replace("|", "\\|")
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    return rows


def metric_rows():
    """A row for each family of a complete exposition, in publishing order."""
    text = harness.everything()
    series = harness.parse_text(text)
    rows = []
    for name, meaning in re.findall(r"^# HELP (\S+) (.*)$", text, re.M):
        kind = re.search(rf"^# TYPE {name} (\S+)$", text, re.M).group(1)
        samples = series.get(name) or series[name + "_count"]
        first = re.search(rf"^{name}(?:_count)?(?:\{{(.*)\}})? ", text, re.M).group(1) or ""
        labels = [label for label in re.findall(r'(\w+)="', first) if label != "org"]
        assert all({label for label, _ in key} >= set(labels) for key in samples), name
        meaning = meaning.replace(" As of the last complete poll.", "")
        rows.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |")
    return rows


def findings_of_the_program():
    """(reason, severity, sentence) of each row of the program's table, in order."""
    with open(os.path.join(harness.SOURCE_DIR, "exporter", "inventory", "findings.cpp"), encoding="utf-8") as file:
        rows = re.search(r"to_array<FindingRow>\(\{(.*?)\n\}\);", file.read(), re.S).group(1)
    text = r'"([^"]*)",\s*'
    return re.findall(r"\{Finding::\w+,\s*" + text + r"Severity::(\w+),\s*" + re.sub(r"[()]", "", text) * 2 + text + r"\w+\}", rows)


def finding_rows():
    rows = []
    for reason, severity, sentence in findings_of_the_program():
        policies = re.sub(r"\{(\w+)\}", lambda match: f"`--policy.{match.group(1).replace('_', '-')}`", sentence)
        rows.append(f"| `{reason}` | {severity} | {policies} |")
    return rows


def names_of_tests():
    """`Suite.Name` of every C++ and Python test in the tree."""
    names = set()
    for folder, _, files in os.walk(TESTS):
        for file in files:
            if not file.endswith((".cpp", ".py")):
                continue
            with open(os.path.join(folder, file), encoding="utf-8") as opened:
                text = opened.read()
            names |= {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.M)}
            for suite, body in re.findall(r"^class (\w+)\(.*?\n(.*?)(?=^\S|\Z)", text, re.M | re.S):
                names |= {f"{suite}.{name}" for name in re.findall(r"^    def (test_\w+)", body, re.M)}
    return names


def number_in_code(file, name):
    """The value of a constant in a file under exporter/."""
    with open(os.path.join(harness.SOURCE_DIR, "exporter", file), encoding="utf-8") as opened:
        value = re.search(rf"\bconstexpr [\w:]+ {name}(?: = (.*?)|\{{(.*?)\}});", opened.read(), re.S)
    text = re.sub(r"std::\w+\{(\d+)\}", r"\1", value.group(1) or value.group(2)).replace("'", "")
    number, _, shift = text.rstrip("uUlLzZ").partition(" << ")
    return int(number) << int(shift or 0)


class Privileges(unittest.TestCase):
    def test_the_chart_gives_none(self):
        with open(os.path.join(CHART, "values.yaml"), encoding="utf-8") as file:
            values = file.read()
        for setting in ("runAsNonRoot: true", "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true"):
            self.assertRegex(values, rf"(?m)^  {setting}$")
        self.assertRegex(values, r"(?m)^  capabilities:\n    drop: \[ALL\]$")

    def test_the_systemd_unit_gives_none(self):
        with open(UNIT, encoding="utf-8") as file:
            unit = file.read()
        for setting in ("CapabilityBoundingSet=", "AmbientCapabilities=", "NoNewPrivileges=yes", "ProtectSystem=strict"):
            self.assertRegex(unit, rf"(?m)^{setting}$")


class Documentation(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.readme, cls.reference, cls.dashboards, cls.tests = map(text_of, (README, REFERENCE, DASHBOARDS, TESTS_README))

    def test_the_flags_match_help(self):
        rows = flag_rows()
        self.assertGreater(len(rows), 30)
        self.assertEqual(table(self.reference, "flags")[1], rows)

    def test_the_metrics_match_the_program(self):
        rows = metric_rows()
        self.assertGreater(len(rows), 40)
        self.assertEqual(table(self.reference, "metrics")[1], rows)

    def test_every_failure_reason_has_its_line(self):
        text = harness.run("--demo", "--once").stdout
        reasons = [dict(key)["reason"]
                   for key in harness.parse_text(text)["datadog_access_token_poll_failures_total"]]
        documented = re.findall(r"^\| `(\w+)` \|", table(self.reference, "reasons")[0], re.M)
        self.assertEqual(sorted(documented), sorted(reasons))

    def test_the_findings_match_the_program(self):
        rows = finding_rows()
        self.assertEqual(table(self.reference, "findings")[1], rows)
        published = harness.parse_text(harness.run("--demo", "--once").stdout)["datadog_access_tokens_at_risk"]
        self.assertEqual([reason for reason, *_ in findings_of_the_program()], list(dict.fromkeys(dict(key)["reason"] for key in published)))

    def test_the_readme_says_what_to_do_about_each_finding_in_order(self):
        commands = [re.match(r"\| `--list=(\w+)` \| \S.*\. \|$", row).group(1) for row in table(self.readme, "todo")[1]]
        self.assertEqual(commands, [reason for reason, *_ in findings_of_the_program()])

    def test_the_list_fields_match_the_program(self):
        documented = re.findall(r"^\| `(\w+)` \|", table(self.reference, "list")[0], re.M)
        token = json.loads(harness.run("--demo", "--list=leaked", "--list.format=json").stdout)
        self.assertEqual(documented, list(token))
        names = harness.run("--demo", "--list=leaked", "--list.format=csv").stdout.splitlines()[0]
        self.assertEqual(documented, names.split(","))

    def test_the_list_exits_with_the_documented_statuses(self):
        self.assertEqual(harness.run("--demo", "--list").returncode, 0)
        self.assertEqual(harness.run("--demo", "--list=stolen").returncode, 2)
        self.assertEqual(harness.run("--list", "--datadog.base-url", "http://127.0.0.1:1", "--poll.timeout", "1s",
                                     DD_BEARER_TOKEN=harness.ACCESS_TOKEN).returncode, 1)

    def test_every_security_claim_names_existing_tests(self):
        with open(SECURITY, encoding="utf-8") as file:
            rows = table(file.read(), "claims")[1]
        self.assertGreater(len(rows), 15)
        known = names_of_tests()
        for row in rows:
            claim, tests = row.strip("| ").rsplit(" | ", 1)
            named = re.findall(r"`([^`]+)`", tests)
            self.assertTrue(named, claim)
            self.assertEqual([name for name in named if name not in known], [], claim)

    def test_every_test_that_security_names_exists(self):
        with open(SECURITY, encoding="utf-8") as file:
            named = set(re.findall(r"`([A-Z]\w+\.(?!md`)\w+)`", file.read()))
        self.assertGreater(len(named), 80)
        self.assertEqual(sorted(named - names_of_tests()), [])

    def test_security_bounds_match_the_code_and_have_tests(self):
        with open(SECURITY, encoding="utf-8") as file:
            rows = [re.split(r"\s*\|\s*", row.strip("| ")) for row in table(file.read(), "bounds")[1]]
        self.assertGreater(len(rows), 8)
        for what, bound, place, tests in rows:
            self.assertTrue(re.findall(r"`\w+\.\w+`", tests), what)
            if place:
                file, name = re.fullmatch(r"`(\S+)`: `(\w+)`", place).groups()
                self.assertEqual(number_in_code(file, name), int(bound), what)

    def test_stop_timeouts_exceed_the_longest_shutdown(self):
        longest = harness.LONGEST_END_SECONDS
        for file, words in ((REFERENCE, rf"takes {longest} seconds at most"), (SECURITY, rf"within {longest} seconds whatever hangs"),
                            (os.path.join(CHART, "values.yaml"), f"The program takes at most {longest}.")):
            with open(file, encoding="utf-8") as opened:
                self.assertIn(words, opened.read())
        for file, setting in ((os.path.join(CHART, "values.yaml"), r"^terminationGracePeriodSeconds: (\d+)$"),
                              (UNIT, r"^TimeoutStopSec=(\d+)s$")):
            with open(file, encoding="utf-8") as opened:
                self.assertGreater(int(re.search(setting, opened.read(), re.M).group(1)), longest, file)

    def test_the_platforms_match_the_script(self):
        script = os.path.join(TESTS, "platforms", "run.sh")
        done = subprocess.run(["sh", script, "slackware"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        suites = re.search(r"not (\w+), (\w+) or (\w+)$", done.stderr.strip()).groups()
        _, rows = table(self.tests, "platforms")
        self.assertEqual(tuple(re.match(r"\| \w+ \(`(\w+)`\)", row).group(1) for row in rows), suites)
        self.assertIn("On Debian " + ", ".join(row.split()[1] for row in rows[:-1]) + f" or {rows[-1].split()[1]},", self.readme)

    def test_metrics_that_a_manual_names_exist(self):
        published = set(re.findall(r"^# HELP (\S+)", harness.everything(), re.M))
        for text in (self.readme, self.reference, self.dashboards):
            named = set(re.findall(r"\bdatadog_access_token\w+", text))
            self.assertEqual(sorted(named - published), [])

    def test_flags_that_a_manual_names_exist(self):
        known = {flag for flag, *_ in flags_of_help()}
        for text in (self.readme, self.reference, self.dashboards):
            # Comments are not shown to readers.
            named = set(re.findall(r"`?--((?:datadog|tokens|poll|buckets|scopes|policy|web|log|config|once|list|demo|state|shard)[\w.-]*\w)",
                                   re.sub(r"<!--.*?-->|(?m:^docker compose .*$)|(?m:^prometheus .*$)|`docker compose .*?`", "", text, flags=re.S)))
            self.assertEqual(sorted(named - known), [])


class MemoryFormula(unittest.TestCase):
    """The formula for the most memory that APIs can make the program use, and the limits derived from it."""

    @staticmethod
    def text(*path):
        with open(os.path.join(harness.SOURCE_DIR, *path), encoding="utf-8") as file:
            return file.read()

    def shifted(self, name):
        """The value of a constant such as `name = std::size_t{20} << 20`, in bytes."""
        number, shift = re.search(rf"{name} = std::size_t\{{(\d+)\}} << (\d+);",
                                  self.text("exporter", "datadog", "page.h")).groups()
        return int(number) << int(shift)

    def most_memory(self, organizations):
        """The result of the formula, in MiB."""
        defaults = {flag: default.strip(".") for flag, _, default, _ in flags_of_help()}
        pages = 2 * int(defaults["poll.concurrency"]) * self.shifted("ordinary") * 1.5
        each = pages + int(defaults["poll.max-tokens"]) * 75 + int(defaults["poll.max-scopes"]) * 700
        return 24 + self.shifted("default_pool") / 2**20 + organizations * math.ceil(each / 2**20)

    def test_the_limits_follow_from_it(self):
        security = self.text("SECURITY.md")
        self.assertEqual(self.most_memory(0), 44)
        self.assertEqual(self.most_memory(1), 44 + 21)
        self.assertIn("24 + 20 + n × (2 × concurrency × 0.25 × 1.5 + max_tokens × 75 / 2^20 + max_scopes × 700 / 2^20)", security)
        self.assertIn("44 + 21 × n: 128 MiB for four", security)
        self.assertIn("no more than 44 MiB plus 21 MiB for each organization", security)
        chart = re.search(r"limits:\n    memory: (\d+)Mi\n", self.text("helm", "datadog-token-exporter", "values.yaml"))
        self.assertEqual(int(chart.group(1)), self.most_memory(4))
        unit = re.search(r"^MemoryMax=(\d+)M$", self.text("exporter", "packaging", "datadog-token-exporter.service"), re.M)
        self.assertIn(f"{self.most_memory(16):.0f} MiB for sixteen, within the systemd unit's `MemoryMax={unit.group(1)}M`", security)
        self.assertLessEqual(self.most_memory(16), int(unit.group(1)))
        self.assertLess(int(unit.group(1)), self.most_memory(17))

    def test_the_program_was_measured_against_it(self):
        self.assertEqual(test_hostile_api.MOST_MEMORY_OF_FOUR, self.most_memory(4) * 2**20)
        self.assertEqual(self.most_memory(1) * 2**20, test_hostile_api.MOST_MEMORY_OF_ONE)


def write():
    text = text_of(REFERENCE)
    for name, rows in (("flags", flag_rows()), ("metrics", metric_rows()), ("findings", finding_rows())):
        block, _ = table(text, name)
        text = text.replace(block, "\n".join(block.splitlines()[:2] + rows) + "\n")
    with open(REFERENCE, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
