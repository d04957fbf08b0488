#!/bin/sh
# Completes the root file system of an image around the program that is installed in it: the libraries it links, CA roots, a user
# without rights, and what a scanner needs to tell the packages' versions. Runs in the Dockerfile, on Debian.
#
#   image_root.sh <root> <program's path within it>      SOURCE_DATE_EPOCH: the time of every file
set -eu
root=$1
program=$2
packages="ca-certificates base-files"

# merged <path>: without the links /lib and /lib64.
merged() { echo "$(readlink -f "$(dirname "$1")")/$(basename "$1")"; }

# put <path>: the file under the same name, links resolved.
put() { install -D -m "$(stat -L -c %a "$1")" "$1" "$root$(merged "$1")"; }

# owner <path>: the package that brought the file; some are known by their path before /lib became a link.
owner() {
    file=$(readlink -f "$1")
    found=$(dpkg-query --search "$file" 2>/dev/null || dpkg-query --search "${file#/usr}")
    echo "${found%%:*}"
}

for link in /lib /lib64; do
    [ ! -L "$link" ] || cp -P "$link" "$root$link"
done
for library in $(ldd "$root$program" | grep -o '/[^ ]*'); do
    put "$library"
    package=$(owner "$library")
    packages="$packages $package"
done

# No file of these is in the image, but their code is: headers, and one static library.
for header in boost/version.hpp prometheus/registry.h rapidjson/rapidjson.h tl/expected.hpp; do
    package=$(owner "/usr/include/$header")
    packages="$packages $package"
done

put /etc/ssl/certs/ca-certificates.crt
# OpenSSL's default is one file beside its directory of hashes, which Debian leaves out.
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

echo 'root:x:0:0:root:/:/nonexistent
nonroot:x:65532:65532:nonroot:/:/nonexistent' >"$root/etc/passwd"
echo 'root:x:0:
nonroot:x:65532:' >"$root/etc/group"
# Without it the C library asks DNS before /etc/hosts.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

put /etc/debian_version
put /usr/lib/os-release
ln -s ../usr/lib/os-release "$root/etc/os-release"
mkdir -p "$root/var/lib/dpkg/status.d"
# shellcheck disable=SC2086 # a list of words
for package in $(printf '%s\n' $packages | sort -u); do
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
    put "/usr/share/doc/$package/copyright"
done

find "$root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
