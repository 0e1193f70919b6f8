"""What `mlflow.pyfunc.load_model` loads of an adapted model: `predict` answers with labels.

Named as `loader_module` in every adapted model that the hub logs or registers. In: its artifacts. Out: an object whose
`predict` gives the label of each input, or with `params={"probabilities": True}` a DataFrame of probabilities, a column
a label. The files are compared with the lineage beside them before anything reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.served_inputs import image_of, input_rows

if TYPE_CHECKING:
    from hub.adapted.model import AdaptedModel


class Predictor:
    """A loaded adapted model, as MLflow asks it."""

    def __init__(self, model: AdaptedModel) -> None:
        self._model = model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the label of each input, or the probability of each label.

        Args:
            model_input: Texts or images: a list, a Series, or the first column of a DataFrame. An image is the bytes of
                a PNG or JPEG file, a PIL image, or a uint8 array (height, width, 3).
            params: `probabilities`: True for probabilities.

        Returns:
            Labels, list of n; or a DataFrame (n, labels).
        """
        rows = input_rows(model_input)
        if self._model.adapted.base.modality == "image":
            rows = [image_of(row) for row in rows]
        if not (params or {}).get("probabilities"):
            return self._model.predict(rows)
        import pandas as pd

        return pd.DataFrame(self._model.predict_proba(rows), columns=list(self._model.adapted.labels))


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> Predictor:  # noqa: ARG001  (MLflow's)
    """Load an adapted model's artifacts; MLflow calls this.

    Raises:
        IntegrityError: If the files are not those that the lineage names.
        EnvironmentProblem: If what computes is not installed.
    """
    from evaluators.errors import EnvironmentProblem
    from hub.adapted.model import load_adapted
    from hub.registry.exact_model import MODEL

    try:
        return Predictor(load_adapted(Path(path) / MODEL, device="any"))
    except ImportError as error:
        raise EnvironmentProblem(
            f"computing needs an extra ({error})", hint="pip install 'basehub[evaluate]'"
        ) from error
