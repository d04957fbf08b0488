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
    "inventory": ["base/", "datadog/token.h", "datadog/id_set.h", "datadog/text_hash.h"],
    "state": ["base/", "inventory/", "scan/listing.h", "scan/clock.h", "datadog/token.h", "datadog/text_hash.h"],
    "metrics": ["base/", "inventory/", "scan/statistics.h", "scan/listing.h", "datadog/token.h", "datadog/error.h",
                "datadog/page.h"],
    "http": ["base/"],
    "web": ["base/", "metrics/exposition.h", "http/"],
    "demo": ["base/", "datadog/"],
    "app": ["base/", "config/", "datadog/", "scan/", "inventory/", "state/", "metrics/", "http/", "web/", "demo/"],
    "": ["app/"],
}

# Libraries by the sources that may know them.
LIBRARIES = {
    "httplib.h": r"datadog/transport\.cpp|demo/\w+\.(cpp|h)",
    "rapidjson/": r"datadog/(page_parser|error_text)\.cpp|demo/\w+\.cpp",
    "boost/": r"http/\w+\.(cpp|h)",
    "crypt.h": r"http/bcrypt\.cpp",
    "yaml-cpp/": r"base/yaml_reader\.(cpp|h)|config/\w+\.cpp|http/web_file\.cpp",
    "CLI/": r"config/\w+\.cpp",
    "spdlog/": r"app/log\.cpp",
    "prometheus/": r"metrics/\w+\.(cpp|h)",
    "openssl/": r"base/((pem|tls_socket)\.(cpp|h)|base64\.cpp)|datadog/(tls\.(cpp|h)|text_hash\.cpp)|http/(tls_\w+\.(cpp|h)|(bcrypt|hmac)\.cpp)|web/page_style\.cpp",
    "zlib.h": r"datadog/content_coding\.cpp|state/codec\.cpp|metrics/gzip\.cpp|demo/\w+\.cpp",
}

# The outside world, each part of it in one place.
PLACES = {
    r"\bgetenv\b|\benviron\b": r"main\.cpp",
    # Two servers put a Date header on what they send.
    r"system_clock::now": r"scan/clock\.cpp|http/session\.cpp|demo/api\.cpp",
    r"random_device": r"scan/clock\.cpp",
    # Its hashes have no key: whoever may choose texts makes such a table a list. The one place has a keyed hash.
    r"\bunordered_(map|set)\b|std::hash\b": r"inventory/scope_table\.h",
    r"\bsigwait\b|\bpthread_sigmask\b": r"app/run\.cpp",
}


def sources():
    for folder, _, files in os.walk(EXPORTER):
        for file in files:
            if file.endswith((".cpp", ".h")):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as opened:
                    yield os.path.relpath(path, EXPORTER), opened.read()


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
        self.assertTrue(misplaced_calls("metrics/render.cpp", "std::unordered_map<std::string, int> rows;\n"))
        self.assertTrue(misplaced_calls("config/load.cpp", 'auto home = std::getenv("HOME");\n'))

    def test_every_folder_is_under_the_rules(self):
        folders = {os.path.dirname(path) for path, _ in sources()}
        self.assertEqual(folders, set(ALLOWED))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
