"""Alerts with a threshold: their series just above it ("bad") and just below it ("good"), and how they behave across gaps,
restarts, replicas and recovery."""
import dataclasses

from promtool import FAILED_SCRAPE, GONE, Signal, always, firing, minutes, series

DAY = 86400
# Later than the end of any test, so that it is good throughout: no test is this long.
TWO_DAYS_OF_MINUTES = 2 * 1440 * 60


@dataclasses.dataclass(frozen=True)
class Edge:
    signals: list
    delay: int = 0    # minutes from the first bad sample until the expression is true
    lingers: int = 0  # minutes the expression stays true after the last bad sample
    on_loss: int = 15  # the same if a good pod replaces the bad one
    before: int = 0   # minutes of "good" before all that: an alert on new findings needs a baseline


AT_RISK = "datadog_access_tokens_at_risk"
LISTED_AT_0 = always("datadog_access_token_poll_last_success_timestamp_seconds", 0)
PERSON = 'org="production", token_type="personal", owner_type="user"'
MACHINE = 'org="production", token_type="service", owner_type="service_account"'
# The first "bad" must not fall on a full hour, at which the levels of the last week are sampled.
TO_COMPARE_WITH = 70


def new(reason, of_people=None):
    """Service accounts go from 7 findings to 8; people have 20, or `of_people` for each state."""
    return Edge([Signal(AT_RISK, f'{MACHINE}, reason="{reason}"', {"bad": 8, "good": 7}),
                 Signal(AT_RISK, f'{PERSON}, reason="{reason}"', of_people or {"bad": 20, "good": 20}),
                 # A different finding must not count.
                 Signal(AT_RISK, f'{PERSON}, reason="another"', {"bad": 50, "good": 20}), LISTED_AT_0],
                on_loss=60, before=TO_COMPARE_WITH)


def share(reason, percent, people=False):
    """The finding's share of 200 tokens, just above and just below `percent`; counts people's and machines' tokens together, or
    only people's."""
    counting, other = (PERSON, MACHINE) if people else (MACHINE, PERSON)
    others = 0 if people else 4
    return Edge([Signal(AT_RISK, f'{counting}, reason="{reason}"', {"bad": 2 * percent + 1 - others, "good": 2 * percent - others}),
                 always(AT_RISK, 50 if people else others, f'{other}, reason="{reason}"'),
                 always(AT_RISK, 150, f'{PERSON}, reason="another"'),
                 always("datadog_access_tokens", 120, f'{PERSON}, expiry_bucket="1d_to_7d"'),
                 always("datadog_access_tokens", 80, f'{MACHINE}, expiry_bucket="never"')])


def moment(metric, days, labels='org="production"'):
    return Signal(metric, labels, {"bad": days * DAY - 1, "good": days * DAY + TWO_DAYS_OF_MINUTES})


# Two intervals and one second before the start.
LISTED_BEFORE = always("datadog_access_token_poll_last_success_timestamp_seconds", -601)
INTERVAL = always("datadog_access_token_poll_interval_seconds", 300)
NEXT_IN_USE = "datadog_access_token_next_expiry_in_use_timestamp_seconds"
IMMINENT = [LISTED_AT_0, moment(NEXT_IN_USE, 1, MACHINE),
            always(NEXT_IN_USE, DAY + TWO_DAYS_OF_MINUTES, 'org="production", token_type="personal", owner_type="service_account"'),
            # An expiring personal token stops a person's work, not a service.
            always(NEXT_IN_USE, DAY - 1, PERSON),
            # This token expires, but nothing uses it.
            always("datadog_access_token_next_expiry_timestamp_seconds", DAY - 1, MACHINE),
            always(AT_RISK, 3, f'{MACHINE}, reason="expiring_in_use"')]


def failures(reason, states):
    return Signal("datadog_access_token_poll_failures_total", f'org="production", reason="{reason}"', states, 0, True)


CREDENTIAL = "datadog_access_token_credential_expiry_timestamp_seconds"

EDGES = {
    "DatadogTokenExporterCredentialsRefused": Edge(
        [Signal("datadog_access_token_poll_success", by_state={"bad": 0, "good": 1}), failures("forbidden", {"bad": 1}),
         LISTED_BEFORE, INTERVAL],
        delay=1, on_loss=0),
    "DatadogTokenExporterPollsFailing": Edge(
        [Signal("datadog_access_token_poll_success", by_state={"bad": 0, "good": 1}), failures("dns", {"bad": 1}),
         failures("forbidden", {}), LISTED_BEFORE, INTERVAL], on_loss=0),
    "DatadogTokenExporterDataStale": Edge(
        [Signal("datadog_access_token_poll_last_success_timestamp_seconds",
                by_state={"bad": -1801, "good": TWO_DAYS_OF_MINUTES}),
         INTERVAL, always("datadog_access_token_polls_total", 1, counter=True)], on_loss=0),
    "DatadogTokenExporterListingIncomplete": Edge(
        [Signal("datadog_access_token_listing_complete", by_state={"bad": 0, "good": 1}),
         always("datadog_access_tokens", 98, f'{PERSON}, expiry_bucket="1d_to_7d"'),
         always("datadog_access_token_listing_reported_tokens", 100)], on_loss=0),
    "DatadogTokenExporterSingleOwner": Edge(
        [Signal("datadog_access_token_listing_single_owner", by_state={"bad": 1, "good": 0}),
         always("datadog_access_tokens", 5, f'{PERSON}, expiry_bucket="1d_to_7d"')]),
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
    "DatadogAccessTokenAnotherLeaked": Edge(
        [Signal("datadog_access_tokens_leaked", PERSON, {"bad": 2, "good": 1}),
         # The first leak of a kind has an alert of its own.
         Signal("datadog_access_tokens_leaked", MACHINE, {"bad": 1, "good": 0})], on_loss=60, before=TO_COMPARE_WITH),
    "DatadogAccessTokenExpiresImminently": Edge(IMMINENT, on_loss=0),
    # People's tokens neither trigger nor mask it.
    "DatadogAccessTokenExpiresSoon": new("expiring_in_use", {"bad": 2, "good": 9}),
    "DatadogAccessTokenPrivilegedNeverExpires": new("never_expires_privileged"),
    "DatadogAccessTokenPrivilegedUnused": new("unused_privileged"),
    "DatadogAccessTokenUnscoped": new("unscoped"),
    "DatadogAccessTokenNeverExpiresOverBudget": share("never_expires", 10),
    "DatadogAccessTokenUnused": share("unused", 10),
    "DatadogAccessTokenLifetimeOverPolicy": share("lifetime_over_policy", 10),
    "DatadogAccessTokenExpiredStillListed": share("expired_still_listed", 5),
    "DatadogAccessTokenOfUserExpiresSoon": share("expiring_in_use", 5, people=True),
}


def later(pods, before):
    """`pods`, preceded by some good minutes for those that exist from the start."""
    return {name: minutes((GONE if states[0] == GONE else "good", before)) + states for name, states in pods.items()}


def cases(alert, hold, keep):
    """[(kind, description, pods, expectations)] for the alert, with its `for` and keepFiringFor in minutes."""
    edge = EDGES[alert]
    first = hold + edge.delay  # the minute at which it fires if all is bad from minute 0
    until = first + 5
    repaired = until + edge.lingers

    def fires(moments):
        return [firing(alert, edge.before + at, 1) for at in moments]

    def silent(moments):
        return [firing(alert, edge.before + at, 0) for at in moments]

    found = [
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
        ("restart", "is one alert, without a break, while the process restarts",
         {"a": minutes(("bad", until), (GONE, 3), ("bad", 27))}, fires(range(first, until + 30))),
        ("restart", "is silent when the process restarts",
         {"a": minutes(("good", 5), (GONE, 3), ("good", first + 31))}, silent(range(first + 35))),
        ("replica", "is one alert from two replicas",
         {"a": minutes(("bad", until)), "b": minutes(("bad", until))}, fires(range(first, until))),
        ("replica", "does not add up two replicas",
         {"a": minutes(("good", first + 31)), "b": minutes(("good", first + 31))}, silent([first, first + 30])),
        ("resolved", "ends when all is well again",
         {"a": minutes(("bad", until), ("good", edge.lingers + keep + 10))},
         # Prometheus 3 excludes the left edge of a range, so what lingers ends one sample earlier.
         fires(range(first, repaired + keep - min(edge.lingers, 1))) + silent([repaired + keep, repaired + keep + 5])),
        ("resolved", "ends when all is well in the pod that follows",
         {"a": minutes(("bad", until), (GONE, 100)), "b": minutes((GONE, until), ("good", 100))},
         fires([until]) + silent([until + edge.on_loss + keep])),
    ]
    return [(kind, said, later(pods, edge.before), expectations) for kind, said, pods, expectations in found]


def input_of(alert, pods):
    return series(EDGES[alert].signals, pods)
