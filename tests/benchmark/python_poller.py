#!/usr/bin/env python3
"""A typical poller of the same listing, for comparison with the exporter: requests and prometheus_client, one dictionary for each
token. It counts only the main families, does not notice changes of the listing while reading it, and has no rate limit, retries
or deadline.

    DD_BEARER_TOKEN=... python_poller.py http://127.0.0.1:8126"""
import collections
import datetime
import os
import sys

import prometheus_client
import requests

PAGE_SIZE = 100
EXPIRY_BOUNDS = [(1, "under_1d"), (7, "1d_to_7d"), (30, "7d_to_30d"), (90, "30d_to_90d"), (365, "90d_to_365d")]


def tokens(base_url):
    """Yields every token of the listing, page by page."""
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + os.environ["DD_BEARER_TOKEN"]
    number = 0
    while True:
        answer = session.get(base_url + "/api/v2/personal_access_tokens", timeout=30, params={
            "page[size]": PAGE_SIZE, "page[number]": number, "sort": "created_at"})
        answer.raise_for_status()
        page = answer.json()["data"]
        yield from page
        if not page:
            return
        number += 1


def expiry_bucket(expires_at, now):
    if expires_at is None:
        return "never"
    left = datetime.datetime.fromisoformat(expires_at) - now
    if left <= datetime.timedelta(0):
        return "expired"
    return next((name for days, name in EXPIRY_BOUNDS if left < datetime.timedelta(days)), "over_365d")


def main():
    now = datetime.datetime.now(datetime.timezone.utc)
    counts, grants = collections.Counter(), collections.Counter()
    seen, owners = set(), set()
    for token in tokens(sys.argv[1]):
        if token["id"] in seen:
            continue
        seen.add(token["id"])
        attributes = token["attributes"]
        owner = token.get("relationships", {}).get("owned_by", {}).get("data", {})
        owners.add(owner.get("id"))
        labels = token["type"], owner.get("type", "unknown"), expiry_bucket(attributes.get("expires_at"), now)
        counts[labels] += 1
        grants.update((scope, *labels) for scope in set(attributes["scopes"]))

    registry = prometheus_client.CollectorRegistry()
    names = ["token_type", "owner_type", "expiry_bucket"]
    gauge = prometheus_client.Gauge("datadog_access_tokens", "Tokens.", names, registry=registry)
    for labels, count in counts.items():
        gauge.labels(*labels).set(count)
    gauge = prometheus_client.Gauge("datadog_access_token_scope_grants", "Scopes.", ["scope", *names], registry=registry)
    for labels, count in grants.items():
        gauge.labels(*labels).set(count)
    prometheus_client.Gauge("datadog_access_token_owners", "Owners.", registry=registry).set(len(owners))
    sys.stdout.buffer.write(prometheus_client.generate_latest(registry))


if __name__ == "__main__":
    main()
