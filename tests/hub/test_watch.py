"""What is told while a plan is computed: each failure, and each fit that could not be made as planned."""

from evaluators.cell import Failed, FitCost, Scored
from evaluators.running.run import Ended, Finished, Started
from hub.watch import watch
from tests.evaluators.toy_plans import toy_plan
from tests.hub.listening import Listening


def test_failures_and_remedies_are_told_with_the_cell_that_they_are_of(tmp_path):
    plan, _ = toy_plan(tmp_path)
    gentle = FitCost(remedies=("trained again with recomputed blocks",))
    first, second, third = plan.cells[:3]
    events = [
        Started(3, 0, 0),
        Ended(first, Failed(first.cell, "the disk is square"), reused=False),
        Ended(second, Scored(second.cell, (), gentle), reused=False),
        Ended(third, Scored(third.cell, (), gentle), reused=True),
        Finished({}),
    ]
    teller = Listening()
    watch(iter(events), teller, place="here")
    named = [f"{row.cell.strategy} on colours, {row.cell.labels} labels, run {row.cell.run.index + 1}"
             for row in (first, second)]  # fmt: skip
    assert teller.warnings == [f"{named[0]} failed: the disk is square"]
    assert [note for note in teller.notes if "again" in note] == [
        f"{named[1]}: trained again with recomputed blocks"
    ]
