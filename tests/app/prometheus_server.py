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


class Server:
    """A Prometheus with this configuration, a dictionary; what it keeps is in `directory`."""

    def __init__(self, configuration, directory):
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)  # JSON is YAML.
        self.url = f"http://127.0.0.1:{free_port()}"
        # pylint: disable-next=consider-using-with
        self.log = open(os.path.join(directory, "prometheus.log"), "w", encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.url[7:]}"],
            stdout=self.log, stderr=self.log, env=harness.clean_environment())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(harness.LIMIT_SECONDS)
        self.log.close()


class Prometheus(Server):
    """Scrapes `targets` ({job: address}) and evaluates `rule_files` every second.

    `settings`: of each job, as in Prometheus' configuration."""

    def __init__(self, targets, directory, settings=None, rule_files=()):
        jobs = [{"job_name": job, "scrape_interval": "1s", "static_configs": [{"targets": [address]}], **(settings or {})}
                for job, address in targets.items()]
        super().__init__({"global": {"evaluation_interval": "1s"}, "rule_files": list(rule_files), "scrape_configs": jobs},
                         directory)

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
