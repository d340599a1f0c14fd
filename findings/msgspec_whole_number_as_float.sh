#!/usr/bin/env bash
# msgspec: a whole number beyond float64 where a float is declared raises SystemError up to 0.21.1.
#
# JSON sets no limit to whole numbers, and Python's json reads them exactly. `msgspec.convert` of such a number to
# `float` should raise msgspec.ValidationError, as it does from 0.22.0 on; up to 0.21.1 it raises SystemError,
# which code that catches ValidationError, or ValueError, lets through.
#
# Seen with Python 3.11: "0.21.1 raises SystemError", "0.22.0 raises ValidationError".
# Fails if either changes. Needs python3 with pip and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 0.21.1 0.22.0; do
    python3 -m pip --disable-pip-version-check --quiet install --no-deps --target "$folder/$version" \
        "msgspec==$version" 2> /dev/null
    PYTHONPATH="$folder/$version" python3 - << 'PYTHON' | tee "$folder/$version.txt"
import json

import msgspec

number = json.loads("1" + "0" * 400)
try:
    print(msgspec.__version__, "gives", msgspec.convert(number, float))
except Exception as error:
    print(msgspec.__version__, "raises", type(error).__name__)
PYTHON
done
grep --quiet "raises SystemError" "$folder/0.21.1.txt"
grep --quiet "raises ValidationError" "$folder/0.22.0.txt"
