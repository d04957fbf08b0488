#!/bin/sh
# Installs what the tests need, builds everything and runs all checks: formatting, cppcheck, clang-tidy, unit, integration and
# end-to-end tests, the sanitizers and a short fuzz run. Ends with ctest's own summary of the release build.
set -eu
cd "$(dirname "$0")/.."
. ./exporter/packages.sh

# Test servers are never behind a proxy, whatever the environment says.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
seconds_per_fuzzer=${SECONDS_PER_FUZZER:-20}

step() { printf '\n=== %s (%s s since the start)\n' "$1" "$(($(date +%s) - started))"; }
started=$(date +%s)

step "Packages"
# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages
# A Node.js from another source than Debian includes npm and conflicts with Debian's package of it.
command -v npm >/dev/null || install_packages npm

step "Helm 3, Helm 4 and Kubernetes' schemas"
sh tests/helm/tools/get.sh

step "hadolint and actionlint"
sh tests/lint/tools/get.sh

step "promtool of Prometheus 3"
sh tests/rules/tools/get.sh

step "Formatting"
find exporter tests '(' -name '*.cpp' -o -name '*.h' ')' -print0 | xargs -0 clang-format-19 --dry-run --Werror

step "cppcheck"
# Sees only our own files; clang-tidy covers code that depends on the libraries.
cppcheck exporter -I exporter --language=c++ --std=c++20 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingInclude --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --error-exitcode=1 --quiet -j 2

# build_and_test <preset>: builds every target and runs every test.
build_and_test() {
    step "Build: $1"
    # Benchmarks need optimised code; the release build includes a smoke test of them.
    cmake --preset "$1" -DEXPORTER_TESTS=ON "-DEXPORTER_BENCHMARKS=$([ "$1" = release ] && echo ON || echo OFF)" >/dev/null
    cmake --build --preset "$1"
    step "Test: $1"
    ctest --preset "$1" --parallel 4 # Most tests wait for a clock or a socket.
}

step "Presets that are for people"
for preset in debug coverage fuzz; do
    cmake --preset "$preset" >/dev/null
done

build_and_test asan
step "clang-tidy"
run-clang-tidy-19 -quiet -j 2 -p build/asan -clang-tidy-binary clang-tidy-19 '/exporter/' >build/lint.log 2>/dev/null || {
    grep -A 8 -E '(error|warning):' build/lint.log
    exit 1
}
step "Fuzz: $seconds_per_fuzzer s each"
tests/fuzz/run.sh build/asan "$seconds_per_fuzzer"
build_and_test tsan
build_and_test release
