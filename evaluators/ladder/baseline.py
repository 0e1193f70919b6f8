"""Floors that a transfer must beat; they always run."""

from __future__ import annotations

from evaluators.ladder.row import ANY, IMAGE, TEXT, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, STACKED_BELOW

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="majority",
        title="Majority class",
        tier=Tier.BASELINE,
        modalities=ANY,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_majority",
        kind="majority",
        trains="nothing: the most frequent label",
        wins="never; a score below it means something is broken",
        source="definition",
        learns="examples",
    ),
    Strategy(
        id="tfidf-logreg",
        title="TF-IDF + logistic regression",
        tier=Tier.BASELINE,
        modalities=TEXT,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_tfidf",
        kind="words",
        trains="a linear classifier on word 1-2-grams",
        wins="when the label is a keyword, or labels are plenty (banking77, all labels: 91.1)",
        source="scikit-learn defaults but sublinear tf and C=10, the usual choice for sparse text",
        defaults={"C": 10.0, "max_iter": 200},
    ),
    Strategy(
        id="pixels-logreg",
        title="Pixels + logistic regression",
        tier=Tier.BASELINE,
        modalities=IMAGE,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_pixels",
        kind="pixels",
        trains="a linear classifier on pixels, 0 to 1, at 32x32",
        wins="on small, aligned images",
        source="scikit-learn defaults; unscaled, the strongest of four (README, decision 9)",
        defaults={"C": 1.0, "max_iter": 500, "size": 32, "standardize": False},
    ),
    Strategy(
        id="from-scratch",
        title="From scratch",
        tier=Tier.BASELINE,
        modalities=ANY,
        subject="architecture",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_from_scratch",
        kind="scratch",
        trains="the same architecture from a random initialisation",
        wins="many labels, or a domain far from pre-training (VTAB: structured tasks)",
        source="its own, higher rate and up to four times the steps of fine-tuning, so that the comparison is fair "
        "(measured: a BERT fails at 1e-3, and with a head as slow as the trunk it stays at chance on 77 classes; a "
        "convnet wants a higher rate; README, decision 104)",
        defaults={
            **FINE_TUNING,
            "epochs": 10,
            "min_steps": 60,
            "max_steps": 800,
            "learning_rate": 3e-4,
            "head_rate": 20.0,
        },
        defaults_by_modality={
            "image": {"min_steps": 150, "max_steps": 400, "learning_rate": 2e-3, "head_rate": 1.0}
        },
        cost=Cost(3.0),
        fused="evaluators.engine.finetuning:fit_from_scratch_together",
        fused_below=STACKED_BELOW,
        version=2,
    ),
    Strategy(
        id="random-features",
        title="Random frozen features",
        tier=Tier.BASELINE,
        modalities=ANY,
        subject="architecture",
        sees="samples",
        fit="evaluators.engine.random_features:fit_random_features",
        kind="scratch",
        trains="a logistic regression on the features of the same architecture with random weights",
        wins="never; a base that it beats has learnt nothing that helps here",
        source="the third reference of negative transfer; the probe's settings are the linear probe's",
        defaults={"C": 1.0, "max_iter": 1000},
        cost=Cost(0.0, once=1.0),
        optional=True,  # evidence from before there was this row still approves
        searched=13,
    ),
)
