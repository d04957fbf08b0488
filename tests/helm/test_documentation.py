"""values.yaml, values.schema.json, the chart's README, and the program's version and options agree.

`python3 tests/helm/test_documentation.py --write` writes the README's table and templates/_defaults.tpl."""
import copy
import json
import os
import re
import subprocess
import sys
import unittest

import yaml

import chart

README = chart.CHART / "README.md"
DEFAULTS = chart.CHART / "templates" / "_defaults.tpl"
VALUES = (chart.CHART / "values.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((chart.CHART / "values.schema.json").read_text(encoding="utf-8"))
# Keys in the schema that are not values of this chart.
WITHOUT_VALUE = ("enabled", "description")
# Options that the chart sets itself, or that make no sense in a pod.
OWN_OPTIONS = re.compile(r"datadog\..*|tokens\.(filter|owned-by)|web\.(listen-address|probe-listen-address|config\.file|systemd-socket)|"
                         r"state\..*|shard\..*|config\..*|once.*|list.*|demo.*|check|probe|version|help")


def documented():
    """{path: description} of every value with a comment that begins with `# --`, in order."""
    found, stack, comment = {}, [], []
    for line in VALUES.splitlines():
        text = line.strip()
        key = re.match(r"( *)([A-Za-z_][\w.]*):", line)
        if text.startswith("# --"):
            comment = [text.removeprefix("# --").strip()]
        elif text.startswith("#"):
            comment = comment + [text.removeprefix("#").strip()] if comment else []
        elif key:
            depth = len(key.group(1)) // 2
            stack = stack[:depth] + [key.group(2)]
            if comment:
                found[".".join(stack)] = " ".join(comment)
            comment = []
        else:
            comment = []
    return found


def leaves(values, path=""):
    """Every path without a non-empty map below it."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def at(values, path):
    for key in path.split("."):
        values = values[key]
    return values


def resolved(schema):
    return SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def table():
    values = yaml.safe_load(VALUES)
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for path, meaning in documented().items():
        default = json.dumps(at(values, path), ensure_ascii=False)
        shown = f"`{default}`" if len(default) < 70 else "see `values.yaml`"
        rows.append(f"| `{path}` | {shown} | {meaning} |")
    return "\n".join(rows)


def with_table(text):
    return re.sub(r"(<!-- values:.*?-->\n).*?(<!-- /values -->)", lambda match: match[1] + table() + "\n" + match[2], text, flags=re.S)


def without_nulls(values):
    return {key: without_nulls(value) if isinstance(value, dict) else value for key, value in values.items() if value is not None}


def defaults():
    """The text of templates/_defaults.tpl: the contents of values.yaml, except the parts that `null` removes."""
    values = copy.deepcopy(yaml.safe_load(VALUES))
    # Options missing from the file fall back to the program's defaults; only this one is also needed by the chart itself.
    values["config"] = {"web": {"telemetry_path": values["config"]["web"]["telemetry_path"]}}
    for probe in ("livenessProbe", "readinessProbe"):
        del values[probe]
    text = yaml.safe_dump(without_nulls(values), sort_keys=False, width=120)
    return ("{{/* Written by tests/helm/test_documentation.py --write from values.yaml: what null means, see _prepare.tpl. */}}\n"
            '{{- define "datadog-token-exporter.defaults" -}}\n' + text + "{{- end -}}\n")


class Documentation(unittest.TestCase):
    maxDiff = None

    def test_the_templates_have_the_defaults(self):
        self.assertEqual(DEFAULTS.read_text(encoding="utf-8"), defaults())

    def test_every_value_has_a_comment(self):
        paths = documented()
        self.assertGreater(len(paths), 100)
        for leaf in leaves(yaml.safe_load(VALUES)):
            parts = leaf.split(".")
            covered = any(".".join(parts[:end]) in paths for end in range(1, len(parts) + 1))
            self.assertTrue(covered, f"{leaf}: no comment that begins with # --")

    def test_the_readme_has_the_table_of_values(self):
        text = README.read_text(encoding="utf-8")
        self.assertIn("<!-- values:", text)
        self.assertEqual(with_table(text), text)

    def test_values_named_in_the_readme_exist(self):
        values = yaml.safe_load(VALUES)
        text = re.sub(r"<!-- values:.*?<!-- /values -->", "", README.read_text(encoding="utf-8"), flags=re.S)
        named = re.findall(r"`((?:" + "|".join(map(re.escape, values)) + r")(?:\.\w+)*)`", text)
        self.assertGreater(len(named), 10)
        for path in named:
            if not path.startswith("prometheusRule.alerts."):
                at(values, path)

    def test_yaml_examples_in_the_readme_render(self):
        blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
        self.assertGreater(len(blocks), 3)
        for block in blocks:
            values = yaml.safe_load(block)
            if "datadog" not in values:
                values["demo"] = {"enabled": True}
            chart.render(values)


class Schema(unittest.TestCase):
    def test_it_knows_every_value(self):
        def walk(values, schema, path):
            schema = resolved(schema)
            for key, value in values.items():
                self.assertIn(key, schema.get("properties", {}), f"{path}{key}")
                child = resolved(schema["properties"][key])
                if isinstance(value, dict) and "properties" in child:
                    walk(value, child, f"{path}{key}.")
        walk(yaml.safe_load(VALUES), SCHEMA, "")

    def test_it_has_no_other_values(self):
        paths = documented()

        def walk(schema, values, path):
            for key, child in resolved(schema).get("properties", {}).items():
                if path or key not in WITHOUT_VALUE:
                    self.assertIn(key, values, f"{path}{key}")
                    if f"{path}{key}" not in paths:
                        walk(child, values[key], f"{path}{key}.")
        walk(SCHEMA, yaml.safe_load(VALUES), "")

    def test_it_lets_nothing_unknown_pass(self):
        """Every object is closed, or is a map of uniform values, or belongs to Kubernetes (which is validated on every rendering)."""
        def walk(schema, path):
            if isinstance(schema, list):
                for index, each in enumerate(schema):
                    walk(each, f"{path}[{index}]")
            if not isinstance(schema, dict):
                return
            if "properties" in schema and path != ".properties.global":
                self.assertIs(schema.get("additionalProperties"), False, path)
            for key, child in schema.items():
                walk(child, f"{path}.{key}")
        walk(SCHEMA, "")

    def test_it_has_no_pattern_for_secrets(self):
        """Helm 4 prints values that don't match a pattern."""
        credentials = SCHEMA["definitions"]["credentials"]["properties"]
        places = [credentials[kind] for kind in ("apiKey", "appKey", "bearerToken")]
        properties = SCHEMA["properties"]
        places += [properties["proxy"]["properties"]["httpsProxy"], properties["datadog"]["properties"]["baseUrl"],
                   properties["datadog"]["properties"]["ca"]["properties"]["pem"],
                   properties["web"]["properties"]["basicAuth"]["properties"]["users"]["additionalProperties"]]
        for place in places:
            self.assertIn(resolved(place), ({"type": "string"}, {"type": ["string", "null"]}))


class Program(unittest.TestCase):
    """The chart agrees with the program it starts."""

    def test_the_versions_are_the_same(self):
        text = (chart.SOURCE_DIR / "CMakeLists.txt").read_text(encoding="utf-8")
        version = re.search(r"project\(datadog_token_exporter VERSION (\S+)", text).group(1)
        metadata = yaml.safe_load((chart.CHART / "Chart.yaml").read_text(encoding="utf-8"))
        self.assertEqual((metadata["version"], metadata["appVersion"]), (version, version))

    def test_options_and_defaults_match_the_program(self):
        text = subprocess.run([os.environ["EXPORTER"], "--help"], capture_output=True, text=True, timeout=chart.LIMIT_SECONDS, check=True).stdout
        defaults = {}
        for block in re.split(r"\n(?=  --)", text)[1:]:
            flag = re.match(r"  --(\S+)", block).group(1)
            words = re.sub(r",\s+", ",", " ".join(block.split("\n\n")[0].split()))
            if not OWN_OPTIONS.fullmatch(flag):
                defaults[flag] = words.partition(" Default: ")[2]
        values = yaml.safe_load(VALUES)["config"]
        shown = {}
        for section, options in values.items():
            for key, value in options.items():
                flag = f"{section}.{key.replace('_', '-')}"
                shown[flag] = ",".join(value) if isinstance(value, list) else str(value)
        shown["scopes.privileged"] = defaults["scopes.privileged"]  # null in values.yaml, which means the program's default.
        self.assertEqual(shown, defaults)


def write():
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    DEFAULTS.write_text(defaults(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
