"""Every figure in a manual names its source: the same paragraph, row or item names the test, script or flag that it comes from, or links
to the table of limits or of results."""
import os
import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "app"), str(HERE.parent / "benchmark")]
import harness  # pylint: disable=wrong-import-position
import polling  # pylint: disable=wrong-import-position
import serving  # pylint: disable=wrong-import-position
import test_documentation  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(harness.SOURCE_DIR)
MANUALS = ["README.md", "SECURITY.md", "exporter/reference.md", "exporter/README.md", "dashboards/README.md"]
# Tables that other tests compare with the program.
COMPARED = r"<!-- (flags|metrics|findings|list|reasons|bounds|web-configuration|sample|platforms|alerts):.*?<!-- /\1 -->|<!-- sample:.*?```\n.*?```"
SIZE_OR_SPEED = re.compile(r"\b\d[\d.,]*\s?(?:kB|[KMG]iB|[MG]B|µs|ms|×|percent|%)|\b\d[\d.,]* (?:\w+ )?(?:a second|CPU s|bytes)\b")
SOURCE = re.compile(r"`[A-Z]\w+\.\w+`|`(?:sh )?tests/|`--[a-z]|\]\([^)]*SECURITY\.md#|\(#what-a-peer-can-send|\]\([^)]*tests/benchmark/README\.md"
                    r"|`systemd-analyze|--[a-z.]+-[a-z]+ ")


def parts(text):
    """Paragraphs, rows and items, without code, comments, quoted responses and tables that are checked elsewhere."""
    text = re.sub(COMPARED, "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->|^```.*?^```$|`answered in [^`]*`", "", text, flags=re.S | re.M)
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    return [part for part in re.split(r"\n\n|\n(?=[|-] ?)", text) if part.strip()]


class Figures(unittest.TestCase):
    maxDiff = None

    def test_name_their_source(self):
        without = [f"{name}: {' '.join(part.split())}" for name in MANUALS
                   for part in parts((ROOT / name).read_text(encoding="utf-8")) if SIZE_OR_SPEED.search(part) and not SOURCE.search(part)]
        self.assertEqual(without, [])

    def test_a_figure_without_a_source_is_noticed(self):
        for text in ("It takes 15 MiB.", "Some 14 a second.", "22 MB unpacked", "7 % slower"):
            self.assertTrue(SIZE_OR_SPEED.search(text) and not SOURCE.search(text), text)
        for text in ("It takes 15 MiB (`tests/soak/soak.py`).", "44 MiB (`MemoryFormula.test_the_limits_follow_from_it`)"):
            self.assertTrue(SOURCE.search(text), text)

    def test_commands_that_measure_are_there(self):
        """The scripts, their parts and the tests that the manuals name."""
        known = test_documentation.names_of_tests()
        benchmarks = {*serving.PARTS, *polling.PARTS, "serving", "polling"}
        checked = 0
        for name in MANUALS:
            text = (ROOT / name).read_text(encoding="utf-8")
            for path, options in re.findall(r"`(?:sudo )?(?:sh |python3 )?(tests/[\w/.]+)([^`]*)`", text):
                self.assertTrue((ROOT / path).exists(), path)
                for listed in re.findall(r"--parts (\S+)", options):
                    checked += 1
                    self.assertLessEqual(set(listed.split(",")), benchmarks, name)
            self.assertEqual([test for test in re.findall(r"`([A-Z]\w+\.(?:test_|[A-Z])\w+)`", text) if test not in known], [], name)
        self.assertGreater(checked, 4)


if __name__ == "__main__":
    unittest.main(argv=["test_figures.py", "-v"])
