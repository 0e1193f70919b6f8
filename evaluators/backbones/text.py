"""Text backbones: a transformers encoder or causal language model, from a verified folder to one vector a text.

In: a `TextInput` (pooling, prompt, limits) and a folder of the Hugging Face layout. Out: a `TextBackbone`.
Nothing of the folder is executed: safetensors only, no remote code, no adapter that redirects to another base, no
network. The arithmetic does not depend on the machine's libraries: float32 weights and torch's own attention.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging as library_log

from evaluators.backbones.backbone import Prepared
from evaluators.backbones.sending import sent
from evaluators.candidate import TextInput
from evaluators.data.samples import Samples
from evaluators.errors import IntegrityError, InvalidDocument


class TextBackbone:
    """A text trunk with its tokenizer; see `evaluators.backbones.backbone.Backbone`.

    Attributes:
        module: The trunk, in evaluation mode, without the parts that the pooling does not read.
        width: Length of the feature vector.
        max_tokens: Longer texts are cut.
    """

    def __init__(self, module: nn.Module, tokenizer: Any, spec: TextInput) -> None:
        self.module = module
        self.width = int(getattr(module.config, "hidden_size"))  # noqa: B009  (config is untyped)
        self.max_tokens = spec.max_tokens
        self._tokenizer = tokenizer
        self._spec = spec
        pad = tokenizer.pad_token_id
        # A causal model often has no padding token; any id will do, the attention mask hides it.
        self._pad = 0 if pad is None else int(pad)

    def prepare(self, samples: Samples) -> Prepared:
        """Tokenize once, cut at `max_tokens`; a text without tokens becomes one padding token."""
        if not len(samples):
            return []
        texts = [self._spec.prompt + text for text in samples.texts]
        encoded = self._tokenizer(texts, truncation=True, max_length=self._spec.max_tokens, padding=False)
        return [ids or [self._pad] for ids in encoded["input_ids"]]

    def length(self, prepared: Prepared) -> list[int]:
        """Return the number of tokens of each text."""
        return [len(ids) for ids in prepared]

    def batch(self, prepared: Prepared, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Pad to the longest text of the batch, on the right whatever the tokenizer's habit.

        Returns:
            `input_ids` and `attention_mask`, (batch, longest) int64, on the backbone's device.
        """
        return self._padded([prepared[index] for index in indices])

    def blank(self, lengths: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return a batch of these many padding tokens that the mask shows as real ones."""
        return self._padded([[self._pad] * length for length in lengths])

    def _padded(self, rows: Sequence[list[int]]) -> dict[str, torch.Tensor]:
        longest = max(len(ids) for ids in rows)
        padded = [[*ids, *[self._pad] * (longest - len(ids))] for ids in rows]
        mask = [[1] * len(ids) + [0] * (longest - len(ids)) for ids in rows]
        device = next(self.module.parameters()).device
        return {
            "input_ids": sent(padded, device),
            "attention_mask": sent(mask, device),
        }

    def features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return pooled features (batch, width) in float32, differentiable."""
        output = self.module(**batch)
        if self._spec.pooling == "model":
            pooled = output.pooler_output.float()
        else:
            pooled = pool(output.last_hidden_state.float(), batch["attention_mask"], self._spec.pooling)
        return nn.functional.normalize(pooled, dim=-1) if self._spec.normalize else pooled

    def pool_block(self, hidden: torch.Tensor, batch: dict[str, torch.Tensor], /) -> torch.Tensor:
        """Pool (batch, tokens, width) as the card says; where a pooler does, by the first token, which it reads."""
        pooling = "cls" if self._spec.pooling == "model" else self._spec.pooling
        return pool(hidden.float(), batch["attention_mask"], pooling)

    def rows_read(self, prepared: Prepared) -> tuple[nn.Embedding, torch.Tensor] | None:
        """Return the table of token embeddings and the sorted ids of all tokens and of padding."""
        network: Any = self.module
        table = network.get_input_embeddings()
        ids = {token for row in prepared for token in row} | {self._pad}
        rows = torch.tensor(sorted(ids), device=next(self.module.parameters()).device)
        return (table, rows) if isinstance(table, nn.Embedding) else None

    def blocks(self) -> list[nn.Module]:
        """Return [embeddings, block..., final norms]; the last is empty where there are none."""
        return _cut(self.module)

    def adapter_targets(self) -> list[str]:
        """Return the names of all linear layers."""
        return [name for name, layer in self.module.named_modules() if isinstance(layer, (nn.Linear, Conv1D))]


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Return one vector a text.

    Args:
        hidden: (batch, tokens, width) float32, padded on the right.
        mask: (batch, tokens), 1 for real tokens, at least one a row.
        pooling: `mean` over real tokens, `cls` first token, `last` last real token.
    """
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(dim=1) - 1]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def load_text(spec: TextInput, folder: Path, *, pretrained: bool) -> TextBackbone:
    """Load a text backbone on the CPU, in evaluation mode.

    Args:
        spec: How text becomes one vector.
        folder: Verified files: config.json, tokenizer files, and safetensors if `pretrained`.
        pretrained: False gives the same architecture from a random initialisation (torch's global generator).

    Raises:
        IntegrityError: If weights are missing, or the folder holds an adapter, which would redirect the loading.
        InvalidDocument: If the pooling asks for a pooler that the model does not have.
    """
    refuse_adapter(folder)
    # A pooler that a file lacks is initialised before it is removed: that must not move the global generator.
    with quiet(), torch.random.fork_rng(devices=[], enabled=pretrained):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        module = _pretrained(folder) if pretrained else _untrained(folder)
    module = module.float().eval()
    _keep_what_pooling_reads(module, spec, folder)
    return TextBackbone(module, tokenizer, spec)


def _pretrained(folder: Path) -> Any:
    module, info = AutoModel.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    refuse_holes(folder, info, optional=("pooler.",))
    return module


def refuse_adapter(folder: Path) -> None:
    """Raise IntegrityError if a folder holds an adapter: loading would go on to another base."""
    if (folder / "adapter_config.json").exists():
        raise IntegrityError(
            f"{folder} holds an adapter (adapter_config.json), not a base model",
            hint="merge the adapter into its base, and register the result",
        )


def refuse_holes(folder: Path, info: Mapping[str, Any], *, optional: tuple[str, ...]) -> None:
    """Raise IntegrityError if weights were missing: transformers fills such holes with random numbers.

    Args:
        folder: What was loaded.
        info: What transformers says of the loading.
        optional: Beginnings of names that may be missing.
    """
    missing = sorted(name for name in info["missing_keys"] if not name.startswith(optional))
    if missing or info["mismatched_keys"]:
        names = ", ".join(missing[:3]) or "shapes differ from the configuration"
        raise IntegrityError(f"{folder}: the weights do not fill the model: {names}")


def _untrained(folder: Path) -> Any:
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return AutoModel.from_config(config, trust_remote_code=False, dtype=torch.float32)


def _keep_what_pooling_reads(module: nn.Module, spec: TextInput, folder: Path) -> None:
    """Remove a pooler that no feature reads: it would be counted as trained and never be."""
    if spec.pooling == "model":
        if getattr(module, "pooler", None) is None:
            raise InvalidDocument(
                f"{folder}: {type(module).__name__} has no pooler, so pooling cannot be 'model'",
                hint="use mean, cls or last",
            )
    elif "add_pooling_layer" in inspect.signature(type(module).__init__).parameters:
        module.pooler = None  # type: ignore[assignment]  # what add_pooling_layer=False does


def _cut(module: nn.Module) -> list[nn.Module]:
    """Cut a trunk at its stack of layers: the list of modules with most parameters."""
    stacks = [
        (_count(part), name) for name, part in module.named_modules() if isinstance(part, nn.ModuleList)
    ]
    _, name = max(stacks, key=lambda entry: entry[0])
    below, above = nn.ModuleList(), nn.ModuleList()
    parent = module
    for step in name.split("."):
        children = list(parent.named_children())
        position = [child for child, _ in children].index(step)
        below.extend(child for _, child in children[:position])
        for child_name, child in children[position + 1 :]:
            # Tables that every layer reads are registered after the layers in some encoders; norms are 1-D.
            is_top = child_name == "pooler" or all(weight.dim() <= 1 for weight in child.parameters())
            (above if is_top else below).append(child)
        parent = getattr(parent, step)
    return [below, *parent.children(), above]


def _count(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and loading reports off the terminal; what matters of them is checked."""
    bars, level = library_log.is_progress_bar_enabled(), library_log.get_verbosity()
    library_log.disable_progress_bar()
    library_log.set_verbosity_error()
    try:
        yield
    finally:
        library_log.set_verbosity(level)
        if bars:
            library_log.enable_progress_bar()
