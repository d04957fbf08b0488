"""--list: which tokens it lists, as a table for people and as JSON and CSV for programs."""
import collections
import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unicodedata
import unittest

import harness
from fault_server import FaultServer, answer, json_answer, listing, token
from test_untrusted_text import TEXTS, everywhere, raw_listing

TOKEN = "ddpat_alias_0123456789abcdef"
FIELDS = ["findings", "organization", "owner", "owner_id", "owner_type", "name", "id", "public_portion", "type", "created",
          "last_used", "expires", "time_left", "scopes"]
FORMULAS = ["=cmd()", "+1+1", "-1", "@SUM(1)", " =cmd()", "＝cmd()"]
CONTROLS = "[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
# The escape sequences that colour a finding and reset the colour.
SELECT_GRAPHIC_RENDITION = re.compile("\x1b\\[[0-9;]*m")


def hostile_listing():
    """One token for each hostile text in each field, plus names that a spreadsheet would run as formulas."""
    names = [{"name": name.encode(), "id": b"formula %d" % number} for number, name in enumerate(FORMULAS)]
    return raw_listing([*everywhere(TEXTS), *names])


def list_of(server, *arguments, **variables):
    return harness.run("--list", "--list.owners=false", "--datadog.base-url", server.url, *arguments,
                       **{"DD_BEARER_TOKEN": TOKEN, **variables})


def width(text):
    """The number of terminal columns that the text occupies."""
    return sum(0 if unicodedata.combining(c) or unicodedata.category(c) in ("Cf", "Mn")
               else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def on_terminal(columns, *arguments, **variables):
    """The program's output on a terminal, and its exit status."""
    master, slave = pty.openpty()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = stack.enter_context(subprocess.Popen(
            [harness.EXPORTER, *arguments], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL,
            env=harness.clean_environment(**{"TERM": "xterm", **variables})))
        stack.callback(process.kill)
        os.close(slave)
        printed = b""
        with contextlib.suppress(OSError):  # On Linux, reading fails once the other end is closed.
            while piece := os.read(master, 65536):
                printed += piece
        return printed.decode().replace("\r\n", "\n"), process.wait(harness.LIMIT_SECONDS)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


class Formats(unittest.TestCase):
    """The simulated organization."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.api = cls.stack.enter_context(harness.SimulatedDatadog("--tokens", "60"))
        cls.json = cls.list("--list.format=json")
        cls.objects = objects(cls.json.stdout)

    @classmethod
    def list(cls, *arguments):
        return list_of(cls.api, *arguments, DD_BEARER_TOKEN=harness.ACCESS_TOKEN)

    def test_json_has_every_token_once_with_all_fields(self):
        self.assertEqual(self.json.returncode, 0, self.json.stderr)
        self.assertEqual(len({found["id"] for found in self.objects}), 60)
        for found in self.objects:
            self.assertEqual(list(found), FIELDS)

    def test_csv_says_the_same_as_json(self):
        rows = list(csv.reader(io.StringIO(self.list("--list.format=csv").stdout, newline="")))
        self.assertEqual(rows[0], FIELDS)
        by_id = {row[FIELDS.index("id")]: row for row in rows[1:]}
        self.assertEqual(set(by_id), {found["id"] for found in self.objects})
        for found in self.objects:
            for field, cell in zip(FIELDS, by_id[found["id"]]):
                value = found[field]
                expected = " ".join(value) if isinstance(value, list) else value or ""
                if field != "time_left":  # It may change between two runs.
                    self.assertEqual(cell.removeprefix("'"), expected)

    def test_csv_lines_end_as_rfc_4180_says(self):
        done = subprocess.run([harness.EXPORTER, "--demo", "--list=leaked", "--list.format=csv"], capture_output=True,
                              env=harness.clean_environment(), timeout=harness.LIMIT_SECONDS, check=True)
        lines = done.stdout.split(b"\r\n")
        self.assertGreater(len(lines), 2)
        self.assertEqual(lines[-1], b"")

    def test_the_worst_come_first(self):
        reasons = list(collections.OrderedDict.fromkeys(
            found["findings"][0] if found["findings"] else "" for found in self.objects))
        order = ["leaked", "never_expires_privileged", "expiring_in_use", "unused_privileged", "unscoped", "never_expires",
                 "lifetime_over_policy", "unused", "expired_still_listed", ""]
        self.assertEqual(reasons, [reason for reason in order if reason in reasons])
        self.assertGreater(len(reasons), 5)

    def test_only_chosen_findings_are_listed(self):
        chosen = objects(self.list("--list=leaked,unscoped", "--list.format=json").stdout)
        expected = {found["id"] for found in self.objects if {"leaked", "unscoped"} & set(found["findings"])}
        self.assertEqual({found["id"] for found in chosen}, expected)
        self.assertGreater(len(expected), 1)

    def test_privileged_scopes_come_first(self):
        privileged = {"org_management", "user_access_manage", "api_keys_write"}
        for found in objects(self.list("--list.format=json", "--scopes.privileged", ",".join(privileged)).stdout):
            ranks = [scope not in privileged for scope in found["scopes"]]
            self.assertEqual(ranks, sorted(ranks), found["scopes"])

    def test_without_a_terminal_a_table_is_120_columns_wide_and_has_no_colours(self):
        text = self.list().stdout
        self.assertNotIn("\x1b", text)
        self.assertLessEqual(max(map(width, text.splitlines())), 120)
        self.assertGreater(max(map(width, text.splitlines())), 100)
        self.assertEqual(text.splitlines()[-1], "60 of 60 tokens")

    def test_a_table_fits_the_terminal(self):
        for columns in (40, 80, 120, 200, 400):
            text, status = on_terminal(columns, "--demo", "--list")
            self.assertEqual(status, 0)
            widths = [width(SELECT_GRAPHIC_RENDITION.sub("", line)) for line in text.splitlines()]
            self.assertLessEqual(max(widths), columns)
        self.assertEqual(len(text.splitlines()), 1 + 400 + 1, "in 400 columns a token takes one line")

    def test_findings_are_coloured_on_a_terminal_unless_disabled(self):
        coloured, _ = on_terminal(120, "--demo", "--list=leaked")
        self.assertIn("\x1b[1;31mleaked", coloured)
        for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            plain, _ = on_terminal(120, "--demo", "--list=leaked", **variables)
            self.assertNotIn("\x1b", plain)
            self.assertIn("leaked", plain)

    def test_omitted_findings_are_counted(self):
        self.assertRegex(self.list().stdout, r"never_expires_privileged, \+\d")


class Hostile(unittest.TestCase):
    """Names, owners and scopes chosen to do harm."""

    @classmethod
    def setUpClass(cls):
        with FaultServer(hostile_listing()) as server:
            cls.json = list_of(server, "--list.format=json")
            cls.csv = list_of(server, "--list.format=csv")
            cls.table = list_of(server)
            cls.terminal, _ = on_terminal(80, "--list", "--list.owners=false", "--datadog.base-url", server.url,
                                          DD_BEARER_TOKEN=TOKEN)
        cls.tokens = len(TEXTS) + len(FORMULAS)

    def test_every_token_is_listed_in_each_format(self):
        for done in (self.json, self.csv, self.table):
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(objects(self.json.stdout)), self.tokens)
        self.assertEqual(len(list(csv.reader(io.StringIO(self.csv.stdout, newline="")))), 1 + self.tokens)
        self.assertIn(f"{self.tokens} of {self.tokens} tokens", self.table.stdout)

    def test_no_control_character_is_printed(self):
        for text in (self.json.stdout, self.table.stdout, self.csv.stdout.replace("\r\n", "\n"),
                     SELECT_GRAPHIC_RENDITION.sub("", self.terminal)):
            self.assertIsNone(re.search(CONTROLS, text))

    def test_only_own_colours_are_printed(self):
        self.assertLessEqual(set(SELECT_GRAPHIC_RENDITION.findall(self.terminal)),
                             {"\x1b[1m", "\x1b[0m", "\x1b[33m", "\x1b[1;31m"})

    def test_long_names_are_cut_and_table_lines_fit_the_terminal(self):
        self.assertLessEqual(max(len(found["name"].encode()) for found in objects(self.json.stdout)), 200)
        self.assertLessEqual(max(map(width, self.table.stdout.splitlines())), 120)

    def test_no_cell_is_a_formula(self):
        rows = list(csv.reader(io.StringIO(self.csv.stdout, newline="")))
        for row in rows:
            for cell in row:
                self.assertNotRegex(cell, r"^\s*[=+\-@＝＋－＠]")
        names = {row[FIELDS.index("name")] for row in rows}
        self.assertLessEqual({"'" + name for name in FORMULAS}, names)


class Owners(unittest.TestCase):
    """Names and e-mail addresses, which only --list requests."""

    @staticmethod
    def list(*server_arguments, arguments=()):
        with harness.SimulatedDatadog("--tokens", "60", *server_arguments) as api:
            return harness.run("--list", "--list.format=json", "--datadog.base-url", api.url, *arguments,
                               DD_BEARER_TOKEN=harness.ACCESS_TOKEN)

    def test_are_named_and_marked_if_disabled(self):
        done = self.list()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        owners = [found["owner"] for found in objects(done.stdout)]
        self.assertNotIn(None, owners)
        self.assertTrue(any("@example.com" in owner for owner in owners))
        self.assertTrue(any(owner.startswith("(disabled) ") for owner in owners))

    def test_are_shown_by_id_without_the_permission_and_one_line_names_it(self):
        done = self.list("--no-user-access")
        self.assertEqual(done.returncode, 0)
        self.assertEqual({found["owner"] for found in objects(done.stdout)}, {None})
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("user_access_read", done.stderr)

    def test_are_not_requested_if_switched_off(self):
        done = self.list("--no-user-access", arguments=["--list.owners=false"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_with_hostile_names_are_printed_safely(self):
        name = json.dumps("\x1b[31m\u202eevil\r\n\u0000" + "x" * 30000)[1:-1]
        user = json_answer({"data": {"id": "o", "type": "users", "attributes": {"name": "@", "email": "=cmd()"}}})
        body = user.partition(b"\r\n\r\n")[2].replace(b'"@"', f'"{name}"'.encode())
        answers = [listing([token(1, owner="o")]), answer(200, body, [("Content-Type", "application/json")])]
        printed = {}
        for form in ("json", "csv", "table"):
            with FaultServer(*answers) as server:
                done = harness.run("--list", f"--list.format={form}", "--datadog.base-url", server.url, DD_BEARER_TOKEN=TOKEN)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIsNone(re.search(CONTROLS, done.stdout.replace("\r\n", "\n")), form)
            printed[form] = done.stdout
        self.assertTrue(objects(printed["json"])[0]["owner"].startswith("=cmd() (\ufffd[31m\ufffdevil"))
        self.assertLessEqual(len(objects(printed["json"])[0]["owner"].encode()), 200)
        self.assertIn("'=cmd() (", printed["csv"])

    def test_are_marked_if_disabled_even_without_a_name(self):
        user = json_answer({"data": {"id": "o", "type": "users", "attributes": {"name": None, "disabled": True}}})
        with FaultServer(listing([token(1, owner="o")]), user) as server:
            done = harness.run("--list", "--list.format=json", "--datadog.base-url", server.url, DD_BEARER_TOKEN=TOKEN)
        self.assertEqual(objects(done.stdout)[0]["owner"], "(disabled) o")

    def test_are_in_no_metric_and_no_log(self):
        addresses = {address for found in objects(self.list().stdout)
                     for address in re.findall(r"\S+@example\.com", found["owner"])}
        self.assertGreater(len(addresses), 5)
        with harness.SimulatedDatadog("--tokens", "60") as api:
            done = harness.run("--once", "--tokens.detail=all", "--log.level=debug", "--datadog.base-url", api.url,
                               DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        self.assertEqual(done.returncode, 0)
        self.assertEqual([address for address in addresses if address in done.stdout + done.stderr], [])


class Statuses(unittest.TestCase):
    def test_a_failed_organization_is_reported_and_the_others_are_listed(self):
        with contextlib.ExitStack() as stack:
            good = stack.enter_context(FaultServer(listing([token(1)])))
            bad = stack.enter_context(FaultServer(answer(403, '{"errors": ["Forbidden"]}')))
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            secret = os.path.join(folder, "token")
            configuration = os.path.join(folder, "config.yaml")
            with harness.private_file(secret) as file:
                file.write(TOKEN)
            with open(configuration, "w", encoding="utf-8") as file:
                file.write("organizations:\n" + "".join(
                    f"  - {{name: {name}, base_url: '{server.url}', bearer_token_file: {secret}}}\n"
                    for name, server in (("bad", bad), ("good", good))))
            done = harness.run("--list", "--list.owners=false", "--list.format=json",
                               DATADOG_TOKEN_EXPORTER_CONFIG_FILE=configuration)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([found["organization"] for found in objects(done.stdout)], ["good"])
        self.assertIn("org=bad", done.stderr)
        self.assertIn("reason=forbidden", done.stderr)

    def test_an_unknown_finding_is_refused_with_the_known_ones(self):
        done = harness.run("--demo", "--list=leaked,unusd")
        self.assertEqual(done.returncode, 2)
        self.assertIn('--list: "unusd" is not a finding; did you mean unused?', done.stderr)
        self.assertIn("expiring_in_use", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_closed_pipe_fails_silently(self):
        read, write = os.pipe()
        os.close(read)
        try:
            done = subprocess.run([harness.EXPORTER, "--demo", "--list", "--list.owners=false"], stdout=write, stderr=subprocess.PIPE, text=True,
                                  env=harness.clean_environment(), timeout=harness.LIMIT_SECONDS, check=False)
        finally:
            os.close(write)
        self.assertEqual((done.returncode, done.stderr), (1, ""))

    def test_a_shard_says_that_its_list_is_partial(self):
        with FaultServer(listing([token(1)])) as server:
            done = list_of(server, "--shard.count=2", "--shard.index=0")
            other = list_of(server, "--shard.count=2", "--shard.index=1")
        self.assertEqual({done.returncode, other.returncode}, {0})
        for run in (done, other):
            self.assertEqual(len(run.stderr.splitlines()), 1)
            self.assertIn("other replicas list the tokens of the rest", run.stderr)
        self.assertEqual(sorted([done.stdout.splitlines()[-1], other.stdout.splitlines()[-1]]),
                         ["0 of 0 tokens", "1 of 1 token"])

    def test_an_empty_list_succeeds(self):
        with FaultServer(listing([token(1)])) as server:
            done = list_of(server, "--list=leaked")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.splitlines()[-1], "0 of 1 token")

    def test_a_successful_list_logs_nothing(self):
        with FaultServer(listing([token(1, owner="a"), token(2, owner="b")])) as server:
            self.assertEqual(list_of(server).stderr, "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
