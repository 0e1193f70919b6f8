"""A backbone: the trunk of a candidate as every strategy sees it, whatever library it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from evaluators.data.samples import Samples

if TYPE_CHECKING:
    import torch

Prepared = Sequence[Any]
"""One entry a sample: token ids, or a uint8 tensor (channels, height, width)."""


class Backbone(Protocol):
    """Inputs to pooled features.

    Attributes:
        module: The trunk. Heads and adapters are added around it, never inside by name.
        width: Length of the feature vector.
    """

    module: torch.nn.Module
    width: int

    def prepare(self, samples: Samples) -> Prepared:
        """Tokenize or transform once, deterministically; no augmentation."""
        ...

    def length(self, prepared: Prepared) -> list[int]:
        """Return a length for each sample (tokens; 1 for images), to sort batches by."""
        ...

    def batch(self, prepared: Prepared, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Collate samples on the backbone's device; padding only to the longest of the batch."""
        ...

    def blank(self, lengths: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return a batch of these lengths that says nothing: to go on from a known hidden state, or to see shapes."""
        ...

    def features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return pooled features (batch, width), differentiable, normalised where the card says so."""
        ...

    def pool_block(self, hidden: torch.Tensor, batch: dict[str, torch.Tensor], /) -> torch.Tensor:
        """Return what one block gave, pooled as the features are: (batch, the block's width) float32."""
        ...

    def rows_read(self, prepared: Prepared) -> tuple[torch.nn.Embedding, torch.Tensor] | None:
        """Return the table that token ids index, and the sorted, distinct ids that samples and padding read of it.

        (rows,) int64 on the backbone's device. None where there is no such table.
        """
        ...

    def blocks(self) -> list[torch.nn.Module]:
        """Return the trunk's parts bottom-up: embeddings or stem first, then every block, then final norms."""
        ...

    def adapter_targets(self) -> list[str]:
        """Return the names inside `module` of the layers that LoRA adapts: linear ones and ungrouped convolutions."""
        ...
