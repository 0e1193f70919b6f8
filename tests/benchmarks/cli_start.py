"""How fast the command line starts, beside mlflow's, interleaved in one run: `python tests/benchmarks/cli_start.py`.

Prints the minimum over the rounds and the ratio to `mlflow --version`. Goals: `hub --help` 20x, `hub list --all` 10x.
Seconds differ between machines and minutes; the ratio of one run is what counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
COMMANDS = {
    "mlflow --version": [str(BIN / "mlflow"), "--version"],
    "hub --help": [str(BIN / "hub"), "--help"],
    "hub list --all": [str(BIN / "hub"), "list", "--all"],
}
GOALS = {"hub --help": 20.0, "hub list --all": 10.0}


def main(rounds: int = 7) -> None:
    """Run every command `rounds` times, interleaved, and print the table."""
    best = dict.fromkeys(COMMANDS, float("inf"))
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HUB_HOME": home, "HUB_CATALOG": str(ROOT / "catalog")}
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                started = time.perf_counter()
                subprocess.run(command, env=environment, check=True, capture_output=True)
                best[name] = min(best[name], time.perf_counter() - started)
    peer = best["mlflow --version"]
    for name, seconds in best.items():
        goal = GOALS.get(name)
        verdict = (
            "" if goal is None else f"  goal {goal:.0f}x: {'met' if peer / seconds >= goal else 'MISSED'}"
        )
        print(f"{name:18} {seconds:6.3f} s  {peer / seconds:6.1f}x{verdict}")  # noqa: T201  a benchmark prints


if __name__ == "__main__":
    main()
