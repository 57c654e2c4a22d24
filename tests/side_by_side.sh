# shellcheck shell=bash
# side_by_side.sh: for scripts that run many tests at once in a folder of their own, $work, exported.
# However such a script ends, short of SIGKILL, nothing that it started goes on, and $work is gone:
# a test runs in a process group of its own (timeout makes one) that no Ctrl-C reaches.
started=''

# The ids of the processes that were started with $work in their environment.
left_behind() (
    export -n work
    grep -lsF "$work" /proc/[0-9]*/environ | grep -oE '[0-9]+'
)

clear_up() {
    local ids
    [ -z "$started" ] || kill "$started" 2>/dev/null
    # Again, until none is left: what ends now may just have started another.
    # shellcheck disable=SC2086 # a list
    while ids=$(left_behind); do kill -9 $ids 2>/dev/null; done
    rm -rf "$work"
}
trap clear_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# each_of COUNT COMMAND: runs COMMAND (a function, exported) with each line of the input, COUNT at a
# time. Behind the script, which hears signals only while it waits; the tests are to hear Ctrl-C.
each_of() {
    env --default-signal=INT,QUIT xargs -r -P "$1" -I{} bash -c "$2 {}" <&0 &
    started=$!
    wait "$started"
    started=''
}
