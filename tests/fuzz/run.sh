#!/bin/sh
# run.sh <build directory> <seconds>: runs every fuzzer for that long on its seed corpus, two at a time; new inputs stay in the build
# directory. A finding fails the run and leaves its input there. For hours of fuzzing: tests/fuzz/run.sh build/fuzz 3600
set -eu
build=$1
seconds=$2
here=$(dirname "$0")

# fuzz_one <fuzzer> <build directory> <seconds> <tests/fuzz>
fuzz_one='
    fuzzer=$1 build=$2 seconds=$3 here=$4
    name=${fuzzer##*/fuzz_}
    found=$build/corpus/$name
    mkdir -p "$found" "$here/corpus/$name"
    if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$build/$name-" "$found" "$here/corpus/$name" >"$found.log" 2>&1; then
        echo "fuzz_$name: $(sed -n "s/^stat::number_of_executed_units: *//p" "$found.log") executions, nothing found"
    else
        tail -n 60 "$found.log"
        exit 255 # makes xargs stop at once
    fi'

find "$build/tests/fuzz" -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | sort |
    xargs -P 2 -I '{}' sh -c "$fuzz_one" fuzz_one '{}' "$build" "$seconds" "$here"
