#!/usr/bin/env python3
"""Helper of exporter/packaging/release.sh: SBOMs, provenance, their OCI layout, and a chart whose default is the published image.
Needs only Debian's python3 and its standard library.

    release.py sbom FOLDER PLATFORM          SPDX 2.3 of one platform's image, from the package metadata in the image
    release.py provenance FOLDER …           an in-toto statement with SLSA provenance, version 1
    release.py attach FOLDER SUBJECT FILE…   an OCI layout with the artifacts of a digest, for skopeo to push
    release.py chart CHART TARGET …          a copy of the chart with the registry and the digest as its defaults

FOLDER is an image as written by `skopeo copy --all … dir:FOLDER`."""
import argparse
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import sys
import tarfile
import uuid

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = b"{}"
SPDX = "application/spdx+json"
IN_TOTO = "application/vnd.in-toto+json"
STATUS = "var/lib/dpkg/status.d/"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def time_of(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Image:
    """An image in a folder: either one manifest, or a list with a manifest for each platform."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = (self.folder / "manifest.json").read_bytes()
        self.manifest = json.loads(self.data)
        self.digest = digest_of(self.data)

    def platforms(self):
        """{platform: (digest, manifest)}"""
        if "manifests" not in self.manifest:
            return {self.platform_of(self.manifest): (self.digest, self.manifest)}
        found = {}
        for entry in self.manifest["manifests"]:
            data = (self.folder / f"{entry['digest'].removeprefix('sha256:')}.manifest.json").read_bytes()
            found["{os}/{architecture}".format(**entry["platform"])] = (entry["digest"], json.loads(data))
        return found

    def blob(self, digest):
        return self.folder / digest.removeprefix("sha256:")

    def platform_of(self, manifest):
        config = json.loads(self.blob(manifest["config"]["digest"]).read_bytes())
        return "{os}/{architecture}".format(**config)

    def packages(self, manifest):
        """{package name: fields} from dpkg's status files."""
        found = {}
        for layer in manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as layer_files:
                for member in layer_files:
                    name = member.name.removeprefix("./")
                    if name.startswith(STATUS) and member.isfile():
                        package = paragraph(layer_files.extractfile(member).read().decode())
                        found[package["Package"]] = package
        return [found[name] for name in sorted(found)]


def paragraph(text):
    fields = {}
    for line in text.splitlines():
        key, separator, value = line.partition(": ")
        if separator and not line.startswith(" "):
            fields[key] = value
    return fields


def spdx_id(*parts):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(parts))


def sbom(image, platform, name, version, epoch):
    """An SPDX document of one platform's image. The same image always gives the same document."""
    digest, manifest = image.platforms()[platform]
    packages = image.packages(manifest)
    if not packages:
        raise SystemExit(f"release.py: no package metadata ({STATUS}) in the image for {platform}")
    top = {
        "SPDXID": spdx_id("Image", name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "CONTAINER", "checksums": [{"algorithm": "SHA256", "checksumValue": digest.removeprefix("sha256:")}],
        "supplier": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:oci/{name}@{digest.replace(':', '%3A')}?arch={platform.partition('/')[2]}"}],
    }
    described, relations = [top], []
    for package in packages:
        entry = {
            "SPDXID": spdx_id("Package", package["Package"], package["Architecture"]), "name": package["Package"],
            "versionInfo": package["Version"], "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            # The licence texts are in the image, below /usr/share/doc.
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "supplier": f"Organization: {package['Maintainer']}" if "Maintainer" in package else "NOASSERTION",
            "sourceInfo": "built package from: " + package.get("Source", package["Package"]),
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl(package)}],
        }
        if "Homepage" in package:
            entry["homepage"] = package["Homepage"]
        described.append(entry)
        relations.append({"spdxElementId": top["SPDXID"], "relationshipType": "CONTAINS", "relatedSpdxElement": entry["SPDXID"]})
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}-{platform.replace('/', '-')}",
        "documentNamespace": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}@{digest}")),
        "creationInfo": {"created": time_of(epoch), "creators": ["Tool: exporter/packaging/release.py"]},
        "documentDescribes": [top["SPDXID"]],
        "packages": described,
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": top["SPDXID"]}, *relations],
    }


def purl(package):
    """The package URL of a Debian package, by which scanners find it: https://github.com/package-url/purl-spec."""
    version = package["Version"].replace("+", "%2B").replace(":", "%3A").replace("~", "~")
    return f"pkg:deb/debian/{package['Package'].replace('+', '%2B')}@{version}?arch={package['Architecture']}"


def provenance(image, arguments):
    """https://slsa.dev/spec/v1.0/provenance, unsigned: signing is up to the publisher."""
    subjects = [{"name": arguments.reference, "digest": {"sha256": image.digest.removeprefix("sha256:")}}]
    subjects += [{"name": f"{arguments.reference} ({platform})", "digest": {"sha256": digest.removeprefix("sha256:")}}
                 for platform, (digest, _) in image.platforms().items() if digest != image.digest]
    return {
        "_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                # Only identifies this kind of build; it resolves to nothing.
                "buildType": "urn:datadog-token-exporter:release.sh:v1",
                "externalParameters": {"version": arguments.version, "platforms": arguments.platforms.split(","), "base": arguments.base,
                                       "tests": arguments.tests, "arguments": dict(pair.split("=", 1) for pair in arguments.argument)},
                "resolvedDependencies": [{"uri": arguments.source or "urn:unknown", "digest": {"gitCommit": arguments.revision}},
                                         *([{"uri": arguments.base, "digest": {"sha256": arguments.base_digest.removeprefix("sha256:")}}]
                                           if arguments.base_digest else [])],
            },
            "runDetails": {"builder": {"id": arguments.builder or "urn:unknown"},
                           "metadata": {"startedOn": arguments.started, "finishedOn": arguments.finished}},
        },
    }


def attach(folder, subject, files):
    """Writes an OCI layout with one artifact for each file, and an index of them. A registry without the referrers API serves
    that index under the tag sha256-<digest> (OCI distribution specification 1.1)."""
    folder = pathlib.Path(folder)
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data, media_type, **more):
        digest = digest_of(data)
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    entries = []
    for path in map(pathlib.Path, files):
        kind = SPDX if path.name.endswith(".spdx.json") else IN_TOTO
        annotations = {"org.opencontainers.image.title": path.name}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
                    "config": put(EMPTY, "application/vnd.oci.empty.v1+json"),
                    "layers": [put(path.read_bytes(), kind, annotations=annotations)],
                    "subject": subject, "annotations": annotations}
        entries.append(put(json.dumps(manifest).encode(), MANIFEST, artifactType=kind, annotations=annotations))
    index = put(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), INDEX)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")
    index["annotations"] = {"org.opencontainers.image.ref.name": "referrers"}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}), encoding="utf-8")


def subject_of(image, digest):
    """The descriptor of the image's list, or of one platform's manifest in it."""
    for entry in image.manifest.get("manifests", []):
        if entry["digest"] == digest:
            return {key: entry[key] for key in ("mediaType", "digest", "size")}
    return {"mediaType": image.manifest.get("mediaType", INDEX if "manifests" in image.manifest else MANIFEST),
            "digest": image.digest, "size": len(image.data)}


def changed(path, pattern, change):
    """Replaces the only match of `pattern` in a file."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(pattern, text)
    if len(found) != 1:
        raise SystemExit(f"release.py: {path}: {len(found)} places like {pattern!r}, and not one")
    path.write_text(text.replace(found[0], change(found[0])), encoding="utf-8")


def chart(source, target, arguments):
    """A copy of the chart with the published image as its default."""
    shutil.copytree(source, target)
    registry, _, repository = arguments.repository.rpartition("/")
    values = {"registry": registry, "repository": repository, "digest": arguments.digest}

    def with_values(section):
        for key, value in values.items():
            section = re.sub(rf"(?m)^  {key}: .*$", f"  {key}: {value}", section)
        return section

    for path in (target / "values.yaml", target / "templates" / "_defaults.tpl"):
        changed(path, r"(?m)^image:\n(?:  .*\n)+", with_values)
    for key, value in values.items():
        changed(target / "README.md", rf"(?m)^\| `image\.{key}` \| `[^`]*` \|",
                lambda _, key=key, value=value: f"| `image.{key}` | `{json.dumps(value)}` |")
    lines = []
    if arguments.home:
        lines.append(f"home: {json.dumps(arguments.home)}")
    if arguments.source:
        lines += ["sources:", f"  - {json.dumps(arguments.source)}"]
    if arguments.maintainer:
        lines.append("maintainers:")
        for maintainer in arguments.maintainer:
            name, address = re.fullmatch(r"([^<>]+?)\s*(?:<([^<>@\s]+@[^<>\s]+)>)?", maintainer).groups()
            lines.append(f"  - name: {json.dumps(name)}")
            if address:
                lines.append(f"    email: {json.dumps(address)}")
    with open(target / "Chart.yaml", "a", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def write(path, document):
    pathlib.Path(path).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def main(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("digest")
    command.add_argument("image")
    command.add_argument("platform", nargs="?")
    command = commands.add_parser("sbom")
    command.add_argument("image")
    command.add_argument("platform")
    for name in ("name", "version", "output"):
        command.add_argument(f"--{name}", required=True)
    command.add_argument("--epoch", type=int, required=True)
    command = commands.add_parser("provenance")
    command.add_argument("image")
    for name in ("reference", "version", "platforms", "base", "revision", "started", "finished", "tests", "output"):
        command.add_argument(f"--{name}", required=True)
    for name in ("base-digest", "source", "builder"):
        command.add_argument(f"--{name}", default="")
    command.add_argument("--argument", action="append", default=[])
    command = commands.add_parser("attach")
    command.add_argument("image")
    command.add_argument("digest")
    command.add_argument("folder")
    command.add_argument("files", nargs="+")
    command = commands.add_parser("chart")
    command.add_argument("chart")
    command.add_argument("target")
    command.add_argument("--repository", required=True)
    command.add_argument("--digest", required=True)
    for name in ("home", "source"):
        command.add_argument(f"--{name}", default="")
    command.add_argument("--maintainer", action="append", default=[])
    arguments = parser.parse_args(words)

    if arguments.command == "chart":
        chart(pathlib.Path(arguments.chart), pathlib.Path(arguments.target), arguments)
        return
    image = Image(arguments.image)
    if arguments.command == "digest":
        print(image.platforms()[arguments.platform][0] if arguments.platform else image.digest)
    elif arguments.command == "sbom":
        write(arguments.output, sbom(image, arguments.platform, arguments.name, arguments.version, arguments.epoch))
    elif arguments.command == "provenance":
        write(arguments.output, provenance(image, arguments))
    else:
        attach(arguments.folder, subject_of(image, arguments.digest), arguments.files)


if __name__ == "__main__":
    main(sys.argv[1:])
