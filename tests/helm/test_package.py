"""The chart as a package and as a subchart, and its dashboards."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

import yaml

import chart

DASHBOARDS = chart.CHART / "files" / "dashboards"
# Contains what Helm could take for a template and what YAML could misread.
PLACEHOLDER = {"title": "{{ .Values.x }} {{instance}}", "text": "a: b # c\n---\n\t'\"", "uid": "example"}


def copy_of_the_chart(directory):
    """A copy with at least one dashboard, for building packages."""
    copy = pathlib.Path(directory) / "datadog-token-exporter"
    shutil.copytree(chart.CHART, copy)
    (copy / "files" / "dashboards" / "a-placeholder.json").write_text(json.dumps(PLACEHOLDER, indent=2), encoding="utf-8")
    return copy


class Package(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.chart = copy_of_the_chart(self.directory.name)

    def package(self, helm):
        result = chart.run_helm(helm, "package", self.chart, "--destination", self.directory.name)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return re.search(r"\S+\.tgz", result.stdout).group(0)

    def test_a_package_renders_as_the_directory_does(self):
        values = {"demo": {"enabled": True}, "dashboards": {"enabled": True, "grafanaOperator": {"enabled": True}},
                  "prometheusRule": {"enabled": True}}
        for helm in chart.HELMS:
            with self.subTest(helm=helm):
                directory = chart.objects(chart.template(helm, values, chart=self.chart))
                self.assertEqual(chart.objects(chart.template(helm, values, chart=self.package(helm))), directory)
                self.assertIn("GrafanaDashboard", {each["kind"] for each in directory})

    def test_a_package_has_what_is_needed_and_no_more(self):
        for helm in chart.HELMS:
            with self.subTest(helm=helm), tarfile.open(self.package(helm)) as package:
                names = {name.removeprefix("datadog-token-exporter/") for name in package.getnames()}
                for needed in ("Chart.yaml", "values.yaml", "values.schema.json", "README.md", "templates/NOTES.txt",
                               "files/dashboards/a-placeholder.json"):
                    self.assertIn(needed, names)
                allowed = re.compile(r"Chart\.yaml|README\.md|values\.(yaml|schema\.json)|templates/.*\.(yaml|tpl|txt)|"
                                     r"files/(dashboards/[a-z-]+\.json|\.gitkeep|alerts\.yaml|recording\.yaml)|"
                                     r"\.helmignore|files/dashboards/\.gitkeep")
                self.assertEqual([name for name in names if not allowed.fullmatch(name)], [])
                self.assertTrue(all(member.isfile() for member in package.getmembers()))
                # Helm stores a release compressed in a Secret, which is limited to 1 MiB.
                self.assertLess(os.path.getsize(package.name), 300_000)

    def test_the_chart_has_no_links(self):
        """Flux silently drops links from what it passes to Helm."""
        self.assertEqual([path for path in chart.CHART.rglob("*") if path.is_symlink()], [])

    def test_it_can_be_part_of_another_chart(self):
        parent = pathlib.Path(self.directory.name) / "parent"
        (parent / "charts").mkdir(parents=True)
        shutil.copytree(self.chart, parent / "charts" / "datadog-token-exporter")
        (parent / "Chart.yaml").write_text(yaml.safe_dump({
            "apiVersion": "v2", "name": "parent", "version": "1.0.0",
            "dependencies": [{"name": "datadog-token-exporter", "version": "*", "condition": "datadog-token-exporter.enabled"}]}))
        values = {"global": {"imageRegistry": "mirror.example.com", "somethingElse": {"a": 1}},
                  "datadog-token-exporter": {"enabled": True, "demo": {"enabled": True}, "livenessProbe": None}}
        for helm in chart.HELMS:
            with self.subTest(helm=helm):
                objects = chart.Objects(chart.objects(chart.template(helm, values, chart=parent)))
                self.assertTrue(objects.container["image"].startswith("mirror.example.com/"))
                self.assertNotIn("livenessProbe", objects.container)
                values["datadog-token-exporter"]["enabled"] = False
                self.assertEqual(chart.objects(chart.template(helm, values, chart=parent)), [])
                values["datadog-token-exporter"]["enabled"] = True

    def test_an_older_kubernetes_is_refused(self):
        for helm in chart.HELMS:
            result = chart.template(helm, {"demo": {"enabled": True}}, settings=("--kube-version", "1.24.0"))
            self.assertIn("chart requires kubeVersion: >=1.25.0-0 which is incompatible with Kubernetes v1.24.0", result.stderr)
            # Distributions add a suffix to the version.
            chart.objects(chart.template(helm, {"demo": {"enabled": True}}, settings=("--kube-version", "1.25.3-gke.100")))

    def test_what_is_rendered_does_not_depend_on_the_cluster(self):
        for path in (chart.CHART / "templates").rglob("*"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                if path.name == "_mistakes.tpl":
                    # Like kubeVersion, this only rejects what the cluster's version does not support; it does not change the
                    # rendering.
                    text = text.replace("$root.Capabilities.KubeVersion.Version", "")
                self.assertNotRegex(text, r"\.Capabilities|\blookup\b", path.name)

    def test_settings_too_new_for_the_cluster_are_refused(self):
        values = {"demo": {"enabled": True}, "podDisruptionBudget": {"enabled": True, "unhealthyPodEvictionPolicy": "AlwaysAllow"}}
        for helm in chart.HELMS:
            result = chart.template(helm, values, settings=("--kube-version", "1.25.3-gke.100"))
            self.assertIn("podDisruptionBudget.unhealthyPodEvictionPolicy: Kubernetes knows it from 1.26 on, and this one is v1.25.3", result.stderr)
            chart.objects(chart.template(helm, values, settings=("--kube-version", "1.26.0")))


class Dashboards(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.chart = copy_of_the_chart(self.directory.name)

    def render(self, **dashboards):
        return chart.render({"demo": {"enabled": True}, "dashboards": {"enabled": True, **dashboards}}, chart=self.chart)

    def test_each_is_a_config_map_that_the_sidecar_finds(self):
        objects = self.render(namespace="grafana")
        files = sorted((self.chart / "files" / "dashboards").glob("*.json"))
        maps = [each for each in objects if "grafana_dashboard" in each["metadata"]["labels"]]
        self.assertEqual(len(maps), len(files))
        for path, each in zip(files, sorted(maps, key=lambda each: list(each["data"])[0])):
            self.assertEqual(each["metadata"]["namespace"], "grafana")
            self.assertEqual(each["metadata"]["annotations"]["grafana_folder"], "Datadog")
            self.assertEqual(list(each["data"]), [path.name])
            self.assertEqual(json.loads(each["data"][path.name]), json.loads(path.read_text(encoding="utf-8")))

    def test_nothing_in_a_dashboard_is_a_template(self):
        text = self.render().one("ConfigMap", "a-placeholder")["data"]["a-placeholder.json"]
        self.assertEqual(json.loads(text), PLACEHOLDER)

    def test_the_operator_reads_the_same_config_maps(self):
        objects = self.render(grafanaOperator={"enabled": True})
        for each in objects:
            if each["kind"] == "GrafanaDashboard":
                source = each["spec"]["configMapRef"]
                self.assertIn(source["key"], objects.one("ConfigMap", source["name"])["data"])
                self.assertEqual(each["spec"]["folder"], "Datadog")
        self.assertEqual(chart.schema_mistakes(objects), [[]] * len(objects))

    def test_without_a_folder_there_is_no_annotation(self):
        self.assertNotIn("annotations", self.render(folder="").one("ConfigMap", "a-placeholder")["metadata"])

    def test_the_repositorys_dashboards_are_links_to_the_charts(self):
        links = sorted((chart.SOURCE_DIR / "dashboards").glob("*.json"))
        self.assertEqual([link.name for link in links], sorted(path.name for path in DASHBOARDS.glob("*.json")))
        for link in links:
            self.assertTrue(link.is_symlink(), f"{link}: a copy, which can drift")
            self.assertEqual(link.resolve(), (DASHBOARDS / link.name).resolve())


class Notes(unittest.TestCase):
    """Uses Helm 4 only: Helm 3 contacts a cluster before it shows the notes."""

    def notes(self, **values):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "values.yaml"
            path.write_text(yaml.safe_dump(values), encoding="utf-8")
            result = chart.run_helm("helm4", "install", "tokens", chart.CHART, "--dry-run=client", "--namespace", "here", "--values", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.partition("NOTES:\n")[2]

    def test_they_tell_what_to_do_next(self):
        notes = self.notes(datadog={"credentials": {"existingSecret": "keys"}})
        for part in ("rollout status deployment/tokens-datadog-token-exporter", "helm -n here test tokens",
                     "curl -s http://localhost:10077/metrics", "org_app_keys_read", "serviceMonitor.enabled"):
            self.assertIn(part, notes)
        self.assertNotIn("WARNING", notes)

    def test_they_begin_with_an_image_that_can_not_be_pulled(self):
        keys = {"datadog": {"credentials": {"existingSecret": "keys"}}}
        image = "datadog-token-exporter:" + chart.version()
        notes = self.notes(**keys)
        first, _, rest = notes.partition(" is installed as ")
        self.assertTrue(first.startswith(f"IMAGE: {image} names no registry, "), notes)
        self.assertIn(f"\ndatadog-token-exporter {chart.version()}", first)
        for part in ("ImagePullBackOff", "--set image.registry=", f"docker push registry.example.com/{image}\n", f"kind load docker-image {image}\n",
                     f"minikube image load {image}\n", f"docker save {image} | ctr -n k8s.io images import -\n"):
            self.assertIn(part, first)
        self.assertNotIn("registry", rest)
        for pullable in ({"image": {"registry": "ghcr.io/example"}}, {"global": {"imageRegistry": "mirror:5000"}}, {"image": {"repository": "example/exporter"}}):
            notes = self.notes(**keys, **pullable)
            self.assertTrue(notes.startswith("datadog-token-exporter " + chart.version()), notes)
            self.assertNotIn("IMAGE", notes)

    def test_image_help_fits_the_image_settings(self):
        demo = {"demo": {"enabled": True}}
        digest = "sha256:" + "a" * 64
        notes = self.notes(**demo, image={"digest": digest})
        self.assertTrue(notes.startswith(f"IMAGE: datadog-token-exporter@{digest} names no registry, "), notes)
        self.assertIn("docker push registry.example.com/datadog-token-exporter\n", notes)
        for values in ({"digest": digest}, {"pullPolicy": "Always"}):
            notes = self.notes(**demo, image=values)
            self.assertIn("is no way out with image.", notes)
            self.assertNotIn("kind load", notes)

    def test_they_name_the_reload_metric(self):
        metric = "datadog_access_token_exporter_config_last_reload_successful"
        self.assertIn(metric, self.notes(demo={"enabled": True}, configReload={"enabled": True}))
        self.assertNotIn(metric, self.notes(demo={"enabled": True}))

    def test_they_know_shards(self):
        organizations = [{"name": name, "credentials": {"existingSecret": name}} for name in ("a", "b")]
        notes = self.notes(datadog={"organizations": organizations}, sharding={"enabled": True, "replicas": 5})
        for part in ("rollout status statefulset/tokens-datadog-token-exporter", "Each of the 5 pods has organizations of its own",
                     "logs --prefix --selector app.kubernetes.io/instance=tokens,app.kubernetes.io/name=datadog-token-exporter"):
            self.assertIn(part, notes)
        self.assertNotIn("deployment/", notes)

    def listing(self, **values):
        """The command in the notes that lists tokens: (namespace, pod or workload, flags)."""
        pattern = r"(?m)^ *kubectl -n (\S+) exec (\S+) -- /usr/bin/datadog_token_exporter (.*)$"
        (namespace, place, flags), = re.findall(pattern, self.notes(**values))
        return namespace, place, flags.split()

    def test_they_show_the_list_command(self):
        keys = {"datadog": {"credentials": {"existingSecret": "keys"}}}
        volume = {"state": {"enabled": True, "persistentVolumeClaim": {"enabled": True}}}
        for values in (keys, keys | volume, keys | {"fullnameOverride": "a" * 60, "namespaceOverride": "there"}):
            namespace, place, _ = self.listing(**values)
            workload = chart.render(values).workload
            self.assertEqual(place, f"{workload['kind'].lower()}/{workload['metadata']['name']}")
            self.assertEqual(namespace, values.get("namespaceOverride", "here"))
        organizations = [{"name": name, "credentials": {"existingSecret": name}} for name in ("a", "b")]
        self.assertEqual(self.listing(datadog={"organizations": organizations}, sharding={"enabled": True})[:2],
                         ("here", "tokens-datadog-token-exporter-0"))

    def test_the_list_command_works(self):
        _, _, flags = self.listing(demo={"enabled": True})
        done = subprocess.run([os.environ["EXPORTER"], *flags], env={"DATADOG_TOKEN_EXPORTER_DEMO": "true"}, capture_output=True,
                              text=True, timeout=chart.LIMIT_SECONDS, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("never_expires_privileged", done.stdout)

    def test_they_warn(self):
        notes = self.notes(datadog={"credentials": {"apiKey": "a" * 32, "appKey": "b" * 40}}, replicaCount=2)
        self.assertIn("WARNING: the credentials of default are in this release's values", notes)
        self.assertIn("WARNING: 2 pods poll Datadog", notes)
        self.assertNotIn("a" * 32, notes)
        self.assertIn("DEMO", self.notes(demo={"enabled": True}))

    def test_they_name_the_label_that_kube_prometheus_stack_selects_by(self):
        values = {"demo": {"enabled": True}, "serviceMonitor": {"enabled": True}}
        self.assertIn("serviceMonitor.labels.release", self.notes(**values))
        values["serviceMonitor"]["labels"] = {"release": "stack"}
        self.assertNotIn("labels.release", self.notes(**values))


class Tools(unittest.TestCase):
    def test_they_are_helm_3_and_helm_4(self):
        for helm in chart.HELMS:
            self.assertRegex(chart.run_helm(helm, "version", "--short").stdout, f"^v{helm[-1]}\\.")

    def test_the_schemas_refuse_what_is_wrong(self):
        """Proves that the other schema checks can fail."""
        good = chart.rendering("service-monitor")

        def mistakes(kind, *steps):
            objects = json.loads(json.dumps(good))
            place = next(each for each in objects if each["kind"] == kind)
            for step in steps[:-1]:
                place = place[step]
            place.update(steps[-1])
            return " ".join(text for texts in chart.schema_mistakes(objects) for text in texts)

        container = ("spec", "template", "spec", "containers", 0)
        self.assertEqual(chart.schema_mistakes(good), [[]] * len(good))
        self.assertIn("/spec/template/spec/containers/0/resorces: unknown field", mistakes("Deployment", *container, {"resorces": {}}))
        self.assertIn("/spec/replicas: type", mistakes("Deployment", "spec", {"replicas": "two"}))
        self.assertIn("/spec: required", mistakes("Deployment", {"spec": {"replicas": 1}}))
        self.assertIn("/spec/endpoints/0/pth: unknown field", mistakes("ServiceMonitor", "spec", "endpoints", 0, {"pth": "/x"}))
        self.assertIn("/spec/endpoints/0/interval: pattern", mistakes("ServiceMonitor", "spec", "endpoints", 0, {"interval": "5 minutes"}))
        self.assertIn("/metadata/lables: unknown field", mistakes("ConfigMap", "metadata", {"lables": {}}))
        self.assertIn("no schema for example.com/v1", mistakes("ConfigMap", {"apiVersion": "example.com/v1"}))

    def test_the_schemas_of_external_secrets_refuse_what_is_wrong(self):
        wrong = json.loads(json.dumps(chart.rendering("external-secrets").one("ExternalSecret")))
        self.assertEqual(chart.schema_mistakes([wrong]), [[]])
        wrong["spec"]["secretStoreReff"] = wrong["spec"].pop("secretStoreRef")
        wrong["spec"]["data"][0]["remoteRef"] = {"property": "api-key"}
        text = " ".join(chart.schema_mistakes([wrong])[0])
        self.assertIn("/spec/secretStoreReff: unknown field", text)
        self.assertIn("/spec/data/0/remoteRef: required", text)

    def test_the_autoscaler_schema_refuses_what_is_wrong(self):
        scaler = chart.rendering("vertical-pod-autoscaler").one("VerticalPodAutoscaler")
        self.assertEqual(chart.schema_mistakes([scaler]), [[]])
        wrong = json.loads(json.dumps(scaler))
        wrong["spec"]["updatePolicy"]["updateMod"] = "Off"
        wrong["spec"]["resourcePolicy"]["containerPolicies"] = {}
        text = " ".join(chart.schema_mistakes([wrong])[0])
        self.assertIn("/spec/updatePolicy/updateMod: unknown field", text)
        self.assertIn("/spec/resourcePolicy/containerPolicies: must be array", text)


if __name__ == "__main__":
    unittest.main(argv=["test_package", "-v"])
