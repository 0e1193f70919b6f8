"""Several candidates side by side: best first, differences over paired runs, incumbents and lone ones left out."""

from itertools import chain

import pytest

from evaluators.findings.gather import gather_findings
from evaluators.report.candidates import candidates_table
from evaluators.report.markdown import evidence_markdown
from evaluators.statistics.paired import paired_t
from tests.synthetic import World, design, evidence, measured, truths

LADDER = {"majority": 0.25, "linear-probe": 0.9}
WORLD = World(items=200, runs=4, accuracy=LADDER)


def several(*worlds):
    """Evidence about the candidates of several worlds on their one task; data-only cells are the first one's."""
    first, *others = worlds
    cells = chain(measured(first), *((m for m in measured(w) if m.cell.candidate) for w in others))
    plan = design(first)
    candidates = tuple(facts for world in worlds for facts in design(world).candidates)
    plan = type(plan)(plan.tasks, candidates, plan.protocol, plan.plan_digest, plan.final)
    findings = gather_findings(cells, truths=truths(first), design=plan)
    return evidence(first).model_copy(update={"findings": findings})


def worse(name, accuracy=0.7):
    return WORLD.but(candidate=name, accuracy={"linear-probe": accuracy})


def test_candidates_stand_best_first_with_strategy_score_and_parameters():
    table = candidates_table(
        several(worse("midi").but(accuracy=LADDER | {"linear-probe": 0.7}), WORLD), "help-desk"
    )
    assert [row[0] for row in table.rows] == ["mini", "midi"]
    assert {row[1] for row in table.rows} == {"linear-probe"}
    assert table.rows[0][3] == "best"
    assert all("±" in row[2] and row[4] == "22.7 M" for row in table.rows)
    assert table.title == "Candidates on help-desk: accuracy on test at 8 labels a class, 4 runs"


def test_the_difference_is_over_runs_paired_by_index():
    found = several(WORLD, worse("midi").but(failed=frozenset({("linear-probe", 8, 1)})))
    scores = {
        (cell.candidate, cell.run): next(row for row in cell.scores if row.set == "test").metrics["accuracy"]
        for cell in found.findings.cells
        if cell.strategy == "linear-probe" and cell.labels_per_class == 8 and cell.status == "scored"
    }
    common = [run for run in range(4) if ("midi", run) in scores]
    expected = paired_t([scores["midi", run] - scores["mini", run] for run in common])
    text = candidates_table(found, "help-desk").rows[1][3]
    assert len(common) == 3
    wanted = (expected.estimate, expected.low, expected.high)
    assert text == "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * value for value in wanted))


def test_one_run_has_a_difference_without_an_interval():
    table = candidates_table(several(WORLD.but(runs=1), worse("midi").but(runs=1)), "help-desk")
    assert table.rows[1][3].endswith(" (n=1)")


def test_a_candidate_that_failed_throughout_comes_last():
    lost = worse("midi").but(failed=frozenset({("linear-probe", 0, 0)}))
    table = candidates_table(
        several(lost.but(accuracy={"majority": 0.25, **lost.accuracy}), WORLD), "help-desk"
    )
    assert table.rows[1] == ("midi", "none", "", "no paired runs", "22.7 M")


@pytest.mark.parametrize("world", [WORLD, WORLD.but(incumbent=("old", 0.8))])
def test_one_candidate_is_not_compared_with_itself_or_its_incumbent(world):
    assert candidates_table(evidence(world), "help-desk") is None
    assert "Candidates on" not in evidence_markdown(evidence(world))


def test_the_table_fits_eighty_columns():
    table = candidates_table(several(WORLD, worse("all-minilm-l6-v2", 0.3)), "help-desk")
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
    assert sum(widths) + 2 * len(widths) <= 80


def test_the_page_shows_it_once_a_task():
    page = evidence_markdown(several(WORLD, worse("midi")))
    assert page.count("### Candidates on help-desk") == 1
