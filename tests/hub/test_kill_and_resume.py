"""kill -9 at any moment of `hub evaluate`, run again: the same findings, to the digest."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.checkouts import ROOT, small_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Path:
    return small_catalog(
        tmp_path_factory.mktemp("catalog"),
        strategies="majority, pixels-logreg, knn, linear-probe, full-finetune",
        more="settings:\n  full-finetune: {max_steps: 8, min_steps: 8}\n",
    )


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


def stored(home: Path) -> int:
    """Return how many results a run has stored: its progress, whatever the machine's speed."""
    return sum(1 for path in (home / "results").rglob("*.npz"))


@pytest.mark.slow
def test_killed_at_three_random_moments_it_ends_with_the_same_findings(catalog, tmp_path):
    whole = finish(start(catalog, tmp_path / "whole"))
    home = tmp_path / "killed"
    for moment in sorted(random.Random(20261121).sample(range(1, stored(tmp_path / "whole")), 3)):
        process = start(catalog, home)
        while stored(home) < moment:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
            assert process.poll() is None, "it ended before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
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
        for path in (home / "results" / "test-access").rglob("*")
        if path.is_file()
        for line in path.read_text().splitlines()
    ]
    # Of five strategies in two runs, both floors and the one that is recommended: no other looks at the test.
    assert len(lines) == 3 * 2
