"""Frozen features as MTEB's classification tasks use them: encode once, then fit one scikit-learn head after the other.

In: draws, what to predict, and the grid of heads. Out: probabilities of every head. `fit` is the untuned form: one
script for one head, which encodes what that head needs, every text padded to 128 tokens.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image as Pillow
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from timm.data import create_transform, resolve_model_data_config
from transformers import AutoTokenizer

from evaluators.candidate import TextInput
from evaluators.data.samples import FloatArray, IntArray, LabelledSet, Samples
from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.script import serve
from evaluators.peers.text_network import TextClassifier, encoder_of, padded_length

#: Sharpness of our neighbours' vote.
_TEMPERATURE = 0.07
_PADDED_TO = 128
_PADDED_BATCH = 32


@dataclass(frozen=True)
class Head:
    """One head: logistic regression at a penalty, or k neighbours.

    Attributes:
        c: Inverse strength of the penalty; None for neighbours.
        k: Neighbours; None for the regression.
        standardize: Whether columns are standardised first.
        max_iter: Iterations of L-BFGS at most.
        tol: Of scikit-learn: the gradient at which it stops.
    """

    c: float | None = None
    k: int | None = None
    standardize: bool = True
    max_iter: int = 1000
    tol: float = 1e-4


@dataclass(frozen=True, eq=False)
class HeadGrid:
    """All heads over all draws.

    Attributes:
        folder: Files of the base model.
        input: How inputs reach it.
        draws: The labels of each draw and size.
        heads: What is fitted on each of them.
        sets: What to predict, by name.
        classes: Number of classes.
        device: `cpu` or `cuda`.
    """

    folder: Path
    input: Any
    draws: Sequence[LabelledSet]
    heads: Sequence[Head]
    sets: Mapping[str, Samples]
    classes: int
    device: str = "cpu"


def run_grid(grid: HeadGrid) -> list[list[Mapping[str, FloatArray]]]:
    """Encode every distinct input once and fit every head; return probabilities by draw, head and set."""
    groups = [*(draw.samples for draw in grid.draws), *grid.sets.values()]
    items = {d: item for s in groups for d, item in zip(s.digests, s.items, strict=True)}
    features = encode_once(grid, list(items.values()))
    row_of = {digest: row for row, digest in enumerate(items)}

    def rows(samples: Samples) -> FloatArray:
        return features[[row_of[digest] for digest in samples.digests]]

    sets = {name: rows(samples) for name, samples in grid.sets.items()}
    with one_thread_a_product():
        return [
            [fit_head(head, rows(draw.samples), draw.labels, sets, grid.classes) for head in grid.heads]
            for draw in grid.draws
        ]


def one_thread_a_product() -> threadpool_limits:
    """Return a block in which scikit-learn is at its fastest: threads that share one small product only wait."""
    return threadpool_limits(limits=1, user_api="blas")


def fit_head(
    head: Head, train: FloatArray, labels: IntArray, sets: Mapping[str, FloatArray], classes: int
) -> Mapping[str, FloatArray]:
    """Fit one head with scikit-learn and predict every set."""
    model, found = fitted_head(head, train, labels), {}
    for name, features in sets.items():
        found[name] = np.zeros((len(features), classes), dtype=np.float32)
        found[name][:, model.classes_] = model.predict_proba(features)
    return found


def fitted_head(head: Head, train: FloatArray, labels: IntArray) -> Any:
    """Return scikit-learn's fitted classifier."""
    if head.k is not None:
        model: Any = KNeighborsClassifier(
            min(head.k, len(labels)), metric="cosine", weights=lambda far: np.exp(-far / _TEMPERATURE)
        )
    else:
        regression = LogisticRegression(C=head.c, max_iter=head.max_iter, tol=head.tol)
        model = make_pipeline(StandardScaler(), regression) if head.standardize else regression
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, labels)
    return model


def encode_once(grid: HeadGrid, items: Sequence[Any]) -> FloatArray:
    """Encode distinct inputs: sentence-transformers for texts (it sorts by length), timm for images."""
    if not isinstance(grid.input, TextInput):
        return encode_images(grid.folder, items, grid.device)
    return encode_texts(sentence_encoder(grid.folder, grid.device), grid.input, items)


def sentence_encoder(folder: Path, device: str) -> Any:
    """Return a SentenceTransformer, in bf16 on a GPU."""
    # A development dependency, and a slow import that scripts for one head need not pay.
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device=device)
    return model.to(torch.bfloat16) if device == "cuda" else model


def encode_texts(model: Any, spec: TextInput, texts: Sequence[str]) -> FloatArray:
    """Encode texts with a SentenceTransformer.

    Raises:
        ValueError: If the features are pooled in another way than by the mean, which it falls back to.
    """
    if spec.pooling != "mean":
        raise ValueError("sentence-transformers is asked for mean pooling only")
    model.max_seq_length = spec.max_tokens
    found = model.encode(
        [spec.prompt + text for text in texts],
        batch_size=_PADDED_BATCH,
        normalize_embeddings=spec.normalize,
        show_progress_bar=False,
    )
    return np.asarray(found, dtype=np.float32)


class PaddedEncoder:
    """Encodes texts in their order, every one padded to 128 tokens, as a first script does."""

    def __init__(self, folder: Path, spec: TextInput, device: str) -> None:
        """Load tokenizer and base."""
        self._spec = spec
        self._device = device
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._network = TextClassifier(encoder_of(folder, untrained=False), spec, 1).to(device).eval()
        self._longest = padded_length(folder, _PADDED_TO)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return features, (n, width)."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(texts), _PADDED_BATCH):
                batch = self._tokenizer(
                    [self._spec.prompt + text for text in texts[start : start + _PADDED_BATCH]],
                    padding="max_length",
                    truncation=True,
                    max_length=self._longest,
                    return_tensors="pt",
                ).to(self._device)
                features = self._network.features(batch["input_ids"], batch["attention_mask"])
                parts.append(features.float().cpu())
        return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)


def encode_images(folder: Path, images: Sequence[Any], device: str) -> FloatArray:
    """Encode images with timm's transform, in batches."""
    trunk = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).to(device).eval()
    transform = create_transform(**resolve_model_data_config(trunk), is_training=False)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(images), 128):
            pixels = torch.stack([transform(Pillow.fromarray(i)) for i in images[start : start + 128]])
            parts.append(trunk(pixels.to(device)).float().cpu())
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)


def fit(cell: PeerCell) -> PeerResult:
    """Encode what one head needs and fit it: what a script for one cell does."""
    if "k" in cell.settings:
        head = Head(k=int(cell.settings["k"]))
    else:
        head = Head(
            c=float(cell.settings["C"]),
            standardize=bool(cell.settings["standardize"]),
            max_iter=int(cell.settings["max_iter"]),
        )

    spec = cell.input
    padded = PaddedEncoder(cell.folder, spec, cell.device) if isinstance(spec, TextInput) else None

    def encoded(samples: Samples) -> FloatArray:
        if padded is not None:
            return padded.encode(samples.texts)
        return encode_images(cell.folder, samples.images, cell.device)

    sets = {name: encoded(samples) for name, samples in cell.sets.items()}
    found = fit_head(head, encoded(cell.train.samples), cell.train.labels, sets, cell.classes)
    forwards = len(cell.train) + sum(len(samples) for samples in cell.sets.values())
    return PeerResult(found, 0, {"sample_forwards": forwards})


if __name__ == "__main__":
    serve(fit)
