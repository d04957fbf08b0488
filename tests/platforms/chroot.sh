# Sourced in the repository's root, by scripts that need a Debian in a chroot. They set suite and root (the chroot's folder on this
# machine); source (/src) is the folder in it where commands start. SECONDS_AT_MOST (10800) limits the whole run. CCACHE_DIR: a folder
# of this machine for ccache in the chroot. NICE (10): the niceness of commands in the chroot.
# shellcheck shell=sh disable=SC2154 # those variables
[ "$(id -u)" -eq 0 ] || { echo "It needs root, for the chroot: sudo sh $0 $*" >&2; exit 2; }
. ./exporter/packages.sh
install_packages debootstrap git iproute2 util-linux

source=${source:-/src}
seconds_at_most=${SECONDS_AT_MOST:-10800}
mirror=http://deb.debian.org/debian
started=$(date +%s)
deadline=$((started + seconds_at_most))

step() { printf '\n=== %s: %s (%s s since the start)\n' "$suite" "$1" "$(($(date +%s) - started))"; }
fail() { echo "FAILED: $1" >&2; exit 1; }

# apart [unshare's options...] <command...>: runs the command in its own mount and process namespaces. However this script ends,
# even by SIGKILL, the kernel kills the processes (each with its parent) and undoes the mounts, so deleting the chroot never
# touches a mounted folder.
apart() {
    left=$((deadline - $(date +%s)))
    [ "$left" -gt 0 ] || fail "out of time"
    # KILL, because unshare blocks SIGTERM. In the foreground, so that Ctrl-C reaches the command.
    nice -n "${NICE:-10}" setpriv --pdeathsig KILL timeout --foreground --signal=KILL "$left" \
        setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$@"
}

# inside [--net] <command...>: runs it in the chroot, without this machine's environment; --net: also without its network.
inside() {
    net=""
    if [ "$1" = --net ]; then
        net=--net
        shift
    fi
    # shellcheck disable=SC2016 # the inner shell's own variables
    apart ${net:+"$net"} sh -c '
        root=$1 net=$2 source=$3 cache=$4
        shift 4
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        [ -z "$cache" ] || { mkdir -p "$root/ccache" && mount --bind "$cache" "$root/ccache"; }
        [ -z "$net" ] || ip link set lo up
        exec chroot "$root" sh -c "cd $source && exec \"\$@\"" sh "$@"
    ' sh "$root" "$net" "$source" "${CCACHE_DIR:-}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-2}" \
        ${CCACHE_DIR:+CCACHE_DIR=/ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache} "$@"
}

# base_system <folder>: installs a minimal Debian unless it exists, and configures access to the mirror as on this machine.
base_system() {
    if [ ! -d "$1" ]; then
        mkdir -p build/platforms
        rm -rf --one-file-system "$1.new" # left by an interrupted run
        apart debootstrap --variant=minbase "$suite" "$1.new" "$mirror" >"$1.log" 2>&1 || { tail "$1.log"; fail "debootstrap"; }
        mkdir -p "$1.new$source"
        # Prevents packages from starting services.
        printf '#!/bin/sh\nexit 101\n' >"$1.new/usr/sbin/policy-rc.d"
        chmod +x "$1.new/usr/sbin/policy-rc.d"
        mv "$1.new" "$1"
    fi
    # Access to the mirror as on this machine: its resolver, its proxy, and its settings for outdated mirrors.
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    apt-config dump | grep -E '^Acquire::(http::Proxy|Check-Valid-Until|Check-Date) ' >"$1/etc/apt/apt.conf.d/99host" || true
}

# up_to_date: upgrades the system in $root, and installs ccache if there is a folder for it.
up_to_date() {
    inside sh -c 'apt-get update -qq && apt-get -y -qq dist-upgrade' >"$root.log" 2>&1 || { tail "$root.log"; fail "the upgrade"; }
    [ -z "${CCACHE_DIR:-}" ] || inside apt-get install -y -qq --no-install-recommends ccache >"$root.log" 2>&1 || fail "ccache"
}

# clone_head: clones this repository's HEAD into the chroot.
clone_head() {
    [ -z "$(git status --porcelain)" ] || echo "Note: what is not committed is not tested."
    git init --quiet "$root$source"
    git -C "$root$source" fetch --quiet "$PWD" HEAD
    # Touches only files that differ, so that little is recompiled.
    git -C "$root$source" reset --quiet --hard FETCH_HEAD
    git -C "$root$source" log -1 --format='%h %s'
}
