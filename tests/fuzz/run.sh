#!/bin/bash
# run.sh BUILD SECONDS: each fuzzer over its corpus for so long, as many at a time as there are
# processors; what it finds is printed and kept in build/fuzz/findings. Exit status 1 if anything was found.
set -u
build=$1 seconds=$2
found=$build/findings
mkdir -p "$found"

one() { # one FUZZER
    local fuzzer=$1 name=${1##*/fuzz_} grown corpus=()
    grown=$(mktemp -d)
    [ ! -d "tests/fuzz/corpus/$name" ] || corpus=("tests/fuzz/corpus/$name")
    ASAN_OPTIONS=allocator_may_return_null=1 "$fuzzer" -max_total_time="$seconds" -timeout=30 \
        -rss_limit_mb=2048 -artifact_prefix="$found/$name-" -print_final_stats=1 \
        "$grown" ${corpus[@]+"${corpus[@]}"} >"$found/$name.log" 2>&1
    echo $? >"$found/$name.status"
    rm -rf "$grown"
}
export -f one
export seconds found
fuzzers=()
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
    case $fuzzer in *.d | *.o) continue ;; esac
    [ ! -x "$fuzzer" ] || fuzzers+=("$fuzzer")
done
rm -f "$found"/*.status
printf '%s\n' "${fuzzers[@]}" | xargs -r -P "$(nproc)" -I{} bash -c 'one {}'

passed=0 failed=0
for fuzzer in "${fuzzers[@]}"; do
    name=${fuzzer##*/fuzz_}
    if [ "$(cat "$found/$name.status" 2>/dev/null)" = 0 ]; then
        passed=$((passed + 1))
        echo "fuzz $name: $(grep -o 'number_of_executed_units: .*' "$found/$name.log" | tr -s ' ')"
    else
        failed=$((failed + 1))
        tail -n 40 "$found/$name.log"
        echo "fuzz $name: FAILED"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
