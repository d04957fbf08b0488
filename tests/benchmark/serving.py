"""Serving, compared with prometheus-cpp's Exposer and node_exporter in the same run."""
import dataclasses

import load
import report
import slow_clients
from common import run_micro, say
from servers import EXPORTER, NODE_EXPORTER, Failure, node_exporter_path, raise_file_limit

PARTS = ["micro", "load", "idle", "hostile"]
ENCODINGS = ["identity", "gzip"]
SIEGE_SERIES = 10_000
FILES_NEEDED = 10_000
WIDE_CAP = 8192


@dataclasses.dataclass
class Plan:
    """The extent of the measurements."""

    micro_seconds: float  # for each of the micro benchmarks
    series: list
    load_seconds: int  # of one round
    load_rounds: int
    idle: list
    sieges: list  # (hostile connections, seconds), on the exporter
    caps: list  # connection limits of the exporter; None is its default
    reference_sieges: list  # on the other servers
    flood: tuple  # (connections, seconds) of each TLS flood


PLANS = {
    "full": Plan(0.1, [100, 1_000, 10_000, 50_000], 2, 3, [1000, 5000], [(1000, 20), (5000, 60)], [None, WIDE_CAP],
                 [(1000, 10), (5000, 10)], (8, 20)),
    "quick": Plan(0.01, [10_000], 1, 3, [1000], [(5000, 10)], [WIDE_CAP], [], (8, 10)),
    "smoke": Plan(0.001, [100], 1, 1, [100], [(100, 2)], [None], [], (2, 2)),
}


def run_load(build, names, plan):
    loads = []
    for series in plan.series:
        say(f"scrapes of {series} series")
        loads += load.measure(build, names, series, ENCODINGS, plan.load_seconds, plan.load_rounds)
    return loads


def run_sieges(build, names, plan):
    cases = [(EXPORTER, *siege, cap) for cap in plan.caps for siege in plan.sieges]
    cases += [(name, *siege, None) for name in names if name != EXPORTER for siege in plan.reference_sieges]
    sieges = []
    for name, connections, seconds, cap in cases:
        say(f"{connections} hostile connections to {name} for {seconds} s, cap {cap or 'default'}")
        siege = slow_clients.besiege(build, name, SIEGE_SERIES, connections, seconds, cap)
        sieges.append(siege)
        for client, seen in siege.clients.items():
            for words, count in seen["failures"].items():
                say(f"    {client}: {count} × {words}")
    return sieges


def run_floods(build, plan):
    floods = []
    for kind in slow_clients.FLOODS:
        say(f"TLS flood of {kind} for {plan.flood[1]} s")
        floods.append(slow_clients.flood(build, kind, *plan.flood))
    return floods


def check_smoke(sieges, floods):
    for flood in floods:
        if not flood.all_succeeded or flood.crowd["ended_by_server"] < flood.connections:
            raise Failure(str(flood))
    for siege in sieges:
        if not siege.all_succeeded or siege.crowd["open_average"] < siege.connections / 2:
            raise Failure(f"with {siege.connections} hostile connections: {siege}")


def measure(build, names, parts, how):
    """The sections of the report, and the verdicts."""
    plan = PLANS[how]
    smoke = how == "smoke"
    if not node_exporter_path() and NODE_EXPORTER in names:
        say("prometheus-node-exporter is not installed: left out")
        names = [name for name in names if name != NODE_EXPORTER]
    if raise_file_limit() < FILES_NEEDED and not smoke:
        raise Failure(f"the limit on open files is below {FILES_NEEDED}: ulimit -Hn")

    machine = report.machine(build, report.serving_tools())
    micro = run_micro(build, "micro", plan.micro_seconds) if "micro" in parts else {}
    loads = run_load(build, names, plan) if "load" in parts else []
    footprints = list(slow_clients.footprints(build, SIEGE_SERIES, plan.idle)) if "idle" in parts else []
    sieges = run_sieges(build, names, plan) if "hostile" in parts else []
    floods = run_floods(build, plan) if "hostile" in parts else []
    if smoke:
        check_smoke(sieges, floods)
    judged = [] if smoke else list(report.verdicts(loads, sieges, floods, footprints))
    return [("Required", judged and report.verdict_table(judged)),
            ("Scrapes", loads and report.load_table(loads)),
            ("Hostile connections", sieges and report.siege_table(sieges)),
            ("TLS floods", floods and report.flood_table(floods)),
            ("Memory per client", footprints and report.footprint_table(footprints)),
            ("Parts", micro and report.micro_table(micro, "series")),
            ("Machine", machine)], judged
