"""Many logistic regressions at once: the draws, sizes and penalties of a head grid as one problem.

In: problems, each with its own rows, labels, classes and standardisation, and one or more values of C. Out: for each C
the `LinearModel` at the optimum that scikit-learn's `LogisticRegression(C=C)` looks for (multinomial; one vector of
weights where two classes are present). Problems of one shape step together (`logistic_lbfgs.py`), cores are filled with
batches and not with one product's threads, and what a problem gives does not depend on its company, to the bit.

    solved = solve([Problem(features, labels, classes=77, cs=(0.1, 1.0, 10.0))], tolerance=1e-8)
    solved.models[0][1].probabilities(others)

Sparse matrices, and dense ones as wide as images, stay with scikit-learn (`linear.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.blas import single_threaded, workers
from evaluators.engine.linear import LinearModel, moments, of_one_class
from evaluators.engine.logistic_lbfgs import Minimum, minimise
from evaluators.engine.logistic_objective import Counts, Design
from evaluators.engine.logistic_space import space_of
from evaluators.engine.logistic_units import BUDGET, Size, groups, lanes, units_of

#: Estimated gap to the optimum, as a share of the objective; the real one is up to ten times that (measured). Float32
#: gives rounding below 1e-9.
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Problem:
    """One draw's rows, for one or more strengths of the penalty.

    Attributes:
        matrix: (n, D) float32.
        labels: (n,) class indices; some classes may be absent.
        classes: Number of classes of the task.
        cs: Values of scikit-learn's `C`, each a regression.
        standardize: Whether columns are brought to mean 0 and standard deviation 1 of these rows.
    """

    matrix: FloatArray
    labels: IntArray
    classes: int
    cs: tuple[float, ...]
    standardize: bool = False


@dataclass(frozen=True, eq=False)
class Solved:
    """What was found, and what it cost.

    Attributes:
        models: One a C, by problem.
        counts: What it cost.
    """

    models: tuple[tuple[LinearModel, ...], ...]
    counts: Counts


def solve(
    problems: Sequence[Problem], *, max_iter: int = 1000, tolerance: float = TOLERANCE, budget: int = BUDGET
) -> Solved:
    """Solve every regression of some problems.

    Args:
        problems: Of any shapes; those of one shape share their iterations.
        max_iter: Iterations of L-BFGS at most; a regression that it ends says so.
        tolerance: Largest estimated gap of the objective (mean loss and penalty), as a share of it.
        budget: Bytes that are taken beside problems and results, unless a single group of regressions takes more.

    Returns:
        The models in the order of the problems. Up to `workers()` units are solved beside each other, if the budget
        allows it; it changes no bit.
    """
    sizes = [_size(problem.matrix, len(np.unique(problem.labels)), len(problem.cs)) for problem in problems]
    made = units_of(sizes, workers=workers(), budget=budget)
    found: dict[int, list[LinearModel]] = {}
    counts = Counts()
    with single_threaded():
        for beside, units in lanes(made, workers=workers(), budget=budget):
            with ThreadPoolExecutor(min(beside, len(units))) as pool:
                solved = pool.map(
                    lambda unit: _solved([problems[i] for i in unit.problems], max_iter, tolerance), units
                )
                for unit, (models, cost) in zip(units, solved, strict=True):
                    found.update(zip(unit.problems, models, strict=True))
                    counts.add(cost)
    return Solved(tuple(tuple(found[i]) for i in range(len(problems))), counts)


def _size(matrix: FloatArray, present: int, penalties: int) -> Size:
    rows, width = matrix.shape
    return Size(rows, width, present, penalties)


def _solved(
    problems: Sequence[Problem], max_iter: int, tolerance: float
) -> tuple[list[list[LinearModel]], Counts]:
    """Solve problems of one shape; those of a single class have nothing to solve."""
    present = [np.unique(problem.labels) for problem in problems]
    scales = [moments(problem.matrix) if problem.standardize else _AS_GIVEN for problem in problems]
    if len(present[0]) == 1:
        certain = [
            [of_one_class(int(only[0]), p.classes, *scale, width=p.matrix.shape[1]) for _ in p.cs]
            for p, only, scale in zip(problems, present, scales, strict=True)
        ]
        return certain, Counts(fits=sum(len(models) for models in certain), batches=1)
    designs = [
        _design(problem, classes, scale)
        for problem, classes, scale in zip(problems, present, scales, strict=True)
    ]
    minima, counts = _minima(designs, len(present[0]), tolerance, max_iter)
    models = [
        [_model(problem, design, classes, scale, minimum) for minimum in found]
        for problem, design, classes, scale, found in zip(
            problems, designs, present, scales, minima, strict=True
        )
    ]
    return models, counts


def _minima(
    designs: Sequence[Design], classes: int, tolerance: float, max_iter: int
) -> tuple[list[list[Minimum]], Counts]:
    """Step the designs together; one with more values of C than a group has stands alone, and goes group by group."""
    if len(designs) > 1:
        return minimise(designs, classes, tolerance=tolerance, max_iter=max_iter)
    (design,), counts = designs, Counts()
    size = _size(design.space.rows, classes, len(design.penalties))
    found: list[Minimum] = []
    for group in groups(size):
        part = replace(design, penalties=design.penalties[group])
        (minima,), cost = minimise([part], classes, tolerance=tolerance, max_iter=max_iter)
        found += minima
        counts.add(cost)
    return [found], counts


_AS_GIVEN = (np.zeros(0, np.float32), np.zeros(0, np.float32))


def _design(problem: Problem, present: IntArray, scale: tuple[FloatArray, FloatArray]) -> Design:
    matrix = (problem.matrix - scale[0]) / scale[1] if problem.standardize else problem.matrix
    # One vector w for two classes costs |w|^2 / 2; as +-w/2 for each of them it would cost half of that.
    doubled = 2.0 if len(present) == 2 else 1.0
    penalties = tuple(doubled / (c * len(matrix)) for c in problem.cs)
    space = space_of(matrix, logits=len(present) * len(problem.cs))
    return Design(space, np.searchsorted(present, problem.labels).astype(np.int64), penalties)


def _model(
    problem: Problem,
    design: Design,
    present: IntArray,
    scale: tuple[FloatArray, FloatArray],
    minimum: Minimum,
) -> LinearModel:
    weights, constants = design.space.given(minimum.weights)
    if len(present) == 2:
        # As scikit-learn has it: the logit of the second against the first.
        weights, constants = np.diff(weights, axis=0), np.diff(constants)
    coefficients = np.zeros((problem.classes, weights.shape[1]), dtype=np.float32)
    intercept = np.full(problem.classes, -np.inf, dtype=np.float32)
    intercept[present] = 0.0
    coefficients[present[-len(weights) :]], intercept[present[-len(weights) :]] = weights, constants
    return LinearModel(
        coefficients,
        intercept,
        *scale,
        trained_parameters=weights.size + constants.size,
        steps=minimum.iterations,
        converged=minimum.converged,
    )
