"""Start-up times: the command line, the imports, the weights."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

# Where the packages lie.
_TOP = Path(__file__).resolve().parents[2]

# Run in a new process, since the modules are already imported in this one.
_PROGRAM = """
import json, sys, time
started = time.perf_counter()
import inference_core.session
from model.checkpoint import load_networks
imported = time.perf_counter()
from pathlib import Path
family, folder = json.loads(sys.argv[1])
load_networks(family, Path(folder) if folder else None)
print(json.dumps([imported - started, time.perf_counter() - imported]))
"""


def measure_startup(models: str, weights: Path | None) -> dict[str, float]:
    """Measure seconds: `mivos --help` from start to end, importing the core, loading a family's weights."""
    started = time.perf_counter()
    _run("from mivos_studio.cli.main import main; main(['--help'])")
    help_s = time.perf_counter() - started
    chosen = json.dumps([models, str(weights.resolve()) if weights else None])
    import_s, load_s = json.loads(_run(_PROGRAM, chosen))
    return {"help_s": help_s, "import_s": import_s, "load_s": load_s}


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=_TOP, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"The program that was to be timed failed: {done.stderr}")
    return done.stdout
