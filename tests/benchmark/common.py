"""Shared by the serving and polling benchmarks: progress output, and the micro benchmarks."""
import json
import subprocess
import sys
import time

from servers import program


def say(words):
    print(f"[{time.strftime('%H:%M:%S')}] {words}", file=sys.stderr, flush=True)


def run_micro(build, which, seconds):
    """{(name, size or None): microseconds of CPU}."""
    output = subprocess.run(
        [program(build, which), f"--benchmark_min_time={seconds}", "--benchmark_format=json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    results = {}
    for result in json.loads(output)["benchmarks"]:
        if result.get("error_occurred"):
            say(f"{result['name']}: {result['error_message']}")
            continue
        name, _, size = result["name"].rpartition("/")
        results[(name, int(size)) if size.isdigit() else (result["name"], None)] = result["cpu_time"]
    return results
