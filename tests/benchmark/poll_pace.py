"""The duration of a poll that waits for the network or for a rate limit, compared with the shortest possible."""
import dataclasses
import math
import statistics
import time

from common import say
from polls import PAGE_SIZE, Pages, at_once, knows_concurrency, pages_of, poll_once, seconds_of, sum_of

CONCURRENCIES = [1, 4, 8]
LIMITED_CONCURRENCIES = [1, 8]


@dataclasses.dataclass
class Latency:
    milliseconds: int
    concurrency: int
    pages: int
    seconds: list  # of each poll

    @property
    def ideal(self):
        """Seconds, if all concurrent requests could run from the start."""
        return math.ceil(self.pages / self.concurrency) * self.milliseconds / 1e3

    @property
    def rounds(self):
        """Sequential round trips: the first two pages one by one, then the rest concurrently."""
        return min(self.pages, 2) + math.ceil(max(self.pages - 2, 0) / self.concurrency)

    @property
    def ratio(self):
        return statistics.median(self.seconds) / self.ideal


def measure_latencies(build, page_count, latencies, rounds):
    """The settings take turns. The last page is short, so that the total proves the end."""
    found = [Latency(milliseconds, concurrency, 0, []) for milliseconds in latencies for concurrency in CONCURRENCIES
             if concurrency == 1 or knows_concurrency(build)]
    with Pages(build, page_count * PAGE_SIZE - 1) as pages:
        for number in range(rounds):
            for each in found:
                say(f"latency {each.milliseconds} ms, {each.concurrency} at once, round {number + 1}")
                pages.set_latency(each.milliseconds)
                run = poll_once(build, pages, *at_once(build, each.concurrency))
                each.pages = pages_of(run)
                each.seconds.append(seconds_of(run))
    return found


@dataclasses.dataclass
class Limited:
    limit: int
    period: int  # seconds
    concurrency: int
    pages: int
    requests: int
    refused: int  # counted by the source
    told_429: int  # counted by the program
    seconds: float
    ideal: float

    @property
    def ratio(self):
        return self.seconds / self.ideal


def ideal_seconds(began, requests, limit, period):
    """From the first request to the last, if each period's quota is used up at once: periods are aligned to the clock."""
    full_periods_before_last = (requests - 1) // limit
    last = (began // period + full_periods_before_last) * period
    return max(last - began, 0)


def measure_limit(build, page_count, limit, period):
    """One poll for each concurrency, started early in a period so that the ideal is the same for all."""
    for concurrency in LIMITED_CONCURRENCIES if knows_concurrency(build) else [1]:
        say(f"{page_count} pages at {limit} requests in {period} s, {concurrency} at once")
        with Pages(build, page_count * PAGE_SIZE - 1, "--limit", str(limit), "--period", str(period)) as pages:
            # Not at the very start of a period, where the exporter's start-up time would decide which period it hits.
            time.sleep((period * 0.1 - time.time()) % period)
            run = poll_once(build, pages, "--poll.rate-limit-reserve=0%", *at_once(build, concurrency))
            seen = pages.statistics()
        began = seen["first_pages"][0]
        yield Limited(limit, period, concurrency, pages_of(run), seen["requests"], seen["refused"],
                      int(sum_of(run.output, "datadog_access_token_api_requests_total", 'code="429"')),
                      seen["last_page"] - began, ideal_seconds(began, pages_of(run), limit, period))
