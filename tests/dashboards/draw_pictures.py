#!/usr/bin/env python3
"""Draws the README's pictures again: lets a Prometheus watch the exporter under --demo for a while, after a day of a slightly
smaller organization, and runs dashboards/picture.py on it. Needs EXPORTER, as the tests do.

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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="how long to watch")
    parser.add_argument("--folder", default=os.path.join(support.DASHBOARDS, "pictures"), help="where the pictures go")
    options = parser.parse_args()
    yesterday = harness.run("--demo", "--once", "--demo.tokens", "380").stdout
    end = time.time() - 60
    past = history(yesterday, {"job": JOB, "instance": "10.2.0.11:10077"}, end - 90000, end, 240, time.time() - 86400)
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
