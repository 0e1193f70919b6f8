"""Examples for a page: wrong answers of validation, of the worst classes, few and short; none of a restricted task."""

import numpy as np
import pytest

from evaluators.answer_evidence import Answers, ClassScore
from evaluators.evidence import Recommendation
from evaluators.findings.collect import Reading, facts_of_task
from evaluators.findings.examples import wrong_examples
from evaluators.report.example import MOST_OF_A_CLASS
from evaluators.results import ResultStore, Stored
from tests import synthetic
from tests.evaluators.toy_plans import toy_plan, toy_protocol

CHOSEN = Recommendation(
    task="colours", candidate="tiny", strategy="knn", labels_per_class=2, chosen_on="validation", reason="it is best"
)  # fmt: skip


@pytest.fixture
def reading(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "knn")))
    return Reading(plan, data, ResultStore(tmp_path / "results"), {})


def store(reading, *, wrong, run=0):
    """Store predictions on validation: the items of these classes are taken for the next class, ever less surely."""
    (planned,) = [
        p
        for p in reading.plan.cells
        if (p.cell.strategy, p.cell.labels_per_class, p.cell.run.index) == ("knn", 2, run)
    ]
    labels = reading.data["colours"].validation.labels
    said = np.where(np.isin(labels, wrong), (labels + 1) % 3, labels)
    rows = np.full((len(labels), 3), 0.01, dtype=np.float32)
    rows[np.arange(len(labels)), said] = np.linspace(0.9, 0.5, len(labels))
    reading.results.write("predict", planned.predict["validation"], Stored({"probabilities": rows}, {}))
    return labels


def findings(reading, *, worst=(), sensitivity="public", promotable=True):
    task = facts_of_task(reading.plan.task("colours"), reading.data["colours"], promotable=promotable)
    classes = tuple(
        ClassScore(label=label, items=9, accuracy=0.1 if label in worst else 0.8, low=0.0, high=1.0)
        for label in range(3)
    )
    answers = Answers(
        task="colours", candidate="tiny", strategy="knn", labels_per_class=2, set="test", runs=2,
        confusion=(), classes=classes, reliability=(),
    )  # fmt: skip
    return synthetic.findings(synthetic.World(items=20, runs=2)).model_copy(
        update={
            "tasks": (task.model_copy(update={"sensitivity": sensitivity}),),
            "recommendations": (CHOSEN,),
            "answers": (answers,),
        }
    )


def test_the_surest_mistakes_of_the_worst_class_come_first(reading):
    labels = store(reading, wrong=[0, 1])
    found = wrong_examples(reading, findings(reading, worst=[1]))
    assert [row.label for row in found] == sorted((row.label for row in found), reverse=True)
    assert {row.label for row in found} == {0, 1}
    of_worst = [row for row in found if row.label == 1]
    assert len(of_worst) == min(MOST_OF_A_CLASS, int((labels == 1).sum()))
    assert [row.confidence for row in of_worst] == sorted((row.confidence for row in of_worst), reverse=True)
    assert all(row.predicted == 2 and row.set == "validation" for row in of_worst)
    assert all(reading.data["colours"].labels[row.label] in row.text for row in found)


def test_what_is_right_is_no_example(reading):
    store(reading, wrong=[])
    assert wrong_examples(reading, findings(reading)) == ()


def test_a_restricted_task_gives_none(reading):
    store(reading, wrong=[0])
    assert wrong_examples(reading, findings(reading)) != ()
    assert wrong_examples(reading, findings(reading, sensitivity="restricted")) == ()


def test_what_a_person_brought_along_is_not_shown(reading):
    store(reading, wrong=[0])
    assert wrong_examples(reading, findings(reading, promotable=False)) == ()


def test_what_was_not_predicted_gives_none(reading):
    assert wrong_examples(reading, findings(reading)) == ()


def test_the_first_run_that_was_stored_is_shown(reading):
    store(reading, wrong=[0], run=1)
    assert wrong_examples(reading, findings(reading)) != ()
