"""One pair of tiny base models, and one store of fits, for all tests of the engine."""

import pytest
import torch

from tests.evaluators.engine.worlds import Fits, make_worlds


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Models this small lose by threads, and lose much where other work shares the processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    return make_worlds(tmp_path_factory.mktemp("worlds"))


@pytest.fixture(scope="session")
def fits(worlds):
    return Fits(worlds)
