"""The overview dashboard: what is wrong with the access tokens, what to do next, and how the tokens are distributed."""
from . import panels as p
from . import queries as q

TOKENS, AT_RISK = "datadog_access_tokens", "datadog_access_tokens_at_risk"
WHO = {"org": "Organization", "token_type": "Token type", "owner_type": "Owner type"}
KIND = ", ".join(WHO)


def to_detail(reason):
    return p.link("Which tokens are they?", p.DETAIL, f"var-reason={reason}")


def first_row():
    def finding(description, reason, thresholds, title="", **rest):
        return p.stat(title or p.FINDINGS[reason][0], description, q.risk(reason), 6, background=True, thresholds=thresholds,
                      links=[to_detail(reason)], **rest)

    return [
        p.row("Is anything wrong?"),
        finding("Tokens that Datadog reports as leaked: revoke them at once. “Not reported” if Datadog does not report leaks.", "leaked", p.ALARM_FROM_ONE, no_value="Not reported"),
        finding("Tokens with a privileged scope (--scopes.privileged) and no expiry.",
                "never_expires_privileged", p.WARN_FROM_ONE),
        finding("Tokens that are in use and expire within --policy.expiry-notice (7 days by default). Tokens made for only a few days are left out: they are replaced by design.", "expiring_in_use",
                p.ALARM_FROM_ONE, "Break within a week"),
        p.trust_stat(q.trust(), 6),
    ]


def findings():
    def owners(kind):
        return q.total(AT_RISK, "reason", f'owner_type="{kind}"')

    def since(offset):
        return f"{now} - {q.total(AT_RISK, 'reason', offset=offset)}"

    now = q.total(AT_RISK, "reason")
    change = {"custom__cellOptions": p.COLOURED_TEXT, "thresholds": p.steps((-10**9, "green"), (0, "#9fa3a8"), (1, "orange"))}
    return p.table(
        "Which findings need work?",
        "Findings of the exporter's policy, worst first. They overlap, so don't add them up. Click a finding to list its tokens; its reason is what --list takes.",
        [("Finding", f"({q.PLACES}) and on (reason) {now}"), ("Tokens", now), ("Users", owners("user")),
         ("Service accounts", owners("service_account")), ("Since yesterday", since("1d")), ("Since last week", since("1w"))],
        14, 11, labels={"reason": "Reason"}, last=["reason"], decimals=0, sort=["Finding"],
        overrides=[p.finding_column("Finding", links=[to_detail("${__data.fields.Reason}")]),
                   p.by_name("Tokens", custom__cellOptions=p.COLOURED, thresholds=p.WARN_FROM_ONE),
                   p.by_name("Since yesterday", **change), p.by_name("Since last week", **change)])


def since_yesterday():
    by = "org, token_type"
    now = q.total(TOKENS, by)
    return p.table(
        "What changed since yesterday?",
        "Tokens now compared with 24 hours ago, and how many were created, removed or given other scopes between complete listings (a token that came and went between two polls is not seen). Rounded, because Prometheus extrapolates.",
        [("Tokens", f"{now} > 0"), ("Change", f"{now} - {q.total(TOKENS, by, offset='1d')}"),
         ("Created", q.increase("datadog_access_tokens_created_total", by, "24h")),
         ("Removed", q.increase("datadog_access_tokens_removed_total", by, "24h")),
         ("Scopes changed", q.increase("datadog_access_tokens_scope_changes_total", by, "24h"))],
        24, 5, labels={"org": "Organization", "token_type": "Token type"}, decimals=0, sort=["-Tokens"])


def expiries():
    breaking = q.total_or_zero(AT_RISK, "owner_type", 'reason="expiring_in_use"')
    shown = p.BUCKETS | {"breaks": ("In use, will break", ""), "all": ("All", "")}
    order = ["breaks", *p.BUCKETS, "all"]
    return p.heat_table(
        "What expires when?",
        "Tokens by time left. Red: in use, made to last, and expiring within --policy.expiry-notice; whatever uses them breaks. They are in the other columns too. Most others that expire within 7 days are made for a day, which is good practice.",
        f"{q.labelled(breaking, 'expiry_bucket', 'breaks')} or {q.total(TOKENS, 'owner_type, expiry_bucket')} "
        f"or {q.labelled(q.total(TOKENS, 'owner_type'), 'expiry_bucket', 'all')}", 24, 5, row="owner_type",
        row_title="Owner type", shown={name: shown[name] for name in order}, links=[to_detail("expiring_in_use")],
        overrides=[p.by_name(shown["breaks"][0], thresholds=p.ALARM_FROM_ONE),
                   p.by_name("All", custom__cellOptions={"type": "auto"})])


def holders():
    def of(metric, matchers=""):
        return f"{q.total_or_zero(metric, KIND, matchers)} and on ({KIND}) ({q.total(TOKENS, KIND)} > 0)"

    both, unused = "Privileged, never expire", "Privileged, unused"
    return p.table(
        "Who holds what?",
        "Tokens by type of token and owner; the type with the most privileged tokens that never expire comes first. The token detail dashboard shows the owners.",
        [("Owners", of("datadog_access_token_owners")), ("Tokens", of(TOKENS)),
         ("Never expire", of(TOKENS, 'expiry_bucket="never"')),
         ("Privileged", of("datadog_access_tokens_privileged")),
         (both, of(AT_RISK, 'reason="never_expires_privileged"')),
         (unused, of(AT_RISK, 'reason="unused_privileged"'))],
        24, 5, labels=WHO, sort=[f"-{both}", "-Privileged"], decimals=0,
        overrides=[p.by_name(name, custom__cellOptions=p.COLOURED, thresholds=p.WARN_FROM_ONE) for name in (both, unused)])


def distributions():
    return [
        p.row("What expires, and whose it is"),
        expiries(),
        holders(),
        p.stacked_bars("What is unused?",
                       "Tokens by time since last use. Tokens idle for longer than --policy.max-idle, or never used and older than that, have the finding “Unused”.",
                       q.total("datadog_access_tokens_by_last_use", "owner_type, last_used_bucket"), 12, 7,
                       column="last_used_bucket", shown=p.LAST_USED, links=[to_detail("unused")]),
        p.stacked_bars("How old are they?", "Tokens by time since creation.",
                       q.total("datadog_access_tokens_by_age", "owner_type, age_bucket"), 12, 7, column="age_bucket",
                       shown=p.AGES, links=[to_detail("lifetime_over_policy")]),
    ]


def findings_over_time():
    return p.time_series("Findings over time", "Tokens with each finding of the exporter's policy; they overlap.",
                         [(q.risk(reason), words) for reason, (words, _) in p.FINDINGS.items()], 10, 11, axis="tokens",
                         colours={words: colour for (words, _), colour in zip(p.FINDINGS.values(), p.FINDING_COLOURS)})


def changes():
    return [
        p.row("What changes"),
        since_yesterday(),
        p.hourly_bars("Churn", "Tokens created, removed and given other scopes, as seen in complete listings.",
                      [(q.increase(f"datadog_access_tokens_{what}_total"), name)
                       for what, name in (("created", "created"), ("removed", "removed"), ("scope_changes", "scopes changed"))],
                      12, 8, "changes per hour"),
        p.time_series("Tokens over time", "Tokens by type of token and owner, stacked: the height is the number of tokens.",
                      [(f"{q.total(TOKENS, 'owner_type, token_type')} > 0", "{{owner_type}}: {{token_type}}")], 12, 8,
                      stack=True, axis="tokens"),
    ]


def build():
    return p.dashboard(
        p.OVERVIEW, "Datadog access tokens: overview",
        "Which access tokens the Datadog organizations hold, what is wrong with them and what to do next.",
        [*first_row(), p.row("What to do next"), findings(), findings_over_time(), *distributions(),
         *changes()],
        p.common_variables(), "now-7d")
