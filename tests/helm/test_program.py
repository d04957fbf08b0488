"""The real program accepts the files that the chart renders. $EXPORTER is the program, $SIMULATED_DATADOG the API that it polls."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import chart

sys.path.insert(0, str(chart.SOURCE_DIR / "tests" / "app"))
import harness  # pylint: disable=wrong-import-position

DIRECTORY = "/etc/datadog-token-exporter"
STATE_DIRECTORY = "/var/lib/datadog-token-exporter"
SECRETS = {"api-key": "01234567" * 4, "app-key": "01234567" * 5, "bearer-token": harness.ACCESS_TOKEN}


def known_flags():
    text = subprocess.run([os.environ["EXPORTER"], "--help"], capture_output=True, text=True, timeout=chart.LIMIT_SECONDS, check=True).stdout
    return {line.split()[0].removeprefix("--") for line in text.splitlines() if line.startswith("  --")}


class Pod:
    """A pod's files, placed under a directory instead of the root."""

    def __init__(self, objects, root):
        self.objects, self.root = objects, pathlib.Path(root)
        for mount in objects.container["volumeMounts"]:
            volume = objects.volume(mount["name"])
            directory = self.path(mount["mountPath"])
            directory.mkdir(parents=True, exist_ok=True)
            if "configMap" in volume:
                self.fill(directory, volume["configMap"], self.config_map, 0o644)
            elif "secret" in volume:
                self.fill(directory, volume["secret"], self.secret, volume["secret"]["defaultMode"])
            elif "csi" in volume:
                for name, text in SECRETS.items():
                    self.write(directory / name, text, 0o440)

    def path(self, path):
        return self.root / path.lstrip("/")

    def moved(self, text):
        for directory in (DIRECTORY, STATE_DIRECTORY):
            text = text.replace(directory, str(self.path(directory)))
        return text

    def fill(self, directory, source, text_of, mode):
        for item in source.get("items") or [{"key": key, "path": key} for key in self.keys(source, directory)]:
            self.write(directory / item["path"], text_of(source, item["key"], item["path"]), mode)

    def write(self, path, text, mode):
        path.write_text(self.moved(text).replace("/mnt/", f"{self.root}/mnt/"), encoding="utf-8")
        path.chmod(mode)

    def named(self, kind, name):
        return next((each for each in self.objects if each["kind"] == kind and each["metadata"]["name"] == name), None)

    def config_map(self, source, key, path):
        found = self.named("ConfigMap", source["name"])
        text = found["data"][key] if found else self.certificate()
        return self.certificate() if path == "ca.crt" else text

    def keys(self, source, directory):
        """The keys of a Secret that is mounted as a whole: the web configuration, a certificate, or all credentials in it."""
        found = self.named("Secret", source["secretName"])
        if found:
            return list(found["data"])
        files = [self.path(file) for file in re.findall(r"(?m)_file: (\S+)$", yaml.safe_dump(self.objects.config, width=10000))]
        return [file.name for file in files if file.parent == directory] or ["tls.crt", "tls.key", "ca.crt", "web.yml"]

    def secret(self, source, key, path):
        found = self.named("Secret", source["secretName"])
        if found:
            return base64.b64decode(found["data"][key]).decode()
        if key == "web.yml":
            return "basic_auth_users: {}\n"
        if path == "app-key" and len(source["items"]) == 1:
            return harness.ACCESS_TOKEN
        kind = next((kind for kind in SECRETS if path.endswith(kind)), None)
        return SECRETS.get(kind) or (self.pair()[1] if key == "tls.key" else self.certificate())

    def pair(self):
        """A self-signed certificate and its key, created once."""
        certificate, key = self.root / "pair.crt", self.root / "pair.key"
        if not certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=test", "-keyout", key, "-out", certificate],
                           capture_output=True, timeout=chart.LIMIT_SECONDS, check=True)
        return certificate.read_text(encoding="utf-8"), key.read_text(encoding="utf-8")

    def certificate(self):
        return self.pair()[0]

    def variables(self, ordinal=0):
        """The container's environment."""
        variables = {name: self.moved(value) for name, value in self.objects.variables.items()}
        for entry in self.objects.container["env"]:
            if entry.get("valueFrom") == {"fieldRef": {"fieldPath": "metadata.name"}}:
                variables[entry["name"]] = f"{self.objects.workload['metadata']['name']}-{ordinal}"
        return variables

    def check(self, ordinal=0):
        """Runs the program with the pod's arguments, with --config.check added."""
        arguments = [self.moved(argument) for argument in self.objects.arguments]
        return self.execute("--config.check", *arguments, ordinal=ordinal)

    def execute(self, *arguments, ordinal=0):
        """Runs the program as `kubectl exec` does: with the container's environment, but without its arguments."""
        return subprocess.run([os.environ["EXPORTER"], *arguments],
                              env={"PATH": os.environ["PATH"], **self.variables(ordinal)}, capture_output=True, text=True,
                              timeout=chart.LIMIT_SECONDS, check=False)

    def tree(self):
        """The path, size and modification time of every file of the pod."""
        return sorted((str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in self.root.rglob("*"))


class Program(unittest.TestCase):
    def test_it_takes_the_files_of_every_pod(self):
        for name in sorted(chart.VALUES):
            with self.subTest(values=name), tempfile.TemporaryDirectory() as root:
                pod = Pod(chart.rendering(name), root)
                result = pod.check()
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertNotIn("level=error", result.stderr)

    def test_it_reports_a_missing_file(self):
        """Proves that the test above can fail: the program reads these very files."""
        with tempfile.TemporaryDirectory() as root:
            pod = Pod(chart.rendering("organizations"), root)
            pod.path(f"{DIRECTORY}/credentials/Sandbox.US/bearer-token").unlink()
            result = pod.check()
            self.assertEqual(result.returncode, 2)
            self.assertIn("organizations[1].bearer_token_file", result.stderr)

    def test_the_pods_of_a_stateful_set_share_the_organizations(self):
        with tempfile.TemporaryDirectory() as root:
            pod = Pod(chart.rendering("sharding"), root)
            said = [pod.check(ordinal).stdout for ordinal in range(3)]
            one_too_many = pod.check(3)
        shares = [re.search(r"polls (\d) of 3 organizations \(shard (\d) of 3\)", text).groups() for text in said]
        self.assertEqual([shard for _, shard in shares], ["0", "1", "2"])
        self.assertEqual(sum(int(polled) for polled, _ in shares), 3)
        self.assertEqual(one_too_many.returncode, 2)
        self.assertIn("tokens-datadog-token-exporter-3", one_too_many.stderr)

    def test_it_refuses_world_readable_secret_files(self):
        with tempfile.TemporaryDirectory() as root:
            pod = Pod(chart.rendering("inline-keys"), root)
            pod.path(f"{DIRECTORY}/credentials/default/api-key").chmod(0o644)
            self.assertEqual(pod.check().returncode, 2)

    def test_it_has_the_flags_that_the_chart_uses(self):
        used = {"config.file", "config.watch", "demo", "list", "shard.count", "shard.index", "state.file", "probe", "web.probe-listen-address", "web.config.file"}
        self.assertLessEqual(used, known_flags())

    def test_exec_uses_the_configuration_of_every_pod(self):
        for name in sorted(chart.VALUES):
            with self.subTest(values=name), tempfile.TemporaryDirectory() as root:
                pod = Pod(chart.rendering(name), root)
                result = pod.execute("--config.check")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stdout, pod.check().stdout)

    def test_exec_lists_the_demos_tokens(self):
        with tempfile.TemporaryDirectory() as root:
            result = Pod(chart.rendering("demo"), root).execute("--list=leaked")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()][-1], "1")
        self.assertRegex(result.stdout, r"(?m)^leaked +demo ")

    def test_exec_lists_the_apis_tokens_with_the_pods_keys(self):
        """Uses the pod's API address and mounted files, and changes nothing in the pod, not even the state file."""
        with harness.SimulatedDatadog("--tokens", "400", "--seed", "1") as api, tempfile.TemporaryDirectory() as root:
            pod = Pod(chart.render({
                "datadog": {"baseUrl": api.url,
                            "credentials": {"type": "bearerToken", "existingSecret": "datadog-token"}},
                "state": {"enabled": True}}), root)
            before = pod.tree()
            result = pod.execute("--list=leaked", "--list.format=json")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual([json.loads(line)["findings"][0] for line in result.stdout.splitlines()], ["leaked"])
            self.assertEqual(pod.tree(), before)
            # Proves that the pod's key was used.
            pod.path(f"{DIRECTORY}/credentials/default/bearer-token").unlink()
            self.assertEqual(pod.execute("--list=leaked").returncode, 2)

    def test_exec_in_a_shard_lists_that_shards_organizations(self):
        with harness.SimulatedDatadog("--tokens", "20", "--seed", "1") as api, tempfile.TemporaryDirectory() as root:
            names = ["production", "staging", "sandbox"]
            credentials = {"type": "bearerToken", "existingSecret": "datadog-token"}
            pod = Pod(chart.render({
                "datadog": {"organizations": [{"name": name, "baseUrl": api.url, "credentials": credentials} for name in names]},
                "sharding": {"enabled": True, "replicas": 2}}), root)
            listed = [{json.loads(line)["organization"] for line in
                       pod.execute("--list", "--list.format=json", ordinal=ordinal).stdout.splitlines()} for ordinal in range(2)]
        self.assertEqual(sorted([*listed[0], *listed[1]]), sorted(names))

    def test_an_empty_list_of_privileged_scopes_is_none(self):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / "config.yaml"
            path.write_text("scopes: {privileged: []}\n", encoding="utf-8")
            texts = [harness.run("--demo", "--once", *more).stdout for more in ((), ("--config.file", path))]
        usual, without = ([line for line in text.splitlines() if line.startswith("datadog_access_tokens_privileged{")] for text in texts)
        self.assertTrue(usual)
        self.assertEqual(without, [])
        self.assertIn("\ndatadog_access_tokens{", texts[1])


# What people enter as a site.
SITES = (
    "datadoghq.com", "us5.datadoghq.com", "ddog-gov.com", "new.datadoghq.eu", "a_b.datadoghq.com", "DatadogHQ.EU", " datadoghq.eu ",
    "https://app.datadoghq.eu", "app.datadoghq.com", "api.us5.datadoghq.com/", "HTTPS://App.DatadogHQ.eu//", "http://datadoghq.com",
    "app.app.datadoghq.com",
    "https://app.datadoghq.eu/account", "datadoghq.eu?x", "datadoghq.com:443", "datadoghq.com.", ".datadoghq.eu", "a..datadoghq.com",
    "-a.datadoghq.com", "app..datadoghq.com", "notdatadoghq.com", "us5.datadohq.com", "us5", "   ", "app.", "user@datadoghq.com", "ftp://datadoghq.eu",
    '"datadoghq.eu"', "datadoghq.com.example.com", "http://https://datadoghq.com",
)


class Sites(unittest.TestCase):
    def test_the_chart_accepts_the_same_as_the_program(self):
        answers = {}
        for site in SITES:
            environment = {"DD_API_KEY": SECRETS["api-key"], "DD_APP_KEY": SECRETS["app-key"]}
            done = subprocess.run([os.environ["EXPORTER"], "--config.check", f"--datadog.site={site}"], env=environment, capture_output=True,
                                  text=True, timeout=chart.LIMIT_SECONDS, check=False)
            result = chart.template("helm4", {"datadog": {"site": site, "credentials": {"existingSecret": "keys"}}})
            with self.subTest(site=site):
                self.assertEqual(result.returncode == 0, done.returncode == 0, result.stderr + done.stderr)
                self.assertIn(" is not a Datadog site; " if result.returncode else "", result.stderr)
            answers[site] = done.returncode
        self.assertEqual(set(answers.values()), {0, 2})


if __name__ == "__main__":
    unittest.main(argv=["test_program", "-v"])
