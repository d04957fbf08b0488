#!/bin/sh
# Builds and tests on another release of Debian, in a chroot:
#
#   sudo sh tests/platforms/run.sh SUITE [REGEX]    SUITE: bookworm, trixie or sid. REGEX: only the tests that ctest -R finds.
#
# Run by hand, not part of tests/run.sh or .ci/run: it needs root and Debian's mirror, takes a quarter of an hour or more, and sid
# changes every day: an upload to Debian must not fail an unrelated commit.
#
# 1. Installs Debian's base system with debootstrap in build/platforms/SUITE. It stays there; a later run upgrades it and compiles
#    only what has changed. To start afresh, remove that folder.
# 2. Clones HEAD into it and runs README's first command, which installs what is missing, builds, and polls the simulated organization.
# 3. Builds the tests as tests/run.sh does for release, with warnings as errors. Only those of the program and its components: the
#    browser's and those of files deployed alongside the program do not depend on the compiler.
# 4. Runs README's first command unchanged: it serves metrics.
# 5. Runs the tests. Ends with ctest's own summary and exit status.
#
# JOBS (2): parallel compilations. CCACHE_DIR: a folder for ccache. SECONDS_AT_MOST (10800) limits the whole run. Tests run with only a
# loopback network.
set -eu
suite=${1:?"usage: sh tests/platforms/run.sh bookworm|trixie|sid [REGEX]"}
regex=${2:-.}
case $suite in
    bookworm | trixie | sid) ;;
    *) echo "$suite: not bookworm, trixie or sid" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/../.."
root=$PWD/build/platforms/$suite
. ./tests/platforms/chroot.sh

step "Debian's base system"
base_system "$root"
up_to_date

step "HEAD"
clone_head

step "README's first command, one poll"
inside sh exporter/run.sh --once --once.output=build/once.metrics
grep '^datadog_access_token_poll_success.* 1$' "$root$source/build/once.metrics"

step "Versions"
# shellcheck disable=SC2016 # the inner shell's own variable
inside sh -c '. ./exporter/packages.sh && install_packages $program_test_packages' >"$root.log" 2>&1 ||
    { tail "$root.log"; fail "the tests' packages"; }
inside c++ --version | head -n 1
inside dpkg-query --show cmake libboost-dev libcli11-dev libcpp-httplib-dev libexpected-dev libfmt-dev libgtest-dev \
    libssl-dev libyaml-cpp-dev prometheus prometheus-cpp-dev python3 rapidjson-dev zlib1g-dev

step "Build"
inside cmake --preset release >/dev/null
# -k 0: shows everything that a new compiler finds, not only the first error.
inside cmake --build --preset release -- -k 0

step "README's first command, as it stands"
# shellcheck disable=SC2016 # the inner shell's own variables
inside --net sh -c '
    sh exporter/run.sh >build/run.log 2>&1 &
    tries=0
    until curl --silent --fail http://localhost:10077/metrics >build/run.metrics &&
            grep "^datadog_access_token_poll_success.* 1$" build/run.metrics; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || exit 1
        sleep 0.1
    done
' || { tail "$root$source/build/run.log"; fail "no metrics within a minute"; }

step "Test"
# Most tests wait for a clock or a socket.
inside --net ctest --preset release --parallel 4 --tests-regex "$regex" --label-exclude '^(dashboards|docs|helm|image|rules)$' \
    --exclude-regex '^app\.status_page$'
