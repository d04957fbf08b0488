"""Every link in every Markdown file has a valid target."""
import os
import pathlib
import re
import unittest
import urllib.parse

import manual

ROOT = pathlib.Path(os.environ.get("SOURCE_DIR", pathlib.Path(__file__).resolve().parent.parent.parent)).resolve()
# File types that may name a manual and a section in it.
TEXTS = (".cpp", ".h", ".py", ".sh", ".yaml", ".yml", ".txt", ".tpl", ".json", ".service", ".socket", ".cmake")
# Built, downloaded or fuzzer-generated files.
NOT_OURS = {".git", "build", "node_modules", "corpus", "__pycache__"}


def files(*endings):
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in names:
            if name.endswith(endings):
                yield pathlib.Path(folder, name)


def wrong_url(target):
    """Why a web address is malformed, or None. The address is not requested."""
    url = urllib.parse.urlsplit(target)
    host = url.hostname or ""
    if url.scheme not in ("http", "https") or not re.fullmatch(r"localhost|([a-z0-9-]+\.)+[a-z]{2,}", host):
        return f"{target}: no address"
    if url.scheme == "http" and host != "localhost":
        return f"{target}: not https"
    return f"{target}: not encoded" if re.search(r"[\s<>\"{}|\\^`]", target) else ""


def wrong_link(path, target, read=pathlib.Path.read_text):
    """Why a link in the file at `path` is broken, or None."""
    if re.match(r"[a-z]+:", target):
        return wrong_url(target)
    name, _, anchor = target.partition("#")
    found = (path.parent / urllib.parse.unquote(name)).resolve() if name else path
    if not found.is_relative_to(ROOT) or not found.exists():
        return f"{target}: no file"
    if anchor and (found.suffix != ".md" or anchor not in manual.anchors(read(found, encoding="utf-8"))):
        return f"{target}: no such heading"
    return ""


class Links(unittest.TestCase):
    def test_of_every_manual_lead_somewhere(self):
        manuals, checked = list(files(".md")), 0
        self.assertGreater(len(manuals), 30)
        wrong = []
        for path in manuals:
            for target in manual.links(path.read_text(encoding="utf-8")):
                checked += 1
                wrong += [f"{path.relative_to(ROOT)}: {mistake}" for mistake in [wrong_link(path, target)] if mistake]
        self.assertEqual(wrong, [])
        self.assertGreater(checked, 100)

    def test_manuals_named_in_other_texts_exist(self):
        """A path relative to the root or to the file itself, with or without a heading."""
        wrong, checked = [], 0
        for path in files(*TEXTS):
            text = path.read_text(encoding="utf-8", errors="replace")
            if path.parent == ROOT / "tests" / "docs":
                continue
            for target in re.findall(r"(?<![\w/$}*.-])(?!\.\./shared/)((?:[\w.-]+/)+[\w-]+\.md(?:#[\w-]+)?)", text):
                checked += 1
                if wrong_link(ROOT / "here", target) and wrong_link(path, target):
                    wrong.append(f"{path.relative_to(ROOT)}: {target}")
        self.assertEqual(wrong, [])
        self.assertGreater(checked, 2)

    def test_files_that_a_manual_names_in_code_are_there(self):
        """Paths such as `exporter/run.sh`: any that start with a folder of the root, or with one next to the manual."""
        wrong, checked = [], 0
        roots = {path.name for path in ROOT.iterdir() if path.is_dir()} - NOT_OURS
        for path in files(".md"):
            for code in manual.inline_code(path.read_text(encoding="utf-8")):
                name = code.split(":")[0].rstrip("/")
                if re.fullmatch(r"\w[\w./*-]*", name) and "/" in name and (
                        name.split("/")[0] in roots or (path.parent / name.split("/")[0]).is_dir()):
                    checked += 1
                    wrong += [] if list(ROOT.glob(name)) or list(path.parent.glob(name)) else [f"{path.relative_to(ROOT)}: {code}"]
        self.assertEqual(wrong, [])
        self.assertGreater(checked, 20)

    def test_each_folder_of_tests_is_described(self):
        described = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
        folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - NOT_OURS
        self.assertEqual([name for name in sorted(folders) if f"`{name}" not in described], [])

    def test_anchors_match_github(self):
        text = "# A `--flag`, and _more_\n## A [link](x.md) here\n## Twice\n## Twice\n```sh\n# no heading\n```\n## snake_case: what's it?\n"
        self.assertEqual(manual.anchors(text), {"a---flag-and-more", "a-link-here", "twice", "twice-1", "snake_case-whats-it"})

    def test_a_mistake_is_noticed(self):
        here = ROOT / "README.md"
        self.assertTrue(wrong_link(here, "exporter/nothing.md"))
        self.assertTrue(wrong_link(here, "exporter/README.md#nothing"))
        self.assertTrue(wrong_link(here, "#nothing"))
        self.assertTrue(wrong_link(here, "../outside.md"))
        self.assertTrue(wrong_link(here, "https://"))
        self.assertTrue(wrong_link(here, "http://example.com/"))
        self.assertFalse(wrong_link(here, "exporter/README.md#components"))
        self.assertFalse(wrong_link(here, "https://example.com/a#b"))
        with self.assertRaises(ValueError):
            manual.links("[text](two words)")


if __name__ == "__main__":
    unittest.main(argv=["test_links.py", "-v"])
