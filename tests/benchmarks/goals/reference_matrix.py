"""G7: a whole matrix: 2 tasks x 7 strategies x 3 sizes x 3 runs, small models. G8: the same again, and one run more."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evaluators.data.view import draw
from evaluators.peers.mteb_loop import Head, HeadGrid, run_grid
from evaluators.plan import PlannedCell
from evaluators.strategy import strategy
from tests.benchmarks.contest import LAPS, Contender, Outcome, Timed, against_scripts, contest, timed
from tests.benchmarks.goals.frozen_family import against_trainer, frozen_family
from tests.benchmarks.matrix import Matrix, accuracy, bench_protocol, joined, matrix
from tests.benchmarks.row import Gate, Row, same_accuracy
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import pictures, small_bert, small_resnet, small_task

HEADS = ("knn", "linear-probe")
STRATEGIES = (
    "tfidf-logreg",
    "pixels-logreg",
    "from-scratch",
    *HEADS,
    "lora",
    "partial-freeze",
    "full-finetune",
)
BOUND = 2.0


def rows(scene: Scene) -> list[Row]:
    """Race the whole matrix against both peers."""
    whole = reference_matrix(scene)
    work = f"reference matrix: 2 tasks x 7 strategies x 3 sizes x 3 runs ({len(whole.cells)} cells)"
    theirs, ours = _against_scripts(scene)
    peer, engine = contest(
        lambda: _one_process(whole), lambda: whole.run_here(whole.fresh_store()), count_flops=False
    )
    return [
        Row("G7", work, "default", "a script a cell: Trainer, timm loop, scikit-learn", theirs, ours,
            scene.wanted(5.0, 20.0), (same_accuracy(theirs, ours, BOUND),)),
        Row("G7", work, "tuned", "one process: tuned Trainer, peft, timm, MTEB's loop", peer, engine,
            scene.wanted(2.0, 6.0), (same_accuracy(peer, engine, BOUND),),
            "most of it trains whole small networks: G6 says what these gain"),
    ]  # fmt: skip


def again(scene: Scene) -> list[Row]:
    """Run the finished matrix again, and add one run to the frozen family."""
    whole = reference_matrix(scene)
    theirs, _ = _against_scripts(scene)
    finished = scene.shared["G7 finished"]
    rerun = timed(lambda: whole.run_fresh(finished))
    nothing = Gate("cells computed again", _computed(rerun), 0)
    return [
        Row("G8", f"rerun of the finished matrix ({len(whole.cells)} cells)", "default", "its scripts, all again",
            theirs, rerun, scene.wanted(100.0, 100.0), (nothing,)),
        _one_more_run(scene),
    ]  # fmt: skip


def reference_matrix(scene: Scene) -> Matrix:
    """Return the matrix: banking77 with a BERT of 2 layers, digits with test_resnet."""
    pairs = [(small_bert(scene), small_task(scene)), (small_resnet(scene), pictures(scene))]
    short = {"max_steps": 2, "min_steps": 2}
    trained = STRATEGIES[2:3] + STRATEGIES[5:]
    protocol = bench_protocol(
        labels_per_class=(2,) if scene.tiny else (2, 5, 10),
        runs=scene.amount(3, 1),
        strategies=STRATEGIES,
        settings=dict.fromkeys(trained, short) if scene.tiny else {},
    )
    return matrix(scene, pairs, protocol)


def _one_more_run(scene: Scene) -> Row:
    draws = scene.amount(5, 1)
    before, after = frozen_family(scene, draws=draws), frozen_family(scene, draws=draws + 1)
    trainer, _ = against_trainer(scene)
    finished = before.fresh_store()
    before.run_here(finished)

    def one_more() -> Outcome:
        return after.run_fresh(copies.pop())

    copies = [_copied(finished, scene) for _ in range(LAPS)]
    added = timed(one_more, LAPS)
    # The peer runs the scripts of the new draw alone: as many of each size as there are penalties.
    share = 1.0 / draws
    theirs = replace(
        trainer,
        seconds=trainer.seconds * share,
        cpu_seconds=trainer.cpu_seconds * share,
        extrapolated=f"{trainer.extrapolated or 'all cells run'}; a fifth of G1's",
    )
    expected = len(after.cells) - len(before.cells)
    exact = Gate("cells computed beside the new ones", abs(_computed(added) - expected), 0)
    return Row(
        "G8", f"one more run of the frozen family ({expected} cells)", "default",
        "the scripts of that run", theirs, added, scene.wanted(50.0, 50.0), (exact,),
    )  # fmt: skip


def _against_scripts(scene: Scene) -> tuple[Timed, Timed]:
    def race() -> tuple[Timed, Timed]:
        whole = reference_matrix(scene)
        strata: dict[str, list[Contender]] = {}

        def ours() -> Outcome:
            # The last store is kept: it is the finished matrix of G8.
            scene.shared["G7 finished"] = whole.fresh_store()
            return whole.run_fresh(scene.shared["G7 finished"])

        for planned in whole.cells:

            def cell(planned: PlannedCell = planned) -> Outcome:
                return whole.script(planned)

            strata.setdefault(_stratum(planned), []).append(cell)
        return against_scripts(strata, ours, full=scene.full)

    return scene.once("G7 against scripts", race)


def _one_process(whole: Matrix) -> Outcome:
    """Run everything in this process: heads from one encoding a task, the rest cell by cell."""
    heads = {name: _heads(whole, name) for name in whole.tasks}
    found = [
        heads[p.cell.task][p.cell.key] if p.cell.strategy in HEADS else whole.tuned(p) for p in whole.cells
    ]
    return joined(found)


def _heads(whole: Matrix, task: str) -> Mapping[str, Outcome]:
    cells = [p for p in whole.cells if p.cell.task == task and p.cell.strategy in HEADS]
    drawn = {(p.cell.labels_per_class, p.cell.run.draw): p for p in cells}
    data, base = whole.tasks[task].data, whole.bases[cells[0].cell.candidate]
    grid = HeadGrid(
        base.folder, base.candidate.input, [draw(p.cell, data) for p in drawn.values()], [Head(k=5), Head(c=1.0)],
        whole.samples(cells[0]), len(data.labels), whole.scene.device,
    )  # fmt: skip
    found = dict(zip(drawn, run_grid(grid), strict=True))
    outcomes = {}
    for p in cells:
        by_head = found[p.cell.labels_per_class, p.cell.run.draw]
        probabilities = by_head[HEADS.index(p.cell.strategy)][whole.scored_set]
        outcomes[p.cell.key] = Outcome({p.cell.key: accuracy(probabilities, whole.labels(p))})
    return outcomes


def _copied(store: Path, scene: Scene) -> Path:
    return Path(shutil.copytree(store, scene.place("copy"), dirs_exist_ok=True))


def _stratum(planned: PlannedCell) -> str:
    """Cells of like cost: on one task without a base, by a head, or trained."""
    row = strategy(planned.cell.strategy)
    kind = (
        "head"
        if row.id in HEADS
        else "floor"
        if row.fit.startswith("evaluators.engine.baselines")
        else "trained"
    )
    return f"{planned.cell.task} {kind}"


def _computed(side: Timed) -> int:
    return side.counters.get("cells_run", 0)
