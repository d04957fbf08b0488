"""The Debian package: its files, fields, manual page and completions, and lintian's verdict."""
import gzip
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import harness  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(harness.SOURCE_DIR).resolve()
PACKAGING = ROOT / "exporter" / "packaging"
BUILD = pathlib.Path(harness.EXPORTER).resolve().parent.parent
VERSION = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)
EPOCH = "1700000000"

DOCUMENTS = "/usr/share/doc/datadog-token-exporter"
FILES = {
    "/etc/datadog-token-exporter/config.yaml", "/etc/default/datadog-token-exporter",
    "/usr/bin/datadog-token-exporter-run", "/usr/bin/datadog_token_exporter",
    "/usr/lib/systemd/system/datadog-token-exporter.service", "/usr/lib/systemd/system/datadog-token-exporter.socket",
    "/usr/share/bash-completion/completions/datadog-token-exporter-run",
    "/usr/share/bash-completion/completions/datadog_token_exporter",
    "/usr/share/zsh/vendor-completions/_datadog_token_exporter",
    "/usr/share/man/man1/datadog-token-exporter-run.1.gz", "/usr/share/man/man1/datadog_token_exporter.1.gz",
    "/usr/share/lintian/overrides/datadog-token-exporter",
    *(f"{DOCUMENTS}/{name}" for name in ("README.Debian", "README.md", "SECURITY.md", "changelog.Debian.gz", "changelog.gz", "copyright")),
    *(f"/usr/share/datadog-token-exporter/dashboards/{path.name}" for path in (ROOT / "helm" / "datadog-token-exporter" / "files" / "dashboards").glob("*.json")),
    *(f"/usr/share/datadog-token-exporter/rules/{path.name}" for path in (ROOT / "dashboards" / "rules").glob("*.yaml")),
    *(f"/usr/share/datadog-token-exporter/runbooks/{path.name}" for path in (ROOT / "dashboards" / "runbooks").glob("*.md")),
}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=5 * harness.LIMIT_SECONDS, check=False, **options)
    assert done.returncode == 0, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def build_package(folder):
    run("cpack", "-G", "DEB", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(folder), cwd=BUILD,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    package, = pathlib.Path(folder).glob("*.deb")
    return package


def options():
    """{flag: (value, text)} of --help."""
    text = harness.run("--help").stdout
    return {flag: (value, re.sub(r"\s+", " ", body))
            for flag, value, body in re.findall(r"^  --(\S+) ?(\S*)\n((?:      .*\n)+)", text, re.M)}


class Package(unittest.TestCase):
    maxDiff = None
    folder = tempfile.TemporaryDirectory()
    root = pathlib.Path(folder.name, "root")
    package = None  # built once, for all tests

    @classmethod
    def setUpClass(cls):
        if not Package.package:
            Package.package = build_package(pathlib.Path(cls.folder.name, "first"))
            run("dpkg-deb", "--raw-extract", str(cls.package), str(cls.root))

    def field(self, name):
        return run("dpkg-deb", "--field", str(self.package), name).strip()

    def text(self, path):
        path = pathlib.Path(f"{self.root}{path}")
        return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


class Contents(Package):
    def test_its_files(self):
        lines = [line.split(maxsplit=5) for line in run("dpkg-deb", "--contents", str(self.package)).splitlines()]
        self.assertEqual({name[1:] for mode, *_, name in lines if not mode.startswith("d")}, FILES)
        self.assertEqual({path.stem for path in pathlib.Path(self.root, "usr/share/datadog-token-exporter/dashboards").iterdir()},
                         {path.stem for path in (ROOT / "dashboards").glob("*.json")})

    def test_root_owns_all_and_nobody_else_writes(self):
        for line in run("dpkg-deb", "--contents", str(self.package)).splitlines():
            mode, owner, *_, name = line.split(maxsplit=5)
            programs = ("/usr/bin/datadog_token_exporter", "/usr/bin/datadog-token-exporter-run")
            self.assertEqual(owner, "root/root", name)
            self.assertEqual(mode, "drwxr-xr-x" if name.endswith("/") else "-rwxr-xr-x" if name[1:] in programs else "-rw-r--r--", name)

    def test_configuration_files_are_all_below_etc(self):
        self.assertEqual((self.root / "DEBIAN" / "conffiles").read_text(encoding="utf-8").splitlines(),
                         sorted(path for path in FILES if path.startswith("/etc/")))

    def test_its_fields(self):
        self.assertEqual(self.field("Package"), "datadog-token-exporter")
        self.assertRegex(self.field("Version"), rf"^{re.escape(VERSION)}-\d+(~deb[\d.]+)?$")
        self.assertEqual(self.field("Architecture"), run("dpkg", "--print-architecture").strip())
        self.assertRegex(self.field("Maintainer"), r"^[^<>]+ <[^<>@ ]+@[^<>@ ]+>$")

    def test_it_depends_on_every_library_that_the_program_loads(self):
        depends = self.field("Depends")
        self.assertIn("ca-certificates", depends)
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", f"{self.root}/usr/bin/datadog_token_exporter"))
        self.assertGreater(len(needed), 5)
        paths = dict(re.findall(r"(\S+) => (\S+)", run("ldd", harness.EXPORTER)))
        for library in (name for name in needed if not name.startswith("ld-linux")):
            path = os.path.realpath(paths[library])
            done = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True, check=False)
            owner = done.stdout or run("dpkg-query", "--search", path.removeprefix("/usr"))
            self.assertRegex(depends, rf"(^|, ){re.escape(owner.split(':')[0])}( \(|,|$)")

    def test_the_program_is_the_one_that_was_built_without_its_symbols(self):
        self.assertEqual(run(f"{self.root}/usr/bin/datadog_token_exporter", "--version"), harness.run("--version").stdout)
        self.assertNotIn(".debug_info", run("readelf", "--wide", "--sections", f"{self.root}/usr/bin/datadog_token_exporter"))

    def test_builds_are_reproducible(self):
        again = build_package(pathlib.Path(self.folder.name, "second"))
        self.assertEqual(again.read_bytes(), self.package.read_bytes())

    def test_scripts_are_shell(self):
        for name in ("postinst", "prerm", "postrm"):
            run("sh", "-n", str(self.root / "DEBIAN" / name))

    def test_the_service_starts_what_the_package_has(self):
        service = self.text("/usr/lib/systemd/system/datadog-token-exporter.service")
        self.assertIn(re.search(r"^ExecStart=(\S+)", service, re.M).group(1), FILES)
        self.assertIn(re.search(r"^Environment=DATADOG_TOKEN_EXPORTER_CONFIG_FILE=(\S+)$", service, re.M).group(1), FILES)
        self.assertIn(re.search(r"^EnvironmentFile=-(\S+)$", service, re.M).group(1), FILES)

    def test_changelogs_say_which_version_and_when(self):
        changelog = self.text(f"{DOCUMENTS}/changelog.Debian.gz")
        self.assertTrue(changelog.startswith(f"datadog-token-exporter ({self.field('Version')}) "))
        self.assertIn("Tue, 14 Nov 2023 22:13:20 +0000", changelog)
        self.assertEqual(self.text(f"{DOCUMENTS}/changelog.gz"), (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    def test_its_copyright_names_the_header_only_libraries(self):
        script = (ROOT / "exporter" / "image_root.sh").read_text(encoding="utf-8")
        headers = re.search(r"for header in ([^;]*);", script).group(1).split()
        self.assertEqual(set(re.findall(r"^Files: (\w+)/\*$", self.text(f"{DOCUMENTS}/copyright"), re.M)),
                         {header.partition("/")[0] for header in headers})

    def test_lintian_finds_nothing_but_what_has_a_reason(self):
        done = subprocess.run(["lintian", "--allow-root", "--no-user-dirs", "--display-info", "--pedantic", "--tag-display-limit", "0", str(self.package)],
                              capture_output=True, text=True, timeout=4 * harness.LIMIT_SECONDS, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual((done.stdout, done.returncode), ("", 0), done.stderr)

    def test_each_exception_for_lintian_has_its_reason(self):
        lines = self.text("/usr/share/lintian/overrides/datadog-token-exporter").splitlines()
        for before, line in zip(["", *lines], lines):
            self.assertTrue(line.startswith("# ") or before.startswith("# "), line)


class Configuration(Package):
    def check(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = harness.run("--config.check", f"--config.file={file.name}")
            self.assertEqual((done.returncode, re.findall(r"level=(?:warn|error).*", done.stderr)), (0, []), done.stderr)

    def test_it_is_valid_as_shipped(self):
        self.check(self.text("/etc/datadog-token-exporter/config.yaml"))

    def test_its_examples_are_valid(self):
        head, _, examples = self.text("/etc/datadog-token-exporter/config.yaml").partition("\n\n")
        self.assertIn("# Put no secrets here", head)
        text = re.sub(r"^#(?=\S|  )", "", examples, flags=re.M)
        one, several = text.split("# Several organizations")
        self.assertIn("\npoll:\n", one)
        self.check(one)
        with tempfile.TemporaryDirectory() as folder:
            for name, key in (("production-api-key", "01234567" * 4), ("production-app-key", "01234567" * 5)):
                with harness.private_file(f"{folder}/{name}") as file:
                    file.write(key)
            several = several.partition("\n")[2].replace("/run/credentials/datadog-token-exporter.service", folder)
            self.assertIn("organizations:\n", several)
            self.check(several)

    def test_its_variables_exist(self):
        variables = {"DATADOG_TOKEN_EXPORTER_" + re.sub(r"[.-]", "_", flag).upper() for flag in options()}
        named = set(re.findall(r"\bDATADOG_TOKEN_EXPORTER_\w+", self.text("/etc/default/datadog-token-exporter")))
        self.assertGreater(len(named), 3)
        self.assertLessEqual(named, variables)

    def test_nothing_in_the_settings_is_set(self):
        lines = self.text("/etc/default/datadog-token-exporter").splitlines()
        self.assertEqual([line for line in lines if line and not line.startswith("#")], [])


class ManualPage(Package):
    def render(self, name):
        """The page as `man` shows it, and its warnings."""
        done = subprocess.run(["man", "--warnings", "--local-file", f"{self.root}/usr/share/man/man1/{name}.1.gz"],
                              capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": ""})
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout

    def test_man_shows_both_without_a_warning(self):
        for name in ("datadog_token_exporter", "datadog-token-exporter-run"):
            self.assertIn("\nNAME\n", self.render(name))

    def test_it_has_every_option_with_all_that_help_says(self):
        page = re.sub(r"\s+", " ", self.render("datadog_token_exporter"))
        known = options()
        self.assertGreater(len(known), 40)
        for flag, (value, text) in known.items():
            shown = f"[={value[1:-1]}]" if value.startswith("[") else f" {value}" if value else ""
            meaning, _, default = text.strip().partition(" Default: ")
            self.assertIn(f" --{flag}{shown} {meaning} ", page)
            if default:
                self.assertIn(f" Default: {default.replace(', ', ',')} ".replace(",", ""), page.replace(", ", ",").replace(",", ""))

    def test_it_has_ranges_variables_and_keys(self):
        entry = re.search(r"--poll\.page-size NUMBER\n(.*?)\n\n", self.render("datadog_token_exporter"), re.S).group(1)
        self.assertEqual([line.strip() for line in entry.splitlines()][1:],
                         ["Range: 1 to 100", "Default: 100", "Environment: DATADOG_TOKEN_EXPORTER_POLL_PAGE_SIZE", "Key: poll.page_size"])
        page = self.render("datadog_token_exporter")
        self.assertIn("Key: datadog.api_key_file, or api_key_file below organizations", page)
        for flag, (value, _) in options().items():
            variable = "Environment: DATADOG_TOKEN_EXPORTER_" + re.sub(r"[.-]", "_", flag).upper()
            self.assertEqual(variable + "\n" in page, flag not in ("help", "version") and not value.startswith("["), flag)

    def test_it_has_groups_exit_status_and_examples(self):
        page = self.render("datadog_token_exporter")
        for heading in re.findall(r"^(\w[\w ,]+):$", harness.run("--help").stdout.split("\n\nDatadog:")[1], re.M):
            if heading != "Examples":
                self.assertIn(f"\n   {heading}\n", page)
        self.assertIn("datadog_token_exporter --demo --list=leaked,never_expires_privileged\n", page)
        self.assertRegex(page, r"\nEXIT STATUS\n +0 success")
        self.assertIn("DD_API_KEY and DD_APP_KEY   an API key and an application key\n", page)


class Bash(Package):
    def complete(self, *words):
        """The completions that bash offers for the last word."""
        script = self.root / "usr/share/bash-completion/completions/datadog_token_exporter"
        ask = """source "$1"; shift; COMP_WORDS=(datadog_token_exporter "$@"); COMP_CWORD=$#
                 $(complete -p datadog_token_exporter | sed 's/.*-F \\(\\w*\\) .*/\\1/'); printf '%s\\n' "${COMPREPLY[@]}" """
        done = subprocess.run(["bash", "--norc", "-c", ask, "bash", script, *words], capture_output=True, text=True, check=False,
                              timeout=harness.LIMIT_SECONDS, cwd=self.root)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout.split()

    def test_it_knows_every_option(self):
        self.assertEqual(self.complete("--"), [f"--{flag}" for flag in options()])
        self.assertEqual(self.complete("--once", "--poll.in"), ["--poll.interval"])

    def test_it_completes_values(self):
        self.assertEqual(self.complete("--log.level", ""), ["debug", "info", "warn", "error"])
        self.assertEqual(self.complete("--log.level", "="), ["debug", "info", "warn", "error"])
        self.assertEqual(self.complete("--tokens.detail", "=", "f"), ["findings"])
        self.assertEqual(self.complete("--shard.index", ""), ["pod-name"])
        self.assertEqual(self.complete("--poll.interval", ""), [])

    def test_it_completes_findings_also_after_a_comma(self):
        self.assertIn("never_expires_privileged", self.complete("--list", "=", ""))
        self.assertEqual(self.complete("--list", "=", "leaked,unsc"), ["leaked,unscoped"])
        self.assertEqual(self.complete("--list", "--list.f"), ["--list.format"])

    def test_it_completes_file_names(self):
        for flag, (value, _) in options().items():
            if value == "FILE":
                self.assertEqual(self.complete(f"--{flag}", "=", "etc/def"), ["etc/default"], flag)

    def test_the_run_command_has_it_too(self):
        folder = "/usr/share/bash-completion/completions"
        self.assertEqual(self.text(f"{folder}/datadog-token-exporter-run"), self.text(f"{folder}/datadog_token_exporter"))
        self.assertRegex(self.text(f"{folder}/datadog_token_exporter"), r"(?m)^complete .* datadog-token-exporter-run$")


# zsh with only the completion. Instead of displaying the matches, it writes them and a final line into a file.
ZSH = """
autoload -U compinit && compinit -u -D
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    local -a found
    builtin compadd -A found "$@"
    print -rl -- $found >>$ANSWER
    builtin compadd "$@"
}
finish() { print answered >>$ANSWER }
ask() { comppostfuncs=(finish); _main_complete }
zle -C ask complete-word ask
bindkey '^X' ask
print ready >>$ANSWER
"""


class Zsh(Package):
    """A real zsh on its own terminal."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        answer = pathlib.Path(folder.name, "answer")
        os.mkfifo(answer)
        # Opened for reading and writing: it neither waits for a writer nor ends with one.
        self.answer = os.open(answer, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, self.answer)
        pathlib.Path(folder.name, ".zshrc").write_text(
            f"fpath=({self.root}/usr/share/zsh/vendor-completions $fpath)\nANSWER={answer}\n{ZSH}", encoding="utf-8")
        process, self.terminal = pty.fork()
        if process == 0:
            os.chdir(self.root)
            os.execvpe("zsh", ["zsh", "-i"], {"PATH": os.environ["PATH"], "HOME": folder.name, "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        self.addCleanup(os.close, self.terminal)
        self.addCleanup(os.waitpid, process, 0)
        self.addCleanup(os.kill, process, signal.SIGKILL)
        self.read_up_to("ready")

    def read_up_to(self, last):
        """What zsh writes into the file. Its terminal output is read and discarded, so that it never blocks."""
        text, limit = b"", time.monotonic() + harness.LIMIT_SECONDS
        while not text.endswith(f"{last}\n".encode()):
            ready, _, _ = select.select([self.answer, self.terminal], [], [], limit - time.monotonic())
            self.assertTrue(ready, "zsh does not answer")
            if self.terminal in ready:
                os.read(self.terminal, 65536)
            if self.answer in ready:
                text += os.read(self.answer, 65536)
        return text.decode().split()[:-1]

    def complete(self, line):
        os.write(self.terminal, f"\x15{line}\x18".encode())
        return self.read_up_to("answered")

    def test_it_knows_every_option(self):
        for command in ("datadog_token_exporter", "datadog-token-exporter-run"):
            offered = {word.rstrip("=") for word in self.complete(f"{command} --")}
            self.assertEqual(offered, {f"--{flag}" for flag in options()})

    def test_it_completes_values(self):
        for flag, (value, _) in options().items():
            words = [word for word in value.strip("[]").split("|") if word.islower()]
            if words:
                self.assertEqual(self.complete(f"datadog_token_exporter --{flag}="), words, flag)
        self.assertEqual(self.complete("datadog_token_exporter --once --log.level "), ["debug", "info", "warn", "error"])

    def test_it_completes_findings_also_after_a_comma(self):
        self.assertIn("never_expires_privileged", self.complete("datadog_token_exporter --list="))
        self.assertEqual(self.complete("datadog_token_exporter --list=leaked,unsc"), ["unscoped"])

    def test_it_completes_file_names(self):
        for flag, (value, _) in options().items():
            if value == "FILE":
                self.assertEqual([name.rstrip("/") for name in self.complete(f"datadog_token_exporter --{flag}=etc/def")], ["default"], flag)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
