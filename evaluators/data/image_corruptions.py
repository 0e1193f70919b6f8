"""Corrupting an image: noise, blur, contrast, brightness, pixels, at five severities. Pure, on uint8 RGB images.

After Hendrycks and Dietterich (2019), with the constants of their CIFAR-10-C for images whose shorter side is below 64
pixels and of ImageNet-C for larger ones; the radius of the blur grows with the image. A test holds them to the tables
of their code, where levels are cut and here they are rounded. JPEG is left out: its bytes are those of one version of
a library, and a set's digests hang on them.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

from evaluators.corruption_names import ImageCorruption
from evaluators.data.samples import Image

_Picture = NDArray[np.float64]
"""(height, width, 3) in [0, 1]."""

_SMALL = 64
_CIFAR = {
    "gaussian-noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "blur": (0.4, 0.6, 0.7, 0.8, 1.0),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "pixelate": (0.95, 0.9, 0.85, 0.75, 0.65),
}
_IMAGENET = {
    "gaussian-noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "blur": (1.0, 2.0, 3.0, 4.0, 6.0),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
}
_CIFAR_SIDE, _IMAGENET_SIDE = 32, 224


def corrupt_image(image: Image, family: ImageCorruption, severity: int, *, digest: str) -> Image:
    """Return an image as it is after a corruption, of the same shape.

    Args:
        image: uint8 (height, width, 3).
        family: What is done.
        severity: 1 to 5.
        digest: The sample's digest, which seeds the noise; all severities have one noise, scaled.
    """
    side = min(image.shape[:2])
    amount = (_CIFAR if side < _SMALL else _IMAGENET)[family][severity - 1]
    if family == "pixelate":
        return _pixelate(image, amount)
    picture = image / 255.0
    if family == "gaussian-noise":
        seed = np.frombuffer(sha256(f"{family}:{digest}".encode()).digest(), dtype="<u4")
        # RandomState and not default_rng: NumPy promises its stream for ever, and the set's digests hang on it.
        changed = picture + np.random.RandomState(seed).normal(0.0, 1.0, size=image.shape) * amount
    elif family == "blur":
        # Their constants are pixels of their images; below 32 they stay, or 8x8 images would not be blurred at all.
        grown = max(1.0, side / _CIFAR_SIDE) if side < _SMALL else side / _IMAGENET_SIDE
        changed = gaussian_filter(picture, sigma=(amount * grown, amount * grown, 0), mode="nearest")
    elif family == "contrast":
        middle = picture.mean(axis=(0, 1), keepdims=True)
        changed = (picture - middle) * amount + middle
    else:
        changed = _brighter(picture, amount)
    return np.rint(np.clip(changed, 0.0, 1.0) * 255).astype(np.uint8)


def _brighter(picture: _Picture, amount: float) -> _Picture:
    """Raise the value of HSV, which is the largest channel; hue and saturation stay."""
    value = picture.max(axis=2, keepdims=True)
    raised = np.clip(value + amount, 0.0, 1.0)
    grown: _Picture = picture * raised / np.where(value > 0.0, value, 1.0)
    return np.where(value > 0.0, grown, raised)


def _pixelate(image: Image, share: float) -> Image:
    height, width = image.shape[:2]
    coarse = (max(1, int(width * share)), max(1, int(height * share)))
    small = Pillow.fromarray(image).resize(coarse, Pillow.Resampling.BOX)
    return np.array(small.resize((width, height), Pillow.Resampling.BOX))
