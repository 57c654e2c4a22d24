#!/bin/bash
# run.sh ASSAY [PART...]: installs the real libraries into virtual environments (kept in build/live)
# and compares what assay reads with what they read. Each part prints "N passed, N failed"; as many
# run side by side as there are processors, since most of them wait for servers.
set -u
assay=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kept=$top/build/live
mkdir -p "$kept"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset ASSAY_SOURCES ASSAY_CONFIG ASSAY_GRAPHICS MLFLOW_TRACKING_URI
export TZ=UTC LC_ALL=C.UTF-8
# Each server of MLflow 3 would start seven workers for jobs that nobody gives it.
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false

# A copy: a build in the meantime does not change what is being checked.
cp "$assay" "$work/assay" || exit 1
# The same with the tests' clock, where days have to pass.
cp "$(dirname "$assay")/tests/assay" "$work/assay-at" || exit 1

# environment NAME PACKAGE...: a virtual environment with these; made once.
environment() {
    local name=$1 python=$kept/$1/bin/python
    shift
    [ "$(cat "$kept/$name/ready" 2>/dev/null)" != "$*" ] || return 0
    rm -rf "${kept:?}/$name"
    python3 -m venv "$kept/$name" >&2 &&
        "$python" -m pip install -q --disable-pip-version-check --retries 5 "$@" >&2 &&
        echo "$*" >"$kept/$name/ready"
}
environment statistics scipy statsmodels pandas &
environment tensorboard tensorboard tensorboardX 'setuptools<81' &
environment mlflow3 'mlflow>=3,<4' psycopg2-binary Flask-WTF &
environment mlflow2 'mlflow>=2,<3' 'sqlalchemy<2.1' 'setuptools<81' &
environment storage 'moto[s3,server]==5.2.5' &
environment signing model-signing pyOpenSSL &
environment fronts paretoset &
wait

# part TITLE ENVIRONMENT SCRIPT [WORD]: one script with places of its own; its log stays in $work.
part() {
    local title=$1 python=$kept/$2/bin/python script=$3 word=${4-} began=$SECONDS
    mkdir -p "$work/$title/tmp"
    if [ ! -e "$kept/$2/ready" ]; then
        echo "its libraries could not be installed" >"$work/$title.log"
        return
    fi
    # What plays a store is installed apart; MLflow itself comes first where both have a library.
    if [ "$2" = storage ]; then
        PYTHONPATH=$(echo "$kept"/mlflow3/lib/python3*/site-packages)
        export PYTHONPATH
    fi
    ASSAY_STORE=$work/$title/store.db ASSAY_CACHE=$work/$title/cache.db \
        timeout 1200 "$python" "$here/$script" "$work/assay" ${word:+"$word"} >"$work/$title.log" 2>&1
    echo $((SECONDS - began)) >"$work/$title.seconds"
}

# The longest first.
parts=(
    "servers-3 mlflow3 mlflow_servers.py"
    "shaken-3 mlflow3 mlflow_servers.py shaken"
    "servers-2 mlflow2 mlflow_servers.py"
    "storage-3 storage mlflow_servers.py storage"
    "approvals-3 mlflow3 approvals.py"
    "approvals-2 mlflow2 approvals.py"
    "mlflow-3 mlflow3 mlflow_disk.py"
    "mlflow-2 mlflow2 mlflow_disk.py"
    "tensorboard tensorboard tensorboard.py"
    "queries-3 mlflow3 queries.py"
    "queries-2 mlflow2 queries.py"
    "backends-3 mlflow3 queries_backends.py"
    "statistics statistics statistics.py"
    "compare statistics compare.py"
    "fronts fronts fronts.py"
    "signatures signing model_signatures.py"
)
chosen=()
for line in "${parts[@]}"; do
    [ $# = 0 ] || [[ " $* " == *" ${line%% *} "* ]] || continue
    chosen+=("$line")
done
running=0
for line in "${chosen[@]}"; do
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n
        running=$((running - 1))
    fi
    read -r title libraries script word <<<"$line"
    part "$title" "$libraries" "$script" "$word" &
    running=$((running + 1))
done
wait

passed=0 failed=0
for line in "${chosen[@]}"; do
    title=${line%% *}
    log=$work/$title.log
    said=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    echo "live $title: ${said:-it ended early}, $(cat "$work/$title.seconds" 2>/dev/null || echo 0) s"
    if [[ ! $said =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        failed=$((failed + 1))
        tail -n 40 "$log"
        continue
    fi
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    # The checks that failed can stand thousands of lines before the log's end.
    [ "${BASH_REMATCH[2]}" = 0 ] || grep -a '^FAILED' "$log" | cut -c -2000 | head -n 40
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
