"""A small language for alert tests, written out as promtool's own: pods that are in a state each minute, samples for each
state, and the minutes at which an alert fires."""
import dataclasses
import json
import os
import subprocess

RULES = os.path.join(os.path.dirname(__file__), "..", "..", "dashboards", "rules")
GONE, FAILED_SCRAPE = "gone", "failed scrape"


@dataclasses.dataclass(frozen=True)
class Signal:
    """A series of a pod. `by_state`: the sample of each state, or the growth a minute where it is a counter; None: no series.
    `otherwise` is that of all other states."""
    metric: str
    labels: str = 'org="production"'
    by_state: dict = dataclasses.field(default_factory=dict)
    otherwise: float = None
    counter: bool = False

    def values(self, states):
        """In promtool's notation, a sample a minute."""
        count, present, written = 0, False, []
        for state in states:
            value = None if state in (GONE, FAILED_SCRAPE) else self.by_state.get(state, self.otherwise)
            if value is None:
                # Prometheus marks the end of a series itself, also when a scrape fails.
                written.append("stale" if present else "_")
                count = 0 if state == GONE else count
            else:
                count += value
                written.append(repr(count if self.counter else value))
            present = value is not None
        return " ".join(written)


def always(metric, value, labels='org="production"', counter=False):
    return Signal(metric, labels, {}, value, counter)


def minutes(*phases):
    """minutes(("good", 5), ("bad", 10)): the state of each minute from 0."""
    return [state for state, count in phases for _ in range(count)]


def target(pod):
    return f'job="exporter", namespace="monitoring", instance="{pod}:10077", pod="exporter-{pod}", container="exporter"'


def series(signals, pods):
    """promtool's input series of `pods`: {name: states}."""
    return [{"series": f"{signal.metric}{{{', '.join(filter(None, [signal.labels, target(pod)]))}}}",
             "values": signal.values(states)}
            for pod, states in pods.items() for signal in signals]


def firing(alert, at, count):
    """How many alerts of the name fire at minute `at`."""
    return {"expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)', "eval_time": f"{at}m",
            "exp_samples": [{"labels": "{}", "value": count}]}


def test_group(name, signals, pods, expectations):
    return {"name": name, "interval": "1m", "input_series": series(signals, pods), "promql_expr_test": expectations}


def run(groups, rule, directory):
    """promtool's exit status and output for the test groups on a single rule: with all rules it takes as many times longer."""
    files = {"rule.yaml": {"groups": [{"name": "alone", "rules": [rule]}]},
             "tests.yaml": {"rule_files": ["rule.yaml"], "evaluation_interval": "1m", "tests": groups}}
    for name, content in files.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(content, file)  # JSON is YAML.
    result = subprocess.run(["promtool", "test", "rules", os.path.join(directory, "tests.yaml")], capture_output=True,
                            text=True, timeout=120, check=False)
    return result.returncode, result.stdout + result.stderr
