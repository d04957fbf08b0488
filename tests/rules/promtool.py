"""A small language for alert tests, translated to promtool's own: the state of each pod in each minute, the samples for each
state, and the minutes at which an alert fires."""
import dataclasses
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "dashboards" / "rules"
# From Prometheus 2.42 and from 3, whose range selectors exclude a sample that is exactly as old as the range.
PROMTOOLS = ("promtool", str(ROOT / "build" / "promtool" / "promtool3"))
GONE, FAILED_SCRAPE = "gone", "failed scrape"
# Instead of a sample: the current time, and the last such time.
NOW, LAST_TIME = "now", "last time"


@dataclasses.dataclass(frozen=True)
class Signal:
    """A series of a pod. `by_state`: the sample in each state, or the growth per minute of a counter; None: no series.
    `otherwise` applies in all other states."""
    metric: str
    labels: str = 'org="production"'
    by_state: dict = dataclasses.field(default_factory=dict)
    otherwise: float = None
    counter: bool = False

    def values(self, states, interval=1):
        """The values in promtool's notation, one sample every `interval` minutes."""
        count, present, written, time = 0, False, [], 0
        for place, state in enumerate(states):
            value = None if state in (GONE, FAILED_SCRAPE) else self.by_state.get(state, self.otherwise)
            if value is None:
                # Prometheus writes a stale marker itself, also when a scrape fails.
                written.append("stale" if present else "_")
                count = 0 if state == GONE else count
            elif value in (NOW, LAST_TIME):
                time = place * interval * 60 if value == NOW else time
                written.append(repr(time))
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


def series(signals, pods, interval=1):
    """promtool's input series for `pods`: {name: states}."""
    return [{"series": f"{signal.metric}{{{', '.join(filter(None, [signal.labels, target(pod)]))}}}",
             "values": signal.values(states, interval)}
            for pod, states in pods.items() for signal in signals]


def firing(alert, at, count):
    """Expects `count` alerts of this name to fire at minute `at`."""
    return {"expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)', "eval_time": f"{at}m",
            "exp_samples": [{"labels": "{}", "value": count}]}


def test_group(name, signals, pods, expectations, interval=1):
    return {"name": name, "interval": f"{interval}m", "input_series": series(signals, pods, interval),
            "promql_expr_test": expectations}


def require_promtools():
    """Fails if one is missing, rather than skipping tests."""
    if not os.path.exists(PROMTOOLS[1]):
        raise AssertionError(f"{PROMTOOLS[1]} is missing: run tests/rules/tools/get.sh")


def run(groups, rules, directory, interval=1):
    """The output of each promtool that fails on the test groups. Run time grows with the number of `rules`. Rules are evaluated
    every `interval` minutes."""
    require_promtools()
    files = {"rules.yaml": {"groups": [{"name": "all", "rules": rules}]},
             "tests.yaml": {"rule_files": ["rules.yaml"], "evaluation_interval": f"{interval}m", "tests": groups}}
    for name, content in files.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(content, file)  # JSON is YAML.
    failures = []
    for promtool in PROMTOOLS:
        result = subprocess.run([promtool, "test", "rules", os.path.join(directory, "tests.yaml")], capture_output=True,
                                text=True, timeout=240, check=False)
        if result.returncode != 0:
            failures.append(f"{promtool}: {(result.stdout + result.stderr)[:5000]}")
    return "\n".join(failures)
