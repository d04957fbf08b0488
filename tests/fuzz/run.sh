#!/bin/sh
# run.sh <build directory> <seconds>: runs every fuzzer for so long on its seed corpus; new inputs stay in the build
# directory. A finding stops the run and leaves its input there. For hours: tests/fuzz/run.sh build/fuzz 3600
set -eu
build=$1
seconds=$2
here=$(dirname "$0")
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
    [ -f "$fuzzer" ] && [ -x "$fuzzer" ] || continue
    name=${fuzzer##*/fuzz_}
    found="$build/corpus/$name"
    mkdir -p "$found" "$here/corpus/$name"
    echo "fuzz_$name"
    "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$build/$name-" "$found" "$here/corpus/$name" >"$found.log" 2>&1 || {
        tail -n 40 "$found.log"
        exit 1
    }
    grep -E 'number_of_executed_units' "$found.log"
done
