"""The set-up of the dashboards' tests: one Prometheus that scrapes a real exporter under --demo, one whose polls fail, and
frozen copies of the first one's exposition in the roles of a single exporter, two replicas, an exporter that dies and one with
500 scopes. One more target is not a token exporter at all."""
import atexit
import functools
import http.server
import os
import re
import tempfile
import threading
import time

import support  # pylint: disable=unused-import # finds the other folders

import harness
from history import history
from prometheus_server import Prometheus, free_port
from rendering import answers

LIVE = "datadog_token_exporter"
COUNTER = re.compile(r"^(datadog_\w+_(?:total|count|bucket|sum)(?:\{[^}]*\})?) (\S+)$", re.M)
CHURN = re.compile(r"^datadog_access_token(?:s_\w+|_polls|_poll_failures)_total\{.*$", re.M)
SCOPES = 500
SAMPLES = 12


class Frozen(http.server.ThreadingHTTPServer):
    """Serves the same exposition until stopped; every client sees its counters grow by one per second. Answers 503
    unless `alive`."""

    def __init__(self, text):
        super().__init__(("127.0.0.1", 0), FrozenHandler)
        self.text, self.started, self.alive = text, time.time(), True
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def now(self):
        passed = int(time.time() - self.started)
        return COUNTER.sub(lambda match: f"{match.group(1)} {float(match.group(2)) + passed}", self.text)


class FrozenHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200 if self.server.alive else 503)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        if self.server.alive:
            self.wfile.write(self.server.now().encode())

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


def with_many_scopes(text):
    """The exposition with the maximum number of named scopes, each on tokens of every type and bucket, and with a single owner."""
    text = re.sub(r"^(datadog_access_token_listing_single_owner\{.*\}) 0$", r"\1 1", text, flags=re.M)
    lines = [line for line in text.splitlines() if not line.startswith("datadog_access_token_scope_grants{")]
    for scope in range(SCOPES):
        for kind in ('token_type="personal",owner_type="user"', 'token_type="service",owner_type="service_account"'):
            for bucket in ("expired", "under_1d", "1d_to_7d", "7d_to_30d", "30d_to_90d", "90d_to_365d", "over_365d", "never"):
                lines.append(f'datadog_access_token_scope_grants{{org="demo",scope="scope_{scope}",{kind},'
                             f'expiry_bucket="{bucket}"}} {scope % 17 + 1}')
    return "\n".join(lines) + "\n"


class Stand:
    """Each role is a job. `text` is the exposition that the frozen ones serve."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        yesterday = harness.run("--demo", "--once", "--demo.tokens", "380", "--tokens.detail", "findings").stdout
        self.yesterday = harness.parse_text(yesterday)
        web = os.path.join(self.directory.name, "web.yml")
        with harness.private_file(web):
            pass
        self.live = harness.Exporter("--demo", "--tokens.detail", "all", "--poll.interval", "1s", "--web.config.file", web)
        self.failing = harness.Exporter("--datadog.base-url", f"http://127.0.0.1:{free_port()}", "--poll.interval", "1s",
                                        DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
        self.live.wait_for_poll(2)
        self.text = harness.get(self.live.url + "/metrics")[2].decode()
        # A longer interval keeps the frozen copies from becoming stale.
        self.text = re.sub(r"^(datadog_access_token_poll_interval_seconds\{.*\}) .*$", r"\1 600", self.text, flags=re.M)
        self.values = harness.parse_text(self.text)
        self.frozen, self.dying = Frozen(self.text), Frozen(self.text)
        self.many = Frozen(with_many_scopes(self.text))
        self.stranger = Frozen("".join(line + "\n" for line in self.text.splitlines() if line.startswith("process_")))
        self.prometheus = Prometheus([
            (LIVE, self.live.url[7:], {}), ("failing", self.failing.url[7:], {}), ("single", self.frozen.address, {}),
            ("replicas", self.frozen.address, {"instance": "a:1", "pod": "exporter-a"}),
            ("replicas", self.frozen.address, {"instance": "b:1", "pod": "exporter-b"}),
            ("dead", self.dying.address, {}), ("many", self.many.address, {}),
            ("stranger", self.stranger.address, {}),
        ], self.directory.name, past=self._past(yesterday))
        harness.wait_until(self.prometheus.ready, "Prometheus is ready")
        self._wait(f"count(count_over_time(up[5m]) >= {SAMPLES}) == 8", "each target was scraped a few times")
        self._wait("count(datadog_access_token_poll_failures_total{job='failing', reason='connect'} >= 2)", "polls fail")
        self.dying.alive = False
        self._wait("up{job='dead'} == 0", "Prometheus sees that one is dead")
        self.end = time.time()

    @staticmethod
    def _past(yesterday):
        """A day of history from two exporters, one after the other. The frozen ones get only those counters that dashboards
        look at over a day, and the complete exposition at one day and one week ago."""
        end = time.time() - 60
        half = end - 43200
        texts = [history(yesterday, {"job": LIVE, "instance": "replaced:0"}, end - 90000, half - 240, 240, [end - 86400]),
                 history(yesterday, {"job": LIVE, "instance": "replaced:1"}, half, end, 240)]
        polls = re.findall(r"^datadog_access_token_poll(?:s|_failures)_total\{.*$", yesterday, re.M)
        texts.append(history("\n".join(polls), {"job": "failing", "instance": "replaced:1"}, end - 7200, end, 240))
        churn = "\n".join(CHURN.findall(yesterday))
        for job, instance in (("single", "replaced:1"), ("replicas", "replaced-a:1"), ("replicas", "replaced-b:1")):
            texts.append(history(churn, {"job": job, "instance": instance}, end - 90000, end, 240))
            for moment in (end - 86400, end - 7 * 86400):
                texts.append(history(CHURN.sub("", yesterday), {"job": job, "instance": instance},
                                     moment - 300, moment + 300, 60, [moment]))
        return "".join(text.replace("# EOF\n", "") for text in texts) + "# EOF\n"

    def _wait(self, query, what):
        def seen():
            try:
                return self.prometheus.instant(query, time.time())
            except OSError:
                return None
        harness.wait_until(seen, what)

    def answers(self, dashboard, **variables):
        """Queries as Grafana would with these variables; all other variables keep their defaults."""
        chosen = answers.defaults(dashboard) | {"__rate_interval": "30s", "org": ".+"} | variables
        return answers.Answers(self.prometheus, chosen, self.end - SAMPLES, self.end, SAMPLES)

    def instant(self, dashboard, target, **variables):
        """[(labels, value)] at the end of the time range, also for a graph's query."""
        return self.prometheus.instant(self.answers(dashboard, **variables).query(target), self.end)

    def stop(self):
        self.prometheus.stop()
        for server in (self.frozen, self.dying, self.many, self.stranger):
            server.shutdown()
            server.server_close()
        self.failing.stop()
        self.live.stop()
        self.directory.cleanup()


@functools.cache
def shared():
    """The instance shared by all tests."""
    one = Stand()
    atexit.register(one.stop)
    return one
