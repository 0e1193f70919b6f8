"""Full fine-tuning that starts from the linear probe's head: LP-FT, and WiSE-FT between the two.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`. The trunk is in evaluation mode while it
is trained (BatchNorm with its stored statistics, no dropout), as LP-FT's authors do it; so both ends have the same
statistics, and a network between them is well defined. The probe reads the same normalised features as the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone
from evaluators.data.draws import held_out
from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.baselines import samples_of
from evaluators.engine.classifier import Classifier, TrainingFacts, changed_names
from evaluators.engine.encode import encode
from evaluators.engine.finetuning import everything
from evaluators.engine.heads import fit_linear_probe
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.memory import Footprint
from evaluators.engine.network import Network
from evaluators.engine.recipe import Recipe, recipe_of
from evaluators.engine.recovery import recovering
from evaluators.engine.training import seeded, train

#: What `held-out` chooses WiSE-FT's share from: 0 is the linear probe, 1 the fine-tuned network.
ALPHA_GRID = tuple(step / 10 for step in range(11))
#: An absent class has no logit in the probe; in the head it starts this far below the least likely class.
ABSENT = 10.0


def fit_lp_ft(job: FitJob) -> Classifier:
    """Solve the head on frozen features to the optimum, then train everything from there (Kumar et al. 2022).

    Settings: those of training, and the probe's `C` and `max_iter`. With selection `held-out` the probe's C is chosen.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ValueError: If the job has no backbone.
    """
    ends = _fit_ends(job)
    return Classifier(ends.network, ends.facts, changed_names(ends.network))


def fit_wise_ft(job: FitJob) -> Classifier:
    """Train as LP-FT does, then go the share `alpha` of the way from its start to its end (Wortsman et al. 2022).

    With selection `held-out` both ends are also trained on four fifths of these labels, and the share that makes the
    held-out fifth most likely is taken. Settings: those of LP-FT, and `alpha`.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ValueError: If the job has no backbone.
    """
    chosen = _choose_alpha(job) if job.selection == "held-out" else {}
    ends = _fit_ends(job)
    ends.go(chosen.get("alpha", float(job.settings["alpha"])))
    return Classifier(ends.network, replace(ends.facts, chosen=chosen), changed_names(ends.network))


def probe_head(backbone: Backbone, job: FitJob) -> nn.Linear:
    """Return the linear probe of a job's samples as a head, on the CPU; see `solved_probe`."""
    return solved_probe(backbone, job)[0]


def solved_probe(backbone: Backbone, job: FitJob) -> tuple[nn.Linear, int]:
    """Return the linear probe of a job's samples as a head, on the CPU, and the steps that solving it took.

    Args:
        backbone: The pre-trained trunk; it is in evaluation mode afterwards.
        job: Samples, labels, and the probe's `C` and `max_iter`; features are standardised for it.
    """
    features = encode(backbone, samples_of(job.inputs), dtype="float32", progress=_silent)
    # The head reads normalised features (`Network.logits`), so the probe does.
    normalised = functional.layer_norm(torch.from_numpy(features), features.shape[-1:]).numpy()
    settings = {**job.settings, "standardize": True}
    probe = fit_linear_probe(replace(job, inputs=Inputs(features=normalised), settings=settings))
    model = probe.model
    # Standardising is linear, so it goes into the weights.
    weight = model.coefficients.astype(np.float64) / model.scale
    bias = model.intercept.astype(np.float64) - weight @ model.mean
    present = np.isfinite(bias)
    bias[~present] = bias[present].min() - ABSENT
    head = nn.Linear(backbone.width, job.classes)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))
    return head, probe.steps


@dataclass(frozen=True, eq=False)
class _Ends:
    """A trained network that can go back towards where it started.

    Attributes:
        network: Trunk and head.
        start: What each trained weight was before, in the order of `Network.trained`.
        end: What it was after.
        facts: What the training was.
    """

    network: Network
    start: Sequence[torch.Tensor]
    end: Sequence[torch.Tensor]
    facts: TrainingFacts

    @torch.no_grad()
    def go(self, share: float) -> None:
        """Put the network at this share of the way: 0 is exactly its start, 1 its end."""
        weights = [weight for _, weight in self.network.trained()]
        for weight, start, end in zip(weights, self.start, self.end, strict=True):
            weight.copy_(torch.lerp(start, end, share))


def _at_probe(job: FitJob) -> Network:
    """Return the untrained network with the probe's head, all of it trainable and none of it active."""
    if job.load_backbone is None:
        raise ValueError("this strategy trains a backbone, and the job has none")
    with seeded(job.seed, job.device):
        backbone = job.load_backbone(True)
        head = probe_head(backbone, job).to(job.device)
    everything(backbone)
    return Network(backbone, head, ())


def _fit_ends(job: FitJob) -> _Ends:
    recipe = recipe_of(job.settings)
    ends = recovering(job, recipe.batch_size, lambda job, cut: _attempt(job, cut, recipe))
    asked = None if ends.facts.dtype == job.dtype else job.dtype
    return replace(ends, facts=replace(ends.facts, asked_dtype=asked))


def _attempt(job: FitJob, cut: Footprint, recipe: Recipe) -> _Ends:
    network = _at_probe(job)
    start = _weights(network)
    with seeded(job.seed, job.device):
        trained = train(network, job, recipe, footprint=cut)
    facts = TrainingFacts("tuned", job.dtype, trained.steps, trained.parameters)
    return _Ends(network, start, _weights(network), facts)


def _weights(network: Network) -> list[torch.Tensor]:
    return [weight.detach().clone() for _, weight in network.trained()]


def _choose_alpha(job: FitJob) -> dict[str, float]:
    """Return the share with the best held-out log-likelihood; nothing where no label can be spared."""
    rest, aside = held_out(job.labels, job.seed)
    if not len(aside):
        return {}
    samples = samples_of(job.inputs)
    part = replace(job, inputs=Inputs(samples=samples.take(rest)), labels=job.labels[rest], progress=_silent)
    ends = _fit_ends(part)
    classifier = Classifier(ends.network, ends.facts, ())
    scores = []
    for share in ALPHA_GRID:
        ends.go(share)
        found = classifier.predict(Inputs(samples=samples.take(aside)))
        scores.append(_log_likelihood(found, job.labels[aside]))
    return {"alpha": ALPHA_GRID[int(np.argmax(scores))]}


def _log_likelihood(probabilities: FloatArray, labels: IntArray) -> float:
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(np.log(np.maximum(chosen, 1e-12)).mean())


def _silent(done: int, total: int) -> None:
    """Encoding a draw is short beside its training."""
