"""Every valid values file: the objects are valid, secure, and as requested."""
import base64
import re
import unittest

import yaml

import chart


def for_each_values_file(check):
    """A decorator that runs a check on the objects of every values file."""
    def test(self):
        for name in sorted(chart.VALUES):
            with self.subTest(values=name):
                check(self, name, chart.rendering(name))
    return test


class EveryValuesFile(unittest.TestCase):
    """Checks that apply whatever the values are."""

    def test_there_are_enough_of_them(self):
        self.assertGreaterEqual(len(chart.VALUES), 20)

    @for_each_values_file
    def test_helm_3_and_helm_4_render_the_same(self, name, objects):
        self.assertEqual(chart.rendering(name, "helm3"), objects)

    def test_helm_3_and_helm_4_lint_cleanly(self):
        for name, path in sorted(chart.VALUES.items()):
            for helm in chart.HELMS:
                with self.subTest(values=name, helm=helm):
                    result = chart.run_helm(helm, "lint", "--strict", chart.CHART, "--values", path)
                    self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_object_is_valid(self):
        names = sorted(chart.VALUES)
        owners = [name for name in names for _ in chart.rendering(name)]
        mistakes = chart.schema_mistakes([each for name in names for each in chart.rendering(name)])
        self.assertEqual([(owner, text) for owner, texts in zip(owners, mistakes) for text in texts], [])

    @for_each_values_file
    def test_every_pod_meets_pod_security_restricted(self, name, objects):
        for pod, _, spec in objects.pod_templates():
            assert_restricted(self, spec, f"{name}: {pod}")

    @for_each_values_file
    def test_no_pod_gets_a_token_or_the_variables_of_services(self, _, objects):
        for _, _, spec in objects.pod_templates():
            self.assertIs(spec["automountServiceAccountToken"], False)
            self.assertIs(spec["enableServiceLinks"], False)
        for each in objects:
            if each["kind"] == "ServiceAccount":
                self.assertIs(each["automountServiceAccountToken"], False)

    @for_each_values_file
    def test_nothing_but_the_exporters_image_runs(self, name, objects):
        if name != "extras":
            images = {container["image"] for _, _, spec in objects.pod_templates() for container in spec["containers"]}
            self.assertEqual(len(images), 1)

    @for_each_values_file
    def test_secrets_are_only_in_secrets(self, name, objects):
        secrets = secrets_of(yaml.safe_load(chart.VALUES[name].read_text(encoding="utf-8")))
        for each in objects:
            if each["kind"] != "Secret":
                text = yaml.safe_dump(each, width=10000)
                self.assertEqual([secret for secret in secrets if secret in text], [], each["kind"])

    @for_each_values_file
    def test_secret_files_are_not_world_readable(self, _, objects):
        for volume in objects.pod["spec"]["volumes"]:
            if "secret" in volume:
                self.assertEqual(volume["secret"]["defaultMode"], 0o440)

    @for_each_values_file
    def test_names_fit_and_are_valid(self, _, objects):
        for each in objects:
            self.assertRegex(each["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
            for value in each["metadata"].get("labels", {}).values():
                self.assertRegex(value, r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")

    @for_each_values_file
    def test_every_object_has_a_namespace_and_release_labels(self, name, objects):
        for each in objects:
            is_extra = "text" in each.get("data", {}) or each["apiVersion"].startswith("external-secrets.io/")
            if not (name in ("extras", "external-secrets") and is_extra):
                self.assertTrue(each["metadata"]["namespace"])
                self.assertEqual(each["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm")
                self.assertEqual(each["metadata"]["labels"]["app.kubernetes.io/instance"], "tokens")
                self.assertEqual(each["metadata"]["labels"]["helm.sh/chart"], "datadog-token-exporter-" + chart.version())

    @for_each_values_file
    def test_selectors_match_only_the_pods(self, name, objects):
        labels = objects.pod["metadata"]["labels"]
        other = [metadata["labels"] for pod, metadata, _ in objects.pod_templates() if pod.endswith("-test")]
        for selector in selectors(objects):
            # The selector of a Deployment or StatefulSet is immutable, so it must not contain anything that depends on values
            # or versions.
            self.assertEqual(sorted(selector), ["app.kubernetes.io/instance", "app.kubernetes.io/name"])
            self.assertLessEqual(selector.items(), labels.items())
            for test_labels in other:
                self.assertFalse(selector.items() <= test_labels.items(), name)

    @for_each_values_file
    def test_every_port_that_is_named_is_a_port_of_the_container(self, _, objects):
        ports = {port["name"]: port["containerPort"] for port in objects.container["ports"]}
        self.assertEqual(len(set(ports.values())), 2)
        for service in (each for each in objects if each["kind"] == "Service"):
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], ports)
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if probe in objects.container:
                self.assertEqual(objects.container[probe]["httpGet"]["port"], "probe")
        self.assertEqual(objects.config["web"]["listen_address"], [f":{ports['metrics']}"])
        self.assertEqual(objects.config["web"]["probe_listen_address"], [f":{ports['probe']}"])

    @for_each_values_file
    def test_every_mount_has_its_volume_and_every_volume_its_mount(self, _, objects):
        volumes = [volume["name"] for volume in objects.pod["spec"]["volumes"]] + list(objects.claims())
        mounts = [mount["name"] for mount in objects.container["volumeMounts"]]
        self.assertEqual(sorted(volumes), sorted(mounts))
        self.assertEqual(len(set(volumes)), len(volumes))
        self.assertEqual([mount for mount in objects.container["volumeMounts"] if "subPath" in mount], [])

    @for_each_values_file
    def test_files_that_the_configuration_names_are_mounted(self, name, objects):
        mounts = [mount["mountPath"] for mount in objects.container["volumeMounts"]]
        for path in re.findall(r"(?:_file|file): (\S+)", yaml.safe_dump(objects.config)):
            self.assertTrue(any(path.startswith(mount + "/") for mount in mounts), f"{name}: {path}")


def secrets_of(values):
    """All secrets in a values file."""
    def walk(value, key):
        if isinstance(value, dict):
            for name, child in value.items():
                if name != "keys":  # the names of a Secret's keys
                    yield from walk(child, name)
        elif isinstance(value, list):
            for child in value:
                yield from walk(child, key)
        elif key in ("apiKey", "appKey", "bearerToken") and len(str(value)) > 15 or str(value).startswith("$2y$"):
            yield str(value)
            yield base64.b64encode(str(value).encode()).decode()
    return list(walk(values, ""))


def selectors(objects):
    for each in objects:
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            yield spec["selector"]
        elif each["kind"] in ("Deployment", "StatefulSet", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor"):
            yield spec["selector"]["matchLabels"]
        elif each["kind"] == "NetworkPolicy":
            yield spec["podSelector"]["matchLabels"]


def assert_restricted(test, spec, place):
    """Pod Security Standards, profile "restricted", of Kubernetes 1.25 and later, and this chart's additional restrictions."""
    pod_context = spec.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        test.assertFalse(spec.get(field), place)
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    for volume in spec.get("volumes", []):
        test.assertLessEqual(set(volume) - {"name"}, allowed, place)
    test.assertEqual(pod_context["seccompProfile"]["type"], "RuntimeDefault", place)
    test.assertNotEqual(pod_context.get("runAsUser"), 0, place)
    test.assertFalse(pod_context.get("sysctls"), place)
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        context = container["securityContext"]
        test.assertIs(context["allowPrivilegeEscalation"], False, place)
        test.assertFalse(context.get("privileged"), place)
        test.assertEqual(context["capabilities"], {"drop": ["ALL"]}, place)
        test.assertTrue(context.get("runAsNonRoot", pod_context.get("runAsNonRoot")), place)
        test.assertNotEqual(context.get("runAsUser"), 0, place)
        test.assertNotIn("seccompProfile", context, place)
        test.assertFalse([port for port in container.get("ports", []) if "hostPort" in port], place)
    test.assertIs(spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"], True, place)


if __name__ == "__main__":
    unittest.main(argv=["test_values", "-v"])
