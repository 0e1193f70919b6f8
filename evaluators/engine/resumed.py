"""A backbone whose lower blocks are read from states: what partial freezes train, evaluate and predict with.

It is a `Backbone` like any other, over the same module, so the training loop and the classifier know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.backbones.boundary import features_from
from evaluators.data.samples import Samples
from evaluators.engine.baselines import samples_of
from evaluators.engine.boundary_cache import cached_states, fill, trial
from evaluators.engine.classifier import Classifier
from evaluators.engine.job import BoundaryStates, FitJob
from evaluators.engine.machine import machine
from evaluators.engine.placement import place
from evaluators.engine.recipe import recipe_of
from evaluators.engine.states import StateTable
from evaluators.features import chunks, distinct
from evaluators.ladder.depth import frozen_blocks
from evaluators.protocol import SettingValue


@dataclass(frozen=True)
class Located(Sequence[int]):
    """Samples by their numbers in a table.

    Attributes:
        table: Holds their states.
        numbers: Of the samples, in their order.
    """

    table: StateTable
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        return self.numbers[index]


class Resumed:
    """A backbone that begins at a boundary; see `evaluators.backbones.backbone.Backbone`.

    Attributes:
        module: The whole trunk. Its blocks below the boundary do not run.
        width: Length of the feature vector.
        whole: The backbone without states.
        table: The states.
    """

    def __init__(self, whole: Backbone, table: StateTable, dtype: str) -> None:
        self.whole = whole
        self.module = whole.module
        self.width = whole.width
        self.table = table
        self._dtype = dtype

    def prepare(self, samples: Samples) -> Prepared:
        """Look the states of samples up; those of a set that the table does not cover are computed now."""
        table = self.table
        if not table.covers(samples):
            depth = table.boundary.depth
            parts = chunks(distinct([samples]))
            self.module.eval()
            found = fill(
                self.whole,
                {depth: table.boundary},
                parts,
                tiers={depth: "host"},
                dtype=self._dtype,
                progress=_silent,
            )
            table = found.tables.get(depth, table)  # no table for no samples
        return Located(table, tuple(table.places[digest] for digest in samples.digests))

    def length(self, prepared: Prepared) -> list[int]:
        """Return the lengths that the whole backbone would give."""
        found = _located(prepared)
        return [found.table.lengths[number] for number in found.numbers]

    def batch(self, prepared: Prepared, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return `state` and `lengths` of samples, the first on the backbone's device."""
        found = _located(prepared)
        numbers = [found.numbers[index] for index in indices]
        device = next(self.module.parameters()).device
        return {
            "state": found.table.gather(numbers, device),
            "lengths": torch.tensor([found.table.lengths[number] for number in numbers]),
        }

    def blank(self, lengths: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return what the whole backbone gives."""
        return self.whole.blank(lengths)

    def features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return pooled features (batch, width) in float32, differentiable down to the boundary."""
        return features_from(self.whole, self.table.boundary, batch["state"], batch["lengths"].tolist())

    def pool_block(self, hidden: torch.Tensor, batch: dict[str, torch.Tensor], /) -> torch.Tensor:
        """Return what the whole backbone gives."""
        return self.whole.pool_block(hidden, batch)

    def rows_read(self, prepared: Prepared) -> None:
        """Return None: no token is looked up."""

    def blocks(self) -> list[nn.Module]:
        """Return the parts of the whole trunk."""
        return self.whole.blocks()

    def adapter_targets(self) -> list[str]:
        """Return the layers of the whole trunk."""
        return self.whole.adapter_targets()


def from_boundary(job: FitJob) -> FitJob:
    """Return a job whose backbone begins above its frozen blocks, where that is possible and worth it.

    The states are the job's shared ones, or else those of its own samples, computed when the backbone is loaded.

    Args:
        job: Its settings say how many blocks are frozen.
    """
    load = job.load_backbone
    if load is None:
        return job

    def resumed(pretrained: bool) -> Backbone:
        backbone = load(pretrained)
        depth = frozen_blocks(job.settings, len(backbone.blocks()) - 2)
        table = _shared(job, depth) or (_own(backbone, depth, job) if depth else None)
        return backbone if table is None else Resumed(backbone, table, job.dtype)

    return replace(job, load_backbone=resumed)


def above(
    backbone: Backbone, states: BoundaryStates, settings: Mapping[str, SettingValue], dtype: str
) -> Backbone:
    """Return a backbone that begins above its frozen blocks, from shared states; itself where there are none."""
    table = states.table(frozen_blocks(settings, len(backbone.blocks()) - 2))
    return backbone if table is None else Resumed(backbone, table, dtype)


def made_whole(fitted: Classifier, job: FitJob) -> Classifier:
    """Let go of states that only the fit itself knew: what it returns reads samples."""
    backbone = fitted.network.backbone
    if isinstance(backbone, Resumed) and backbone.table is not _shared(job, backbone.table.boundary.depth):
        fitted.network = replace(fitted.network, backbone=backbone.whole)
    return fitted


def _shared(job: FitJob, depth: int) -> StateTable | None:
    """Return shared states of the job's arithmetic: what diverged in bfloat16 is not trained from such states again."""
    table = job.states.table(depth) if job.states else None
    return table if table is not None and table.rows.dtype == getattr(torch, job.dtype) else None


def _own(backbone: Backbone, depth: int, job: FitJob) -> StateTable | None:
    """Compute the states of a job's own samples; None where the network cannot be cut, or it is not worth it."""
    samples = distinct([samples_of(job.inputs)])
    boundary = trial(backbone, samples, [depth]).get(depth)
    if boundary is None:
        return None
    cached = cached_states(backbone, boundary, samples, job.dtype, reads=samples_trained(job))
    (placed,) = place([cached], machine(job.device, job.dtype))
    tiers = {depth: placed.tier}
    parts = chunks(samples)
    filled = fill(backbone, {depth: boundary}, parts, tiers=tiers, dtype=job.dtype, progress=_silent)
    return filled.table(depth)


def samples_trained(job: FitJob) -> int:
    """Return how many samples a job's training reads, over all steps."""
    recipe = recipe_of(job.settings)
    return recipe.steps(len(job.labels)) * min(recipe.batch_size, len(job.labels))


def _located(prepared: Prepared) -> Located:
    if not isinstance(prepared, Located):
        raise TypeError("these samples were prepared by another backbone")
    return prepared


def _silent(done: int, total: int) -> None:
    """A fit tells of its steps."""
