"""PromQL in the words of the exporter's metrics. Each function returns an expression."""

# Labels that tell one replica, or one life of it, from another. They are folded before anything is added up, so that a second
# replica, or the pod before a restart, never doubles a number.
REPLICA_LABELS = "instance, pod, container, endpoint, node"
TARGET = 'job=~"$job", instance=~"$instance"'
BY_KIND = {"token_type": '=~"$token_type"', "owner_type": '=~"$owner_type"'}

ONLY_TOKEN_TYPE = ("datadog_access_tokens_created_total", "datadog_access_tokens_removed_total",
                   "datadog_access_tokens_scope_changes_total")
KINDS = ("token_type", "owner_type")

# Names of buckets that end at or below a bound, whatever bounds are configured. Exact where the bound itself is one of them.
HOURS = "([0-9]+[hms]+)"
WITHIN_1D = f"(under|.+_to)_(1d|{HOURS}+)"
WITHIN_7D = f"(under|.+_to)_(7d|([1-6]d)?{HOURS}*)"
WITHIN_30D = f"(under|.+_to)_(30d|([12]?[0-9]d)?{HOURS}*)"


def has_kinds(metric):
    return (metric.startswith("datadog_access_tokens") and metric not in (*ONLY_TOKEN_TYPE, "datadog_access_tokens_detail_omitted")
            or metric in ("datadog_access_token_scope_grants", "datadog_access_token_owners",
                          "datadog_access_token_next_expiry_timestamp_seconds",
                          "datadog_access_token_oldest_creation_timestamp_seconds",
                          "datadog_access_token_expiry_timestamp_seconds",
                          "datadog_access_token_last_used_timestamp_seconds",
                          "datadog_access_token_created_timestamp_seconds",
                          "datadog_access_token_finding"))


def select(metric, matchers="", kinds=True):
    """The series that the variables choose. `kinds=False` leaves the token and owner types out, for what is said of a whole
    listing."""
    parts = [TARGET]
    if metric.startswith("datadog_") and metric != "datadog_access_token_exporter_build_info":
        parts.append('org=~"$org"')
    if kinds and has_kinds(metric):
        parts += [f"{label}{value}" for label, value in BY_KIND.items()]
    elif kinds and metric in ONLY_TOKEN_TYPE:
        parts.append('token_type=~"$token_type"')
    if matchers:
        parts.append(matchers)
    return f"{metric}{{{', '.join(parts)}}}"


def once(metric, matchers="", kinds=True, offset=""):
    """Each series once, however many replicas have it."""
    moment = f" offset {offset}" if offset else ""
    return f"max without ({REPLICA_LABELS}) ({select(metric, matchers, kinds)}{moment})"


def worst(metric):
    """The least of the replicas: of a success, a completeness, a moment or what is left."""
    return f"min without ({REPLICA_LABELS}) ({select(metric)})"


def total(metric, by="", matchers="", kinds=True, offset=""):
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} ({once(metric, matchers, kinds, offset)})"


def risk(reason, by=""):
    return total("datadog_access_tokens_at_risk", by, f'reason="{reason}"')


def never(by=""):
    return total("datadog_access_tokens", by, 'expiry_bucket="never"')


def increase(metric, by, window):
    """How much a counter grew, replicas once, and across a restart: the folded series falls to zero with the new process,
    which `increase` knows for a reset. Without folding first, the count before the restart would be lost or counted twice."""
    return f"sum by ({by}) (increase({once(metric)}[{window}:1m]))"


def rate(metric, by="", kinds=True):
    grouping = f" by ({by})" if by else ""
    return (f"sum{grouping} (max without ({REPLICA_LABELS}) "
            f"(rate({select(metric, kinds=kinds)}[$__rate_interval])))")


def own(metric, window="24h"):
    """A metric that every program has, from our targets only: `$job` may be every job."""
    return (f"({select(metric)} and on (job, instance) "
            f"last_over_time({select('datadog_access_token_exporter_build_info')}[{window}]))")


def trust(by=""):
    """0: yes. 1: the listing is incomplete. 2: the last poll failed. 3: the data are stale. 4: an exporter of the last day is
    down. The worst one wins; nothing at all where nothing is known."""
    def check(name, expression):
        return f'label_replace({expression}, "check", "{name}", "", "")'

    org = select("datadog_access_token_poll_success")
    down = (f"4 * (1 - {select('up')}) * on (job, instance) group_right () "
            f"(0 * last_over_time({org}[24h]) + 1)")
    checks = [
        check("incomplete", f"1 - {worst('datadog_access_token_listing_complete')}"),
        check("failed", f"2 * (1 - {worst('datadog_access_token_poll_success')})"),
        check("stale", f"3 * (time() - {worst('datadog_access_token_poll_last_success_timestamp_seconds')}"
                       " > bool $stale_after)"),
        check("down", down),
    ]
    grouping = f" by ({by})" if by else ""
    return f"max{grouping} ({' or '.join(checks)})"


def access_ends(by=""):
    grouping = f" by ({by})" if by else ""
    return (f"min{grouping} ({worst('datadog_access_token_credential_expiry_timestamp_seconds')}) - time()")


def rate_limit_left(by=""):
    grouping = f" by ({by})" if by else ""
    return (f"min{grouping} ({worst('datadog_access_token_api_rate_limit_remaining')} / "
            f"{worst('datadog_access_token_api_rate_limit_limit')})")


def data_age(by=""):
    grouping = f" by ({by})" if by else ""
    return f"time() - min{grouping} ({worst('datadog_access_token_poll_last_success_timestamp_seconds')})"


def missing(by):
    """Tokens that the API's own total has and the counts have not, or the other way round."""
    return (f"abs({total('datadog_access_tokens', by, kinds=False)} - "
            f"sum by ({by}) ({once('datadog_access_token_listing_reported_tokens')}))")
