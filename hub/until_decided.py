"""Adding runs until the gate can decide, within a budget: a sequence of looks that was promised before the first one.

In: a choice. Out: an `Evaluation` of the last look, and why there was none after it. Each look is evidence of its own,
signed and kept; what the looks cost the level of each is in the evidence (`Findings.looks`), so the gate needs no word
of this file.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from evaluators.inventory import listed_cells
from evaluators.looks import Looks
from evaluators.plan import PlannedCell
from evaluators.results import ResultStore
from evaluators.wording import count, duration, title
from hub.catalog import Catalog
from hub.choice import Choice
from hub.chosen import asked, prepare_choice, with_folders
from hub.computing import appraise
from hub.evaluating import Evaluation, judge, measure_prepared
from hub.evaluation_logging import log_to_mlflow
from hub.home import Home
from hub.leak_gate import leak_limit
from hub.preparation import Prepared, looked_at_again
from hub.results_place import results_at
from hub.teller import Teller
from hub.undecided import Question, left_undecided, next_looks, open_questions


@dataclass(frozen=True)
class _Budget:
    """Seconds in all, or None, and when they began, of the monotonic clock."""

    seconds: float | None
    started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float | None:
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (time.monotonic() - self.started))

    def refusal(self, needs: float) -> str | None:
        """Return why something that takes so long is not begun; None if it fits."""
        left = self.left
        if self.seconds is None or left is None or needs <= left:
            return None
        return (
            f"the next look takes about {duration(needs)}, and of the budget of {duration(self.seconds)} "
            f"{duration(left)} is left"
        )


def evaluate_until_decided(
    choice: Choice, catalog: Catalog, policy: str, home: Home, teller: Teller, *, log: bool
) -> Evaluation:
    """Measure models, and again with more runs what the gate cannot decide, until it can, the budget or the looks end.

    Raises:
        ReportedError: As `hub.evaluating.evaluate`.
    """
    rules = catalog.policy(policy)
    budget = _Budget(choice.budget)
    chosen, taken = with_folders(choice, catalog, home, teller)
    home.ready()
    prepared = prepare_choice(
        chosen, taken.measuring, home, teller, leaks=leak_limit(rules, chosen.allow_leaks)
    )
    models = asked(chosen, taken.measuring).models
    results = results_at(choice.results, home)
    looks = Looks()
    while True:
        planned = looked_at_again(prepared, looks)
        measured = measure_prepared(planned, replace(chosen, budget=budget.left), models, home, teller)
        decisions = judge(measured, taken, rules)
        questions = open_questions(decisions, measured.evidence)
        told = f"look {_furthest(looks)} of {looks.most}"
        following = next_looks(looks, questions, measured.evidence.findings)
        if following is None:
            stopped = f"{told}: {_ended(questions, undecided=left_undecided(decisions))}"
            break
        teller.note(f"{told}: {_still_open(questions)}")
        again = looked_at_again(prepared, following)
        refused = budget.refusal(_seconds(again, following, results, home, chosen.device))
        if refused:
            stopped = f"{told}, undecided: {refused}"
            break
        looks = following
        teller.note(f"look {_furthest(looks)} of {looks.most}: {_begun(looks, prepared)}")
    teller.note(stopped)
    if log:
        sentence, warning = log_to_mlflow(measured.evidence, decisions, home, measured.examples)
        (teller.warn if warning else teller.note)(sentence)
    return Evaluation(
        measured.evidence, measured.path, decisions, measured.carried, measured.examples, stopped
    )


def _ended(questions: tuple[Question, ...], *, undecided: bool) -> str:
    """Return why there is no further look, budget aside."""
    if questions:
        return "all looks were taken, and it is undecided: treat it as a tie"
    if undecided:
        return "undecided, and more runs on the same items would not change that"
    return "nothing is left that more runs would decide"


def _still_open(questions: tuple[Question, ...]) -> str:
    words = [f"{row.rule.rule} on {row.task} is undecided: {row.rule.measured}" for row in questions]
    return "; ".join(dict.fromkeys(words))


def _begun(looks: Looks, prepared: Prepared) -> str:
    """Say what the newest look measures longer."""
    newest = _furthest(looks)
    words = []
    for task, row in looks.again.items():
        if row.look == newest:
            names = sorted({name for strategies in row.arms.values() for name in strategies})
            runs = count(prepared.plan.request.protocol.runs * row.look, "run")
            words.append(f"{runs} of {', '.join(title(name) for name in names)} on {task}")
    return "; ".join(words)


def _furthest(looks: Looks) -> int:
    return max((row.look for row in looks.again.values()), default=1)


def _seconds(prepared: Prepared, looks: Looks, results: ResultStore, home: Home, device: str) -> float:
    """Return what the newest look is expected to take: what it measures longer, nothing that was left out before."""
    stored = listed_cells(prepared.plan, results)
    others = {p.cell.key for p in prepared.plan.cells if not _longer(p, looks)}
    cost = appraise(prepared, results, home, device=device, stored=frozenset(stored | others)).cost
    return cost.seconds or 0.0


def _longer(planned: PlannedCell, looks: Looks) -> bool:
    cell = planned.cell
    return looks.runs(1, cell.task, cell.candidate, cell.strategy) > 1
