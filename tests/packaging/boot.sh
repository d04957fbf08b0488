#!/bin/sh
# boot.sh <root> <folder>: boots the Debian in <root> with its own systemd as first process, in its own namespaces: processes, mounts,
# network (loopback only), control groups. Changes are kept in memory and lost at the end; <folder> is the mount point. The system
# stops when this process ends.
set -eu
root=$1
folder=$2
groups=/sys/fs/cgroup
[ ! -d "$groups/unified" ] || groups=$groups/unified
mkdir "$groups/exporter-boot-$$"
echo $$ >"$groups/exporter-boot-$$/cgroup.procs"
# shellcheck disable=SC2016 # the inner shell's own variables
exec unshare --mount --pid --fork --kill-child --cgroup --net --uts --ipc sh -c '
    set -eu
    mount --make-rprivate /
    mkdir -p "$2/memory" "$2/root"
    mount -t tmpfs tmpfs "$2/memory"
    mkdir "$2/memory/upper" "$2/memory/work"
    mount -t overlay -o "lowerdir=$1,upperdir=$2/memory/upper,workdir=$2/memory/work" overlay "$2/root"
    cd "$2/root"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm
    for device in null zero full random urandom tty; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
    mount -t tmpfs tmpfs dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ip link set lo up
    mkdir run/old
    pivot_root . run/old
    # systemd passes credentials to services through mounts, which needs a root with shared propagation.
    exec env -i container=chroot PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c \
        "umount -l /run/old && mount --make-rshared / && exec /lib/systemd/systemd --show-status=0 systemd.unit=multi-user.target" </dev/null
' sh "$root" "$folder"
