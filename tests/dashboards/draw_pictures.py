#!/usr/bin/env python3
"""Redraws the pictures of dashboards/README.md: a Prometheus scrapes the exporter under --demo for a while, after a backfilled week of
a slightly smaller organization; then dashboards/picture.py draws. Needs EXPORTER, as the tests do.

    EXPORTER=build/release/exporter/datadog_token_exporter python3 tests/dashboards/draw_pictures.py --minutes 30"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import support

import harness
from history import history
from prometheus_server import Prometheus

JOB = "datadog_token_exporter"


def a_day(now, days, looked_at):
    """The day that ended `days` days ago, with four tokens fewer than the day after it."""
    text = harness.run("--demo", "--once", "--tokens.detail", "findings", "--demo.tokens", str(396 - 4 * days)).stdout
    end = now - 60 - 86400 * days
    exporter = {"job": JOB, "instance": "10.2.0.11:10077"}
    return history(text, exporter, end - 86400 + 240, end, 240, looked_at).replace("# EOF\n", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="how long to watch")
    parser.add_argument("--folder", default=os.path.join(support.DASHBOARDS, "pictures"), help="where the pictures go")
    options = parser.parse_args()
    now = time.time()
    drawn = now + 60 * options.minutes
    past = "".join(a_day(now, days, [drawn - 86400, drawn - 7 * 86400]) for days in range(7, -1, -1)) + "# EOF\n"
    with harness.Exporter("--demo", "--tokens.detail", "all", "--poll.interval", "15s") as exporter, \
            tempfile.TemporaryDirectory() as directory:
        prometheus = Prometheus([(JOB, exporter.url[7:], {"instance": "10.2.0.17:10077"})], directory, past=past, interval="5s")
        try:
            harness.wait_until(prometheus.ready, "Prometheus is ready")
            time.sleep(60 * options.minutes)
            subprocess.run([sys.executable, os.path.join(support.DASHBOARDS, "picture.py"), "--prometheus", prometheus.url,
                            "--minutes", str(options.minutes), "--folder", options.folder], check=True)
        finally:
            prometheus.stop()


if __name__ == "__main__":
    main()
