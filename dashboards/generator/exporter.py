"""The dashboard of the exporter's health: whether its numbers can be trusted, and when it will lose access."""
from . import panels as p
from . import queries as q

PREFIX = "datadog_access_token_"


def first_row():
    return [
        p.row("Is anything wrong?"),
        p.trust_stat(q.trust(), 6),
        p.access_stat("When does the exporter lose access?", q.access_ends(), 6),
        p.stat("Counted against reported", "Difference between the tokens counted and the total reported by the API, for the organization where it is largest. “Not reported” if the API gives no total.", f"max({q.missing('org')})", 6,
               background=True, thresholds=p.WARN_FROM_ONE, no_value="Not reported"),
        p.stat("Rate limit left", "Share of the API's rate limit left, as last reported; other clients of the organization use it too. Polls wait below --poll.rate-limit-reserve.", q.rate_limit_left(), 6,
               unit="percentunit", decimals=0, background=True,
               thresholds=p.steps((0, "red"), (0.1, "orange"), (0.3, "green")), no_value="Not reported"),
    ]


def organizations():
    def value(name):
        return f"max by (org) ({q.once(PREFIX + name)})"

    return p.table(
        "Is each organization fresh and complete?",
        "The state of each organization, from the worst replica. Tokens and reported differ if a listing was incomplete. In 24 hours: late tokens mean that an earlier listing missed some although it was deemed complete; unread fields mean that the API has changed (look for a newer exporter).",
        [("State", q.trust("org")), ("Age", q.data_age("org")), ("Interval", value("poll_interval_seconds")),
         ("Tokens", q.total("datadog_access_tokens", "org", kinds=False)),
         ("Reported", value("listing_reported_tokens")), ("Duplicates", value("listing_duplicates")),
         ("Late", q.increase(PREFIX + "listing_late_tokens_total", "org", "24h")),
         ("Unread fields", q.increase(PREFIX + "unparsed_fields_total", "org", "24h")),
         ("Poll took", value("poll_duration_seconds")), ("Pages", value("poll_pages")),
         ("Rate limit left", q.rate_limit_left("org")), ("Access ends in", q.access_ends("org"))],
        24, 5, labels={"org": "Organization"}, sort=["-State"], decimals=0,
        overrides=[
            p.by_name("State", mappings=[p.mapping(p.TRUST_STATES | {0: ("Fresh and complete", "green")}),
                                         p.no_value_mapping(p.NO_CELL)],
                      custom__cellOptions=p.COLOURED, custom__align="left", custom__width=180),
            p.by_name("Age", unit="s"), p.by_name("Interval", unit="s"), p.by_name("Poll took", unit="s", decimals=2),
            p.by_name("Rate limit left", unit="percentunit"),
            p.by_name("Access ends in", unit=p.DAYS, thresholds=p.COUNTDOWN, custom__cellOptions=p.COLOURED_TEXT)])


def exporters():
    def since(expression):
        return f"max by (job, instance) ({expression})"

    build = q.select(PREFIX + "exporter_build_info")
    reloaded = f"min by (job, instance) ({q.select(PREFIX + 'exporter_config_last_reload_successful')})"
    return p.table("Exporters",
                   "Each exporter that answered within the last 24 hours. An exporter that is down shows no version. Files: whether the newest configuration is in use or was refused.",
                   [("Up", since(q.own("up"))),
                    ("Running for", since(q.days(f"time() - {q.own('process_start_time_seconds')}"))),
                    ("Files", reloaded),
                    ("", f"max by (job, instance, version, revision, compiler) ({build})")],
                   24, 5, labels={"job": "Job", "instance": "Instance", "version": "Version", "revision": "Revision",
                                  "compiler": "Compiler"}, last=["version", "revision", "compiler"], sort=["Up"], unit="none",
                   overrides=[state("Up", "down", "up"), state("Files", "refused", "in use"),
                              p.by_name("Running for", unit=p.DAYS, decimals=1)])


def state(column, bad, good):
    return p.by_name(column, mappings=[p.mapping({0: (bad, "red"), 1: (good, "green")}), p.no_value_mapping(p.NO_CELL)],
                     custom__cellOptions=p.COLOURED)


def polls():
    buckets = (f"sum by (le) (max without ({q.REPLICA_LABELS}) "
               f"(rate({q.select(PREFIX + 'api_request_duration_seconds_bucket')}[$__rate_interval])))")
    return [
        p.row("Polls and the API"),
        p.time_series("Polls per hour, and why they failed", "Polls in the last hour that published a listing, and polls that did not, by reason. exporter/reference.md says what to do about each reason.",
                      # `increase` extrapolates each counter separately, so the difference may be slightly below zero.
                      [(f"clamp_min({q.increase(PREFIX + 'polls_total', 'org')} - "
                        f"{q.increase(PREFIX + 'poll_failures_total', 'org')}, 0)", "{{org}}: succeeded"),
                       (f"{q.increase(PREFIX + 'poll_failures_total', 'org, reason')} > 0", "{{org}}: {{reason}}")],
                      12, 8, axis="polls per hour"),
        p.time_series("Poll duration", "How long the last poll took, including retries and waits.",
                      [(f"max by (org) ({q.once(PREFIX + 'poll_duration_seconds')})", "{{org}}")], 12, 8, unit="s",
                      calcs=("mean", "max")),
        p.time_series("API requests per minute, by status code", "Requests to the API; “error” if there was no answer. Each replica polls on its own; the busiest one is shown.",
                      [(f"60 * {q.rate(PREFIX + 'api_requests_total', 'org, code')}", "{{org}}: {{code}}")], 8, 8,
                      axis="requests per minute", calcs=("mean",)),
        p.time_series("API request duration", "50 %, 95 % and 99 % of the requests took no longer than this.",
                      [(f"histogram_quantile({part}, {buckets})", f"{name} %")
                       for part, name in ((0.5, "50"), (0.95, "95"), (0.99, "99"))], 8, 8, unit="s", calcs=("mean", "max")),
        p.time_series("Rate limit left over time", "Share of the API's rate limit left, as last reported.",
                      [(q.rate_limit_left("org"), "{{org}}")], 8, 8, unit="percentunit", decimals=0, maximum=1,
                      calcs=("lastNotNull", "min")),
    ]


def process():
    legend = "{{instance}}"
    return [
        p.row("The process"),
        p.time_series("CPU", "Share of one core, user and system time.",
                      [(f"rate({q.select('process_cpu_seconds_total')}[$__rate_interval]) and on (job, instance) "
                        f"{q.select(PREFIX + 'exporter_build_info')}", legend)], 12, 8, unit="percentunit",
                      calcs=("mean", "max")),
        p.time_series("Resident memory", "Memory in use.", [(q.own("process_resident_memory_bytes"), legend)], 12, 8,
                      unit="bytes", calcs=("lastNotNull", "max")),
    ]


def build():
    return p.dashboard(p.EXPORTER, "Datadog access tokens: exporter's health",
                       "Whether each organization's numbers are fresh and complete, what the API answers, and how the process is doing.",
                       [*first_row(), p.row("Which organization, which exporter"), organizations(), exporters(), *polls(),
                        *process()], p.common_variables()[:4], "now-24h")
