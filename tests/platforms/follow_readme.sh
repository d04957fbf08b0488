#!/bin/sh
# Follows README to the letter in a bare Debian 13, from nothing to an alert that fires in a local Prometheus:
#
#   sudo sh tests/platforms/follow_readme.sh
#
# Run by hand, not part of tests/run.sh or .ci/run: it needs root, Debian's mirror, a few minutes, and the ports of
# README on this machine.
#
# 1. Installs a minimal Debian with debootstrap: no git, no compiler, no curl. Each run uses a fresh copy, in build/platforms/readme.
# 2. Runs each shell block of README, in order, each in the folder where the previous one ended. The first line of a block says how
#    (tests/docs/test_readme.py): run, serves URL, or elsewhere with a reason. Only REPOSITORY is replaced, by a clone of HEAD.
# 3. Checks README's promises: the sample's lines at /metrics, the finding on the status page, and the alert within a minute.
#
# Prints the seconds since the start at each block. SECONDS_AT_MOST (10800) limits the whole run. FROM=02 continues with block 02 in
# the system left behind by a run that was interrupted there.
set -eu
cd "$(dirname "$0")/../.."

suite=trixie
root=$PWD/build/platforms/readme
bare=$PWD/build/platforms/bare-$suite
source=/root
. ./tests/platforms/chroot.sh
install_packages curl jq python3

# answers <url>
answers() { curl --silent --fail --noproxy '*' --output /dev/null --max-time 5 "$1"; }

# wait_for <seconds> <what> <command...>
wait_for() {
    until_when=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s)" -lt "$until_when" ] || fail "not in time: $what"
        sleep 0.2
    done
}

# ended_or_answers <pid> <url>
ended_or_answers() { ! kill -0 "$1" 2>/dev/null || answers "$2"; }

# firing <alert>
firing() {
    curl --silent --noproxy '*' --max-time 5 http://localhost:9091/api/v1/alerts |
        jq -e --arg name "$1" 'any(.data.alerts[]; .labels.alertname == $name and .state == "firing")' >/dev/null
}

served=""
finish() {
    for pid in $served; do
        kill -TERM "$pid" 2>/dev/null || true
    done
}
trap finish EXIT

place=$source
if [ "${FROM:-}" ]; then
    place=$(cat "$root/tmp/place")
else
    step "A bare Debian"
    base_system "$bare"
    rm -rf --one-file-system "$root"
    cp -a "$bare" "$root"
    if [ -e "$root/usr/bin/git" ] || [ -e "$root/usr/bin/cc" ]; then fail "it is not bare"; fi
    [ -z "$(git status --porcelain)" ] || echo "Note: what is not committed is not followed, but for README itself."
    git clone --quiet --bare --no-hardlinks --single-branch "$PWD" "$root/repository"
fi
rm -rf build/platforms/blocks build/platforms/metrics
python3 tests/docs/manual.py README.md build/platforms/blocks
while read -r number how what <&3; do
    [ "$number" -ge "${FROM:-0}" ] || continue
    commands=build/platforms/blocks/$number.sh
    sed -i 's|REPOSITORY|/repository|' "$commands"
    step "$number: $how $what"
    sed 's/^/$ /' "$commands"
    # Like a person's shell: stops at the first command that fails, and records the folder where it ended.
    { printf 'cd %s\nset -e\n' "$place"; cat "$commands"; printf 'pwd >/tmp/place\n'; } >"$root/tmp/block-$number"
    case $how in
        run)
            inside sh "/tmp/block-$number" || fail "block $number"
            place=$(cat "$root/tmp/place")
            ;;
        serves)
            ! answers "$what" || fail "something else answers at $what"
            inside sh "/tmp/block-$number" >"build/platforms/$number.log" 2>&1 &
            served="$served $!"
            wait_for "$seconds_at_most" "$what" ended_or_answers "$!" "$what"
            answers "$what" || { tail "build/platforms/$number.log"; fail "block $number"; }
            up=$(date +%s)
            # As a reader sees it at this moment: the simulated organization changes.
            [ -s build/platforms/metrics ] || curl --silent --noproxy '*' http://localhost:10077/metrics >build/platforms/metrics
            ;;
        elsewhere:)
            echo "Not here: it $what."
            ;;
        *) fail "what is \"$how\"?" ;;
    esac
    echo "block $number: $(($(date +%s) - started)) s since the start"
done 3<build/platforms/blocks/list

step "What README promises"
awk '/^<!-- sample:/ {on = 1; next} on && /^```/ {if (++fences == 2) exit; next} on' README.md >build/platforms/sample
[ "$(wc -l <build/platforms/sample)" -gt 4 ] || fail "no sample"
! grep -vxFf build/platforms/metrics build/platforms/sample || fail "these lines of the sample are not in the metrics"
curl --silent --fail --noproxy '*' http://localhost:10077/ | grep -qi leaked || fail "the status page has no finding"
wait_for 60 "DatadogAccessTokenLeaked" firing DatadogAccessTokenLeaked
echo "DatadogAccessTokenLeaked fires $(($(date +%s) - up)) s after Prometheus was ready, $(($(date +%s) - started)) s since the start"
