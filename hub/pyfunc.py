"""What `mlflow.pyfunc.load_model("models:/NAME@approved")` loads: one pooled vector a text or image.

Named as `loader_module` in every version that the hub makes. In: a version's artifacts. Out: an object whose `predict`
gives the very features that the evaluation measured. The files are compared with the digests beside them before
anything reads them; torch is imported only here and only then.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.served_inputs import image_of, input_rows

if TYPE_CHECKING:
    from evaluators.backbones.backbone import Backbone
    from evaluators.candidate import Candidate
    from evaluators.data.samples import FloatArray, Samples


class Encoder:
    """A loaded base model."""

    def __init__(self, candidate: Candidate, backbone: Backbone) -> None:
        self._candidate = candidate
        self._backbone = backbone

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> FloatArray:  # noqa: ARG002  (MLflow's)
        """Return one vector an input.

        Args:
            model_input: Texts or images: a list, a Series, an array, or the first column of a DataFrame. An image is a
                uint8 array (height, width, 3), a PIL image, or the bytes of a PNG or JPEG file.
            params: Not used.

        Returns:
            (n, width) float32.
        """
        from evaluators.engine.encode import encode

        return encode(
            self._backbone, self._samples(input_rows(model_input)), dtype="float32", progress=_silent
        )

    def _samples(self, rows: list[Any]) -> Samples:
        from evaluators.data.samples import image_samples, text_samples

        if self._candidate.modality == "text":
            return text_samples([str(row) for row in rows])
        return image_samples([image_of(row) for row in rows])


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> Encoder:  # noqa: ARG001  (MLflow's)
    """Load a version's artifacts; MLflow calls this.

    Raises:
        IntegrityError: If the files are not those that the version was made of.
        EnvironmentProblem: If what computes is not installed.
    """
    from evaluators.candidate import Candidate
    from evaluators.errors import EnvironmentProblem, IntegrityError
    from hub.folder import compare_files
    from hub.registry.exact_model import CANDIDATE, MODEL

    root = Path(path)
    candidate = Candidate.model_validate_json((root / CANDIDATE).read_bytes())
    wrong = compare_files(root / MODEL, candidate.files)
    if wrong:
        raise IntegrityError(
            f"{candidate.name} was changed after its promotion: {wrong[0].message}",
            hint="pull it: the hub refuses what differs",
        )
    try:
        from evaluators.backbones.load import load_backbone
        from evaluators.running.device import choose_device

        device = choose_device("any")
        return Encoder(candidate, load_backbone(candidate, root / MODEL, pretrained=True, device=device))
    except ImportError as error:
        raise EnvironmentProblem(
            f"computing with {candidate.name} needs an extra ({error})",
            hint="pip install 'basehub[evaluate]'",
        ) from error


def _silent(_done: int, _total: int) -> None:
    """Take progress and show none."""
