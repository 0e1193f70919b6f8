"""Installing us in a project breaks nothing there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_core_resolves_together_with_transformers_4_57(tmp_path):
    report = tmp_path / "report.json"
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet",
        "--report", str(report), str(ROOT), "transformers==4.57.*",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    installed = {row["metadata"]["name"].lower() for row in json.loads(report.read_text())["install"]}
    assert {"basehub", "transformers"} <= installed
    assert not {"torch", "mlflow"} & installed
