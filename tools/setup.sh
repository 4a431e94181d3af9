#!/bin/sh
# Makes .venv (Python and the tools of requirements/controller.txt) and lets Ansible find this checkout as the
# collection stowage.django. Says nothing and does nothing when both are there and up to date.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
lock=requirements/controller.txt
stamp=$venv/.complete
collection=.ansible/collections/ansible_collections/stowage/django

say() { printf '%s\n' "setup: $*" >&2; }
stop() { say "$*"; exit 1; }

# Prints the path of the first interpreter that runs and has a version the pinned tools support.
# 3.13 comes first because it is the one the pins were made with. A name on PATH proves nothing (pyenv's shims
# exist for every version and refuse to run), so each is asked.
find_python() {
    ask='import sys
if sys.version_info[:2] != (3, int(sys.argv[1])): sys.exit(1)
# Not a virtual environment that happens to be active, which may be the one to be replaced.
print(getattr(sys, "_base_executable", sys.executable))'
    for minor in 13 12 14 11; do
        for candidate in "python3.$minor" python3 \
            "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3."$minor".*/bin/python3; do
            "$candidate" -c "$ask" "$minor" 2>/dev/null && return 0
        done
    done
    return 1
}

# Debian splits ensurepip off into a package of its own.
need_ensurepip() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return 0
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing the package python$version-venv"
        { apt-get -qq update &&
            DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "python$version-venv"
        } >&2 || stop "apt-get could not install python$version-venv; install it, then run this again"
    else
        stop "$1 cannot make virtual environments; install the package python$version-venv (Debian, Ubuntu), or" \
            "Python 3.11 or newer with venv and ensurepip"
    fi
}

make_venv() {
    python=$(find_python) || stop "no Python 3.11 to 3.14 found; install one (Debian, Ubuntu: python3 python3-venv)"
    need_ensurepip "$python"
    say "installing $(grep -c '^[a-z].*==' "$lock") pinned packages with $python (about half a minute)"
    "$python" -m venv --clear "$venv"
    # The list is complete, so nothing needs resolving; compiling 40,000 modules of which a run imports a few
    # hundred would take longer than all the rest.
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --no-compile \
        --requirement "$lock" || stop "pip could not install $lock; its message stands above"
    broken=$("$venv/bin/python" -m pip --disable-pip-version-check check) || stop "$lock: $broken"
}

if [ ! -e "$collection/galaxy.yml" ]; then
    mkdir -p "${collection%/*}"
    rm -f "$collection"
    ln -s ../../../.. "$collection"
fi

# The path is part of the sum: a virtual environment does not survive being moved.
wanted=$({ cat "$lock" "$0"; pwd; } | cksum)
if [ ! -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    # Two runs at once must not build into the same directory.
    if command -v flock >/dev/null && [ -z "${STOWAGE_SETUP_LOCKED:-}" ]; then
        STOWAGE_SETUP_LOCKED=1 exec flock .ansible "$0"
    fi
    make_venv
    printf '%s\n' "$wanted" > "$stamp"
fi
