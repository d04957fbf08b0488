"""Which token is it? Only with `--tokens.detail`, which puts names and ids of tokens into labels."""
from . import panels as p
from . import queries as q

EXPIRY = "datadog_access_token_expiry_timestamp_seconds"
LAST_USED = "datadog_access_token_last_used_timestamp_seconds"
CREATED = "datadog_access_token_created_timestamp_seconds"
NAME = 'token_name=~"(?i).*$name.*"'
WHICH = {"token_name": "Token", "org": "Organization", "token_type": "Token type", "owner_type": "Owner type",
         "owner_id": "Owner", "token_id": "Token id"}
LABELS = ", ".join(WHICH)
SAME_TOKEN = "on (org, token_id)"
OFF = "No detail"
COUNTDOWN_CELL = {"type": "color-background", "mode": "basic"}
SINCE = {"unit": p.DURATION, "custom__width": 140}
DATE = {"unit": "dateTimeAsIso", "custom__width": 170}


def of(metric):
    return f"max by ({LABELS}) ({q.once(metric, NAME)})"


def tokens(title, description, columns, expression, height=10, **rest):
    """`columns`: [(name, None for the expression itself, or another one)]."""
    queries = [(name, expression if other is None else f"({other}) and {SAME_TOKEN} {expression}")
               for name, other in columns]
    return p.table(title, description, queries, 24, height, labels=WHICH, unit="none", no_value="–", **rest)


def first_row():
    listed = f"count({q.once(CREATED)})"
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 5),
        p.stat("Tokens in detail", "Tokens that have series of their own. “No detail” unless the exporter runs with "
               "--tokens.detail=findings or =all.", listed, 3, background=True, no_value=OFF),
        p.stat("Share of tokens in detail", "How many of the tokens can be seen below: --tokens.detail=findings leaves out those "
               "without a finding, --tokens.detail-limit the least urgent ones.", f"{listed} / {q.total('datadog_access_tokens')}",
               unit="percentunit", decimals=0, background=True, no_value=OFF,
               thresholds=p.steps((0, "orange"), (0.999, "green"))),
        p.stat("Next expiry in", "Until the next token expires.", f"min({q.once(EXPIRY)} - time() > 0)", unit=p.DURATION,
               background=True, thresholds=p.COUNTDOWN, no_value=OFF),
        p.stat("Expire within 7 days", "Tokens below that expire within 7 days.",
               f"sum(({q.once(EXPIRY)} - time() > bool 0) * ({q.once(EXPIRY)} - time() <= bool 604800))", background=True,
               thresholds=p.WARN_FROM_ONE, no_value=OFF),
        p.stat("Expired, still listed", "Tokens below that have expired and are still in Datadog's list.",
               f"sum({q.once(EXPIRY)} - time() <= bool 0)", background=True, thresholds=p.WARN_FROM_ONE, no_value=OFF),
    ]


def tables():
    left = f"{of(EXPIRY)} - time()"
    idle = f"time() - {of(LAST_USED)}"
    age = f"time() - {of(CREATED)}"
    date = f"1000 * {of(EXPIRY)}"
    next_ones = f"bottomk($rows, {left} > 0)"
    never_used = f"topk($rows, {age} unless {SAME_TOKEN} {of(LAST_USED)})"
    unending = f"topk($rows, {age} unless {SAME_TOKEN} {of(EXPIRY)})"
    countdown = p.by_name("Expires in", **SINCE, thresholds=p.COUNTDOWN, custom__cellOptions=COUNTDOWN_CELL)
    idle_column = p.by_name("Unused for", **SINCE)
    age_column = p.by_name("Age", **SINCE)
    return [
        p.row("What to do next"),
        tokens("Which tokens expire next?", "The next tokens to expire, with the time left, the date and the time since their "
               "last use (– when no use is known).",
               [("Expires in", None), ("Expires at", date), ("Unused for", idle)], next_ones, sort="Expires in",
               overrides=[countdown, p.by_name("Expires at", **DATE), idle_column]),
        tokens("Which tokens are expired and still listed?", "Datadog still lists these: delete them there.",
               [("Expired for", None), ("Unused for", idle)], f"topk($rows, time() - {of(EXPIRY)} > 0)", height=6,
               sort="-Expired for", overrides=[p.by_name("Expired for", **SINCE), idle_column]),
        tokens("Which tokens never expire?", "Tokens without an expiry, the oldest first.",
               [("Age", None), ("Unused for", idle)], unending, sort="-Age", overrides=[age_column, idle_column]),
        p.row("Unused"),
        tokens("Which tokens are unused the longest?", "Tokens by the time since their last use.",
               [("Unused for", None), ("Age", age), ("Expires in", left)], f"topk($rows, {idle})", sort="-Unused for",
               overrides=[idle_column, age_column, p.by_name("Expires in", **SINCE)]),
        tokens("Which tokens were never used?", "Tokens without a known use, the oldest first.",
               [("Age", None), ("Expires in", left)], never_used, sort="-Age",
               overrides=[age_column, p.by_name("Expires in", **SINCE)]),
    ]


def build():
    variables = [*p.common_variables(), p.text_variable("name", "Name contains", "Part of the token's name, whatever its case."),
                 p.custom_variable("rows", "Rows", {"10": 10, "25": 25, "50": 50, "100": 100, "500": 500}, "25",
                                   "Tokens in each table."), p.STALE_AFTER]
    return p.dashboard(p.DETAIL, "Datadog access tokens: token detail",
                       "Single tokens, by what needs doing next. Needs --tokens.detail.", first_row() + tables(), variables,
                       "now-24h")
