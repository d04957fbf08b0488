"""Parses Markdown as GitHub does, as far as the manuals need it: code blocks, links, anchors.

`python3 tests/docs/manual.py README.md DIRECTORY` extracts README's shell blocks for tests/platforms/follow_readme.sh: one file NN.sh
for each block, in order, and a list with a line `NN how` for each."""
import os
import re
import sys

FENCE = re.compile(r"^```(\S*)[ ]*([^\n]*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")


def blocks(text, language="sh"):
    """[(how, commands)] for each block of the language. `how`: the words after the language, which GitHub does not show."""
    return [(how, body) for name, how, body in FENCE.findall(text) if name == language]


def prose(text):
    """The text without code blocks and comments."""
    return re.sub(r"<!--.*?-->", "", FENCE.sub("", text), flags=re.S)


def inline_code(text):
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(text))]


def links(text):
    """The targets of links, images and HTML attributes, and URLs between <>."""
    shown = re.sub(r"(?<!`)`[^`]*`(?!`)", "`", prose(text))
    broken = len(re.findall(r"\]\(", shown)) - len(LINK.findall(shown))
    if broken:
        raise ValueError(f"{broken} links can't be read")
    return (LINK.findall(shown) + re.findall(r"<(https?:[^>]*)>", shown) + re.findall(r"\b(?:href|src)=\"([^\"]*)\"", shown)
            + re.findall(r"^\[[^\]]+\]:\s*(\S+)", shown, re.M))


def anchors(text):
    """The anchors that GitHub generates for headings, and the explicit ones."""
    found, seen = set(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", prose(text))), {}
    for heading in re.findall(r"^#{1,6}[ ]+(.*?)[ ]*#*$", prose(text), re.M):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        heading = re.sub(r"(?<!\w)([*_]{1,2})(\S(?:.*?\S)?)\1(?!\w)", r"\2", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = seen[anchor] = seen.get(anchor, -1) + 1
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def main(path, directory):
    with open(path, encoding="utf-8") as file:
        found = blocks(file.read())
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "list"), "w", encoding="utf-8") as listing:
        for number, (how, commands) in enumerate(found, 1):
            with open(os.path.join(directory, f"{number:02}.sh"), "w", encoding="utf-8") as file:
                file.write(commands)
            listing.write(f"{number:02} {how}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
