#!/bin/sh
# embed.sh FILE...: prints C table rows {"NAME", "TEXT"}, for files that are compiled in.
for file in "$@"; do
    name=${file##*/}
    printf '{"%s",\n' "${name%.*}"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/ "/' -e 's/$/\\n"/' "$file"
    printf '},\n'
done
