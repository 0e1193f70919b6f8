"""Making a shifted set out of images: a rotation, or noise. Pure functions on uint8 RGB images.

The result depends on the image, the amount and (for noise) the sample's digest only, never on the order or the set
that the image stands in, so a transformed sample has one digest everywhere.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import numpy as np
from PIL import Image as Pillow

from evaluators.data.samples import Image

Interpolation = Literal["bilinear", "bicubic"]

_RESAMPLING = {"bilinear": Pillow.Resampling.BILINEAR, "bicubic": Pillow.Resampling.BICUBIC}


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
