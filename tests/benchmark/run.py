#!/usr/bin/env python3
"""Measures what the serving side does, against prometheus-cpp's Exposer and node_exporter in the same run, and prints the
tables of README.md; builds nothing. On loopback alone; ends by itself.

    tests/benchmark/run.py --build build/release [--quick] [--parts load,hostile] [--write]

Exit status 1: an answer was wrong, or what the tables' first requires was not met."""
import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import load  # noqa: E402 pylint: disable=wrong-import-position
import report  # noqa: E402 pylint: disable=wrong-import-position
import slow_clients  # noqa: E402 pylint: disable=wrong-import-position
from servers import (  # noqa: E402 pylint: disable=wrong-import-position
    EXPORTER, EXPOSER, NODE_EXPORTER, Failure, node_exporter_path, program, raise_file_limit)

PARTS = ["micro", "load", "idle", "hostile"]
ENCODINGS = ["identity", "gzip"]
SIEGE_SERIES = 10_000
FILES_NEEDED = 10_000
WIDE_CAP = 8192


@dataclasses.dataclass
class Plan:
    """How much is measured."""

    micro_seconds: float  # for each of the micro benchmarks
    series: list
    load_seconds: int  # of a round
    load_rounds: int
    idle: list
    sieges: list  # (hostile connections, seconds) on the exporter
    caps: list  # of the exporter; None is its default
    reference_sieges: list  # on the other servers


PLANS = {
    "full": Plan(0.1, [100, 1_000, 10_000, 50_000], 2, 3, [1000, 5000], [(1000, 20), (5000, 60)], [None, WIDE_CAP],
                 [(1000, 10), (5000, 10)]),
    "quick": Plan(0.01, [10_000], 1, 3, [1000], [(5000, 10)], [WIDE_CAP], []),
    "smoke": Plan(0.001, [100], 1, 1, [100], [(100, 2)], [None], []),
}


def say(words):
    print(f"[{time.strftime('%H:%M:%S')}] {words}", file=sys.stderr, flush=True)


def run_micro(build, seconds):
    output = subprocess.run(
        [program(build, "micro"), f"--benchmark_min_time={seconds}", "--benchmark_format=json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    results = {}
    for result in json.loads(output)["benchmarks"]:
        if result.get("error_occurred"):
            say(f"{result['name']}: {result['error_message']}")
            continue
        name, _, size = result["name"].rpartition("/")
        results[(name, int(size)) if size.isdigit() else (result["name"], None)] = result["cpu_time"]
    return results


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


def check_smoke(sieges):
    for siege in sieges:
        if not siege.all_succeeded or siege.crowd["open_average"] < siege.connections / 2:
            raise Failure(f"with {siege.connections} hostile connections: {siege}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder, configured with EXPORTER_BENCHMARKS")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of " + ",".join(PARTS))
    parser.add_argument("--servers", default=",".join([EXPORTER, EXPOSER, NODE_EXPORTER]), help="some of these")
    parser.add_argument("--quick", action="store_true", help="about two minutes, for a look")
    parser.add_argument("--smoke", action="store_true", help="seconds: only that everything works")
    parser.add_argument("--write", action="store_true", help="writes the tables into README.md")
    arguments = parser.parse_args()
    plan = PLANS["smoke" if arguments.smoke else "quick" if arguments.quick else "full"]
    parts = arguments.parts.split(",")
    names = arguments.servers.split(",")
    if not node_exporter_path() and NODE_EXPORTER in names:
        say("prometheus-node-exporter is not installed: left out")
        names.remove(NODE_EXPORTER)
    if raise_file_limit() < FILES_NEEDED and not arguments.smoke:
        raise Failure(f"the limit on open files is below {FILES_NEEDED}: ulimit -Hn")

    build = os.path.abspath(arguments.build)
    machine = report.machine(build)
    micro = run_micro(build, plan.micro_seconds) if "micro" in parts else {}
    loads = run_load(build, names, plan) if "load" in parts else []
    footprints = list(slow_clients.footprints(build, SIEGE_SERIES, plan.idle)) if "idle" in parts else []
    sieges = run_sieges(build, names, plan) if "hostile" in parts else []
    if arguments.smoke:
        check_smoke(sieges)
    judged = [] if arguments.smoke else list(report.verdicts(loads, sieges, footprints))

    sections = [("Required", judged and report.verdict_table(judged)),
                ("Scrapes", loads and report.load_table(loads)),
                ("Hostile connections", sieges and report.siege_table(sieges)),
                ("Memory per client", footprints and report.footprint_table(footprints)),
                ("Parts", micro and report.micro_table(micro)),
                ("Machine", machine)]
    text = "".join(f"\n### {title}\n{content}" for title, content in sections if content)
    print(text)
    if arguments.write:
        report.write_between_markers(os.path.join(HERE, "README.md"), text)
    return 0 if all(met for *_, met in judged) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
