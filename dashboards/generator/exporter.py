"""Can the numbers be trusted, and when will the exporter lose access?"""
from . import panels as p
from . import queries as q

PREFIX = "datadog_access_token_"


def first_row():
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 6),
        p.access_stat("When does the exporter lose access?", q.access_ends(), 6),
        p.stat("Age of the data", "The time since the oldest of the last successful polls began.", q.data_age(), unit="s",
               decimals=0, background=True, thresholds=p.steps((-10**9, "green"), (900, "orange"), (3600, "red"))),
        p.stat("Counted against reported", "Difference between the tokens counted and the total that the API reports, of the "
               "organization where it is largest. “Not reported” where the API gives no total.", f"max({q.missing('org')})",
               background=True, thresholds=p.WARN_FROM_ONE, no_value="Not reported"),
        p.stat("Rate limit left", "Share of the API's rate limit that was left, as last reported; other clients of the "
               "organization use it too. Polls wait below --poll.rate-limit-reserve.", q.rate_limit_left(), unit="percentunit",
               decimals=0, background=True, thresholds=p.steps((0, "red"), (0.1, "orange"), (0.3, "green")),
               no_value="Not reported"),
    ]


def organizations():
    def value(name):
        return f"max by (org) ({q.once(PREFIX + name)})"

    return p.table(
        "Is each organization fresh and complete?",
        "The state of each organization, the worst of the replicas. Tokens and reported differ when a listing was incomplete; "
        "late tokens (in 24 hours) prove that an earlier listing called complete had missed some.",
        [("State", q.trust("org")), ("Age", q.data_age("org")),
         ("Tokens", q.total("datadog_access_tokens", "org", kinds=False)),
         ("Reported", value("listing_reported_tokens")), ("Duplicates", value("listing_duplicates")),
         ("Late", q.increase(PREFIX + "listing_late_tokens_total", "org", "24h")),
         ("Poll took", value("poll_duration_seconds")), ("Pages", value("poll_pages")),
         ("Rate limit left", q.rate_limit_left("org")), ("Access ends in", q.access_ends("org"))],
        24, 5, labels={"org": "Organization"}, sort="-State", decimals=0, no_value="–",
        overrides=[
            p.by_name("State", mappings=[p.mapping(p.TRUST_STATES | {0: ("Fresh and complete", "green")}),
                                         p.no_value_mapping("–")],
                      custom__cellOptions={"type": "color-background", "mode": "basic"}, custom__width=180),
            p.by_name("Age", unit="s"), p.by_name("Poll took", unit="s", decimals=2),
            p.by_name("Rate limit left", unit="percentunit"),
            p.by_name("Access ends in", unit=p.DURATION, thresholds=p.COUNTDOWN,
                      custom__cellOptions={"type": "color-text"})])


def exporters():
    def since(expression):
        return f"max by (job, instance) ({expression})"

    build = q.select(PREFIX + "exporter_build_info")
    return p.table("Exporters",
                   "Each exporter that answered within 24 hours. One that is down shows no version.",
                   [("Up", since(q.own("up"))),
                    ("Running for", since(f"time() - {q.own('process_start_time_seconds')}")),
                    ("Resident memory", since(q.own("process_resident_memory_bytes"))),
                    ("", f"max by (job, instance, version, revision, compiler) ({build})")],
                   24, 5, labels={"job": "Job", "instance": "Instance", "version": "Version", "revision": "Revision",
                                  "compiler": "Compiler"}, sort="Up",
                   unit="none", no_value="–",
                   overrides=[p.by_name("Up", mappings=[p.mapping({0: ("down", "red"), 1: ("up", "green")}),
                                                        p.no_value_mapping("–")],
                                        custom__cellOptions={"type": "color-background", "mode": "basic"}),
                              p.by_name("Running for", unit=p.DURATION), p.by_name("Resident memory", unit="bytes")])


def second_row():
    return [
        p.row("Which organization, which exporter"),
        organizations(),
        exporters(),
    ]


def polls():
    an_hour = "3600 * "
    failures = q.rate(PREFIX + "poll_failures_total", "org, reason")
    return [
        p.row("Polls"),
        p.time_series("Age of the data over time", "The time since each organization's last successful poll began: a saw whose "
                      "teeth are as high as the poll interval.", [(q.data_age("org"), "{{org}}")], 8, 8, unit="s",
                      calcs=("lastNotNull", "max")),
        p.time_series("Poll duration", "How long the last poll took, retries and waits included.",
                      [(f"max by (org) ({q.once(PREFIX + 'poll_duration_seconds')})", "{{org}}")], 8, 8, unit="s",
                      calcs=("mean", "max")),
        p.time_series("Polls and failures by reason", "Polls of each organization per hour, and those that published nothing by "
                      "their reason. The README says what to do about each reason.",
                      [(an_hour + q.rate(PREFIX + "polls_total", "org"), "{{org}}: all polls"),
                       (f"{an_hour}{failures} > 0", "{{org}}: failed, {{reason}}")], 8, 8, axis="polls per hour", decimals=1,
                      calcs=("mean",)),
    ]


def api():
    buckets = (f"sum by (le) (max without ({q.REPLICA_LABELS}) "
               f"(rate({q.select(PREFIX + 'api_request_duration_seconds_bucket')}[$__rate_interval])))")
    return [
        p.row("The API"),
        p.time_series("API requests by status code", "Requests to the API; “error” when no answer came. Each replica polls on its "
                      "own: the busiest one's are shown.",
                      [(q.rate(PREFIX + "api_requests_total", "org, code"), "{{org}}: {{code}}")], 8, 8, unit="reqps",
                      calcs=("mean",)),
        p.time_series("API request duration", "Half, 95 % and 99 % of the requests took no longer than this.",
                      [(f"histogram_quantile({part}, {buckets})", f"{name} %")
                       for part, name in ((0.5, "50"), (0.95, "95"), (0.99, "99"))], 8, 8, unit="s", calcs=("mean", "max")),
        p.time_series("Rate-limit headroom", "Share of the API's rate limit that was left, as last reported.",
                      [(q.rate_limit_left("org"), "{{org}}")], 8, 8, unit="percentunit", maximum=1, calcs=("lastNotNull", "min"),
                      thresholds=p.steps((0, "red"), (0.1, "orange"), (0.3, "blue"))),
        p.time_series("API retries by reason", "Requests that were made again.",
                      [(q.rate(PREFIX + "api_retries_total", "org, reason"), "{{org}}: {{reason}}")], 8, 8, unit="reqps",
                      calcs=("mean",)),
        p.time_series("API answers", "Bytes of the API's answers.",
                      [(q.rate(PREFIX + "api_response_bytes_total", "org"), "{{org}}")], 8, 8, unit="Bps", calcs=("mean",)),
        p.bar_gauge("Fields that could not be read", "Fields of the API's answers that were there and could not be read, in 24 "
                    "hours. More than zero: the API has changed, look for a newer exporter.",
                    q.increase(PREFIX + "unparsed_fields_total", "field", "24h"), "{{field}}", 8, 8, decimals=0,
                    thresholds=p.WARN_FROM_ONE),
    ]


def process():
    legend = "{{instance}}"
    return [
        p.row("The process"),
        p.time_series("CPU", "Share of one core, user and system.",
                      [(f"rate({q.select('process_cpu_seconds_total')}[$__rate_interval]) and on (job, instance) "
                        f"{q.select(PREFIX + 'exporter_build_info')}", legend)], 8, 8, unit="percentunit", calcs=("mean", "max")),
        p.time_series("Resident memory", "Memory in use.", [(q.own("process_resident_memory_bytes"), legend)], 8, 8,
                      unit="bytes", calcs=("lastNotNull", "max")),
        p.time_series("File descriptors", "Share of the file descriptors that may be open at once.",
                      [(f"{q.own('process_open_fds')} / {q.select('process_max_fds')}", legend)], 8, 8, unit="percentunit",
                      calcs=("lastNotNull", "max")),
    ]


def build():
    return p.dashboard(p.EXPORTER, "Datadog access tokens: exporter's health",
                       "Whether each organization's numbers are fresh and complete, what the API answers and how the process "
                       "does.", first_row() + second_row() + polls() + api() + process(),
                       [*p.common_variables()[:4], p.STALE_AFTER], "now-24h")
