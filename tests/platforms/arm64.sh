#!/bin/sh
# Cross-compiles for arm64 on amd64, and runs the program and its unit tests under qemu-user, in a chroot:
#
#   sudo sh tests/platforms/arm64.sh SUITE [REGEX]      SUITE: bookworm or trixie. REGEX: only the tests that ctest -R finds.
#
# Run by hand, not part of tests/run.sh or .ci/run: it needs root and Debian's mirror, and emulation is slow.
#
# 1. Installs Debian's base system with debootstrap in build/platforms/SUITE-arm64, with the cross-compiler and arm64's libraries.
# 2. Clones HEAD and builds the program, which polls the simulated organization (`--demo --once`) under qemu-user.
# 3. Builds the Debian package for arm64 and shows dpkg's information about it.
# 4. Runs the unit tests under qemu-user. PROGRAM_ONLY=1 skips them.
#
# JOBS, CCACHE_DIR and SECONDS_AT_MOST as in run.sh.
set -eu
suite=${1:?"usage: sh tests/platforms/arm64.sh bookworm|trixie [REGEX]"}
components='base|config|datadog|scan|inventory|state|metrics|http|web|demo|app'
regex=${2:-"^($components)\.[A-Z]"}
case $suite in
    bookworm | trixie) ;;
    *) echo "$suite: not bookworm or trixie" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/../.."
root=$PWD/build/platforms/$suite-arm64
. ./tests/platforms/chroot.sh

step "Debian's base system"
base_system "$root"
up_to_date

step "HEAD"
clone_head

step "The cross-compiler and arm64's libraries"
# shellcheck disable=SC2016 # the inner shell's own variables
inside sh -c '. ./exporter/packages.sh
    install_build_packages arm64 libcli11-dev libgmock-dev libgtest-dev
    install_packages $package_packages openssl python3 python3-prometheus-client qemu-user' >"$root.log" 2>&1 ||
    { tail "$root.log"; fail "the packages"; }
inside aarch64-linux-gnu-g++ --version | head -n 1

step "The program"
inside cmake --preset arm64 -DEXPORTER_TESTS=OFF -DEXPORTER_UNITY=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF >"$root.log" || { tail "$root.log"; fail "cmake"; }
inside cmake --build --preset arm64
inside file build/arm64/exporter/datadog_token_exporter | grep 'ARM aarch64'

step "One poll, under qemu-user"
inside --net qemu-aarch64 build/arm64/exporter/datadog_token_exporter --version
inside --net qemu-aarch64 build/arm64/exporter/datadog_token_exporter --demo --once --once.output=build/once.metrics
grep '^datadog_access_token_poll_success.* 1$' "$root$source/build/once.metrics"

step "The package"
inside sh -c 'cd build/arm64 && rm -f *.deb && DEB_HOST_ARCH=arm64 cpack -G DEB && dpkg-deb --info *_arm64.deb'
[ "$(inside sh -c 'dpkg-deb --field build/arm64/*_arm64.deb Architecture')" = arm64 ] || fail "the package is not for arm64"

if [ "${PROGRAM_ONLY:-}" ]; then
    exit
fi
step "The unit tests, under qemu-user"
inside cmake --preset arm64 -DEXPORTER_TESTS=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF >"$root.log" || { tail "$root.log"; fail "cmake"; }
# shellcheck disable=SC2046 # a list of words
inside cmake --build --preset arm64 --target $(echo "$components" | sed 's/[a-z]*/test_&/g' | tr '|' ' ')
inside --net ctest --preset arm64 --parallel 2 --timeout 600 --tests-regex "$regex"
