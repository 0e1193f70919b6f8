"""G1: everything that a frozen base gives: 5 sizes x 5 draws x 4 penalties, neighbours, and a shifted set."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.data.view import draw
from evaluators.peers.mteb_loop import Head, HeadGrid, run_grid
from evaluators.plan import PlannedCell
from tests.benchmarks.contest import Contender, Outcome, Timed, against_scripts, contest
from tests.benchmarks.matrix import Matrix, accuracy, bench_protocol, matrix, merged
from tests.benchmarks.row import Row, no_worse, same_accuracy
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import BenchTask, banking, minilm

PENALTIES = (0.01, 0.1, 1.0, 10.0)
K = 5
#: What a person trains a head with who knows only Trainer: the recipe of our fine-tuning, the base frozen.
HEAD_RECIPE = {
    "epochs": 5, "min_steps": 24, "max_steps": 200, "batch_size": 16, "learning_rate": 1e-4, "head_rate": 50.0,
    "warmup": 0.1, "clip": 1.0,
}  # fmt: skip
_FAMILY = "frozen family, MiniLM, banking77"


def rows(scene: Scene) -> list[Row]:
    """Race both peers."""
    family = frozen_family(scene, draws=scene.amount(5, 1))
    cells, encoded = len(family.cells), "5 sizes x 5 draws x 4 C + kNN + shift"
    theirs, ours = against_trainer(scene)
    default = Row(
        "G1", f"{_FAMILY}: {encoded} ({cells} cells)", "default", "Trainer, base frozen, a script a cell; no kNN",
        theirs, ours, scene.wanted(50.0, 100.0), (no_worse(theirs, ours, 1.0),),
        "its heads are trained by gradient steps, ours solved: it may be behind",
    )  # fmt: skip
    peer, engine = contest(lambda: mteb(scene, family), lambda: family.run_here(family.fresh_store()))
    tuned = Row(
        "G1", f"{_FAMILY}: {encoded} ({cells} cells)", "tuned", "MTEB's loop: encode once, scikit-learn",
        peer, engine, scene.wanted(4.0, 10.0), (same_accuracy(peer, engine, 0.5),),
        "half is encoding, half are heads: G3 and G2 say what either can gain in float32",
    )  # fmt: skip
    return [default, tuned]


def the_task(scene: Scene) -> BenchTask:
    """Return 2,000 labels to draw from, 1,000 to score."""
    return banking(scene, intents=77, pool=2000, validation=77, test=1000)


def frozen_family(scene: Scene, *, draws: int) -> Matrix:
    """Return the plan: a protocol for each penalty, merged."""
    pairs = [(minilm(scene), the_task(scene))]
    sizes = (2,) if scene.tiny else (1, 2, 5, 10, 25)
    one_each = [
        bench_protocol(
            labels_per_class=sizes,
            runs=draws,
            strategies=("knn", "linear-probe"),
            settings={"linear-probe": {"C": c}, "knn": {"k": K}},
        )
        for c in PENALTIES
    ]
    return merged([matrix(scene, pairs, protocol, final=True) for protocol in one_each])


def against_trainer(scene: Scene) -> tuple[Timed, Timed]:
    """Race a script a cell; measured once, because G8 needs it too."""
    return scene.once("G1 against Trainer", lambda: _against_trainer(scene))


def mteb(scene: Scene, family: Matrix) -> Outcome:
    """Run the same draws and heads as MTEB's loop does."""
    task, base = the_task(scene), minilm(scene)
    drawn: dict[tuple[int, int], PlannedCell] = {}
    for planned in family.cells:
        drawn.setdefault((planned.cell.labels_per_class, planned.cell.run.draw), planned)
    heads = [*(Head(c=c) for c in PENALTIES), Head(k=K)]
    grid = HeadGrid(
        base.folder, base.candidate.input, [draw(p.cell, task.data) for p in drawn.values()], heads,
        family.samples(family.cells[0]), len(task.data.labels), scene.device,
    )  # fmt: skip
    found = dict(zip(drawn, run_grid(grid), strict=True))
    scores = {}
    for planned in family.cells:
        settings: Mapping[str, object] = dict(planned.cell.settings)
        head = len(PENALTIES) if "k" in settings else PENALTIES.index(float(str(settings["C"])))
        of_cell = found[planned.cell.labels_per_class, planned.cell.run.draw][head]
        scores[planned.cell.key] = accuracy(of_cell[family.scored_set], family.labels(planned))
    return Outcome(scores)


def _against_trainer(scene: Scene) -> tuple[Timed, Timed]:
    family = frozen_family(scene, draws=scene.amount(5, 1))
    cells: list[Contender] = []
    for planned in family.cells:
        if planned.cell.strategy == "linear-probe":
            decay = 1.0 / (float(str(dict(planned.cell.settings)["C"])) * planned.cell.labels)
            settings = {
                **HEAD_RECIPE,
                **({"min_steps": 2, "max_steps": 2} if scene.tiny else {}),
                "weight_decay": decay,
            }

            def cell(planned: PlannedCell = planned, settings: Mapping[str, object] = settings) -> Outcome:
                return family.script(planned, settings)

            # One stratum, though 25 labels a class take twice as long as one: most of a cell is what it predicts.
            cells.append(cell)
    return against_scripts(
        {"linear-probe": cells}, lambda: family.run_fresh(family.fresh_store()), full=scene.full
    )
