"""The dashboard of scopes: what the tokens may do, which scopes are privileged, and which of those tokens never expire."""
from . import panels as p
from . import program
from . import queries as q

GRANTS = "datadog_access_token_scope_grants"
PRIVILEGED_TOKENS = "datadog_access_tokens_privileged"
CHOSEN = 'scope=~"$scope"'
IS_PRIVILEGED, IS_NOT = 'scope=~"$privileged"', 'scope!~"$privileged"'
NEVER = 'expiry_bucket="never"'
MARK = p.mapping({1: ("privileged", "orange"), 0: (" ", "transparent")})
MARKED = p.by_name("Privileged", mappings=[MARK], custom__cellOptions=p.COLOURED, custom__width=100)


def by_scope(*more, by="scope", offset=""):
    return q.total(GRANTS, by, ", ".join([CHOSEN, *filter(None, more)]), offset=offset)


def privileged(of=""):
    """1 for each privileged scope, 0 for any other. `of`: matchers that select the scopes."""
    return f"({by_scope(IS_PRIVILEGED, of)} * 0 + 1 or {by_scope(IS_NOT, of)} * 0)"


def top(of=""):
    """The first `$top` scopes, privileged ones first."""
    return f"topk($top, (1e6 + {by_scope(IS_PRIVILEGED, of)} or {by_scope(IS_NOT, of)}) > 0)"


def first_row():
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 6),
        p.stat("Privileged tokens", "Tokens with a privileged scope (--scopes.privileged), each counted once.",
               q.total_or_zero(PRIVILEGED_TOKENS), 6, background=True),
        p.stat("Without scopes", "Tokens that list no scopes and have not expired: they may hold all of their owners' permissions.",
               q.risk("unscoped"), 6, background=True, thresholds=p.WARN_FROM_ONE,
               links=[p.link("Which tokens are they?", p.DETAIL, "var-reason=unscoped")]),
        p.stat("Scopes folded", "Distinct scopes beyond --scopes.limit, folded into “other”: raise the limit to see them by name.", q.total("datadog_access_token_scopes_folded"), 6, background=True, thresholds=p.WARN_FROM_ONE),
    ]


def heat():
    besides = {"privileged": privileged(), "all": by_scope(), "machines": by_scope('owner_type="service_account"')}
    cells = [by_scope(by="scope, expiry_bucket"),
             *(q.labelled(expression, "expiry_bucket", name) for name, expression in besides.items())]
    shown = {"privileged": ("Privileged", ""), "all": ("All", ""), "machines": ("Service accounts", "")} | p.BUCKETS
    return p.heat_table(
        "Which scopes are granted, and for how long?",
        "Tokens with each scope by time left, privileged scopes first. A token counts once for each of its scopes, so don't add up the rows. Select above which scopes are privileged.",
        f"({' or '.join(cells)}) and on (scope) {top()}", 24, 16, row="scope", row_title="Scope", shown=shown,
        sort=["-Privileged", "-All"],
        overrides=[MARKED, *(p.by_name(name, custom__cellOptions={"type": "auto"}) for name in ("All", "Service accounts"))])


def scope_table(title, description, columns, of, **rest):
    """`of`: matchers that select the scopes to show."""
    mark = f"{privileged(of)} and on (scope) {columns[0][1]}"
    return p.table(title, description, [*columns, ("Privileged", mark)], 12, 10, labels={"scope": "Scope"}, decimals=0,
                   sort=["-Privileged", f"-{columns[0][0]}"], overrides=[MARKED], **rest)


def unending():
    shown = f"({by_scope(NEVER)} and on (scope) {top(NEVER)})"
    return scope_table("Tokens that never expire, by scope",
                       "Number of tokens without an expiry that have each scope, privileged scopes first.",
                       [("Never expire", shown), ("All tokens", f"{by_scope()} and on (scope) {shown}")], NEVER,
                       no_value="No token without an expiry has a scope, or no data")


def growing():
    """A new scope counts from zero, but only if there are data from yesterday."""
    now, before = by_scope(), by_scope(offset="1d")
    growth = f"topk($top, {now} - ({before} or (0 * {now} and on () sum({before}))) > 0)"
    return scope_table("Which scopes grew since yesterday?",
                       "Scopes held by more tokens than 24 hours ago, privileged scopes first; a new scope counts from zero.", [("More tokens", growth)], "", no_value="No scope grew, or there are no data from yesterday")


def build():
    default = "|".join(program.privileged_scopes())
    variables = [
        *p.common_variables(),
        p.query_variable("scope", "Scope", f"label_values({GRANTS}{{{q.TARGET}, org=~\"$org\"}}, scope)"),
        p.custom_variable("privileged", "Privileged scopes", {"The exporter's default": default},
                          "Regular expression of the scopes to mark. Type your own if you set --scopes.privileged.",
                          "The exporter's default"),
        p.custom_variable("top", "Show", {"10": 10, "20": 20, "50": 50, "100": 100, "500": 500},
                          "Scopes in a panel, privileged ones first.", "50"),
    ]
    trend = p.time_series(
        "Privileged tokens over time", "Tokens with a privileged scope, by what makes them riskier.",
        [(q.total_or_zero(PRIVILEGED_TOKENS), "all privileged"), (q.risk("never_expires_privileged"), "never expire"),
         (q.risk("unused_privileged"), "unused")], 12, 8, axis="tokens")
    left = p.stacked_bars(
        "For how long are privileged tokens valid?",
        "Tokens with a privileged scope, each counted once, by time left.",
        q.total(PRIVILEGED_TOKENS, "owner_type, expiry_bucket"), 12, 8, column="expiry_bucket", shown=p.BUCKETS)
    return p.dashboard(p.SCOPES, "Datadog access tokens: scopes",
                       "What the access tokens may do: scopes by token count and expiry, privileged ones first.",
                       [*first_row(), p.row("What may they do?"), heat(), unending(), growing(),
                        p.row("Privileged tokens"), left, trend], variables, "now-7d")
