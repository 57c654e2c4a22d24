#!/bin/bash
# lint.sh: the gates of the house. Layers, doors, banned functions, sizes, formatting, analysers.
# Prints what it finds; exit status 1 if anything.
# shellcheck disable=SC2046 # lists of files, none of which has a blank in its name
set -u
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
complain() { # complain TITLE < findings
    local findings
    findings=$(cat)
    [ -n "$findings" ] || return 0
    printf '%s\n%s\n' "lint: $1" "$findings" | sed '2,$s/^/    /'
    touch "$work/failed" # this runs in a pipe's shell of its own
}
sources() { git ls-files -- "$@" | while read -r file; do [ -f "$file" ] && echo "$file"; done; }

# Layers: a folder includes only what lies below it.
declare -A below=(
    [base]="base" [series]="base series" [model]="base series model"
    [query]="base series model query" [chart]="base series chart"
    [compare]="base series model compare"
    [store]="base series model store" [source]="base series model store source"
    [remote]="base series model store source remote"
    [approval]="base series model query store source remote compare approval"
    [session]="base series model store source remote approval session query")
for layer in "${!below[@]}"; do
    for file in $(sources "core/$layer/*.[ch]"); do
        grep -nE '^#include "' "$file" | sed -E 's/^([0-9]+):#include "([^"]*)".*/\1 \2/' |
            while read -r line header; do
                folder=${header%%/*}
                [[ $header == */* ]] || { echo "$file:$line: name the folder: \"$layer/$header\""; continue; }
                [[ " ${below[$layer]} " == *" $folder "* ]] || echo "$file:$line: $layer must not see $header"
            done
    done
done | complain "a layer sees what lies above it"
grep -nE '^#include "(base|series|model|query|chart|compare|store|source|remote|approval|session)/' $(sources 'cli/*.[ch]' 'tui/*.[ch]') /dev/null |
    complain "cli/ and tui/ include only <assay/...> and their own headers"
grep -nE '^#include "([a-z./]*/)?tui/' $(sources 'cli/*.[ch]') /dev/null | grep -vE ':#include "\.\./tui/tui\.h"$' |
    complain "cli/ sees the workbench by its front door alone, tui/tui.h"
grep -nE '^#include "([a-z./]*/)?cli/' $(sources 'tui/*.[ch]') /dev/null |
    complain "tui/ includes nothing of cli/"

# Doors: one file for each foreign library, or two that share one.
door() { # door HEADER-PATTERN ALLOWED-FILE-PATTERN
    grep -nE "^#include <($1)" $(sources 'core/*' 'cli/*' 'tui/*' 'include/*') /dev/null | grep -vE "^($2):" |
        complain "<$1> has one door: $2"
}
door 'n?curses|term\.h|ncursesw/' 'tui/term\.c|tui/terminfo\.c'
door 'sixel' 'core/chart/sixel\.c'
door 'sqlite3' 'core/store/sql\.c|core/store/sql_foreign\.c'
door 'yaml' 'core/source/yaml\.c|core/compare/structure_yaml\.c'
door 'ini\.h' 'core/base/ini\.c'
door 'curl/' 'core/remote/net\.c|core/remote/net_fault\.c'
door '(nettle|gmp)' 'core/base/sha256\.c|core/approval/(sshsig|ecdsa)\.c'
door 'zlib' 'core/chart/png\.c|core/chart/image_read\.c|core/chart/deflate\.c'
door 'jansson' 'cli/[a-z_]*\.c|core/source/bundle_file\.c'
grep -nE '\bdl(open|sym)\(' $(sources 'core/*.c' 'cli/*.c' 'tui/*.c') /dev/null | grep -vE '^core/base/library\.c:' |
    complain "libraries are opened in one place: core/base/library.c"

# core/ never prints, exits or reads the terminal; nobody uses the dangerous functions.
grep -nE '\b(printf|puts|putchar|perror|exit|abort)\(|fprintf\((stderr|stdout)' $(sources 'core/*.c') /dev/null |
    grep -vE 'core/base/memory\.c' | complain "core/ prints or exits"
grep -nE '(^|[^a-z_])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atof|atol|malloc|calloc|realloc|strdup|strndup|system|popen|rand|localtime|gmtime|ctime|asctime|alloca)\(' \
    $(sources 'core/*.c' 'cli/*.c' 'tui/*.c') /dev/null |
    grep -vE 'core/base/memory\.c' | complain "banned functions (see include/assay/memory.h, text.h)"
grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $(sources '*.c' '*.h' '*.sh' 'Makefile') /dev/null |
    grep -v 'tools/lint.sh' | grep -vE 'X{6}' | complain "unfinished business"
grep -nE '^\s*//' $(sources '*.c' '*.h') /dev/null | complain "comments are /* ... */"

# Sizes.
for file in $(sources 'core/*.c' 'cli/*.c' 'tui/*.c' '*.h'); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || echo "$file: $lines lines, at most 800"
done | complain "files that should be two"
awk 'length($0) > 100 { print FILENAME ":" FNR ": " length($0) " columns" }' \
    $(sources 'core/*.[ch]' 'cli/*.[ch]' 'tui/*.[ch]' 'include/*.h') | complain "lines over 100 bytes"
if command -v ctags >/dev/null; then
    ctags -x --c-kinds=f --fields=+e --_xformat='%e %n %F %N' $(sources 'core/*.c' 'cli/*.c' 'tui/*.c') |
        awk '$1 - $2 > 100 { print $3 ":" $2 ": " $4 " has " $1 - $2 " lines, at most 100" }' |
        complain "functions that do not fit"
fi
# Every file begins by saying what it is for.
for file in $(sources 'core/*.[ch]' 'cli/*.[ch]' 'tui/*.[ch]' 'include/*.h' 'tests/*.[ch]'); do
    head -c 2 "$file" | grep -q '^/\*' || echo "$file"
done | complain "no paragraph at the top that says what the file is for"
# File-scope variables that change.
grep -nE '^(static )?(struct [a-z_]+|int|unsigned|size_t|char|bool|uint[0-9]+_t|int[0-9]+_t|double) \*?[a-z_]+(\[[^]]*\])*( = .*)?;' \
    $(sources 'core/*.c') /dev/null | grep -v const | complain "mutable file-scope variables in core/"
# Generated things are fresh; the map of the tree is true.
for folder in core/*/ ; do
    grep -q "${folder%/}/" docs/architecture.md || echo "$folder is not in docs/architecture.md"
done | complain "the map of the tree"

if command -v clang-format >/dev/null; then
    for file in $(sources 'core/*.[ch]' 'cli/*.[ch]' 'tui/*.[ch]' 'include/*.h'); do
        clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"
    done | complain "not as clang-format would have it (make fmt)"
fi
if command -v cppcheck >/dev/null; then
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=ctuuninitvar --suppress=normalCheckLevelMaxBranches --error-exitcode=0 \
        -Iinclude -Icore -D_GNU_SOURCE core cli tui 2>&1 | complain "cppcheck"
fi
if command -v shellcheck >/dev/null; then
    shellcheck $(sources '*.sh') .ci/run 2>&1 | complain "shellcheck"
fi
if [ -e "$work/failed" ]; then
    exit 1
fi
echo "lint: nothing found"
