"""Alerts with an edge: what their series are just over it ("bad") and just under it ("good"), and what that means across
gaps, restarts, replicas and repair."""
import dataclasses

from promtool import FAILED_SCRAPE, GONE, Signal, always, firing, minutes, series

DAY = 86400
# A moment that is good for all minutes of a test: those that have it are shorter.
TWO_DAYS_OF_MINUTES = 2 * 1440 * 60


@dataclasses.dataclass(frozen=True)
class Edge:
    signals: list
    delay: int = 0    # minutes from the first bad sample until the expression holds
    lingers: int = 0  # minutes the expression holds on after the last bad sample
    on_loss: int = 15  # … and when the pod that said so is replaced by one that does not


def risk(reason, others=0):
    """`others` are found among another kind of token: the edge is that of the sum."""
    labels = f'org="production", reason="{reason}"'
    over = 10 if others else 0
    return [Signal("datadog_access_tokens_at_risk", f'{labels}, token_type="service", owner_type="service_account"',
                   {"bad": over - others + 1, "good": over - others}),
            always("datadog_access_tokens_at_risk", others, f'{labels}, token_type="personal", owner_type="user"'),
            # Another finding must not count.
            always("datadog_access_tokens_at_risk", 50,
                   'org="production", reason="another", token_type="personal", owner_type="user"')]


def moment(metric, days, labels='org="production"'):
    return Signal(metric, labels, {"bad": days * DAY - 1, "good": days * DAY + TWO_DAYS_OF_MINUTES})


LISTED_AT_0 = always("datadog_access_token_poll_last_success_timestamp_seconds", 0)


def next_expiry(days, owner_type, another_owner):
    metric = "datadog_access_token_next_expiry_timestamp_seconds"
    return [LISTED_AT_0,
            moment(metric, days, f'org="production", token_type="service", owner_type="{owner_type}"'),
            always(metric, days * DAY + TWO_DAYS_OF_MINUTES,
                   f'org="production", token_type="personal", owner_type="{owner_type}"'),
            # Expiring, and the affair of another alert.
            always(metric, days * DAY - 1, f'org="production", token_type="personal", owner_type="{another_owner}"')]


def failures(reason, states):
    return Signal("datadog_access_token_poll_failures_total", f'org="production", reason="{reason}"', states, 0, True)


CREDENTIAL = "datadog_access_token_credential_expiry_timestamp_seconds"

EDGES = {
    "DatadogTokenExporterCredentialsRefused": Edge(
        [Signal("datadog_access_token_poll_success", by_state={"bad": 0, "good": 1}), failures("forbidden", {"bad": 1}),
         LISTED_AT_0],
        delay=1, on_loss=0),
    "DatadogTokenExporterPollsFailing": Edge(
        [Signal("datadog_access_token_poll_success", by_state={"bad": 0, "good": 1}), failures("dns", {"bad": 1}),
         failures("forbidden", {})], on_loss=0),
    "DatadogTokenExporterDataStale": Edge(
        [Signal("datadog_access_token_poll_last_success_timestamp_seconds",
                by_state={"bad": -1801, "good": TWO_DAYS_OF_MINUTES}),
         always("datadog_access_token_polls_total", 1, counter=True)], on_loss=0),
    "DatadogTokenExporterListingIncomplete": Edge(
        [Signal("datadog_access_token_listing_complete", by_state={"bad": 0, "good": 1})], on_loss=0),
    "DatadogTokenExporterSingleOwner": Edge(
        [Signal("datadog_access_token_listing_single_owner", by_state={"bad": 1, "good": 0})]),
    "DatadogTokenExporterFieldsUnparsed": Edge(
        [Signal("datadog_access_token_unparsed_fields_total", 'org="production", field="expires_at"', {"bad": 1, "good": 0},
                counter=True)], delay=1, lingers=59, on_loss=59),
    "DatadogTokenExporterRateLimitNear": Edge(
        [Signal("datadog_access_token_api_rate_limit_remaining", by_state={"bad": 59, "good": 60}),
         always("datadog_access_token_api_rate_limit_limit", 300)], on_loss=0),
    "DatadogTokenExporterCredentialExpiresSoon": Edge([moment(CREDENTIAL, 14)], on_loss=0),
    "DatadogTokenExporterCredentialExpires": Edge([moment(CREDENTIAL, 2)], on_loss=0),
    "DatadogTokenExporterScopesFolded": Edge(
        [Signal("datadog_access_token_scopes_folded", by_state={"bad": 1, "good": 0})]),
    "DatadogTokenExporterDetailOmitted": Edge(
        [Signal("datadog_access_tokens_detail_omitted", by_state={"bad": 1, "good": 0})]),
    "DatadogTokenExporterReloadFailed": Edge(
        [Signal("datadog_access_token_exporter_config_last_reload_successful", 'file="web"', {"bad": 0, "good": 1})]),
    "DatadogAccessTokenLeaked": Edge(
        [Signal("datadog_access_tokens_leaked", 'org="production", token_type="personal", owner_type="user"',
                {"bad": 1, "good": 0})]),
    "DatadogAccessTokenExpiresImminently": Edge(next_expiry(1, "service_account", "user"), on_loss=0),
    "DatadogAccessTokenExpiresSoon": Edge(next_expiry(7, "service_account", "user"), on_loss=0),
    "DatadogAccessTokenOfUserExpiresSoon": Edge(next_expiry(7, "user", "service_account"), on_loss=0),
    "DatadogAccessTokenNeverExpiresOverBudget": Edge(risk("never_expires", others=4)),
    "DatadogAccessTokenPrivilegedNeverExpires": Edge(risk("never_expires_privileged")),
    "DatadogAccessTokenUnused": Edge(risk("unused")),
    "DatadogAccessTokenLifetimeOverPolicy": Edge(risk("lifetime_over_policy")),
    "DatadogAccessTokenExpiredStillListed": Edge(risk("expired_still_listed")),
}


def cases(alert, hold, keep):
    """[(kind, what is said, pods, expectations)] of the alert, with its `for` and keepFiringFor in minutes."""
    edge = EDGES[alert]
    first = hold + edge.delay  # the minute at which it fires when all is bad from minute 0
    until = first + 5
    repaired = until + edge.lingers

    def fires(moments):
        return [firing(alert, at, 1) for at in moments]

    def silent(moments):
        return [firing(alert, at, 0) for at in moments]

    return [
        ("over", "fires just over the edge, when it has held long enough",
         {"a": minutes(("bad", first + 2))},
         silent([first - 1] if first > 0 else []) + fires([first, first + 1])),
        ("under", "is silent just under the edge",
         {"a": minutes(("good", first + 31))}, silent([0, 1, first, first + 30])),
        ("under", "is silent when it did not hold long enough",
         {"a": minutes(("bad", first - edge.lingers), ("good", first + 30))},
         silent(range(first, first + 30))) if first > edge.lingers else
        ("under", "is silent with no series at all", {}, silent([first, first + 30])),
        ("gap", "stays when scrapes fail for ten minutes",
         {"a": minutes(("bad", until), (FAILED_SCRAPE, 10), ("bad", 10))}, fires(range(first, until + 20))),
        ("gap", "is not late when scrapes failed for ten minutes",
         {"a": minutes(("bad", 1 + edge.delay), (FAILED_SCRAPE, 10), ("bad", first + 1))}, fires([first, first + 11])),
        ("replacement", "is one alert, without a break, while the pod is replaced",
         {"a": minutes(("bad", until), (GONE, 30)), "b": minutes((GONE, until + 5), ("bad", 25))},
         fires(range(first, until + 30))),
        ("replacement", "is one alert from two replicas",
         {"a": minutes(("bad", until)), "b": minutes(("bad", until))}, fires(range(first, until))),
        ("replacement", "does not add up two replicas",
         {"a": minutes(("good", first + 31)), "b": minutes(("good", first + 31))}, silent([first, first + 30])),
        ("resolved", "ends when all is well again",
         {"a": minutes(("bad", until), ("good", edge.lingers + keep + 10))},
         fires(range(first, repaired + keep)) + silent([repaired + keep, repaired + keep + 5])),
        ("resolved", "ends when all is well in the pod that follows",
         {"a": minutes(("bad", until), (GONE, 100)), "b": minutes((GONE, until), ("good", 100))},
         fires([until]) + silent([until + edge.on_loss + keep])),
    ]


def input_of(alert, pods):
    return series(EDGES[alert].signals, pods)
