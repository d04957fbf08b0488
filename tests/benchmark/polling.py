"""The cost of polling: CPU, time and memory, with one organization and with many."""
import dataclasses

import poll_cost
import poll_instructions
import poll_organizations
import poll_pace
import polling_report
import report
from common import run_micro, say
from servers import raise_file_limit

PARTS = ["steps", "cost", "latency", "limit", "sizes", "organizations", "instructions"]


@dataclasses.dataclass
class Plan:
    """The extent of the measurements."""

    micro_seconds: float  # for each of the micro benchmarks
    cost: tuple  # (tokens, rounds)
    latencies: list  # milliseconds
    latency_pages: int
    latency_rounds: int
    limit: tuple  # (pages, requests per period, seconds per period)
    sizes: list  # tokens
    organizations: list  # (number, seconds between polls)
    tokens_each: int
    idle_seconds: int
    instructions: int  # tokens


PLANS = {
    # 81 pages: one page alone, then full rounds of 4 or 8.
    "full": Plan(0.3, (100_000, 7), [20, 100], 81, 3, (350, 100, 10), [10_000, 100_000, 1_000_000], [(1, 20), (50, 20), (500, 60)],
                 200, 10, 20_000),
    "quick": Plan(0.1, (100_000, 3), [100], 41, 1, (35, 10, 1), [10_000, 100_000], [(50, 15)], 200, 5, 10_000),
    "smoke": Plan(0.001, (300, 1), [5], 9, 1, (25, 10, 1), [100], [(3, 2)], 20, 1, 300),
}


def measure(build, parts, how):
    """The sections of the report, and the verdicts."""
    plan = PLANS[how]
    raise_file_limit()
    machine = report.machine(build, polling_report.tools())
    micro, costs = {}, []
    if "steps" in parts:
        say("steps of a poll")
        micro = run_micro(build, "micro_poll", plan.micro_seconds)
    if "cost" in parts:
        say("cost of a poll")
        costs = poll_cost.measure(build, *plan.cost)
    instructions = poll_instructions.measure(build, plan.instructions) if "instructions" in parts else []
    latencies = poll_pace.measure_latencies(build, plan.latency_pages, plan.latencies, plan.latency_rounds) \
        if "latency" in parts else []
    limited = list(poll_pace.measure_limit(build, *plan.limit)) if "limit" in parts else []
    sizes = list(poll_cost.measure_sizes(build, plan.sizes)) if "sizes" in parts else []
    organizations = [
        poll_organizations.measure(build, count, plan.tokens_each, interval, plan.idle_seconds)
        for count, interval in plan.organizations] if "organizations" in parts else []

    judged = [] if how == "smoke" else list(polling_report.verdicts(costs, latencies, limited, organizations))
    return [("Required of polling", judged and report.verdict_table(judged)),
            ("CPU of a whole poll", costs and polling_report.cost_table(costs, micro)),
            ("Steps of a poll", micro and polling_report.steps_table(micro)),
            ("Instructions", instructions and polling_report.instructions_table(instructions)),
            ("Waiting for the network", latencies and polling_report.latency_table(latencies)),
            ("Waiting for a rate limit", limited and polling_report.limit_table(limited)),
            ("Size of an organization", sizes and polling_report.sizes_table(sizes)),
            ("Many organizations", organizations and polling_report.organizations_table(organizations)),
            ("Machine that polled", machine)], judged
