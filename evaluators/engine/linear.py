"""Logistic regression, kept as plain arrays: a `LinearModel`; and its fit by scikit-learn, for the data-only baselines.

In: a matrix (dense float32 or sparse), labels, and how strongly to regularise. Out: a `LinearModel` that needs no
scikit-learn to predict, so what is stored is read back to the same bits. Classes that the draw does not hold get
probability 0; a draw with a single class gives it probability 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.blas import single_threaded
from evaluators.protocol import SettingValue


@dataclass(frozen=True)
class Logistic:
    """Settings of the regression.

    Attributes:
        c: Inverse strength of the L2 penalty, as scikit-learn's `C`.
        max_iter: Iterations of L-BFGS at most.
        random_state: Handed to scikit-learn; L-BFGS ignores it.
        standardize: Whether columns are brought to mean 0 and standard deviation 1 of the training rows.
    """

    c: float
    max_iter: int
    random_state: int
    standardize: bool = False


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Logits = ((x - mean) / scale) @ coefficients.T + intercept.

    Attributes:
        coefficients: (classes, width) float32; zero for absent classes.
        intercept: (classes,) float32; minus infinity for absent classes.
        mean: (width,) float32, or empty where columns are taken as they are.
        scale: (width,) float32, or empty.
        trained_parameters: Numbers that were fitted.
        steps: Iterations of L-BFGS.
        converged: False if `max_iter` ended it.
    """

    coefficients: FloatArray
    intercept: FloatArray
    mean: FloatArray
    scale: FloatArray
    trained_parameters: int
    steps: int
    converged: bool

    def probabilities(self, matrix: Any) -> FloatArray:
        """Return (m, classes) float32 for a matrix (m, width), dense or sparse."""
        logits = np.asarray(self._scaled(matrix) @ self.coefficients.T) + self.intercept
        return np.asarray(softmax(logits.astype(np.float64), axis=1), dtype=np.float32)

    def log_likelihood(self, matrix: Any, labels: IntArray) -> float:
        """Return the mean log-probability of the labels."""
        chosen = self.probabilities(matrix)[np.arange(len(labels)), labels].astype(np.float64)
        return float(np.log(np.maximum(chosen, 1e-12)).mean())

    def _scaled(self, matrix: Any) -> Any:
        return (matrix - self.mean) / self.scale if self.mean.size else matrix

    def facts(self) -> dict[str, Any]:
        """Return the numbers that a record keeps beside the arrays."""
        return {
            "trained_parameters": self.trained_parameters,
            "steps": self.steps,
            "converged": self.converged,
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the arrays by name, as a record keeps them."""
        names = ("coefficients", "intercept", "mean", "scale")
        return {name: torch.from_numpy(getattr(self, name)) for name in names}


class Linear:
    """What a classifier around a linear model says of its training."""

    model: LinearModel

    @property
    def trained_parameters(self) -> int:
        """Coefficients and intercepts of the classes that were seen."""
        return self.model.trained_parameters

    @property
    def steps(self) -> int:
        """Iterations of L-BFGS."""
        return self.model.steps

    @property
    def converged(self) -> bool:
        """Whether L-BFGS ended before `max_iter` did."""
        return self.model.converged


def linear_from(facts: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> LinearModel:
    """Return the model that `facts` and `tensors` were taken from."""
    return LinearModel(
        coefficients=tensors["coefficients"].numpy(),
        intercept=tensors["intercept"].numpy(),
        mean=tensors["mean"].numpy(),
        scale=tensors["scale"].numpy(),
        trained_parameters=int(facts["trained_parameters"]),
        steps=int(facts["steps"]),
        converged=bool(facts["converged"]),
    )


def logistic_settings(settings: Mapping[str, SettingValue], seed: int) -> Logistic:
    """Read `C`, `max_iter` and, where given, `standardize` and `random_state` (else the job's seed)."""
    return Logistic(
        c=float(settings["C"]),
        max_iter=int(settings["max_iter"]),
        random_state=int(settings.get("random_state", seed)),
        standardize=bool(settings.get("standardize", False)),
    )


def fit_logistic(matrix: Any, labels: IntArray, *, classes: int, how: Logistic) -> LinearModel:
    """Fit a multinomial logistic regression with scikit-learn, for what is sparse or wide.

    Frozen features go to `logistic_batch.solve`.

    Args:
        matrix: (n, width) float32, or scipy sparse.
        labels: (n,) class indices.
        classes: Number of classes of the task.
        how: Settings.
    """
    width = int(matrix.shape[1])
    coefficients = np.zeros((classes, width), dtype=np.float32)
    intercept = np.full(classes, -np.inf, dtype=np.float32)
    mean, scale = moments(matrix) if how.standardize else (np.zeros(0, np.float32), np.zeros(0, np.float32))
    present = np.unique(labels)
    if len(present) == 1:
        return of_one_class(int(present[0]), classes, mean, scale, width=width)
    regression = LogisticRegression(C=how.c, max_iter=how.max_iter, random_state=how.random_state)
    with warnings.catch_warnings(), single_threaded():
        # That max_iter ended it is told by `converged`, and stands in the report.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit((matrix - mean) / scale if how.standardize else matrix, labels)
    if len(present) == 2:
        # scikit-learn keeps one row for two classes: the logit of the second against the first.
        coefficients[present[1]] = regression.coef_[0]
        intercept[present] = 0.0, regression.intercept_[0]
    else:
        coefficients[present], intercept[present] = regression.coef_, regression.intercept_
    steps = int(regression.n_iter_.max())
    return LinearModel(
        coefficients,
        intercept,
        mean,
        scale,
        trained_parameters=int(regression.coef_.size + regression.intercept_.size),
        steps=steps,
        converged=steps < how.max_iter,
    )


def of_one_class(label: int, classes: int, mean: FloatArray, scale: FloatArray, *, width: int) -> LinearModel:
    """Return the model of a draw with a single class, which is certain of it."""
    intercept = np.full(classes, -np.inf, dtype=np.float32)
    intercept[label] = 0.0
    coefficients = np.zeros((classes, width), dtype=np.float32)
    return LinearModel(coefficients, intercept, mean, scale, trained_parameters=0, steps=0, converged=True)


def moments(matrix: NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of every column; 1 where a column is constant."""
    mean = matrix.mean(axis=0, dtype=np.float64)
    scale = matrix.std(axis=0, dtype=np.float64)
    # A constant column has a deviation of rounding errors, not of zero.
    scale[scale <= 1e-7 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
