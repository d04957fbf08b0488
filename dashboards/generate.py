#!/usr/bin/env python3
"""Writes the dashboards. Run `python3 dashboards/generate.py` after a change under dashboards/generator/; a test compares the
files."""
import json
import os

from generator import detail, exporter, overview, scopes

FOLDER = os.path.dirname(os.path.abspath(__file__))
DASHBOARDS = {"overview": overview, "scopes": scopes, "exporter": exporter, "token-detail": detail}


def texts():
    """{file name: text} of all dashboards."""
    return {f"{name}.json": json.dumps(module.build(), indent=2, ensure_ascii=False) + "\n"
            for name, module in DASHBOARDS.items()}


def main():
    for name, text in texts().items():
        with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
