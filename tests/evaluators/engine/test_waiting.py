"""Inside a training step the host never waits for the device, but where losses are looked at.

Counted on a CPU: numbers that are read from a tensor (`_local_scalar_dense`: item, bool, float), results whose size
depends on values (nonzero), and tensors that are made on a named device, which on a GPU waits for the copy.
"""

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from evaluators.engine import training
from evaluators.engine.fit import fit, fit_together
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import CASES

TRAINED = [
    (row, modality) for row, modality in CASES if "epochs" in row.defaults and "causal-lm" not in row.needs
]
WAITING = {
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::masked_select",
    "aten::_unique2",
    "aten::equal",
}
WHOLE_TENSORS = {torch.Tensor.cpu, torch.Tensor.numpy}
#: transformers asks once a forward whether a batch of texts has any padding (masking_utils): not ours to avoid.
OF_TRANSFORMERS = {"image": 0, "text": 1}


class Reads(TorchDispatchMode):
    def __init__(self, seen):
        super().__init__()
        self._seen = seen

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name
        if name in WAITING or (name.startswith("aten::index") and _by_mask(args)):
            self._seen[name] += 1
        return func(*args, **(kwargs or {}))


class Calls(TorchFunctionMode):
    def __init__(self, seen):
        super().__init__()
        self._seen = seen

    def __torch_function__(self, func, types, args=(), kwargs=None):
        # An empty one, as caches of keys begin, copies nothing.
        copies = func is torch.tensor and (kwargs or {}).get("device") is not None and args[0] != []
        if copies or func in WHOLE_TENSORS:
            self._seen[func.__name__] += 1
        return func(*args, **(kwargs or {}))


def _by_mask(args):
    rows = args[1] if len(args) > 1 and isinstance(args[1], (list, tuple)) else ()
    return any(row is not None and row.dtype in (torch.bool, torch.uint8) for row in rows)


@contextmanager
def counted():
    """Give what waits, by name."""
    seen = Counter()
    with Reads(seen), Calls(seen):
        yield seen


@pytest.fixture
def unchecked(monkeypatch):
    monkeypatch.setattr(training, "_check", lambda *_: None)


def of_one_step(jobs, train):
    """Return what waited in the third step of a training; the first ones may still set things up."""
    at = {}
    with counted() as seen:
        train([replace(job, progress=lambda done, _total: at.update({done: Counter(seen)})) for job in jobs])
    return at[3] - at[2]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("row", "modality"), TRAINED, ids=[f"{row.id}-{what}" for row, what in TRAINED])
def test_a_step_waits_for_nothing(worlds, row, modality):
    job = worlds[modality].job(row, max_steps=4)
    waited = of_one_step([job], lambda jobs: fit(row, *jobs))
    assert waited.pop("aten::_local_scalar_dense", 0) <= OF_TRANSFORMERS[modality]
    assert waited == {}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["full-finetune", "lora"])
def test_a_step_of_cells_side_by_side_waits_for_nothing(worlds, name):
    row = strategy(name)
    jobs = [worlds["text"].job(row, max_steps=4, seed=seed) for seed in (0, 1)]
    waited = of_one_step(jobs, lambda jobs: fit_together(row, jobs))
    assert waited.pop("aten::_local_scalar_dense", 0) <= 1
    assert waited == {}


def test_the_look_at_the_losses_is_counted(worlds):
    row = strategy("full-finetune")
    job = worlds["image"].job(row, max_steps=4)
    assert of_one_step([job], lambda jobs: fit(row, *jobs)) == {"aten::_local_scalar_dense": 1}
