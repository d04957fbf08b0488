"""Whatever the API returns, the exposition remains one that Prometheus accepts, the log keeps one line per event, and the
status page shows only text."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import harness
from fault_server import FaultServer, answer, listing, token

TOKEN = "ddpat_alias_0123456789abcdef"
# Maximum length of a label value from untrusted text: `max_label_bytes` in exporter/inventory/label_text.h.
LONGEST_LABEL = 200
# An error quotes up to 200 bytes from the API; time, names and hints are added to that.
LONGEST_LINE = 800

# Each is the inside of a JSON string, in bytes, since a JSON library would refuse to write some of them.
TEXTS = {
    "quotes": rb"it's \"quoted\"",
    "backslashes": rb"C:\\temp\\new\\\\",
    "newlines": rb"one\ntwo\r\nthree\rfour",
    "null": rb"before\u0000after",
    "controls": rb"\u0001\u0007\b\t\f\u001f\u007f\u0085",
    "escape-sequences": rb"\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J",
    "right-to-left": "\u202eevil\u202c \u2066x\u2069 \u200e\u200f".encode(),
    "zero-width": "in\u200bvis\u200dible\ufeff\u2060".encode(),
    "separators": "a\u2028b\u2029c".encode(),
    "invalid": b"\xff\xfe\x80 \xc0\xaf \xe2\x82 \xf0\x9f \xed\xa0\x80 \xf8\x88\x80\x80\x80",
    "lone-surrogate-bytes": b"\xed\xbf\xbf\xed\xa0\x80",
    "emoji": "\U0001f511 ключ 鍵 مفتاح".encode(),
    "combining": b"Z" + "\u0301".encode() * 500,
    "long": b"A" * 65536,
    "long-and-wide": "鍵".encode() * 22000,
    "markup": rb"</style></script><img src=x onerror=alert(1)><!--",
    "entities": rb"&lt;b&gt; &#0; & \"onload='alert(1)'",
    "help-lookalike": rb"x\n# HELP up nothing\n# TYPE up counter\nup 0\n",
    "sample-lookalike": rb"x\",org=\"other\"} 1\ndatadog_access_tokens{a=\"b",
    "log-lookalike": rb"x\nts=2020-01-01T00:00:00.000Z level=error msg=\"forged\"",
    "json-lookalike": rb"x\"}\n{\"ts\":\"2020-01-01T00:00:00.000Z\",\"level\":\"error\",\"msg\":\"forged\"}",
    "format-string": rb"%s%n%n {} {0} {:>999999999} ${jndi:ldap://x}",
    "blank": b" ",
    "empty": b"",
}
# JSON's grammar allows these two, but no Unicode text can contain them.
LONE_SURROGATES = {"lone-surrogate": rb"x\ud800y", "surrogates-in-the-wrong-order": rb"\udc00\ud800"}

PAGE = """{"data": [%s], "meta": {"page": {"total_filtered_count": %d}}}"""
# Each of a token's three dates is a series of its own.
DETAILS = ("expiry", "last_used", "created")
DETAIL_LABELS = {"org", "token_id", "token_name", "token_type", "owner_type", "owner_id"}


def raw_listing(tokens):
    """A listing with unescaped texts: `tokens` has {place in the token: inside of a JSON string}."""
    elements = []
    for number, texts in enumerate(tokens):
        places = {place: f"@{place}@" for place in texts}
        places["scopes"] = [places["scope"]] if "scope" in places else []
        places.pop("scope", None)
        element = json.dumps(token(number, **places)).encode()
        for place, text in texts.items():
            element = element.replace(f'"@{place}@"'.encode(), b'"' + text + b'"')
        elements.append(element)
    body = (PAGE % ("@", len(tokens))).encode().replace(b"@", b",".join(elements), 1)
    return answer(200, body, [("Content-Type", "application/json")])


def everywhere(texts):
    """A token for each text, with that text as its name, scope, owner and public portion, and in its id if short enough."""
    for title, text in texts.items():
        identity = text + b" of " + title.encode() if len(text) < 100 else title.encode()
        yield {"name": text, "scope": text, "owner": text, "public_portion": text, "id": identity}


def error_pages(text):
    """The text in every shape of an error body: {title: body}."""
    quoted = b'"' + text + b'"'
    return {
        "texts": b'{"errors":[' + quoted + b"," + quoted + b"]}",
        "objects": b'{"errors":[{"title":' + quoted + b',"detail":' + quoted + b"}]}",
        "message": b'{"message":' + quoted + b"}",
        "not-json": b"* " + text.replace(rb"\n", b"\n").replace(rb"\r", b"\r").replace(rb"\u001b", b"\x1b"),
        "html": b"<html><script>" + text + b"</script>",
    }


def check_with_promtool(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          timeout=harness.LIMIT_SECONDS, check=False)


class Program:
    """The program, with its log as raw bytes, undecoded."""

    def __init__(self, log_format, *arguments, **variables):
        with tempfile.TemporaryFile() as log:
            self._log = os.dup(log.fileno())
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [harness.EXPORTER, "--web.listen-address", "127.0.0.1:0", "--log.format", log_format,
                 "--log.level", "debug", *arguments],
                env=harness.clean_environment(**variables), stdout=subprocess.DEVNULL, stderr=log)
        listening = re.compile(rb'metrics"?[=:]"?(http://[^/]+)')
        try:
            harness.wait_until(lambda: listening.search(self.log()) or self.process.poll() is not None, "it listens")
            self.url = listening.search(self.log()).group(1).decode()
        except (AssertionError, AttributeError) as error:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it does not listen: {self.log()}") from error

    def log(self):
        return os.pread(self._log, 16 << 20, 0)

    def wait_for_polls(self):
        harness.wait_until(lambda: harness.get(self.url + "/readyz")[0] == 200, "everything was polled")

    def page(self, path):
        return harness.get(self.url + path)[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(harness.LIMIT_SECONDS)
        finally:
            self.process.kill()
            self.final_log = self.log()
            os.close(self._log)


class Exposition(unittest.TestCase):
    """One poll of a listing in which every text is hostile, with all tokens shown in detail."""

    @classmethod
    def setUpClass(cls):
        cls.done = cls.poll(raw_listing(list(everywhere(TEXTS))), "--tokens.detail", "all")
        cls.text = cls.done.stdout
        cls.families = harness.parse_text(cls.text.decode())

    @staticmethod
    def poll(page, *arguments):
        with FaultServer(page) as server:
            return subprocess.run([harness.EXPORTER, "--once", "--datadog.base-url", server.url, *arguments],
                                  env=harness.clean_environment(DD_BEARER_TOKEN=TOKEN), capture_output=True,
                                  timeout=harness.LIMIT_SECONDS, check=False)

    def values(self, label):
        return {dict(key)[label] for series in self.families.values() for key in series if label in dict(key)}

    def test_the_listing_is_published_whole(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertEqual(sum(self.families["datadog_access_tokens"].values()), len(TEXTS))

    def test_promtool_accepts_the_metrics(self):
        checked = check_with_promtool(self.text)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))

    def test_no_family_name_comes_from_the_api(self):
        known = harness.parse_text(self.poll(listing([token(1)]), "--tokens.detail", "all").stdout.decode())
        self.assertEqual(set(self.families), set(known))

    def test_each_token_has_its_own_series_in_detail(self):
        for date in DETAILS:
            series = self.families[f"datadog_access_token_{date}_timestamp_seconds"]
            self.assertEqual(len(series), len(TEXTS), date)
            for key in series:
                self.assertEqual(set(dict(key)), DETAIL_LABELS)

    def test_labels_are_bounded_and_free_of_control_and_bidi_characters(self):
        for label in ("token_id", "token_name", "owner_id", "scope"):
            values = self.values(label)
            self.assertGreater(len(values), len(TEXTS) // 2, label)
            for value in values:
                self.assertLessEqual(len(value.encode()), LONGEST_LABEL, value)
                self.assertNotRegex(value, "[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

    def test_harmless_text_is_unchanged(self):
        names = self.values("token_name")
        for title in ("quotes", "backslashes", "markup", "entities", "emoji", "format-string"):
            text = json.loads(b'"' + TEXTS[title] + b'"')
            self.assertIn(text, names)

    def test_a_cut_name_ends_with_an_ellipsis(self):
        cut = [name for name in self.values("token_name") if name.endswith("…")]
        self.assertEqual({name[0] for name in cut}, {"A", "鍵", "Z"})

    def test_ids_that_sanitize_alike_make_no_duplicate_series(self):
        """Prometheus would reject the whole scrape because of the duplicate."""
        same = {"name": b"n", "owner": b"o"}
        alike = [b"a\\u0001", b"a\\u0002", b"a\xff", b"B" * 300, b"B" * 301, b"B" * 299 + b"C"]
        done = self.poll(raw_listing([{**same, "id": identity} for identity in alike]), "--tokens.detail", "all")
        self.assertEqual(done.returncode, 0, done.stderr)
        families = harness.parse_text(done.stdout.decode())
        self.assertEqual(sum(families["datadog_access_tokens"].values()), len(alike))

    def test_scopes_that_sanitize_alike_are_one_series(self):
        alike = [b"s\\u0001", b"s\\u0002", b"s\xff", b"B" * 300, b"B" * 301]
        done = self.poll(raw_listing([{"scope": scope} for scope in alike]))
        grants = harness.parse_text(done.stdout.decode())["datadog_access_token_scope_grants"]
        self.assertEqual(sorted(grants.values()), [2, 3])

    def test_a_lone_surrogate_is_cleaned_and_the_page_is_kept(self):
        for text in LONE_SURROGATES.values():
            done = self.poll(raw_listing([{"name": text, "scope": text, "owner": text}]), "--tokens.detail", "all")
            self.assertEqual(done.returncode, 0, done.stderr)
            families = harness.parse_text(done.stdout.decode())
            self.assertEqual(sum(families["datadog_access_tokens"].values()), 1)
            checked = check_with_promtool(done.stdout)
            self.assertEqual((checked.returncode, checked.stderr), (0, b""))


class LogAndStatusPage(unittest.TestCase):
    """Organizations that receive each text in each shape of an error: their log in both formats, and their status page."""

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        secret = os.path.join(directory, "token")
        with harness.private_file(secret) as file:
            file.write(TOKEN)
        cls.server = FaultServer(cls.answer_for)
        cls.addClassCleanup(cls.server.close)
        cls.cases = {}
        for title, text in {**TEXTS, **LONE_SURROGATES}.items():
            for shape, body in error_pages(text).items():
                cls.cases[f"{title}-{shape}-400"] = (400, body)
                if shape in ("texts", "not-json"):
                    cls.cases[f"{title}-{shape}-200"] = (200, body)
        cls.cases["listing"] = (0, raw_listing(list(everywhere(TEXTS))))
        configuration = os.path.join(directory, "c.yaml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("organizations:\n")
            for case in cls.cases:
                # The filter is sent with the request and selects the answer.
                file.write(f"  - {{name: {case}, base_url: '{cls.server.url}', bearer_token_file: {secret}, "
                           f"filter: {case}}}\n")
        arguments = ("--config.file", configuration, "--tokens.detail", "all", "--poll.timeout", "10s")
        cls.logs, cls.pages = {}, {}
        for log_format in ("logfmt", "json"):
            with Program(log_format, *arguments) as program:
                program.wait_for_polls()
                cls.pages[log_format] = {path: program.page(path) for path in ("/", "/metrics", "/readyz", "/nothing")}
            cls.logs[log_format] = program.final_log

    @classmethod
    def answer_for(cls, request, _):
        case = re.search(r"[?&]filter=([^&]*)", request.target).group(1)
        status, body = cls.cases[case]
        hostile = TEXTS["markup"].decode()
        headers = [("X-RateLimit-Name", hostile), ("Date", hostile), ("Retry-After", hostile)]
        return answer(status, body, headers, hostile) if status else body

    def lines(self, log_format):
        self.assertTrue(self.logs[log_format].endswith(b"\n"))
        return self.logs[log_format][:-1].split(b"\n")

    def test_every_line_of_json_is_an_event(self):
        for line in self.lines("json"):
            event = json.loads(line)
            self.assertEqual(list(event)[:3], ["ts", "level", "msg"])
            self.assertRegex(event["ts"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$")
            self.assertNotIn("forged", event["msg"])

    def test_every_line_of_logfmt_is_an_event(self):
        value = r'(?:"(?:[^"\\]|\\["\\n]|\\u[0-9a-f]{4})*"|[^ "=\\]+)'
        time = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ"
        whole = re.compile(rf"\Ats={time} level=[a-z]+ msg={value}(?: [a-z_]+={value})*\Z")
        for line in self.lines("logfmt"):
            self.assertRegex(line.decode("ascii"), whole)

    def test_each_failed_organization_is_logged_once(self):
        failed = set(self.cases) - {"listing"}
        for log_format, pattern in (("logfmt", rb" org=([^ ]+)"), ("json", rb'"org":"([^"]+)"')):
            failures = [line for line in self.lines(log_format) if b"poll failed; there are no numbers" in line]
            told = [re.search(pattern, line).group(1).decode() for line in failures]
            self.assertEqual(sorted(told), sorted(failed), log_format)

    def test_a_line_is_plain_ascii_without_control_characters(self):
        for log_format in self.logs:
            for line in self.lines(log_format):
                self.assertRegex(line, rb"\A[\x20-\x7e]+\Z")

    def test_a_line_is_of_bounded_length(self):
        for log_format in self.logs:
            for line in self.lines(log_format):
                self.assertLessEqual(len(line), LONGEST_LINE, line)

    def test_no_page_of_the_program_has_the_servers_markup(self):
        for pages in self.pages.values():
            page = pages["/"].decode()
            self.assertIn("&lt;img src=x", page)
            for markup in ("<img", "<script", "</script", "<!--", "onload='"):
                self.assertNotIn(markup, page.replace("<!DOCTYPE", ""))
            self.assertEqual(page.count("<style>"), page.count("</style>"))
            self.assertNotRegex(page, "[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

    def test_promtool_accepts_the_metrics(self):
        for pages in self.pages.values():
            checked = check_with_promtool(pages["/metrics"])
            self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))

    def test_check_prints_one_plain_line_for_each_organization(self):
        for shape, body in error_pages(TEXTS["log-lookalike"] + TEXTS["escape-sequences"]).items():
            with self.subTest(shape), FaultServer(answer(400, body)) as server:
                done = harness.run("--check", "--datadog.base-url", server.url, DD_BEARER_TOKEN=TOKEN)
                self.assertRegex(done.stdout, r"\A[\x20-\x7e]+\n\Z")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
