#!/usr/bin/env python3
"""Well-behaved clients of one server: a scrape on a new connection, a scrape on a kept connection and a health probe, each every
50 ms by default. Runs as its own process, so that nothing else delays its clocks. Prints a line of JSON at the end; a
failure counts with the time it took."""
import argparse
import http.client
import json
import threading
import time

PAUSE_SECONDS = 0.05
CLIENTS = ["new", "kept", "probe"]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


class Client(threading.Thread):
    def __init__(self, arguments, path, any_status=False, keeps=False):
        super().__init__(daemon=True)
        self.arguments = arguments
        self.path = path
        self.any_status = any_status
        self.keeps = keeps
        self.connection = None
        self.milliseconds = []
        self.succeeded = 0
        self.reconnected = 0
        self.failures = {}

    def run(self):
        end = time.monotonic() + self.arguments.seconds
        while (begin := time.monotonic()) < end:
            try:
                self.ask()
                self.succeeded += 1
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                words = f"{type(error).__name__}: {error}"
                self.failures[words] = self.failures.get(words, 0) + 1
            taken = time.monotonic() - begin
            self.milliseconds.append(taken * 1e3)
            time.sleep(max(0, self.arguments.pause - taken))

    def ask(self):
        """The server may close a kept connection at any time between two requests. Then the request is repeated once on a new
        connection, as Prometheus does."""
        if self.keeps and self.connection:
            try:
                return self.ask_once()
            except (ConnectionError, http.client.RemoteDisconnected):
                self.close()
                self.reconnected += 1
        return self.ask_once()

    def ask_once(self):
        if not self.connection:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.arguments.port, timeout=self.arguments.timeout)
        self.connection.request("GET", self.path, headers={"Accept-Encoding": "gzip"})
        response = self.connection.getresponse()
        response.read()  # raises if the response is truncated
        if response.status != 200 and not self.any_status:
            raise ValueError(f"status {response.status}")
        if not self.keeps:
            self.close()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def report(self):
        return {
            "asked": len(self.milliseconds), "succeeded": self.succeeded, "reconnected": self.reconnected,
            "p50": percentile(self.milliseconds, 0.5), "p99": percentile(self.milliseconds, 0.99),
            "max": max(self.milliseconds, default=None), "failures": self.failures,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--probe-path", required=True)
    parser.add_argument("--any-probe-status", action="store_true", help="any answer to a probe is a success")
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="from the start of one request to the next")
    parser.add_argument("--only", default=",".join(CLIENTS), help="some of " + ",".join(CLIENTS))
    arguments = parser.parse_args()
    clients = {
        "new": Client(arguments, "/metrics"),
        "kept": Client(arguments, "/metrics", keeps=True),
        "probe": Client(arguments, arguments.probe_path, any_status=arguments.any_probe_status),
    }
    clients = {name: clients[name] for name in arguments.only.split(",")}
    for client in clients.values():
        client.start()
    for client in clients.values():
        client.join()
    print(json.dumps({name: client.report() for name, client in clients.items()}))


if __name__ == "__main__":
    main()
