"""Writes the episodes that the in-house language model learns from: labelled texts, one below the other.

Whoever reads such a page can name the next label if it knows the topics, or if it looks at the texts above; in half
of the tasks only the second helps, because labels are words that mean something else or nothing. So a network that is
trained on pages learns to look.

In: a `EpisodeRecipe` and a generator. Out: pages as text in parts, each part a text or a label. Invariants: one recipe
and seed give the same pages; held-out topics are on no page that is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from evaluators.pretraining.topics import AROUND, HOW, KINDS, SENTENCES, WHEN, WHO, Topic

#: How a labelled text stands on a page; `hub`'s in-context strategies ask in the same words.
BETWEEN, AFTER = "\nLabel:", "\n\n"

_ONSETS = (*"bcdfghjklmnprstvwz", "bl", "br", "cr", "dr", "fl", "gr", "kl", "pl", "pr", "qu", "st", "tr")
_NUCLEI = (*"aeiouy", "ai", "ea", "oo", "ou")
_CODAS = ("", "", "b", "ck", "d", "g", "l", "ll", "m", "n", "nd", "p", "r", "rt", "s", "sh", "t", "x")

Style = Literal["named", "renamed", "invented", "keyword"]
"""`named`: topics by their names. `renamed`: topics by words that are none of theirs. `invented`: made-up words, and
labels of such. `keyword`: the label is a word of the text."""


@dataclass(frozen=True)
class Line:
    """A labelled text of a page.

    Attributes:
        text: The text.
        label: Its label, in words.
        known: Whether the label can be told: from its meaning, or from a line above.
    """

    text: str
    label: str
    known: bool


@dataclass(frozen=True, eq=False)
class Pages:
    """A source of pages: topics and a random generator.

    Attributes:
        topics: What the pages are about.
        random: Where all chance comes from.
    """

    topics: Sequence[Topic]
    random: Random

    def page(self, style: Style, *, lines: int, classes: int, longest: int) -> list[Line]:
        """Return a page.

        Args:
            style: What the task is.
            lines: Labelled texts on it.
            classes: Labels of the task, at most; every line draws one.
            longest: Sentences of a text, at most; 0 gives one to four words that make no sentence.
        """
        kinds, labels = self._task(style, classes)
        above: set[int] = set()
        page = []
        for _ in range(lines):
            drawn = self._below(classes)
            text = self._text(kinds[drawn], longest)
            label = labels[drawn]
            if style == "keyword":
                label = self._pick(kinds[drawn].things)
                text = self._with(text, label)
            page.append(Line(text, label, style in ("named", "keyword") or drawn in above))
            above.add(drawn)
        return page

    def _task(self, style: Style, classes: int) -> tuple[list[Topic], list[str]]:
        """Return what each class is about, and what it is called."""
        if style == "invented":
            return [self._invented() for _ in range(classes)], [self._new_word() for _ in range(classes)]
        chosen = self.random.sample(self.topics, 2 * classes)
        kinds = chosen[:classes]
        if style == "named":
            return kinds, [self._name(topic) for topic in kinds]
        return kinds, [self._pick((*other.things, *other.names)) for other in chosen[classes:]]

    def _name(self, topic: Topic) -> str:
        name = self._pick(topic.names)
        way = self._below(4)
        if way == 0:
            return f"{name} {self._pick(KINDS)}"
        return f"{topic.names[0]} {topic.names[1]}" if way == 1 else name

    def _invented(self) -> Topic:
        # Few words, so that two texts of a class share some.
        return Topic((), tuple(self._new_word() for _ in range(4)), tuple(self._new_word() for _ in range(2)))

    def _new_word(self) -> str:
        syllables = 1 + self._below(2)
        return "".join(
            self._pick(_ONSETS) + self._pick(_NUCLEI) + self._pick(_CODAS) for _ in range(syllables)
        )

    def _text(self, topic: Topic, longest: int) -> str:
        if not longest:
            return " ".join(self._pick((*topic.things, *topic.doings)) for _ in range(1 + self._below(4)))
        sentences = [self._sentence(topic) for _ in range(1 + self._below(longest))]
        if self.random.random() < 0.3:
            sentences.insert(self._below(2), self._pick(AROUND))
        return " ".join(sentences)

    def _sentence(self, topic: Topic) -> str:
        choices = {"n": topic.things, "v": topic.doings, "w": WHEN, "p": WHO, "a": HOW}
        words = self._pick(SENTENCES).split()
        return " ".join(
            self._pick(choices[word[1]]) if word.startswith("{") and word.endswith("}") else word
            for word in words
        )

    def _with(self, text: str, word: str) -> str:
        words = text.split()
        words.insert(self._below(len(words) + 1), word)
        return " ".join(words)

    def _pick(self, words: Sequence[str]) -> str:
        return words[self._below(len(words))]

    def _below(self, bound: int) -> int:
        # One call of what Python promises to keep: `randrange` has changed its numbers between versions.
        return int(self.random.random() * bound)
