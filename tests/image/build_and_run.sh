#!/bin/sh
# Builds the image for real and runs it without privileges. Not part of tests/run.sh: it needs root, installs buildah and runc, and
# takes a quarter of an hour, because it compiles the program three times.
#
#   sudo sh tests/image/build_and_run.sh           (ONCE=1: without steps 5 and 6; ARM64=1: step 6 only)
#
# 1. Installs Debian's base system with debootstrap as the base image, so that no registry is needed.
# 2. Builds the Dockerfile with buildah.
# 3. Checks the contents of the image: its size, its files, its configuration.
# 4. Runs the image as a runc container: with its own user, as first process, with a read-only root, no capabilities, no new
#    privileges and its own network. It answers a scrape, its health check reports the right status, a second process lists tokens
#    (`--list`), it exits 0 on SIGTERM, and it verifies certificates.
# 5. Builds the Dockerfile again, without a cache: the bytes are the same.
# 6. Cross-compiles the image for arm64: the same files, for that architecture, and one poll under qemu-user.
set -eu
cd "$(dirname "$0")/../.."
. ./exporter/packages.sh
install_packages buildah ca-certificates curl debootstrap git jq openssl procps qemu-user runc util-linux

. ./tests/image/common.sh
image=localhost/datadog-token-exporter:test
container=datadog-token-exporter-test-$$

server="" client=""
finish() {
    runc delete --force "$container" >/dev/null 2>&1 || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$client" ] || buildah rm "$client" >/dev/null 2>&1 || true
}
trap finish EXIT

step "The base"
make_base

revision=${EXPORTER_REVISION:-$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

# Debian 12's buildah does not set BUILDPLATFORM for FROM.
build_platform=linux/$(buildah info --format '{{.host.arch}}')

# build <tag> [options...]
build() {
    tag=$1
    shift
    nice -n 10 buildah bud --isolation=chroot --pull-never --network=host --format=docker --timestamp="$epoch" \
        --build-arg BASE="$base" --build-arg BUILDPLATFORM="$build_platform" --build-arg SOURCE_DATE_EPOCH="$epoch" --build-arg EXPORTER_REVISION="$revision" \
        "$@" --tag "$tag" . >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; fail "the build"; }
}

# layers <image>: the digests of its layers.
layers() { buildah inspect --type image "$1" | jq -r '.OCIv1.rootfs.diff_ids[]'; }

# for_arm64: builds and checks that image, with one poll. Nothing runs under emulation during the build.
for_arm64() {
    step "For arm64"
    build "$image-arm64" --layers --platform linux/arm64
    [ "$(buildah inspect --type image "$image-arm64" | jq -r '.Docker.architecture')" = arm64 ] || fail "the image says another platform"
    client=$(buildah from --pull-never "$image-arm64")
    root=$(buildah mount "$client")
    others=$(find "$root/usr/bin" "$root/usr/lib" -type f \( -name '*.so*' -o -perm /111 \) \
        -exec sh -c 'readelf -h "$1" | grep -q "Machine: *AArch64" || echo "$1"' sh {} \;)
    [ -z "$others" ] || fail "not for arm64: $others"
    [ -z "$(find "$root" -xtype l)" ] || fail "a link leads nowhere: $(find "$root" -xtype l)"
    find "$root/usr/lib" -name '*.so*' -printf '%f\n' | sort
    others=$(grep '^Architecture: ' "$root"/var/lib/dpkg/status.d/* | grep -v ': \(arm64\|all\)$') || true
    [ -z "$others" ] || fail "not for arm64: $others"
    qemu-aarch64 -L "$root" "$root/usr/bin/datadog_token_exporter" --version
    qemu-aarch64 -L "$root" "$root/usr/bin/datadog_token_exporter" --demo --once >"$work/metrics.arm64"
    grep '^datadog_access_token_poll_success{org="demo"} 1$' "$work/metrics.arm64" || fail "no poll under qemu-user"
    buildah rm "$client" >/dev/null
    client=""
}
if [ "${ARM64:-}" ]; then
    for_arm64
    exit
fi

step "The build"
build "$image" --layers
configuration=$(buildah inspect --type image "$image" | jq '.Docker.config')
echo "$configuration" | jq '{User, ExposedPorts, Entrypoint, Healthcheck, Labels}'

step "What is in it"
client=$(buildah from --pull-never "$image")
root=$(buildah mount "$client")
(cd "$root" && find . \( -type f -o -type l \) -printf '%s\t%M\t%P\t%l\n' | sort -k 3)
bytes=$(find "$root" -type f -printf '%s\n' | awk '{sum += $1} END {print sum}')
echo "$bytes bytes unpacked"
[ "$bytes" -lt 30000000 ] || fail "more than 30 MB"
for name in sh bash dash busybox dpkg apt apt-get; do
    [ -z "$(find "$root" -name "$name" ! -type d)" ] || fail "$name is in the image"
done
[ -z "$(find "$root" -perm /6000)" ] || fail "a file is setuid or setgid"
[ -z "$(find "$root" -xtype l)" ] || fail "a link leads nowhere: $(find "$root" -xtype l)"
[ -z "$(find "$root" ! -type l -perm /022)" ] || fail "a file can be written by others than root"
[ "$(sort "$root"/var/lib/dpkg/status.d/* | grep -c '^Package: ')" -ge 10 ] || fail "package metadata is missing"
[ -z "$(find "$root" -mindepth 1 \( ! -newermt "@$((epoch - 1))" -o -newermt "@$epoch" \))" ] || fail "a file's time is not SOURCE_DATE_EPOCH"

# bundle <jq filter> <arguments...>: a bundle for runc, with the image's own user and entry point.
bundle() {
    filter=$1
    shift
    rm -rf "$work/bundle"
    mkdir "$work/bundle"
    runc spec --bundle "$work/bundle"
    # jq would parse arguments that begin with a dash as its own options.
    jq --arg root "$root" --argjson image "$configuration" --arg words "$(printf '%s\n' "$@")" '
        .root = {path: $root, readonly: true}
        | .hostname = "exporter"
        | .process.terminal = false
        | .process.user = ($image.User | split(":") | {uid: (.[0] | tonumber), gid: (.[1] | tonumber)})
        | .process.args = $image.Entrypoint + ($words | split("\n") | map(select(. != "")))
        | .process.env = []
        | .process.noNewPrivileges = true
        | .process.capabilities |= map_values([])
        | .mounts |= map(select(.type != "cgroup"))
        | '"$filter" "$work/bundle/config.json" >"$work/bundle/new.json"
    mv "$work/bundle/new.json" "$work/bundle/config.json"
}

step "As a container"
bundle . --version
runc run --bundle "$work/bundle" "$container" | tee "$work/version"
grep -qF "$revision" "$work/version" || fail "the revision is not in --version"

# All settings come from the environment and a file, as in the chart's pods.
printf 'demo: {tokens: 500}\npoll: {interval: 1m}\n' >"$work/config.yaml"
chmod 644 "$work/config.yaml"
bundle ".process.env = [\"DATADOG_TOKEN_EXPORTER_CONFIG_FILE=/etc/datadog-token-exporter.yaml\", \"DATADOG_TOKEN_EXPORTER_DEMO=true\"]
    | .mounts += [{destination: \"/etc/datadog-token-exporter.yaml\", type: \"bind\", source: \"$work/config.yaml\", options: [\"bind\", \"ro\"]}]"
runc run --bundle "$work/bundle" "$container" >"$work/container.log" 2>&1 &
running=$!
pid_of() { state=$(runc state "$container") && echo "$state" | jq -e 'select(.status == "running") | .pid'; }
wait_for "a first process" pid_of
pid=$(pid_of)
inside() { nsenter --net --target "$pid" curl --silent --fail --max-time 10 "http://127.0.0.1:10077$1"; }
wait_for "the first poll" inside /readyz
grep -E '^(NSpid|Uid|Gid|Groups|Cap|NoNewPrivs)' "/proc/$pid/status"
[ "$(awk '/^NSpid/ {print $NF}' "/proc/$pid/status")" = 1 ] || fail "not the first process of its namespace"
[ "$(awk '/^Cap/ {print $2}' "/proc/$pid/status" | sort -u)" = 0000000000000000 ] || fail "it has a capability"
awk '$5 == "/" {print $6}' "/proc/$pid/mountinfo" | grep -q '^ro' || fail "its root can be written"
inside /metrics >"$work/metrics"
grep -E '^datadog_access_token_(poll_success|listing_complete|exporter_build_info)' "$work/metrics"
grep -q '^datadog_access_token_poll_success{org="demo"} 1$' "$work/metrics" || fail "no successful poll in the metrics"
awk '/^process_resident_memory_bytes/ {printf "%d bytes of memory\n", $2}' "$work/metrics"

step "Its health check"
# The image's own health check; the first word is CMD.
health=$(echo "$configuration" | jq -r '.Healthcheck.Test[1:] | join(" ")')
# shellcheck disable=SC2086 # words without blanks
runc exec "$container" $health || fail "$health says that a healthy one is not"
# shellcheck disable=SC2086
if runc exec --env DATADOG_TOKEN_EXPORTER_WEB_LISTEN_ADDRESS=:10079 "$container" $health; then
    fail "$health finds health where nobody listens"
fi
echo "right, healthy and not"

step "A list of tokens by a second process"
# With only the container's environment, as `docker exec` and `kubectl exec` start it.
runc exec "$container" /usr/bin/datadog_token_exporter --list=leaked >"$work/leaked"
cat "$work/leaked"
grep -q '^leaked .* demo ' "$work/leaked" || fail "no leaked token in the list"
grep -q ' of 500 tokens$' "$work/leaked" || fail "not the organization of the configuration file"
runc exec "$container" /usr/bin/datadog_token_exporter --list --list.format=json >"$work/all"
[ "$(jq -r .id "$work/all" | sort -u | wc -l)" -eq 500 ] || fail "not every token is in the list"
status=0
runc exec "$container" /usr/bin/datadog_token_exporter --list=stolen || status=$?
[ "$status" -eq 2 ] || fail "exit status $status for a finding that is none"
inside /readyz >/dev/null || fail "the exporter does not answer after the list"

step "SIGTERM"
runc kill "$container" TERM
status=0
wait "$running" || status=$?
tail -n 2 "$work/container.log"
[ "$status" -eq 0 ] || fail "exit status $status after SIGTERM"
echo "exit status 0"

step "Certificates"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/roots.pem" 2>/dev/null
openssl s_server -accept 127.0.0.1:0 -www -key "$work/key.pem" -cert "$work/roots.pem" >"$work/server.log" 2>&1 &
server=$!
wait_for "a TLS server" grep -q '^ACCEPT 127' "$work/server.log"
url=https://$(sed -n 's/^ACCEPT //p' "$work/server.log")
# check <jq filter>: the exporter's --check of that server, in this machine's network.
check() {
    bundle ".linux.namespaces |= map(select(.type != \"network\")) | .process.env = [\"DD_BEARER_TOKEN=ddpat_none\"] | $1" \
        --check "--datadog.base-url=$url"
    runc run --bundle "$work/bundle" "$container" 2>&1 || true
}
check . | tee "$work/unknown"
grep -q 'failed: tls: .*certificate' "$work/unknown" || fail "an unknown authority is not refused"
check ".mounts += [{destination: \"/etc/ssl/certs/ca-certificates.crt\", type: \"bind\", source: \"$work/roots.pem\",
    options: [\"bind\", \"ro\"]}]" | tee "$work/known"
# TLS succeeded: the failure is about the response, an HTML page.
grep -q 'failed: not_json' "$work/known" || fail "an authority among the image's roots is not trusted"
openssl verify -CAfile "$root/etc/ssl/certs/ca-certificates.crt" "$root/etc/ssl/certs/ca-certificates.crt" >/dev/null ||
    fail "the image's roots can't be read"
echo "$(grep -c 'BEGIN CERTIFICATE' "$root/etc/ssl/certs/ca-certificates.crt") roots"

if [ "${ONCE:-}" ]; then
    exit
fi
step "The same again"
build "$image-again" --no-cache
layers "$image"
[ "$(layers "$image")" = "$(layers "$image-again")" ] || fail "two builds differ"
echo "two builds are equal"
buildah rm "$client" >/dev/null
for_arm64
