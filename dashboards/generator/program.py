"""Reads the findings and the default scopes from the program's source, so that their order and wording are defined only once."""
import os
import re

EXPORTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "exporter")
# {Finding::x, "reason", Severity::y, "words before the noun", "words after it", …
FINDING = re.compile(r'\{Finding::\w+,\s*"(\w+)",\s*Severity::(\w+),\s*"([^"]*)",\s*"([^"]*)"')


def _read(*path):
    with open(os.path.join(EXPORTER, *path), encoding="utf-8") as file:
        return file.read()


def findings():
    """{reason: (words, severity)}, worst first: `never_expires_privileged`: ("Privileged, without expiry", "warning")."""
    found = {}
    for reason, severity, before, after in FINDING.findall(_read("inventory", "findings.cpp")):
        words = ", ".join(filter(None, (before, after)))
        found[reason] = (words[0].upper() + words[1:], severity)
    return found


def privileged_scopes():
    """The default of `--scopes.privileged`."""
    return re.findall(r'"(\w+)"', re.search(r"> privileged_scopes = \{(.*?)\};", _read("config", "rules.cpp"), re.S).group(1))
