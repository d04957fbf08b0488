"""What may the tokens do, and which scopes are on tokens that never expire?"""
from . import panels as p
from . import queries as q

GRANTS = "datadog_access_token_scope_grants"
CHOSEN = 'scope=~"$scope"'
NEVER = 'expiry_bucket="never"'
MACHINES = 'owner_type="service_account"'


def by_scope(by="scope", more="", offset=""):
    return q.total(GRANTS, by, ", ".join(filter(None, [CHOSEN, more])), offset=offset)


def top(expression):
    return f"topk($top, {expression})"


def first_row():
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 5),
        p.stat("Privileged, never expire", "Tokens with a privileged scope (--scopes.privileged) and no expiry.",
               q.risk("never_expires_privileged"), background=True, thresholds=p.WARN_FROM_ONE),
        p.stat("Privileged, unused", "Tokens with a privileged scope that nobody has used for longer than --policy.max-idle.",
               q.risk("unused_privileged"), background=True, thresholds=p.WARN_FROM_ONE),
        p.stat("Scopes folded", "Distinct scopes beyond --scopes.limit, counted together as “other”: raise the limit to see "
               "them by name.", q.total("datadog_access_token_scopes_folded"), background=True, thresholds=p.WARN_FROM_ONE),
        p.stat("Without any scope", "Tokens that list no scope. Older ones may hold all that their owner may do.",
               q.risk("unscoped"), background=True, thresholds=p.WARN_FROM_ONE),
        p.stat("Scopes in use", "Distinct scopes on any token, of the organization with the most.",
               f"max({q.once('datadog_access_token_distinct_scopes')})", 3, background=True),
    ]


def heat():
    top_scopes = top(by_scope())
    expression = f"{by_scope('scope, expiry_bucket')} and on (scope) {top_scopes}"
    panel = p.table("Scopes by the time their tokens have left",
                    "Tokens with each of the scopes that most tokens have, by the time left. A token counts once in each of its "
                    "scopes, so rows must not be added up.", [("", expression)], 24, 13, labels={},
                    thresholds=p.steps((0, "transparent"), (1, "super-light-blue"), (5, "light-blue"), (20, "blue"),
                                       (100, "dark-blue")),
                    overrides=[p.by_name("Scope", custom__cellOptions={"type": "auto"}, custom__width=260)])
    panel["options"]["sortBy"] = [{"displayName": "never", "desc": True}]
    panel["fieldConfig"]["defaults"]["custom"]["cellOptions"] = {"type": "color-background", "mode": "basic"}
    return p.matrix("table", panel, "scope", "Scope", "expiry_bucket", p.BUCKETS)


def growth():
    """A scope that is new counts from zero, but only where there was a yesterday."""
    now, before = by_scope(), by_scope(offset="1d")
    return f"{now} - ({before} or (0 * {now} and on () sum({before})))"


def last_rows():
    over_time = p.time_series(
        "Scopes over time", "Tokens with each of the ten scopes that most tokens have at the end of the time shown.",
        [(f"{by_scope()} and on (scope) topk(10, {at_end(by_scope())})", "{{scope}}")], 24, 9, axis="tokens")
    over_time["maxDataPoints"] = 100  # Every scope is read to draw ten.
    return [
        p.row("What to do next"),
        p.table("Scopes that never expire",
                "Scopes on tokens without an expiry, most tokens first. Look for those that write, manage or read secrets.",
                [("Never expire", top(f"{by_scope(more=NEVER)} > 0")),
                 ("All tokens", f"{by_scope()} and on (scope) {top(f'{by_scope(more=NEVER)} > 0')}")], 12, 10,
                labels={"scope": "Scope"}, sort="-Never expire",
                overrides=[p.by_name("Never expire", custom__cellOptions={"type": "gauge", "mode": "basic"})]),
        p.stacked_bars("Privileged tokens by the time they have left",
                       "Tokens with at least one privileged scope, each counted once, from expired to never, for each kind of "
                       "owner.", q.total("datadog_access_tokens_privileged", "owner_type, expiry_bucket"), 12, 10,
                       column="expiry_bucket", shown=p.BUCKETS),
        p.row("How scopes are spread"),
        p.bar_gauge("Scopes by tokens", "The scopes that most tokens have. A token counts once in each of its scopes.",
                    top(by_scope()), "{{scope}}", 12, 12),
        p.bar_gauge("Scopes by service accounts' tokens", "The scopes that most tokens of service accounts have.",
                    top(f"{by_scope(more=MACHINES)} > 0"), "{{scope}}", 12, 12),
        heat(),
        p.row("How it changes"),
        p.table("Fastest-growing scopes since yesterday",
                "Scopes that more tokens have than 24 hours ago; a scope that is new counts from zero.",
                [("More tokens", top(f"{growth()} > 0"))], 12, 10, labels={"scope": "Scope"}, sort="-More tokens"),
        p.time_series("Privileged tokens over time", "Tokens with a privileged scope, by what makes them worse.",
                      [(q.total("datadog_access_tokens_privileged"), "all privileged"),
                       (q.total("datadog_access_tokens_privileged", matchers=NEVER), "never expire"),
                       (q.risk("unused_privileged"), "unused")], 12, 10, axis="tokens"),
        over_time,
    ]


def at_end(expression):
    """The same as of the end of the time shown, so that a graph keeps its lines."""
    return expression.replace("})", "} @ end())")


def build():
    variables = [*p.common_variables(),
                 p.query_variable("scope", "Scope", f"label_values({GRANTS}{{{q.TARGET}, org=~\"$org\"}}, scope)"),
                 p.custom_variable("top", "Show", {"10": 10, "20": 20, "50": 50, "100": 100, "500": 500}, "20",
                                   "Scopes in a panel, those on the most tokens first."), p.STALE_AFTER]
    return p.dashboard(p.SCOPES, "Datadog access tokens: scopes",
                       "What the access tokens may do: scopes by tokens and expiry, privileged ones first.",
                       first_row() + last_rows(), variables, "now-7d")
