"""Strings that YAML could take for another type remain strings everywhere: `no`, `1e3`, `20260101`, `2026-01-01`."""
import json
import re
import unittest

import chart

HOSTILE = ("20260101", "1e3", "no", "null", "1_000", "0x1f", "2026-01-01", "y", "1.0", "010", "1:30", "~", "0o17", "off")
SCHEMA = json.loads((chart.CHART / "values.schema.json").read_text(encoding="utf-8"))
CREDENTIALS = {"existingSecret": "1e3", "keys": {"apiKey": "20260101", "appKey": "no", "bearerToken": "null"}}
# Settings that make other values visible. All remaining string values are filled in.
BASES = {
    "everything of one organization": {
        "datadog": {"credentials": {"existingSecret": "x"}, "ca": {"existingSecret": "x"}},
        "serviceMonitor": {"enabled": True, "basicAuth": {"username": {"name": "x", "key": "x"}, "password": {"name": "x", "key": "x"}}},
        "web": {"tls": {"enabled": True, "existingSecret": "x"}},
        "proxy": {"existingSecret": "x"},
        "state": {"enabled": True, "persistentVolumeClaim": {"enabled": True}},
        "prometheusRule": {"enabled": True, "alertLabels": {"a": "x"}, "alerts": {"DatadogAccessTokenUnused": {"labels": {"a": "x"}}}},
        "dashboards": {"enabled": True, "grafanaOperator": {"enabled": True}},
        "networkPolicy": {"enabled": True, "egress": {"extraRules": [{"ports": [{"port": 3128}]}]}},
        "podDisruptionBudget": {"enabled": True}, "verticalPodAutoscaler": {"enabled": True},
    },
    "organizations and a whole web configuration": {
        "datadog": {"organizations": [{"name": name, "ownedBy": [name], "filter": name, "credentials": CREDENTIALS} for name in ("1e3", "no")],
                    "ca": {"existingConfigMap": "x"}},
        "sharding": {"enabled": True}, "podMonitor": {"enabled": True}, "web": {"existingSecret": "x"},
        "proxy": {"httpsProxy": "http://proxy.example.com"}, "serviceAccount": {"create": False},
    },
    "inline keys": {
        "datadog": {"name": "20260101", "credentials": {"apiKey": "1" * 32, "appKey": "2" * 40}, "ca": {"pem": "-----BEGIN CERTIFICATE-----"}},
    },
}
# Values that exclude one another, or whose form a template checks.
LEFT_ALONE = re.compile(r"datadog\.(site|baseUrl|filter|ownedBy|credentials\.(directory|existingSecret|apiKey|appKey|bearerToken)|ca\.(pem|existing.*))|"
                        r"(proxy|web)\.existingSecret|proxy\.httpsProxy|web\.tls\.existingSecret|prometheusRule\.matcher")


def resolved(schema):
    return SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def kind(schema):
    """The type of a value, ignoring null."""
    kinds = resolved(schema).get("type", "")
    return kinds[0] if isinstance(kinds, list) and kinds[1:] == ["null"] else kinds


def hostile(schema, text):
    """The text if the schema accepts it, otherwise another one of HOSTILE; None if the schema accepts none of them."""
    if "enum" in schema:
        return None
    texts = (text, *HOSTILE)
    return next((each for each in texts if re.search(schema.get("pattern", ""), each)), None)


def filled(schema, values, text, path=""):
    """The values with the text in every place that takes a string."""
    schema = resolved(schema)
    kinds = kind(schema)
    if kinds == "object" and "properties" in schema:
        children = {key: filled(child, (values or {}).get(key), text, f"{path}.{key}".strip(".")) for key, child in schema["properties"].items()}
        return {key: child for key, child in children.items() if child is not None} or values
    if LEFT_ALONE.fullmatch(path) or path.startswith(("extra", "config.")):
        if values == "x":
            return hostile(schema, text)
        return values
    if kinds == "object" and kind(schema.get("additionalProperties") or {}) == "string" and path != "web.basicAuth.users":
        return {**(values or {}), "hostile": hostile(resolved(schema["additionalProperties"]), text)}
    if kinds == "array" and values is None and kind(schema["items"]) == "string":
        item = hostile(resolved(schema["items"]), text)
        return None if item is None else [item]
    return hostile(schema, text) if kinds == "string" else values


class Scalars(unittest.TestCase):
    maxDiff = None

    def rendered(self, values, **options):
        objects = chart.render(values, **options)
        mistakes = chart.schema_mistakes(objects)
        self.assertEqual([text for texts in mistakes for text in texts], [])
        return objects

    def test_strings_that_look_like_other_types_stay_strings(self):
        """Each base exposes different values; the schema says which of them are strings."""
        for name, base in BASES.items():
            for text in HOSTILE[:3]:
                with self.subTest(base=name, text=text):
                    self.rendered(filled(SCHEMA, base, text))

    def test_strings_reach_the_objects(self):
        """Proves that the test above can fail: the texts do appear in the objects."""
        values = filled(SCHEMA, BASES["everything of one organization"], "20260101")
        objects = self.rendered(values)
        volumes = {volume["name"]: volume.get("secret", {}).get("secretName") for volume in objects.pod["spec"]["volumes"]}
        self.assertEqual((volumes["credentials-0"], volumes["tls"], volumes["ca"]), ("20260101",) * 3)
        self.assertEqual(objects.claims()["state"]["spec"]["storageClassName"], "20260101")
        self.assertEqual({each["metadata"]["namespace"] for each in objects}, {"20260101"})
        for place in ("priorityClassName", "runtimeClassName", "schedulerName", "serviceAccountName"):
            self.assertEqual(objects.pod["spec"][place], "20260101")

    def test_the_programs_file_has_them_as_strings(self):
        config = chart.render(BASES["organizations and a whole web configuration"]).config
        self.assertEqual([(each["name"], each["filter"], each["owned_by"]) for each in config["organizations"]],
                         [("1e3", "1e3", ["1e3"]), ("no", "no", ["no"])])

    def test_release_names_and_namespaces_are_strings(self):
        base = BASES["everything of one organization"]
        for release in ("123", "no", "1e3"):
            with self.subTest(release=release):
                objects = self.rendered({**base, "nameOverride": "1"}, release=release, settings=("--namespace", "2026"))
                self.assertEqual(objects.service["spec"]["selector"]["app.kubernetes.io/instance"], release)
                for each in objects:
                    self.assertEqual(each["metadata"]["namespace"], "2026")

    def test_service_names_are_valid_host_names(self):
        """Before Kubernetes 1.36 the names of Services must begin with a letter. They must never contain a dot, which a
        release's name may."""
        for release, name in (("eu.prod.tokens", "eu-prod-tokens-datadog-token-exporter"), ("123", "exporter-123-datadog-token-exporter"),
                              ("9" * 53, "exporter-" + "9" * 53 + "-")):
            for sharded in (False, True):
                with self.subTest(release=release, sharded=sharded):
                    base = BASES["organizations and a whole web configuration"] if sharded else {"demo": {"enabled": True}}
                    objects = self.rendered(base, release=release)
                    self.assertEqual(objects.service["metadata"]["name"], name.removesuffix("-"))
                    for each in objects:
                        self.assertRegex(each["metadata"]["name"], r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
                    self.assertEqual(objects.service["metadata"]["labels"]["app.kubernetes.io/instance"], release)


if __name__ == "__main__":
    unittest.main(argv=["test_scalars", "-v"])
