#!/usr/bin/env python3
"""Measures the cost of serving and polling, compared with other programs in the same run, and prints the tables of README.md.
Does not build anything, uses only loopback, and stops by itself.

    tests/benchmark/run.py --build build/release [--quick] [--parts polling,load] [--write]

Exit status 1: an answer was wrong, or a requirement of the first tables was not met."""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import polling  # noqa: E402 pylint: disable=wrong-import-position
import report  # noqa: E402 pylint: disable=wrong-import-position
import serving  # noqa: E402 pylint: disable=wrong-import-position
from servers import EXPORTER, EXPOSER, NODE_EXPORTER, Failure  # noqa: E402 pylint: disable=wrong-import-position

GROUPS = {"serving": serving.PARTS, "polling": polling.PARTS}


def chosen_parts(words):
    """`serving` and `polling` stand for all their parts."""
    parts = [part for word in words.split(",") for part in GROUPS.get(word, [word])]
    unknown = [part for part in parts if not any(part in group for group in GROUPS.values())]
    if unknown:
        raise Failure("no such part: " + ", ".join(unknown))
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder, configured with EXPORTER_BENCHMARKS")
    parser.add_argument("--parts", default=",".join(GROUPS), help="some of " + ", ".join(
        f"{name} ({','.join(parts)})" for name, parts in GROUPS.items()))
    parser.add_argument("--servers", default=",".join([EXPORTER, EXPOSER, NODE_EXPORTER]), help="of serving, some of these")
    parser.add_argument("--quick", action="store_true", help="a few minutes, for a look")
    parser.add_argument("--smoke", action="store_true", help="seconds: only that everything works")
    parser.add_argument("--write", action="store_true", help="writes the tables into README.md")
    arguments = parser.parse_args()
    how = "smoke" if arguments.smoke else "quick" if arguments.quick else "full"
    parts = chosen_parts(arguments.parts)
    build = os.path.abspath(arguments.build)

    all_met = True
    for group, markers, measure in [
            ("polling", report.POLLING_MARKERS, lambda: polling.measure(build, parts, how)),
            ("serving", report.SERVING_MARKERS, lambda: serving.measure(build, arguments.servers.split(","), parts, how))]:
        if not set(parts) & set(GROUPS[group]):
            continue
        sections, judged = measure()
        text = "".join(f"\n### {title}\n{content}" for title, content in sections if content)
        print(text)
        if arguments.write:
            report.write_between_markers(os.path.join(HERE, "README.md"), markers, text)
        all_met = all_met and all(met for *_, met in judged)
    return 0 if all_met else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
