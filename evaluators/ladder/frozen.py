"""Strategies that leave the base as it is: they share one encoding of the data."""

from __future__ import annotations

from evaluators.ladder.row import ANY, Strategy, Tier

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="knn",
        title="k nearest neighbours",
        tier=Tier.FROZEN,
        modalities=ANY,
        subject="weights",
        sees="features",
        fit="evaluators.engine.neighbours:fit_knn",
        kind="neighbours",
        trains="nothing: cosine neighbours among the labelled samples",
        wins="tiny n, many classes; a sanity check of the features",
        source="k=5 as torchgeo-bench, at most the labels there are; votes weighted by similarity as in DINO",
        defaults={"k": 5},
        fused="evaluators.engine.neighbours:fit_knns",
        fused_across="sizes",
        recipe=("base", "encode", "knn"),
        version=2,  # similarities in float64
    ),
    Strategy(
        id="linear-probe",
        title="Linear probe",
        tier=Tier.FROZEN,
        modalities=ANY,
        subject="weights",
        sees="features",
        fit="evaluators.engine.heads:fit_linear_probe",
        kind="probe",
        trains="a logistic regression on frozen features",
        wins="few labels, a domain close to pre-training, robustness under shift",
        source="scikit-learn defaults; standardisation and C are settings and part of the key",
        defaults={"C": 1.0, "max_iter": 1000, "standardize": True},
        fused="evaluators.engine.heads:fit_linear_probes",
        fused_across="sizes",
        recipe=("base", "encode", "linear_probe"),
        version=2,  # our own solver, to a tighter optimum
    ),
)
