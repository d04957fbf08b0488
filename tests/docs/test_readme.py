"""README's length, sample and commands.

The first line of a shell block in README says who runs it, after the language and invisible to readers:

    ```sh run                       tests/platforms/follow_readme.sh, which waits for it to finish
    ```sh serves URL                the same, in the background, until URL answers
    ```sh elsewhere: needs …        nobody here, for this reason; as much of it as possible is checked below"""
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "app"), str(HERE.parent / "helm")]
import chart  # pylint: disable=wrong-import-position
import harness  # pylint: disable=wrong-import-position

import manual  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(harness.SOURCE_DIR)
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPT = (ROOT / "tests" / "platforms" / "follow_readme.sh").read_text(encoding="utf-8")
# Requirements of a block that a bare Debian does not meet.
ELSEWHERE = {"needs a Datadog organization", "needs Docker, a registry and a Kubernetes cluster", "needs Docker and a Datadog organization",
             "needs a release's package and a booted systemd"}
# Commands outside of blocks, with who runs them or why nobody does.
INLINE = {
    "sh tests/run.sh": ".ci/run does nothing else",
    "helm list -A": "needs a cluster",
    "docker compose --file dashboards/compose/compose.yaml up --build": "needs Docker; tests/image reads the file",
    "kubectl exec -n monitoring deploy/tokens-datadog-token-exporter -- /usr/bin/datadog_token_exporter --list=leaked": "needs a cluster",
    "sudo datadog-token-exporter-run --list=leaked": "needs a booted systemd; tests/image reads the script",
    "docker exec datadog-token-exporter /usr/bin/datadog_token_exporter --list=leaked": "needs Docker",
}
PROGRAMS = ("sh", "sudo", "apt", "apt-get", "git", "docker", "kubectl", "helm", "systemctl", "prometheus", "curl", "cmake", "ctest", "python3")


def commands(block):
    """The words of each command, with continued lines joined."""
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def block_with(text):
    found = [block for _, block in manual.blocks(README) if text in block]
    assert len(found) == 1, text
    return found[0]


class Readme(unittest.TestCase):
    maxDiff = None

    def test_has_at_most_200_lines(self):
        self.assertLessEqual(README.count("\n"), 200)

    def test_its_sample_is_what_the_demo_says(self):
        sample = re.search(r"<!-- sample:.*?-->\n```\n(.*?)```", README, re.S).group(1).splitlines()
        self.assertGreater(len(sample), 4)
        published = harness.run("--demo", "--once").stdout.splitlines()
        self.assertEqual([line for line in sample if line not in published], [])

    def test_its_check_answers_as_the_program_does(self):
        def without_numbers(text):
            return re.sub(r"\d+", "N", text)
        sample = re.search(r"`(answered in .*?)`", README, re.S).group(1)
        answer = harness.run("--demo", "--check").stdout
        self.assertIn(without_numbers(" ".join(sample.split())), without_numbers(answer))

    def test_its_counts_are_right(self):
        numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        alerts = yaml.safe_load((chart.CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
        dashboards = len(list((ROOT / "dashboards").glob("*.json")))
        self.assertIn(f"{numbers[dashboards].capitalize()} Grafana dashboards and {len(alerts)} alerts, each with a runbook", README)
        reasons = re.findall(r'datadog_access_tokens_at_risk\{.*?reason="(\w+)"', harness.run("--demo", "--once").stdout)
        self.assertIn(f"{numbers[len(set(reasons))].capitalize()} findings", README)
        table = re.search(r"The (\w+) metrics that matter.*?\n\|[^\n]*\n\|[^\n]*\n((?:\|[^\n]*\n)+)", README, re.S)
        self.assertEqual(numbers.index(table.group(1)), len(re.findall(r"`datadog_\w+`", table.group(2))))

    def test_its_queries_use_published_metrics(self):
        published = harness.parse_text(harness.run("--demo", "--once").stdout)
        (_, queries), = manual.blocks(README, "promql")
        self.assertEqual(len(queries.splitlines()), 5)
        for metric, matchers in re.findall(r"(datadog_\w+)(?:\{(.*?)\})?", queries):
            wanted = set(re.findall(r'(\w+)="(.*?)"', matchers))
            self.assertTrue([labels for labels in published[metric] if wanted <= set(labels)], metric)


class Commands(unittest.TestCase):
    def test_each_block_is_followed_or_says_why_not(self):
        found = manual.blocks(README)
        self.assertGreater(len(found), 5)
        for how, block in found:
            kind, _, rest = how.partition(" ")
            if kind == "elsewhere:":
                self.assertIn(rest, ELSEWHERE, block)
            elif kind == "serves":
                self.assertRegex(rest, r"^http://localhost:\d+/\S+$", block)
            else:
                self.assertEqual(how, "run", block)

    def test_the_script_runs_all_that_it_is_given(self):
        """The script extracts the blocks from README itself, so that none can be forgotten, and handles all three words."""
        self.assertIn("tests/docs/manual.py README.md", SCRIPT)
        for word in ("run", "serves", "elsewhere:"):
            self.assertRegex(SCRIPT, rf"(?m)^ +{word}\)")
        with tempfile.TemporaryDirectory() as directory:
            manual.main(ROOT / "README.md", directory)
            listing = pathlib.Path(directory, "list").read_text(encoding="utf-8").splitlines()
            self.assertEqual([line.split(" ", 1)[1] for line in listing], [how for how, _ in manual.blocks(README)])
            self.assertEqual(sorted(os.listdir(directory)), sorted(["list", *(f"{line.split()[0]}.sh" for line in listing)]))

    def test_each_command_outside_of_a_block_is_known(self):
        found = {code for code in manual.inline_code(README) if code.split()[0] in PROGRAMS and len(code.split()) > 1}
        self.assertEqual(found, set(INLINE))

    def test_each_list_runs(self):
        for code in manual.inline_code(README):
            words = [word for word in code.split() if word.startswith("--list=")]
            if words:
                self.assertEqual(harness.run("--demo", *words).returncode, 0, code)

    def test_kubectl_exec_uses_the_release_name(self):
        name = chart.render({"demo": {"enabled": True}}).workload["metadata"]["name"]
        self.assertEqual({code.split("deploy/")[1].split()[0] for code in INLINE if "deploy/" in code}, {name})

    def test_docker_exec_uses_the_container_name(self):
        run = next(words for words in commands(block_with("docker run")) if "run" in words)
        name = run[run.index("--name") + 1]
        self.assertTrue([code for code in INLINE if code.startswith(f"docker exec {name} ")])

    def test_the_token_check_works(self):
        """With the simulated API instead of Datadog."""
        mode, check = commands(block_with("--check"))
        with tempfile.TemporaryDirectory() as directory, harness.SimulatedDatadog() as simulator:
            token = os.path.join(directory, mode[-1])
            with open(token, "w", encoding="utf-8") as file:
                file.write(harness.ACCESS_TOKEN + "\n")
            os.chmod(token, int(mode[1], 8))
            words = [word.replace("bearer-token-file=" + mode[-1], "bearer-token-file=" + token) for word in check[1:]]
            self.assertEqual(len([word for word in words if word.startswith("--datadog.site=")]), 1)
            words = [f"--datadog.base-url={simulator.url}" if word.startswith("--datadog.site=") else word for word in words]
            answer = harness.run(*words)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_the_chart_accepts_the_settings_and_renders_the_objects(self):
        helm = next(words for words in commands(block_with("helm install")) if words[0] == "helm")
        settings = [word for index, word in enumerate(helm) if "--set" in helm[index - 1:index + 1]]
        self.assertEqual(helm[1:4], ["install", "tokens", "./helm/datadog-token-exporter"])
        made = {helm_version: chart.objects(chart.template(helm_version, {}, settings=settings)) for helm_version in chart.HELMS}
        self.assertEqual(json.dumps(made["helm3"]), json.dumps(made["helm4"]))
        kinds = [each["kind"] for each in made["helm4"]]
        for kind in ("Deployment", "Service", "ServiceMonitor", "PrometheusRule"):
            self.assertEqual(kinds.count(kind), 1, kind)
        text = json.dumps(made["helm4"])
        image = re.search(r"docker push (\S+)", README).group(1)
        for part in (f'"image": "{image}"', '"secretName": "datadog-token"', "bearer-token", "api.datadoghq.eu"[4:]):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main(argv=["test_readme.py", "-v"])
