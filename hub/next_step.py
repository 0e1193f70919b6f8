"""The command that follows an evaluation or a recommendation, so that it can be pasted. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from evaluators.evidence import Evidence, Findings
from evaluators.wording import is_baseline
from hub.choice import Choice
from hub.decision import Decision
from hub.undecided import open_questions
from hub.unproposed import PREFIX


def next_step(decision: Decision, evidence: Evidence) -> str:
    """Return the command that follows."""
    tasks = " ".join([f"--task {task.id}" for task in evidence.findings.tasks] + _chosen(evidence.findings))
    protocol = evidence.findings.protocol["id"]
    if not all(task.promotable for task in evidence.findings.tasks):
        return f"hub report {decision.model}   (what your data say, in full)"
    if decision.model.startswith(PREFIX):
        return "hub propose FOLDER   (drafts its card: what is not in the catalog can promote nothing)"
    if decision.verdict == "approved":
        return f'hub promote {decision.model} --reason "..."'
    if not evidence.findings.final:
        looks = " --until-decided" if evidence.findings.looks else ""
        final = f"--protocol {protocol} --final{looks}"
        return f"hub evaluate {decision.model} {tasks} {final}   (opens the locked test)"
    if evidence.findings.looks is None and open_questions([decision], evidence):
        return (
            f"hub evaluate {decision.model} {tasks} --protocol {protocol} --final --until-decided --budget 1h"
            "   (adds runs until it is decided)"
        )
    if decision.verdict == "refused" or protocol == "standard" or evidence.findings.looks is not None:
        return f"hub report {decision.model}   (why, in full)"
    return f"hub evaluate {decision.model} {tasks} --protocol standard --final   (more runs)"


def measure_more(
    choice: Choice, models: Sequence[str], strategies: Sequence[str], *, catalog: Path | None = None
) -> str:
    """Return the command that measures more strategies on the same data, at the same sizes, into the same store.

    Args:
        choice: What was measured.
        models: Models to measure.
        strategies: Strategies to measure.
        catalog: Folder of the catalog, where one was named.
    """
    words = ["hub", "evaluate", *models, *_data(choice), "--protocol", choice.protocol]
    for name in strategies:
        words += ["--strategy", name]
    return shlex.join([*words, *_where(choice, catalog)])


def train_it(choice: Choice, model: str, strategy_name: str, *, catalog: Path | None = None) -> str:
    """Return the command that trains a strategy on all labels of the same data; DIR is left to the person."""
    words = ["hub", "adapt", model, *_data(choice), "--strategy", strategy_name]
    return shlex.join([*words, *_where(choice, catalog), "--into", "DIR"])


def _data(choice: Choice) -> list[str]:
    words: list[str] = []
    if choice.own is not None:
        words += ["--data" if choice.own.text else "--images", choice.own.source]
        words += ["--text", choice.own.text] if choice.own.text else []
        words += ["--label", choice.own.label] if choice.own.label else []
    for task in choice.tasks:
        words += ["--task", task]
    return words


def _where(choice: Choice, catalog: Path | None) -> list[str]:
    words = ["--device", choice.device] if choice.device != "any" else []
    words += ["--results", choice.results] if choice.results else []
    return words + (["--catalog", str(catalog)] if catalog else [])


def _chosen(findings: Findings) -> list[str]:
    """Return the options that name the strategies, if not all of the protocol were asked for."""
    transfers = {cell.strategy for cell in findings.cells if not is_baseline(cell.strategy)}
    named = {name for name in findings.protocol["strategies"] if not is_baseline(name)}
    return [] if transfers == named else [f"--strategy {name}" for name in sorted(transfers)]
