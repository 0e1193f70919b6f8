"""Strategies that leave the base as it is: they share one encoding of the data."""

from __future__ import annotations

from evaluators.ladder.row import ANY, TEXT, Strategy, Tier


def _in_context(examples: int) -> Strategy:
    shown = f"{examples} examples" if examples else "no example"
    return Strategy(
        id=f"in-context-{examples}",
        title=f"In context ({shown})",
        tier=Tier.FROZEN,
        modalities=TEXT,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.in_context:fit_in_context",
        kind="in-context",
        trains=f"nothing: the likelihood of each label's name after {shown} in the prompt",
        wins="few labels and a large language model; the prompt is paid for with every prediction",
        source="mean log-probability of a label's tokens; five orders of the examples, for one alone decides much "
        "(Lu et al. 2022); texts are cut after 128 tokens",
        defaults={
            "examples": examples,
            "orders": 5 if examples else 1,
            "template": "{text}\nLabel: {label}",
            "text_tokens": 128,
        },
        needs=("causal-lm",),
        # Without examples every draw gives the same answers, so a set is read once for all sizes and runs.
        fused=None if examples else "evaluators.engine.in_context:fit_in_context_together",
        fused_across="sizes",
        learns="examples" if examples else "nothing",
    )


ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="zero-shot",
        title="Zero-shot by label names",
        tier=Tier.FROZEN,
        modalities=TEXT,
        subject="weights",
        sees="features",
        fit="evaluators.engine.zero_shot:fit_zero_shot",
        kind="zero-shot",
        trains="nothing, and reads no label: cosine of a text and the labels' names",
        wins="no labels at all, and names that say what they mean",
        source="names with underscores as blanks, in a sentence, for sentences is what such bases were trained on "
        "(README, decision 52); temperature 1/20, the scale that sentence-transformers trains its cosines with",
        defaults={"template": "This is about {label}.", "temperature": 0.05},
        reads_label_texts=True,
        learns="nothing",
    ),
    *(_in_context(examples) for examples in (0, 4, 16)),
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
        learns="examples",
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
        searched=13,
    ),
    Strategy(
        id="head2toe",
        title="Head2Toe (features of all layers)",
        tier=Tier.FROZEN,
        modalities=ANY,
        subject="weights",
        sees="layers",
        fit="evaluators.engine.head2toe:fit_head2toe",
        kind="head2toe",
        trains="a logistic regression on the features of every block that a group lasso chooses",
        wins="a domain far from pre-training, where lower layers know what upper ones threw away",
        source="Evci et al. 2022: a fifth of the features by the norm of their weights; then as the linear probe",
        defaults={
            "keep_fraction": 0.2,
            "group_penalty": 0.1,
            "group_steps": 200,
            "C": 1.0,
            "max_iter": 1000,
            "standardize": True,
        },
        searched=7,
    ),
    Strategy(
        id="mlp-head",
        title="MLP head",
        tier=Tier.FROZEN,
        modalities=ANY,
        subject="weights",
        sees="features",
        fit="evaluators.engine.mlp:fit_mlp",
        kind="mlp",
        version=2,  # dropout of the cell, which is the same on every device
        trains="one hidden layer and a linear one on frozen features",
        wins="some to many labels whose classes no hyperplane divides",
        source="AdamW 1e-3 with a cosine, weight decay 1e-4, dropout 0.1; 256 units, 300 steps",
        defaults={
            "hidden": 256,
            "steps": 300,
            "batch_size": 64,
            "learning_rate": 1e-3,
            "weight_decay": 1e-4,
            "dropout": 0.1,
        },
    ),
)
