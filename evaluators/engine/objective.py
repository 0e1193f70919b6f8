"""What the steps of a training are about: which samples each reads, and the loss of what comes out.

The learner reads samples (device, precision, dropout, recomputed blocks); an objective says which, and takes the
gradients. So another loss is another objective and not another loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from evaluators.backbones.sending import sent
from evaluators.engine.batching import batches
from evaluators.engine.job import FitJob

if TYPE_CHECKING:
    from evaluators.engine.network import Network

Outputs = Callable[[dict[str, torch.Tensor]], torch.Tensor]
"""From a batch of the backbone to what a loss is taken of: (rows, k)."""

Read = Callable[[Sequence[int], int], AbstractContextManager[torch.Tensor]]
"""Called with samples and the place of the first of them among the rows of the step, on which dropout depends; gives
their outputs, (samples, k) float32. Gradients are taken inside."""


class Objective(Protocol):
    """What is to be learnt.

    Attributes:
        items: What an epoch goes over and a batch is counted in: samples, or pairs of them.
    """

    @property
    def items(self) -> int:
        """How many there are."""
        ...

    def rows(self, batch_size: int) -> int:
        """Return how many samples a step over so many items reads at most."""
        ...

    def order(self, lengths: Sequence[int], batch_size: int, seed: int) -> Iterator[list[int]]:
        """Yield the items of each step, without end; lengths are those of the samples."""
        ...

    def outputs(self, network: Network) -> Outputs:
        """Return what of a network the loss is taken of."""
        ...

    def backward(self, items: list[int], read: Read, most: int | None) -> torch.Tensor:
        """Take the gradients of the mean loss of items, at most so many samples at once; return it, a scalar."""
        ...


class Labelled:
    """Each sample has a label, which is made likely.

    Attributes:
        items: Samples.
    """

    def __init__(self, job: FitJob) -> None:
        self.items = len(job.labels)
        self._labels = torch.from_numpy(job.labels).to(job.device)

    def rows(self, batch_size: int) -> int:
        """Every item is a sample."""
        return batch_size

    def order(self, lengths: Sequence[int], batch_size: int, seed: int) -> Iterator[list[int]]:
        """Yield batches of like lengths."""
        return batches(lengths, batch_size, torch.Generator().manual_seed(seed))

    def outputs(self, network: Network) -> Outputs:
        """The logits."""
        return network.logits

    def backward(self, items: list[int], read: Read, most: int | None) -> torch.Tensor:
        """Take the gradients of the cross-entropy, in micro-batches if need be."""
        total, done = torch.zeros((), device=self._labels.device), 0
        for part in cut(items, most or len(items)):
            with read(part, done) as logits:
                wanted = self._labels[sent(part, self._labels.device)]
                # Weighted by size: the parts' gradients add up to that of the batch's mean loss.
                loss = functional.cross_entropy(logits, wanted) * (len(part) / len(items))
                torch.autograd.backward(loss)
            total += loss.detach()
            done += len(part)
        return total


def cut(samples: list[int], largest: int) -> list[list[int]]:
    """Cut a batch into the fewest parts that are not too large, as equal as can be: BatchNorm must not meet one row."""
    parts = torch.tensor_split(torch.tensor(samples), math.ceil(len(samples) / largest))
    return [part.tolist() for part in parts] if len(parts) > 1 else [samples]
