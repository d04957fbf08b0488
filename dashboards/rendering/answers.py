"""Puts values in the place of a dashboard's variables and asks a Prometheus what a panel asks."""
import re

BUILT_IN = {"__rate_interval": "1m"}


def defaults(dashboard):
    """{variable: text for PromQL} as a dashboard is opened: all of everything."""
    chosen = dict(BUILT_IN)
    for variable in dashboard["templating"]["list"]:
        if variable["current"].get("value") == ["$__all"]:
            chosen[variable["name"]] = variable["allValue"]
        elif variable["type"] != "datasource":
            chosen[variable["name"]] = str(variable["current"]["value"])
    return chosen


def substitute(expression, variables):
    """A variable that is not known is an error, as Grafana would send its name to Prometheus."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: variables[match.group(1)], expression)


class Answers:
    """Answers to a panel's queries over a time. `prometheus` has `instant(query, time)` and `range(query, start, end, step)`."""

    def __init__(self, prometheus, variables, start, end, points=240):
        # pylint: disable=too-many-arguments
        self.prometheus, self.variables = prometheus, variables
        self.start, self.end, self.step = start, end, max(1, (end - start) / points)

    def query(self, target):
        return substitute(target["expr"], self.variables)

    def of(self, target):
        """[(labels, value)] of an instant query, [(labels, [(time, value)])] of another."""
        if target["instant"]:
            return self.prometheus.instant(self.query(target), self.end)
        step = self.step_of(target)
        start = self.end - (self.end - self.start) // step * step
        return self.prometheus.range(self.query(target), start, self.end, step)

    def step_of(self, target):
        return max(self.step, 3600 if target.get("interval") == "1h" else 0)


def legend(target, labels, panel):
    """The series' name; `__auto` is the panel's own title here, since such panels have one series."""
    form = target["legendFormat"]
    if form == "__auto":
        return panel["title"]
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match.group(1), ""), form)
