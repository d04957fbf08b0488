"""Instructions per token, counted by callgrind: the only figure that does not depend on the load of the machine."""
import collections
import dataclasses
import os
import re
import shutil
import subprocess
import tempfile

from common import say
from polls import LONGEST_POLL_SECONDS, PAGE_SIZE, Pages, at_once, environment, exporter_command
from poll_cost import DISCARD, EXPORTER, commands
from servers import Failure

TOP = 10
LONGEST_NAME = 90
# `12,345  file:function [library]`. Lines of code inlined from another file have no library.
LINE = re.compile(r"^ *([\d,]+) +\S*?:(\S.*?)(?: \[(/\S+)\])?$", re.M)


@dataclasses.dataclass
class Instructions:
    """Excludes the instructions of the start, measured as a poll of one token."""

    client: str
    tokens: int
    total: int
    start: int  # of a poll of one token
    functions: list  # (name, its own instructions), largest first

    @property
    def each(self):
        return self.total / self.tokens


def installed():
    return shutil.which("valgrind") and shutil.which("callgrind_annotate")


def short_name(function, library):
    """The name without parameters and template arguments. All unnamed functions of a stripped library count as one."""
    if function.startswith("0x"):
        return f"{library}, functions without a name"
    name = re.sub(r"@@?\S*$|'\d+$", "", function).replace("(anonymous namespace)::", "")
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)", "", name)) != name:
        name = shorter
    name = re.sub(r"\s+const\b.*$|\s*\[clone.*$", "", name)
    name = name if "operator" in name else name.rpartition(" ")[2]
    return name[:LONGEST_NAME] + (f" ({library})" if library else "")


def callgrind(command):
    """Each function's own instructions; inlined code counts for the function that contains it."""
    with tempfile.TemporaryDirectory() as directory:
        file = os.path.join(directory, "callgrind")
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}", *command],
                              env=environment(), capture_output=True, text=True, timeout=LONGEST_POLL_SECONDS,
                              check=False)
        if done.returncode:
            raise Failure(f"under callgrind: {done.stderr[-2000:]}")
        listing = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", "--show-percs=no", file],
                                 capture_output=True, text=True, check=True).stdout
    functions = collections.Counter()
    library_of = {}
    for count, function, library in LINE.findall(listing):
        functions[function] += int(count.replace(",", ""))
        if library:
            library_of[function] = os.path.basename(library)
    total = re.search(r"^ *([\d,]+) +PROGRAM TOTALS$", listing, re.M)
    if not total or sum(functions.values()) != int(total.group(1).replace(",", "")):
        raise Failure(f"callgrind_annotate's functions are not what its total is: {listing[:2000]}")
    return functions, library_of


def of_own(command):
    """Instructions by short name; functions from a library include its name."""
    functions, library_of = callgrind(command)
    program = os.path.basename(command[0])
    named = collections.Counter()
    for function, count in functions.items():
        library = library_of.get(function, program)
        named[short_name(function, "" if library == program else library)] += count
    return named


def measure(build, tokens):
    if not installed():
        say("valgrind is not installed: left out")
        return []
    found = []
    asking = commands(build)
    asking[EXPORTER] = lambda base_url, count: exporter_command(build, base_url, *at_once(build, 1))
    with Pages(build, tokens) as pages, Pages(build, 1) as start:
        for client in (EXPORTER, DISCARD):
            say(f"instructions: {client}, {tokens} tokens")
            first = of_own(asking[client](start.base_url, 1))
            functions = of_own(asking[client](pages.base_url, tokens // PAGE_SIZE + 1))
            functions.subtract(first)
            found.append(Instructions(client, tokens, sum(functions.values()), sum(first.values()),
                                      functions.most_common(TOP)))
    return found
