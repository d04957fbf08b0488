"""The dashboard of individual tokens and their owners. Needs `--tokens.detail`, which exports token names and ids as labels."""
from . import panels as p
from . import queries as q

FINDING = "datadog_access_token_finding"
NAMED = 'token_name=~"(?i).*$name.*", owner_id=~".*$owner.*"'
CHOSEN = f'reason=~"$reason", {NAMED}'
OWNER = {"owner_id": "Owner", "owner_type": "Owner type", "org": "Organization"}
TOKEN = {"token_name": "Token", "token_type": "Token type", "owner_type": "Owner type", "org": "Organization",
         "owner_id": "Owner id", "token_id": "Token id"}
OWNER_LABELS, TOKEN_LABELS = ", ".join(OWNER), ", ".join(TOKEN)
SAME_TOKEN = "on (org, token_id)"
IS_OFF = "per-token detail is off: --tokens.detail=findings"
OFF = IS_OFF[0].upper() + IS_OFF[1:]


def ranked(matchers):
    """The rank of each finding of each token."""
    return f"({q.once(FINDING, matchers)} * on (reason) group_left () ({q.PLACES}))"


def of_token(metric):
    return f"max by ({TOKEN_LABELS}) ({q.once(metric, NAMED)})"


def tokens(title, description, shown, columns, height, nothing, **rest):
    """`shown`: an expression that selects the tokens; `columns`: [(name, expression)], in addition to the dates."""
    left = f"{of_token('datadog_access_token_expiry_timestamp_seconds')} - time()"
    idle = f"time() - {of_token('datadog_access_token_last_used_timestamp_seconds')}"
    age = f"time() - {of_token('datadog_access_token_created_timestamp_seconds')}"
    dates = [(name, f"{q.days(seconds)} and {SAME_TOKEN} {shown}")
             for name, seconds in (("Expires in", left), ("Last used", idle), ("Age", age))]
    return p.table(
        title, description, [*columns, *dates], 24, height, labels=TOKEN, last=list(TOKEN)[1:], unit="none",
        no_value=f"{nothing}, or {IS_OFF}", **rest,
        overrides=[p.finding_column("Finding"), p.by_name("Findings", custom__width=80),
                   p.by_name("Expires in", unit=p.DAYS, decimals=1, custom__width=100, mappings=[p.no_value_mapping("no date")]),
                   p.by_name("Last used", unit="suffix:days ago", decimals=0, custom__width=120,
                             mappings=[p.no_value_mapping("no use known")]),
                   p.by_name("Age", unit=p.DAYS, decimals=0, custom__width=100),
                   *(p.by_name(TOKEN[label], custom__width=90) for label in ("owner_id", "token_id"))])


def first_row():
    def count(labels):
        return f"count(group by ({labels}) ({q.once(FINDING, CHOSEN)})) or 0 * max({omitted})"

    omitted = q.once("datadog_access_tokens_detail_omitted")
    common = {"background": True, "thresholds": p.WARN_FROM_ONE, "no_value": OFF}
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 6),
        p.stat("Tokens with these findings", "Tokens with a finding selected above.", count("org, token_id"), 6, **common),
        p.stat("Their owners", "Owners of tokens with a finding selected above.", count("org, owner_id"), 6, **common),
        p.stat("Tokens left out", "Tokens without series of their own because of --tokens.detail-limit; these are the least urgent ones.", f"sum({omitted})", 6, **common),
    ]


def riskiest():
    findings = ranked(CHOSEN)
    worst = f"min by ({OWNER_LABELS}) ({findings})"
    having = f"count by ({OWNER_LABELS}) (group by ({OWNER_LABELS}, token_id) ({q.once(FINDING, CHOSEN)}))"
    with_worst = f"count by ({OWNER_LABELS}) ({findings} == on ({OWNER_LABELS}) group_left () {worst})"
    first = f"bottomk($rows, 1e6 * {worst} - {with_worst})"
    only_tokens = p.link("This owner's tokens", p.DETAIL)
    kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance", "org", "reason"))
    only_tokens["url"] = f"/d/{p.DETAIL}?${{__url_time_range}}&{kept}&var-owner=${{__value.raw}}"
    return p.table(
        "Which owner is riskiest?",
        "Owners by their worst finding, then by how many of their tokens have it. Click one to see only that owner's tokens. --list shows owners' names.",
        [(name, f"{expression} and on ({OWNER_LABELS}) {first}")
         for name, expression in (("Worst finding", worst), ("Tokens with it", with_worst), ("Tokens with any", having))],
        24, 10, labels=OWNER, unit="none", decimals=0, sort=["Worst finding", "-Tokens with it", "-Tokens with any"],
        no_value=f"No such tokens, or {IS_OFF}",
        overrides=[p.finding_column("Worst finding"), p.by_name("Owner", links=[only_tokens])])


def need_work():
    worst = f"min by ({TOKEN_LABELS}) ({ranked(CHOSEN)})"
    shown = f"bottomk($rows, {worst})"
    return tokens("Which tokens need work?", "Tokens with a finding selected above, by the worst one, then by the time left.", shown, [("Finding", shown),
                          ("Findings", f"count by ({TOKEN_LABELS}) ({q.once(FINDING, CHOSEN)}) and {SAME_TOKEN} {shown}")],
                  12, "No such tokens", sort=["Finding", "Expires in"])


def breaking():
    matchers = f'reason="expiring_in_use", {NAMED}'
    shown = f"max by ({TOKEN_LABELS}) ({q.once(FINDING, matchers)})"
    return tokens("What breaks next week?", "Tokens that are in use and expire within --policy.expiry-notice (7 days by default), soonest first. Tokens made for only a few days are left out: they are replaced by design.",
                  shown, [("", shown)], 11, "Nothing breaks", sort=["Expires in"])


def new():
    before = f"max by (org, reason, token_id) (last_over_time({q.select(FINDING)}[1h] offset 1w))"
    shown = (f"(min by ({TOKEN_LABELS}) ({ranked(CHOSEN)} unless on (org, reason, token_id) {before}) "
             f"and on (org) {before})")
    return tokens("What is new since last week?", "Tokens with a finding that they did not have a week ago, by the worst new one. A token left out by --tokens.detail-limit a week ago counts as new.", shown, [("Finding", shown)], 10,
                  "Nothing is new, or there are no data from a week ago", sort=["Finding", "Expires in"])


def build():
    variables = [
        *p.common_variables(),
        p.custom_variable("reason", "Finding", {words: reason for reason, (words, _) in p.FINDINGS.items()},
                          "Tokens with one of these findings, worst first."),
        p.text_variable("name", "Name contains", "Part of the token's name (case-insensitive)."),
        p.text_variable("owner", "Owner id contains", "Part of the owner's id."),
        p.custom_variable("rows", "Rows", {"10": 10, "25": 25, "50": 50, "100": 100, "500": 500}, "Rows of a table.", "25"),
    ]
    return p.dashboard(p.DETAIL, "Datadog access tokens: token detail",
                       "Owners and tokens by their findings. Needs --tokens.detail.",
                       [*first_row(), p.row("What to do next"), riskiest(), need_work(), p.row("What is coming, what is new"),
                        breaking(), new()], variables, "now-24h")
