"""Is anything wrong with our access tokens, what is to be done next, and how are they spread?"""
from . import panels as p
from . import queries as q

WHO = {"org": "Organization", "token_type": "Token type", "owner_type": "Owner type"}
KIND = ", ".join(WHO)
TO_DETAIL = p.link("Token detail", p.DETAIL)
TO_SCOPES = p.link("Scopes", p.SCOPES)
COLOURED = {"type": "color-background", "mode": "basic"}


def coloured(name, thresholds):
    return p.by_name(name, custom__cellOptions=COLOURED, thresholds=thresholds)


def of_present_kinds(expression):
    """Leaves out the kinds of token and owner of which there is none."""
    return f"{expression} and on ({KIND}) ({q.total('datadog_access_tokens', KIND)} > 0)"


def counted(expression):
    """0 for a kind of which there are tokens, but none of these: it has no series of its own."""
    return of_present_kinds(f"({expression} or 0 * {q.total('datadog_access_tokens', KIND)})")


def first_row():
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 5),
        p.stat("Leaked tokens", "Tokens that Datadog reports as leaked: revoke them at once. “Not reported” where Datadog says "
               "nothing about leaks.", q.total("datadog_access_tokens_leaked"), 3, background=True, thresholds=p.ALARM_FROM_ONE,
               no_value="Not reported"),
        p.stat("Expire within a day", "Tokens that expire within 24 hours. What uses them stops working then.",
               q.total("datadog_access_tokens", matchers=f'expiry_bucket=~"{q.WITHIN_1D}"'), background=True,
               thresholds=p.WARN_FROM_ONE, links=[TO_DETAIL]),
        p.stat("Privileged, never expire", "Tokens with a privileged scope (--scopes.privileged) and no expiry: whoever finds "
               "one has it for ever.", q.risk("never_expires_privileged"), background=True, thresholds=p.WARN_FROM_ONE,
               links=[TO_SCOPES]),
        p.stat("Privileged, unused", "Tokens with a privileged scope that nobody has used for longer than --policy.max-idle: "
               "the cheapest to revoke.", q.risk("unused_privileged"), background=True, thresholds=p.WARN_FROM_ONE),
        p.access_stat("Exporter's access ends in", q.access_ends(), 4),
    ]


def expires_this_week():
    within = [("Expired", 'expiry_bucket="expired"'), ("< 1 day", f'expiry_bucket=~"{q.WITHIN_1D}"'),
              ("< 7 days", f'expiry_bucket=~"{q.WITHIN_7D}"'), ("< 30 days", f'expiry_bucket=~"{q.WITHIN_30D}"')]
    columns = [(name, counted(q.total("datadog_access_tokens", KIND, matchers))) for name, matchers in within]
    columns.append(("Next expiry in",
                    f"min by ({KIND}) ({q.once('datadog_access_token_next_expiry_timestamp_seconds')}) - time()"))
    return p.table(
        "What expires this week?",
        "Tokens by the time left, for each kind of token and owner; each column contains the one before it, expired ones aside. "
        "The token detail dashboard names them.",
        columns, 12, 7, labels=WHO, sort="-< 7 days", links=[TO_DETAIL], overrides=[
            coloured("< 1 day", p.WARN_FROM_ONE),
            p.by_name("Next expiry in", unit=p.DURATION, thresholds=p.COUNTDOWN,
                      custom__cellOptions={"type": "color-text"})])


def findings():
    metric = "datadog_access_tokens_at_risk"
    now = q.total(metric, "reason")
    return p.table(
        "Which findings need work?",
        "Findings of the exporter's policy. They overlap: a token can be in several, so they must not be added up.",
        [("Users", q.total(metric, "reason", 'owner_type="user"')),
         ("Service accounts", q.total(metric, "reason", 'owner_type="service_account"')),
         ("All", now),
         ("Since yesterday", f"{now} - {q.total(metric, 'reason', offset='1d')}")],
        12, 7, labels={"reason": "Finding"}, sort="-All", links=[TO_DETAIL],
        overrides=[p.by_name("Finding", mappings=[p.FINDING_NAMES]), coloured("All", p.WARN_FROM_ONE)])


def most_damage():
    return p.table(
        "Who could do the most damage?",
        "Tokens with a privileged scope, by kind of token and owner: those that never expire, those that nobody uses and the "
        "leaked ones (privileged or not). Owners counts distinct owners of any token.",
        [("Privileged", counted(q.total("datadog_access_tokens_privileged", KIND))),
         ("Never expire", counted(q.risk("never_expires_privileged", KIND))),
         ("Unused", counted(q.risk("unused_privileged", KIND))),
         ("Leaked", of_present_kinds(q.total("datadog_access_tokens_leaked", KIND))),
         ("Owners", of_present_kinds(q.total("datadog_access_token_owners", KIND)))],
        12, 5, labels=WHO, sort="-Never expire", links=[TO_SCOPES],
        overrides=[coloured("Never expire", p.WARN_FROM_ONE), coloured("Unused", p.WARN_FROM_ONE),
                   coloured("Leaked", p.ALARM_FROM_ONE)])


def since_yesterday():
    by = "org, token_type"
    now = q.total("datadog_access_tokens", by)
    return p.table(
        "What changed since yesterday?",
        "Tokens now against 24 hours ago, and how many came, went or were given other scopes between complete listings "
        "(a token that came and went between two polls is not seen). Extrapolated by Prometheus, hence rounded.",
        [("Tokens", f"{now} > 0"), ("Change", f"{now} - {q.total('datadog_access_tokens', by, offset='1d')}"),
         ("Created", q.increase("datadog_access_tokens_created_total", by, "24h")),
         ("Removed", q.increase("datadog_access_tokens_removed_total", by, "24h")),
         ("Scopes changed", q.increase("datadog_access_tokens_scope_changes_total", by, "24h"))],
        12, 5, labels={"org": "Organization", "token_type": "Token type"}, decimals=0, sort="-Tokens")


def second_row():
    never_share = (f"{q.never()} / ({q.total('datadog_access_tokens')} > 0)")
    return [
        p.row("What to do next"),
        expires_this_week(),
        findings(),
        most_damage(),
        since_yesterday(),
        p.bar_gauge("Which owners have tokens that never expire?",
                    "Tokens without an expiry by kind of owner and kind of token.", q.never("owner_type, token_type"),
                    "{{owner_type}}: {{token_type}}", 8, 6, links=[TO_DETAIL], thresholds=p.steps((0, "blue"), (1, "purple"))),
        p.stat("Never-expiring share", "Share of all tokens that have no expiry.", never_share, 4, 6, unit="percentunit",
               decimals=1, thresholds=p.steps((0, "blue"), (0.1, "orange"), (0.5, "red"))),
        p.stacked_bars("What is unused?",
                       "Tokens by the time since their last use, for each kind of owner. Tokens idle for longer than "
                       "--policy.max-idle, or never used and older than that, are in the findings above.",
                       q.total("datadog_access_tokens_by_last_use", "owner_type, last_used_bucket"), 12, 6,
                       column="last_used_bucket", shown=p.LAST_USED),
    ]


def expiry_over_time():
    def of(matchers):
        return q.total("datadog_access_tokens", matchers=matchers)

    unreadable = of('expiry_bucket="unknown"') + f" or 0 * {of('')}"  # there once there is something to count
    targets = [(of('expiry_bucket="expired"'), "expired"), (of(f'expiry_bucket=~"{q.WITHIN_7D}"'), "within 7 days"),
               (of(f'expiry_bucket!~"{q.WITHIN_7D}|expired|never|unknown"'), "later"),
               (of('expiry_bucket="never"'), "never"), (unreadable, "unreadable date")]
    return p.time_series("Expiry over time", "Tokens by the time left, stacked: the height is the number of tokens.", targets,
                         12, 8, stack=True, axis="tokens",
                         colours={"expired": "dark-red", "within 7 days": "orange", "later": "blue", "never": "purple",
                                  "unreadable date": p.NO_DATA_COLOUR})


def churn():
    def an_hour(metric):
        return f"3600 * {q.rate(metric)}"

    return p.time_series(
        "Churn", "Tokens created, removed and given other scopes, per hour, as far as complete listings show it.",
        [(an_hour("datadog_access_tokens_created_total"), "created"),
         (an_hour("datadog_access_tokens_removed_total"), "removed"),
         (an_hour("datadog_access_tokens_scope_changes_total"), "scopes changed")], 12, 8, axis="tokens per hour",
        decimals=1, calcs=("mean", "max"))


def third_row():
    tokens = "datadog_access_tokens"
    return [
        p.row("How the tokens are spread"),
        p.stat("Tokens", "All access tokens, each counted once.", q.total(tokens), 4, 6, spark=True),
        p.bar_gauge("By token type and owner", "Tokens by kind of token and owner.",
                    q.total(tokens, "owner_type, token_type"), "{{owner_type}}: {{token_type}}", 8, 6),
        p.stacked_bars("When do they expire?", "Tokens by the time left, from expired to never, for each kind of owner.",
                       q.total(tokens, "owner_type, expiry_bucket"), 12, 6, column="expiry_bucket", shown=p.BUCKETS),
        expiry_over_time(),
        p.time_series("Tokens over time", "Tokens by kind of token and owner, stacked.",
                      [(f"{q.total(tokens, 'owner_type, token_type')} > 0", "{{owner_type}}: {{token_type}}")], 12, 8,
                      stack=True, axis="tokens"),
        p.stacked_bars("How old are they?", "Tokens by the time since they were created, for each kind of owner.",
                       q.total("datadog_access_tokens_by_age", "owner_type, age_bucket"), 12, 6, column="age_bucket",
                       shown=p.AGES),
        p.stat("Oldest token", "The time since the oldest token was created.",
               f"time() - min({q.once('datadog_access_token_oldest_creation_timestamp_seconds')})", 4, 6, unit=p.DURATION),
        p.stat("Owners", "Distinct owners, added up over kinds of token: who owns tokens of two kinds counts twice.",
               q.total("datadog_access_token_owners"), 4, 6),
        p.stat("Next expiry in", "Until the next token expires.",
               f"min({q.once('datadog_access_token_next_expiry_timestamp_seconds')}) - time()", 4, 6, unit=p.DURATION,
               thresholds=p.COUNTDOWN, no_value="None expires"),
        churn(),
        p.time_series("Findings over time", "Findings of the exporter's policy; they overlap.",
                      [(q.total("datadog_access_tokens_at_risk", "reason"), "{{reason}}")], 12, 8, axis="tokens"),
    ]


def last_row():
    return [
        p.row("The exporter itself"),
        p.stat("Age of the data", "The time since the oldest of the last successful polls began.", q.data_age(), 6, unit="s",
               decimals=0, thresholds=p.steps((-10**9, "green"), (900, "orange"), (3600, "red"))),
        p.stat("Counted against reported", "Difference between the tokens counted and the total that the API reports, of the "
               "organization where it is largest. “Not reported” where the API gives no total.", f"max({q.missing('org')})", 6,
               thresholds=p.WARN_FROM_ONE, no_value="Not reported"),
        p.stat("Rate limit left", "Share of the API's rate limit that was left, as last reported; other clients of the "
               "organization use it too.", q.rate_limit_left(), 6, unit="percentunit", decimals=0,
               thresholds=p.steps((0, "red"), (0.1, "orange"), (0.3, "green")), no_value="Not reported"),
        p.stat("Organizations", "Organizations that are polled and seen by this dashboard.",
               f"count(count by (org) ({q.select('datadog_access_token_poll_success')}))", 6),
    ]


def build():
    return p.dashboard(
        p.OVERVIEW, "Datadog access tokens: overview",
        "What access tokens the Datadog organizations hold, what is wrong with them and what to do next.",
        first_row() + second_row() + third_row() + last_row(), [*p.common_variables(), p.STALE_AFTER], "now-7d")
