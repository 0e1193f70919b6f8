"""In-context learning: labelled examples stand in the prompt, and the likeliest label is the answer.

In: a job with raw texts and a way to a causal language model. Out: a classifier over texts. Nothing is trained. An
answer's score is the mean log-probability of its tokens, so that long names are not unlikely for being long; scores are
softmaxed over the labels and averaged over several orders of the examples, because an order alone decides much (Lu et
al. 2022). The job's seed decides which examples and which orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from evaluators.backbones.causal import CausalModel, Tokens
from evaluators.data.label_texts import SEPARATOR, verbalised
from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import arithmetic, autocast
from evaluators.engine.job import FitJob, Inputs, OneByOne
from evaluators.engine.products import fast_products
from evaluators.engine.records import Record, write_record
from evaluators.errors import UsageProblem
from evaluators.protocol import SettingValue


@dataclass(frozen=True)
class Examples:
    """What stands in the prompt.

    Attributes:
        texts: k texts.
        labels: Index of the label of each.
        orders: Orders in which they are shown, each a permutation of k.
        names: Of all labels, by index.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    orders: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How a labelled text is written, as tokens.

    Attributes:
        model: Whose tokens.
        before: What precedes a text.
        between: What stands between a text and its label.
        lead: What precedes the label in the same word: a blank, or nothing.
        text_tokens: A text is cut after so many.
    """

    model: CausalModel
    before: Tokens
    between: Tokens
    lead: str
    text_tokens: int

    def asked(self, text: str) -> Tokens:
        """Return a text up to where its label follows."""
        return [*self.before, *self.model.tokens(text)[: self.text_tokens], *self.between]

    def answer(self, name: str) -> Tokens:
        """Return a label's name as what follows."""
        return self.model.tokens(self.lead + verbalised(name))


class InContext:
    """A language model with examples.

    Attributes:
        trained_parameters: 0.
        steps: 0.
        converged: True.
        examples: What is shown.
    """

    trained_parameters = 0
    steps = 0
    converged = True

    def __init__(self, layout: Layout, examples: Examples, dtype: str) -> None:
        self._layout = layout
        self.examples = examples
        self._dtype = dtype
        self._answers = [layout.answer(name) for name in examples.names]
        self._prompts = [self._prompt(order) for order in examples.orders]
        self._expect_room()

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        texts = [self._layout.asked(text) for text in samples_of(inputs).texts]
        shares = np.zeros((len(texts), len(self._answers)))
        model = self._layout.model
        device = model.module.device.type
        if not texts:
            return shares.astype(np.float32)
        with (
            torch.inference_mode(),
            arithmetic(device, training=False),
            autocast(device, self._dtype),
            fast_products(model.module),
        ):
            for prompt in self._prompts:
                scores = model.mean_log_probabilities(model.begin(prompt), texts, self._answers)
                shares += softmax(scores.astype(np.float64), axis=1)
        return np.asarray(shares / len(self._prompts), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the examples and their orders; nothing of the model."""
        shown = self.examples
        facts = {"texts": shown.texts, "names": shown.names, "dtype": self._dtype}
        orders = torch.tensor(shown.orders, dtype=torch.long).reshape(len(shown.orders), len(shown.texts))
        tensors = {"labels": torch.tensor(shown.labels, dtype=torch.long), "orders": orders}
        write_record(folder, Record("in-context", facts, tensors))

    def _prompt(self, order: Sequence[int]) -> Tokens:
        layout, shown = self._layout, self.examples
        prompt, separator = list(layout.model.start), layout.model.tokens(SEPARATOR)
        for index in order:
            prompt += [*layout.asked(shown.texts[index]), *self._answers[shown.labels[index]], *separator]
        return prompt

    def _expect_room(self) -> None:
        layout = self._layout
        longest = max(map(len, self._answers)) + len(layout.before) + len(layout.between)
        needed = max(map(len, self._prompts)) + layout.text_tokens + longest
        if needed > layout.model.context:
            raise UsageProblem(
                f"{len(self.examples.texts)} examples and a text of {layout.text_tokens} tokens make a prompt of "
                f"{needed} tokens, and the model reads {layout.model.context}",
                hint="use fewer examples, or a smaller text_tokens, after which every text is cut",
            )


@dataclass(frozen=True, eq=False)
class AskedTogether:
    """Classifiers over one model that read a set together: those that show the same examples have one answer.

    Attributes:
        members: The classifiers, in the order of the jobs.
    """

    members: Sequence[InContext]

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return what each predicts for its own inputs, with the bits that it gives alone."""
        if any(own is not inputs[0] for own in inputs):
            return OneByOne(self.members).predict(inputs)
        found: dict[Examples, FloatArray] = {}
        for member in self.members:
            if member.examples not in found:
                found[member.examples] = member.predict(inputs[0])
        return [found[member.examples] for member in self.members]


def fit_in_context(job: FitJob) -> InContext:
    """Choose the examples and their orders.

    Settings: `examples` (k, at most the labels there are; as many of each class as can be), `orders`, `template` (holds
    `{text}` and ends in `{label}`), `text_tokens` (texts are cut after so many tokens, examples and questions alike).

    Raises:
        UsageProblem: If the prompt does not fit the model's context, or the template lacks a place.
        ValueError: If the job has no language model or no names of labels.
    """
    if job.load_language_model is None or not job.names:
        raise ValueError(
            "this strategy asks a language model for labels by name, and the job lacks one of both"
        )
    chosen = _chosen(job.labels, int(job.settings["examples"]), job.seed)
    orders = 1 if len(chosen) < 2 else int(job.settings["orders"])
    texts = samples_of(job.inputs).texts
    examples = Examples(
        tuple(texts[index] for index in chosen),
        tuple(int(job.labels[index]) for index in chosen),
        tuple(tuple(_shuffled(len(chosen), job.seed, number).tolist()) for number in range(orders)),
        job.names,
    )
    return InContext(_layout(job.load_language_model(), job.settings), examples, job.dtype)


def fit_in_context_together(jobs: Sequence[FitJob]) -> AskedTogether:
    """Choose examples and orders for several jobs over one base, which is loaded once.

    Without examples all of them are one classifier, whatever their draws, so a set is read once for all.

    Raises:
        UsageProblem: If a prompt does not fit the model's context, or the template lacks a place.
        ValueError: If a job has no language model or no names of labels.
    """
    load = jobs[0].load_language_model
    model = None if load is None else load()
    own = [replace(job, load_language_model=None if model is None else lambda: model) for job in jobs]
    return AskedTogether([fit_in_context(job) for job in own])


def in_context_from(
    record: Record, settings: Mapping[str, SettingValue], load: Callable[[], CausalModel]
) -> InContext:
    """Return the classifier that a record of kind `in-context` was taken from."""
    examples = Examples(
        tuple(record.facts["texts"]),
        tuple(record.tensors["labels"].tolist()),
        tuple(tuple(order) for order in record.tensors["orders"].tolist()),
        tuple(record.facts["names"]),
    )
    return InContext(_layout(load(), settings), examples, str(record.facts["dtype"]))


def _layout(model: CausalModel, settings: Mapping[str, SettingValue]) -> Layout:
    template = str(settings["template"])
    before, text, rest = template.partition("{text}")
    between, label, after = rest.partition("{label}")
    if not text or not label or after:
        raise UsageProblem(
            f"the template {template!r} does not lead from a text to its label",
            hint="write it with {text} in it and {label} at its end",
        )
    stem = between.rstrip(" ")
    # A blank belongs to the word behind it in the vocabularies of language models.
    lead = " " if stem != between else ""
    return Layout(model, model.tokens(before), model.tokens(stem), lead, int(settings["text_tokens"]))


def _chosen(labels: IntArray, count: int, seed: int) -> list[int]:
    """Return the examples: one of each class by turns, classes and samples in random order."""
    order = _shuffled(len(labels), seed, -1)
    # Classes in the order of their first samples, which is random too.
    kinds = list(dict.fromkeys(labels[order].tolist()))
    by_kind = [order[labels[order] == kind].tolist() for kind in kinds]
    most = max(map(len, by_kind))
    by_turns = [members[turn] for turn in range(most) for members in by_kind if turn < len(members)]
    return by_turns[:count]


def _shuffled(count: int, seed: int, number: int) -> IntArray:
    """Return a permutation that is the same on every machine and NumPy version: an order of raw random bits."""
    bits = np.random.PCG64([seed, number + 1]).random_raw(count)
    return np.argsort(bits, kind="stable").astype(np.int64)
