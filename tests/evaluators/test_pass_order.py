"""Cheap and decisive passes first, whatever the order in which a plan lists its cells."""

import pytest

from evaluators.candidate import Structure
from evaluators.passes import passes
from evaluators.plan import PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.strategy import strategy
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol

EVERYTHING = ("majority", "tfidf-logreg", "from-scratch", "linear-probe", "lora", "full-finetune")
#: Trained cell by cell; the others here train side by side, all runs of a size in one pass.
ALONE = "layer-decay"


def in_order(plan):
    """Return the cells in the order in which they are computed."""
    return [plan.cells[index].cell for together in passes(plan) for index in together.cells]


def toy(tmp_path, *candidates, **changes):
    plan, _ = toy_plan(tmp_path, *candidates, protocol=toy_protocol(strategies=EVERYTHING, **changes))
    return plan


def test_floors_on_data_and_frozen_strategies_of_every_candidate_come_before_what_trains(tmp_path):
    plan = toy(tmp_path, toy_candidate("one", weights=b"1"), toy_candidate("two", weights=b"2"))
    cells = in_order(plan)
    light = [c for c in cells if strategy(c.strategy).cost.passes == 0]
    assert cells[: len(light)] == light
    assert [c.strategy for c in light].index("linear-probe") > [c.strategy for c in light].index("majority")
    assert {c.candidate for c in light} == {"", "one", "two"}


def test_what_trains_comes_by_what_it_costs(tmp_path):
    tiny = toy_candidate()
    wide = tiny.model_copy(update={"structure": tiny.structure.model_copy(update={"width": 384})})
    names = list(dict.fromkeys(cell.strategy for cell in in_order(toy(tmp_path, wide))))
    assert names == ["majority", "tfidf-logreg", "linear-probe", "lora", "full-finetune", "from-scratch"]


def test_in_context_comes_by_what_its_prompts_cost_though_it_trains_nothing(tmp_path):
    tiny = toy_candidate()
    # SmolLM2-360M, counted for 32 tokens.
    structure = tiny.structure.model_copy(
        update={
            "architecture": "LlamaForCausalLM",
            "width": 960,
            "blocks": 32,
            "parameters": 361_821_120,
            "flops_per_input": 20_250_000_000,
        }
    )
    asked = ("in-context-16", "in-context-0", "in-context-4")
    protocol = toy_protocol(
        strategies=("full-finetune", *asked, "linear-probe", "lp-ft"), labels_per_class=(7,)
    )
    plan, _ = toy_plan(tmp_path, tiny.model_copy(update={"structure": structure}), protocol=protocol)
    names = list(dict.fromkeys(cell.strategy for cell in in_order(plan)))
    # 24 steps of 16 texts, against 1,000 texts with the names of all labels, and those five times after examples.
    assert names == [
        "linear-probe", "full-finetune", "lp-ft", "in-context-0", "in-context-4", "in-context-16"
    ]  # fmt: skip


def test_of_one_strategy_the_largest_size_comes_first_and_there_run_by_run(tmp_path):
    cells = [cell for cell in in_order(toy(tmp_path)) if cell.strategy == "lora"]
    assert [(c.labels_per_class, c.run.index) for c in cells] == [(2, 0), (2, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        (ALONE, [(0, "light"), (0, "heavy"), (1, "light"), (1, "heavy")]),
        ("full-finetune", [(0, "light"), (1, "light"), (0, "heavy"), (1, "heavy")]),
    ],
)
def test_candidate_and_incumbent_stand_side_by_side_so_that_pairs_are_complete(tmp_path, name, order):
    light, heavy = toy_candidate("light", weights=b"1"), toy_candidate("heavy", weights=b"2")
    larger = Structure(**{**heavy.structure.model_dump(), "flops_per_input": 90_000})
    plan = toy(tmp_path, light)
    _, data = toy_plan(tmp_path, light)
    request = Request(
        candidates=(
            PlannedCandidate(candidate=light),
            PlannedCandidate(
                candidate=heavy.model_copy(update={"structure": larger}),
                role="incumbent",
                incumbent_for={"colours": name},
            ),
        ),
        tasks=plan.request.tasks,
        protocol=toy_protocol(strategies=(name,)),
    )
    cells = [c for c in in_order(make_plan(request, data)) if c.strategy == name]
    assert [(c.labels_per_class, c.run.index, c.candidate) for c in cells] == [
        (size, *pair) for size in (2, 1) for pair in order
    ]


def test_the_order_changes_neither_the_cells_nor_the_document(tmp_path):
    plan = toy(tmp_path)
    places = [index for together in passes(plan) for index in together.cells]
    assert sorted(places) == list(range(len(plan.cells)))
    assert places != sorted(places)
    assert passes(plan) == passes(plan)
