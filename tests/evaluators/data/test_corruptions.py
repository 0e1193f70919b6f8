"""Corruptions: pure, nested over severities, bounded, and named in the task."""

from __future__ import annotations

from colorsys import hsv_to_rgb, rgb_to_hsv
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image as Pillow
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from evaluators.corruption_names import IMAGE_CORRUPTIONS, SEVERITIES, TEXT_CORRUPTIONS, ImageCorruption
from evaluators.data.image_corruptions import corrupt_image
from evaluators.data.samples import Image, text_samples
from evaluators.data.text_corruptions import RATES, corrupt_text
from evaluators.data.transforms import transformed
from evaluators.task import Shift

#: Transcribed from github.com/hendrycks/robustness, ImageNet-C/create_c/make_cifar_c.py (commit ca36008, 32 pixels) and
#: make_imagenet_c.py (commit e0377d4, 224 pixels): scale of the noise, sigma of the blur, what is left of the contrast,
#: what the value of HSV gains, share of the pixels that are kept.
PUBLISHED = {
    (32, "gaussian-noise"): (0.04, 0.06, 0.08, 0.09, 0.10),
    (32, "blur"): (0.4, 0.6, 0.7, 0.8, 1),
    (32, "contrast"): (0.75, 0.5, 0.4, 0.3, 0.15),
    (32, "brightness"): (0.05, 0.1, 0.15, 0.2, 0.3),
    (32, "pixelate"): (0.95, 0.9, 0.85, 0.75, 0.65),
    (224, "gaussian-noise"): (0.08, 0.12, 0.18, 0.26, 0.38),
    (224, "blur"): (1, 2, 3, 4, 6),
    (224, "contrast"): (0.4, 0.3, 0.2, 0.1, 0.05),
    (224, "brightness"): (0.1, 0.2, 0.3, 0.4, 0.5),
    (224, "pixelate"): (0.6, 0.5, 0.4, 0.3, 0.25),
}
TEXT = "Why was my card payment declined? I need it, for Monday's train. " * 40


def picture(side: int = 32) -> Image:
    return np.random.RandomState(0).randint(0, 256, (side, side + 2, 3)).astype(np.uint8)


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


@pytest.mark.parametrize("family", TEXT_CORRUPTIONS)
def test_a_text_hangs_on_its_digest_and_changes_more_at_each_severity(family) -> None:
    def changed(severity: int, digest: str = "a") -> str:
        return corrupt_text(TEXT, family, severity, digest=digest)

    assert changed(3) == changed(3) != changed(3, "b")
    assert len({TEXT, *(changed(severity) for severity in SEVERITIES)}) == 6


def test_case_is_changed_at_the_rate_of_the_severity_and_milder_changes_stay() -> None:
    many = "a" * 4000
    flipped = [
        {place for place, letter in enumerate(corrupt_text(many, "case", s, digest="x")) if letter == "A"}
        for s in SEVERITIES
    ]
    for rate, places in zip(RATES, flipped, strict=True):
        assert len(places) / len(many) == pytest.approx(rate, abs=0.02)
    assert all(mild < hard for mild, hard in pairwise(flipped))


def test_punctuation_and_white_space_leave_the_letters_alone() -> None:
    for family in ("punctuation", "whitespace"):
        assert letters(corrupt_text(TEXT, family, 5, digest="a")) == letters(TEXT)


def test_typos_are_of_letters_only() -> None:
    digits = "0123456789 !?" * 20
    assert corrupt_text(digits, "typos", 5, digest="a") == digits


def test_a_typo_is_a_neighbouring_key_in_the_same_case() -> None:
    # No letter follows, so nothing can be swapped: it stays, is left out, or is a key beside it.
    seen = {letter for n in range(200) for letter in corrupt_text("G 1", "typos", 5, digest=str(n))[:1]}
    assert seen == {"G", " ", *"FHTYVB"}


def test_a_text_of_another_script_is_corrupted_without_a_keyboard_and_none_becomes_empty() -> None:
    thai = "ทำไมบัตรของฉันถูกปฏิเสธ"
    assert corrupt_text(thai, "typos", 5, digest="a") != thai
    assert corrupt_text(thai, "case", 5, digest="a") == thai
    for number in range(50):
        assert corrupt_text("a", "typos", 5, digest=str(number)).strip()


def test_a_sample_is_corrupted_alike_wherever_it_stands() -> None:
    both, alone = text_samples(["first text here", "second text here"]), text_samples(["second text here"])
    assert transformed(both, "typos", 4.0).texts[1] == transformed(alone, "typos", 4.0).texts[0]


@pytest.mark.parametrize("family", IMAGE_CORRUPTIONS)
@pytest.mark.parametrize("side", [8, 32, 96])
def test_an_image_keeps_its_shape_and_is_further_from_itself_at_the_hardest(family, side: int) -> None:
    image = picture(side)
    kept = image.copy()
    far = []
    for severity in SEVERITIES:
        changed = corrupt_image(image, family, severity, digest="a")
        assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
        far.append(float(np.abs(changed.astype(float) - image).mean()))
    assert np.array_equal(image, kept)
    assert 0 < far[0] < far[-1]


def test_noise_of_an_image_hangs_on_its_digest_and_has_the_deviation_of_the_paper() -> None:
    grey = np.full((60, 60, 3), 128, dtype=np.uint8)
    added = corrupt_image(grey, "gaussian-noise", 5, digest="a").astype(float) - 128
    assert added.std() == pytest.approx(25.5, rel=0.03)
    assert not np.array_equal(added, corrupt_image(grey, "gaussian-noise", 5, digest="b").astype(float) - 128)


def test_contrast_and_brightness_are_the_papers_on_a_known_image() -> None:
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    image[:2], image[2:] = 100, 200
    assert np.unique(corrupt_image(image, "contrast", 2, digest="a")).tolist() == [125, 175]
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[..., 0] = 100
    raised = corrupt_image(red, "brightness", 2, digest="a")[0, 0]
    assert raised.tolist() == [126, 0, 0]
    assert corrupt_image(image * 0, "brightness", 2, digest="a")[0, 0].tolist() == [26, 26, 26]


def published(family: str, image: Image, constant: float) -> Image:
    """Return what the published definition makes of a square image, but for the noise."""
    side, x = len(image), image / 255.0
    if family == "pixelate":
        small = Pillow.fromarray(image).resize((int(side * constant),) * 2, Pillow.Resampling.BOX)
        return np.asarray(small.resize((side, side), Pillow.Resampling.BOX))
    if family == "blur":
        x = np.stack([gaussian_filter(x[..., c], constant, mode="nearest") for c in range(3)], axis=-1)
    elif family == "contrast":
        x = (x - x.mean(axis=(0, 1))) * constant + x.mean(axis=(0, 1))
    else:
        for row, column in np.ndindex(side, side):
            hue, saturation, value = rgb_to_hsv(*x[row, column])
            x[row, column] = hsv_to_rgb(hue, saturation, min(1.0, value + constant))
    return np.asarray(np.clip(x, 0, 1) * 255)


@pytest.mark.parametrize(("side", "family"), PUBLISHED)
def test_images_are_corrupted_as_published_at_every_severity(side: int, family: ImageCorruption) -> None:
    image = np.random.RandomState(1).randint(0, 256, (side, side, 3)).astype(np.uint8)
    grey = np.full((side, side, 3), 128, dtype=np.uint8)
    for severity, constant in zip(SEVERITIES, PUBLISHED[side, family], strict=True):
        if family == "gaussian-noise":
            added = corrupt_image(grey, family, severity, digest="a") / 255.0 - 128 / 255.0
            # Above .1 some of it is clipped; half of a normal distribution lies within 0.6745 deviations, which is not.
            deviation = added.std() if constant <= 0.1 else np.median(np.abs(added)) / 0.6745
            assert deviation == pytest.approx(constant, rel=0.03)
            continue
        found = corrupt_image(image, family, severity, digest="a").astype(float)
        # They cut to whole levels, and we round.
        assert np.abs(found - published(family, image, constant)).max() <= 0.5 + 1e-9


def test_pixels_become_blocks() -> None:
    blocks: ImageCorruption = "pixelate"
    image = corrupt_image(picture(100), blocks, 5, digest="a")
    assert len(np.unique(image.reshape(-1, 3), axis=0)) <= 25 * 25


def test_a_corruption_that_is_written_down_alone_needs_a_severity() -> None:
    assert Shift(id="few", title="x", transform="typos", amount=2.0).amount == 2.0
    with pytest.raises(ValidationError, match="1, 2, 3, 4 or 5, its severity"):
        Shift(id="few", title="x", transform="typos", amount=0.1)
