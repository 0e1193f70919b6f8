"""Rotation and noise: pure, bounded, and independent of the order of the samples."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.data.samples import Image
from evaluators.data.transforms import Interpolation, noise, rotate


def picture() -> Image:
    return np.random.RandomState(0).randint(0, 256, (8, 10, 3)).astype(np.uint8)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_quarter_turn_is_exact_and_counter_clockwise(interpolation: Interpolation) -> None:
    image = picture()[:, :8]
    assert np.array_equal(rotate(image, 90, interpolation=interpolation), np.rot90(image))


def test_turning_keeps_the_size_fills_corners_black_and_leaves_the_input_alone() -> None:
    image = np.full((8, 8, 3), 200, dtype=np.uint8)
    turned = rotate(image, 45)
    assert (turned.shape, turned.dtype) == ((8, 8, 3), np.uint8)
    assert turned[0, 0].tolist() == [0, 0, 0]
    assert turned[4, 4].tolist() == [200, 200, 200]
    assert (image == 200).all()


def test_noise_depends_on_the_sample_and_not_on_its_place() -> None:
    image = picture()
    assert np.array_equal(noise(image, 0.1, digest="a"), noise(image, 0.1, digest="a"))
    assert not np.array_equal(noise(image, 0.1, digest="a"), noise(image, 0.1, digest="b"))


def test_noise_has_the_deviation_asked_for() -> None:
    grey = np.full((200, 200, 3), 128, dtype=np.uint8)
    added = noise(grey, 0.1, digest="a").astype(float) - 128
    assert added.std() == pytest.approx(25.5, rel=0.02)
    assert added.mean() == pytest.approx(0, abs=0.5)


def test_noise_is_clipped_to_bytes() -> None:
    white = np.full((50, 50, 3), 255, dtype=np.uint8)
    assert noise(white, 0.5, digest="a").max() == 255
