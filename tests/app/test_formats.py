"""Both exposition formats, checked with an independent OpenMetrics parser (Debian's python3-prometheus-client) and against
HTTP's rules of content negotiation: golden files, a complete exposition, and the running program."""
import gzip
import http.client
import os
import re
import subprocess
import sys
import time
import unittest

import harness
from prometheus_client.openmetrics.parser import text_string_to_metric_families

GOLDEN = os.path.join(harness.SOURCE_DIR, "tests", "metrics", "golden")
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ACCEPT_OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def canonical(labels):
    """Labels with bounds and quantiles as numbers, since the two formats spell them differently."""
    return frozenset((name, float(value) if name in ("le", "quantile") else value) for name, value in labels)


def samples_of_text(text):
    return {name: {canonical(labels): value for labels, value in series.items()}
            for name, series in harness.parse_text(text).items()}


def families_of(openmetrics):
    return list(text_string_to_metric_families(openmetrics))


def samples_of_openmetrics(openmetrics):
    samples = {}
    for family in families_of(openmetrics):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[canonical(sample.labels.items())] = float(sample.value)
    return samples


def metadata_of_text(text):
    """{name: (type, help)}"""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    return {name: (kind, helps[name]) for name, kind in kinds.items()}


def metadata_of_openmetrics(openmetrics):
    """The same, keyed by the names of the text format."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {family.name + suffixes.get(family.type, ""):
            ("gauge" if family.type == "info" else family.type, family.documentation)
            for family in families_of(openmetrics)}


class Comparison(unittest.TestCase):
    maxDiff = 4000

    def check(self, text, openmetrics):
        """Both formats must contain the same data, except values that depend on the current time."""
        of_text, of_openmetrics = samples_of_text(text), samples_of_openmetrics(openmetrics)
        self.assertEqual({name: set(series) for name, series in of_text.items()},
                         {name: set(series) for name, series in of_openmetrics.items()})
        for name, series in of_text.items():
            if not name.startswith("process_"):
                self.assertEqual(series, of_openmetrics[name], name)
        self.assertEqual(metadata_of_text(text), metadata_of_openmetrics(openmetrics))
        for family in families_of(openmetrics):
            expected = next((unit for unit in ("seconds", "bytes") if family.name.endswith("_" + unit)), "")
            self.assertEqual(family.unit, expected, family.name)


class Files(Comparison):
    def test_the_golden_files_agree(self):
        names = [name for name in os.listdir(GOLDEN) if name.endswith(".openmetrics")]
        self.assertEqual(len(names), 2)
        for name in names:
            with self.subTest(name), open(os.path.join(GOLDEN, name), encoding="utf-8") as openmetrics, \
                    open(os.path.join(GOLDEN, name.replace(".openmetrics", ".prom")), encoding="utf-8") as text:
                self.check(text.read(), openmetrics.read())

    def test_every_family_is_the_same_in_both_formats(self):
        def sample(*arguments):
            return subprocess.run([os.environ["METRICS_SAMPLE"], *arguments], capture_output=True, text=True, check=True,
                                  timeout=harness.LIMIT_SECONDS).stdout
        self.check(sample(), sample("openmetrics"))

    def test_the_parser_rejects_mistakes(self):
        with open(os.path.join(GOLDEN, "small.openmetrics"), encoding="utf-8") as file:
            right = file.read()
        for of, instead in (("# EOF\n", ""), ("_token_polls", "_tokens"), ('le="1.0"', 'le="0.3"'), ('le="+Inf"', 'le="inf"'),
                            (" seconds\n", " bytes\n"), ("# EOF\n", "# EOF\nup 1\n")):
            with self.subTest(of), self.assertRaises(ValueError):
                self.assertIn(of, right)
                families_of(right.replace(of, instead))


class RunningProgram(Comparison):
    @classmethod
    def setUpClass(cls):
        cls.exporter = harness.Exporter("--demo", "--tokens.detail", "all")
        cls.exporter.wait_for_poll()

    @classmethod
    def tearDownClass(cls):
        cls.exporter.stop()

    def request(self, method="GET", fields=()):
        """Status, headers and body; `fields` is a list of pairs, so that a name can occur twice."""
        connection = http.client.HTTPConnection(self.exporter.url[7:], timeout=harness.LIMIT_SECONDS)
        try:
            connection.putrequest(method, "/metrics", skip_accept_encoding=True)
            for name, value in fields:
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def accepting(self, accept):
        status, headers, body = self.request(fields=[("Accept", accept)])
        self.assertEqual(status, 200)
        self.assertEqual(headers["Vary"], "Accept, Accept-Encoding")
        return headers["Content-Type"], body.decode()

    def test_both_formats_hold_the_same(self):
        kind, text = self.accepting("text/plain")
        self.assertEqual(kind, TEXT)
        kind, openmetrics = self.accepting(ACCEPT_OPENMETRICS)
        self.assertEqual(kind, OPENMETRICS)
        self.assertIn("datadog_access_token_expiry_timestamp_seconds", metadata_of_text(text))
        self.assertIn("process_cpu_seconds_total", metadata_of_text(text))
        start = samples_of_text(text)["process_start_time_seconds"][frozenset()]
        self.assertLess(abs(time.time() - start), 60)
        self.check(text, openmetrics)

    def test_compressed_it_is_the_same(self):
        for accept, kind, samples in (("text/plain", TEXT, samples_of_text),
                                      (ACCEPT_OPENMETRICS, OPENMETRICS, samples_of_openmetrics)):
            with self.subTest(accept):
                _, headers, body = self.request(fields=[("Accept", accept), ("Accept-Encoding", "gzip")])
                self.assertEqual((headers["Content-Type"], headers["Content-Encoding"]), (kind, "gzip"))
                self.assertEqual(set(samples(gzip.decompress(body).decode())), set(samples(self.accepting(accept)[1])))

    def test_the_default_is_text(self):
        _, headers, _ = self.request()
        self.assertEqual(headers["Content-Type"], TEXT)
        self.assertIsNone(headers["Content-Encoding"])

    def test_head_is_answered_like_get_without_a_body(self):
        for fields in ([], [("Accept", ACCEPT_OPENMETRICS), ("Accept-Encoding", "gzip")]):
            with self.subTest(fields):
                status, headers, body = self.request("HEAD", fields)
                _, of_get, _ = self.request("GET", fields)
                self.assertEqual((status, body), (200, b""))
                self.assertEqual(headers.keys(), of_get.keys())
                self.assertGreater(int(headers["Content-Length"]), 1000)
                for name in ("Content-Type", "Content-Encoding", "Vary", "Cache-Control"):
                    self.assertEqual(headers[name], of_get[name], name)

    def test_conditional_and_range_requests_get_the_full_answer(self):
        for field in (("If-None-Match", "*"), ("If-Match", '"x"'), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
                      ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Range", "bytes=0-9")):
            with self.subTest(field):
                status, headers, body = self.request(fields=[field])
                self.assertEqual(status, 200)
                self.assertIsNone(headers["Content-Range"])
                self.assertIn(b"\nprocess_start_time_seconds ", body)

    def test_repeated_headers_are_combined(self):
        _, headers, _ = self.request(fields=[("Accept", "text/plain;q=0.5"), ("Accept", ACCEPT_OPENMETRICS),
                                             ("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
        self.assertEqual((headers["Content-Type"], headers["Content-Encoding"]), (OPENMETRICS, "gzip"))

    def test_absurd_headers_get_the_default(self):
        for accept in ("image/png", "*/*;q=0", "a" * 10000, "text/x;q=0.1," * 700, ";,=\"\\", "\t"):
            with self.subTest(accept[:20]):
                self.assertEqual(self.accepting(accept)[0], TEXT)
        for encoding in ("gzip;q=0", "br, zstd", "identity", "*;q=0", "gzip;q=0.0001", "x" * 10000):
            with self.subTest(encoding[:20]):
                status, headers, _ = self.request(fields=[("Accept-Encoding", encoding)])
                self.assertEqual((status, headers["Content-Encoding"]), (200, None))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
