"""The gate on evidence with holes: it never raises, and a hole never approves."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.evidence import Evidence
from tests import synthetic
from tests.approval import good_evidence, judged, result, rule, world

DECISIVE = ("gain-over-from-scratch", "gain-over-best-baseline")
PARTS = ("cells", "summaries", "comparisons", "diagnostics", "recommendations", "candidates", "tasks")


@cache
def cells():
    return tuple(synthetic.measured(small()))


def small():
    return world(runs=2, items=24, sizes=(2, 8))


def thinned(evidence: Evidence, keep: dict[str, list[bool]]) -> Evidence:
    """Return evidence that lost rows; `keep` is repeated over the rows of each part."""
    update = {
        name: tuple(
            row for row, kept in zip(getattr(evidence.findings, name), flags * 1000, strict=False) if kept
        )
        for name, flags in keep.items()
    }
    costs = evidence.observations.costs[:: len(keep) + 1]
    return evidence.model_copy(
        update={
            "findings": evidence.findings.model_copy(update=update),
            "observations": evidence.observations.model_copy(update={"costs": costs}),
        }
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**6), max_size=40))
def test_any_subset_of_cells_gathers_and_is_decided(picks):
    rows = cells()
    some = {pick % len(rows) for pick in picks}
    found = synthetic.findings(small(), (rows[index] for index in sorted(some)))
    decision = judged(evidence=good_evidence().model_copy(update={"findings": found}))
    assert decision.verdict != "approved"


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: st.lists(st.booleans(), min_size=1, max_size=7) for name in PARTS}))
def test_evidence_with_rows_missing_is_decided_and_never_better_than_whole(keep):
    decision = judged(evidence=thinned(good_evidence(), keep))
    for task in decision.tasks:
        decisive = [row for row in task.rules if row.decisive]
        settled = {"pass", "waived", "not applicable"}
        assert task.approved == (
            all(row.outcome in settled for row in [*decisive, *decision.rules]) and bool(task.score)
        )


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(DECISIVE), st.sampled_from((2, 8)))
def test_one_missing_comparison_of_a_decisive_rule_never_approves(kind, size):
    whole = good_evidence()
    rows = tuple(
        row for row in whole.findings.comparisons if (row.purpose, row.labels_per_class) != (kind, size)
    )
    evidence = whole.model_copy(update={"findings": whole.findings.model_copy(update={"comparisons": rows})})
    decision = judged(rule(kind), evidence=evidence)
    assert decision.verdict == "insufficient evidence"
    assert result(decision, kind).settles
