#!/bin/bash
# screenshots.sh ASSAY DIRECTORY: pictures of the workbench in a real xterm with sixel, on runs that
# `assay demo` trains for the purpose. Needs xterm, xvfb, xdotool, imagemagick.
set -eu
assay=$(realpath "$1") out=$2
mkdir -p "$out"
out=$(realpath "$out")
work=$(mktemp -d)
terminal='' server=''
finish() {
    [ -z "$terminal" ] || kill "$terminal" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
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
