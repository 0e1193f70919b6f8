"""Strategies that train the trunk itself: from scratch, the upper part only, or all of it.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`. They differ in what is trainable.
`layerwise.py`, `surgical.py`, `anchored.py` and `probe_first.py` hold those that need more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import (
    Classifier,
    ClassifiersTogether,
    Kind,
    TrainingFacts,
    changed_names,
)
from evaluators.engine.job import FitJob, FittedTogether, OneByOne
from evaluators.engine.memory import Footprint
from evaluators.engine.network import Network
from evaluators.engine.recipe import recipe_of
from evaluators.engine.recovery import recovering
from evaluators.engine.resumed import from_boundary, made_whole
from evaluators.engine.side_by_side import train_together, twin
from evaluators.engine.stack import CannotStack
from evaluators.engine.training import seeded, train
from evaluators.engine.tuning import PLAIN, Tuning
from evaluators.ladder.depth import upper_blocks
from evaluators.protocol import SettingValue

Choose = Callable[[Backbone], tuple[nn.Module, ...]]
"""Makes parts of a fresh backbone trainable and returns those in which dropout and BatchNorm are active."""


def as_it_is(job: FitJob) -> FitJob:
    """A training begins with the whole backbone."""
    return job


def fit_network(
    job: FitJob,
    kind: Kind,
    choose: Choose,
    tune: Callable[[Backbone], Tuning] | None = None,
    begin: Callable[[FitJob], FitJob] = as_it_is,
) -> Classifier:
    """Load a backbone, let `choose` make parts of it trainable, put a head on it and train.

    Args:
        job: What to train on.
        kind: What a reload starts from.
        choose: Says what is trained.
        tune: Says how that departs from the plain training, where it does.
        begin: Says where each attempt begins: one that is made in another arithmetic begins elsewhere.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ValueError: If the job has no backbone.
    """

    def attempt(job: FitJob, cut: Footprint) -> Classifier:
        with seeded(job.seed, job.device):
            network = _network(job, fresh(begin(job), kind), choose)
            tuning = PLAIN if tune is None else tune(network.backbone)
            trained = train(network, job, recipe, tuning, cut)
        facts = TrainingFacts(kind, job.dtype, trained.steps, trained.parameters)
        return Classifier(network, facts, changed_names(network))

    recipe = recipe_of(job.settings)
    return recovered(job, recipe.batch_size, attempt)


def recovered(job: FitJob, rows: int, attempt: Callable[[FitJob, Footprint], Classifier]) -> Classifier:
    """Return what `recovering` comes to; it says what it was asked for, where that was another arithmetic."""
    fitted = recovering(job, rows, attempt)
    return fitted if fitted.dtype == job.dtype else fitted.instead_of(job.dtype)


def _network(job: FitJob, backbone: Backbone, choose: Choose) -> Network:
    active = choose(backbone)
    return Network(backbone, new_head(backbone.width, job.classes).to(job.device), active)


def fresh(job: FitJob, kind: Kind) -> Backbone:
    """Load what a kind of training starts from.

    Raises:
        ValueError: If the job has no backbone.
    """
    if job.load_backbone is None:
        raise ValueError("this strategy trains a backbone, and the job has none")
    return job.load_backbone(kind != "scratch")


def fit_networks(jobs: Sequence[FitJob], kind: Kind, choose: Choose) -> FittedTogether:
    """Train what `fit_network` would train for each job, in one pass where its layers allow it, else one by one.

    Raises:
        DivergedError: If the loss of one of them became NaN or infinite.
        ValueError: If a job has no backbone.
    """
    # Adapters leave the base as it is, so all cells hold the same tensors of it.
    base = fresh(jobs[0], kind) if kind == "adapter" else None
    networks = []
    for job in jobs:
        with seeded(job.seed, job.device):
            networks.append(_network(job, twin(base) if base else fresh(job, kind), choose))
    try:
        # Nothing that trains beside others should draw from torch's generator; what does leaves the global one alone.
        with seeded(jobs[0].seed, jobs[0].device):
            trained = train_together(networks, jobs, recipe_of(jobs[0].settings))
    except CannotStack:
        return OneByOne([fit_network(job, kind, choose) for job in jobs])
    facts = TrainingFacts(kind, jobs[0].dtype, trained.steps, trained.parameters)
    return ClassifiersTogether([Classifier(network, facts, changed_names(network)) for network in networks])


def new_head(width: int, classes: int) -> nn.Linear:
    """Return a head of zeros: the first step moves it towards the class means, and no random direction is unlearnt."""
    head = nn.Linear(width, classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def fit_from_scratch(job: FitJob) -> Classifier:
    """Train the same architecture from a random initialisation: what pre-training is worth is measured against it."""
    return fit_network(job, "scratch", everything)


def fit_from_scratch_together(jobs: Sequence[FitJob]) -> FittedTogether:
    """Train several from random initialisations in one pass."""
    return fit_networks(jobs, "scratch", everything)


def fit_full_together(jobs: Sequence[FitJob]) -> FittedTogether:
    """Fine-tune several copies of the pre-trained backbone in one pass."""
    return fit_networks(jobs, "tuned", everything)


def fit_full(job: FitJob) -> Classifier:
    """Train all parameters of the pre-trained backbone and a head."""
    return fit_network(job, "tuned", everything)


def fit_partial_freeze(job: FitJob) -> Classifier:
    """Train the upper blocks (`trained_share` or `trained_blocks`, at least one), the final norms and a head.

    What lies below runs in evaluation mode: no dropout, and BatchNorm with its stored statistics. So it gives one
    state a sample, and runs once for each: training begins from these states.
    """
    fitted = fit_network(
        job, "tuned", lambda backbone: upper_part(backbone, job.settings), begin=from_boundary
    )
    return made_whole(fitted, job)


def upper_part(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Make the upper blocks and the final norms trainable, and nothing else; return them."""
    _, *blocks, top = backbone.blocks()
    return only(backbone, *(blocks[place] for place in upper_blocks(settings, len(blocks))), top)


def everything(backbone: Backbone) -> tuple[nn.Module, ...]:
    """Make all of a backbone trainable."""
    backbone.module.requires_grad_(True)
    return (backbone.module,)


def only(backbone: Backbone, *parts: nn.Module) -> tuple[nn.Module, ...]:
    """Make parts of a backbone trainable, and nothing else of it."""
    backbone.module.requires_grad_(False)
    for part in parts:
        part.requires_grad_(True)
    return parts
