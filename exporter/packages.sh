# Sourced by exporter/run.sh and tests/run.sh: the Debian packages of each purpose, and how to install what is missing.
# Works on Debian 12, 13 and unstable, as root or with sudo.
# shellcheck shell=sh disable=SC2034 # the lists are for who sources this file

build_packages="g++ cmake ninja-build pkg-config git ca-certificates libboost-dev libcpp-httplib-dev
  libcrypt-dev libexpected-dev libfmt-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev rapidjson-dev zlib1g-dev"

# What the program's own tests need, on any platform.
program_test_packages="curl libcli11-dev libgmock-dev libgtest-dev openssl procps prometheus python3 python3-prometheus-client"

# One clang for all Debians: formatters and linters of two versions don't agree.
test_packages="$program_test_packages chromium chromium-driver clang-19 clang-format-19 clang-tidy-19 cppcheck jq libbenchmark-dev
  libclang-rt-19-dev python3-pip python3-requests python3-selenium python3-yaml shellcheck systemd unzip wrk
  yamllint"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# install_packages <package...>: asks apt only when something is missing.
install_packages() {
    missing=""
    for package in "$@"; do
        status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=""
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing:$missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}
