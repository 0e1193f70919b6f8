"""What a machine lends of its disk is a share of what is free where states would lie."""

import tempfile
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from evaluators.backbones.boundary import Boundary
from evaluators.engine import machine as lending
from evaluators.engine.machine import machine
from evaluators.engine.placement import SHARE
from evaluators.engine.states import empty_table, folder

Usage = namedtuple("Usage", "total used free")  # as shutil has it


@pytest.fixture
def disks(tmp_path, monkeypatch):
    """A documented fake: two disks, of which temporary files go to the second, which is nearly full."""
    large, small = tmp_path / "large", tmp_path / "small"
    free = {large: 10**12, small: 4_000_000}
    for place in free:
        place.mkdir()
    monkeypatch.setattr(lending.shutil, "disk_usage", lambda place: Usage(10**13, 0, free[Path(place)]))
    monkeypatch.setattr(tempfile, "tempdir", str(small))
    return large, small


def test_the_disk_lends_what_is_free_where_states_lie(disks, monkeypatch):
    large, _ = disks
    assert machine("cpu", "float32").disk_bytes == round(SHARE * 4_000_000)
    monkeypatch.setattr(tempfile, "tempdir", str(large))
    assert machine("cpu", "float32").disk_bytes == round(SHARE * 10**12)


def test_states_on_disk_lie_there(disks, monkeypatch):
    made, from_file = [], torch.from_file
    monkeypatch.setattr(torch, "from_file", lambda name, **how: made.append(name) or from_file(name, **how))
    boundary = Boundary(depth=1, entry="", below=(), by_token=False, row=(3,), channels_last=False, flops=0)
    table = empty_table(
        boundary, ["a", "b"], [1, 1], tier="disk", device=torch.device("cpu"), dtype=torch.float32
    )
    assert table.rows.shape == (2, 3)
    assert [Path(name).is_relative_to(folder()) for name in made] == [True]
    assert folder() == disks[1]
    assert list(folder().iterdir()) == []
