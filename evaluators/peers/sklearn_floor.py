"""Words or pixels and a logistic regression, in scikit-learn alone: one script for one cell, or a call in a loop."""

from __future__ import annotations

import warnings

import numpy as np
from PIL import Image as Pillow
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from evaluators.data.samples import FloatArray, Samples
from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.script import serve


def fit(cell: PeerCell) -> PeerResult:
    """Fit and predict one cell; the base is not read."""
    regression = LogisticRegression(C=float(cell.settings["C"]), max_iter=int(cell.settings["max_iter"]))
    words = cell.train.samples.modality == "text"
    model = (
        make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), regression)
        if words
        else regression
    )
    size = int(cell.settings.get("size", 0))

    def read(samples: Samples) -> FloatArray | tuple[str, ...]:
        return samples.texts if words else _pixels(samples, size)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(read(cell.train.samples), cell.train.labels)
    found = {}
    for name, samples in cell.sets.items():
        logits = np.full((len(samples), cell.classes), -np.inf)
        logits[:, model.classes_] = model.predict_log_proba(read(samples))
        found[name] = np.asarray(softmax(logits, axis=1), dtype=np.float32)
    return PeerResult(found, 0)


def _pixels(samples: Samples, size: int) -> FloatArray:
    small = [
        np.asarray(Pillow.fromarray(image).resize((size, size), Pillow.Resampling.BILINEAR))
        for image in samples.images
    ]
    return np.stack(small).reshape(len(samples), -1).astype(np.float32) / np.float32(255)


if __name__ == "__main__":
    serve(fit)
