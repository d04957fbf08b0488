"""Recounts the simulated organization independently, in another language and from the API itself, and compares every inventory
family of one `--once` poll with the result, exactly."""
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
# Worst first.
REASONS = ["leaked", "never_expires_privileged", "expiring_in_use", "unused_privileged", "unscoped", "never_expires",
           "lifetime_over_policy", "unused", "expired_still_listed"]
PAIRS = [("personal", "user"), ("service", "service_account")]
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
    """Every inventory family, as defined by the table in the reference."""

    def __init__(self, tokens, now, privileged):
        self.now = now
        self.privileged = privileged
        self.families = collections.defaultdict(lambda: collections.defaultdict(float))
        self.findings = {}  # by token id
        self.worst_first = []  # rank of the worst finding, expiry, id
        self.owners = collections.defaultdict(set)
        self.scopes = collections.Counter()
        self.grants = collections.Counter()
        self._zero_fill()
        for token in tokens:
            self._add(token)
        for pair, owners in self.owners.items():
            self._set("datadog_access_token_owners", len(owners), *self._pair(pair))
        self._write_scopes()
        self.worst_first.sort()
        # Leaks are reported for the pairs of types that have a leaked token, and always for the natural pairs.
        for key, value in self.families["datadog_access_tokens_at_risk"].items():
            if ("reason", "leaked") in key:
                self.families["datadog_access_tokens_leaked"][key - {("reason", "leaked")}] = value
        everybody = set().union(*self.owners.values())
        self._set("datadog_access_token_listing_single_owner", int(len(everybody) == 1))

    @staticmethod
    def _pair(pair):
        return ("token_type", pair[0]), ("owner_type", pair[1])

    def _add_to(self, name, amount, *labels):
        self.families[name][frozenset((("org", "default"), *labels))] += amount

    def _set(self, name, value, *labels):
        self.families[name][frozenset((("org", "default"), *labels))] = value

    def _zero_fill(self):
        for pair in PAIRS:
            for bucket in ("expired", *interval_names(EXPIRY), "never"):
                self._add_to("datadog_access_tokens", 0, *self._pair(pair), ("expiry_bucket", bucket))
            for reason in REASONS:
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
        if not scopes:
            self._add_to("datadog_access_tokens_unscoped", 1, *labels, expiry)
        if privileged:
            self._add_to("datadog_access_tokens_privileged", 1, *labels, expiry)
        last_used = "never" if used is None else interval(self.now - used, LAST_USED)
        self._add_to("datadog_access_tokens_by_last_use", 1, *labels, ("last_used_bucket", last_used))
        self._add_to("datadog_access_tokens_by_age", 1, *labels, ("age_bucket", interval(self.now - created, AGE)))
        unused = not expired and self.now - (created if used is None else used) > 90 * DAY
        in_use = used is not None and self.now - used <= 7 * DAY
        findings = {
            "expiring_in_use": expires is not None and not expired and expires - self.now <= 7 * DAY and in_use
                               and expires - created > 8 * DAY,
            "unscoped": not scopes and not expired,
            "never_expires": expires is None,
            "never_expires_privileged": expires is None and privileged,
            "unused": unused,
            "unused_privileged": unused and privileged,
            "lifetime_over_policy": expires is not None and not expired and expires - created > 365 * DAY,
            "expired_still_listed": expired,
            "leaked": leaked,
        }
        found = [reason for reason in REASONS if findings[reason]]
        for reason in found:
            self._add_to("datadog_access_tokens_at_risk", 1, *labels, ("reason", reason))
        if leaked:
            self._add_to("datadog_access_tokens_leaked", 1, *labels)
        self.findings[token["id"]] = found
        if found:
            never = float("inf")
            self.worst_first.append((REASONS.index(found[0]), never if expires is None else expires, token["id"]))
        self.owners[pair].add(owner["id"])
        for scope in scopes:
            self.scopes[scope] += 1
            self.grants[(scope, pair, bucket)] += 1
        if expires is not None and not expired:
            self._earliest("datadog_access_token_next_expiry_timestamp_seconds", expires, labels)
        if findings["expiring_in_use"]:
            self._earliest("datadog_access_token_next_expiry_in_use_timestamp_seconds", expires, labels)
        self._earliest("datadog_access_token_oldest_creation_timestamp_seconds", created, labels)
        if attributes["public_portion"] == "ddpat_demo":
            self._set("datadog_access_token_credential_expiry_timestamp_seconds", expires)

    def _earliest(self, name, moment, labels):
        key = frozenset((("org", "default"), *labels))
        self.families[name][key] = min(self.families[name].get(key, moment), moment)

    def _write_scopes(self):
        by_rank = sorted(self.scopes, key=lambda scope: (-self.scopes[scope], scope))
        named = set(by_rank[:SCOPE_LIMIT])
        self._set("datadog_access_token_distinct_scopes", len(self.scopes))
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
            and not name.startswith(("datadog_access_token_poll", "datadog_access_token_listing_",
                                     "datadog_access_token_api", "datadog_access_token_unparsed",
                                     "datadog_access_token_exporter"))
            and not name.endswith(("_created_total", "_removed_total", "_changes_total"))
        ]
        names.append("datadog_access_token_listing_single_owner")
        self.assertEqual(sorted(names), sorted(self.recount.families))
        for name in names:
            with self.subTest(name):
                published = {tuple(sorted(key)): round(value, 3) for key, value in self.published[name].items()}
                expected = {tuple(sorted(key)): round(value, 3) for key, value in self.recount.families[name].items()}
                self.assertEqual(published, expected)

    def test_the_first_poll_is_no_churn(self):
        for name in ("created", "removed", "scope_changes"):
            self.assertEqual(set(self.published[f"datadog_access_tokens_{name}_total"].values()), {0})


def default_privileged_scopes():
    """The list shown by --help."""
    text = harness.run("--help").stdout.partition("--scopes.privileged")[2].partition("Default:")[2]
    return set("".join(text.partition("\n  --")[0].split()).split(","))


class Detail(unittest.TestCase):
    """5,000 tokens: more of them have a finding than may be listed individually."""

    @classmethod
    def setUpClass(cls):
        with harness.SimulatedDatadog("--tokens", "5000") as api:
            done = harness.run("--once", "--datadog.base-url", api.url, "--tokens.detail", "findings",
                               DD_BEARER_TOKEN=harness.ACCESS_TOKEN)
            assert done.returncode == 0, done.stderr
            cls.log = done.stderr
            cls.published = harness.parse_text(done.stdout)
            tokens = list(list_tokens(api.url))
        now = next(iter(cls.published["datadog_access_token_poll_last_attempt_timestamp_seconds"].values()))
        cls.recount = Recount(tokens, now, default_privileged_scopes())
        cls.shown = collections.defaultdict(set)
        for labels in cls.published["datadog_access_token_finding"]:
            labels = dict(labels)
            cls.shown[labels["token_id"]].add(labels["reason"])

    def test_the_worst_thousand_are_shown_with_all_their_findings(self):
        worst = [token for _, _, token in self.recount.worst_first[:1000]]
        self.assertEqual(self.shown, {token: set(self.recount.findings[token]) for token in worst})

    def test_every_privileged_token_that_never_expires_is_among_them(self):
        expected = {token for token, found in self.recount.findings.items() if "never_expires_privileged" in found}
        self.assertGreater(len(expected), 100)
        self.assertEqual({token for token, found in self.shown.items() if "never_expires_privileged" in found}, expected)

    def test_omitted_tokens_are_counted_and_logged(self):
        omitted = len(self.recount.worst_first) - 1000
        self.assertGreater(omitted, 0)
        self.assertEqual(list(self.published["datadog_access_tokens_detail_omitted"].values()), [omitted])
        self.assertIn(f"omitted={omitted}", self.log)
        self.assertEqual(self.log.count("more tokens than tokens.detail-limit"), 1)


class SmallOrganization(unittest.TestCase):
    def test_five_tokens_make_at_most_160_series(self):
        done = harness.run("--demo", "--demo.tokens", "5", "--once")
        series = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        self.assertLessEqual(len(series), 160)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
