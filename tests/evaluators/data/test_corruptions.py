"""Corruptions: pure, nested over severities, bounded, and named in the task."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from evaluators.corruption_names import IMAGE_CORRUPTIONS, SEVERITIES, TEXT_CORRUPTIONS, ImageCorruption
from evaluators.data.image_corruptions import corrupt_image
from evaluators.data.samples import Image, text_samples
from evaluators.data.text_corruptions import RATES, corrupt_text
from evaluators.data.transforms import transformed
from evaluators.task import Shift

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


def test_pixels_become_blocks() -> None:
    blocks: ImageCorruption = "pixelate"
    image = corrupt_image(picture(100), blocks, 5, digest="a")
    assert len(np.unique(image.reshape(-1, 3), axis=0)) <= 25 * 25


def test_a_corruption_that_is_written_down_alone_needs_a_severity() -> None:
    assert Shift(id="few", title="x", transform="typos", amount=2.0).amount == 2.0
    with pytest.raises(ValidationError, match="1, 2, 3, 4 or 5, its severity"):
        Shift(id="few", title="x", transform="typos", amount=0.1)
