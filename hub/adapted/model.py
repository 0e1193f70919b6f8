"""An adapted model, loaded: the exact base with what was trained, behind one `predict`.

In: a folder that `hub adapt` wrote, or a pull of one. Out: an `AdaptedModel` that predicts labels. Nothing is loaded
whose digest is not the lineage's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from evaluators.canonical import digest_of_file
from evaluators.errors import IntegrityError, UsageProblem
from evaluators.wording import score
from hub.adapted.lineage import BASE, FITTED, LINEAGE, Adapted
from hub.folder import compare_files
from hub.served_inputs import image_of, input_rows

if TYPE_CHECKING:
    from evaluators.data.samples import FloatArray, Image
    from evaluators.engine.adaptation import Adaptation
    from evaluators.engine.job import Fitted


@dataclass(frozen=True, eq=False, repr=False)
class AdaptedModel:
    """A loaded adapted model.

    Attributes:
        adapted: Its lineage and score.
    """

    adapted: Adapted
    _adaptation: Adaptation
    _fitted: Fitted

    def __repr__(self) -> str:
        """Return what it is, and how good, in a line."""
        made, held_out = self.adapted, self.adapted.score.estimate
        return (
            f"AdaptedModel({made.name}: {made.strategy} on {made.base.name}, {len(made.labels)} labels, "
            f"{made.score.metric} {score(held_out)} on {held_out.n} samples held out)"
        )

    def predict(self, inputs: Sequence[Any]) -> list[str]:
        """Return the label of each input; one input alone is a list of one.

        Args:
            inputs: Texts; or images: paths of PNG or JPEG files, their bytes, PIL images, uint8 arrays.
        """
        best = self.predict_proba(inputs).argmax(axis=1)
        return [self.adapted.labels[int(index)] for index in best]

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """Return probabilities, (n, labels) float32, columns in the order of `adapted.labels`."""
        from evaluators.data.samples import image_samples, text_samples

        rows = [inputs] if isinstance(inputs, Path) else input_rows(inputs)
        if self.adapted.base.modality == "text":
            samples = text_samples([str(item) for item in rows])
        else:
            samples = image_samples(tuple(_pixels(item) for item in rows))
        return self._adaptation.predict(self._fitted, samples)


def _pixels(item: Any) -> Image:
    """Return an image as training would read it; here, unlike in a server, a path names a file of who asks."""
    if not isinstance(item, str | Path):
        return image_of(item)
    try:
        return image_of(Path(item).read_bytes())
    except OSError as error:
        raise UsageProblem(
            f"{item} cannot be read ({error.strerror})",
            hint="predict takes paths, bytes, PIL images or arrays",
        ) from error


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
        IntegrityError: If a file is not what the lineage says, or what was trained does not fit it; nothing was loaded.
    """
    folder = Path(folder)
    adapted = read_adapted(folder)
    from evaluators.engine.adaptation import Adaptation
    from evaluators.running.device import choose_device
    from evaluators.strategy import strategy

    row = strategy(adapted.strategy)
    if not 1 <= adapted.strategy_version <= row.version:
        raise IntegrityError(
            f"{adapted.name} was trained by version {adapted.strategy_version} of {row.id}; "
            f"this program knows versions up to {row.version}",
            hint="use the version of basehub that made it, or adapt again; nothing was loaded",
        )
    adaptation = Adaptation(
        candidate=adapted.base,
        folder=folder / BASE,
        row=row,
        settings=adapted.settings,
        labels=adapted.labels,
        device=choose_device(device),
        dtype=adapted.dtype,
    )
    return AdaptedModel(adapted, adaptation, adaptation.reload(folder))


def _problem(path: Path, sha256: str) -> str | None:
    if path.is_symlink() or not path.is_file():
        return "is missing"
    return None if digest_of_file(path) == sha256 else "has other bytes"
