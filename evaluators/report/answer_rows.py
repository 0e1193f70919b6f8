"""What a recommended strategy gets wrong, as tables: pairs of classes that it confuses, and every class, worst first.

In: answers of evidence. Out: `ResultTable`s. Classes of a restricted task have numbers and no names.
"""

from __future__ import annotations

from evaluators.answer_evidence import Answers, ClassScore
from evaluators.evidence import Findings
from evaluators.facts import TaskFacts
from evaluators.report.table import ResultTable
from evaluators.wording import count, percent, title

#: More pairs than these are what a matrix is for.
_PAIRS = 12
#: As `evaluators.diagnostics.slices`, which a table does not load.
FEWEST_ITEMS = 30


def class_names(task: TaskFacts) -> tuple[str, ...]:
    """Return what classes are called on a page."""
    if task.sensitivity == "restricted":
        return tuple(f"class {number}" for number in range(1, len(task.labels) + 1))
    return task.labels


def answers_by_arm(findings: Findings) -> dict[tuple[str, str], tuple[Answers, ...]]:
    """Return (task, candidate) -> the answers of its recommended strategy, the judged set first."""
    found: dict[tuple[str, str], tuple[Answers, ...]] = {}
    for row in findings.answers:
        found[row.task, row.candidate] = (*found.get((row.task, row.candidate), ()), row)
    return found


def confused_pairs_table(answers: Answers, task: TaskFacts) -> ResultTable:
    """Return the pairs of classes that are most often confused, most frequent first."""
    names = class_names(task)
    of_class = {row.label: row.items * answers.runs for row in answers.classes}
    wrong = [row for row in answers.confusion if row[0] != row[1]]
    wrong.sort(key=lambda row: (-row[2], row[0], row[1]))
    texts = tuple(
        (names[true], names[said], f"{percent(number / of_class[true])}", str(number))
        for true, said, number in wrong[:_PAIRS]
    )
    heading = (
        f"{_arm(answers)}: most frequent mistakes on {answers.set}, {count(answers.runs, 'run')} together"
    )
    return ResultTable(heading, ("class", "taken for", "% of the class", "answers"), texts)


def classes_table(of_sets: tuple[Answers, ...], task: TaskFacts) -> ResultTable:
    """Return every class of an arm, worst first on the first set; at least one set."""
    names, first = class_names(task), of_sets[0]
    scores = [{row.label: row for row in answers.classes} for answers in of_sets]
    order = sorted(first.classes, key=lambda row: (row.accuracy, row.label))
    texts = tuple(
        (names[row.label], *(text for each in scores for text in _class(each.get(row.label))))
        for row in order
    )
    columns = [text for answers in of_sets for text in (f"{answers.set}, % right", f"items of {answers.set}")]
    heading = f"{_arm(first)}: every class, mean over {count(first.runs, 'run')} with Wilson's 95 % interval of items"
    return ResultTable(heading, ("class", *columns), texts)


def _class(row: ClassScore | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    few = "" if row.items >= FEWEST_ITEMS else " (few)"
    return f"{percent(row.accuracy)} [{percent(row.low)}, {percent(row.high)}]", f"{row.items}{few}"


def _arm(answers: Answers) -> str:
    return f"{title(answers.strategy)} on {answers.candidate}"
