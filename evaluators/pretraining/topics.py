"""The words that the in-house language model learns from: everyday topics, each with things and doings.

`topics.txt` has one topic a line: its names, its things, its doings. Written by hand for this repository; no corpus,
dictionary or data set was read for it. They were written with the ten queues of the catalog's help-desk in mind, as
anybody's topics of working life would be, so results there are optimistic; no message of it was used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Topic:
    """What belongs together.

    Attributes:
        names: What it may be called, by itself or before a word such as `question`.
        things: Nouns.
        doings: Verbs.
    """

    names: tuple[str, ...]
    things: tuple[str, ...]
    doings: tuple[str, ...]


def _topic(line: str) -> Topic:
    names, things, doings = (tuple(part.split()) for part in line.split("|"))
    return Topic(names, things, doings)


def _topics() -> tuple[Topic, ...]:
    text = (files("evaluators.pretraining") / "topics.txt").read_text(encoding="utf-8")
    return tuple(_topic(line) for line in text.splitlines())


TOPICS = _topics()

#: Every sixth topic is kept out of training: what is learnt in context shows on these.
HELD_OUT = TOPICS[5::6]
TRAINED = tuple(topic for topic in TOPICS if topic not in HELD_OUT)

#: What a label may be called beside its topic's name.
KINDS = ("question", "problem", "request", "issue", "claim", "fault", "news", "report", "complaint", "order")

#: Sentences. `{n}` is a thing of the topic, `{v}` a doing, `{w}` when, `{p}` a person, `{a}` how it is.
SENTENCES = (
    "my {n} is {a} since {w}",
    "could you {v} the {n} for me ?",
    "{p} wants to {v} a {n} {w} .",
    "the {n} and the {n} are both {a} .",
    "i can't {v} my {n} , what should i do ?",
    "how do i {v} the {n} ?",
    "where is the {n} that {p} had {w} ?",
    "we need a new {n} {w} because the old {n} is {a} .",
    "is there any {n} left for {p} ?",
    "please {v} it , the {n} is {a} again .",
    "{w} {p} told me about a {n} with a {a} {n} .",
    "i have been waiting for the {n} since {w} .",
    "nobody told {p} how to {v} with this {n} .",
    "there's something wrong with our {n} , it won't {v} .",
    "do you know when the {n} will {v} ?",
    "i'd like to {v} {w} , who decides about the {n} ?",
    "the {n} that i use for the {n} looks {a} .",
    "after {w} no {n} was {a} any more , so we had to {v} .",
    "what does a {n} cost , and does {p} get the {n} too ?",
    "{p} says that the {n} must be {a} before we {v} .",
    "a {n} , a {n} and a {n} .",
    "{n} {n}",
    "{v} {n}",
    "hello , {p} lost the {n} {w} and can not {v} .",
)
WHEN = (
    "today", "yesterday", "last week", "monday", "this morning", "tomorrow", "next month", "friday", "two days",
    "the weekend", "three weeks", "noon", "tonight", "every day", "an hour", "2019", "the 3rd of may", "summer",
)  # fmt: skip
WHO = (
    "my colleague", "she", "he", "the new one", "my boss", "our team", "anna", "somebody", "my brother", "they",
    "the neighbour", "a friend", "the whole group", "mr smith", "nobody", "everyone", "my sister", "the intern",
)  # fmt: skip
HOW = (
    "broken", "too small", "very old", "empty", "blue", "slow", "gone", "wrong", "late", "missing", "dirty", "open",
    "expensive", "full", "ready", "strange", "good", "quite new", "red", "bad", "too big", "fine", "cold", "dead",
)  # fmt: skip
#: Words of any topic's text: what a text begins or goes on with.
AROUND = (
    "please help .", "thanks !", "hi ,", "to be honest ,", "i think", "is that normal ?", "it's urgent .",
    "as always ,",
    "no idea why .", "sorry to bother you ,", "what now ?", "that can't be right .", "just asking .", "so far ,",
)  # fmt: skip
