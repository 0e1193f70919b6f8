"""A causal language model as what it was trained to be: it says how likely a continuation is.

In: a folder of the Hugging Face layout. Out: a `CausalModel`. Nothing of the folder is executed: safetensors only, no
remote code, no adapter that redirects to another base, no network. Many texts are asked after one beginning, and many
answers after each text: the beginning is read once, a text once, and its answers beside each other in the same pass.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from evaluators.backbones.text import quiet, refuse_adapter, refuse_holes
from evaluators.cuts import texts_at_once
from evaluators.data.samples import FloatArray
from evaluators.errors import InvalidDocument

#: What a model's forward must take for texts to share a beginning and answers a text.
_NEEDED = {"attention_mask", "position_ids", "logits_to_keep"}
#: What transformers calls the keys and values of what was read: since 5.24, and before.
_CACHE_NAMES = ("cache", "past_key_values")

Tokens = list[int]


@dataclass(frozen=True, eq=False)
class Beginning:
    """What every text of a call comes after.

    Attributes:
        length: In tokens.
        cache: Keys and values of every layer; None where there is no token.
    """

    length: int
    cache: Any


@dataclass(frozen=True, eq=False)
class CausalModel:
    """A causal language model with its tokenizer, in float32 and evaluation mode.

    Attributes:
        module: The model with its head.
        tokenizer: Its tokenizer.
        context: Tokens that it can read at once.
        cache_name: The argument of its forward that holds the keys and values of what was read.
    """

    module: Any
    tokenizer: Any
    context: int
    cache_name: str

    @property
    def start(self) -> Tokens:
        """Return the token that the tokenizer begins every text with, if it has such a habit."""
        first = self.tokenizer.bos_token_id
        return [int(first)] if first is not None and first in self.tokenizer("a")["input_ids"][:1] else []

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of a text, without any that the tokenizer puts around."""
        ids: Tokens = self.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)[
            "input_ids"
        ]
        return ids

    def begin(self, ids: Tokens) -> Beginning:
        """Read a beginning once; call it under `torch.inference_mode`."""
        if not ids:
            return Beginning(0, None)
        cache = DynamicCache(config=self.module.config)
        read = torch.tensor([ids], device=self._device)
        self.module(input_ids=read, use_cache=True, logits_to_keep=1, **{self.cache_name: cache})
        return Beginning(len(ids), cache)

    def mean_log_probabilities(
        self, beginning: Beginning, texts: Sequence[Tokens], answers: Sequence[Tokens]
    ) -> FloatArray:
        """Return the mean log-probability of each answer's tokens after the beginning and each text.

        Call it under `torch.inference_mode`.

        Args:
            beginning: As `begin` returned it.
            texts: m texts, none empty.
            answers: Continuations, none empty.

        Returns:
            (m, answers) float32.

        Raises:
            InvalidDocument: If a text with its longest answer does not fit the context.
        """
        longest = max(map(len, texts)) + max(map(len, answers))
        if beginning.length + longest > self.context:
            raise InvalidDocument(
                f"a prompt of {beginning.length + longest} tokens does not fit a context of {self.context}",
                hint="use fewer examples, or cut their texts shorter",
            )
        beside = _Beside.of(answers, self._device)
        found = np.zeros((len(texts), len(answers)), dtype=np.float32)
        for indices in self._passes(beginning, texts, len(beside.ids)):
            scores = self._pass(beginning, [texts[index] for index in indices], beside)
            found[indices] = scores.float().cpu().numpy()
        return found

    def _pass(self, beginning: Beginning, texts: list[Tokens], beside: _Beside) -> torch.Tensor:
        """Read texts, each followed by all answers, of which none sees another; (texts, answers)."""
        count, longest = len(texts), max(map(len, texts))
        lengths = torch.tensor([len(text) for text in texts], device=self._device)
        # On the left, so that the answers stand in the same columns of every row.
        padded = [[0] * (longest - len(text)) + text for text in texts]
        ids = torch.cat([torch.tensor(padded, device=self._device), beside.ids.expand(count, -1)], dim=1)
        places = torch.arange(longest, device=self._device) - (longest - lengths[:, None])
        positions = torch.cat([places.clamp(min=0), lengths[:, None] + beside.offsets], dim=1)
        cache = None
        if beginning.cache is not None:
            # A pass writes into what it is given.
            cache = copy.deepcopy(beginning.cache)
            cache.batch_repeat_interleave(count)
        logits = self.module(
            input_ids=ids,
            position_ids=beginning.length + positions,
            attention_mask=self._mask(beginning.length, places, beside),
            use_cache=cache is not None,
            logits_to_keep=len(beside.ids) + 1,
            **{self.cache_name: cache},
        ).logits.float()
        chosen = logits[:, beside.sources, beside.ids] - torch.logsumexp(logits, dim=2)[:, beside.sources]
        sums = torch.zeros(count, beside.count, device=self._device).index_add_(1, beside.answer, chosen)
        return sums / beside.lengths

    def _mask(self, before: int, places: torch.Tensor, beside: _Beside) -> torch.Tensor:
        """Return what every token sees, (texts, 1, tokens, before + tokens): 0, or the lowest number there is."""
        count, longest = places.shape
        tokens = longest + len(beside.ids)
        sees = torch.zeros(count, tokens, before + tokens, dtype=torch.bool, device=places.device)
        sees[:, :, :before] = True
        real = places >= 0
        earlier = torch.ones(longest, longest, dtype=torch.bool, device=places.device).tril()
        sees[:, :longest, before : before + longest] = earlier & real[:, None, :]
        sees[:, longest:, before : before + longest] = real[:, None, :]
        sees[:, longest:, before + longest :] = beside.sees
        # Padding sees itself, for a row that sees nothing has no softmax.
        own = torch.arange(tokens, device=places.device)
        sees[:, own, before + own] = True
        kind = self.module.dtype
        hidden = torch.zeros(sees.shape, dtype=kind, device=places.device)
        return hidden.masked_fill_(~sees, torch.finfo(kind).min).unsqueeze(1)

    def _passes(self, beginning: Beginning, texts: Sequence[Tokens], beside: int) -> list[list[int]]:
        """Return batches of texts, longest first; a pure function of lengths."""
        order = sorted(range(len(texts)), key=lambda index: (-len(texts[index]), index))
        vocabulary, before = int(self.module.config.vocab_size), beginning.length
        passes, start = [], 0
        while start < len(order):
            longest = len(texts[order[start]])
            size = texts_at_once(longest, before=before, beside=beside, vocabulary=vocabulary)
            passes.append(order[start : start + size])
            start += size
        return passes

    @property
    def _device(self) -> torch.device:
        device: torch.device = self.module.device
        return device


@dataclass(frozen=True, eq=False)
class _Beside:
    """Answers side by side, as they stand behind every text.

    Attributes:
        ids: (tokens,) of all answers.
        answer: (tokens,) which answer a token is of.
        offsets: (tokens,) its place in its answer.
        sources: (tokens,) which row of scores tells it: 0 the text's last token, else 1 + the place of the one before.
        sees: (tokens, tokens) bool: itself and what is before it in its own answer.
        lengths: (answers,) float32.
        count: Answers.
    """

    ids: torch.Tensor
    answer: torch.Tensor
    offsets: torch.Tensor
    sources: torch.Tensor
    sees: torch.Tensor
    lengths: torch.Tensor
    count: int

    @staticmethod
    def of(answers: Sequence[Tokens], device: torch.device) -> _Beside:
        """Put answers side by side."""
        flat = [
            (token, number, place)
            for number, answer in enumerate(answers)
            for place, token in enumerate(answer)
        ]
        ids, answer, offsets = (torch.tensor(column, device=device) for column in zip(*flat, strict=True))
        own = torch.arange(len(ids), device=device)
        sees = (answer[:, None] == answer[None, :]) & (own[None, :] <= own[:, None])
        lengths = torch.tensor([float(len(answer)) for answer in answers], device=device)
        sources = torch.where(offsets == 0, torch.zeros_like(own), own)
        return _Beside(ids, answer, offsets, sources, sees, lengths, len(answers))


def load_causal(folder: Path) -> CausalModel:
    """Load a causal language model on the CPU, in float32 and evaluation mode.

    Args:
        folder: Verified files: config.json, tokenizer files and safetensors.

    Raises:
        IntegrityError: If weights are missing, or the folder holds an adapter, which would redirect the loading.
        InvalidDocument: If it is a kind of model whose texts cannot share a beginning.
    """
    refuse_adapter(folder)
    with quiet(), torch.random.fork_rng(devices=[]):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        module, info = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    refuse_holes(folder, info, optional=())
    taken = set(inspect.signature(module.forward).parameters)
    caches = [name for name in _CACHE_NAMES if name in taken]
    lacking = sorted(_NEEDED - taken) + ([] if caches else ["cache"])
    if lacking:
        raise InvalidDocument(f"{folder}: {type(module).__name__} takes no {', '.join(lacking)}")
    return CausalModel(module.eval(), tokenizer, _context(module.config), caches[0])


def _context(config: Any) -> int:
    """Return how many tokens it reads at once; a window that slides is the limit too, for masks here know of none."""
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "sliding_window")]
    return min(int(limit) for limit in limits if limit)
