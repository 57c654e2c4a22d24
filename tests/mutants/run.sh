#!/bin/bash
# run.sh BUILD [WORD]: takes each defence named in threats.txt (or only those with WORD in their first
# line) out of the code, builds the test that is said to need it, and sees that it fails; and that it
# passes where nothing is taken out. Called by `make check-threats`, which gives CC, FLAGS, LINK, LIBS
# and TEST_DATA.
set -u
build=$1 only=${2-}
top=$PWD
here=tests/mutants
work=$(mktemp -d) || exit 1
# What a hung test left goes, too: an agent that never answers has somebody who waits for it.
# shellcheck source=tests/side_by_side.sh
. tests/side_by_side.sh
export TZ=UTC LC_ALL=C.UTF-8 TERM=xterm-256color top build here work

# One folder a mutant: what it is, and the file as it then stands.
perl - "$here/threats.txt" "$work" "$only" <<'PERL' || exit 1
use strict;
my ($list, $work, $only) = @ARGV;
open(my $in, '<', $list) or die "$list: $!\n";
my @blocks = grep { /\S/ && /^.*\Q$only\E/ } map { s/^\n+//r } split /\n\n+/, join '', grep { !/^#/ } <$in>;
my $number = 0;
for (@blocks) {
    my ($what, @lines) = split /\n/;
    my (%text, %old, %new, $file);
    for (@lines) {
        if (/^-(.*)/) { push @{$old{$file}}, $1 }
        elsif (/^\+(.*)/) { push @{$new{$file}}, $1 }
        else { $file = $_ }
    }
    my $folder = sprintf '%s/%03d', $work, ++$number;
    mkdir $folder;
    my %out = (what => "$what $file\n");
    for $file (keys %old) {
        my $old = join "\n", @{$old{$file}};
        open(my $source, '<', $file) or die "$file: $!\n";
        my $text = join '', <$source>;
        my $at = index $text, $old;
        die "$list: $what: not found in $file:\n$old\n" if $at < 0;
        die "$list: $what: found twice in $file:\n$old\n" if index($text, $old, $at + 1) >= 0;
        substr($text, $at, length $old) = join "\n", @{$new{$file}};
        (my $name = $file) =~ tr{/}{_};
        $out{"mutant-$name"} = $text;
    }
    for (keys %out) {
        open(my $out, '>', "$folder/$_") or die "$folder: $!\n";
        print $out $out{$_};
        close $out or die "$folder: $!\n";
    }
}
PERL

# A test that hangs without a defence has failed; one that is whole has time.
export limit=40
# test_in PROGRAM HOME TEST [ASSAY]: 0 where that one test passes, 1 where it fails, 2 where it was not run.
test_in() {
    mkdir -p "$2/tmp"
    HOME=$2 XDG_DATA_HOME=$2/data XDG_CACHE_HOME=$2/cache XDG_CONFIG_HOME=$2/config \
        TMPDIR=$2/tmp ASSAY_PROGRAM=${4:-$top/$build/tests/assay} ASSAY_ONLY_TEST=$3 \
        timeout -k 5 "$limit" "$1" >"$2/out" 2>&1 </dev/null
    local status=$?
    grep -qE "^\[ RUN      \] $3\$" "$2/out" || return 2
    [ "$status" != 0 ] || return 0
    return 1
}

built() { # built OUT PROGRAM [SOURCE...]: a test program, its one test chosen by the environment
    local out=$1 program=$2
    shift 2
    # shellcheck disable=SC2086 # lists of flags
    $CC $FLAGS "-DTEST_DATA=\"$TEST_DATA\"" $LINK -o "$out" "tests/$program.c" "$here/only.c" "$@" \
        "$build/tests/support/now.o" "$build/libtest.a" "$build/libassay.a" $LIBS
}

changed_assay() { # changed_assay OUT SOURCE...: the program that tests start
    local out=$1
    shift
    # shellcheck disable=SC2086 # lists of flags
    $CC $FLAGS -Itui -Icli $LINK -o "$out" "$build/cli/main.o" "$@" "$build/tests/support/now.o" \
        "$build/libtest.a" "$build/libassay.a" $LIBS
}

one() { # one FOLDER: its verdict goes to FOLDER/verdict
    local folder=$1 threat program test file assay='' changes=("$1"/mutant-*.c)
    read -r threat program test file <"$folder/what"
    # Where the test looks at the program and not at the library, that is what changes.
    if [ "${file%% *}" = program ]; then
        file=${file#program } assay=$folder/assay
        changed_assay "$assay" "${changes[@]}" >"$folder/log" 2>&1 || assay=/none
        changes=()
    fi
    if [ "$assay" = /none ] ||
        ! built "$folder/test" "$program" "${changes[@]}" >>"$folder/log" 2>&1; then
        { echo "FAILED: $threat: $file as changed does not compile"; tail -n 5 "$folder/log"; } >"$folder/verdict"
        return
    fi
    local began=$SECONDS
    test_in "$folder/test" "$folder" "$test" "$assay"
    local status=$?
    [ $((SECONDS - began)) -lt 20 ] || echo "$threat $test: $((SECONDS - began)) s" >>"$work/slow"
    case $status in
    1) echo "ok" >"$folder/verdict" ;;
    0) echo "FAILED: $threat: $test passes without its defence in $file" >"$folder/verdict" ;;
    *) echo "FAILED: $threat: $program has no test $test" >"$folder/verdict" ;;
    esac
    rm -f "$folder/test" "$folder/assay"
}

whole() { # whole PROGRAM TEST: passes where nothing is taken out
    local folder=$work/whole-$2
    mkdir -p "$folder"
    if built "$folder/test" "$1" >"$folder/log" 2>&1 && test_in "$folder/test" "$folder" "$2"; then
        echo "ok" >"$folder/verdict"
    else
        { echo "FAILED: $2 fails as it is"; tail -n 5 "$folder/log" "$folder/out"; } >"$folder/verdict"
    fi
}
export -f one whole built changed_assay test_in

each_of "$(nproc)" one < <(find "$work" -mindepth 1 -maxdepth 1 -type d | sort)
limit=600
each_of "$(nproc)" whole < <(cut -d' ' -f2,3 "$work"/[0-9]*/what | sort -u)

passed=$(cat "$work"/*/verdict | grep -c '^ok$')
failed=$(cat "$work"/*/verdict | grep -c '^FAILED')
grep -hv '^ok$' "$work"/*/verdict
[ ! -e "$work/slow" ] || cat "$work/slow"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
