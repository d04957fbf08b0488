#!/bin/sh
# Completes an image's root file system around the installed program: the libraries it links, CA roots, an unprivileged user, and
# the package metadata that scanners need. Runs in the Dockerfile, on Debian. The program may be built for another architecture than
# this machine's, so that it can't run here: its libraries are read from its ELF header.
#
#   image_root.sh <root> <program's path within it>      SOURCE_DATE_EPOCH: the time of every file
set -eu
root=$1
program=$2
packages="ca-certificates base-files"

case $(readelf -h "$root$program" | sed -n 's/^ *Machine: *//p') in
    *X86-64) architecture=amd64 triplet=x86_64-linux-gnu ;;
    AArch64) architecture=arm64 triplet=aarch64-linux-gnu ;;
    *) echo "$program is of an architecture that image_root.sh does not know" >&2; exit 1 ;;
esac

# merged <path>: the path without the links /lib and /lib64.
merged() { echo "$(readlink -f "$(dirname "$1")")/$(basename "$1")"; }

# put <path>: copies the file to the same path, with links resolved.
put() { install -D -m "$(stat -L -c %a "$1")" "$1" "$root$(merged "$1")"; }

# owner <path>: the package that contains the file, as NAME:ARCHITECTURE if installed for several. Some packages list files by
# their paths from before /lib became a link.
owner() {
    file=$(readlink -f "$1")
    found=$(dpkg-query --search "$file" 2>/dev/null || dpkg-query --search "${file#/usr}")
    found=${found%%: /*}
    case $found in
        *", "*) echo "${found%%:*}:$architecture" ;; # installed for both architectures
        *) echo "$found" ;;
    esac
}

# linked <file>: adds the libraries that the file names, and recursively theirs, each only once.
libraries=""
linked() {
    for name in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        case " $libraries " in *"/$name "*) continue ;; esac
        path=/usr/lib/$triplet/$name
        [ -e "$path" ] || path=/lib/$triplet/$name
        [ -e "$path" ] || path=$interpreter
        [ "$(basename "$path")" = "$name" ] || { echo "$1 needs $name, which is in no package here" >&2; exit 1; }
        libraries="$libraries $path"
        linked "$path"
    done
}
interpreter=$(readelf -l "$root$program" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
libraries=" $interpreter"
linked "$root$program"

for link in /lib /lib64; do
    case $link$interpreter in
        /lib/* | /lib64/lib64/*) [ ! -L "$link" ] || cp -P "$link" "$root$link" ;;
    esac
done
for library in $libraries; do
    put "$library"
    package=$(owner "$library")
    packages="$packages $package"
done

# Compiled into the program, but without a file in the image: header-only libraries, and a static one.
for header in boost/version.hpp prometheus/registry.h rapidjson/rapidjson.h tl/expected.hpp; do
    package=$(owner "/usr/include/$header")
    packages="$packages $package"
done

put /etc/ssl/certs/ca-certificates.crt
# OpenSSL looks for this file by default, next to its directory of hashes. Debian does not provide it.
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

echo 'root:x:0:0:root:/:/nonexistent
nonroot:x:65532:65532:nonroot:/:/nonexistent' >"$root/etc/passwd"
echo 'root:x:0:
nonroot:x:65532:' >"$root/etc/group"
# Without this file the C library asks DNS before /etc/hosts.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

put /etc/debian_version
put /usr/lib/os-release
ln -s ../usr/lib/os-release "$root/etc/os-release"
mkdir -p "$root/var/lib/dpkg/status.d"
# shellcheck disable=SC2086 # a list of words
for package in $(printf '%s\n' $packages | sort -u); do
    name=${package%%:*}
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$name"
    # base-files can be installed for one architecture only; its files here are the same in all.
    sed -i "s/^Architecture: $(dpkg --print-architecture)\$/Architecture: $architecture/" "$root/var/lib/dpkg/status.d/$name"
    put "/usr/share/doc/$name/copyright"
done

find "$root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
