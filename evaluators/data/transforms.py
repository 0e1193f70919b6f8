"""Making a shifted set out of samples: a rotation or noise of images, and corruptions of either kind. Pure functions.

The result depends on the sample, the amount and (where something is drawn) the sample's digest only, never on the order
or the set that the sample stands in, so a transformed sample has one digest everywhere.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal, cast

import numpy as np
from PIL import Image as Pillow

from evaluators.candidate import Modality
from evaluators.corruption_names import IMAGE_CORRUPTIONS, TEXT_CORRUPTIONS, ImageCorruption, TextCorruption
from evaluators.data.samples import Image, Samples, image_samples, text_samples
from evaluators.data.text_corruptions import corrupt_text

Interpolation = Literal["bilinear", "bicubic"]

_RESAMPLING = {"bilinear": Pillow.Resampling.BILINEAR, "bicubic": Pillow.Resampling.BICUBIC}


def transforms_of(modality: Modality) -> tuple[str, ...]:
    """Return what samples of a modality can be transformed by."""
    return TEXT_CORRUPTIONS if modality == "text" else ("rotate", "noise", *IMAGE_CORRUPTIONS)


def transformed(samples: Samples, transform: str, amount: float) -> Samples:
    """Return samples as they are after a transformation, in the same order.

    Args:
        samples: n inputs.
        transform: One of `transforms_of` their modality.
        amount: Degrees, standard deviation, or the severity of a corruption.
    """
    if samples.modality == "text":
        family, severity = cast("TextCorruption", transform), int(amount)
        pairs = zip(samples.texts, samples.digests, strict=True)
        return text_samples([corrupt_text(text, family, severity, digest=digest) for text, digest in pairs])
    drawn = zip(samples.images, samples.digests, strict=True)
    if transform == "rotate":
        return image_samples([rotate(image, amount) for image, _ in drawn])
    if transform == "noise":
        return image_samples([noise(image, amount, digest=digest) for image, digest in drawn])
    from evaluators.data.image_corruptions import corrupt_image  # SciPy, which no other set needs

    kind = cast("ImageCorruption", transform)
    return image_samples([corrupt_image(image, kind, int(amount), digest=digest) for image, digest in drawn])


def rotate(image: Image, degrees: float, *, interpolation: Interpolation = "bicubic") -> Image:
    """Turn an image about its centre, counter-clockwise; size stays, corners become black.

    Args:
        image: uint8 (height, width, 3).
        degrees: Angle in degrees.
        interpolation: How pixels between pixels are read.
    """
    picture = Pillow.fromarray(image)
    return np.array(picture.rotate(degrees, resample=_RESAMPLING[interpolation], fillcolor=(0, 0, 0)))


def noise(image: Image, deviation: float, *, digest: str) -> Image:
    """Add Gaussian noise, independent in every pixel and channel, and clip.

    Args:
        image: uint8 (height, width, 3).
        deviation: Standard deviation, where white is 1.
        digest: The sample's digest, which seeds the noise.
    """
    seed = np.frombuffer(sha256(f"noise:{digest}".encode()).digest(), dtype="<u4")
    # RandomState and not default_rng: NumPy promises its stream for ever, and the set's digests hang on it.
    added = np.random.RandomState(seed).normal(0.0, deviation * 255, size=image.shape)
    return np.clip(np.rint(image + added), 0, 255).astype(np.uint8)
