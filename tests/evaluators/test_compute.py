"""What a fit is said to have cost is its own: no imports, no memory of what ran before it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from evaluators.compute import Computation, Workbench
from evaluators.results import ResultStore
from tests.evaluators.toy_plans import toy_plan, toy_protocol

LARGE = 256 * 2**20


def cost_of_a_fit(folder):
    plan, data = toy_plan(folder, protocol=toy_protocol(strategies=("majority",)))
    bench = Workbench(plan, data, {}, ResultStore(folder / "results"), "cpu")
    return Computation(bench).measure(plan.cells[0], lambda _done, _total: None)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process can be reset on Linux only")
def test_memory_that_was_freed_before_the_fit_is_not_in_its_peak(tmp_path):
    before = cost_of_a_fit(tmp_path).peak_bytes
    np.ones(LARGE, dtype=np.uint8)
    (tmp_path / "again").mkdir()
    assert 0 < cost_of_a_fit(tmp_path / "again").peak_bytes < before + LARGE // 2


def test_a_peak_that_cannot_be_reset_is_not_measured(tmp_path, monkeypatch):
    # A documented fake: a kernel or container that does not let a process reset its own peak.
    write = Path.write_text

    def refused(path, *arguments, **options):
        if path.name == "clear_refs":
            raise PermissionError("not here")
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", refused)
    assert cost_of_a_fit(tmp_path).peak_bytes == 0
