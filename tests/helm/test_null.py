"""A null value counts as unset: the default applies, or nothing, and never an error."""
import copy
import functools
import pathlib
import subprocess
import tempfile
import unittest

import yaml

import chart

VALUES = yaml.safe_load((chart.CHART / "values.yaml").read_text(encoding="utf-8"))
HASH = "$2y$10$0123456789012345678901234567890123456789012345678901u"
# Each base covers values that the other does not use.
BASES = (
    {
        "datadog": {"name": "a", "site": "datadoghq.eu", "filter": "ci", "credentials": {"apiKey": "a" * 32, "appKey": "b" * 40}},
        "replicaCount": 3, "revisionHistoryLimit": 5, "terminationGracePeriodSeconds": 20,
        "service": {"type": "NodePort", "nodePort": 30077}, "state": {"enabled": True},
        "serviceMonitor": {"enabled": True, "interval": "2m"}, "networkPolicy": {"enabled": True},
        "prometheusRule": {"enabled": True, "interval": "2m", "alerts": {"DatadogAccessTokenUnused": {"enabled": True}}},
        "dashboards": {"enabled": True, "grafanaOperator": {"enabled": True, "resyncPeriod": "5m"}},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 2}, "verticalPodAutoscaler": {"enabled": True, "updateMode": "Initial"},
    },
    {
        "datadog": {"organizations": [{"name": name, "credentials": {"existingSecret": name}} for name in ("a", "b")]},
        "sharding": {"enabled": True, "replicas": 4}, "podMonitor": {"enabled": True, "basicAuth": {"password": {"name": "a", "key": "b"}}},
        "web": {"tls": {"enabled": True, "existingSecret": "a"}, "basicAuth": {"users": {"a": HASH}}},
        "state": {"enabled": True, "persistentVolumeClaim": {"enabled": True, "size": "2Gi"}},
    },
)
# Maps passed through to Kubernetes: a null inside one removes the default, as README says. A null probe is removed as a whole.
TAKEN_AWAY = ("livenessProbe", "readinessProbe")
KUBERNETES_OWN = ("podSecurityContext", "securityContext", "resources", "tests.resources", "dashboards.labels",
                  "dashboards.grafanaOperator.instanceSelector", "networkPolicy.ingress.namespaceSelector")


def paths(values, path=()):
    """The path of every value and every section, except inside the maps passed through to Kubernetes."""
    for key, value in values.items():
        here = (*path, key)
        yield here
        if isinstance(value, dict) and ".".join(here) not in (*TAKEN_AWAY, *KUBERNETES_OWN):
            yield from paths(value, here)


def below(values, path, make=True):
    for key in path:
        values = values.setdefault(key, {}) if make else values.get(key, {})
    return values


def with_null(values, path):
    changed = copy.deepcopy(values)
    below(changed, path[:-1])[path[-1]] = None
    return changed


def without(values, path):
    changed = copy.deepcopy(values)
    below(changed, path[:-1], make=False).pop(path[-1], None)
    return changed


def said(values, helm="helm4", **options):
    """The rendered objects, or the error."""
    result = chart.template(helm, values, **options)
    return meaning(result.returncode, result.stdout, result.stderr)


@functools.lru_cache(maxsize=None)
def meaning(returncode, stdout, stderr):
    """Cached: most renderings have identical text, and parsing takes longer than rendering."""
    if returncode != 0:
        assert "These values don't fit together" in stderr, stderr
        return stderr
    objects = chart.objects(subprocess.CompletedProcess([], returncode, stdout, stderr))
    for each in objects:
        # An omitted option has the program's default, which values.yaml also states.
        if each["kind"] == "ConfigMap" and "config.yaml" in each["data"]:
            config = yaml.safe_load(each["data"]["config.yaml"])
            for section, options in config.items():
                if section in VALUES["config"]:
                    usual = VALUES["config"][section]
                    config[section] = {key: value for key, value in options.items() if key not in usual or value != usual[key]}
            each["data"]["config.yaml"] = {section: options for section, options in config.items() if options}
        if "template" in each.get("spec", {}):
            for name in ("checksum/config", "checksum/fixed-config"):
                each["spec"]["template"]["metadata"]["annotations"].pop(name, None)
    return objects


class Null(unittest.TestCase):
    maxDiff = None

    def test_each_value_alone(self):
        without_dashboards = {key: value for key, value in BASES[0].items() if key != "dashboards"}
        seen = {}
        for path in paths(VALUES):
            if ".".join(path) in TAKEN_AWAY:
                continue
            # The second base is for values that the first one does not use.
            base = BASES[0] if path[0] == "dashboards" else without_dashboards
            if path[0] in ("sharding", "podMonitor", "web") or "persistentVolumeClaim" in path:
                base = BASES[1]
            expected = without(base, path)
            key = repr(expected)
            if key not in seen:
                seen[key] = said(expected)
            with self.subTest(value=".".join(path)):
                self.assertEqual(said(with_null(base, path)), seen[key])

    def test_all_at_once(self):
        everything = {key: None for key in VALUES if key not in TAKEN_AWAY} | {"demo": {"enabled": True, "tokens": None, "seed": None}}
        sections = {key: {name: None for name in value} if isinstance(value, dict) and key not in (*TAKEN_AWAY, *KUBERNETES_OWN) else value
                    for key, value in VALUES.items()} | {"demo": {"enabled": True}}
        for helm in chart.HELMS:
            expected = said({"demo": {"enabled": True}}, helm)
            for values in (everything, sections):
                with self.subTest(helm=helm, values=values):
                    self.assertEqual(said(values, helm), expected)

    def test_in_a_subchart(self):
        """Here Helm does not always remove the default."""
        with tempfile.TemporaryDirectory() as directory:
            parent = pathlib.Path(directory) / "parent"
            (parent / "charts").mkdir(parents=True)
            (parent / "charts" / chart.CHART.name).symlink_to(chart.CHART)
            (parent / "Chart.yaml").write_text("{apiVersion: v2, name: parent, version: 1.0.0}", encoding="utf-8")
            nulls = {"replicaCount": None, "serviceMonitor": None, "web": {"tls": None}, "livenessProbe": None, "resources": {"limits": None}}
            for helm in chart.HELMS:
                for in_parent in ({}, {chart.CHART.name: nulls}):
                    with self.subTest(helm=helm, in_parent=in_parent):
                        (parent / "values.yaml").write_text(yaml.safe_dump(in_parent), encoding="utf-8")
                        given = {} if in_parent else nulls
                        objects = chart.Objects(said({chart.CHART.name: {"demo": {"enabled": True}, **given}}, helm, chart=parent))
                        self.assertEqual(objects.workload["spec"]["replicas"], 1)
                        self.assertNotIn("livenessProbe", objects.container)
                        self.assertNotIn("limits", objects.container["resources"])

    def test_in_lists_and_in_maps_with_free_keys(self):
        organization = {"name": "a", "credentials": {"existingSecret": "a"}}
        nulls = {"site": None, "baseUrl": None, "filter": None, "ownedBy": None}
        credentials = {"type": None, "directory": None, "apiKey": None, "keys": {"apiKey": None, "appKey": None, "bearerToken": None}}
        alerts = {"DatadogAccessTokenUnused": {"enabled": True}}
        values = {
            "datadog": {"organizations": [organization]}, "prometheusRule": {"enabled": True, "alerts": alerts},
            "commonLabels": {"a": "b"}, "podAnnotations": {"a": "b"}, "web": {"extraConfig": {"rate_limit": {"interval": "1s"}}},
        }
        with_nulls = copy.deepcopy(values)
        with_nulls["datadog"]["organizations"][0] |= nulls
        with_nulls["datadog"]["organizations"][0]["credentials"] |= credentials
        with_nulls["prometheusRule"]["alerts"] = {
            "DatadogAccessTokenUnused": {"enabled": True, "severity": None, "threshold": None, "for": None, "labels": {"a": None}, "expr": None},
            "DatadogTokenExporterDown": None}
        with_nulls["prometheusRule"]["alertLabels"] = {"c": None}
        for section in ("commonLabels", "podAnnotations"):
            with_nulls[section]["c"] = None
        with_nulls["web"]["basicAuth"] = {"users": {"a": None}}
        with_nulls["startupProbe"] = {"httpGet": None, "periodSeconds": None}
        with_nulls["nodeSelector"] = {"a": None}
        for helm in chart.HELMS:
            with self.subTest(helm=helm):
                self.assertEqual(said(with_nulls, helm), said(values, helm))

    def test_removes_kubernetes_settings(self):
        """Maps passed through to Kubernetes, and the probes."""
        objects = chart.render({
            "demo": {"enabled": True}, "livenessProbe": None, "readinessProbe": None, "resources": {"limits": None},
            "podSecurityContext": {"runAsUser": None}, "securityContext": {"privileged": None}, "dashboards": {"enabled": True, "labels": {"grafana_dashboard": None}},
            "networkPolicy": {"enabled": True, "ingress": {"namespaceSelector": {"matchLabels": None, "matchExpressions": [{"key": "a", "operator": "Exists"}]}}}})
        self.assertEqual([probe for probe in objects.container if probe.endswith("Probe")], [])
        self.assertEqual(list(objects.container["resources"]), ["requests"])
        self.assertNotIn("runAsUser", objects.pod["spec"]["securityContext"])
        self.assertNotIn("privileged", objects.container["securityContext"])
        self.assertFalse([each for each in objects if "grafana_dashboard" in each["metadata"]["labels"]])
        self.assertEqual(list(objects.one("NetworkPolicy")["spec"]["ingress"][0]["from"][0]["namespaceSelector"]), ["matchExpressions"])

    def test_in_extra_objects_is_kept(self):
        extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": None}
        self.assertIn(extra, chart.render({"demo": {"enabled": True}, "extraObjects": [extra]}))


if __name__ == "__main__":
    unittest.main(argv=["test_null", "-v"])
