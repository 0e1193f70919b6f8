"""Worlds whose networks lie on a GPU. Every test below this folder is skipped, by name, where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.evaluators.engine.worlds import Fits, make_worlds


def pytest_collection_modifyitems(items):
    """Skip what needs a GPU; such a test says so in its report instead of failing."""
    if torch.cuda.is_available():
        return
    for item in items:
        if "tests/gpu/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="no GPU: torch finds no CUDA device"))


@pytest.fixture(scope="session")
def on_cpu(tmp_path_factory):
    """The toy worlds without dropout: what is compared must not depend on a generator."""
    return Fits(make_worlds(tmp_path_factory.mktemp("worlds"), dropout=0.0))


@pytest.fixture(scope="session")
def on_gpu(on_cpu):
    """The same bases and samples, on the GPU."""
    return Fits({name: replace(world, device="cuda") for name, world in on_cpu.worlds.items()})
