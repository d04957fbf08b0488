"""Both Helms refuse invalid values with the message given at the top of each file in tests/helm/invalid:

    # both: a line that both print        # helm3: …, # helm4: …: a line that one of them prints; … at the end: truncated

`python3 tests/helm/test_invalid.py --write` writes those lines; review them before you commit them."""
import re
import sys
import unittest

import chart

FILES = sorted((chart.HERE / "invalid").glob("*.yaml"))


def lines_of(result):
    """Helm's messages, without the lines around them."""
    kept = []
    for line in result.stderr.splitlines():
        text = line.strip()
        frame = (not text or text.startswith(("Error: ", "Use --debug")) or text.endswith((":", ": validation failed")))
        if not frame:
            kept.append(shortened(text.removeprefix("- ")))
    return sorted(kept)


def expected(path, helm):
    head = re.match(r"(?:#.*\n)*", path.read_text(encoding="utf-8")).group(0)
    return sorted(re.findall(rf"^# (?:both|{helm}): (.*)$", head, re.M))


def shortened(line, most=200):
    """A list of all alerts would be too long for a fixture."""
    return line if len(line) <= most else line[:most] + "…"


class InvalidValues(unittest.TestCase):
    maxDiff = None

    def test_each_file_is_refused_with_its_message(self):
        self.assertGreaterEqual(len(FILES), 20)
        for path in FILES:
            for helm in chart.HELMS:
                with self.subTest(values=path.name, helm=helm):
                    result = chart.template(helm, path)
                    self.assertNotEqual(result.returncode, 0)
                    self.assertEqual(result.stdout, "")
                    self.assertTrue(lines_of(result))
                    self.assertEqual(lines_of(result), expected(path, helm))

    def test_no_message_repeats_a_secret(self):
        secret = "not-to-be-printed"
        files = [path for path in FILES if secret in path.read_text(encoding="utf-8")]
        self.assertGreater(len(files), 5)
        for path in files:
            for helm in chart.HELMS:
                with self.subTest(values=path.name, helm=helm):
                    result = chart.template(helm, path)
                    self.assertNotIn(secret, result.stderr + result.stdout)

    def test_all_mistakes_are_reported_at_once(self):
        result = chart.template("helm4", {
            "serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}, "web": {"tls": {"enabled": True}}})
        self.assertEqual(len(lines_of(result)), 3, result.stderr)


def write():
    for path in FILES:
        said = {helm: lines_of(chart.template(helm, path)) for helm in chart.HELMS}
        if said["helm3"] == said["helm4"]:
            said = {"both": said["helm3"]}
        head = "".join(f"# {who}: {line}\n" for who, lines in said.items() for line in lines)
        rest = re.sub(r"\A(?:# (?:both|helm3|helm4): .*\n)*", "", path.read_text(encoding="utf-8"))
        path.write_text(head + rest, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
