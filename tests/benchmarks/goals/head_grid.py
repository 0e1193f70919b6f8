"""G2: the grid of heads alone, features given: sizes x draws x penalties."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import log_softmax

from evaluators.backbones.load import load_backbone
from evaluators.data.samples import FloatArray, IntArray
from evaluators.data.view import TEST, draw
from evaluators.engine.encode import encode
from evaluators.engine.logistic_batch import Problem, solve
from evaluators.peers.mteb_loop import Head, fit_head, fitted_head, one_thread_a_product
from tests.benchmarks.contest import Outcome, contest
from tests.benchmarks.goals.frozen_family import PENALTIES, frozen_family, the_task
from tests.benchmarks.matrix import accuracy
from tests.benchmarks.row import Gate, Row, same_accuracy
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import minilm

#: scikit-learn's default stops up to 2e-3 above the optimum of this grid (C=10), 1e-6 within 1e-5 of it.
DEFAULT_TOL, TIGHT_TOL = 1e-4, 1e-6
#: Why the goal is hard: what the two sides do is not the same (README of `evaluators/`, decisions 44 and 58).
EARLY = "its default stops up to 2e-3 above the optimum, ours at 1e-8; products of both are at the ceiling"


def rows(scene: Scene) -> list[Row]:
    """Race scikit-learn's loop."""
    problems, test = _problems(scene)
    labels = the_task(scene).labels

    def ours() -> Outcome:
        found = [
            model.probabilities(test) for of_c in zip(*solve(problems).models, strict=True) for model in of_c
        ]
        return Outcome({str(number): accuracy(p, labels) for number, p in enumerate(found)})

    def theirs(tol: float) -> Outcome:
        with one_thread_a_product():
            found = [
                fit_head(Head(c=c, tol=tol), p.matrix, p.labels, {TEST: test}, p.classes)[TEST]
                for c in PENALTIES
                for p in problems
            ]
        return Outcome({str(number): accuracy(p, labels) for number, p in enumerate(found)})

    work = f"head grid, features given: {len(PENALTIES) * len(problems)} fits, width {test.shape[1]}"
    gap = Gate("objective above scikit-learn's, at most", _objective_gap(problems), 1e-4)
    found = []
    for peer, tol, wanted, note in (
        ("scikit-learn, one fit after the other", DEFAULT_TOL, scene.wanted(4.0, 30.0), EARLY),
        ("scikit-learn, solved to a gap of 1e-5", TIGHT_TOL, None, "equally precise"),
    ):
        sides = contest(functools.partial(theirs, tol), ours)
        found.append(Row("G2", work, "tuned", peer, *sides, wanted, (same_accuracy(*sides, 0.5), gap), note))
    return found


def _problems(scene: Scene) -> tuple[list[Problem], FloatArray]:
    """Return a problem for every size and draw, and the features of the test."""
    task, base = the_task(scene), minilm(scene)
    backbone = load_backbone(base.candidate, base.folder, pretrained=True, device=scene.device)
    drawn = {
        (p.cell.labels_per_class, p.cell.run.draw): draw(p.cell, task.data)
        for p in frozen_family(scene, draws=scene.amount(5, 1)).cells
    }
    sets = [*(labelled.samples for labelled in drawn.values()), task.data.samples(TEST)]
    pool = {digest: item for s in sets for digest, item in zip(s.digests, s.items, strict=True)}
    distinct = replace(sets[0], items=tuple(pool.values()), digests=tuple(pool))
    features = encode(backbone, distinct, dtype="float32", progress=lambda _done, _total: None)
    row_of = {digest: row for row, digest in enumerate(pool)}
    *draws, test = [features[[row_of[digest] for digest in samples.digests]] for samples in sets]
    problems = [
        Problem(matrix, labelled.labels, len(task.data.labels), PENALTIES, standardize=True)
        for matrix, labelled in zip(draws, drawn.values(), strict=True)
    ]
    return problems, test


def _objective_gap(problems: list[Problem]) -> float:
    """Return by how much our objective lies above scikit-learn's at most: all penalties, two draws.

    Both on the columns as we scale them. MiniLM has three that are constant but for rounding (1e-8, 1e-33): we leave
    them alone, and StandardScaler, which the peer uses, blows them up to deviation 1.
    """
    gaps = []
    for problem in (problems[0], problems[-1]):
        for c, model in zip(PENALTIES, solve([problem]).models[0], strict=True):
            scaled = (problem.matrix - model.mean) / model.scale
            theirs = fitted_head(Head(c=c, standardize=False), scaled, problem.labels)
            best = _objective(scaled, problem.labels, theirs.coef_, theirs.intercept_, c)
            # Every class stands in every draw, so the rows of both are those of the classes.
            gaps.append(_objective(scaled, problem.labels, model.coefficients, model.intercept, c) - best)
    return float(max(gaps))


def _objective(matrix: FloatArray, labels: IntArray, coefficients: Any, intercept: Any, c: float) -> float:
    """Return mean log-loss plus the penalty, as scikit-learn weighs them."""
    logits = matrix.astype(np.float64) @ np.asarray(coefficients, dtype=np.float64).T + intercept
    loss = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()
    return float(loss + np.square(coefficients, dtype=np.float64).sum() / (2.0 * c * len(labels)))
