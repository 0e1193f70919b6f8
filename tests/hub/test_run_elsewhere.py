"""`hub plan --out` here, `hub run` on a machine without catalog or registry, `hub evaluate` reads what it computed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.checkouts import ROOT, small_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Path:
    return small_catalog(tmp_path_factory.mktemp("catalog"))


def hub(where: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    unset = ("HUB_CATALOG", "HUB_DATA", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *arguments, "--format", "json"],
        env={**environment, "HUB_HOME": str(home)}, cwd=where, capture_output=True, text=True, check=False,
    )  # fmt: skip


def counted(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_what_another_machine_computed_is_read_and_not_computed_again(catalog, tmp_path):
    here, there, results = tmp_path / "here", tmp_path / "there", tmp_path / "results"
    asked = ("glyph-resnet", "--task", "digits", "--protocol", "tiny", "--catalog", str(catalog))
    planned = counted(hub(ROOT, here, "plan", *asked, "--out", str(tmp_path / "plan.json")))
    there.mkdir()
    shutil.copytree(here / "blobs", there / "blobs")
    ran = counted(hub(tmp_path, there, "run", str(tmp_path / "plan.json"), "--results", str(results)))
    assert ran["plan"] == planned["plan"]
    assert (ran["cells_run"], ran["failed"]) == (8, [])
    found = counted(hub(ROOT, here, "evaluate", *asked, "--no-log", "--results", str(results)))
    assert (found["counters"]["cells_run"], found["counters"]["cells_reused"]) == (0, 8)
    assert found["counters"]["samples_encoded"] == 0


@pytest.mark.slow
def test_bytes_that_are_not_there_are_named_before_anything_is_computed(catalog, tmp_path):
    asked = ("glyph-resnet", "--task", "digits", "--protocol", "tiny", "--catalog", str(catalog))
    counted(hub(ROOT, tmp_path / "here", "plan", *asked, "--out", str(tmp_path / "plan.json")))
    done = hub(
        tmp_path, tmp_path / "there", "run", str(tmp_path / "plan.json"), "--results", str(tmp_path / "r")
    )
    assert done.returncode == 5
    assert "model.safetensors" in done.stderr
    assert "copy HUB_HOME/blobs" in done.stderr
    assert not (tmp_path / "r").exists()
