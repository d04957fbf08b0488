"""The expected contents of a scrape, for organizations that do not change and for those that can't be listed."""
import collections

import harness

TOKENS = "datadog_access_tokens"
COMPLETE = "datadog_access_token_listing_complete"
POLL_SUCCESS = "datadog_access_token_poll_success"
FAILURES = "datadog_access_token_poll_failures_total"
OWNERS = "datadog_access_token_owners"
GRANTS = "datadog_access_token_scope_grants"

# Families whose series are all 0 as long as nothing changes in the API and no page is inconsistent.
NOTHING_HAPPENED = (
    "datadog_access_token_listing_duplicates",
    "datadog_access_token_listing_late_tokens_total",
    "datadog_access_token_unparsed_fields_total",
    "datadog_access_tokens_created_total",
    "datadog_access_tokens_removed_total",
    "datadog_access_tokens_scope_changes_total",
)
# Nothing in the soak causes these.
UNPROVOKED_FAILURES = ("credentials", "dns", "tls", "endless", "cancelled", "internal")

ALL = None
MOST_FINDINGS = 3


def counter_names(text):
    """Names of the series that never decrease."""
    names = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if kind == "counter":
                names.add(name)
            elif kind == "histogram":
                names.update(name + suffix for suffix in ("_bucket", "_count", "_sum"))
    return names


def sums_by_label(families):
    """{org: {family: {(label, value) or ALL: sum}}}"""
    organizations = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(float)))
    for name, series in families.items():
        for labels, value in series.items():
            org = next((text for label, text in labels if label == "org"), None)
            sums = organizations[org][name]
            sums[ALL] += value
            for pair in labels:
                sums[pair] += value
    return organizations


def expected_sums(expected):
    """{(family, (label, value) or ALL): sum} from the counts that the simulator writes."""
    total = expected["total"]
    sums = {
        (TOKENS, ALL): total,
        (TOKENS, ("expiry_bucket", "never")): expected["never_expiring"],
        ("datadog_access_tokens_by_last_use", ALL): total,
        ("datadog_access_tokens_by_last_use", ("last_used_bucket", "never")): expected["never_used"],
        ("datadog_access_tokens_by_age", ALL): total,
        ("datadog_access_tokens_unscoped", ALL): expected["unscoped"],
        ("datadog_access_tokens_leaked", ALL): expected["leaked"],
        ("datadog_access_tokens_at_risk", ("reason", "leaked")): expected["leaked"],
        ("datadog_access_tokens_at_risk", ("reason", "never_expires")): expected["never_expiring"],
        ("datadog_access_token_distinct_scopes", ALL): len(expected["by_scope"]),
        ("datadog_access_token_scopes_folded", ALL): 0,
        ("datadog_access_token_listing_reported_tokens", ALL): total,
        (COMPLETE, ALL): 1,
        (GRANTS, ALL): sum(expected["by_scope"].values()),
    }
    for label in ("token_type", "owner_type"):
        for value, count in expected["by_" + label].items():
            sums[(TOKENS, (label, value))] = count
    for scope, count in expected["by_scope"].items():
        sums[(GRANTS, ("scope", scope))] = count
    return sums


def in_one(org, findings):
    """Reports an organization at most once: if it is wrong, it is wrong in dozens of series."""
    findings = list(findings)
    more = f"; and {len(findings) - MOST_FINDINGS} more" if len(findings) > MOST_FINDINGS else ""
    return [f"{org}: {'; '.join(findings[:MOST_FINDINGS])}{more}"] if findings else []


class Judge:
    """Checks the scrapes of one client, in order."""

    def __init__(self, expected, listed, unlisted):
        self.sums = expected_sums(expected)
        self.owners = expected["owners"]
        self.listed = listed
        self.unlisted = unlisted
        self.seen_inventories = set()
        self.counters = {}

    def look(self, text):
        """The errors in this scrape, as texts."""
        try:
            families = harness.parse_text(text)
        except AssertionError as error:
            return [f"not an exposition: {error}"]
        organizations = sums_by_label(families)
        complaints = []
        for org in self.listed:
            complaints += in_one(org, self._listed(org, organizations[org]))
        for org in self.unlisted:
            complaints += in_one(org, self._unlisted(organizations[org]))
        for org in (*self.listed, *self.unlisted):
            complaints += in_one(org, self._failures(organizations[org]))
        return complaints + self._counters(families, counter_names(text))

    def _listed(self, org, families):
        if TOKENS not in families:
            if org in self.seen_inventories:
                yield "its inventory is gone"
            elif COMPLETE in families:
                yield f"{COMPLETE} without an inventory"
            return
        self.seen_inventories.add(org)
        for (name, pair), right in self.sums.items():
            published = families[name].get(pair)
            if published != right:
                yield f"{name} {pair or 'in all'}: {published} instead of {right}"
        for name in NOTHING_HAPPENED:
            if name not in families or families[name][ALL] != 0:
                yield f"{name}: {dict(families[name])} instead of 0"
        # An owner with tokens of two types is counted in two series.
        most = families[OWNERS][ALL]
        if not 0 < self.owners <= most:
            yield f"{OWNERS}: {most} in all, fewer than the {self.owners} that there are"

    @staticmethod
    def _unlisted(families):
        for name in (TOKENS, COMPLETE):
            if name in families:
                yield f"{name} of an organization that never answered"
        if families[POLL_SUCCESS][ALL] != 0:
            yield "a poll succeeded that can't have"

    @staticmethod
    def _failures(families):
        for reason in UNPROVOKED_FAILURES:
            if families[FAILURES][("reason", reason)] != 0:
                yield f"a poll failed for the reason {reason}"

    def _counters(self, families, names):
        now = {(name, labels): value for name in names for labels, value in families.get(name, {}).items()}
        complaints = []
        for key, before in self.counters.items():
            after = now.get(key)
            if after is None or after < before:
                complaints.append(f"{key[0]}{dict(key[1])} went from {before} to {after}")
        self.counters = now
        return complaints
