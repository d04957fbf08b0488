"""The serving results as Markdown."""
import os
import platform
import re
import subprocess
import time

from servers import EXPORTER, EXPOSER, NODE_EXPORTER, node_exporter_path
from slow_clients import RETURN_SECONDS

MIB = 1 << 20
SERVING_MARKERS = "<!-- results: run.py --write -->", "<!-- /results -->"
POLLING_MARKERS = "<!-- results of polling: run.py --write -->", "<!-- /results of polling -->"

REQUIRED_RATIO = 100
REQUIRED_P99 = 5  # milliseconds
REQUIRED_SIEGE_P99 = 100
REQUIRED_SIEGE = {"connections": 5000, "seconds": 60}
REQUIRED_FLOOD_LONGEST = 1000
REQUIRED_BYTES_EACH = 8192


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def significant(value, digits=3):
    """Rounds to significant digits: `1234.5` becomes 1,230 and `0.01234` becomes 0.0123."""
    if value is None:
        return "–"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def mib(size):
    return f"{size / MIB:.1f}"


def plus(seconds):
    return "never" if seconds is None else f"{seconds:.1f} s"


def rates(loads):
    """{(series, encoding, server): scrapes per second}"""
    return {(load.series, load.encoding, load.server): load.rate for load in loads}


def load_table(loads):
    rate = rates(loads)
    rows = []
    for load in loads:
        reference = rate.get((load.series, load.encoding, EXPOSER))
        rows.append([
            f"{load.series:,}", load.encoding, load.server, f"{load.body_bytes / 1e3:,.0f}", load.requests,
            significant(load.rate), significant(load.rate / reference) if reference else "–", significant(load.p50),
            significant(load.p99), significant(load.cpu_milliseconds), mib(load.rss_before), mib(load.rss_after)])
    return table(["series", "encoding", "server", "body, kB", "scrapes", "scrapes/s", "× Exposer", "p50, ms", "p99, ms",
                  "CPU, ms/scrape", "RSS before, MiB", "RSS after, MiB"], rows)


def client_cells(client):
    return [f"{client['succeeded']}/{client['asked']}",
            " / ".join(significant(client[name]) for name in ("p50", "p99", "max"))]


def siege_table(sieges):
    rows = []
    for siege in sieges:
        clients = siege.clients
        rows.append([
            siege.server, siege.max_connections or "default", f"{siege.connections:,}", f"{siege.seconds:.0f}",
            f"{siege.crowd['open_average']:,.0f}", f"{siege.files_average:,.0f}",
            *client_cells(clients["new"]), *client_cells(clients["kept"]), clients["kept"]["reconnected"],
            *client_cells(clients["probe"]),
            f"{mib(siege.before.rss)} / {mib(siege.peak_rss)} / {mib(siege.after.rss)}",
            f"{siege.before.files} / {siege.peak_files} / {siege.after.files}", plus(siege.return_seconds),
            f"{siege.tcp_bytes / MIB:,.0f}"])
    return table(["server", "cap", "hostile", "s", "open (clients')", "open (server's files)", "new: ok", "new, ms",
                  "kept: ok", "kept, ms", "reconnected", "probes: ok", "probes, ms", "RSS, MiB", "files", "files back in",
                  "kernel TCP, MiB"], rows)


def flood_table(floods):
    return table(["flood", "connections", "s", "handshakes", "ended by the server", "probes: ok", "probes, ms"], [
        [flood.kind.replace("_", " "), flood.connections, f"{flood.seconds:.0f}", f"{flood.crowd['connected']:,}",
         f"{flood.crowd['ended_by_server']:,}", *client_cells(flood.probe)] for flood in floods])


def footprint_table(footprints):
    return table(["clients", "which", "RSS before, MiB", "RSS with them, MiB", "kB per client"], [
        [f"{each.connections:,}", each.what, mib(each.rss_before), mib(each.rss_with), f"{each.bytes_each / 1e3:.1f}"]
        for each in footprints])


def micro_table(micro, things):
    """Microseconds by benchmark name and number of items."""
    sizes = sorted({size for _, size in micro if size})
    names = list(dict.fromkeys(name for name, _ in micro))
    rows = [[f"`{name}`", *([significant(micro.get((name, size))) for size in sizes] if (name, None) not in micro else
                            [significant(micro[name, None]), *[""] * (len(sizes) - 1)])] for name in names]
    return table(["µs", *[f"{size:,} {things}" for size in sizes]], rows)


def verdicts(loads, sieges, floods, footprints):
    """Lists each requirement of the parts that ran, with the measured value and whether it is met."""
    for load in loads:
        key = (load.series, load.encoding)
        if load.server == EXPORTER and key == (10_000, "gzip"):
            for other in loads:
                if (other.series, other.encoding, other.server) == (*key, EXPOSER):
                    ratio = load.rate / other.rate
                    yield (f"10,000 series, gzip: at least {REQUIRED_RATIO} × Exposer's scrapes a second",
                           f"{significant(ratio)} × (CPU per scrape: "
                           f"{significant(other.cpu_milliseconds / load.cpu_milliseconds)} × less)",
                           ratio >= REQUIRED_RATIO)
            yield (f"10,000 series, gzip: p99 under {REQUIRED_P99} ms with 4 clients", f"{significant(load.p99)} ms",
                   load.p99 < REQUIRED_P99)
    for each in footprints:
        yield (f"{each.connections:,} clients, {each.what}: at most {REQUIRED_BYTES_EACH / 1e3:.1f} kB each",
               f"{each.bytes_each / 1e3:.1f} kB", each.bytes_each <= REQUIRED_BYTES_EACH)
    for siege in sieges:
        if siege.server != EXPORTER or any(getattr(siege, name) < least for name, least in REQUIRED_SIEGE.items()):
            continue
        what = f"{siege.connections:,} hostile for {siege.seconds:.0f} s, cap {siege.max_connections or 'default'}: "
        failed = sum(client["asked"] - client["succeeded"] for client in siege.clients.values())
        asked = sum(client["asked"] for client in siege.clients.values())
        yield what + "all scrapes and probes succeed", f"{failed} of {asked} failed", siege.all_succeeded
        worst = max(client["p99"] for client in siege.clients.values())
        yield (what + f"p99 under {REQUIRED_SIEGE_P99} ms", f"{significant(worst)} ms, failures included",
               siege.all_succeeded and worst < REQUIRED_SIEGE_P99)
        yield (what + f"files back within {RETURN_SECONDS} s, RSS within 10 % and 4 MiB",
               f"{plus(siege.return_seconds)}, {mib(siege.before.rss)} to {mib(siege.after.rss)} MiB", siege.returned)
    for flood in floods:
        yield (f"TLS flood of {flood.kind.replace('_', ' ')}: no probe waits longer than {REQUIRED_FLOOD_LONGEST} ms",
               f"{significant(flood.probe['max'])} ms, failures included",
               flood.all_succeeded and flood.probe["max"] <= REQUIRED_FLOOD_LONGEST)


def verdict_table(judged):
    return table(["required", "measured", "met"], [[*words, "yes" if met else "**no**"] for *words, met in judged])


def first_line(*command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (output.stdout or output.stderr).split("\n", 1)[0]


def package(name):
    return first_line("dpkg-query", "--show", "--showformat=${Version}", name)


def _found_in(path, pattern):
    with open(path, encoding="utf-8") as file:
        found = re.search(pattern, file.read(), re.M)
    return found.group(1) if found else "unknown"


def serving_tools():
    version = f"{NODE_EXPORTER} {package('prometheus-node-exporter')}"
    if node_exporter_path():
        go = subprocess.run([node_exporter_path(), "--version"], capture_output=True, text=True, check=False)
        version += " (" + re.sub(r"(?s).*go version:\s*(\S+).*", r"\1", go.stdout + go.stderr) + ")"
    return [["compared with", f"prometheus-cpp {package('prometheus-cpp-dev')}, {version}"],
            ["load from", f"wrk {package('wrk')}, Python {platform.python_version()}"]]


def machine(build, tools):
    """The machine and its software. Call it before measuring."""
    cache = os.path.join(build, "CMakeCache.txt")
    compiler = _found_in(cache, r"^CMAKE_CXX_COMPILER:\w+=(.*)$")
    processor = _found_in("/proc/cpuinfo", r"^model name\s*: (.*)$")
    system = _found_in("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')
    build_type = _found_in(cache, r"^CMAKE_BUILD_TYPE:\w+=(.*)$")
    memory = int(_found_in("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / MIB
    return table(["", ""], [
        ["date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())],
        ["revision", first_line("git", "-C", os.path.dirname(__file__), "describe", "--always", "--dirty", "--exclude=*")],
        ["processor", f"{processor}, {os.cpu_count()} visible"],
        ["memory", f"{memory:.0f} GiB"],
        ["system", f"{system}, Linux {platform.release()}"],
        ["compiler", f"{first_line(compiler, '--version')}, {build_type}"],
        *tools,
        ["busy with other things", f"load average {os.getloadavg()[0]:.1f} over the minute before the start"],
    ])


def write_between_markers(path, markers, text):
    begin, end = markers
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin)
    _, after = rest.split(end)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{text}{end}{after}")
