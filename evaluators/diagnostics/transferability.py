"""How transferable features look before anything is trained: scores from features, labels and a source classifier.

In: features (n, width) of a frozen base and labels (n,), or probabilities (n, source classes) of a source classifier.
Out: one number each, higher is better, comparable between bases on one task only. They are computed on labels that a
run may use, never on a test. All are guesses: `rank_correlation` says how good a guess was, where accuracies are known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

#: Fixed point of LogME: changes of alpha / beta below this share, after so many rounds at most.
_LOGME_TOLERANCE, _LOGME_ROUNDS = 1e-2, 11
#: What keeps logarithms and quotients finite.
_TINY = 1e-5


def h_score(features: Matrix, labels: Labels) -> float:
    """Return the H-score (Bao et al. 2019): the share of the features' spread that lies between classes.

    Args:
        features: (n, width), n above width or their covariance is pseudo-inverted.
        labels: (n,) class indices.
    """
    between = np.cov(_class_means(features, labels), rowvar=False)
    within_and_between = np.cov(features, rowvar=False)
    return float(np.trace(np.linalg.pinv(within_and_between, rcond=1e-15) @ between))


def regularised_h_score(features: Matrix, labels: Labels) -> float:
    """Return the H-score with a shrunk covariance (Ibrahim et al. 2022), which also stands few samples.

    The shrinkage is Ledoit and Wolf's (2004).
    """
    centred = features - features.mean(axis=0)
    shrinkage = _ledoit_wolf(centred)
    count, width = centred.shape
    covariance = centred.T @ centred / count
    shrunk = (1.0 - shrinkage) * covariance + shrinkage * np.trace(covariance) / width * np.eye(width)
    means = _class_means(centred, labels)
    between = (1.0 - shrinkage) * np.cov(means, rowvar=False)
    return float(np.trace(np.linalg.pinv(shrunk, rcond=1e-15) @ between))


def log_me(features: Matrix, labels: Labels) -> float:
    """Return LogME (You et al. 2021): the evidence of labels under a Bayesian linear model, a sample and class.

    Weights and noise have precisions alpha and beta, found by fixed-point iteration from the features' singular values.
    """
    count, width = features.shape
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    squares = singular**2
    evidences = []
    for label in range(int(labels.max()) + 1):
        wanted = (labels == label).astype(np.float64)
        evidences.append(_evidence(left, squares, wanted, width) / count)
    return float(np.mean(evidences))


def trans_rate(features: Matrix, labels: Labels, *, distortion: float = 1e-4) -> float:
    """Return TransRate (Huang et al. 2022): coding rate of all features, less the mean rate of a class's.

    Args:
        features: (n, width).
        labels: (n,) class indices.
        distortion: Squared error that the code may make.
    """
    centred = features - features.mean(axis=0)
    classes = int(labels.max()) + 1
    of_classes = sum(_coding_rate(centred[labels == label], distortion) for label in range(classes))
    return _coding_rate(centred, distortion) - of_classes / classes


def leep(source: Matrix, labels: Labels) -> float:
    """Return LEEP (Nguyen et al. 2020): mean log-likelihood of labels, predicted through a source classifier.

    Args:
        source: (n, source classes) probabilities.
        labels: (n,) class indices.
    """
    joint = np.zeros((int(labels.max()) + 1, source.shape[1]))
    np.add.at(joint, labels, source / len(labels))
    given_source = joint / joint.sum(axis=0, keepdims=True)
    return float(np.mean(np.log((source @ given_source.T)[np.arange(len(labels)), labels])))


def negative_conditional_entropy(source: Labels, labels: Labels) -> float:
    """Return NCE (Tran et al. 2019): minus the entropy of labels given a source label, in nats.

    Args:
        source: (n,) labels of a source task.
        labels: (n,) class indices.
    """
    joint = np.zeros((int(labels.max()) + 1, int(source.max()) + 1))
    np.add.at(joint, (labels, source), 1.0 / len(labels))
    of_source = np.broadcast_to(joint.sum(axis=0, keepdims=True), joint.shape)
    there = joint > 0
    return float(np.sum(joint[there] * np.log(joint[there] / of_source[there])))


def rank_correlation(scores: NDArray[np.float64], accuracies: NDArray[np.float64]) -> float:
    """Return Kendall's tau, weighted so that the best models count most (Vigna 2015)."""
    return float(stats.weightedtau(accuracies, scores).statistic)


def _class_means(features: Matrix, labels: Labels) -> Matrix:
    """Return each sample's class mean, (n, width)."""
    means = np.zeros_like(features, dtype=np.float64)
    for label in np.unique(labels):
        means[labels == label] = features[labels == label].mean(axis=0)
    return means


def _evidence(left: Matrix, squares: Matrix, wanted: Matrix, width: int) -> float:
    """Return the log evidence of one class's indicator at the fixed point of alpha and beta."""
    count = len(wanted)
    projected = (left.T @ wanted) ** 2
    outside = float(wanted @ wanted - projected.sum())
    alpha = beta = 1.0
    for _ in range(_LOGME_ROUNDS):
        ratio = alpha / beta
        gamma = float(np.sum(squares / (squares + ratio)))
        weights = float(np.sum(squares * projected / (squares + ratio) ** 2))
        residual = float(np.sum(projected / (1.0 + squares / ratio) ** 2)) + outside
        alpha = gamma / (weights + _TINY)
        beta = (count - gamma) / (residual + _TINY)
        if abs(alpha / beta - ratio) / ratio <= _LOGME_TOLERANCE:
            break
    ratio = alpha / beta
    weights = float(np.sum(squares * projected / (squares + ratio) ** 2))
    residual = float(np.sum(projected / (1.0 + squares / ratio) ** 2)) + outside
    return 0.5 * float(
        width * np.log(alpha)
        + count * np.log(beta)
        - float(np.sum(np.log(alpha + beta * squares)))
        - (width - len(squares)) * np.log(alpha)
        - beta * residual
        - alpha * weights
        - count * np.log(2.0 * np.pi)
    )


def _coding_rate(features: Matrix, distortion: float) -> float:
    """Return half the log determinant of I + F'F / (n distortion), in nats."""
    count, width = features.shape
    _, logarithm = np.linalg.slogdet(np.eye(width) + features.T @ features / (count * distortion))
    return 0.5 * float(logarithm)


def _ledoit_wolf(centred: Matrix) -> float:
    """Return the share of the identity that Ledoit and Wolf (2004) put into a covariance."""
    count, width = centred.shape
    covariance = centred.T @ centred / count
    mean = np.trace(covariance) / width
    away = linalg.norm(covariance - mean * np.eye(width)) ** 2
    spread = (np.sum((centred**2).T @ centred**2) / count - np.sum(covariance**2)) / count
    return float(min(spread, away) / away) if away else 0.0
