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
    """Scrapes `targets` ({job: address}) and evaluates `rule_files` every second.

    `settings`: lines of YAML for each job, indented by four."""

    def __init__(self, targets, directory, settings="", rule_files=()):
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("global: {evaluation_interval: 1s}\n")
            file.write(f"rule_files: {json.dumps(list(rule_files))}\n")
            file.write("scrape_configs:\n")
            for job, address in targets.items():
                file.write(f"  - job_name: {job}\n    scrape_interval: 1s\n    static_configs:\n"
                           f"      - targets: ['{address}']\n{settings}")
        self.url = f"http://127.0.0.1:{free_port()}"
        # pylint: disable-next=consider-using-with
        self.log = open(os.path.join(directory, "prometheus.log"), "w", encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.url[7:]}"],
            stdout=self.log, stderr=self.log, env=harness.clean_environment())

    def ask(self, path, **parameters):
        """The answer's data; None while there is none."""
        try:
            status, _, body = harness.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        except OSError:
            return None
        return json.loads(body)["data"] if status == 200 else None

    def query(self, expression):
        """The instant vector as {labels: value}."""
        data = self.ask("query", query=expression) or {"result": []}
        return {frozenset(sample["metric"].items()): float(sample["value"][1]) for sample in data["result"]}

    def metadata(self, metric, job):
        """(type, unit) as the job's last scrape told; None when it did not."""
        data = self.ask("targets/metadata", metric=metric, match_target=f'{{job="{job}"}}') or []
        return next(((told["type"], told["unit"]) for told in data), None)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(harness.LIMIT_SECONDS)
        self.log.close()
