#!/bin/bash
# run.sh BUILD SECONDS: each fuzzer over its corpus for so long; what it finds is printed and kept
# in build/fuzz/findings. Exit status 1 if anything was found.
set -u
build=$1 seconds=$2
found=$build/findings
mkdir -p "$found"
passed=0 failed=0
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
    [ -x "$fuzzer" ] || continue
    case $fuzzer in *.d | *.o) continue ;; esac
    name=${fuzzer##*/fuzz_}
    grown=$(mktemp -d)
    corpus=()
    [ ! -d "tests/fuzz/corpus/$name" ] || corpus=("tests/fuzz/corpus/$name")
    if ASAN_OPTIONS=allocator_may_return_null=1 "$fuzzer" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$found/$name-" -print_final_stats=1 \
        "$grown" ${corpus[@]+"${corpus[@]}"} >"$found/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "fuzz $name: $(grep -o 'number_of_executed_units: .*' "$found/$name.log" | tr -s ' ')"
    else
        failed=$((failed + 1))
        tail -n 40 "$found/$name.log"
        echo "fuzz $name: FAILED"
    fi
    rm -rf "$grown"
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
