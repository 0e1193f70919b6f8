"""What a served model is asked about, as plain rows: texts, or images as pixels.

In: whatever MLflow hands to `predict`. Out: a list of inputs. Paths are never read: who asks a served model must not
name files of its machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluators.data.samples import Image


def input_rows(model_input: Any) -> list[Any]:
    """Return the inputs of a list, a Series, an array, or the first column of a DataFrame; one alone is one row."""
    if isinstance(model_input, str | bytes):
        return [model_input]
    if hasattr(model_input, "iloc") and hasattr(model_input, "columns"):
        return list(model_input.iloc[:, 0])
    return list(model_input)


def image_of(value: Any) -> Image:
    """Return an image as pixels: from a uint8 array (also grey or RGBA), a PIL image, or bytes of a PNG or JPEG.

    Raises:
        TypeError: If it is none of them.
    """
    import numpy as np
    from PIL import Image as Pillow
    from PIL import ImageOps

    from evaluators.data.decoding import NotAnImage, decode

    if isinstance(value, bytes):
        # As training read them: two decoders only, a bound on the size, upright as the camera was held.
        try:
            return decode(value)
        except NotAnImage as error:
            raise TypeError(f"{error.reason}: {error.hint}") from error
    if isinstance(value, Pillow.Image):
        return np.asarray(ImageOps.exif_transpose(value).convert("RGB"))
    pixels = np.asarray(value)
    if pixels.dtype == np.uint8 and (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 4))):
        # Grey, or with transparency, which is dropped as it is when files are read.
        flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
        return np.asarray(Pillow.fromarray(flat).convert("RGB"))
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise TypeError(f"an image is a uint8 array (height, width, 3), not {pixels.dtype} {pixels.shape}")
    return pixels
