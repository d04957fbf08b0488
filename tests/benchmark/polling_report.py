"""The polling results as Markdown."""
import platform
import statistics

from poll_cost import DISCARD, EXPORTER, EXPORTER_ONE, PYTHON, ratio
from poll_organizations import WINDOW_SECONDS
from report import first_line, mib, package, significant, table

REQUIRED_COST = 2.5
REQUIRED_COST_TOKENS = 100_000
REQUIRED_PACE = 1.15
REQUIRED_SHARE_POLLED = 0.95  # as polls are not exact to the second, one may fall outside the measured interval
REQUIRED_PACE_AT = {"milliseconds": 100, "concurrency": 8}


def without_copy(micro, name, tokens):
    """Microseconds per token, less the copy that two of the steps need only in the benchmark."""
    return (micro[name, tokens] - micro["copy", tokens]) / tokens


def cost_table(costs, micro):
    by_client = {cost.client: cost for cost in costs}
    discard = by_client[DISCARD]
    rows = [[
        cost.client, f"{statistics.median(cost.cpu):.3f}", f"{statistics.median(cost.start_cpu):.3f}",
        significant(cost.microseconds_per_token), significant(ratio(by_client[EXPORTER], cost)),
        significant(ratio(cost, discard)), f"{statistics.median(cost.wall):.2f}", mib(cost.peak_rss)]
            for cost in costs]
    tokens = costs[0].tokens
    if ("parse_into_nothing", tokens) in micro:
        nothing = without_copy(micro, "parse_into_nothing", tokens)
        rows.append(["RapidJSON into nothing (a step, below)", "–", "–", significant(nothing),
                     significant(by_client[EXPORTER].microseconds_per_token / nothing),
                     significant(nothing / discard.microseconds_per_token), "–", "–"])
    return table([f"{tokens:,} tokens", "CPU, s", "start's CPU, s", "µs/token after the start", "exporter's CPU, × this",
                  "this CPU, × fetch and discard", "wall, s", "peak RSS, MiB"], rows)


def steps_table(micro):
    sizes = sorted({size for _, size in micro})
    rows = []
    for name in dict.fromkeys(name for name, _ in micro):
        if name == "copy":
            continue
        overwrites = name in ("parse", "parse_into_nothing")
        rows.append([f"`{name}`", *[significant(
            without_copy(micro, name, size) if overwrites else micro[name, size] / size) for size in sizes]])
    return table(["µs/token", *[f"{size:,} tokens" for size in sizes]], rows)


def instructions_table(found):
    by_client = {each.client: each for each in found}
    exporter = by_client[EXPORTER]
    text = table(["instructions", "tokens", "in all, without the start", "start", "for each token", "exporter's, × this"], [
        [each.client, f"{each.tokens:,}", f"{each.total:,}", f"{each.start:,}", significant(each.each),
         significant(exporter.each / each.each)] for each in found])
    return text + "\n" + table(["exporter's functions, most first", "for each token", "share"], [
        [f"`{name}`", significant(count / exporter.tokens), f"{count / exporter.total:.1%}"]
        for name, count in exporter.functions])


def latency_table(latencies):
    return table(["latency, ms", "at once", "pages", "ideal, s", "waits one after another", "poll, s", "× ideal"], [
        [each.milliseconds, each.concurrency, each.pages, f"{each.ideal:.2f}", each.rounds,
         f"{statistics.median(each.seconds):.3f}", f"{each.ratio:.3f}"] for each in latencies])


def limit_table(limited):
    return table(["limit", "at once", "pages", "requests", "429 (source's count)", "429 (exporter's count)", "ideal, s",
                  "first page to last, s", "× ideal"], [
        [f"{each.limit} in {each.period} s", each.concurrency, each.pages, each.requests, each.refused, each.told_429,
         f"{each.ideal:.2f}", f"{each.seconds:.2f}", f"{each.ratio:.3f}" if each.ideal else "–"] for each in limited])


def sizes_table(sizes):
    smallest = sizes[0]
    rows = []
    for each in sizes:
        more = each.tokens - smallest.tokens
        rows.append([f"{each.tokens:,}", f"{each.pages:,}", mib(each.peak_rss),
                     significant((each.peak_rss - smallest.peak_rss) / more) if more else "–",
                     f"{each.cpu_seconds:.2f}", f"{each.wall_seconds:.2f}"])
    return table(["tokens", "pages", "peak RSS, MiB", f"bytes for each token beyond {smallest.tokens:,}", "CPU, s",
                  "wall, s"], rows)


def scrape_cells(seen):
    return " / ".join(significant(seen[name]) for name in ("p50", "p99", "max"))


def organizations_table(found):
    rows = [[f"{each.count:,}", f"{each.interval:g}", f"{each.ready_seconds:.1f}",
             f"{each.series:,}", f"{each.body_bytes / 1e3:,.0f}", each.threads, mib(each.rss), mib(each.peak_rss),
             f"{each.polls:,}", each.fullest_at_start, each.fullest, significant(each.even_share),
             f"{each.cpu_seconds:.2f}", scrape_cells(each.busy), scrape_cells(each.idle)] for each in found]
    return table(["organizations", "interval, s", "ready after, s", "series", "scrape, kB gzip", "threads", "RSS, MiB", "peak RSS, MiB",
                  "polls in an interval", f"most in {WINDOW_SECONDS} s at the start", f"most in {WINDOW_SECONDS} s after it",
                  "even share", "CPU in an interval, s", "scrape, ms", "scrape while idle, ms"], rows)


def verdicts(costs, latencies, limited, organizations):
    """Lists each requirement of the parts that ran, with the measured value and whether it is met."""
    by_client = {cost.client: cost for cost in costs if cost.tokens == REQUIRED_COST_TOKENS}
    if by_client:
        discard = by_client[DISCARD]
        times = ratio(by_client[EXPORTER], discard)
        beside = [f"{client}: {significant(ratio(by_client[client], discard))} ×"
                  for client in (EXPORTER_ONE, PYTHON) if client in by_client]
        yield (f"{REQUIRED_COST_TOKENS:,} tokens: at most {REQUIRED_COST} × the CPU of fetch and discard",
               f"{significant(times)} ×" + (f" ({'; '.join(beside)})" if beside else ""), times <= REQUIRED_COST)
    for each in latencies:
        if all(getattr(each, name) == value for name, value in REQUIRED_PACE_AT.items()):
            yield (f"{each.milliseconds} ms, {each.concurrency} pages at once: at most {REQUIRED_PACE} × the ideal time",
                   f"{each.ratio:.3f} ×", each.ratio <= REQUIRED_PACE)
    for each in limited:
        refused = max(each.refused, each.told_429)
        yield (f"{each.pages} pages at {each.limit} in {each.period} s, {each.concurrency} at once: no 429",
               f"{refused}, {each.seconds:.1f} s where {each.ideal:.1f} s are the least", refused == 0)
    for each in organizations:
        yield (f"organizations, each polled every {each.interval} s: {each.count}",
               f"{each.polls} polls begun in {each.interval} s", each.polls >= REQUIRED_SHARE_POLLED * each.count)


def tools():
    return [["compared with", f"cpp-httplib {package('libcpp-httplib-dev')}, RapidJSON {package('rapidjson-dev')}, "
                              f"{' '.join(first_line('curl', '--version').split()[:2])}, Python {platform.python_version()}, "
                              f"requests {package('python3-requests')}, "
                              f"prometheus_client {package('python3-prometheus-client')}"],
            ["instructions by", first_line("valgrind", "--version")]]
