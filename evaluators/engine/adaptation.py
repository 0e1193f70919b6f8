"""One base adapted with one strategy to all the labels that there are: the same engine as a cell, without its draw.

In: a candidate, its folder, a strategy, labelled samples. Out: a trained classifier and what it predicts. The numbers
of an evaluation stay comparable, because settings and training are those of the table.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evaluators.backbones.backbone import Backbone
from evaluators.backbones.load import load_backbone, load_language_model
from evaluators.candidate import Candidate
from evaluators.data.label_texts import label_texts
from evaluators.data.samples import FloatArray, LabelledSet, Samples, text_samples
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Fitted, Inputs, NotApplicable, Progress
from evaluators.engine.records import read_facts
from evaluators.engine.reload import load_fitted
from evaluators.errors import EnvironmentProblem, IntegrityError
from evaluators.protocol import SettingValue
from evaluators.strategy import Strategy, Tap

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel


@dataclass(frozen=True, eq=False)
class Adaptation:
    """A base with a strategy.

    Attributes:
        candidate: What the base is.
        folder: Its verified files.
        row: The strategy.
        settings: Its complete settings.
        labels: Names of the labels, in the order of their indices.
        device: `cpu` or `cuda`.
        dtype: `float32`, or `bfloat16` for autocast.
    """

    candidate: Candidate
    folder: Path
    row: Strategy
    settings: Mapping[str, SettingValue]
    labels: tuple[str, ...]
    device: str = "cpu"
    dtype: str = "float32"

    def fit(self, training: LabelledSet, *, seed: int, progress: Progress) -> Fitted:
        """Train on every label of a set.

        Raises:
            DivergedError: If the loss became NaN or infinite.
            EnvironmentProblem: If the strategy cannot run here.
        """
        needs_backbone = self.row.sees == "samples" and self.row.subject != "nothing"
        job = FitJob(
            inputs=self._inputs(training.samples, progress),
            labels=training.labels,
            classes=len(self.labels),
            names=self.labels,
            label_features=self._label_features(),
            load_language_model=self._load_language_model if "causal-lm" in self.row.needs else None,
            settings=self.settings,
            seed=seed,
            selection="fixed",
            load_backbone=self._load if needs_backbone else None,
            device=self.device,
            dtype=self.dtype,
            progress=progress,
        )
        with self._told_to_a_person():
            return fit(self.row, job)

    def predict(self, fitted: Fitted, samples: Samples) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return fitted.predict(self._inputs(samples, _silent))

    def reload(self, folder: Path) -> Fitted:
        """Return a classifier that `Fitted.save` wrote, with the same bits.

        Raises:
            IntegrityError: If this strategy with these settings cannot have written it.
            EnvironmentProblem: If the strategy cannot run here.
        """
        for problem in self._not_ours(folder):
            raise IntegrityError(
                f"what was trained does not fit the lineage: {problem}",
                hint="adapt again: fit.json or the lineage was altered; nothing was loaded",
            )
        with self._told_to_a_person():
            return load_fitted(
                self.row,
                folder,
                settings=self.settings,
                classes=len(self.labels),
                load_backbone=self._load,
                load_language_model=self._load_language_model,
            )

    @contextmanager
    def _told_to_a_person(self) -> Iterator[None]:
        """Say what keeps a strategy from running here; a cell would be skipped, and there is none."""
        # peft imports it, and it asks for a package that would fetch code from a hub: nothing for a person to do here.
        asking = logging.getLogger("bitsandbytes")
        level = asking.level
        asking.setLevel(logging.ERROR)
        try:
            yield
        except NotApplicable as reason:
            raise EnvironmentProblem(
                f"{self.row.title} cannot run here: {reason}", hint="take another strategy"
            ) from reason
        finally:
            asking.setLevel(level)

    def _not_ours(self, folder: Path) -> Iterator[str]:
        kind, facts = read_facts(folder)
        if kind != self.row.kind:
            yield f"{self.row.id} trains {self.row.kind!r}, and fit.json holds {kind!r}"
        elif kind == "neighbours" and facts["k"] > int(self.settings["k"]):
            # Fewer where there were fewer labels.
            yield f"k is {self.settings['k']}, and {facts['k']} in fit.json"
        elif kind == "probe" and facts["C"] != float(self.settings["C"]):
            yield f"C is {self.settings['C']}, and {facts['C']} in fit.json"
        elif kind == "zero-shot" and facts["temperature"] != float(self.settings["temperature"]):
            yield f"temperature is {self.settings['temperature']}, and {facts['temperature']} in fit.json"
        elif kind == "head2toe" and facts["keep"] != float(self.settings["keep_fraction"]):
            yield f"keep_fraction is {self.settings['keep_fraction']}, and {facts['keep']} in fit.json"
        else:
            # One that diverged in bfloat16 was trained in float32, and says what was asked for.
            asked = facts.get("asked_dtype", facts.get("dtype", self.dtype))
            if asked != self.dtype:
                yield f"it was trained in {self.dtype}, and in {asked} by fit.json"

    def _inputs(self, samples: Samples, progress: Progress) -> Inputs:
        if self.row.sees == "samples":
            return Inputs(samples=samples)
        return Inputs(features=self._encoded(samples, progress))

    def _label_features(self) -> FloatArray | None:
        if not self.row.reads_label_texts:
            return None
        texts = label_texts(self.labels, str(self.settings["template"]))
        return self._encoded(text_samples(texts), _silent)

    def _encoded(self, samples: Samples, progress: Progress) -> FloatArray:
        tap: Tap = "layers" if self.row.sees == "layers" else "features"
        return encode(self._frozen, samples, dtype=self.dtype, progress=progress, tap=tap)

    @cached_property
    def _frozen(self) -> Backbone:
        return self._load(True)

    def _load(self, pretrained: bool) -> Backbone:
        return load_backbone(self.candidate, self.folder, pretrained=pretrained, device=self.device)

    def _load_language_model(self) -> CausalModel:
        return load_language_model(self.candidate, self.folder, device=self.device)


def _silent(done: int, total: int) -> None:
    """Nobody waits for a few predictions."""
