"""Architecture rules that the compiler can't check: which folder may include which, and where third-party types and calls to
the outside world are allowed."""
import os
import re
import sys
import unittest

import harness

EXPORTER = os.path.join(harness.SOURCE_DIR, "exporter")

# What each folder may include besides its own headers: whole folders, or single headers.
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

# Libraries, and the sources that may include them.
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

# Calls to the outside world, each allowed in one place only.
PLACES = {
    r"\bgetenv\b|\benviron\b": r"main\.cpp",
    # The server sends a Date header.
    r"system_clock::now": r"scan/clock\.cpp|http/session\.cpp",
    r"random_device": r"scan/clock\.cpp",
    # Standard hashes are not keyed: an attacker who chooses the texts can make every lookup linear. The only exception uses a
    # keyed hash.
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


README = os.path.join(EXPORTER, "README.md")
BLOCK = r"(<!-- {0}:[^\n]*-->\n)(.*?)(<!-- /{0} -->)"


def readme():
    with open(README, encoding="utf-8") as file:
        return file.read()


def table_of_includes():
    rows = [f"| `{component}/` | {', '.join(f'`{rule}`' for rule in rules) or '–'} |\n"
            for component, rules in ALLOWED.items() if component]
    return "| component | may include, besides itself |\n|---|---|\n" + "".join(rows)


def write_readme():
    text = re.sub(BLOCK.format("includes"), lambda block: block[1] + table_of_includes() + block[3], readme(), flags=re.S)
    with open(README, "w", encoding="utf-8") as file:
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
    def test_includes_go_one_way_only(self):
        self.assertEqual([line for path, text in sources() for line in wrong_includes(path, text)], [])

    def test_third_party_types_stay_in_few_files(self):
        self.assertEqual([line for path, text in sources() for line in misplaced_libraries(path, text)], [])

    def test_restricted_calls_stay_in_few_files(self):
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

    def test_every_served_path_is_reserved(self):
        """config/ can't include web/, so both list the paths."""
        texts = dict(sources())
        served = re.findall(r'request\.path == "([^"]+)"|path == "([^"]+)"', texts["web/routes.cpp"])
        taken = re.search(r"taken = \{([^}]*)\}", texts["config/rules.cpp"]).group(1)
        self.assertEqual({one or other for one, other in served}, set(re.findall(r'"([^"]+)"', taken)))

    def test_the_readme_has_the_rules(self):
        """`--write` updates the README."""
        block = re.search(BLOCK.format("includes"), readme(), re.S)
        self.assertEqual(block.group(2), table_of_includes())

    def test_each_recipe_names_one_or_two_existing_files(self):
        block = re.search(BLOCK.format("recipes"), readme(), re.S).group(2)
        rows = [line.split("|")[2] for line in block.splitlines()[2:]]
        self.assertEqual(len(rows), 5)
        for row in rows:
            files = re.findall(r"`(\w+/\w+\.\w+)`", row)
            self.assertIn(len(files), (1, 2), row)
            for file in files:
                self.assertTrue(os.path.isfile(os.path.join(EXPORTER, file)), file)

    def test_every_folder_has_a_row(self):
        components = readme().split("## Components\n")[1].split("\n## ")[0]
        self.assertEqual(re.findall(r"^\| `(\w+)/` \| \w", components, re.M), list(filter(None, ALLOWED)))

    def test_every_folder_has_rules(self):
        folders = {os.path.dirname(path) for path, _ in sources()}
        self.assertEqual(folders, set(ALLOWED))


if __name__ == "__main__":
    if "--write" in sys.argv:
        write_readme()
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
