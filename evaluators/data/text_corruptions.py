"""Corrupting a text: typos, case, punctuation, white space, at five severities. Pure functions.

What a text becomes depends on the text's digest, the family and the severity only. A severity holds all changes of the
milder ones: the same draws are compared with a higher rate. Rates are shares of what can change, 2.5 to 40 %: half of
what is usual as the mildest, and a text that people hardly read as the hardest.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from evaluators.corruption_names import TextCorruption

RATES = (0.025, 0.05, 0.10, 0.20, 0.40)
"""By severity."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_MARKS = ".,;:!?-"
_WORD = 5
"""Letters of a usual English word: a gap between letters opens a fifth as often as one between words closes."""


def corrupt_text(text: str, family: TextCorruption, severity: int, *, digest: str) -> str:
    """Return a text as it is after a corruption; unchanged where nothing of it can change, never empty.

    Args:
        text: Any language. Typos have neighbours on a QWERTY keyboard for the letters a to z and are swaps and
            omissions for others; a script without case or spaces has nothing for `case` or `whitespace` to change.
        family: What is done.
        severity: 1 to 5.
        digest: The sample's digest, which seeds the draws.
    """
    rate = RATES[severity - 1]
    seed = np.frombuffer(sha256(f"{family}:{digest}".encode()).digest(), dtype="<u4")
    # RandomState and not default_rng: NumPy promises its stream for ever, and the set's digests hang on it.
    draws = np.random.RandomState(seed).random_sample((len(text), 2))
    changed = {"typos": _typos, "case": _case, "punctuation": _punctuation, "whitespace": _whitespace}[
        family
    ](text, draws[:, 0] < rate, draws)
    return changed if changed.strip() else text


def _typos(text: str, hit: np.ndarray, draws: np.ndarray) -> str:
    """A third of the typos each: a neighbouring key, two letters swapped, a letter left out."""
    out: list[str] = []
    place = 0
    while place < len(text):
        letter, kind = text[place], draws[place, 1]
        following = text[place + 1] if place + 1 < len(text) else ""
        if not (hit[place] and letter.isalpha()):
            out.append(letter)
        elif kind < 1 / 3 and _neighbours(letter):
            near = _neighbours(letter)
            out.append(near[int(3 * kind * len(near))])
        elif kind < 2 / 3 and following.isalpha():
            out += [following, letter]
            place += 1
        # Otherwise the letter is left out.
        place += 1
    return "".join(out)


def _case(text: str, hit: np.ndarray, draws: np.ndarray) -> str:  # noqa: ARG001  one signature for all families
    return "".join(letter.swapcase() if change else letter for letter, change in zip(text, hit, strict=True))


def _punctuation(text: str, hit: np.ndarray, draws: np.ndarray) -> str:
    """Marks are left out, and stray ones stand behind words."""
    out: list[str] = []
    for place, letter in enumerate(text):
        ends_word = letter.isalnum() and not text[place + 1 : place + 2].isalnum()
        if hit[place] and letter in _MARKS:
            continue
        out.append(letter)
        if hit[place] and ends_word:
            out.append(_MARKS[int(draws[place, 1] * len(_MARKS))])
    return "".join(out)


def _whitespace(text: str, hit: np.ndarray, draws: np.ndarray) -> str:
    """Spaces are left out, and as many words are broken."""
    out: list[str] = []
    for place, letter in enumerate(text):
        if hit[place] and letter.isspace():
            continue
        out.append(letter)
        inside = letter.isalnum() and text[place + 1 : place + 2].isalnum()
        if hit[place] and inside and draws[place, 1] * _WORD < 1:
            out.append(" ")
    return "".join(out)


def _neighbours(letter: str) -> str:
    """Return the keys around a letter on a QWERTY keyboard, in its case; none for other letters."""
    low = letter.lower()
    for row, keys in enumerate(_ROWS):
        if low in keys:
            column = keys.index(low)
            around = keys[max(0, column - 1) : column] + keys[column + 1 : column + 2]
            for other in (row - 1, row + 1):
                if 0 <= other < len(_ROWS):
                    # The row below is shifted to the right by half a key.
                    first = column - 1 if other > row else column
                    around += _ROWS[other][max(0, first) : first + 2]
            return around.upper() if letter.isupper() else around
    return ""
