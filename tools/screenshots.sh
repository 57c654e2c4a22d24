#!/bin/bash
# screenshots.sh ASSAY DIRECTORY: pictures of the workbench in a real xterm with sixel, on runs that
# `assay demo` trains for the purpose. Needs xterm, xvfb, xdotool, imagemagick, ssh-agent.
set -eu
assay=$(realpath "$1") out=$2
mkdir -p "$out"
out=$(realpath "$out")
work=$(mktemp -d)
terminal='' server='' agent=''
finish() {
    [ -z "$terminal" ] || kill "$terminal" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache XDG_CONFIG_HOME=$work/config
export LC_ALL=C.UTF-8 TZ=UTC
unset ASSAY_SOURCES ASSAY_STORE ASSAY_CACHE ASSAY_CONFIG NO_COLOR MLFLOW_TRACKING_URI TMUX STY
mkdir -p "$work/empty"
cd "$work/empty"
"$assay" demo </dev/null >/dev/null

exec 9>"$work/display"
Xvfb -displayfd 9 -screen 0 2600x1700x24 -nolisten tcp >/dev/null 2>&1 &
server=$!
until [ -s "$work/display" ]; do sleep 0.05; done
DISPLAY=:$(cat "$work/display")
export DISPLAY

# still: two looks in a row that are the same.
still() {
    local before='' now=''
    for _ in $(seq 100); do
        now=$(import -window root -crop "$2" +repage rgb:- | sha256sum)
        [ "$now" != "$before" ] || break
        before=$now
        sleep 0.15
    done
    import -window root -crop "$2" +repage "$out/$1.png"
}

# picture NAME GEOMETRY KEY...
picture() {
    local name=$1 geometry=$2 window=''
    shift 2
    xterm -ti vt340 -xrm 'XTerm*maxGraphicSize: 4096x4096' -tn xterm-256color \
        -fa DejaVuSansMono -fs 11 -bg '#101418' -fg '#d0d4d8' -geometry "$geometry+0+0" \
        -e "$assay" &
    terminal=$!
    for _ in $(seq 200); do
        window=$(xdotool search --onlyvisible --class xterm 2>/dev/null | tail -n 1) &&
            [ -n "$window" ] && break
        sleep 0.05
    done
    eval "$(xdotool getwindowgeometry --shell "$window" | grep -E '^(WIDTH|HEIGHT)=')"
    xdotool mousemove 40 40
    # shellcheck disable=SC2153 # set by the eval above
    still "$name" "${WIDTH}x$HEIGHT+0+0"
    for key in "$@"; do
        xdotool key --delay 30 "$key"
        still "$name" "${WIDTH}x$HEIGHT+0+0"
    done
    kill "$terminal"
    wait "$terminal" 2>/dev/null || true
    terminal=''
}

picture home 120x34 j space j j space j space
picture run 120x34 j j j j Return
picture chart 120x34 j space j j space j space p
picture help 120x34 question
picture small 80x24 j j j

# ---- approvals: four persons with keys, a champion, and requests that wait ----

ssh-agent -D -a "$work/agent" >/dev/null &
agent=$!
until [ -S "$work/agent" ]; do sleep 0.05; done
export SSH_AUTH_SOCK=$work/agent
for person in owner dev ops qa; do
    ssh-keygen -q -t ed25519 -N '' -C "$person" -f "$work/$person"
    ssh-add -q "$work/$person"
done
as() { # as PERSON COMMAND [ARGUMENT...]
    local command=$2 key=$work/$1.pub
    shift 2
    "$assay" "$command" --sign-with "$key" "$@" 2>/dev/null
}
as owner keys add owner --name 'Ledger Owner' --key "$work/owner.pub" --begin
as owner keys add dev --name 'Engineer' --key "$work/dev.pub" --role engineer --account "$(id -un)"
as owner keys add ops --name 'Approver' --key "$work/ops.pub" --role approver
as owner keys add qa --name 'Validator' --key "$work/qa.pub" --role validator
cat >"$work/prod.ini" <<'POLICY'
[policy]
name = prod
tier = production
targets = alias:champion
expires = 20h
[clause validator]
count = 1
[clause approver]
count = 1
[gate accuracy no worse]
kind = non-inferior
metric = val/accuracy
better = greater
margin = 0.005
[gate loss]
kind = threshold
metric = val/loss
at-most = 0.2
[gate files]
kind = artifact-digest
[gate card]
kind = model-card
POLICY
printf '[policy]\nname = staging\ntier = staging\ntargets = alias:canary\n[clause approver]\ncount = 1\n' \
    >"$work/staging.ini"
as owner policy set "$work/prod.ini"
as owner policy set "$work/staging.ini"
# Two seeds more of each, so that there are pairs enough for an interval: their values were not
# trained but written here, and the README says so below the picture.
extra() { # extra NAME LR SEED ACCURACY LOSS
    "$assay" log -e spirals -n "$1-seed$3" -p "lr=$2" -p "seed=$3" -p hidden=24x24 \
        -m "val/accuracy=$4" -m "val/loss=$5" --finish finished
}
extra lr0.01 0.01 5 0.984 0.101 >/dev/null
extra lr0.01 0.01 6 0.981 0.109 >/dev/null
extra lr0.1 0.1 5 0.991 0.052 >/dev/null
extra lr0.1 0.1 6 0.990 0.055 >/dev/null
version() { # version NAME: registers the runs NAME-seed1 to 6
    mkdir "$work/$1"
    printf '%s' "$1" >"$work/$1/weights.bin"
    printf '# Spirals\n\n## Limits\n\nThree arms, two dimensions.\n' >"$work/$1/README.md"
    local runs=()
    for seed in 1 2 3 4 5 6; do
        runs+=(--run "$("$assay" runs -e spirals -f "name = '$1-seed$seed'" -c id --format csv | tail -n 1)")
    done
    as dev register --model spirals "${runs[@]}" "$work/$1" >/dev/null
}
digits() { "$assay" review "$1" | awk '/^digest/ { print substr($2, 59) }'; }
version lr0.01
version lr0.1
first=$(as dev request --model spirals --version 1 --target alias:champion -m 'the first champion')
as qa sign "$first" --approve -m 'looked at it' --digest "$(digits "$first")"
as ops sign "$first" --approve -m 'fine' --digest "$(digits "$first")"
as dev apply "$first"
printf 'slice,n,accuracy\ninner,100,0.99\nmiddle,100,0.992\nouter,100,0.989\n' >"$work/slices.csv"
printf 'Six seeds of each, one evaluation set, frozen in May.\n' >"$work/report.txt"
second=$(as dev request --model spirals --version 2 --target alias:champion \
    -m 'accuracy +0.8 pt over six seeds, half the loss; the slices are in slices.csv' \
    --evidence "$work/report.txt" --evidence "$work/slices.csv")
as qa sign "$second" --approve -m 'slices reviewed' --digest "$(digits "$second")"
as dev request --model spirals --version 2 --target alias:canary -m 'a day on the canary first' >/dev/null
ssh-add -q -d "$work/owner.pub" "$work/dev.pub" "$work/qa.pub"
picture queue 120x34 A
picture request 120x44 A Return
