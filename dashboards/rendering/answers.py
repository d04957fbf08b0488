"""Replaces a dashboard's variables by their values and runs a panel's queries on a Prometheus."""
import re

BUILT_IN = {"__rate_interval": "1m"}


def defaults(dashboard):
    """{variable: text for PromQL} of a freshly opened dashboard: multi-value variables select all values."""
    chosen = dict(BUILT_IN)
    for variable in dashboard["templating"]["list"]:
        if variable["current"].get("value") == ["$__all"]:
            chosen[variable["name"]] = variable["allValue"]
        elif variable["type"] != "datasource":
            chosen[variable["name"]] = str(variable["current"]["value"])
    return chosen


def substitute(expression, variables):
    """An unknown variable is an error, because Grafana would send its name to Prometheus."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: variables[match.group(1)], expression)


class Answers:
    """The results of a panel's queries between `start` and `end`. `prometheus` has `instant(query, time)` and `range(query,
    start, end, step)`."""

    def __init__(self, prometheus, variables, start, end, points=240):
        # pylint: disable=too-many-arguments
        self.prometheus, self.variables = prometheus, variables
        self.start, self.end, self.step = start, end, max(1, (end - start) / points)

    def query(self, target):
        return substitute(target["expr"], self.variables)

    def of(self, target):
        """[(labels, value)] for an instant query, [(labels, [(time, value)])] for a range query."""
        if target["instant"]:
            return self.prometheus.instant(self.query(target), self.end)
        step = self.step_of(target)
        start = self.end - (self.end - self.start) // step * step
        return self.prometheus.range(self.query(target), start, self.end, step)

    def step_of(self, target):
        return max(self.step, 3600 if target.get("interval") == "1h" else 0)


def legend(target, labels, panel):
    """The name of the series. For `__auto` it is the panel's title, since such panels have one series."""
    form = target["legendFormat"]
    if form == "__auto":
        return panel["title"]
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match.group(1), ""), form)
