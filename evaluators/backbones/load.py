"""The one door from a candidate's files to a backbone, whatever library it came from.

Only verified folders get here. Loading reads JSON and safetensors and executes nothing of the folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evaluators.backbones.backbone import Backbone
from evaluators.candidate import Candidate, Library, TextInput
from evaluators.errors import InvalidDocument

if TYPE_CHECKING:
    from evaluators.backbones.causal import CausalModel


def load_backbone(candidate: Candidate, folder: Path, *, pretrained: bool, device: str) -> Backbone:
    """Load a fresh backbone in float32 and evaluation mode.

    Args:
        candidate: What the files are and how inputs reach them.
        folder: Where the candidate's verified files lie.
        pretrained: False initialises the same architecture at random; the caller seeds torch's generator.
        device: `cpu` or `cuda`.

    Raises:
        IntegrityError: If the files do not fill the model, or would lead to other files.
        InvalidDocument: If the library does not fit the modality, or the configuration names an architecture or a
            pooling that does not exist.
    """
    if isinstance(candidate.input, TextInput):
        _expect(candidate, "transformers")
        from evaluators.backbones.text import load_text

        text = load_text(candidate.input, folder, pretrained=pretrained)
        text.module.to(device)
        return text
    _expect(candidate, "timm")
    from evaluators.backbones.image import load_image

    image = load_image(candidate.input, folder, pretrained=pretrained)
    image.module.to(device)
    return image


def load_language_model(candidate: Candidate, folder: Path, *, device: str) -> CausalModel:
    """Load a fresh causal language model with its head, in float32 and evaluation mode.

    Args:
        candidate: What the files are.
        folder: Where the candidate's verified files lie.
        device: `cpu` or `cuda`.

    Raises:
        IntegrityError: If the files do not fill the model, or would lead to other files.
        InvalidDocument: If the library is another one, or the architecture cannot be asked as strategies ask.
    """
    _expect(candidate, "transformers")
    from evaluators.backbones.causal import load_causal

    model = load_causal(folder)
    model.module.to(device)
    return model


def _expect(candidate: Candidate, library: Library) -> None:
    if candidate.library != library:
        raise InvalidDocument(
            f"{candidate.name}: a base model for {candidate.modality} is loaded with {library}, "
            f"not with {candidate.library}"
        )
