#!/usr/bin/env python3
"""Mutates one place of a source at a time, builds, runs the tests of its folder, and lists the mutations that no test noticed. The
source is restored after each mutation, also on Ctrl-C. See README.md.

    tests/mutants/run.py scan state --places 10 --seed 1
    tests/mutants/run.py scan --at exporter/scan/reading.cpp:152
    tests/mutants/run.py scan --replace exporter/scan/reading.cpp 'created >= ' 'created > '

Exit status 1: a mutation was not noticed."""
import argparse
import collections
import dataclasses
import glob
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from changes import Change, changes_of  # noqa: E402 pylint: disable=wrong-import-position

KILLED, SURVIVED, NOT_COMPILED = "killed", "survived", "not compiled"
FIRST_BUILD_SECONDS = 7200  # The first build may have to compile everything.
LONGEST_BUILD_SECONDS = 600
MEMORY_LIMIT = 8 << 30  # A mutation may make a loop allocate without end.


class Failure(Exception):
    """A problem that makes a run meaningless."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str  # relative to ROOT
    source: str
    change: Change

    def place(self):
        return f"{self.path}:{self.change.line(self.source)}"

    def describe(self):
        return f"{self.place()}: {self.change.kind}: {self.change.describe(self.source)}"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
        file.write(text)


def finish_within(command, seconds, **options):
    """The command's exit status (None if it timed out) and output. Kills whatever the command has started."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", start_new_session=True, **options) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def limit_resources():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def first_failure(status, output):
    for line in output.splitlines():
        if line.startswith("[  FAILED  ]"):
            return line.split()[3].rstrip(",")
    return "no end" if status is None else f"exit status {status}"


class Tests:
    """The test programs that should notice the mutation."""

    def __init__(self, build, names, jobs):
        self.build_folder = build
        self.jobs = jobs
        self.names = names
        self.longest_seconds = 60.0

    def build(self, seconds=LONGEST_BUILD_SECONDS):
        status, output = finish_within(["ninja", "-C", self.build_folder, f"-j{self.jobs}", *self.names], seconds)
        return status == 0, output

    def run(self):
        """Whether all tests pass, and the first failure."""
        deadline = time.monotonic() + self.longest_seconds
        for name in self.names:
            program = os.path.join(self.build_folder, "tests", name.removeprefix("test_"), name)
            with tempfile.TemporaryDirectory() as scratch:
                status, output = finish_within([program, "--gtest_brief=1", "--gtest_fail_fast"],
                                               max(1, deadline - time.monotonic()), cwd=scratch,
                                               preexec_fn=limit_resources)
            if status != 0:
                return False, first_failure(status, output)
        return True, ""

    def measure(self):
        """Checks that the tests pass without a mutation, and derives the timeout from how long they take."""
        built, output = self.build(FIRST_BUILD_SECONDS)
        if not built:
            raise Failure("the build fails without any change:\n" + output[-2000:])
        self.longest_seconds = 600.0
        began = time.monotonic()
        passed, failed = self.run()
        if not passed:
            raise Failure(f"{' '.join(self.names)} fails without any change: {failed}")
        self.longest_seconds = 20 + 4 * (time.monotonic() - began)


def examine(mutant, tests):
    """The outcome, and the test that noticed the mutation."""
    try:
        write(mutant.path, mutant.change.apply(mutant.source))
        if not tests.build()[0]:
            return NOT_COMPILED, ""
        passed, failed = tests.run()
        return (SURVIVED, "") if passed else (KILLED, failed)
    finally:
        write(mutant.path, mutant.source)


def sources_of(component, headers):
    patterns = ["*.cpp", "*.h"] if headers else ["*.cpp"]
    found = sorted(path for pattern in patterns for path in glob.glob(os.path.join(ROOT, "exporter", component, pattern)))
    if not found:
        raise Failure(f"exporter/{component} has no source")
    return [os.path.relpath(path, ROOT) for path in found]


def mutants_of(path):
    source = read(path)
    return [Mutant(path, source, change) for change in changes_of(source)]


def in_random_order(mutants, seed):
    """One mutation of each kind in turn, each line at most once; reproducible for the same tokens and seed."""
    generator = random.Random(seed)
    by_kind = collections.defaultdict(list)
    for mutant in mutants:
        by_kind[mutant.change.kind].append(mutant)
    queues = [by_kind[kind] for kind in sorted(by_kind)]
    for queue in queues:
        generator.shuffle(queue)
    generator.shuffle(queues)
    seen = set()
    while any(queues):
        for queue in queues:
            while queue:
                mutant = queue.pop()
                if mutant.place() not in seen:
                    seen.add(mutant.place())
                    yield mutant
                    break


def replacement(path, old, new):
    source = read(path)
    if source.count(old) != 1:
        raise Failure(f"{path} has {old!r} {source.count(old)} times, not once")
    begin = source.index(old)
    return Mutant(path, source, Change("replaced", begin, begin + len(old), new))


def listed_mutants(component, arguments):
    """The mutations given on the command line; None if there are none, so that they are drawn at random."""
    if not arguments.at and not arguments.replace:
        return None
    mutants = [replacement(*words) for words in arguments.replace]
    for place in arguments.at:
        at_place = [mutant for mutant in mutants_of(place.rpartition(":")[0]) if mutant.place() == place]
        if not at_place:
            raise Failure(f"nothing to change at {place}")
        mutants += at_place
    return [mutant for mutant in mutants if mutant.path.startswith(f"exporter/{component}/")]


def run_component(component, arguments):
    tests = Tests(os.path.abspath(arguments.build), arguments.tests or ["test_" + component], arguments.jobs)
    listed = listed_mutants(component, arguments)
    wanted = arguments.places if listed is None else len(listed)
    queue = listed
    if queue is None:
        queue = in_random_order([mutant for path in sources_of(component, arguments.headers) for mutant in mutants_of(path)],
                                f"{arguments.seed} {component}")
    if arguments.list:
        for mutant, _ in zip(queue, range(wanted)):
            print(mutant.describe())
        return collections.Counter(), []
    counts, survivors = collections.Counter(), []
    tests.measure()
    try:
        for mutant in queue:
            outcome, noticed_by = examine(mutant, tests)
            counts[outcome] += 1
            if outcome == SURVIVED:
                survivors.append(mutant)
            print(f"{outcome:12} {mutant.describe()}{' | ' + noticed_by if noticed_by else ''}", flush=True)
            if listed is None and counts[KILLED] + counts[SURVIVED] >= wanted:
                break
    finally:
        tests.build()  # So that the build folder is free of mutations too.
    return counts, survivors


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("components", nargs="+", metavar="component", help="a folder of exporter/; its tests are test_COMPONENT")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "debug"), help="build folder (build/debug)")
    parser.add_argument("--tests", nargs="+", help="the test programs, where they are not test_COMPONENT")
    parser.add_argument("--places", type=int, default=10, help="changes that compile, for each component (10)")
    parser.add_argument("--seed", type=int, default=1, help="which places (1)")
    parser.add_argument("--headers", action="store_true", help="headers too: each compiles much again")
    parser.add_argument("--at", action="append", default=[], metavar="FILE:LINE", help="all changes of this line instead")
    parser.add_argument("--replace", nargs=3, action="append", default=[], metavar=("FILE", "OLD", "NEW"),
                        help="this change instead; OLD stands in FILE once")
    parser.add_argument("--jobs", type=int, default=1, help="compilers at once (1)")
    parser.add_argument("--list", action="store_true", help="only name the changes")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # Exits by an exception, so that the source is restored.
    rows, survivors = [], []
    for component in arguments.components:
        counts, of_component = run_component(component, arguments)
        rows.append((component, counts))
        survivors += of_component
    if arguments.list:
        return 0
    print(f"\n| component (seed {arguments.seed}) | killed | survived | not compiled |\n|---|---|---|---|")
    for component, counts in rows:
        print(f"| {component} | {counts[KILLED]} | {counts[SURVIVED]} | {counts[NOT_COMPILED]} |")
    for mutant in survivors:
        print(f"survived: {mutant.describe()}")
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
