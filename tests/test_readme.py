"""Every block of the README runs, in order, as a newcomer would run it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_readme_has_the_commands_of_the_flow():
    text = "\n".join(code for _, code in blocks())
    for command in (
        "hub list",
        "hub plan",
        "hub evaluate",
        "hub promote",
        "hub pull",
        "hub verify",
        "hub.load",
    ):
        assert command in text


@pytest.mark.slow
def test_every_block_runs(tmp_path):
    place = tmp_path / "checkout"
    place.mkdir()
    (place / "catalog").symlink_to(ROOT / "catalog")
    environment = {
        **os.environ,
        "HUB_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_CATALOG"):
        environment.pop(name, None)
    here = place
    for language, code in blocks():
        command = (
            ["bash", "-euo", "pipefail", "-c", code] if language == "bash" else [sys.executable, "-c", code]
        )
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{code}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        # A reader's shell stays where a block went.
        for folder in re.findall(r"^cd (\S+)$", code, re.MULTILINE) if language == "bash" else ():
            here = here / folder
    assert (here / "hub.lock").exists()
    shutil.rmtree(place)
