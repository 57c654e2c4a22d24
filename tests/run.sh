#!/bin/bash
# run.sh BUILD_DIR [PATTERN]: runs every test program, or those whose path holds one of PATTERN's
# lines, in a home of its own, two to a processor (half of their time they wait), and prints what
# failed and one closing line. Exit status 1 if anything failed, or if a test left a process.
set -u
build=$1 pattern=${2-}
work=$(mktemp -d) || exit 1
# shellcheck source=tests/side_by_side.sh
. tests/side_by_side.sh
export TZ=UTC LC_ALL=C.UTF-8 TERM=xterm-256color
unset ASSAY_SOURCES ASSAY_CONFIG ASSAY_STORE ASSAY_CACHE ASSAY_GRAPHICS NO_COLOR MLFLOW_TRACKING_URI \
    TMUX STY DISPLAY COLUMNS LINES ASSAY_NOW_MS

one() {
    local program=$1 name home
    name=${program##*/tests/}
    home=$work/${name//\//_}
    mkdir -p "$home/tmp"
    HOME=$home XDG_DATA_HOME=$home/data XDG_CACHE_HOME=$home/cache XDG_CONFIG_HOME=$home/config \
        TMPDIR=$home/tmp ASSAY_PROGRAM=$PWD/$build/tests/assay \
        ASSAY_INSTALLED=$PWD/$build/assay \
        timeout -k 10 900 "$program" >"$home/out" 2>&1 </dev/null
    echo $? >"$home/status"
}
export -f one
export work build
each_of "$(($(nproc) * 2))" one < <(find "$build/tests" -type f -executable -name 'test_*' |
    grep -F -- "$pattern" | sort)

# What still runs with a home of ours was left behind; what is just ending gets its moment.
for _ in $(seq 100); do
    [ -n "$(left_behind)" ] || break
    sleep 0.1
done

passed=0 failed=0 skipped=0
for pid in $(left_behind); do
    name=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n "s,^TMPDIR=$work/\\([^/]*\\).*,\\1,p")
    echo "---- $name left a process: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    kill -9 "$pid"
    failed=$((failed + 1))
done
for home in "$work"/*/; do
    [ -f "$home/status" ] || continue
    ok=$(grep -c '^\[       OK \]' "$home/out")
    bad=$(grep '^\[  FAILED  \] [A-Za-z0-9_]*$' "$home/out" | sort -u | wc -l)
    skip=$(grep '^\[  SKIPPED \] [A-Za-z0-9_]*$' "$home/out" | sort -u | wc -l)
    status=$(cat "$home/status")
    if [ "$status" != 0 ] || [ "$bad" != 0 ]; then
        echo "---- $(basename "$home"): exit status $status$([ "$status" != 124 ] || echo ', it did not end')"
        grep -vE "^    #|^$|ndirect leak" "$home/out" | tail -n 60
        [ "$bad" -gt 0 ] || bad=1
    fi
    [ "$skip" = 0 ] || grep '^\[  SKIPPED \] [A-Za-z0-9_]*$' "$home/out" | sort -u
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
