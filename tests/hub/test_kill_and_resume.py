"""kill -9 at any moment of `hub evaluate`, run again: the same findings, to the digest."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROTOCOL = """
schema: 1
id: tiny
title: For a test
description: Three rungs, two runs.
labels_per_class: [2]
runs: 2
strategies: [majority, pixels-logreg, knn, linear-probe, full-finetune]
settings:
  full-finetune: {max_steps: 8, min_steps: 8}
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    for name in ("models", "tasks", "policies", "data"):
        (folder / name).symlink_to(ROOT / "catalog" / name)
    (folder / "protocols").mkdir()
    (folder / "protocols" / "tiny.yaml").write_text(PROTOCOL)
    return folder


def start(catalog: Path, home: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "hub.cli", "evaluate", "glyph-resnet", "--task", "digits", "--protocol", "tiny",
        "--final", "--no-log", "--format", "json", "--catalog", str(catalog),
    ]  # fmt: skip
    return subprocess.Popen(
        command, env={**os.environ, "HUB_HOME": str(home)}, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
def test_killed_at_three_random_moments_it_ends_with_the_same_findings(catalog, tmp_path):
    started = time.monotonic()
    whole = finish(start(catalog, tmp_path / "whole"))
    lasted = time.monotonic() - started
    moments = random.Random(20261121)
    home = tmp_path / "killed"
    killed = 0
    for _ in range(3):
        process = start(catalog, home)
        try:
            process.communicate(timeout=moments.uniform(0.15, 0.85) * lasted)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            killed += 1
    assert killed
    resumed = finish(start(catalog, home))
    assert resumed["findings_digest"] == whole["findings_digest"]
    again = finish(start(catalog, home))
    assert again["findings_digest"] == whole["findings_digest"]
    assert again["counters"]["cells_run"] == 0
    assert again["counters"]["samples_encoded"] == 0
    shutil.rmtree(tmp_path / "whole")


@pytest.mark.slow
def test_the_findings_count_every_read_of_the_locked_test_once(catalog, tmp_path):
    home = tmp_path / "home"
    finish(start(catalog, home))
    finish(start(catalog, home))
    lines = [
        line
        for path in (home / "test-access").rglob("*")
        if path.is_file()
        for line in path.read_text().splitlines()
    ]
    assert len(lines) == 5 * 2
