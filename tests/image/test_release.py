"""exporter/packaging/release.sh without root and without a compiler: its refusals, and release.py with a small image, pushed to
Debian's docker-registry and pulled from there. tests/image/release_and_run.sh tests a whole release."""
import argparse
import gzip
import hashlib
import importlib.util
import io
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGING = ROOT / "exporter" / "packaging"
STATUS = ROOT / "tests" / "image" / "release" / "status.d"
HELM = ROOT / "build" / "tools" / "helm4"
CHART = ROOT / "helm" / "datadog-token-exporter"
VERSION = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)
LIMIT_SECONDS = 120
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
REVISION = "0123456789abcdef0123456789abcdef01234567"

spec = importlib.util.spec_from_file_location("release", PACKAGING / "release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, **options)


def make_image(folder):
    """A manifest list of two platforms in a folder, as skopeo writes it for `dir:`; each has one layer with the packages'
    metadata."""
    folder.mkdir()
    (folder / "version").write_text("Directory Transport Version: 1.1\n", encoding="utf-8")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        for path in sorted(STATUS.iterdir()):
            files.add(path, f"var/lib/dpkg/status.d/{path.name}")

    def put(data, media_type, suffix="", **more):
        name = hashlib.sha256(data).hexdigest()
        (folder / (name + suffix)).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(data), **more}

    entries = []
    for architecture in ("amd64", "arm64"):
        config = {"architecture": architecture, "os": "linux", "config": {"User": "65532:65532"},
                  "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": put(json.dumps(config).encode(), "application/vnd.docker.container.image.v1+json"),
                    "layers": [put(gzip.compress(layer.getvalue(), mtime=0), "application/vnd.docker.image.rootfs.diff.tar.gzip")]}
        entries.append(put(json.dumps(manifest).encode(), MANIFEST, ".manifest.json", platform={"os": "linux", "architecture": architecture}))
    (folder / "manifest.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}), encoding="utf-8")
    return release.Image(folder)


class Folder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name)


class Refusals(Folder):
    """Refused before anything is built or pushed."""

    def setUp(self):
        super().setUp()
        # A separate repository, so that the state of this one has no effect.
        self.tree = self.folder / "tree"
        (self.tree / "exporter" / "packaging").mkdir(parents=True)
        for name in ("CMakeLists.txt", "Dockerfile", "exporter/packaging/release.sh", "exporter/packaging/release.py"):
            (self.tree / name).write_bytes((ROOT / name).read_bytes())
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "all")

    def git(self, *words):
        done = run("git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words, cwd=self.tree)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_refused(self, expected, *words, status=1):
        # Without its tools the script stops in any case.
        done = run("sh", self.tree / "exporter" / "packaging" / "release.sh", *words, env={"PATH": os.environ["PATH"], "HELM": "/nonexistent/helm", "HOME": str(self.folder)})
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertIn(expected, done.stderr)

    def test_invalid_arguments(self):
        self.assert_refused("0 arguments instead of VERSION and REGISTRY", status=2)
        self.assert_refused("unknown option --trail", "--trail", VERSION, "localhost:1", status=2)
        self.assert_refused("--output needs a value", "--output", status=2)

    def test_another_version(self):
        self.assert_refused(f"version 9.9.9: CMakeLists.txt has {VERSION}", "9.9.9", "localhost:1")

    def test_an_invalid_registry_or_platform(self):
        self.assert_refused("registry https://ghcr.io/a: not like", VERSION, "https://ghcr.io/a")
        self.assert_refused("platform linux/s390x: not linux/amd64 or linux/arm64", "--platforms", "linux/amd64,linux/s390x", VERSION, "localhost:1")

    def test_changes_and_a_missing_tag(self):
        self.assert_refused(f"HEAD is not the tag v{VERSION}", VERSION, "localhost:1")
        (self.tree / "new").write_text("x", encoding="utf-8")
        self.assert_refused("changes that are not committed", VERSION, "localhost:1")
        self.assert_refused("/nonexistent/helm is missing", "--trial", "--without-packages", VERSION, "localhost:1")
        (self.tree / "new").unlink()
        self.git("tag", f"v{VERSION}")
        self.assert_refused("/nonexistent/helm is missing", "--without-packages", VERSION, "localhost:1")

    def test_missing_tests_or_packages(self):
        (self.tree / "Dockerfile").write_text("FROM scratch AS deb\n", encoding="utf-8")
        self.assert_refused("has no stage test", "--trial", VERSION, "localhost:1")
        (self.tree / "Dockerfile").write_text("FROM scratch AS test\n", encoding="utf-8")
        self.assert_refused("has no stage deb", "--trial", VERSION, "localhost:1")
        self.assert_refused("no packages datadog-token-exporter_", "--trial", "--packages", self.tree, VERSION, "localhost:1")


class WithImage(Folder):
    def setUp(self):
        super().setUp()
        self.image = make_image(self.folder / "image")

    def sbom(self, platform="linux/amd64"):
        return release.sbom(self.image, platform, "datadog-token-exporter", VERSION, 1_700_000_000)

    def provenance(self):
        return release.provenance(self.image, argparse.Namespace(
            reference="localhost:1/team/datadog-token-exporter", version=VERSION, platforms="linux/amd64,linux/arm64", base="debian:trixie-slim",
            base_digest="sha256:" + "b" * 64, revision=REVISION, source="https://example.com/source", builder="https://example.com/builder",
            started="2026-01-01T00:00:00Z", finished="2026-01-01T00:10:00Z", tests="no", argument=["changes=no", "tag=v1=2"]))


class Documents(WithImage):
    def test_the_sbom_has_every_package_of_the_image(self):
        document = self.sbom()
        self.assertEqual((document["spdxVersion"], document["dataLicense"], document["SPDXID"]), ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertEqual(document["creationInfo"]["created"], "2023-11-14T22:13:20Z")
        image, *packages = document["packages"]
        self.assertEqual([package["name"] for package in packages], sorted(path.name for path in STATUS.iterdir()))
        self.assertEqual([package["versionInfo"] for package in packages],
                         [re.search("^Version: (.*)$", path.read_text(encoding="utf-8"), re.M)[1] for path in sorted(STATUS.iterdir())])
        self.assertEqual(packages[0]["sourceInfo"], "built package from: glibc")
        self.assertEqual(packages[1]["externalRefs"][0]["referenceLocator"], "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64")
        self.assertEqual("sha256:" + image["checksums"][0]["checksumValue"], self.image.platforms()["linux/amd64"][0])

    def test_the_sbom_refers_to_nothing_that_is_not_there(self):
        document = self.sbom()
        known = {"SPDXRef-DOCUMENT", *(package["SPDXID"] for package in document["packages"])}
        self.assertEqual(len(known), 1 + len(document["packages"]))
        for name in known:
            self.assertRegex(name, r"^SPDXRef-[A-Za-z0-9.-]+$")
        named = {relation[key] for relation in document["relationships"] for key in ("spdxElementId", "relatedSpdxElement")}
        self.assertEqual(named | set(document["documentDescribes"]), known)
        for package in document["packages"]:
            for key in ("name", "downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"):
                self.assertTrue(package[key])

    def test_the_same_image_has_the_same_sbom_and_another_platform_another(self):
        self.assertEqual(self.sbom(), self.sbom())
        self.assertNotEqual(self.sbom()["documentNamespace"], self.sbom("linux/arm64")["documentNamespace"])

    def test_an_image_without_metadata_is_refused(self):
        for path in self.image.folder.glob("*.manifest.json"):
            path.write_text(path.read_text(encoding="utf-8").replace('"layers": [{', '"layers": [], "was": [{'), encoding="utf-8")
        with self.assertRaisesRegex(SystemExit, "no package metadata"):
            self.sbom()

    def test_the_provenance_names_source_builder_arguments_and_what_came_out(self):
        statement = self.provenance()
        self.assertEqual((statement["_type"], statement["predicateType"]), ("https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1"))
        digests = ["sha256:" + subject["digest"]["sha256"] for subject in statement["subject"]]
        self.assertEqual(digests, [self.image.digest, *(digest for digest, _ in self.image.platforms().values())])
        definition = statement["predicate"]["buildDefinition"]
        self.assertEqual(definition["resolvedDependencies"][0], {"uri": "https://example.com/source", "digest": {"gitCommit": REVISION}})
        self.assertEqual(definition["externalParameters"]["tests"], "no")
        self.assertEqual(definition["externalParameters"]["arguments"], {"changes": "no", "tag": "v1=2"})
        self.assertEqual(statement["predicate"]["runDetails"]["builder"], {"id": "https://example.com/builder"})

    def test_the_chart_uses_the_image_by_default(self):
        target = self.folder / "datadog-token-exporter"
        digest = "sha256:" + "c" * 64
        done = run(sys.executable, PACKAGING / "release.py", "chart", CHART, target, "--repository", "ghcr.io/a/team/datadog-token-exporter",
                   "--digest", digest, "--home", "https://example.com", "--source", "https://example.com/source", "--maintainer",
                   "Jane Doe <jane@example.com>", "--maintainer", "A Team")
        self.assertEqual(done.returncode, 0, done.stderr)
        metadata = yaml.safe_load((target / "Chart.yaml").read_text(encoding="utf-8"))
        self.assertEqual((metadata["home"], metadata["sources"]), ("https://example.com", ["https://example.com/source"]))
        self.assertEqual(metadata["maintainers"], [{"name": "Jane Doe", "email": "jane@example.com"}, {"name": "A Team"}])
        self.assertIn(f"| `image.digest` | `\"{digest}\"` |", (target / "README.md").read_text(encoding="utf-8"))
        for setting, expected in (((), f"ghcr.io/a/team/datadog-token-exporter@{digest}"),
                                  (("--set", "image=null"), f"ghcr.io/a/team/datadog-token-exporter@{digest}"),
                                  (("--set", "global.imageRegistry=mirror:5000"), f"mirror:5000/datadog-token-exporter@{digest}")):
            done = run(HELM, "template", "tokens", target, "--set", "demo.enabled=true", *setting)
            self.assertEqual(set(re.findall(r'image: "?([^"\s]+)', done.stdout)), {expected}, done.stderr)

    def test_the_chart_is_unchanged_without_addresses(self):
        target = self.folder / "datadog-token-exporter"
        run(sys.executable, PACKAGING / "release.py", "chart", CHART, target, "--repository", "a:1/b", "--digest", "sha256:" + "c" * 64)
        self.assertEqual((target / "Chart.yaml").read_bytes(), (CHART / "Chart.yaml").read_bytes())


class Registry(WithImage):
    """Debian's docker-registry on a free port."""

    def setUp(self):
        super().setUp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        config = self.folder / "registry.yml"
        config.write_text(json.dumps({"version": 0.1, "log": {"level": "error"}, "http": {"addr": self.address},
                                      "storage": {"filesystem": {"rootdirectory": str(self.folder / "registry")}}}), encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.server = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.send_signal, signal.SIGTERM)
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            try:
                self.get("")
                return
            except OSError:
                self.assertIsNone(self.server.poll(), "the registry has ended")
                self.assertLess(time.monotonic(), end)

    def get(self, path):
        request = urllib.request.Request(f"http://{self.address}/v2/{path}", headers={"Accept": ", ".join((release.INDEX, release.MANIFEST, LIST, MANIFEST))})
        with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
            return answer.read()

    def skopeo(self, source, target, *options):
        done = run("skopeo", "copy", "--quiet", "--all", *options, "--dest-tls-verify=false", source, f"docker://{self.address}/team/{target}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_attachments_are_found_by_the_images_digest(self):
        self.skopeo(f"dir:{self.image.folder}", f"exporter:{VERSION}", "--preserve-digests")
        self.assertEqual(release.digest_of(self.get(f"team/exporter/manifests/{VERSION}")), self.image.digest)
        sbom, provenance = self.folder / "a.spdx.json", self.folder / "a.provenance.json"
        release.write(sbom, self.sbom())
        release.write(provenance, self.provenance())
        release.attach(self.folder / "artifacts", release.subject_of(self.image, self.image.digest), [sbom, provenance])
        self.skopeo(f"oci:{self.folder}/artifacts:referrers", "exporter:" + self.image.digest.replace(":", "-"))
        referrers = json.loads(self.get(f"team/exporter/manifests/{self.image.digest.replace(':', '-')}"))
        kinds = ("application/spdx+json", "application/vnd.in-toto+json")
        for entry, path, kind in zip(referrers["manifests"], (sbom, provenance), kinds, strict=True):
            manifest = json.loads(self.get(f"team/exporter/manifests/{entry['digest']}"))
            self.assertEqual((manifest["artifactType"], manifest["layers"][0]["mediaType"]), (kind, kind))
            self.assertEqual(manifest["subject"], {"mediaType": LIST, "digest": self.image.digest, "size": len(self.image.data)})
            self.assertEqual(self.get(f"team/exporter/blobs/{manifest['layers'][0]['digest']}"), path.read_bytes())

    def test_the_chart_is_pulled_with_the_image_in_it(self):
        target = self.folder / "datadog-token-exporter"
        home = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        run(sys.executable, PACKAGING / "release.py", "chart", CHART, target, "--repository", f"{self.address}/team/exporter", "--digest", self.image.digest)
        for words in (("package", target, "--destination", self.folder),
                      ("push", "--plain-http", self.folder / f"datadog-token-exporter-{VERSION}.tgz", f"oci://{self.address}/team/charts")):
            done = run(HELM, *words, env=home)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = run(HELM, "template", "tokens", f"oci://{self.address}/team/charts/datadog-token-exporter", "--plain-http", "--version", VERSION,
                   "--set", "demo.enabled=true", env=home)
        self.assertEqual(set(re.findall(r'image: "?([^"\s]+)', done.stdout)), {f"{self.address}/team/exporter@{self.image.digest}"}, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=["test_release", "-v"])
