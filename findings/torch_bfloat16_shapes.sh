#!/usr/bin/env bash
# torch on a CPU: a bfloat16 product keeps memory for every shape that it has seen; a float32 product does not.
#
# The kernels that oneDNN makes for a bfloat16 matrix product are cached by shape. After 400 products whose one
# side grows from 1 to 400, the process holds hundreds of MiB more, which no tensor accounts for; 400 more
# products of one shape add nothing, and float32, which MKL multiplies, adds nothing. A program whose sizes depend
# on what the user draws grows with every stroke. Filling sizes up to powers of two avoids it.
#
# Seen with torch 2.13.0+cpu, Python 3.11, a processor with AVX-512 BF16:
# "bfloat16: 400 shapes +270 MiB, 400 times one shape +0 MiB", "float32: 400 shapes +0 MiB, …" (a few MiB off).
# Fails if bfloat16 adds less than 100 MiB, or float32 or one shape more than 20. Needs Linux, an x86 processor
# with AVX-512 BF16, python3 with pip, and PyTorch's index of CPU builds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check --quiet install --target "$folder/packages" \
    --extra-index-url https://download.pytorch.org/whl/cpu "torch==2.13.0+cpu" "numpy==2.2.6" 2> /dev/null
cat > "$folder/shapes.py" << 'PYTHON'
import os
import sys

import torch

torch.set_num_threads(1)
page_bytes = os.sysconf("SC_PAGE_SIZE")


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * page_bytes / 2**20


def grown(sizes):
    before = resident_mib()
    for size in sizes:
        torch.ones(size, 96, dtype=dtype) @ right
    return round(resident_mib() - before)


dtype = getattr(torch, sys.argv[1])
right = torch.ones(96, 1032, dtype=dtype)
grown([500] * 50)
many, one = grown(range(1, 401)), grown([400] * 400)
print(f"{torch.__version__} {sys.argv[1]}: 400 shapes {many:+} MiB, 400 times one shape {one:+} MiB")
is_bfloat16 = sys.argv[1] == "bfloat16"
sys.exit(0 if one <= 20 and (many >= 100 if is_bfloat16 else many <= 20) else 1)
PYTHON
for dtype in bfloat16 float32; do
    PYTHONPATH="$folder/packages" python3 "$folder/shapes.py" "$dtype"
done
