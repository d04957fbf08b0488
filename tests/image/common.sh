# Sourced by the scripts in this folder, from the repository's root: the base image, and waiting. work: the scripts' folder.
# shellcheck shell=sh
work=$PWD/build/image
base=localhost/debian-minbase:trixie
mkdir -p "$work"

step() { printf '\n=== %s\n' "$1"; }
fail() { echo "FAILED: $1" >&2; exit 1; }

# wait_for <what> <command...>: waits until it succeeds, 30 s at most.
wait_for() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { cat "$work/container.log" >&2 || true; fail "not within 30 s: $what"; }
        sleep 0.1
    done
}

# make_base: creates the image $base with debootstrap unless it exists, so that no registry is needed.
make_base() {
    if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
        [ -d "$work/base/usr" ] || debootstrap --variant=minbase trixie "$work/base" >"$work/debootstrap.log"
        from=$(buildah from scratch)
        cp -a "$work/base/." "$(buildah mount "$from")/"
        buildah commit --quiet --rm "$from" "$base" >/dev/null
    fi
    echo "$base"
}
