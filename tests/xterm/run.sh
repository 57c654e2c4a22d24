#!/bin/bash
# run.sh ASSAY CHECK: the workbench in real xterms under Xvfb, each picture compared pixel for pixel
# with the chart it should be (check.c). Waits for conditions, never for a while. Leaves nothing
# behind. The last line counts.
set -u
assay=$(realpath "$1") check=$(realpath "$2")
for tool in xterm Xvfb xdotool import script; do
    command -v "$tool" >/dev/null || { echo "xterm: $tool is not installed: tools/deps.sh xterm"; exit 1; }
done
work=$(mktemp -d) || exit 1
terminal='' server='' passed=0 failed=0
end_scripts() { pkill -f -- "-O $work/log " 2>/dev/null; }
# shellcheck disable=SC2317 # called by the trap
finish() {
    end_scripts
    [ -z "$terminal" ] || kill "$terminal" 2>/dev/null
    [ -z "$server" ] || kill "$server" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
unset ASSAY_SOURCES ASSAY_CONFIG ASSAY_GRAPHICS NO_COLOR MLFLOW_TRACKING_URI TMUX STY COLUMNS LINES \
    COLORTERM XENVIRONMENT
export HOME=$work ASSAY_STORE=$work/store.db ASSAY_CACHE=$work/cache.db ASSAY_NOW_MS=1760000000000
export TZ=UTC LC_ALL=C.UTF-8 SHELL=/bin/bash
"$check" store "$ASSAY_STORE"

exec 9>"$work/display"
Xvfb -displayfd 9 -screen 0 2600x1700x24 -nolisten tcp -noreset >/dev/null 2>&1 &
server=$!

# until_true LIMIT COMMAND...: runs it until it succeeds; fails after LIMIT seconds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}
until_true 20 test -s "$work/display" || { echo "xterm: Xvfb does not start"; exit 1; }
DISPLAY=:$(cat "$work/display")
export DISPLAY

# shot: the text area as it is now, into $work/shot.rgb; sets size and cell.
geometry='' columns=0 rows=0 size='' cell=''
shot() {
    local WIDTH=0 HEIGHT=0 X=0 Y=0
    eval "$(xdotool getwindowgeometry --shell "$window" | grep -E '^(WIDTH|HEIGHT|X|Y)=')"
    # Two pixels of border inside the window; cells of whole pixels.
    cell=$(((WIDTH - 4) / columns))x$(((HEIGHT - 4) / rows))
    size=$(((WIDTH - 4) / columns * columns))x$(((HEIGHT - 4) / rows * rows))
    import -window root -crop "$size+$((X + 2))+$((Y + 2))" +repage -depth 8 "rgb:$work/shot.rgb"
}
is() { # is same|gone
    shot && "$check" "$1" "$work/log" "$work/shot.rgb" "$size" "$cell" "$registers" >"$work/said"
}
see() { # see TITLE same|gone
    if until_true 20 is "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "xterm: $1: $(cat "$work/said")"
    fi
}
sent() { grep -aq "$1" "$work/log"; }
key() { xdotool key --clearmodifiers "$@"; }
find_window() { window=$(xdotool search --onlyvisible --class xterm 2>/dev/null | tail -n 1) && [ -n "$window" ]; }

# open_in GEOMETRY REGISTERS COMMAND XTERM-OPTION...
window='' registers=0
open_in() {
    geometry=$1 registers=$2
    local command=$3
    shift 3
    columns=${geometry%x*} rows=${geometry#*x}
    rm -f "$work/log"
    xterm -b 2 -bw 0 +sb -tn xterm-256color -fa DejaVuSansMono -fs 10 -bg '#101418' -fg '#d0d4d8' \
        -geometry "$geometry+10+10" "$@" -e script -q -f -O "$work/log" -c "$command" 2>/dev/null &
    terminal=$!
    until_true 20 find_window || { echo "xterm: no window"; exit 1; }
    xdotool mousemove --window "$window" 40 40
}
ended() { ! kill -0 "$terminal" 2>/dev/null; }
# script outlives its terminal, and what runs in it with it: the workbench is asked to end.
close() {
    ended || key ctrl+c
    until_true 20 ended || { end_scripts; kill "$terminal" 2>/dev/null; }
    wait "$terminal" 2>/dev/null
    terminal=''
}
# The chart of train/loss in full.
to_chart() {
    until_true 20 sent 'vit-sweep'
    key p
    until_true 20 sent 'cursor'
    key colon
    xdotool type --delay 5 'next-metric train/loss'
    key Return
}
vt340=(-ti vt340 -xrm 'XTerm*maxGraphicSize: 4096x4096')

open_in 120x34 1024 "$assay local" "${vt340[@]}"
to_chart
see 'the chart' same
key question
see 'help over the chart' gone
key Escape
see 'after help' same
key colon
see 'the palette over the chart' gone
key Escape
see 'after the palette' same
WIDTH=0 HEIGHT=0
eval "$(xdotool getwindowgeometry --shell "$window" | grep -E '^(WIDTH|HEIGHT)=')"
columns=90 rows=28
xdotool windowsize "$window" $(((WIDTH - 4) * 90 / 120 + 4)) $(((HEIGHT - 4) * 28 / 34 + 4))
see 'another size' same
key ctrl+l
see 'drawn again' same
key ctrl+c
if until_true 20 ended; then passed=$((passed + 1)); else failed=$((failed + 1)); echo 'xterm: ctrl+c'; fi
close

open_in 100x30 16 "$assay local" -ti vt340 -xrm 'XTerm*decGraphicsID: vt340'
to_chart
see 'sixteen registers' same
close

# Wider than the 1000 pixels an xterm takes: several images side by side.
open_in 230x60 1024 "$assay local" -ti vt340
to_chart
see 'in tiles' same
close

open_in 100x30 1024 'PS1="ready " bash --norc --noprofile -i' "${vt340[@]}"
until_true 20 sent ready
xdotool type --delay 5 "$assay local"
key Return
to_chart
see 'below a shell' same
key ctrl+z
see 'suspended' gone
xdotool type --delay 5 'fg'
key Return
see 'resumed' same
key ctrl+c
see 'after the end' gone
xdotool type --delay 5 'exit'
key Return
close

# As Debian's xterm comes it has no sixel: nothing of the kind is sent.
open_in 100x30 1024 "$assay local"
to_chart
until_true 20 sent 'train/loss'
key ctrl+c
until_true 20 ended
if sent $'\033P[0-9;]*q'; then
    failed=$((failed + 1))
    echo 'xterm: sixel was sent to a terminal without it'
else
    passed=$((passed + 1))
fi
close

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
