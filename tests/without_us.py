"""Runs scripts in a Python of their own in which none of our packages can be imported.

In: scripts with their arguments. Out: what each printed. One process for all of them, because importing torch is slow.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_RUNNER = """
import contextlib, io, json, runpy, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"hub", "evaluators", "tests"}:
            raise ImportError(f"{name} cannot be imported here")

sys.meta_path.insert(0, Refuse())
import torch
torch.set_num_threads(1)
for arguments in json.load(sys.stdin):
    printed, sys.argv = io.StringIO(), arguments
    with contextlib.redirect_stdout(printed):
        runpy.run_path(arguments[0], run_name="__main__")
    print(json.dumps(printed.getvalue()))
"""


def run_without_us(runs: Sequence[Sequence[str | Path]], *, cwd: Path) -> list[str]:
    """Return the standard output of each run: a script, then its arguments."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUNNER],
        input=json.dumps([[str(part) for part in run] for run in runs]),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
