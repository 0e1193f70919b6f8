"""What the engine's tests train on: a tiny base model with toy data for each modality, made once a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from evaluators.backbones.backbone import Backbone
from evaluators.backbones.causal import CausalModel
from evaluators.backbones.load import load_backbone, load_language_model
from evaluators.candidate import Candidate, Modality
from evaluators.data.label_texts import label_texts
from evaluators.data.samples import FloatArray, Samples, text_samples
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Fitted, Inputs
from evaluators.protocol import SettingValue
from evaluators.strategy import STRATEGIES, Strategy, Tap
from tests.fakes_models import (
    CLASSES,
    NAMES,
    ToySet,
    episode_llama,
    tiny_bert,
    tiny_image,
    toy_images,
    toy_texts,
)

#: Random weights transfer nothing: training them takes more steps than the table gives a pre-trained base.
LONGER: dict[str, SettingValue] = {"epochs": 30, "min_steps": 1, "max_steps": 60}
CASES = [(row, modality) for row in STRATEGIES for modality in sorted(row.modalities)]
CASE_IDS = [f"{row.id}-{modality}" for row, modality in CASES]


def silent(done: int, total: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, eq=False)
class World:
    """A base model on disk, and labelled samples that can be separated."""

    candidate: Candidate
    folder: Path
    train: ToySet
    test: ToySet
    device: str = "cpu"

    def backbone(self, pretrained: bool = True) -> Backbone:
        """Load it anew."""
        return load_backbone(self.candidate, self.folder, pretrained=pretrained, device=self.device)

    def language_model(self) -> CausalModel:
        """Load it anew, with its head."""
        return load_language_model(self.candidate, self.folder, device=self.device)

    def inputs(self, row: Strategy, samples: Samples) -> Inputs:
        """Return what a strategy sees of samples."""
        if row.sees == "samples":
            return Inputs(samples=samples)
        return Inputs(features=self.encoded(samples, row.sees))

    def encoded(self, samples: Samples, tap: Tap = "features") -> FloatArray:
        """Return what a tap of the base gives of samples."""
        return encode(self.backbone(), samples, dtype="float32", progress=silent, tap=tap)

    def settings(self, row: Strategy) -> dict[str, SettingValue]:
        """Return the settings that these tests train with."""
        return {**row.defaults_for(self.candidate.modality), **(LONGER if "epochs" in row.defaults else {})}

    def job(self, row: Strategy, *, seed: int = 0, **changes: SettingValue) -> FitJob:
        """Return a job over the training samples; `changes` are settings."""
        return FitJob(
            inputs=self.inputs(row, self.train.samples),
            labels=self.train.labels,
            classes=CLASSES,
            names=NAMES,
            settings={**self.settings(row), **changes},
            seed=seed,
            selection="fixed",
            load_backbone=None if row.subject == "nothing" else self.backbone,
            device=self.device,
            dtype="float32",
            progress=silent,
            label_features=self.encoded(text_samples(label_texts(NAMES, str(row.defaults["template"]))))
            if row.reads_label_texts
            else None,
            load_language_model=self.language_model if "causal-lm" in row.needs else None,
        )


class Fits:
    """Fits of the table's rows, each trained once a session."""

    def __init__(self, worlds: dict[Modality, World]) -> None:
        self.worlds = worlds
        # Random weights learn nothing in context, so those rows have a base that does.
        self._speaking = replace(worlds["text"], candidate=episode_llama()[0], folder=episode_llama()[1])
        self._fits: dict[tuple[str, str, int, int], Fitted] = {}

    def world(self, row: Strategy, modality: Modality) -> World:
        """Return what a row is tried on: the world of its modality, or of language for what asks a language model."""
        return self._speaking if "causal-lm" in row.needs else self.worlds[modality]

    def fit(self, row: Strategy, modality: Modality, *, seed: int = 0, repeat: int = 0) -> Fitted:
        """Return the fit of a row; another `repeat` trains the same again."""
        key = (row.id, modality, seed, repeat)
        if key not in self._fits:
            self._fits[key] = fit(row, self.world(row, modality).job(row, seed=seed))
        return self._fits[key]

    def test_inputs(self, row: Strategy, modality: Modality) -> Inputs:
        """Return the test samples as a row sees them."""
        world = self.world(row, modality)
        return world.inputs(row, world.test.samples)


def make_worlds(folder: Path, *, dropout: float = 0.1) -> dict[Modality, World]:
    """Write both base models below a folder; the image base has no dropout."""
    makers: dict[Modality, tuple[Callable[..., tuple[Candidate, Path]], Callable[..., ToySet]]] = {
        "text": (partial(tiny_bert, dropout=dropout), toy_texts),
        "image": (tiny_image, toy_images),
    }
    return {
        modality: World(*model(folder / modality), data(8, seed=0), data(20, seed=1))
        for modality, (model, data) in makers.items()
    }
