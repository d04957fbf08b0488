"""What a person reads: the rendered description of each alert, and the labels it comes with, where two replicas say the same."""
from edges import EDGES
from promtool import FAILED_SCRAPE, minutes
from stories import build, churn

ORG = {"job": "exporter", "namespace": "monitoring", "org": "production"}
SERVICE = {**ORG, "token_type": "service", "owner_type": "service_account"}


def scene(alert, hold):
    """The series of an alert that fires: (signals, pods, the minute)."""
    if alert in EDGES:
        states = minutes(("bad", hold + 5))
        return EDGES[alert].signals, {"a": states, "b": states}, hold + 4
    if alert == "DatadogTokenExporterDown":
        states = minutes(("up", 5), (FAILED_SCRAPE, 20))
        return [build("1.0.0")], {"a": states, "b": states}, 20
    states = minutes(("calm", 70), ("burst", 1), ("calm", 5))
    return churn(alert, 1), {"a": states, "b": states}, 72


TEXTS = {
    "DatadogTokenExporterDown": ({"job": "exporter", "namespace": "monitoring"},
        "Nothing is scraped from exporter any more: expiring, leaked and new tokens go unnoticed, and all other "
        "alerts of this exporter are blind."),
    "DatadogTokenExporterCredentialsRefused": (ORG,
        "Polls of production fail with credentials, unauthorized or forbidden. The numbers are 14m 0s old."),
    "DatadogTokenExporterPollsFailing": (ORG,
        "Polls of production fail; reasons in the last hour: dns. The last good numbers stay until they are stale."),
    "DatadogTokenExporterDataStale": (ORG,
        "The last successful poll of production began 39m 1s ago. Alerts on its tokens speak of that moment, and "
        "end when the exporter drops the numbers (--poll.stale-after)."),
    "DatadogTokenExporterListingIncomplete": (ORG,
        "Listings of production are published as incomplete: pages and the total that Datadog reports don't agree,"
        " however often they are read."),
    "DatadogTokenExporterSingleOwner": (ORG,
        "All tokens of production that Datadog lists have the same owner. Credentials without the permission org_app_keys_read "
        "list only their own tokens: the numbers are then far too small, and other alerts are silent."),
    "DatadogTokenExporterFieldsUnparsed": ({**ORG, "field": "expires_at"},
        "The field expires_at of some tokens of production can't be read; what is counted by it is unknown or "
        "missing."),
    "DatadogTokenExporterRateLimitNear": (ORG,
        "Of the rate limit of production 19.7% were left at the last answer. The limit is shared with all other "
        "clients of the API; at --poll.rate-limit-reserve polls wait, then fail."),
    "DatadogTokenExporterCredentialExpiresSoon": (ORG,
        "The exporter's own token for production expires in 13d 23h 40m 59s; from then on it sees nothing."),
    "DatadogTokenExporterCredentialExpires": (ORG,
        "The exporter's own token for production expires in 1d 23h 50m 59s; from then on it sees nothing."),
    "DatadogTokenExporterScopesFolded": (ORG,
        'Scopes of production that are counted together as scope="other": 1. Totals are right; questions about one'
        " of these scopes have no answer."),
    "DatadogTokenExporterDetailOmitted": (ORG,
        "Tokens of production without series of their own because of --tokens.detail-limit: 1. The worst are shown; counts "
        "are not affected."),
    "DatadogTokenExporterReloadFailed": ({"job": "exporter", "namespace": "monitoring", "file": "web"},
        "The web configuration of exporter has changed and can't be used; the one before stays in use, with its passwords "
        "and certificates."),
    "DatadogAccessTokenLeaked": ({**ORG, "token_type": "personal", "owner_type": "user"},
        "Leaked personal tokens in the list of production (owner: user): 1. Whoever found one may be using it."),
    "DatadogAccessTokenExpiresImminently": (SERVICE,
        "The next service token of production (owner: service_account) expires in 23h 50m 59s, by a listing 9m 0s "
        "old."),
    "DatadogAccessTokenExpiresSoon": (SERVICE,
        "The next service token of production (owner: service_account) expires in 6d 23h 40m 59s, by a listing 19m"
        " 0s old."),
    "DatadogAccessTokenOfUserExpiresSoon": ({**ORG, "token_type": "service", "owner_type": "user"},
        "The next service token of a user of production expires in 6d 23h 40m 59s, by a listing 19m 0s old."),
    "DatadogAccessTokenNeverExpiresOverBudget": ({**ORG, "reason": "never_expires"},
        "Tokens of production without an expiry: 11."),
    "DatadogAccessTokenPrivilegedNeverExpires": ({**ORG, "reason": "never_expires_privileged"},
        "Tokens of production without an expiry and with a scope of --scopes.privileged: 1."),
    "DatadogAccessTokenUnused": ({**ORG, "reason": "unused"},
        "Valid tokens of production that were not used within --policy.max-idle: 1."),
    "DatadogAccessTokenLifetimeOverPolicy": ({**ORG, "reason": "lifetime_over_policy"},
        "Tokens of production that live longer from creation to expiry than --policy.max-lifetime: 1."),
    "DatadogAccessTokenExpiredStillListed": ({**ORG, "reason": "expired_still_listed"},
        "Tokens of production that have expired and are still listed: 1."),
    "DatadogAccessTokenSuddenGrowth": (ORG,
        "New tokens of production within an hour: 31."),
    "DatadogAccessTokenMassRemoval": (ORG,
        "Tokens of production that went away within an hour: 31."),
}
