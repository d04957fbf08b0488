# shellcheck shell=sh disable=SC2034,SC2086 # lists of packages, for who sources it
# Sourced by exporter/run.sh, tests/run.sh and the Dockerfile: the Debian packages for each purpose, and functions that install missing
# ones. Works on Debian 12, 13 and unstable, as root or with sudo.

build_tools="g++ cmake ninja-build pkg-config git ca-certificates"
build_libraries="libboost-dev libcpp-httplib-dev libcrypt-dev libexpected-dev libfmt-dev libssl-dev libyaml-cpp-dev
  prometheus-cpp-dev rapidjson-dev zlib1g-dev"
build_packages="$build_tools $build_libraries"

# Additional packages for `cpack`.
package_packages="dpkg-dev file"

# For the tests of the program itself, on any platform.
program_test_packages="curl libcli11-dev libgmock-dev libgtest-dev openssl procps prometheus python3 python3-prometheus-client"

# For exporter/packaging/release.sh, and for fetching its Helm.
release_packages="buildah git nodejs python3 skopeo unzip"

# The same clang on every Debian: formatters and linters of different versions disagree.
test_packages="$program_test_packages $package_packages chromium chromium-driver clang-19 clang-format-19 clang-tidy-19 cppcheck docker-registry jq
  libbenchmark-dev libclang-rt-19-dev lintian man-db python3-pip python3-requests python3-selenium python3-yaml shellcheck skopeo systemd
  unzip wrk yamllint zsh"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# install_packages <package...>: runs apt only if a package is missing.
install_packages() {
    missing=""
    for package in "$@"; do
        status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=""
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing:$missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

# is_foreign <Debian architecture>: whether it differs from this machine's. Empty means this machine's.
is_foreign() { [ -n "$1" ] && [ "$1" != "$(dpkg --print-architecture)" ]; }

# install_build_packages [<Debian architecture> [<library package...>]]: installs the packages to build the program for that
# architecture. For a foreign one: the cross-compiler, and the libraries of that architecture instead of this machine's.
install_build_packages() {
    architecture=${1:-}
    [ $# -eq 0 ] || shift
    if ! is_foreign "$architecture"; then
        install_packages $build_packages "$@"
        return
    fi
    as_root dpkg --add-architecture "$architecture"
    as_root apt-get update -qq
    foreign=""
    for package in $build_libraries "$@"; do
        # A header-only library may be a single package for all architectures.
        if apt-cache show --no-all-versions "$package" | grep -qx 'Architecture: all'; then
            foreign="$foreign $package"
        else
            foreign="$foreign $package:$architecture"
        fi
    done
    install_packages $build_tools "crossbuild-essential-$architecture" $foreign
}

# toolchain_of [<Debian architecture>]: the cmake options to build for it.
toolchain_of() { ! is_foreign "${1:-}" || echo "--toolchain=cmake/$1.cmake"; }
