#!/bin/sh
# Publishes a version to a registry on this machine and installs it from there. Not part of tests/run.sh: it needs root and compiles
# the program for each platform.
#
#   sudo sh tests/image/release_and_run.sh [options of exporter/packaging/release.sh]
#
#   sudo sh tests/image/release_and_run.sh --platforms linux/amd64 --without-tests --without-packages     the shortest run
#
# 1. Installs Debian's base system with debootstrap under the base image's name, as in build_and_run.sh, and starts Debian's
#    docker-registry on loopback.
# 2. Runs exporter/packaging/release.sh --trial with this tree. Debian packages are built on the same base.
# 3. Pulls from the registry by digest: the image runs as a runc container, with the time to first metrics; SBOM and provenance are
#    found by the image's digest; the chart renders that registry and digest.
set -eu
cd "$(dirname "$0")/../.."
. ./exporter/packages.sh
# shellcheck disable=SC2086 # a list of words
install_packages $release_packages curl debootstrap docker-registry jq procps runc util-linux
sh tests/helm/tools/get.sh

. ./tests/image/common.sh
container=datadog-token-exporter-release-$$
version=$(sed -n 's/^ *project(datadog_token_exporter VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
address=127.0.0.1:${REGISTRY_PORT:-5518}
registry=$address/team
rm -rf "$work/registry" "$work/release"

server="" client=""
finish() {
    runc delete --force "$container" >/dev/null 2>&1 || true
    [ -z "$client" ] || buildah rm "$client" >/dev/null 2>&1 || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
}
trap finish EXIT

step "Base and registry"
make_base
printf '{"version": 0.1, "log": {"level": "error"}, "http": {"addr": "%s"}, "storage": {"filesystem": {"rootdirectory": "%s"}}}\n' \
    "$address" "$work/registry" >"$work/registry.yml"
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
server=$!
wait_for "a registry" curl --silent --fail "http://$address/v2/"

step "The release"
exporter/packaging/release.sh --trial --plain-http --base "$base" --package-bases "$base" --output "$work/release" "$@" "$version" "$registry" | tee "$work/published"
digest=$(sed -n 's/^image .*@//p' "$work/published")
(cd "$work/release" && sha256sum --check --quiet SHA256SUMS)
ls -l "$work/release"

step "The image, from the registry by its digest"
before=$(date +%s%N)
client=$(buildah from --pull-always --tls-verify=false "docker://$registry/datadog-token-exporter@$digest")
root=$(buildah mount "$client")
rm -rf "$work/bundle"
mkdir "$work/bundle"
runc spec --bundle "$work/bundle"
jq --arg root "$root" '.root = {path: $root, readonly: true} | .process.terminal = false | .process.user = {uid: 65532, gid: 65532}
    | .process.args = ["/usr/bin/datadog_token_exporter", "--demo"] | .process.noNewPrivileges = true
    | .process.capabilities |= map_values([]) | .mounts |= map(select(.type != "cgroup"))' "$work/bundle/config.json" >"$work/bundle/new.json"
mv "$work/bundle/new.json" "$work/bundle/config.json"
runc run --bundle "$work/bundle" "$container" >"$work/container.log" 2>&1 &
pid_of() { runc state "$container" | jq -e 'select(.status == "running") | .pid'; }
wait_for "a first process" pid_of
inside() { nsenter --net --target "$(pid_of)" curl --silent --fail --max-time 10 "http://127.0.0.1:10077$1"; }
wait_for "the first poll" inside /readyz
inside /metrics | grep '^datadog_access_token_poll_success{org="demo"} 1$' || fail "no successful poll in the metrics"
echo "registry to first metrics: $((($(date +%s%N) - before) / 1000000)) ms"

step "What belongs to it"
get() { curl --silent --fail --header 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' "http://$address/v2/team/datadog-token-exporter/$1"; }
get "manifests/$(echo "$digest" | tr : -)" | jq -r '.manifests[].digest' >"$work/referrers"
while read -r referrer; do
    get "manifests/$referrer" >"$work/referrer.json"
    [ "$(jq -r .subject.digest "$work/referrer.json")" = "$digest" ] || fail "$referrer belongs to something else"
    get "blobs/$(jq -r '.layers[0].digest' "$work/referrer.json")" | jq -r '.spdxVersion // .predicateType'
done <"$work/referrers"

step "The chart"
build/tools/helm4 template tokens "oci://$registry/charts/datadog-token-exporter" --plain-http --version "$version" --set demo.enabled=true \
    >"$work/rendered.yaml"
images=$(grep 'image: ' "$work/rendered.yaml" | tr -d '" ' | sort -u)
echo "$images"
[ "$images" = "image:$registry/datadog-token-exporter@$digest" ] || fail "the chart's image is another one"
