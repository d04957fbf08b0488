#!/bin/sh
# Installs the Debian package in a bare Debian with a booted systemd, runs it, upgrades it and purges it:
#
#   sudo sh tests/packaging/install_and_run.sh SUITE      SUITE: bookworm or trixie
#
# Run by hand, not part of tests/run.sh or .ci/run: it needs root and Debian's mirror, and compiles the program.
#
# 1. Installs with debootstrap a Debian to build in, build/platforms/SUITE, and a bare one without a compiler, build/platforms/SUITE-bare.
# 2. Clones HEAD and builds two packages from it: this version, and the same with a higher revision.
# 3. Boots the bare one with only a loopback network; the package's dependencies were downloaded before.
# 4. Runs `apt install` and `systemctl enable --now` with the simulated organization, and measures the time to first metrics.
# 5. Checks the service: its user, its state, its keys, a list while it runs, a reload if the program supports one, a restart.
# 6. Upgrades: the service restarts and keeps its configuration.
# 7. Removes and purges: nothing is left.
#
# JOBS, CCACHE_DIR and SECONDS_AT_MOST as in tests/platforms/run.sh. PACKAGES=FOLDER: two existing packages, *_1.deb (older) and
# *_2.deb (newer), instead of step 2.
set -eu
suite=${1:?"usage: sh tests/packaging/install_and_run.sh bookworm|trixie"}
case $suite in
    bookworm | trixie) ;;
    *) echo "$suite: not bookworm or trixie" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/../.."
root=$PWD/build/platforms/$suite
. ./tests/platforms/chroot.sh
install_packages curl
work=$PWD/build/packaging/$suite
mkdir -p "$work"

booted=""
finish() {
    [ "$booted" ] || return 0
    kill -KILL "$booted" 2>/dev/null || true
    wait "$booted" 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/exporter-boot-$booted*" -exec rmdir {} + 2>/dev/null || true
}
trap finish EXIT

if [ -z "${PACKAGES:-}" ]; then
    step "A Debian to build in"
    base_system "$root"
    up_to_date
    clone_head
    # shellcheck disable=SC2016 # the inner shell's own variables
    inside sh -c '. ./exporter/packages.sh && install_packages $build_packages $package_packages' >"$root.log" 2>&1 ||
        { tail "$root.log"; fail "the packages"; }
    step "Two packages"
    PACKAGES=$work/packages
    rm -rf "$PACKAGES"
    mkdir "$PACKAGES"
    inside cmake --preset release -DEXPORTER_TESTS=OFF -DEXPORTER_UNITY=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF >"$root.log" || { tail "$root.log"; fail "cmake"; }
    inside cmake --build --preset release
    for revision in 1 2; do
        # shellcheck disable=SC2016
        inside sh -c 'cmake --preset release "-DEXPORTER_PACKAGE_RELEASE=$1" && cd build/release && rm -f *.deb && cpack -G DEB' sh \
            "$revision~$suite" >"$root.log" 2>&1 || { tail "$root.log"; fail "cpack"; }
        cp "$root$source"/build/release/*.deb "$PACKAGES/datadog-token-exporter_$revision.deb"
    done
fi
for revision in 1 2; do
    dpkg-deb --show --showformat='${Package} ${Version} ${Architecture}\n' "$PACKAGES"/*_"$revision".deb
done
dpkg-deb --field "$PACKAGES"/*_1.deb Depends

step "A bare Debian"
root=$PWD/build/platforms/$suite-bare
source=/root
base_system "$root"
up_to_date
rm -f "$root/usr/sbin/policy-rc.d" # Services must start there.
inside apt-get install -y -qq --no-install-recommends dbus systemd-sysv >"$root.log" 2>&1 || { tail "$root.log"; fail "systemd"; }
[ -z "$(find "$root/usr/bin" -name 'g++*' -o -name 'cc1*')" ] || fail "there is a compiler"
cp "$PACKAGES"/*_1.deb "$PACKAGES"/*_2.deb "$root/root/"
before=$(date +%s%N)
# shellcheck disable=SC2016
inside sh -c 'apt-get install -y -qq --no-install-recommends --download-only /root/*_1.deb' >"$root.log" 2>&1 || { tail "$root.log"; fail "the download"; }
echo "$((($(date +%s%N) - before) / 1000000)) ms to download $(du -ch "$root"/var/cache/apt/archives/*.deb | tail -n 1 | cut -f 1)"

step "Boot"
setsid sh tests/packaging/boot.sh "$root" "$work/boot" >"$work/boot.log" 2>&1 &
booted=$!
# wait_for <what> <command...>: waits until it succeeds, 60 s at most.
wait_for() {
    what=$1
    shift
    tries=0
    until "$@" >"$work/said" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || { cat "$work/said" "$work/boot.log"; fail "not within 60 s: $what"; }
        sleep 0.1
    done
}
first_process() { pid=$(cat "/proc/$booted/task/$booted/children") && [ "$(cat "/proc/${pid% }/comm")" = systemd ]; }
wait_for "systemd" first_process
pid=${pid% }
there() {
    nsenter --target "$pid" --mount --pid --net --uts --ipc --cgroup \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
is_up() { there systemctl is-system-running | grep -E '^(running|degraded)$'; }
wait_for "a running system" is_up
there systemctl is-system-running || there systemctl --failed --no-pager --no-legend
there systemctl --version | head -n 1

scrape() { nsenter --net --target "$pid" curl --silent --fail --max-time 10 "http://127.0.0.1:10077$1"; }
has_metrics() { scrape /metrics | grep '^datadog_access_token_poll_success{org="demo"} 1$'; }
service=datadog-token-exporter.service
sockets=datadog-token-exporter.socket
property() { there systemctl show --property="$1" --value "$service"; }

step "From apt install to first metrics"
before=$(date +%s%N)
there sh -c 'apt-get install -y -qq --no-install-recommends /root/*_1.deb' >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "apt install"; }
installed=$(date +%s%N)
for unit in "$service" "$sockets"; do
    ! there systemctl is-active --quiet "$unit" || fail "$unit was started"
    ! there systemctl is-enabled --quiet "$unit" || fail "$unit was enabled"
done
there sed -i 's/^#\(DATADOG_TOKEN_EXPORTER_DEMO=\)/\1/' /etc/default/datadog-token-exporter
enabled=$(date +%s%N)
there systemctl enable --now --quiet "$sockets" "$service"
wait_for "the first metrics" has_metrics
cat "$work/said"
now=$(date +%s%N)
echo "apt install $(((installed - before) / 1000000)) ms, enable to metrics $(((now - enabled) / 1000000)) ms," \
    "in all $(((now - before) / 1000000)) ms"

step "The service"
# Compared by number: without libnss-systemd, dynamic users have no name.
user=$(there stat --format=%u "/proc/$(property MainPID)")
echo "user $user, $(property ActiveState), memory limit $(property MemoryMax)"
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "its user is $user, no dynamic one"
there datadog-token-exporter-run --list=leaked | tee "$work/leaked"
grep -q '^leaked ' "$work/leaked" || fail "no list"
there datadog-token-exporter-run --config.check
there systemctl restart "$service"
has_state() { there test -s /var/lib/private/datadog-token-exporter/state; }
wait_for "the state file" has_state
wait_for "metrics after a restart" has_metrics
if scrape /metrics | grep -q '_config_last_reload_successful{file="config"}'; then
    main=$(property MainPID)
    there sh -c 'echo "poll: {interval: 7m}" >>/etc/datadog-token-exporter/config.yaml'
    there systemctl reload "$service"
    has_interval() { scrape /config | grep -E 'interval: 7m'; }
    wait_for "the reload" has_interval
    [ "$(property MainPID)" = "$main" ] || fail "a reload is a restart"
    echo "reloaded"
else
    echo "Note: this program knows no reload; not tried."
fi

step "The keys"
# Without keys the configuration is invalid, and the log says which one is missing.
there sh -c 'cp /etc/default/datadog-token-exporter /root/settings; : >/etc/default/datadog-token-exporter'
there systemctl restart "$service" || true
is_failed() { there systemctl is-failed --quiet "$service"; }
wait_for "a refusal" is_failed
there journalctl --no-pager --output=cat --unit="$service" | grep -m 1 'api-key: is empty' || fail "the log does not say what is missing"
there sh -c 'umask 377; cd /etc/datadog-token-exporter; echo 01234567012345670123456701234567 >api-key;
    echo 0123456789abcdef0123456789abcdef01234567 >app-key'
there systemctl reset-failed "$service" "$sockets"
there systemctl start "$sockets" "$service"
# The service has keys but no network.
is_polling() { scrape /metrics | grep -E '^datadog_access_token_poll_failures_total\{org="default",reason="dns"\} [1-9]'; }
wait_for "a poll that uses the keys" is_polling
cat "$work/said"
there cp /root/settings /etc/default/datadog-token-exporter
there systemctl restart "$service"
wait_for "metrics again" has_metrics

step "Upgrade"
main=$(property MainPID)
there sh -c 'apt-get install -y -qq --no-install-recommends /root/*_2.deb' >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "the upgrade"; }
there dpkg-query --show datadog-token-exporter
wait_for "metrics after the upgrade" has_metrics
[ "$(property MainPID)" != "$main" ] || fail "the old program still runs"
there grep -q '^DATADOG_TOKEN_EXPORTER_DEMO=true' /etc/default/datadog-token-exporter || fail "the settings are lost"
echo "restarted, settings kept"

step "Remove, install again"
there apt-get remove -y -qq datadog-token-exporter >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "the removal"; }
! scrape /metrics >/dev/null || fail "it still answers"
there test -e /etc/datadog-token-exporter/api-key || fail "the keys are lost"
there sh -c 'apt-get install -y -qq --no-install-recommends /root/*_2.deb' >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "apt install"; }
there systemctl is-enabled "$service"
there systemctl start "$sockets" "$service"
wait_for "metrics after installing again" has_metrics

step "Purge"
there apt-get purge -y -qq datadog-token-exporter >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "the purge"; }
! scrape /metrics >/dev/null || fail "it still answers"
! there dpkg-query --listfiles datadog-token-exporter >/dev/null 2>&1 || fail "dpkg knows its files"
there find / -xdev \( -path /proc -o -path /sys -o -path /var/cache/apt -o -path /var/log \) -prune -o \
    \( -name '*datadog*' -o -lname '*datadog*' \) ! -path '/root/*' -print >"$work/left"
cat "$work/left"
[ ! -s "$work/left" ] || fail "that is left"
[ -z "$(there systemctl list-units --all --no-legend 'datadog*')" ] || fail "systemd knows its units"
[ -z "$(there systemctl list-unit-files --no-legend 'datadog*')" ] || fail "systemd knows its units"
echo "nothing is left"
