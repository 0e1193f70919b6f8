"""Counting duplicates."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.data.samples import LabelledSet, image_samples, text_samples
from evaluators.diagnostics.duplicates import duplicate_counts, normalised


def texts(name: str, rows: list[tuple[str, int]]) -> LabelledSet:
    return LabelledSet(name, text_samples([text for text, _ in rows]), np.array([label for _, label in rows]))


def test_each_kind_of_duplicate_is_counted_once_where_it_stands() -> None:
    development = texts("train", [("Hello!", 0), ("Hello!", 0), ("my card", 1), ("bye", 2)])
    test = texts("test", [("Hello!", 0), ("hello", 0), ("My  card?", 1), ("bye", 0), ("other", 1)])
    assert duplicate_counts(development, test) == {
        "exact": 2,
        "normalised": 4,
        "conflicting": 1,
        "repeated": 1,
    }


def test_images_have_no_looser_form() -> None:
    black, white = np.zeros((2, 2, 3), dtype=np.uint8), np.full((2, 2, 3), 255, dtype=np.uint8)
    development = LabelledSet("train", image_samples([black, white]), np.array([0, 1]))
    test = LabelledSet("test", image_samples([black]), np.array([0]))
    assert duplicate_counts(development, test) == {
        "exact": 1,
        "normalised": 1,
        "conflicting": 0,
        "repeated": 0,
    }


@pytest.mark.parametrize("text", ["Where's my card?", "WHERES MY CARD", "  wheres\tmy card! "])
def test_case_punctuation_and_blanks_do_not_count(text: str) -> None:
    assert normalised(text) == "wheres my card"
