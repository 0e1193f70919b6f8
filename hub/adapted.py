"""An adapted model's folder: the exact base, what was trained, the labels, and where it all came from.

    DIR/base/            the base's files, byte for byte
    DIR/fit.json, .safetensors   what was trained: a head, an adapter, or the changed weights
    DIR/README.md        the model card
    DIR/recipe.py, split.json   the same training without us, and its rows; their owner's, so no part of the lineage
    DIR/.hub/adapted.json        lineage: base = NAME@digest, strategy, settings, data, score, digests of the files

In: such a folder. Out: an `AdaptedModel` that predicts labels. Nothing is loaded whose digest is not the lineage's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from evaluators.candidate import Candidate
from evaluators.canonical import digest_of_file
from evaluators.document import Document
from evaluators.errors import IntegrityError, UsageProblem
from evaluators.evidence import Environment, Estimate
from evaluators.names import RelativePath
from hub.folder import compare_files
from hub.provenance import LINEAGE as LINEAGE

if TYPE_CHECKING:
    from evaluators.engine.adaptation import Adaptation
    from evaluators.engine.job import Fitted
    from evaluators.samples import FloatArray

BASE = "base"
FITTED = ("fit.json", "fit.safetensors")


class Score(Document):
    """How good the same training is on samples that it does not see."""

    metric: Literal["accuracy"] = "accuracy"
    estimate: Estimate
    """Share of right answers over items, with its Wilson interval."""
    trained_on: int
    """Labels that the scored training used; the delivered model was trained on more."""


class Adapted(Document):
    """Where an adapted model comes from."""

    schema_version: Literal[1] = 1
    name: str
    base: Candidate
    base_record: str | None = None
    """Digest of the promotion record that approves the base; None if nothing does."""
    strategy: str
    strategy_version: int
    settings: dict[str, float | int | str | bool]
    seed: int
    dtype: str
    task: str
    task_digest: str
    labels: tuple[str, ...]
    trained_on: int
    """Labels that the delivered model was trained on."""
    score: Score
    environment: Environment
    created: str
    """UTC, ISO 8601."""
    files: dict[RelativePath, str] = Field(default_factory=dict)
    """sha256 of what was trained, by path."""

    @property
    def lineage(self) -> str:
        """`NAME@digest` of the base."""
        return f"{self.base.name}@{self.base.digest}"


@dataclass(frozen=True, eq=False)
class AdaptedModel:
    """A loaded adapted model.

    Attributes:
        adapted: Its lineage and score.
    """

    adapted: Adapted
    _adaptation: Adaptation
    _fitted: Fitted

    def predict(self, inputs: Sequence[Any]) -> list[str]:
        """Return the label of each input: strings, or uint8 arrays (height, width, 3)."""
        best = self.predict_proba(inputs).argmax(axis=1)
        return [self.adapted.labels[int(index)] for index in best]

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """Return probabilities, (n, labels) float32, columns in the order of `adapted.labels`."""
        from evaluators.samples import image_samples, text_samples

        if self.adapted.base.modality == "text":
            samples = text_samples([str(item) for item in inputs])
        else:
            samples = image_samples(tuple(inputs))
        return self._adaptation.predict(self._fitted, samples)


def read_adapted(folder: Path) -> Adapted:
    """Read a folder's lineage and compare every byte with it.

    Raises:
        UsageProblem: If the folder is no adapted model.
        IntegrityError: If a file is not what the lineage says.
    """
    try:
        adapted = Adapted.model_validate_json((folder / LINEAGE).read_bytes())
    except OSError as error:
        raise UsageProblem(
            f"{folder} is no adapted model: {LINEAGE} cannot be read ({error.strerror})",
            hint="make one: hub adapt MODEL --data FILE --text COLUMN --label COLUMN --into DIR",
        ) from error
    except ValidationError as error:
        raise IntegrityError(
            f"{folder / LINEAGE} was altered, or another version of this program wrote it"
        ) from error
    wrong = [f"{BASE}/{finding.message}" for finding in compare_files(folder / BASE, adapted.base.files)]
    wrong += [
        f"{path}: {problem}"
        for path, sha256 in adapted.files.items()
        if (problem := _problem(folder / path, sha256))
    ]
    if wrong or set(adapted.files) != set(FITTED):
        raise IntegrityError(
            f"{folder} is not what `hub adapt` wrote: {'; '.join(wrong) or 'its lineage names other files'}",
            hint="adapt again; nothing was loaded",
        )
    return adapted


def load_adapted(folder: Path | str, *, device: str = "cpu") -> AdaptedModel:
    """Load an adapted model, its bytes verified first.

    Args:
        folder: What `hub adapt --into` wrote.
        device: `cpu`, `cuda`, or `any`.

    Raises:
        UsageProblem: If the folder is no adapted model.
        IntegrityError: If a file is not what the lineage says; nothing was loaded.
    """
    folder = Path(folder)
    adapted = read_adapted(folder)
    from evaluators.compute import choose_device
    from evaluators.engine.adaptation import Adaptation
    from evaluators.strategy import strategy

    adaptation = Adaptation(
        candidate=adapted.base,
        folder=folder / BASE,
        row=strategy(adapted.strategy),
        settings=adapted.settings,
        classes=len(adapted.labels),
        device=choose_device(device),
        dtype=adapted.dtype,
    )
    return AdaptedModel(adapted, adaptation, adaptation.reload(folder))


def _problem(path: Path, sha256: str) -> str | None:
    if path.is_symlink() or not path.is_file():
        return "is missing"
    return None if digest_of_file(path) == sha256 else "has other bytes"
