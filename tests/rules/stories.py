"""Cases that don't fit the table of edges: alerts about absence and change, and the boundaries between alerts."""
import dataclasses

from edges import AT_RISK, CREDENTIAL, DAY, EDGES, INTERVAL, LISTED_AT_0, MACHINE, NEXT_IN_USE, PERSON, failures
from promtool import FAILED_SCRAPE, GONE, LAST_TIME, NOW, Signal, always, firing, minutes


@dataclasses.dataclass(frozen=True)
class Story:
    alert: str
    kind: str
    said: str
    signals: list
    pods: dict
    fires: tuple = ()
    silent: tuple = ()
    interval: int = 1  # minutes between states

    def expectations(self):
        return ([firing(self.alert, at, 1) for at in self.fires] + [firing(self.alert, at, 0) for at in self.silent])


def build(version):
    return always("datadog_access_token_exporter_build_info", 1, f'version="{version}", revision="abc", compiler="gcc"')


def down(kind, said, pods, **when):
    return Story("DatadogTokenExporterDown", kind, said, [build("1.0.0")], pods, **when)


DOWN = [
    down("over", "fires when nothing was scraped for ten minutes", {"a": minutes(("up", 20), (FAILED_SCRAPE, 40))},
         fires=(30, 40, 59), silent=(10, 20, 29)),
    down("over", "fires when there never was an exporter", {}, fires=(10, 60), silent=(9,)),
    down("under", "is silent when a scrape succeeds in the tenth minute",
         {"a": minutes(("up", 20), (FAILED_SCRAPE, 10), ("up", 30))}, silent=range(60)),
    down("gap", "is silent over short gaps that follow one another",
         {"a": minutes(("up", 5), *[(FAILED_SCRAPE, 9), ("up", 1)] * 5)}, silent=range(50)),
    down("gap", "stays for five minutes after a scrape that succeeded",
         {"a": minutes(("up", 20), (FAILED_SCRAPE, 20), ("up", 2), (FAILED_SCRAPE, 20))}, fires=range(30, 60)),
    down("replacement", "is silent while a pod is replaced",
         {"a": minutes(("up", 20), (GONE, 40)), "b": minutes((GONE, 25), ("up", 35))}, silent=range(60)),
    down("restart", "is silent while the process restarts", {"a": minutes(("up", 20), (GONE, 5), ("up", 35))}, silent=range(60)),
    down("replica", "is silent when one of two replicas is lost",
         {"a": minutes(("up", 20), (GONE, 40)), "b": minutes(("up", 60))}, silent=range(60)),
    Story("DatadogTokenExporterDown", "replacement", "is silent when another version follows",
          [Signal("datadog_access_token_exporter_build_info", 'version="1.0.0", revision="abc", compiler="gcc"', {"old": 1}),
           Signal("datadog_access_token_exporter_build_info", 'version="1.1.0", revision="def", compiler="gcc"', {"new": 1})],
          {"a": minutes(("old", 20), ("new", 40))}, silent=range(60)),
    down("resolved", "ends five minutes after the exporter is back",
         {"a": minutes(("up", 5), (FAILED_SCRAPE, 20), ("up", 20))}, fires=range(15, 30), silent=range(30, 40)),
]

LAST_SUCCESS = "datadog_access_token_poll_last_success_timestamp_seconds"
POLLS = always("datadog_access_token_polls_total", 1, counter=True)
SUCCEEDED_AT_0 = [always(LAST_SUCCESS, 0), POLLS, INTERVAL]


def polled(org, last_success):
    """The series of an organization, in the states that poll it; `last_success`: {state: seconds}."""
    return [Signal(LAST_SUCCESS, f'org="{org}"', last_success),
            Signal(INTERVAL.metric, f'org="{org}"', dict.fromkeys(last_success, 300)),
            Signal("datadog_access_token_polls_total", f'org="{org}"', dict.fromkeys(last_success, 1), counter=True)]


FRESH = 10 * DAY
SHARDS = [*polled("production", {"polls production": FRESH, "polls both": FRESH, "polls both until 60": FRESH}),
          *polled("sandbox", {"polls sandbox until 30": 30 * 60, "polls both": FRESH, "polls both until 60": 60 * 60}),
          build("1.0.0")]

STALE = [
    Story("DatadogTokenExporterDataStale", "over", "counts half an hour from the start of the last good poll", SUCCEEDED_AT_0,
          {"a": minutes(("up", 60))}, fires=(36, 50), silent=(30, 35)),
    Story("DatadogTokenExporterDataStale", "over", "fires when no poll has succeeded since the exporter started", [POLLS, INTERVAL],
          {"a": minutes(("up", 60))}, fires=(40, 50), silent=(30, 35)),
    Story("DatadogTokenExporterDataStale", "under", "waits for an organization that is new", [POLLS, INTERVAL],
          {"a": minutes((GONE, 100), ("up", 60))}, fires=(145, 159), silent=(100, 110, 130, 135)),
    Story("DatadogTokenExporterDataStale", "over", "counts by the interval of polls",
          [always(LAST_SUCCESS, 0), POLLS, always(INTERVAL.metric, 1800)], {"a": minutes(("up", 200))}, fires=(186, 199),
          silent=(36, 180)),
    Story("DatadogTokenExporterDataStale", "replacement", "counts on when a new pod has no success yet",
          [Signal(LAST_SUCCESS, by_state={"good": 0}), POLLS, INTERVAL],
          {"a": minutes(("good", 20), (GONE, 60)), "b": minutes((GONE, 22), ("failing", 58))}, fires=range(36, 80),
          silent=range(36)),
    Story("DatadogTokenExporterDataStale", "under", "is silent for an organization that is no longer configured",
          polled("production", {"with it": 0}),
          {"a": minutes(("with it", 10), ("without", 120))}, silent=range(130)),
    Story("DatadogTokenExporterDataStale", "over", "fires for the organizations of a shard that is lost", SHARDS,
          {"0": minutes(("polls production", 110)), "1": minutes(("polls sandbox until 30", 30), (GONE, 80))},
          fires=(66, 90, 109), silent=(30, 60)),
    Story("DatadogTokenExporterDataStale", "resolved", "ends when the lost shard is back", SHARDS,
          {"0": minutes(("polls production", 120)),
           "1": minutes(("polls sandbox until 30", 30), (FAILED_SCRAPE, 40), ("polls both", 50))},
          fires=(66, 69, 74), silent=(30, 80, 119)),
    Story("DatadogTokenExporterDataStale", "replacement", "is silent when another shard has taken over", SHARDS,
          {"0": minutes(("polls production", 30), ("polls both", 120)), "1": minutes(("polls sandbox until 30", 30), (GONE, 120))},
          silent=range(150)),
    Story("DatadogTokenExporterDataStale", "replacement", "is silent for an organization that went with a pod while two ran", SHARDS,
          {"a": minutes(("polls both until 60", 60), (GONE, 90)), "b": minutes((GONE, 55), ("polls production", 95))}, silent=range(150)),
    Story("DatadogTokenExporterDataStale", "under", "leaves it to another alert when every shard is lost", SHARDS,
          {"0": minutes(("polls production", 30), (GONE, 60)), "1": minutes(("polls sandbox until 30", 30), (GONE, 60))}, silent=range(90)),
]

POLL_SUCCESS = Signal("datadog_access_token_poll_success", by_state={"failing": 0, "refused": 0}, otherwise=1)
POLLING = [POLL_SUCCESS, INTERVAL, Signal(LAST_SUCCESS, by_state={"well": NOW}, otherwise=LAST_TIME),
           failures("dns", {"failing": 1}), failures("forbidden", {"refused": 1})]
HOURLY = [POLL_SUCCESS, always(INTERVAL.metric, 3600), always(LAST_SUCCESS, 0), failures("dns", {"failing": 1}),
          failures("forbidden", {"refused": 1})]
REFUSED, FAILING = "DatadogTokenExporterCredentialsRefused", "DatadogTokenExporterPollsFailing"
OFTEN = {"a": minutes(("well", 30), *[("failing", 5), ("well", 5)] * 6)}
FAILS = {"a": minutes(("well", 30), ("failing", 30))}
IS_REFUSED = {"a": minutes(("well", 30), ("refused", 30))}

POLLS_FAIL = [
    Story(FAILING, "under", "is silent when a poll is missed now and then", POLLING, OFTEN, silent=range(90)),
    Story(FAILING, "over", "fires when the second poll of five minutes is missed", POLLING, FAILS, fires=(45, 59), silent=(44,)),
    Story(FAILING, "under", "waits for two missed polls of an hour", HOURLY, {"a": minutes(("failing", 140))}, fires=(126, 139),
          silent=(60, 120, 125)),
    Story(REFUSED, "under", "waits for two missed polls of an hour", HOURLY, {"a": minutes(("refused", 140))}, fires=(126, 139),
          silent=(60, 120, 125)),
    Story(REFUSED, "under", "leaves other reasons to the alert on failing polls", POLLING, FAILS, silent=range(60)),
    Story(REFUSED, "over", "fires when the second poll of five minutes is missed", POLLING, IS_REFUSED, fires=(45, 59),
          silent=(44,)),
    Story(FAILING, "under", "leaves refused credentials to their own alert", POLLING, IS_REFUSED, silent=range(60)),
    Story(FAILING, "replica", "is silent while one replica of two succeeds", POLLING,
          {"a": minutes(("failing", 60)), "b": minutes(("well", 60))}, silent=range(60)),
]

IMMINENT = "DatadogAccessTokenExpiresImminently"
OWN_SOON, OWN_IMMINENT = "DatadogTokenExporterCredentialExpiresSoon", "DatadogTokenExporterCredentialExpires"


def expires(alert, kind, said, after_seconds, **when):
    metric, labels = (NEXT_IN_USE, MACHINE) if alert == IMMINENT else (CREDENTIAL, 'org="production"')
    return Story(alert, kind, said, [always(metric, after_seconds, labels)], {"a": minutes(("up", 120))}, **when)


# At minute m, after_seconds - 60 m seconds are left.
BANDS = [
    expires(IMMINENT, "under", "is silent with exactly a day left, and holds below", DAY + 600, fires=(16,), silent=range(16)),
    expires(OWN_SOON, "under", "is silent with exactly fourteen days left, and holds below", 14 * DAY + 600, fires=(26,),
            silent=range(26)),
    expires(OWN_SOON, "resolved", "leaves the last two days to the critical alert", 2 * DAY + 1800, fires=range(15, 46),
            silent=range(46, 120)),
    expires(OWN_IMMINENT, "under", "is silent with exactly two days left, and holds below", 2 * DAY + 600, fires=(16,),
            silent=range(16)),
    expires(IMMINENT, "over", "stays when the moment has passed and no poll came since", 1800, fires=range(5, 120)),
    Story(IMMINENT, "resolved", "ends when the token is rotated and the next one to expire is far",
          [Signal(NEXT_IN_USE, MACHINE, {"old": DAY - 1, "rotated": 6 * DAY})],
          {"a": minutes(("old", 30), ("rotated", 40))}, fires=range(5, 45), silent=range(45, 70)),
    Story(IMMINENT, "resolved", "ends when the token is rotated and none in use is left that expires",
          [Signal(NEXT_IN_USE, MACHINE, {"old": DAY - 1})],
          {"a": minutes(("old", 30), ("rotated", 50))}, fires=range(5, 59), silent=range(60, 80)),
]


def tokens(by_state, otherwise):
    return [Signal("datadog_access_tokens",
                   'org="production", token_type="service", owner_type="service_account", expiry_bucket="never"', by_state,
                   otherwise),
            always("datadog_access_tokens", 40,
                   'org="production", token_type="personal", owner_type="user", expiry_bucket="1d_to_7d"')]


def churn(alert, over_by):
    """100 tokens; the limit is 10 plus a fifth of them: 30."""
    metric = {"DatadogAccessTokenSuddenGrowth": "datadog_access_tokens_created_total",
              "DatadogAccessTokenMassRemoval": "datadog_access_tokens_removed_total"}[alert]
    return [*tokens({}, 60),
            Signal(metric, 'org="production", token_type="service"', {"burst": 20}, 0, True),
            Signal(metric, 'org="production", token_type="personal"', {"burst": 10 + over_by}, 0, True)]


def change_stories(alert):
    """In the first stories the total stays at 100, as when tokens are replaced: only the counters show the change."""
    grows = alert == "DatadogAccessTokenSuddenGrowth"
    # The total of 100 changes by 31, or for "nearly" by 30, which is the limit.
    changed = {"changed": 91 if grows else 29, "nearly": 90 if grows else 30}
    burst = {"a": minutes(("calm", 70), ("burst", 1), ("calm", 100))}
    two = {"a": burst["a"], "b": burst["a"]}
    return [
        Story(alert, "over", "fires at once just over the edge", churn(alert, 1), burst, fires=range(70, 140), silent=range(70)),
        Story(alert, "under", "is silent just under the edge", churn(alert, 0), burst, silent=range(170)),
        Story(alert, "restart", "is silent when counters begin again", churn(alert, 0),
              {"a": minutes(("calm", 70), ("burst", 1), ("calm", 10), (GONE, 3), ("calm", 60))}, silent=range(144)),
        Story(alert, "replica", "is one alert from two replicas", churn(alert, 1), two, fires=range(70, 140)),
        Story(alert, "replica", "does not add up two replicas", churn(alert, 0), two, silent=range(170)),
        # At minute 144 the change has left the hour for Prometheus 3, but not for 2.
        Story(alert, "resolved", "ends an hour after the change", churn(alert, 1), burst, fires=range(70, 144),
              silent=range(145, 170)),
        Story(alert, "gap", "sees what happened while scrapes failed", churn(alert, 1),
              {"a": minutes(("calm", 70), (FAILED_SCRAPE, 9), ("burst", 1), ("calm", 60))}, fires=range(79, 139),
              silent=range(79)),
        Story(alert, "gap", "stays when scrapes fail afterwards", churn(alert, 1),
              {"a": minutes(("calm", 70), ("burst", 1), (FAILED_SCRAPE, 20), ("calm", 20))}, fires=range(70, 110)),
        Story(alert, "replacement", "sees by the totals what happened while the pod was replaced", tokens(changed, 60),
              {"a": minutes(("before", 70), (GONE, 70)), "b": minutes((GONE, 75), ("changed", 65))},
              fires=range(90, 130), silent=range(70)),
        Story(alert, "gap", "stays by the totals when scrapes fail afterwards", tokens(changed, 60),
              {"a": minutes(("before", 70), (GONE, 70)),
               "b": minutes((GONE, 75), ("changed", 20), (FAILED_SCRAPE, 20), ("changed", 25))}, fires=range(90, 130)),
        Story(alert, "replacement", "is silent just under the edge while the pod was replaced", tokens(changed, 60),
              {"a": minutes(("before", 70), (GONE, 70)), "b": minutes((GONE, 75), ("nearly", 65))}, silent=range(140)),
        Story(alert, "under", "is silent for an organization that is new, and for one that is no longer configured",
              [Signal(s.metric, s.labels, {"there": 60}) for s in tokens({}, 60)],
              {"a": minutes(("not yet", 70), ("there", 30), ("no longer", 100))}, silent=range(200)),
        Story(alert, "under", "does not take the other direction for its own",
              tokens({"changed": 15 if grows else 500}, 60), {"a": minutes(("before", 70), ("changed", 70))},
              silent=range(140)),
    ]


SINGLE_OWNER = "datadog_access_token_listing_single_owner"
WHAT_IS_LISTED = [
    Story("DatadogTokenExporterSingleOwner", "over", "fires for each organization by itself",
          [always(SINGLE_OWNER, 1), always(SINGLE_OWNER, 0, 'org="sandbox"')], {"a": minutes(("up", 20))}, fires=range(15, 20)),
    Story("DatadogTokenExporterSingleOwner", "under", "is silent where a filter leaves the question open",
          [Signal(SINGLE_OWNER, by_state={})], {"a": minutes(("filtered", 60))}, silent=range(60)),
    Story("DatadogTokenExporterSingleOwner", "resolved", "ends when the credentials are given the permission",
          [Signal(SINGLE_OWNER, by_state={"own tokens": 1, "all tokens": 0})],
          {"a": minutes(("own tokens", 20), ("all tokens", 40))}, fires=range(15, 35), silent=range(35, 60)),
    Story("DatadogTokenExporterDetailOmitted", "under", "is silent where detail is off",
          [Signal("datadog_access_tokens_detail_omitted", by_state={})], {"a": minutes(("off", 120))}, silent=range(120)),
]

LEAKED = "datadog_access_tokens_leaked"
ANOTHER = "DatadogAccessTokenAnotherLeaked"
LEAK = [
    Story("DatadogAccessTokenLeaked", "gap", "stays when scrapes fail for twenty minutes",
          [always(LEAKED, 1, PERSON)], {"a": minutes(("up", 5), (FAILED_SCRAPE, 20), ("up", 5))}, fires=range(30)),
    Story(ANOTHER, "under", "leaves the first leaks to the critical alert, as many as they are",
          [Signal(LEAKED, PERSON, {"none": 0, "two": 2})], {"a": minutes(("none", 90), ("two", 200))}, silent=range(290)),
    Story(ANOTHER, "over", "fires for a leak twenty minutes after the first one",
          [Signal(LEAKED, PERSON, {"none": 0, "one": 1, "two": 2})],
          {"a": minutes(("none", 90), ("one", 20), ("two", 60))}, fires=range(110, 170), silent=range(110)),
]

HALF_HOURS = 48  # half hours in a day
HELD_FINDINGS = {"DatadogAccessTokenExpiresSoon": "expiring_in_use",
                 "DatadogAccessTokenPrivilegedNeverExpires": "never_expires_privileged",
                 "DatadogAccessTokenPrivilegedUnused": "unused_privileged",
                 "DatadogAccessTokenUnscoped": "unscoped"}
# For alerts on a state rather than a count: the series that show it.
STATES = {
    "DatadogTokenExporterSingleOwner": [Signal(SINGLE_OWNER, by_state={"old": 0, "new": 1})],
    "DatadogTokenExporterListingIncomplete": [Signal("datadog_access_token_listing_complete", by_state={"old": 1, "new": 0})],
    "DatadogTokenExporterPollsFailing": [Signal("datadog_access_token_poll_success", by_state={"old": 1, "new": 0}), INTERVAL,
                                         Signal(LAST_SUCCESS, by_state={"old": NOW}, otherwise=LAST_TIME),
                                         failures("forbidden", {})],
    "DatadogTokenExporterFieldsUnparsed": [Signal("datadog_access_token_unparsed_fields_total",
                                                  'org="production", field="expires_at"', {"new": 6}, 0, True)],
}
RELOAD_FAILED = "DatadogTokenExporterReloadFailed"
RELOADED = [Signal("datadog_access_token_exporter_config_last_reload_successful", 'file="web"', {"old": 1, "new": 0})]


def days(*phases):
    """States for every half hour, for `interval=30`."""
    return minutes(*[(state, round(count * HALF_HOURS)) for state, count in phases])


def at_days(*moments):
    return [round(moment * 1440) for moment in moments]


def week(alert, kind, said, signals, pods, fires=(), silent=()):
    return Story(alert, kind, said, signals, pods, at_days(*fires), at_days(*silent), 30)


def weeks_of(alert, signals):
    """The finding first appears on the third day; the alert ends a week later, even though nobody has fixed it."""
    return [
        week(alert, "resolved", "ends when the same state has lasted for a week", signals, {"a": days(("old", 2), ("new", 9))},
             fires=(2.125, 3.25, 5, 8.5, 8.875), silent=(1, 1.875, 9.125, 10, 10.875)),
        week(alert, "replacement", "is one alert for a week over replaced pods, and ends", signals,
             {"a": days(("old", 2), ("new", 1), (GONE, 8)), "b": days((GONE, 3), ("new", 3), (GONE, 5)),
              "c": days((GONE, 6), ("new", 5))},
             fires=(2.125, 3.25, 5, 6.25, 8.875), silent=(1.875, 9.125, 10)),
        week(alert, "replacement", "is not fired again by a replica, a pod or a gap once it has lasted", signals,
             {"a": days(("old", 1), ("new", 9), (FAILED_SCRAPE, 0.125), ("new", 2.875)), "b": days((GONE, 11), ("new", 2)),
              "c": days((GONE, 12), ("new", 1))},
             fires=(7.75,), silent=(8.25, 9.875, 10.25, 11.25, 11.75, 12.25, 12.75)),
    ]


def of_findings(alert, reason):
    signals = [Signal(AT_RISK, f'{MACHINE}, reason="{reason}"', {"old": 10, "new": 11, "dip": 8}), LISTED_AT_0]
    return [
        *weeks_of(alert, signals),
        week(alert, "under", "does not take for new what an organization has from the start", signals,
             {"a": days(("new", 3))}, silent=(0, 0.125, 1, 2, 2.875)),
        week(alert, "under", "does not take for new what an incomplete listing lacked for hours", signals,
             {"a": days(("old", 2), ("dip", 0.5), ("old", 3))}, silent=(1, 2.25, 2.5, 2.625, 3, 3.5, 4, 5.25)),
        week(alert, "over", "fires for what is new after a clean-up that lasted", signals,
             {"a": days(("old", 2), ("dip", 2), ("old", 1))}, fires=(4.125, 4.875), silent=(1, 3, 3.875)),
        week(alert, "under", "sees pairs of types that appear with their first finding",
             [always(AT_RISK, 0, f'{MACHINE}, reason="{reason}"'), LISTED_AT_0,
              Signal(AT_RISK, f'org="production", token_type="personal", owner_type="service_account", reason="{reason}"', {"new": 1})],
             {"a": days(("old", 2), ("new", 2))}, fires=(2.125, 3.875), silent=(1, 1.875)),
        week(alert, "gap", "is one alert when scrapes fail for an hour",
             signals, {"a": days(("old", 1), ("new", 1), (FAILED_SCRAPE, 1 / 24), ("new", 1))},
             fires=(1.125, 1.875, 2, 2 + 1 / 48, 2 + 1 / 24, 2.125, 2.5)),
    ]


WEEKS = [
    *(story for alert, reason in HELD_FINDINGS.items() for story in of_findings(alert, reason)),
    *(story for alert, signals in STATES.items() for story in weeks_of(alert, signals)),
    *weeks_of(ANOTHER, [Signal(LEAKED, PERSON, {"old": 1, "new": 2})]),
    # A process starts only with a readable file, so a file that it can't reload later is a new failure.
    weeks_of(RELOAD_FAILED, RELOADED)[0],
    week("DatadogTokenExporterSingleOwner", "over", "fires when it was so from the start, for a week",
         [always(SINGLE_OWNER, 1)], {"a": days(("up", 9))}, fires=(0.125, 3, 6.875), silent=(7.125, 8.875)),
]

STORIES = [*DOWN, *STALE, *WHAT_IS_LISTED, *LEAK, *WEEKS, *POLLS_FAIL, *BANDS, *change_stories("DatadogAccessTokenSuddenGrowth"),
           *change_stories("DatadogAccessTokenMassRemoval")]

assert not {story.alert for story in DOWN} & set(EDGES)
