"""Random frozen features: the base's architecture, never trained, with a linear probe on what it gives.

In: a job with raw samples and a way to the architecture. Out: a `Classifier` whose trunk is as its seed made it. What a
pre-trained base does no better than this, its pre-training did not do.
"""

from __future__ import annotations

from evaluators.engine.classifier import Classifier, TrainingFacts, network_state
from evaluators.engine.finetuning import fresh
from evaluators.engine.job import FitJob
from evaluators.engine.network import Network
from evaluators.engine.probe_first import solved_probe
from evaluators.engine.training import seeded


def fit_random_features(job: FitJob) -> Classifier:
    """Solve a head on the features of a random trunk, which is seeded by the job and stays as it is.

    BatchNorm layers use the statistics that they begin with. Settings: the probe's `C` and `max_iter`.

    Raises:
        ValueError: If the job has no backbone.
    """
    with seeded(job.seed, job.device):
        backbone = fresh(job, "scratch")
        backbone.module.requires_grad_(False)
        head, steps = solved_probe(backbone, job)
    network = Network(backbone, head.to(job.device), ())
    trained = sum(weight.numel() for weight in head.parameters())
    facts = TrainingFacts("scratch", job.dtype, steps=steps, trained_parameters=trained)
    # A reload begins from another random trunk, so the trunk belongs to what is kept.
    return Classifier(network, facts, network_state(network))
