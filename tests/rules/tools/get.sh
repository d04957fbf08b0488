#!/bin/sh
# Installs a promtool of Prometheus 3 as build/promtool/promtool3, in addition to Debian 12's own of 2.42: the rules must work with
# both. It is unpacked from Debian unstable's package, which apt fetches and verifies with separate lists; nothing is installed and no
# source is added to the machine. Does nothing if it exists already. DEBIAN_MIRROR selects another mirror.
set -eu
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
folder=$(cd "$(dirname "$0")/../../.." && pwd)/build/promtool
keys=/usr/share/keyrings/debian-archive-keyring.gpg

fail() { echo "tests/rules/tools/get.sh: promtool of Debian unstable from $mirror: $1" >&2; exit 1; }

is_there() { "$folder/promtool3" --version 2>/dev/null | grep -q 'version 3\.'; }

is_there && exit 0
[ -r "$keys" ] || fail "$keys is missing: install debian-archive-keyring"
rm -rf "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
echo "deb [signed-by=$keys] $mirror sid main" >"$folder/sources.list"
: >"$folder/status"

apt() {
    apt-get -qq -o Dir::State="$folder" -o Dir::State::Lists="$folder/lists" -o Dir::State::status="$folder/status" \
        -o Dir::Cache="$folder/cache" -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User= -o APT::Update::Error-Mode=any "$@"
}

cd "$folder"
apt update || fail "the package lists can't be fetched"
apt download promtool || fail "the package can't be fetched"
dpkg-deb --extract promtool_*.deb unpacked || fail "the package can't be unpacked"
mv unpacked/usr/bin/promtool promtool3
rm -rf lists cache unpacked sources.list status promtool_*.deb
is_there || fail "it does not run here, or is no Prometheus 3: $("$folder/promtool3" --version 2>&1 | head -n 1)"
"$folder/promtool3" --version | head -n 1
