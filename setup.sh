#!/usr/bin/env bash
# Make .venv ready to run, test and change the program. Called by the Makefile; safe to run again.
#
# PYTHON       the interpreter to build on; else the first of the usual names that is new enough.
# TORCH_INDEX  where to take torch from; else pip's own index. On x86-64 Linux PyPI's build of torch carries
#              CUDA, gigabytes of it; https://download.pytorch.org/whl/cpu has one without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

VENV=.venv
# Shared libraries that the wheels of PyQt5 (its xcb plugin) and opencv-python load and do not carry.
LIBRARIES=(libdbus-1-3 libegl1 libfontconfig1 libgl1 libglib2.0-0 libx11-xcb1 libxcb-icccm4 libxcb-image0
    libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0
    libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0)
# A virtual screen, for the tests that open the window as an editor does.
SCREEN=(xvfb xauth)

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed; ${PYTHON:-python3} is missing or older." \
        "Install it (Debian: apt-get install python3 python3-venv) or name yours: make setup PYTHON=/path/to/python3" >&2
    return 1
}

# Install Debian packages where the user may; else print the one line to run, and fail.
install_system_packages() {
    local as_root=()
    if ! command -v apt-get > /dev/null; then
        echo "Install what your system calls these Debian packages, then run make setup again: $*" >&2
        return 1
    elif [ "$(id -u)" != 0 ]; then
        as_root=(sudo --non-interactive)
        if ! "${as_root[@]}" true 2> /dev/null; then
            echo "Run this line, then make setup again: sudo apt-get install --yes --no-install-recommends $*" >&2
            return 1
        fi
    fi
    echo "Installing system packages: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq --yes --no-install-recommends "$@" > /dev/null
}

make_environment() {
    local python
    [ -x $VENV/bin/python ] && is_new_enough $VENV/bin/python && return
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
        echo "$python comes without the modules that make virtual environments."
        install_system_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    "$python" -m venv $VENV
}

# torch goes first and pinned: whatever asks for "torch" later finds it and pulls no other build.
install_python_packages() {
    local torch pip=($VENV/bin/python -m pip --disable-pip-version-check --quiet)
    torch=$(sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
    echo "Installing $torch and the other packages into $VENV"
    "${pip[@]}" install --upgrade pip # the one of Debian 12 does not know --group
    "${pip[@]}" install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$torch"
    PYTHONWARNINGS=ignore "${pip[@]}" install --group dev --editable .
}

missing_libraries() {
    local packages
    packages=$(echo $VENV/lib/python3*/site-packages)
    ldd "$packages"/PyQt5/Qt5/plugins/{platforms/libqxcb,xcbglintegrations/lib*}.so "$packages"/PyQt5/QtWidgets*.so \
        "$packages"/cv2/*.so 2> /dev/null | sed -n 's/^\s*\(\S*\) => not found/\1/p' | sort -u
}

check_system_libraries() {
    local missing
    [ "$(uname -s)" = Linux ] || return 0
    if [ -n "$(missing_libraries)" ]; then
        install_system_packages "${LIBRARIES[@]}"
    fi
    missing=$(missing_libraries)
    if [ -n "$missing" ]; then
        echo "The window cannot open: these shared libraries are missing:" $missing >&2
        return 1
    fi
    if ! command -v xvfb-run > /dev/null || ! command -v xauth > /dev/null; then
        install_system_packages "${SCREEN[@]}" || echo "Without them the tests that need a screen are skipped."
    fi
}

make_environment
install_python_packages
check_system_libraries
