"""The prompts of what is left of a plan: texts, names of labels and templates, counted in tokens. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from evaluators.cost.demand import Demand
from evaluators.cost.lengths import Lengths, bare_lengths, some_of
from evaluators.cost.prompting import Asked, asking, prompt_of
from evaluators.data.label_texts import SEPARATOR, verbalised
from evaluators.data.view import TRAIN
from evaluators.plan import PlannedCell


class Prompts:
    """What the cells of a demand ask; the texts of a set are counted once."""

    def __init__(self, demand: Demand, folders: Mapping[str, Path]) -> None:
        """Prepare.

        Args:
            demand: What is left of a plan.
            folders: Files of each candidate, for its tokenizer; may lack any.
        """
        self._demand, self._folders = demand, folders
        self._texts = cache(self._tokens_of_texts)

    def asked(self, planned: PlannedCell, *, first: bool = True) -> list[Asked]:
        """Return what asking for every set that a cell predicts takes.

        Args:
            planned: The cell.
            first: Whether no cell of its pass was asked before: without examples the answers of another are its own,
                but for those on its own labels.
        """
        cell, folder = planned.cell, self._folders.get(planned.cell.candidate)
        names = [" " + verbalised(name) for name in self._demand.data[cell.task].labels]
        template = str(dict(cell.settings)["template"]).replace("{text}", "").replace("{label}", "")
        around = float(bare_lengths([template + SEPARATOR], folder)[0])
        prompt = prompt_of(
            planned, self._texts(cell.candidate, cell.task, TRAIN), bare_lengths(names, folder), around
        )
        return [
            asking(
                self._demand.candidate(planned), prompt, self._texts(cell.candidate, cell.task, name), samples
            )
            for name, samples in self._demand.sizes(planned).items()
            if first or prompt.before or name == TRAIN
        ]

    def _tokens_of_texts(self, name: str, task: str, group: str) -> Lengths:
        """Return tokens of a set's texts; those of the pool stand for every draw from it."""
        return bare_lengths(some_of(self._demand.data[task].samples(group).texts), self._folders.get(name))
