"""L2-SP: full fine-tuning that is pulled back to where it started (Li et al. 2018, arXiv 1802.01483).

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`.
"""

from __future__ import annotations

from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import everything, fit_network
from evaluators.engine.job import FitJob
from evaluators.engine.tuning import Tuning, towards_start


def fit_l2_sp(job: FitJob) -> Classifier:
    """Train everything with the penalty `alpha`/2 |w - w0|^2 on the trunk and `beta`/2 |v|^2 on the head.

    There is no weight decay beside it, which would pull towards 0 instead.
    """
    penalty = towards_start(float(job.settings["alpha"]), float(job.settings["beta"]))
    return fit_network(job, "tuned", everything, lambda _backbone: Tuning(penalty=penalty))
