"""What survives a restart: the numbers, with their true age, and the churn counters."""
import os
import stat
import tempfile
import unittest

import harness

ORG = frozenset({("org", "default")})


class WarmStart(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "state")

    def exporter(self, url, *arguments):
        return harness.Exporter("--datadog.base-url", url, "--state.file", self.path, *arguments,
                                DD_BEARER_TOKEN=harness.ACCESS_TOKEN)

    def numbers_of_one_run(self, api, *arguments):
        with self.exporter(api.url, *arguments) as exporter:
            exporter.wait_for_poll()
            return exporter.metrics()

    def test_only_the_owner_can_read_the_file(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_numbers_of_another_endpoint_are_not_shown(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
        with self.exporter("http://127.0.0.1:1", "--poll.timeout", "1s") as exporter:
            self.assertEqual(len(exporter.events("the saved state is not used")), 1)
            self.assertNotIn("datadog_access_tokens", exporter.metrics())

    def test_saved_numbers_are_shown_with_their_true_age_while_the_api_is_down(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            before = self.numbers_of_one_run(api)
            url = api.url
        with self.exporter(url, "--poll.timeout", "1s") as exporter:
            harness.wait_until(lambda: harness.get(exporter.url + "/readyz")[0] == 200, "a first attempt has finished")
            after = exporter.metrics()

        self.assertEqual(after["datadog_access_token_poll_success"][ORG], 0)
        inventory = [name for name in before if name.startswith("datadog_access_tokens")
                     or name in ("datadog_access_token_scope_grants", "datadog_access_token_owners",
                                 "datadog_access_token_poll_last_success_timestamp_seconds",
                                 "datadog_access_token_listing_complete")]
        self.assertGreater(len(inventory), 10)
        for name in inventory:
            self.assertEqual({labels: round(value) for labels, value in after[name].items()},
                             {labels: round(value) for labels, value in before[name].items()}, name)

    def test_churn_continues_where_it_stopped(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
            again = self.numbers_of_one_run(api)
        # With no previous state, no token would count as created; with a damaged one, all of them would.
        self.assertEqual(sum(again["datadog_access_tokens_created_total"].values()), 0)
        self.assertEqual(sum(again["datadog_access_tokens_removed_total"].values()), 0)

    def test_churn_between_two_runs_is_counted(self):
        with harness.SimulatedDatadog("--tokens", "250", "--alive") as api:
            self.numbers_of_one_run(api)
            with self.exporter(api.url, "--poll.interval", "1s") as exporter:
                exporter.wait_for_poll(3)
                first = exporter.metrics()["datadog_access_tokens_created_total"]
            again = self.numbers_of_one_run(api)["datadog_access_tokens_created_total"]
        for labels, value in first.items():
            self.assertGreaterEqual(again[labels], value)

    def test_numbers_beyond_stale_after_are_not_shown(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
            url = api.url
        with self.exporter(url, "--poll.timeout", "1s", "--poll.interval", "1s", "--poll.stale-after", "1s") as exporter:
            harness.wait_until(lambda: harness.get(exporter.url + "/readyz")[0] == 200, "a first attempt has finished")
            harness.wait_until(lambda: "datadog_access_tokens" not in exporter.metrics(), "the numbers are gone")

    def test_a_torn_file_is_logged_and_replaced(self):
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
            with open(self.path, "r+b") as file:
                file.truncate(os.path.getsize(self.path) // 2)
            with self.exporter(api.url) as exporter:
                exporter.wait_for_poll()
            self.assertEqual(len(exporter.events("the saved state is not used")), 1)
            with self.exporter(api.url) as exporter:
                exporter.wait_for_poll()
            self.assertEqual(exporter.events("the saved state is not used"), [])

    def test_a_foreign_file_is_left_alone(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("somebody's notes\n")
        with harness.SimulatedDatadog("--tokens", "250") as api:
            self.numbers_of_one_run(api)
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "somebody's notes\n")


if __name__ == "__main__":
    unittest.main()
