"""A real Prometheus for the dashboards' tests and pictures: scrapes targets, and knows a day of history beforehand."""
import json
import os
import re
import subprocess
import urllib.parse

import harness
import prometheus_server

# The history's counters by now; the exporter that kept them is gone since, so its counts must not be lost.
HISTORY_COUNTERS = {"datadog_access_tokens_created_total": 12, "datadog_access_tokens_removed_total": 9,
                    "datadog_access_tokens_scope_changes_total": 7}
# Too many series to write down for a whole day: only what a look back to yesterday finds, from ten minutes before to an hour
# after a moment that the caller names.
SCOPES = "datadog_access_token_scope_grants"
LEFT_OUT = re.compile(r"datadog_access_token_(expiry|last_used|created)_timestamp_seconds|process_"
                      r"|datadog_access_token_(poll|api|credential|exporter)")


def history(text, labels, start, end, step, yesterday=0):
    """OpenMetrics text: the exposition `text` again and again from `start` to `end`, its churn counters growing evenly up to
    HISTORY_COUNTERS. `labels` are the target's: {name: value}. Scopes are written only round the moment `yesterday`."""
    # pylint: disable=too-many-arguments,too-many-locals
    target = ",".join(f'{name}="{value}"' for name, value in labels.items())
    lines = []
    moments = range(int(start), int(end) + 1, step)
    for line in text.splitlines():
        if line.startswith("#") or LEFT_OUT.match(line):
            continue
        series, value = line.rsplit(" ", 1)
        name, _, rest = series.partition("{")
        series = f"{name}{{{target},{rest}" if rest else f"{name}{{{target}}}"
        total = HISTORY_COUNTERS.get(name)
        if total is not None and 'token_type="personal"' not in series:
            total = 0
        for number, moment in enumerate(moments):
            if name == SCOPES and not -600 <= moment - yesterday <= 3600:
                continue
            if total is not None:
                value = str(total * number // max(1, len(moments) - 1))
            lines.append(f"{series} {value} {moment}")
    return "\n".join(lines) + "\n# EOF\n"


class Prometheus(prometheus_server.Server):
    """Scrapes every second. `targets`: [(job, address, {label: value})], where the labels may name an `instance` of their
    own and a `__metrics_path__`."""

    def __init__(self, targets, directory, past="", interval="1s"):
        jobs = {}
        for job, address, labels in targets:
            jobs.setdefault(job, []).append({"targets": [address], "labels": labels})
        if past:
            self._backfill(past, directory)
        super().__init__({"global": {"scrape_interval": interval}, "scrape_configs": [
            {"job_name": job, "static_configs": configs} for job, configs in jobs.items()]}, directory)

    @staticmethod
    def _backfill(past, directory):
        file = os.path.join(directory, "history.txt")
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(past)
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", file,
                        os.path.join(directory, "data")],
                       check=True, capture_output=True, timeout=harness.LIMIT_SECONDS)

    def get(self, path, **parameters):
        """The answer's `data`; an error of Prometheus is an AssertionError with its text."""
        status, _, body = harness.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        answer = json.loads(body)
        if status != 200 or answer["status"] != "success":
            raise AssertionError(f"{answer.get('error', status)}: {parameters.get('query', path)}")
        return answer["data"]

    def instant(self, query, time):
        """[(labels, value)] at a moment."""
        result = self.get("query", query=query, time=time)
        if result["resultType"] == "scalar":
            return [({}, float(result["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in result["result"]]

    def range(self, query, start, end, step):
        """[(labels, [(time, value)])] over a time."""
        result = self.get("query_range", query=query, start=start, end=end, step=step)["result"]
        return [(series["metric"], [(when, float(value)) for when, value in series["values"]]) for series in result]

    def ready(self):
        try:
            return harness.get(self.url + "/-/ready")[0] == 200
        except OSError:
            return False
