"""A real Prometheus for tests, on loopback."""
import json
import os
import signal
import socket
import subprocess
import urllib.parse

import harness


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Prometheus:
    """Scrapes `targets`, [(job, address, {label: value})], and evaluates `rule_files`, both once per `interval`. The labels may
    include `instance` and `__metrics_path__`. Its data are stored in `directory`.

    `settings` are scrape settings for every job, in Prometheus' own format; `past` is OpenMetrics text to backfill."""

    def __init__(self, targets, directory, *, settings=None, rule_files=(), past="", interval="1s"):
        # pylint: disable=too-many-arguments
        jobs = {}
        for job, address, labels in targets:
            jobs.setdefault(job, []).append({"targets": [address], "labels": labels})
        configuration = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": list(rule_files),
            "scrape_configs": [{"job_name": job, "static_configs": configs, **(settings or {})}
                               for job, configs in jobs.items()],
        }
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)  # JSON is YAML.
        if past:
            self._backfill(past, directory)
        self.url = f"http://127.0.0.1:{free_port()}"
        # pylint: disable-next=consider-using-with
        self.log = open(os.path.join(directory, "prometheus.log"), "w", encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.url[7:]}"],
            stdout=self.log, stderr=self.log, env=harness.clean_environment())

    @staticmethod
    def _backfill(past, directory):
        file = os.path.join(directory, "history.txt")
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(past)
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", file,
                        os.path.join(directory, "data")],
                       check=True, capture_output=True, timeout=harness.LIMIT_SECONDS)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(harness.LIMIT_SECONDS)
        self.log.close()

    def ready(self):
        try:
            return harness.get(self.url + "/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, path, **parameters):
        """The `data` of the response. If Prometheus reports an error, raises an AssertionError with its text."""
        status, _, body = harness.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        answer = json.loads(body)
        if status != 200 or answer["status"] != "success":
            raise AssertionError(f"{answer.get('error', status)}: {parameters.get('query', path)}")
        return answer["data"]

    def ask(self, path, **parameters):
        """The `data` of the response; None while it is empty."""
        try:
            return self.get(path, **parameters)
        except (OSError, ValueError, AssertionError):
            return None

    def query(self, expression):
        """The instant vector as {labels: value}."""
        data = self.ask("query", query=expression) or {"result": []}
        return {frozenset(sample["metric"].items()): float(sample["value"][1]) for sample in data["result"]}

    def instant(self, query, time):
        """[(labels, value)] at a time."""
        result = self.get("query", query=query, time=time)
        if result["resultType"] == "scalar":
            return [({}, float(result["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in result["result"]]

    def range(self, query, start, end, step):
        """[(labels, [(time, value)])] over a time range."""
        result = self.get("query_range", query=query, start=start, end=end, step=step)["result"]
        return [(series["metric"], [(when, float(value)) for when, value in series["values"]]) for series in result]

    def metadata(self, metric, job):
        """(type, unit) from the metadata of the job's last scrape; None if it has none."""
        data = self.ask("targets/metadata", metric=metric, match_target=f'{{job="{job}"}}') or []
        return next(((told["type"], told["unit"]) for told in data), None)
