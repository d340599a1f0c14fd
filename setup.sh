#!/usr/bin/env bash
# Make .venv ready to run, test and change the program. Called by the Makefile; safe to run again.
#
# PYTHON       the interpreter to build on; else the first of the usual names that is new enough.
# TORCH_INDEX  where to take torch from; else, on a Linux without an NVIDIA card, CPU_INDEX where it answers, and
#              pip's own index everywhere else. PyPI's build of torch for Linux carries CUDA, gigabytes of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

VENV=.venv
CPU_INDEX=https://download.pytorch.org/whl/cpu
CPU_INDEX_WAIT_S=5
# Shared libraries that the wheels of PyQt5 (its xcb plugin) and opencv-python load and do not carry.
LIBRARIES=(libdbus-1-3 libegl1 libfontconfig1 libgl1 libglib2.0-0 libx11-xcb1 libxcb-icccm4 libxcb-image0
    libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0
    libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0)

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

has_nvidia_card() {
    command -v nvidia-smi > /dev/null || [ -e /proc/driver/nvidia ]
}

# Whether the index of the CPU builds answers within seconds, and not only after pip has tried five times.
cpu_index_answers() {
    timeout $CPU_INDEX_WAIT_S $VENV/bin/python -c \
        'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2]))' \
        $CPU_INDEX/torch/ $CPU_INDEX_WAIT_S 2> /dev/null
}

# Print where to take torch from; nothing where pip's own index is the place.
torch_index() {
    if [ -n "${TORCH_INDEX:-}" ]; then
        echo "$TORCH_INDEX"
        return
    fi
    case "$(uname -s) $(uname -m)" in
        "Linux x86_64" | "Linux aarch64") ;;
        *) return 0 ;;
    esac
    if ! has_nvidia_card && cpu_index_answers; then
        echo $CPU_INDEX
    fi
}

# torch goes first and exact: whatever asks for "torch" later finds it and pulls no other build.
install_python_packages() {
    local torch index pip=($VENV/bin/python -m pip --disable-pip-version-check --quiet)
    torch=$(sed -n 's/^\(torch==[^ ;#]*\).*/\1/p' constraints.txt)
    echo "Installing $torch and the other packages into $VENV"
    "${pip[@]}" install --upgrade pip # the one of Debian 12 does not know --group
    index=$(torch_index)
    "${pip[@]}" install ${index:+--index-url "$index"} "$torch"
    PYTHONWARNINGS=ignore "${pip[@]}" install --constraint constraints.txt --group dev --editable .
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
}

# Name the Debian packages that tests alone need and that are not there: a virtual screen, programs that open what
# we write, and a font, without which Qt draws no letter.
missing_for_tests() {
    command -v xvfb-run > /dev/null || echo xvfb
    command -v xauth > /dev/null || echo xauth
    command -v ffmpeg > /dev/null || echo ffmpeg
    command -v melt > /dev/null || echo melt
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[ot]t[cf]' -print -quit 2> /dev/null)" ] ||
        echo fonts-dejavu-core
}

# Without these the program works and the tests that need them say so; so nothing here ends the set-up.
check_what_tests_need() {
    local missing
    [ "$(uname -s)" = Linux ] || return 0
    missing=$(missing_for_tests)
    [ -z "$missing" ] || install_system_packages $missing ||
        echo "Without them the program works; the tests that need them are skipped."
}

make_environment
install_python_packages
check_system_libraries
check_what_tests_need
