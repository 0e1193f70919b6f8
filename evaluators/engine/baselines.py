"""Floors that a transfer must beat: the majority class, TF-IDF or pixels with logistic regression.

In: a job with raw samples and no backbone. Out: a classifier over raw samples that depends on the data alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from sklearn.feature_extraction.text import TfidfVectorizer

from evaluators.data.samples import FloatArray, Image, Samples
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.linear import Linear, LinearModel, fit_logistic, linear_from, logistic_settings
from evaluators.engine.records import Record, write_record

#: Weights of the regression on words: L-BFGS keeps some 25 copies of them in float64, 2 GB at most. Rare words are left
#: out for it where there are hundreds of labels.
MOST_WEIGHTS = 10_000_000


@dataclass(frozen=True, eq=False)
class Majority:
    """Predicts the shares of the training labels, whatever the input.

    Attributes:
        shares: (classes,) float32.
    """

    shares: FloatArray
    trained_parameters: int = 0
    steps: int = 0
    converged: bool = True

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return the shares for every input; of equally frequent classes the first is the most probable."""
        return np.tile(self.shares, (len(samples_of(inputs)), 1))

    def save(self, folder: Path) -> None:
        """Write the shares."""
        write_record(folder, Record("majority", {}, {"shares": torch.from_numpy(self.shares)}))


@dataclass(frozen=True, eq=False)
class WordModel(Linear):
    """TF-IDF of words and pairs of words, then a logistic regression.

    Attributes:
        vectorizer: Fitted.
        model: The regression.
    """

    vectorizer: Any
    model: LinearModel

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return self.model.probabilities(self.vectorizer.transform(samples_of(inputs).texts))

    def save(self, folder: Path) -> None:
        """Write the words in column order, their weights and the coefficients."""
        words = list(self.vectorizer.get_feature_names_out())
        tensors = {"idf": torch.from_numpy(self.vectorizer.idf_.copy()), **self.model.tensors()}
        write_record(folder, Record("words", {"words": words, **self.model.facts()}, tensors))


@dataclass(frozen=True, eq=False)
class PixelModel(Linear):
    """Pixels at a fixed small size, standardised, then a logistic regression.

    Attributes:
        model: The regression.
        size: Height and width that images are brought to.
    """

    model: LinearModel
    size: int

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return self.model.probabilities(_pixels(samples_of(inputs).images, self.size))

    def save(self, folder: Path) -> None:
        """Write the size and the coefficients."""
        write_record(
            folder, Record("pixels", {"size": self.size, **self.model.facts()}, self.model.tensors())
        )


def fit_majority(job: FitJob) -> Majority:
    """Count the labels of the draw."""
    counts = np.bincount(job.labels, minlength=job.classes)
    return Majority((counts / counts.sum()).astype(np.float32))


def fit_tfidf(job: FitJob) -> WordModel | Majority:
    """Fit words and word pairs with sublinear term frequency; a draw without any word gives the majority class."""
    texts = samples_of(job.inputs).texts
    vectorizer = _vectorizer(most=MOST_WEIGHTS // job.classes)
    analyze = vectorizer.build_analyzer()
    if not any(analyze(text) for text in texts):
        return fit_majority(job)
    matrix = vectorizer.fit_transform(texts)
    how = logistic_settings(job.settings, job.seed)
    return WordModel(vectorizer, fit_logistic(matrix, job.labels, classes=job.classes, how=how))


def fit_pixels(job: FitJob) -> PixelModel:
    """Fit pixels, 0 to 1, at the setting `size`; standardised where the setting says so."""
    size = int(job.settings["size"])
    matrix = _pixels(samples_of(job.inputs).images, size)
    how = logistic_settings(job.settings, job.seed)
    return PixelModel(fit_logistic(matrix, job.labels, classes=job.classes, how=how), size)


def samples_of(inputs: Inputs) -> Samples:
    """Return the raw samples of inputs.

    Raises:
        ValueError: If there are none.
    """
    if inputs.samples is None:
        raise ValueError("this strategy reads raw samples, and the inputs have none")
    return inputs.samples


def majority_from(record: Record) -> Majority:
    """Return the classifier that a record of kind `majority` was taken from."""
    return Majority(record.tensors["shares"].numpy())


def words_from(record: Record) -> WordModel:
    """Return the classifier that a record of kind `words` was taken from."""
    vectorizer = _vectorizer({word: column for column, word in enumerate(record.facts["words"])})
    vectorizer.idf_ = record.tensors["idf"].numpy()
    return WordModel(vectorizer, linear_from(record.facts, record.tensors))


def pixels_from(record: Record) -> PixelModel:
    """Return the classifier that a record of kind `pixels` was taken from."""
    return PixelModel(linear_from(record.facts, record.tensors), int(record.facts["size"]))


def _vectorizer(vocabulary: dict[str, int] | None = None, most: int | None = None) -> Any:
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, vocabulary=vocabulary, max_features=most)


def _pixels(images: tuple[Image, ...], size: int) -> FloatArray:
    """Return (n, size * size * 3) float32 in 0 to 1."""
    small = [
        np.asarray(Pillow.fromarray(image).resize((size, size), Pillow.Resampling.BILINEAR))
        for image in images
    ]
    return np.stack(small).reshape(len(images), -1).astype(np.float32) / np.float32(255)
