"""Dockerfile, systemd unit and compose file: checks that need neither a build nor a running service."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import harness  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = ROOT / "exporter" / "packaging"
COMPOSE = ROOT / "dashboards" / "compose"
PROGRAM = "/usr/bin/datadog_token_exporter"
VERSION = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)
# Exposures that `systemd-analyze security` may report: the program calls Datadog (whose addresses are not known in advance),
# resolves names by any method the machine uses, and reads /proc/stat. DeviceAllow: ProtectClock implies read access to
# /dev/rtc.
OPEN = {"RootDirectory=/RootImage=", "RestrictAddressFamilies=~AF_UNIX", "RestrictAddressFamilies=~AF_(INET|INET6)", "ProcSubset=",
        "PrivateNetwork=", "DeviceAllow=", "IPAddressDeny="}


def instructions(text):
    """[(instruction, rest)] of a Dockerfile, with continued lines joined and without comments."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    lines = re.sub(r"\\\n\s*", "", lines)
    return [tuple(line.split(maxsplit=1)) for line in lines.splitlines() if line.strip()]


def stages(text):
    """{stage: its instructions}; the last one is called "image"."""
    result, name = {}, "start"
    for instruction, rest in instructions(text):
        if instruction == "FROM":
            name = rest.split(" AS ")[1] if " AS " in rest else "image"
        result.setdefault(name, []).append((instruction, rest))
    return result


def flags(words):
    return {word.split("=")[0].lstrip("-") for word in words if word.startswith("--")}


def known_flags():
    return set(re.findall(r"^  --(\S+)", harness.run("--help").stdout, re.M))


class Dockerfile(unittest.TestCase):
    stages = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))

    def of(self, stage, name):
        return [rest for instruction, rest in self.stages[stage] if instruction == name]

    def test_the_base_is_an_argument_so_that_it_can_be_pinned(self):
        self.assertEqual(self.stages["start"], [("ARG", "BASE=debian:trixie-slim")])
        bases = [rest.split(" AS ")[0] for stage in self.stages for rest in self.of(stage, "FROM")]
        # The compiler runs on the builder's own platform, whatever the image's platform.
        self.assertEqual(bases, ["--platform=${BUILDPLATFORM} ${BASE}", "packages", "build", "build", "scratch"])

    def test_stages_that_run_the_program_install_an_emulator_for_another_architecture(self):
        for stage in ("test", "deb"):
            self.assertTrue(any('is_foreign "$TARGETARCH"; then install_packages qemu-user;' in rest for rest in self.of(stage, "RUN")), stage)

    def test_every_stage_that_installs_or_builds_knows_the_architecture(self):
        for stage in ("packages", "build", "test", "deb"):
            self.assertIn("TARGETARCH", self.of(stage, "ARG"))
            self.assertTrue(any('"$TARGETARCH"' in rest for rest in self.of(stage, "RUN")), stage)

    def test_packages_match_the_build_script(self):
        install = r"\binstall_(?:build_)?packages (.*?)(?: &&|;|$)"
        lists = {stage: " ".join(words for rest in self.of(stage, "RUN") for words in re.findall(install, rest))
                 for stage in ("packages", "test")}
        self.assertEqual(lists["packages"], '"$TARGETARCH"')
        # The stage "test" runs only the unit tests, so it needs a subset of all test packages, plus qemu-user for another
        # architecture.
        known = subprocess.run(["sh", "-c", ". exporter/packages.sh; echo $test_packages"], cwd=ROOT,
                               capture_output=True, text=True, check=True).stdout.split()
        self.assertLessEqual(set(lists["test"].split()), {*known, '"$TARGETARCH"', "qemu-user"})
        self.assertNotIn("apt-get", " ".join(rest for stage in self.stages.values() for _, rest in stage))

    def test_the_stage_of_the_unit_tests_leaves_no_folder_out(self):
        folders = {path.name for path in (ROOT / "exporter").iterdir() if path.is_dir()} - {"packaging"}
        run, = [rest for rest in self.of("test", "RUN") if "ctest" in rest]
        self.assertEqual(set(re.findall(r"\btest_(\w+)", run)), folders)
        self.assertEqual(set(re.search(r"\^\(([^)]*)\)", run).group(1).split("|")), folders)

    def test_a_source_change_reinstalls_no_package(self):
        self.assertEqual(self.of("packages", "COPY"), ["exporter/packages.sh exporter/"])

    def test_what_is_built_depends_on_neither_tests_nor_documents(self):
        copied = [word for rest in self.of("build", "COPY") for word in rest.split()[:-1]]
        self.assertEqual(copied, ["CMakeLists.txt", "CMakePresets.json", "cmake", "exporter"])

    def test_the_revision_and_the_time_are_arguments(self):
        self.assertEqual(self.of("build", "ARG"), ["EXPORTER_REVISION=unknown", "SOURCE_DATE_EPOCH=0", "TARGETARCH"])
        self.assertEqual(self.of("image", "ARG"), ["EXPORTER_REVISION=unknown", "EXPORTER_SOURCE="])

    def test_the_image_is_only_what_the_build_collected(self):
        self.assertEqual(self.of("image", "RUN"), [])
        self.assertEqual(self.of("image", "COPY"), ["--from=build /image/ /"])
        self.assertEqual(self.of("image", "ADD"), [])

    def test_header_only_libraries_match_the_includes(self):
        """The build can only look up the package of a header if that package is installed."""
        script = (ROOT / "exporter" / "image_root.sh").read_text(encoding="utf-8")
        headers = re.search(r"for header in ([^;]*);", script).group(1).split()
        included = {library for source in (ROOT / "exporter").glob("*/*.[ch]*")
                    for library in re.findall(r"#include <(\w+)/", source.read_text(encoding="utf-8"))}
        self.assertEqual({header.partition("/")[0] for header in headers},
                         included & {"CLI", "boost", "prometheus", "rapidjson", "tl"})

    def test_the_user_is_a_number_and_not_root(self):
        self.assertEqual(self.of("image", "USER"), ["65532:65532"])

    def test_the_program_is_the_first_process_without_a_shell(self):
        self.assertEqual(yaml.safe_load(self.of("image", "ENTRYPOINT")[0]), [PROGRAM])
        self.assertEqual(self.of("image", "CMD"), [])

    def test_the_program_checks_its_own_health(self):
        options, _, command = self.of("image", "HEALTHCHECK")[0].partition(" CMD ")
        self.assertEqual(yaml.safe_load(command), [PROGRAM, "--probe"])
        self.assertIn("probe", known_flags())
        self.assertIn("--interval=30s", options)

    def test_labels_name_version_and_source(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.(\S+?)="([^"]*)"', self.of("image", "LABEL")[0]))
        self.assertEqual(labels["version"], VERSION)
        self.assertEqual(labels["revision"], "${EXPORTER_REVISION}")
        self.assertEqual(labels["source"], "${EXPORTER_SOURCE}")
        self.assertLessEqual({"title", "description"}, set(labels))

    def test_no_secret_comes_by_argument_or_environment(self):
        names = [rest for stage in self.stages for name in ("ARG", "ENV") for rest in self.of(stage, name)]
        self.assertEqual([name for name in names if re.search("key|token|secret|password", name.lower())], [])

    def test_all_that_is_copied_gets_past_dockerignore(self):
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        let_in = {line[1:] for line in lines if line.startswith("!")}
        self.assertIn("*", lines)
        self.assertLessEqual({"CMakeLists.txt", "CMakePresets.json", "cmake", "exporter", "tests", "dashboards", "helm", "README.md", "SECURITY.md",
                              "CHANGELOG.md"}, let_in)
        self.assertEqual([name for name in let_in if not (ROOT / name).exists()], [])


class SystemdUnit(unittest.TestCase):
    service = (UNITS / "datadog-token-exporter.service").read_text(encoding="utf-8")
    socket = (UNITS / "datadog-token-exporter.socket").read_text(encoding="utf-8")

    def setting(self, name):
        return re.findall(rf"^{name}=(.*)$", self.service, re.M)

    def test_its_flags_exist(self):
        program, *words = self.setting("ExecStart")[0].split()
        self.assertEqual(program, PROGRAM)
        self.assertIn("web.systemd-socket", flags(words))
        self.assertLessEqual(flags(words), known_flags())

    def test_its_program_reads_the_credentials_that_systemd_loads(self):
        loaded = {value.split(":")[0] for value in self.setting("LoadCredential")}
        files = dict(re.findall(r"^Environment=DATADOG_TOKEN_EXPORTER_(\S+)=%d/(\S+)$", self.service, re.M))
        self.assertEqual(files, {"DATADOG_API_KEY_FILE": "api-key", "DATADOG_APP_KEY_FILE": "app-key"})
        self.assertEqual(set(files.values()), loaded)
        # The placeholder for a missing file causes a clear error, and does not prevent a demo from starting.
        self.assertEqual(self.setting("SetCredential"), [rf"{name}:\n" for name in sorted(loaded)])
        with tempfile.NamedTemporaryFile("w") as empty:
            empty.write("\n")
            empty.flush()
            done = harness.run("--check", f"--datadog.api-key-file={empty.name}")
            self.assertIn(f"{empty.name}: is empty", done.stderr)
            done = harness.run("--demo", "--once", f"--datadog.api-key-file={empty.name}")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_reload_sends_sighup(self):
        self.assertEqual(self.setting("ExecReload"), ["/bin/sh -c 'kill -HUP $MAINPID'"])
        self.assertIn("DATADOG_TOKEN_EXPORTER_CONFIG_FILE=/etc/datadog-token-exporter/config.yaml", self.setting("Environment"))

    def test_its_variables_exist(self):
        for name in re.findall(r"DATADOG_TOKEN_EXPORTER_([A-Z_]+)=", self.service):
            self.assertIn(name, {re.sub(r"[.-]", "_", flag).upper() for flag in known_flags()})

    def test_its_state_file_is_in_its_state_directory(self):
        directory, = self.setting("StateDirectory")
        variable, = [value for value in self.setting("Environment") if "STATE_FILE" in value]
        self.assertRegex(variable, rf"^DATADOG_TOKEN_EXPORTER_STATE_FILE=%S/{re.escape(directory)}/[^/]+$")
        self.assertEqual(self.setting("StateDirectoryMode"), ["0700"])

    def test_a_wrong_configuration_is_not_tried_again(self):
        self.assertEqual(self.setting("RestartPreventExitStatus"), ["2"])
        self.assertEqual(harness.run("--poll.interval=never").returncode, 2)

    def test_it_listens_where_the_program_does_by_default(self):
        port = re.search(r"--web.listen-address ADDRESS.*?Default: :(\d+)", harness.run("--help").stdout, re.S).group(1)
        self.assertEqual(re.findall(r"^ListenStream=(.*)$", self.socket, re.M), [port])

    def test_systemd_verify_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            # Uses the built program instead of an installed one.
            for name, text in (("service", self.service.replace(PROGRAM, harness.EXPORTER)), ("socket", self.socket)):
                pathlib.Path(folder, f"datadog-token-exporter.{name}").write_text(text, encoding="utf-8")
            units = [f"{folder}/datadog-token-exporter.{name}" for name in ("service", "socket")]
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units],
                                  capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False)
            said = [line for line in done.stderr.splitlines() if "datadog-token-exporter" in line]
            self.assertEqual((said, done.returncode), ([], 0))

    def test_it_allows_only_what_the_program_needs(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--json=short",
                               str(UNITS / "datadog-token-exporter.service")],
                              capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=True)
        self.assertEqual({check["name"] for check in json.loads(done.stdout) if check["set"] is False} - OPEN, set())


# Emulates the properties that the script passes to `systemd-run`, in a directory instead of the root.
SYSTEMD_RUN = """#!/usr/bin/python3
import os, pathlib, shutil, sys
root = pathlib.Path(os.environ["ROOT"])
words = sys.argv[1:]
environment, credentials = {"PATH": os.environ["PATH"]}, root / "credentials"
credentials.mkdir()
while words[0].startswith("--"):
    name, _, value = words.pop(0).removeprefix("--property=").partition("=")
    if name == "SetCredential":
        name, _, text = value.partition(":")
        if not (credentials / name).exists():
            (credentials / name).write_bytes(text.encode().decode("unicode_escape").encode())
            (credentials / name).chmod(0o400)
    if name == "LoadCredential":
        name, _, path = value.partition(":")
        if pathlib.Path(f"{root}{path}").exists():
            shutil.copy(f"{root}{path}", credentials / name)
    if name == "Environment":
        name, _, path = value.partition("=")
        environment[name] = f"{root}{path}"
    if name == "EnvironmentFile" and (root / value.lstrip("-/")).exists():
        environment.update(line.split("=", 1) for line in (root / value.lstrip("-/")).read_text().splitlines())
words = [word.replace("${CREDENTIALS_DIRECTORY}", str(credentials)) for word in words]
assert words[0] == "/usr/bin/datadog_token_exporter", words
os.execve(os.environ["EXPORTER"], words, environment)
"""


class SystemdRun(unittest.TestCase):
    """The script that runs the program with the service's settings. A stand-in replaces systemd, which is not available here."""
    path = UNITS / "datadog-token-exporter-run"
    properties = [each.replace("'", "") for each in re.findall(r"--property=(\S+)", path.read_text(encoding="utf-8"))]

    def test_its_properties_match_the_service(self):
        service = SystemdUnit.service.splitlines()
        self.assertIn("DynamicUser=yes", self.properties)
        self.assertEqual([each for each in self.properties if each not in service], [])
        for setting in ("LoadCredential", "SetCredential", "EnvironmentFile", "Environment=DATADOG_TOKEN_EXPORTER_CONFIG_FILE"):
            self.assertEqual([each for each in self.properties if each.startswith(setting)],
                             [line for line in service if line.startswith(setting)])

    def test_systemd_knows_its_properties(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "once.service")
            unit.write_text("\n".join(["[Service]", "Type=exec", f"ExecStart={harness.EXPORTER}", *self.properties, ""]), encoding="utf-8")
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)],
                                  capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False)
            self.assertEqual(([line for line in done.stderr.splitlines() if "once.service" in line], done.returncode), ([], 0))

    def run_in(self, root, *arguments):
        stand_in = pathlib.Path(root, "bin", "systemd-run")
        stand_in.parent.mkdir(exist_ok=True)
        shutil.rmtree(pathlib.Path(root, "credentials"), ignore_errors=True)
        stand_in.write_text(SYSTEMD_RUN, encoding="utf-8")
        stand_in.chmod(0o755)
        folder = pathlib.Path(root, "etc", "datadog-token-exporter")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(UNITS / "config.yaml", folder)
        # The script also reads the settings, which a test keeps in another place.
        script = pathlib.Path(root, "bin", "datadog-token-exporter-run")
        script.write_text(self.path.read_text(encoding="utf-8").replace("settings=/etc/", f"settings={root}/etc/"), encoding="utf-8")
        return subprocess.run(["sh", script, *arguments], capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False,
                              env=harness.clean_environment(PATH=f"{stand_in.parent}:{os.environ['PATH']}", ROOT=root,
                                                            EXPORTER=harness.EXPORTER))

    def settings(self, root, *lines):
        path = pathlib.Path(root, "etc", "default", "datadog-token-exporter")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")

    def lay_out(self, root, **keys):
        for name, text in keys.items():
            path = pathlib.Path(root, "etc", "datadog-token-exporter", name.replace("_", "-"))
            path.parent.mkdir(parents=True, exist_ok=True)
            with harness.private_file(path) as file:
                file.write(text)

    def test_it_lists_tokens_with_the_services_settings_and_keys(self):
        with harness.SimulatedDatadog("--tokens", "400", "--seed", "1") as api, tempfile.TemporaryDirectory() as root:
            self.lay_out(root, api_key="01234567" * 4, app_key=harness.ACCESS_TOKEN)
            self.settings(root, f"DATADOG_TOKEN_EXPORTER_DATADOG_BASE_URL={api.url}")
            done = self.run_in(root, "--list=leaked", "--list.format=json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([json.loads(line)["findings"][0] for line in done.stdout.splitlines()], ["leaked"])

    def test_a_demonstration_needs_no_keys(self):
        with tempfile.TemporaryDirectory() as root:
            self.settings(root, "DATADOG_TOKEN_EXPORTER_DEMO=true")
            done = self.run_in(root, "--list=leaked")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_access_token_needs_no_api_key_where_the_settings_say_so(self):
        with harness.SimulatedDatadog("--tokens", "400", "--seed", "1") as api, tempfile.TemporaryDirectory() as root:
            self.lay_out(root, app_key=harness.ACCESS_TOKEN)
            self.settings(root, f"DATADOG_TOKEN_EXPORTER_DATADOG_BASE_URL={api.url}")
            without = self.run_in(root, "--check")
            self.settings(root, f"DATADOG_TOKEN_EXPORTER_DATADOG_BASE_URL={api.url}", "DATADOG_TOKEN_EXPORTER_DATADOG_API_KEY_FILE=")
            done = self.run_in(root, "--check")
        self.assertIn("/api-key: is empty", without.stderr)
        self.assertEqual((without.returncode, done.returncode), (2, 0), done.stderr)

    def test_its_exit_status_is_the_programs(self):
        with tempfile.TemporaryDirectory() as root:
            self.lay_out(root, api_key="01234567" * 4, app_key="01234567" * 5)
            self.assertEqual(self.run_in(root, "--list=stolen").returncode, 2)


class Compose(unittest.TestCase):
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))["services"]

    def mounts(self, service):
        """{path in the container: file in the repository} of a service's bind mounts."""
        pairs = [volume.split(":") for volume in self.services[service].get("volumes", [])]
        return {parts[1]: COMPOSE / parts[0] for parts in pairs if parts[0].startswith(".")}

    def test_every_file_that_is_mounted_is_there_and_no_link(self):
        for service in self.services:
            for path in self.mounts(service).values():
                self.assertTrue(path.exists(), path)
                files = [path, *path.rglob("*")] if path.is_dir() else [path]
                self.assertEqual([file for file in files if file.is_symlink()], [])

    def test_every_mount_is_read_only(self):
        for service in self.services.values():
            binds = [volume for volume in service.get("volumes", []) if volume.startswith(".")]
            self.assertEqual([volume for volume in binds if not volume.endswith(":ro")], [])

    def test_the_exporter_is_this_version_and_read_only(self):
        exporter = self.services["exporter"]
        self.assertEqual((COMPOSE / exporter["build"]["context"]).resolve(), ROOT)
        self.assertTrue(exporter["image"].endswith(":" + VERSION))
        self.assertTrue(exporter["read_only"])

    def test_what_compose_starts_in_the_exporters_container_has_its_configuration(self):
        exporter = self.services["exporter"]
        self.assertNotIn("command", exporter)
        done = harness.run("--list=leaked", **exporter["environment"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(" of 400 tokens", done.stdout)

    def test_no_service_can_gain_rights(self):
        for service in self.services.values():
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"])

    def test_ports_are_bound_to_localhost(self):
        ports = [port for service in self.services.values() for port in service["ports"]]
        self.assertEqual([port for port in ports if not port.startswith("127.0.0.1:")], [])

    def test_prometheus_scrapes_the_exporter_and_finds_every_rule_file(self):
        mounts = self.mounts("prometheus")
        configuration = yaml.safe_load(mounts["/etc/prometheus/prometheus.yaml"].read_text(encoding="utf-8"))
        job = configuration["scrape_configs"][0]
        self.assertEqual(job["static_configs"][0]["targets"], ["exporter:10077"])
        rules = {str(path.resolve()) for name, path in mounts.items() if name.startswith("/etc/prometheus/rules/")}
        self.assertEqual(rules, {str(path) for path in (ROOT / "dashboards" / "rules").glob("*.yaml")})
        self.assertEqual(configuration["rule_files"], ["/etc/prometheus/rules/*.yaml"])

    def test_promtool_accepts_the_configuration_with_its_rules(self):
        mounts = self.mounts("prometheus")
        with tempfile.TemporaryDirectory() as folder:
            for name, path in mounts.items():
                target = pathlib.Path(folder, name.removeprefix("/etc/prometheus/"))
                target.parent.mkdir(exist_ok=True)
                target.write_text(path.read_text(encoding="utf-8").replace("/etc/prometheus/", folder + "/"), encoding="utf-8")
            done = subprocess.run(["promtool", "check", "config", f"{folder}/prometheus.yaml"],
                                  capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("2 rule files found", done.stdout)

    def test_grafana_has_its_data_source_and_every_dashboard(self):
        mounts = self.mounts("grafana")
        source, = yaml.safe_load((mounts["/etc/grafana/provisioning/datasources"] / "prometheus.yaml").read_text(
            encoding="utf-8"))["datasources"]
        self.assertEqual((source["type"], source["url"], source["isDefault"]), ("prometheus", "http://prometheus:9090", True))
        provider, = yaml.safe_load((mounts["/etc/grafana/provisioning/dashboards"] / "datadog-access-tokens.yaml").read_text(
            encoding="utf-8"))["providers"]
        folder = mounts[provider["options"]["path"]]
        self.assertEqual(sorted(path.name for path in folder.glob("*.json")),
                         sorted(path.name for path in (ROOT / "dashboards").glob("*.json")))
        home = pathlib.PurePosixPath(self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
        self.assertEqual(str(home.parent), provider["options"]["path"])
        self.assertTrue((folder / home.name).exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
