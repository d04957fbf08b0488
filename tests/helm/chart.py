"""Renders the chart with Helm 3 and Helm 4 for tests. tests/helm/tools/get.sh installs both under build/tools."""
import base64
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_DIR = pathlib.Path(os.environ.get("SOURCE_DIR", HERE.parent.parent))
CHART = SOURCE_DIR / "helm" / "datadog-token-exporter"
TOOLS = SOURCE_DIR / "build" / "tools"
HELMS = ("helm3", "helm4")
NAMESPACE = "monitoring-tools"
LIMIT_SECONDS = 60

# All valid values files, by name: those that any cluster can install, and those that need an operator's kinds.
VALUES = {path.name.removesuffix("-values.yaml"): path
          for path in [*(CHART / "ci").glob("*-values.yaml"), *(HERE / "values").glob("*-values.yaml")]}


class Loader(yaml.SafeLoader):
    """Parses the numbers and booleans that Kubernetes' own parser does: PyYAML reads `1e3` and `y` as strings."""
    bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


for tag, pattern in (("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), ("int", "0o[0-7]+$"), ("bool", "[yYnN]$")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), None)


def require_tools():
    """Fails if a tool is missing, rather than skipping tests."""
    missing = [tool for tool in (*HELMS, "stamp") if not (TOOLS / tool).exists()]
    if missing:
        raise AssertionError(f"{', '.join(missing)} missing in {TOOLS}: run tests/helm/tools/get.sh")


def run_helm(helm, *arguments):
    """Runs Helm with its own home folder, so that the user's settings have no effect."""
    require_tools()
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [TOOLS / helm, *map(str, arguments)],
            env={"HOME": home, "PATH": os.environ["PATH"]},
            capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def template(helm, values, chart=CHART, release="tokens", settings=()):
    """The result of `helm template`. `values` is a path or a dictionary."""
    with tempfile.TemporaryDirectory() as directory:
        if isinstance(values, dict):
            path = pathlib.Path(directory) / "values.yaml"
            # JSON, because PyYAML writes strings such as 1e3 without quotes.
            path.write_text(json.dumps(values), encoding="utf-8")
            values = path
        return run_helm(helm, "template", release, chart, "--namespace", NAMESPACE, "--values", values, *settings)


def objects(result):
    """The rendered objects, in order. Duplicates are an error."""
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    found = [each for each in yaml.load_all(result.stdout, Loader) if each is not None]
    keys = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in found]
    assert len(set(keys)) == len(keys), f"an object twice: {keys}"
    return found


@functools.lru_cache(maxsize=None)
def _rendering_of_file(name, helm):
    return objects(template(helm, VALUES[name]))


def rendering(name, helm="helm4"):
    """The objects rendered from one of VALUES. A test ensures that both Helms render the same."""
    return Objects(_rendering_of_file(name, helm))


def render(values, **options):
    return Objects(objects(template("helm4", values, **options)))


class Objects(list):
    def one(self, kind, suffix=""):
        """The only object of a kind (with this suffix in its name)."""
        found = [each for each in self if each["kind"] == kind and each["metadata"]["name"].endswith(suffix)]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} objects of kind {kind}: {[each['metadata']['name'] for each in found]}")
        return found[0]

    def kinds(self):
        return sorted(each["kind"] for each in self)

    def pod_templates(self):
        """(name, metadata, spec) of every pod."""
        for each in self:
            if each["kind"] == "Pod":
                yield each["metadata"]["name"], each["metadata"], each["spec"]
            elif "template" in each.get("spec", {}):
                yield each["metadata"]["name"], each["spec"]["template"]["metadata"], each["spec"]["template"]["spec"]

    @property
    def workload(self):
        """The Deployment, or the StatefulSet that replaces it."""
        return self.one("StatefulSet" if "StatefulSet" in self.kinds() else "Deployment")

    @property
    def service(self):
        """The Service of the metrics, not the headless one for the pods' names."""
        found = [each for each in self if each["kind"] == "Service" and not each["metadata"]["name"].endswith("-pods")]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} Services for the metrics")
        return found[0]

    @property
    def pod(self):
        return self.workload["spec"]["template"]

    @property
    def container(self):
        return self.pod["spec"]["containers"][0]

    @property
    def arguments(self):
        return self.container.get("args", [])

    @property
    def variables(self):
        """{name: value} of the container's environment, only for variables with a literal value."""
        return {entry["name"]: entry["value"] for entry in self.container["env"] if "value" in entry}

    def claims(self):
        """The StatefulSet's volume claim templates, by name."""
        return {claim["metadata"]["name"]: claim for claim in self.workload["spec"].get("volumeClaimTemplates", [])}

    def volume(self, name):
        if name in self.claims():
            return {"name": name, "persistentVolumeClaim": {"claimName": name}}
        return next(volume for volume in self.pod["spec"]["volumes"] if volume["name"] == name)

    @property
    def config(self):
        """The parsed configuration file of the program."""
        for each in self:
            if "config.yaml" in each.get("data", {}):
                return yaml.safe_load(each["data"]["config.yaml"])
        raise AssertionError("no ConfigMap with config.yaml")

    @property
    def web_config(self):
        secret = self.one("Secret", "-web")
        return yaml.safe_load(base64.b64decode(secret["data"]["web-config.yml"]))


def version():
    return yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"]


def schema_mistakes(all_objects):
    """For each object, the violations of the schemas of Kubernetes and the operators, and unknown keys."""
    result = subprocess.run(["node", HERE / "validate.mjs", TOOLS / "node_modules"], input=json.dumps(all_objects),
                            capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout)
