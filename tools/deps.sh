#!/bin/sh
# deps.sh build|test|lint|live|xterm|screenshots: installs the Debian packages that Assay needs and that are missing.
set -eu
build="gcc make pkg-config libncurses-dev libsqlite3-dev libjansson-dev libsixel-dev zlib1g-dev libyaml-dev
       libinih-dev libpcre2-dev libcurl4-openssl-dev nettle-dev libgmp-dev openssh-client
       ca-certificates"
test="$build libcmocka-dev libvterm-dev libpng-dev libturbojpeg0 ncurses-term jq git strace"
lint="$test clang clang-format cppcheck libclang-rt-14-dev universal-ctags shellcheck"
live="$build python3 python3-venv python3-pip postgresql nginx-light openssl"
xterm="$test bsdutils xterm xvfb xdotool imagemagick fonts-dejavu-core"
screenshots="$build xterm xvfb xdotool imagemagick fonts-dejavu-core"
case ${1-} in
build) want=$build ;;
test) want=$test ;;
lint) want=$lint ;;
live) want=$live ;;
xterm) want=$xterm ;;
screenshots) want=$screenshots ;;
*) echo "usage: deps.sh build|test|lint|live|xterm|screenshots" >&2; exit 2 ;;
esac
missing=
for package in $want; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "deps.sh: this is not Debian; please install:$missing" >&2
    exit 1
fi
echo "Installing:$missing" >&2
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2
