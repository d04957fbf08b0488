"""The rules of the house that the compiler can't check: who includes whom, where third-party types and the outside world may
appear."""
import os
import re
import sys
import unittest

import harness

EXPORTER = os.path.join(harness.SOURCE_DIR, "exporter")

# What each folder may include beside itself: folders, or single headers.
ALLOWED = {
    "base": [],
    "config": ["base/"],
    "datadog": ["base/", "config/"],
    "scan": ["base/", "datadog/"],
    "inventory": ["base/", "datadog/token.h"],
    "state": ["base/", "inventory/", "scan/statistics.h", "scan/clock.h", "datadog/token.h"],
    "metrics": ["base/", "inventory/", "scan/statistics.h", "datadog/token.h", "datadog/error.h",
                "datadog/page.h"],
    "http": ["base/"],
    "web": ["base/", "inventory/inventory.h", "scan/statistics.h", "datadog/token.h", "datadog/error.h", "metrics/", "http/"],
    "demo": ["base/", "datadog/"],
    "app": ["base/", "config/", "datadog/", "scan/", "inventory/", "state/", "metrics/", "http/", "web/", "demo/"],
    "packaging": ["config/", "inventory/findings.h"],
    "": ["app/"],
}

# Libraries by the sources that may know them.
LIBRARIES = {
    "httplib.h": r"datadog/transport\.cpp",
    "rapidjson/": r"datadog/json\.h|app/token_list\.cpp",
    "boost/": r"http/request\.cpp",
    "crypt.h": r"http/authenticator\.cpp",
    "yaml-cpp/": r"base/yaml_reader\.(cpp|h)|config/load\.cpp|http/web_file\.cpp",
    "prometheus/": r"metrics/\w+\.(cpp|h)",
    "openssl/": r"base/((pem|tls_socket)\.(cpp|h)|text(_hash)?\.cpp)|datadog/wire\.(cpp|h)|http/((tls|channel)\.(cpp|h)|authenticator\.cpp)",
    "zlib.h": r"datadog/content_coding\.cpp|state/archive\.h|metrics/gzip\.cpp",
}

# The outside world, each part of it in one place.
PLACES = {
    r"\bgetenv\b|\benviron\b": r"main\.cpp",
    # The server puts a Date header on what it sends.
    r"system_clock::now": r"scan/clock\.cpp|http/session\.cpp",
    r"random_device": r"scan/clock\.cpp",
    # Its hashes have no key: whoever may choose texts makes such a table a list. The one place has a keyed hash.
    r"\bunordered_(map|set)\b|std::hash\b": r"inventory/builder\.h",
    r"\bsigwait\b|\bpthread_sigmask\b": r"app/(process|run)\.cpp",
}


def sources():
    for folder, _, files in os.walk(EXPORTER):
        for file in files:
            if file.endswith((".cpp", ".h")):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as opened:
                    yield os.path.relpath(path, EXPORTER), opened.read()


HOUSE = os.path.join(EXPORTER, "README.md")
BLOCK = r"(<!-- {0}:[^\n]*-->\n)(.*?)(<!-- /{0} -->)"


def house():
    with open(HOUSE, encoding="utf-8") as file:
        return file.read()


def table_of_includes():
    rows = [f"| `{room}/` | {', '.join(f'`{rule}`' for rule in rules) or '–'} |\n"
            for room, rules in ALLOWED.items() if room]
    return "| room | may include, beside itself |\n|---|---|\n" + "".join(rows)


def write_house():
    text = re.sub(BLOCK.format("includes"), lambda block: block[1] + table_of_includes() + block[3], house(), flags=re.S)
    with open(HOUSE, "w", encoding="utf-8") as file:
        file.write(text)


def wrong_includes(path, text):
    folder = os.path.dirname(path)
    allowed = [folder + "/", *ALLOWED[folder]] if folder else ALLOWED[folder]
    return [
        f"{path} includes {name}"
        for name in re.findall(r'^#include "([^"]+)"', text, re.M)
        if not any(name.startswith(rule) if rule.endswith("/") else name == rule for rule in allowed)
    ]


def misplaced_libraries(path, text):
    return [
        f"{path} includes <{name}>"
        for name in re.findall(r"^#include <([^>]+)>", text, re.M)
        for library, places in LIBRARIES.items()
        if name.startswith(library) and not re.fullmatch(places, path)
    ]


def misplaced_calls(path, text):
    code = re.sub(r"//[^\n]*", "", text)
    return [
        f"{path} has {pattern}"
        for pattern, places in PLACES.items()
        if re.search(pattern, code) and not re.fullmatch(places, path)
    ]


class Architecture(unittest.TestCase):
    def test_includes_follow_the_one_way_through_the_house(self):
        self.assertEqual([line for path, text in sources() for line in wrong_includes(path, text)], [])

    def test_third_party_types_stay_in_few_files(self):
        self.assertEqual([line for path, text in sources() for line in misplaced_libraries(path, text)], [])

    def test_the_outside_world_comes_in_at_one_place_each(self):
        self.assertEqual([line for path, text in sources() for line in misplaced_calls(path, text)], [])

    def test_the_rules_notice_what_they_forbid(self):
        self.assertTrue(wrong_includes("config/config.h", '#include "datadog/token.h"\n'))
        self.assertTrue(wrong_includes("inventory/builder.h", '#include "datadog/client.h"\n'))
        self.assertTrue(wrong_includes("state/codec.cpp", '#include "scan/poller.h"\n'))
        self.assertTrue(wrong_includes("http/server.h", '#include "../datadog/token.h"\n'))
        self.assertTrue(misplaced_libraries("scan/scan.cpp", "#include <httplib.h>\n"))
        self.assertTrue(misplaced_libraries("web/tls.cpp", "#include <openssl/ssl.h>\n"))
        self.assertTrue(misplaced_calls("metrics/exposition.cpp", "std::unordered_map<std::string, int> rows;\n"))
        self.assertTrue(misplaced_calls("config/load.cpp", 'auto home = std::getenv("HOME");\n'))

    def test_every_path_that_is_served_is_taken_for_the_metrics_path(self):
        """config/ can't include web/, so the paths stand in both."""
        texts = dict(sources())
        served = re.findall(r'request\.path == "([^"]+)"|path == "([^"]+)"', texts["web/routes.cpp"])
        taken = re.search(r"taken = \{([^}]*)\}", texts["config/rules.cpp"]).group(1)
        self.assertEqual({one or other for one, other in served}, set(re.findall(r'"([^"]+)"', taken)))

    def test_the_readme_of_the_house_has_the_rules(self):
        """`--write` writes them."""
        block = re.search(BLOCK.format("includes"), house(), re.S)
        self.assertEqual(block.group(2), table_of_includes())

    def test_the_recipes_name_files_that_exist_two_at_most(self):
        block = re.search(BLOCK.format("recipes"), house(), re.S).group(2)
        rows = [line.split("|")[2] for line in block.splitlines()[2:]]
        self.assertEqual(len(rows), 5)
        for row in rows:
            files = re.findall(r"`(\w+/\w+\.\w+)`", row)
            self.assertIn(len(files), (1, 2), row)
            for file in files:
                self.assertTrue(os.path.isfile(os.path.join(EXPORTER, file)), file)

    def test_every_room_has_its_paragraph(self):
        for room in filter(None, ALLOWED):
            self.assertIn(f"\n\n`{room}/` ", house())

    def test_every_folder_is_under_the_rules(self):
        folders = {os.path.dirname(path) for path, _ in sources()}
        self.assertEqual(folders, set(ALLOWED))


if __name__ == "__main__":
    if "--write" in sys.argv:
        write_house()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
