"""The texts that people read: the rendered description of each alert and its labels, with two replicas that export the same."""
from edges import EDGES, INTERVAL
from promtool import FAILED_SCRAPE, always, minutes
from stories import build, churn

ORG = {"job": "exporter", "namespace": "monitoring", "org": "production"}
SERVICE = {**ORG, "token_type": "service", "owner_type": "service_account"}


def watched(org):
    return [always(INTERVAL.metric, 300, f'org="{org}"')]


def scene(alert, hold):
    """The series with which an alert fires: (signals, pods, minute)."""
    if alert in EDGES:
        edge = EDGES[alert]
        states = minutes(("good", edge.before), ("bad", hold + 5))
        return edge.signals, {"a": states, "b": states}, edge.before + hold + 4
    if alert == "DatadogTokenExporterDown":
        states = minutes(("up", 5), (FAILED_SCRAPE, 20))
        return [build("1.0.0"), *watched("production"), *watched("sandbox")], {"a": states, "b": states}, 20
    states = minutes(("calm", 70), ("burst", 1), ("calm", 5))
    return churn(alert, 1), {"a": states, "b": states}, 72


# The last listing is as old as the test, as defined by `new` and `moment`.
TEXTS = {
    "DatadogTokenExporterDown": ({"job": "exporter", "namespace": "monitoring"},
        "Prometheus no longer scrapes the exporter (job exporter). Nothing watches the tokens of: production sandbox. All other alerts of this "
        "exporter are blind."),
    "DatadogTokenExporterCredentialsRefused": (ORG,
        "Polls of production fail with credentials, unauthorized or forbidden. The numbers are 19m 1s old."),
    "DatadogTokenExporterPollsFailing": (ORG,
        "Polls of production fail; reasons in the last hour: dns. The last good numbers stay until they are stale."),
    "DatadogTokenExporterDataStale": (ORG,
        "The last successful poll of production started 39m 1s ago. Alerts on its tokens describe that moment, and end when the exporter drops the numbers (--poll.stale-after)."),
    "DatadogTokenExporterListingIncomplete": (ORG,
        "The last listing of production is incomplete after all retries: it has 98 tokens, and Datadog's total is 100."),
    "DatadogTokenExporterSingleOwner": (ORG,
        "All 5 tokens of production that Datadog lists have the same owner. Credentials without the permission org_app_keys_read "
        "list only their owner's tokens: the numbers are then far too low, and other alerts stay silent."),
    "DatadogTokenExporterFieldsUnparsed": ({**ORG, "field": "expires_at"},
        "The field expires_at of tokens of production could not be read 20 times in the last hour; counts based on it are unknown or missing."),
    "DatadogTokenExporterRateLimitNear": (ORG,
        "19.7% of the rate limit of production was left as of the last answer. The limit is shared with all other "
        "clients of the API; at --poll.rate-limit-reserve polls wait, then fail."),
    "DatadogTokenExporterCredentialExpiresSoon": (ORG,
        "The exporter's own token for production expires in 13d 23h 40m 59s; after that the exporter sees nothing."),
    "DatadogTokenExporterCredentialExpires": (ORG,
        "The exporter's own token for production expires in 1d 23h 50m 59s; after that the exporter sees nothing."),
    "DatadogTokenExporterScopesFolded": (ORG,
        'Scopes of production that are folded into scope="other": 1. Totals are right; these scopes can\'t be told apart.'),
    "DatadogTokenExporterDetailOmitted": (ORG,
        "Tokens of production without series of their own because of --tokens.detail-limit: 1. The worst are shown; counts "
        "are not affected."),
    "DatadogTokenExporterReloadFailed": ({"job": "exporter", "namespace": "monitoring", "file": "web"},
        "The web configuration of exporter has changed and can't be used; the previous one stays in effect. "
        "Exporters: 2."),
    "DatadogAccessTokenLeaked": ({**ORG, "token_type": "personal", "owner_type": "user"},
        "Leaked personal tokens in the list of production (owner: user): 1. They may already be in use by someone else."),
    "DatadogAccessTokenAnotherLeaked": ({**ORG, "token_type": "personal", "owner_type": "user"},
        "New leaked personal tokens in the list of production (owner: user): 1, in addition to those already known."),
    "DatadogAccessTokenExpiresImminently": (SERVICE,
        "The next service token in use in production (owner: service_account) expires in 23h 50m 59s. In use and expiring within "
        "--policy.expiry-notice: 3, as of a listing 9m 0s old."),
    "DatadogAccessTokenExpiresSoon": ({**ORG, "reason": "expiring_in_use"},
        "Tokens of service accounts of production that are in use and expire within --policy.expiry-notice: 8, 1 more than before, as of a listing 1h 29m 0s old."),
    "DatadogAccessTokenPrivilegedNeverExpires": ({**ORG, "reason": "never_expires_privileged"},
        "Tokens of production that have a scope of --scopes.privileged and never expire: 28, 1 more than before, as of a listing 1h 29m 0s "
        "old."),
    "DatadogAccessTokenPrivilegedUnused": ({**ORG, "reason": "unused_privileged"},
        "Tokens of production that have a scope of --scopes.privileged and were not used within --policy.max-idle: 28, 1 more than before, as of a listing 1h 29m 0s old."),
    "DatadogAccessTokenUnscoped": ({**ORG, "reason": "unscoped"},
        "Tokens of production that list no scopes, so they may hold all of their owners' permissions: 28, 1 more than before, as of a listing 1h 29m "
        "0s old."),
    "DatadogAccessTokenNeverExpiresOverBudget": ({**ORG, "reason": "never_expires"},
        "21 of 200 tokens of production (10.5%) never expire."),
    "DatadogAccessTokenUnused": ({**ORG, "reason": "unused"},
        "21 of 200 tokens of production (10.5%) were not used within --policy.max-idle."),
    "DatadogAccessTokenLifetimeOverPolicy": ({**ORG, "reason": "lifetime_over_policy"},
        "21 of 200 tokens of production (10.5%) have a lifetime (creation to expiry) above --policy.max-lifetime."),
    "DatadogAccessTokenExpiredStillListed": ({**ORG, "reason": "expired_still_listed"},
        "11 of 200 tokens of production (5.5%) have expired and are still listed."),
    "DatadogAccessTokenOfUserExpiresSoon": ({**ORG, "reason": "expiring_in_use"},
        "11 of 200 tokens of production (5.5%) belong to people, are in use and expire within --policy.expiry-notice."),
    "DatadogAccessTokenSuddenGrowth": (ORG,
        "New tokens of production within an hour: 31; now there are 100."),
    "DatadogAccessTokenMassRemoval": (ORG,
        "Tokens of production that disappeared within an hour: 31; now there are 100."),
}
