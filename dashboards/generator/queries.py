"""PromQL on the exporter's metrics. Each function returns an expression."""
import re

from . import program

# Labels that differ between replicas, or between a pod and its successor. They are aggregated away before anything is summed,
# so that a second replica, or the pod from before a restart, never doubles a number.
REPLICA_LABELS = "instance, pod, container, endpoint, node"
TARGET = 'job=~"$job", instance=~"$instance"'
BY_KIND = {"token_type": '=~"$token_type"', "owner_type": '=~"$owner_type"'}

ONLY_TOKEN_TYPE = ("datadog_access_tokens_created_total", "datadog_access_tokens_removed_total",
                   "datadog_access_tokens_scope_changes_total")
HAS_KINDS = re.compile(r"datadog_access_tokens(_at_risk|_by_\w+|_leaked|_privileged)?"
                       r"|datadog_access_token_(finding|owners|scope_grants|(expiry|last_used|created)_timestamp_seconds)")

# {reason=…}: the rank of each finding, 1 for the worst.
PLACES = " or ".join(f'label_replace(vector({place}), "reason", "{reason}", "", "")'
                     for place, reason in enumerate(program.findings(), 1))


def select(metric, matchers="", kinds=True):
    """The series selected by the variables. `kinds=False` ignores the token and owner types, for metrics about a whole listing."""
    parts = [TARGET]
    if metric.startswith("datadog_") and not metric.startswith("datadog_access_token_exporter_"):
        parts.append('org=~"$org"')
    if kinds and HAS_KINDS.fullmatch(metric):
        parts += [f"{label}{value}" for label, value in BY_KIND.items()]
    elif kinds and metric in ONLY_TOKEN_TYPE:
        parts.append('token_type=~"$token_type"')
    if matchers:
        parts.append(matchers)
    return f"{metric}{{{', '.join(parts)}}}"


def once(metric, matchers="", kinds=True, offset=""):
    """Each series once, however many replicas export it."""
    moment = f" offset {offset}" if offset else ""
    return f"max without ({REPLICA_LABELS}) ({select(metric, matchers, kinds)}{moment})"


def worst(metric):
    """The minimum over the replicas: of a success, a completeness, a timestamp or a remainder."""
    return f"min without ({REPLICA_LABELS}) ({select(metric)})"


def total(metric, by="", matchers="", kinds=True, offset=""):
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} ({once(metric, matchers, kinds, offset)})"


def total_or_zero(metric, by="", matchers=""):
    """Zero where there are tokens but none of this kind: most cells get a series only after their first count."""
    return f"({total(metric, by, matchers)} or 0 * {total('datadog_access_tokens', by)})"


def risk(reason, by="", offset=""):
    return total("datadog_access_tokens_at_risk", by, f'reason="{reason}"', offset=offset)


def days(seconds):
    return f"({seconds}) / 86400"


def labelled(expression, label, value):
    return f'label_replace({expression}, "{label}", "{value}", "", "")'


def increase(metric, by="", window="1h"):
    """How much a counter grew in `window`. Replicas count once, and restarts are handled: the folded series falls to zero with
    the new process, which `increase` takes for a reset. Without folding first, the count before the restart would be lost or
    counted twice."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (increase({once(metric)}[{window}:1m]))"


def rate(metric, by="", kinds=True):
    grouping = f" by ({by})" if by else ""
    return (f"sum{grouping} (max without ({REPLICA_LABELS}) "
            f"(rate({select(metric, kinds=kinds)}[$__rate_interval])))")


def own(metric, window="24h"):
    """A metric that every program exports, from the exporter's targets only: `$job` may match every job."""
    return (f"({select(metric)} and on (job, instance) "
            f"last_over_time({select('datadog_access_token_exporter_build_info')}[{window}]))")


def trust(by=""):
    """The number of the worst of TRUST_STATES; no value if nothing is known."""
    def check(name, expression):
        return labelled(expression, "check", name)

    org = select("datadog_access_token_poll_success")
    down = (f"5 * (1 - {select('up')}) * on (job, instance) group_right () "
            f"(0 * last_over_time({org}[24h]) + 1)")
    interval = once("datadog_access_token_poll_interval_seconds")
    checks = [
        check("single owner", once("datadog_access_token_listing_single_owner")),
        check("incomplete", f"2 * (1 - {worst('datadog_access_token_listing_complete')})"),
        check("failed", f"3 * (1 - {worst('datadog_access_token_poll_success')})"),
        check("stale", f"4 * (time() - {worst('datadog_access_token_poll_last_success_timestamp_seconds')}"
                       f" > bool 3 * {interval})"),
        check("down", down),
    ]
    grouping = f" by ({by})" if by else ""
    return f"max{grouping} ({' or '.join(checks)})"


def access_ends(by=""):
    grouping = f" by ({by})" if by else ""
    return days(f"min{grouping} ({worst('datadog_access_token_credential_expiry_timestamp_seconds')}) - time()")


def rate_limit_left(by=""):
    grouping = f" by ({by})" if by else ""
    return (f"min{grouping} ({worst('datadog_access_token_api_rate_limit_remaining')} / "
            f"{worst('datadog_access_token_api_rate_limit_limit')})")


def data_age(by=""):
    grouping = f" by ({by})" if by else ""
    return f"time() - min{grouping} ({worst('datadog_access_token_poll_last_success_timestamp_seconds')})"


def missing(by):
    """The difference between the API's own total and the number of tokens counted."""
    return (f"abs({total('datadog_access_tokens', by, kinds=False)} - "
            f"sum by ({by}) ({once('datadog_access_token_listing_reported_tokens')}))")
