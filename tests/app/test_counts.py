"""Counts the simulated organization a second time, in another language and from the API itself, and compares every
inventory family of one `--once` poll with that, to the token."""
import collections
import datetime
import gzip
import json
import os
import sys
import tempfile
import unittest

import harness

DAY = 86400
EXPIRY = [(1, "1d"), (7, "7d"), (30, "30d"), (90, "90d"), (365, "365d")]
LAST_USED = EXPIRY[:-1]
AGE = EXPIRY[1:]
PAIRS = [(token, owner) for token in ("personal", "service") for owner in ("user", "service_account")]
TOKENS = int(os.environ.get("TOKENS", "3000"))
SCOPE_LIMIT = 40


def interval_names(bounds):
    names = [name for _, name in bounds]
    return ["under_" + names[0]] + [f"{a}_to_{b}" for a, b in zip(names, names[1:])] + ["over_" + names[-1]]


def interval(seconds, bounds):
    return interval_names(bounds)[sum(seconds >= days * DAY for days, _ in bounds)]


def seconds_of(text):
    if text is None:
        return None
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def list_tokens(url):
    tokens = {}
    for number in range(100_000):
        _, headers, body = harness.get(
            f"{url}/api/v2/personal_access_tokens?page%5Bsize%5D=100&page%5Bnumber%5D={number}&sort=created_at",
            {"Authorization": "Bearer " + harness.ACCESS_TOKEN},
        )
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        page = json.loads(body)
        if not page["data"]:
            return tokens.values()
        tokens.update({token["id"]: token for token in page["data"]})
    raise AssertionError("the listing has no end")


class Recount:
    """Every inventory family, as README's table defines it."""

    def __init__(self, tokens, now, privileged):
        self.now = now
        self.privileged = privileged
        self.families = collections.defaultdict(lambda: collections.defaultdict(float))
        self.owners = collections.defaultdict(set)
        self.scopes = collections.Counter()
        self.grants = collections.Counter()
        self._zero_fill()
        for token in tokens:
            self._add(token)
        for pair, owners in self.owners.items():
            self._set("datadog_access_token_owners", len(owners), *self._pair(pair))
        self._write_scopes()

    @staticmethod
    def _pair(pair):
        return ("token_type", pair[0]), ("owner_type", pair[1])

    def _add_to(self, name, amount, *labels):
        self.families[name][frozenset((("org", "default"), *labels))] += amount

    def _set(self, name, value, *labels):
        self.families[name][frozenset((("org", "default"), *labels))] = value

    def _zero_fill(self):
        buckets = {
            "datadog_access_tokens": ("expiry_bucket", ["expired", *interval_names(EXPIRY), "never", "unknown"]),
            "datadog_access_tokens_by_last_use": ("last_used_bucket", ["never", *interval_names(LAST_USED), "unknown"]),
            "datadog_access_tokens_by_age": ("age_bucket", [*interval_names(AGE), "unknown"]),
        }
        for name in ("datadog_access_tokens_unscoped", "datadog_access_tokens_privileged"):
            buckets[name] = buckets["datadog_access_tokens"]
        reasons = ("never_expires", "never_expires_privileged", "unused", "unused_privileged", "lifetime_over_policy",
                   "expired_still_listed", "leaked")
        for pair in PAIRS:
            for name, (label, values) in buckets.items():
                for value in values:
                    self._add_to(name, 0, *self._pair(pair), (label, value))
            for reason in reasons:
                self._add_to("datadog_access_tokens_at_risk", 0, *self._pair(pair), ("reason", reason))
            self._add_to("datadog_access_tokens_leaked", 0, *self._pair(pair))
            self._add_to("datadog_access_token_owners", 0, *self._pair(pair))

    def _add(self, token):
        attributes = token["attributes"]
        relationships = token["relationships"]
        owner = relationships["owned_by"]["data"]
        pair = (
            {"personal_access_tokens": "personal", "service_access_tokens": "service"}.get(token["type"], "other"),
            {"users": "user", "service_account": "service_account"}.get(owner["type"], "other"),
        )
        labels = self._pair(pair)
        expires = seconds_of(attributes.get("expires_at"))
        created = seconds_of(attributes["created_at"])
        used = seconds_of(attributes.get("last_used_at"))
        scopes = set(attributes["scopes"])
        leaked = relationships["leak_information"]["data"] is not None
        expired = expires is not None and expires <= self.now
        bucket = "never" if expires is None else "expired" if expired else interval(expires - self.now, EXPIRY)
        expiry = ("expiry_bucket", bucket)
        privileged = bool(scopes & self.privileged)

        self._add_to("datadog_access_tokens", 1, *labels, expiry)
        self._add_to("datadog_access_tokens_unscoped", not scopes, *labels, expiry)
        self._add_to("datadog_access_tokens_privileged", privileged, *labels, expiry)
        last_used = "never" if used is None else interval(self.now - used, LAST_USED)
        self._add_to("datadog_access_tokens_by_last_use", 1, *labels, ("last_used_bucket", last_used))
        self._add_to("datadog_access_tokens_by_age", 1, *labels, ("age_bucket", interval(self.now - created, AGE)))
        self._add_to("datadog_access_tokens_leaked", leaked, *labels)
        unused = not expired and self.now - (created if used is None else used) > 90 * DAY
        findings = {
            "never_expires": expires is None,
            "never_expires_privileged": expires is None and privileged,
            "unused": unused,
            "unused_privileged": unused and privileged,
            "lifetime_over_policy": expires is not None and not expired and expires - created > 365 * DAY,
            "expired_still_listed": expired,
            "leaked": leaked,
        }
        for reason, found in findings.items():
            self._add_to("datadog_access_tokens_at_risk", found, *labels, ("reason", reason))
        self.owners[pair].add(owner["id"])
        for scope in scopes:
            self.scopes[scope] += 1
            self.grants[(scope, pair, bucket)] += 1
        if expires is not None and not expired:
            self._earliest("datadog_access_token_next_expiry_timestamp_seconds", expires, labels)
        self._earliest("datadog_access_token_oldest_creation_timestamp_seconds", created, labels)
        if attributes["public_portion"] == "ddpat_demo":
            self._set("datadog_access_token_credential_expiry_timestamp_seconds", expires)

    def _earliest(self, name, moment, labels):
        key = frozenset((("org", "default"), *labels))
        self.families[name][key] = min(self.families[name].get(key, moment), moment)

    def _write_scopes(self):
        by_rank = sorted(self.scopes, key=lambda scope: (-self.scopes[scope], scope))
        named = set(by_rank[:SCOPE_LIMIT])
        self._set("datadog_access_token_scopes", len(self.scopes))
        self._set("datadog_access_token_scopes_folded", len(self.scopes) - len(named))
        for (scope, pair, bucket), count in self.grants.items():
            name = scope if scope in named else "other"
            self._add_to("datadog_access_token_scope_grants", count, ("scope", name), *self._pair(pair),
                         ("expiry_bucket", bucket))


class Counts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with harness.SimulatedDatadog("--tokens", str(TOKENS), "--seed", "7") as api:
            with tempfile.TemporaryDirectory() as directory:
                output = os.path.join(directory, "once.prom")
                done = harness.run(
                    "--once", "--once.output", output, "--datadog.base-url", api.url, "--scopes.limit", str(SCOPE_LIMIT),
                    "--scopes.privileged", "org_management,user_access_manage,api_keys_write",
                    DD_BEARER_TOKEN=harness.ACCESS_TOKEN,
                )
                assert done.returncode == 0, done.stderr
                with open(output, encoding="utf-8") as file:
                    cls.published = harness.parse_text(file.read())
            cls.tokens = list(list_tokens(api.url))
        now = next(iter(cls.published["datadog_access_token_poll_last_attempt_timestamp_seconds"].values()))
        cls.recount = Recount(cls.tokens, now, {"org_management", "user_access_manage", "api_keys_write"})

    def test_the_whole_organization_was_listed(self):
        self.assertEqual(len(self.tokens), TOKENS)
        self.assertEqual(list(self.published["datadog_access_token_listing_complete"].values()), [1])

    def test_every_inventory_family_is_right_to_the_token(self):
        names = [
            name for name in self.published
            if name.startswith(("datadog_access_tokens", "datadog_access_token_"))
            and not name.startswith(("datadog_access_token_poll", "datadog_access_token_listing",
                                     "datadog_access_token_api", "datadog_access_token_unparsed",
                                     "datadog_access_token_exporter"))
            and not name.endswith(("_created_total", "_removed_total", "_changes_total"))
        ]
        self.assertEqual(sorted(names), sorted(self.recount.families))
        for name in names:
            with self.subTest(name):
                published = {tuple(sorted(key)): round(value, 3) for key, value in self.published[name].items()}
                expected = {tuple(sorted(key)): round(value, 3) for key, value in self.recount.families[name].items()}
                self.assertEqual(published, expected)

    def test_the_first_poll_is_no_churn(self):
        for name in ("created", "removed", "scope_changes"):
            self.assertEqual(set(self.published[f"datadog_access_tokens_{name}_total"].values()), {0})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
