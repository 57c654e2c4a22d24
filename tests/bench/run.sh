#!/bin/bash
# run.sh BUILD: the benchmarks that need no data of their own; each prints medians and what they are
# measured against.
set -u
for program in "$1"/tests/bench/bench_*; do
    [ -x "$program" ] || continue
    case $program in *.d | *.o | *bench_tensorboard) continue ;; esac
    echo "== ${program##*/}"
    "$program" || exit 1
done
