#!/bin/bash
# run.sh ASSAY: installs the real libraries into virtual environments (kept in build/live) and
# compares what assay reads with what they read. Each comparison prints "N passed, N failed".
set -u
assay=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kept=$top/build/live
mkdir -p "$kept"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset ASSAY_SOURCES ASSAY_CONFIG ASSAY_GRAPHICS MLFLOW_TRACKING_URI
export ASSAY_STORE=$work/store.db ASSAY_CACHE=$work/cache.db TZ=UTC LC_ALL=C.UTF-8

# environment NAME PACKAGE...: the Python of a virtual environment with these; made once.
environment() {
    local name=$1 python=$kept/$1/bin/python
    shift
    if [ "$(cat "$kept/$name/ready" 2>/dev/null)" != "$*" ]; then
        rm -rf "${kept:?}/$name"
        python3 -m venv "$kept/$name" >&2 &&
            "$python" -m pip install -q --disable-pip-version-check "$@" >&2 &&
            echo "$*" >"$kept/$name/ready"
    fi
    [ -e "$kept/$name/ready" ] && echo "$python"
}

passed=0 failed=0
compare() { # compare TITLE PYTHON SCRIPT
    local title=$1 python=$2 script=$3 line
    mkdir -p "$work/$title"
    if [ -z "$python" ]; then
        echo "live $title: its libraries could not be installed"
        failed=$((failed + 1))
        return
    fi
    ASSAY_CACHE=$work/$title/cache.db timeout 900 "$python" "$here/$script" "$assay" \
        >"$work/$title.log" 2>&1
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/$title.log" | tail -n 1)
    echo "live $title: ${line:-it ended early}"
    if [ -z "$line" ]; then
        failed=$((failed + 1))
        tail -n 40 "$work/$title.log"
        return
    fi
    passed=$((passed + ${line%% *}))
    line=${line#* passed, }
    line=${line%% *}
    failed=$((failed + line))
    [ "$line" = 0 ] || tail -n 40 "$work/$title.log"
}

compare statistics "$(environment statistics scipy statsmodels pandas)" statistics.py
compare compare "$(environment statistics scipy statsmodels pandas)" compare.py
compare tensorboard "$(environment tensorboard tensorboard tensorboardX 'setuptools<81')" tensorboard.py
mlflow3=$(environment mlflow3 'mlflow>=3,<4' psycopg2-binary Flask-WTF)
mlflow2=$(environment mlflow2 'mlflow>=2,<3' 'sqlalchemy<2.1' 'setuptools<81')
compare mlflow-3 "$mlflow3" mlflow_disk.py
compare mlflow-2 "$mlflow2" mlflow_disk.py
compare servers-3 "$mlflow3" mlflow_servers.py
compare servers-2 "$mlflow2" mlflow_servers.py
compare approvals-3 "$mlflow3" approvals.py
compare approvals-2 "$mlflow2" approvals.py
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
