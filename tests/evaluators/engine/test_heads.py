"""Heads and baselines: equality with scikit-learn, classes that a draw lacks, selection, ties."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from evaluators.data.samples import text_samples
from evaluators.engine.baselines import Majority, fit_majority, fit_tfidf
from evaluators.engine.fit import fit, fit_together
from evaluators.engine.heads import fit_linear_probe
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.linear import Logistic, fit_logistic
from evaluators.engine.neighbours import Neighbours, fit_knn, nearest_of
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent

MTEB = {"C": 1.0, "max_iter": 100, "standardize": False, "random_state": 42}


def blobs(labels: list[int], seed: int = 0, width: int = 8) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(0, 2, (10, width))
    return (centres[labels] + random.normal(0, 1, (len(labels), width))).astype(np.float32)


def job(features: np.ndarray, labels: list[int], settings: dict, *, selection: str = "fixed") -> FitJob:
    return FitJob(
        inputs=Inputs(features=features),
        labels=np.array(labels, dtype=np.int64),
        classes=4,
        settings=settings,
        seed=0,
        selection=selection,
        load_backbone=None,
        device="cpu",
        dtype="float32",
        progress=silent,
    )


@pytest.mark.parametrize("present", [(0, 1, 2, 3), (1, 3), (0, 2, 3)], ids=str)
def test_the_probe_of_mteb_is_scikit_learns(present):
    labels = [present[i % len(present)] for i in range(32)]
    train, test = blobs(labels), blobs([0, 1, 2, 3] * 5, seed=1)
    theirs = LogisticRegression(max_iter=1000, tol=1e-8).fit(train.astype(np.float64), labels)
    ours = fit_linear_probe(job(train, labels, MTEB)).predict(Inputs(features=test))
    np.testing.assert_allclose(ours[:, list(present)], theirs.predict_proba(test), atol=1e-4)
    assert np.array_equal(ours.argmax(axis=1), theirs.predict(test))
    absent = sorted(set(range(4)) - set(present))
    assert (ours[:, absent] == 0).all()


def test_a_draw_of_one_class_is_certain():
    fitted = fit_linear_probe(job(blobs([2, 2]), [2, 2], strategy("linear-probe").defaults))
    np.testing.assert_array_equal(fitted.predict(Inputs(features=blobs([0])))[0], [0, 0, 1, 0])


def test_standardising_makes_scales_irrelevant():
    labels = [0, 1, 2, 3] * 6
    train, settings = blobs(labels), strategy("linear-probe").defaults
    scales = np.array([1, 10, 100, 1e-3, 1, 1, 1, 1], dtype=np.float32)
    plain = fit_linear_probe(job(train, labels, settings)).predict(Inputs(features=train))
    scaled = fit_linear_probe(job(train * scales, labels, settings)).predict(Inputs(features=train * scales))
    np.testing.assert_allclose(plain, scaled, atol=1e-3)


def test_a_constant_column_does_no_harm():
    labels = [0, 1, 2, 3] * 6
    train = np.column_stack([blobs(labels), np.full(24, 0.1, dtype=np.float32)])
    fitted = fit_linear_probe(job(train, labels, strategy("linear-probe").defaults))
    assert np.isfinite(fitted.predict(Inputs(features=train + 1))).all()


def test_stopping_early_is_told_and_is_no_error():
    labels = np.array([0, 1, 2, 3] * 6)
    model = fit_logistic(
        blobs(list(labels)), labels, classes=4, how=Logistic(c=1e4, max_iter=2, random_state=0)
    )
    assert (model.converged, model.steps) == (False, 2)


def test_selection_chooses_c_inside_the_draw_and_refits_on_all():
    labels = [0, 1, 2, 3] * 15
    train = blobs(labels)
    train[::4] += np.random.default_rng(0).normal(0, 6, train[::4].shape).astype(np.float32)
    chosen = fit_linear_probe(job(train, labels, {**MTEB, "C": 1000.0}, selection="held-out"))
    again = fit_linear_probe(job(train, labels, {**MTEB, "C": chosen.c}))
    assert chosen.c < 1000.0
    assert np.array_equal(chosen.model.coefficients, again.model.coefficients)


def test_neighbours_share_the_vote_and_ties_go_to_the_first_row():
    train = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    near = fit_knn(job(train, [3, 1, 2], {"k": 2})).predict(Inputs(features=np.float32([[5, 0]])))
    np.testing.assert_allclose(near, [[0, 0.5, 0, 0.5]], atol=1e-6)
    first = fit_knn(job(train, [3, 1, 2], {"k": 1})).predict(Inputs(features=np.float32([[5, 0]])))
    np.testing.assert_allclose(first, [[0, 0, 0, 1]], atol=1e-6)


def test_neighbours_are_at_most_the_labels_and_survive_a_zero_vector():
    train = np.array([[1, 0], [0, 1]], dtype=np.float32)
    fitted = fit_knn(job(train, [0, 1], {"k": 5}))
    shares = fitted.predict(Inputs(features=np.float32([[0, 0], [1, 0.1]])))
    np.testing.assert_allclose(shares[0], [0.5, 0.5, 0, 0])
    assert shares[1, 0] > 0.9


def test_majority_gives_the_shares_of_the_draw():
    fitted = fit_majority(job(blobs([1, 1, 3]), [1, 1, 3], {}))
    shares = fitted.predict(Inputs(samples=text_samples(["a"])))
    np.testing.assert_allclose(shares, [[0, 2 / 3, 0, 1 / 3]], rtol=1e-6)


def test_texts_without_a_word_fall_back_to_the_majority():
    wordless = replace(
        job(blobs([0, 1]), [0, 1], strategy("tfidf-logreg").defaults),
        inputs=Inputs(samples=text_samples(["?", "a"])),
    )
    assert isinstance(fit_tfidf(wordless), Majority)


def test_a_head_without_features_says_so():
    with pytest.raises(ValueError, match="reads features"):
        fit_knn(replace(job(blobs([0]), [0], {"k": 1}), inputs=Inputs(samples=text_samples(["a"]))))


def test_rare_words_are_left_out_where_there_would_be_too_many_weights(monkeypatch):
    texts = ("often one", "often two", "often three", "often four")
    words = replace(
        job(blobs([0, 1, 0, 1]), [0, 1, 0, 1], strategy("tfidf-logreg").defaults),
        inputs=Inputs(samples=text_samples(texts)),
    )
    assert len(fit_tfidf(words).vectorizer.vocabulary_) == 9
    monkeypatch.setattr("evaluators.engine.baselines.MOST_WEIGHTS", words.classes)
    assert set(fit_tfidf(words).vectorizer.vocabulary_) == {"often"}


def drawn_jobs(row: str, selection: str) -> list[FitJob]:
    """Return jobs of several draws and sizes that share rows, equal ones under two labels among them."""
    pool, labels = blobs([0, 1, 2, 3] * 15), np.array([0, 1, 2, 3] * 15)
    pool[7] = pool[0]
    orders = [np.random.default_rng(seed).permutation(60) for seed in range(3)]
    draws = [order[:size] for order in orders for size in (12, 25, 40)]
    settings = strategy(row).defaults
    return [
        replace(job(pool[rows], list(labels[rows]), settings, selection=selection), seed=seed)
        for seed, rows in enumerate(draws)
    ]


@pytest.mark.parametrize("selection", ["fixed", "held-out"])
@pytest.mark.parametrize("row", ["knn", "linear-probe"])
def test_a_cell_of_a_group_gives_the_bits_that_it_gives_alone(row, selection):
    jobs = drawn_jobs(row, selection)
    test = Inputs(features=blobs([0, 1, 2, 3] * 10, seed=3))
    together = fit_together(strategy(row), jobs)
    for own, member, at_once in zip(
        jobs, together.members, together.predict([test] * len(jobs)), strict=True
    ):
        alone = fit(strategy(row), own).predict(test)
        assert np.array_equal(at_once, alone)
        assert np.array_equal(member.predict(test), alone)


def test_all_grids_of_a_group_are_one_solve(monkeypatch):
    from evaluators.engine import heads

    asked = []
    solve = heads.solve
    monkeypatch.setattr(
        heads, "solve", lambda problems, **how: asked.append(len(problems)) or solve(problems, **how)
    )
    fit_together(strategy("linear-probe"), drawn_jobs("linear-probe", "held-out"))
    assert asked == [9, 9]  # the grids of all, then the probes of all


def test_members_of_a_group_may_be_asked_about_rows_of_their_own():
    jobs = drawn_jobs("knn", "fixed")
    own = [Inputs(features=task.inputs.features) for task in jobs]
    for task, inputs, shares in zip(jobs, own, fit_together(strategy("knn"), jobs).predict(own), strict=True):
        assert np.array_equal(shares, fit_knn(task).predict(inputs))


def test_the_nearest_are_those_of_a_stable_sort_also_where_many_are_equal():
    random = np.random.default_rng(0)
    similarity = random.integers(0, 6, (200, 30)).astype(np.float64)
    for k in (1, 4, 29, 30):
        expected = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        assert np.array_equal(nearest_of(similarity, k), expected)


def test_many_asked_rows_go_in_blocks(monkeypatch):
    train, asked = blobs([0, 1, 2, 3] * 5), Inputs(features=blobs([0, 1, 2, 3] * 9, seed=2))
    near = Neighbours(train, np.arange(20) % 4, classes=4, k=3)
    whole = near.predict(asked)
    monkeypatch.setattr("evaluators.engine.neighbours._AT_ONCE", 100)
    assert np.array_equal(near.predict(asked), whole)
