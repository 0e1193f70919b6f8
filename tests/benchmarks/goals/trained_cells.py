"""G4, G5, G6: cells that train: partial freezes at three depths, LoRA cells together, small full fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.protocol import SettingValue
from tests.benchmarks.contest import contest
from tests.benchmarks.matrix import Matrix, bench_protocol, joined, matrix
from tests.benchmarks.row import Row, same_accuracy
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import Base, BenchTask, minilm, pictures, small_bert, small_resnet, small_task

#: Points by which mean accuracies of trained cells may differ: orders and dropout masks are not the same.
BOUND = 2.0
_TRAINER, _PEFT, _TIMM = (
    "Trainer, tuned, one process",
    "peft, tuned loop, one cell after the other",
    "timm loop",
)


def partial_freezes(scene: Scene) -> list[Row]:
    """Race partial freezes: half, three quarters, all but one layer frozen."""
    blocks = minilm(scene).candidate.structure.blocks
    depths = {"half": (0.5, 1.4), "three quarters": (0.25, 2.0), "all but one layer": (1.0 / blocks, 3.0)}
    found = []
    for name, (share, wanted) in depths.items():
        cells = _cells(
            scene,
            (minilm(scene), small_task(scene)),
            "partial-freeze",
            scene.amount(3, 1),
            {"trained_share": share},
        )
        work = f"partial freeze, {name} of MiniLM frozen: {len(cells.cells)} cells"
        found.append(_row(scene, "G4", work, _TRAINER, cells, scene.wanted(wanted, wanted)))
    return found


def lora_cells(scene: Scene) -> list[Row]:
    """Race LoRA cells: eight, on a GPU sixteen."""
    runs = scene.amount(16 if scene.device == "cuda" else 8, 2)
    cells = _cells(scene, (minilm(scene), small_task(scene)), "lora", runs, {"batch_size": 8})
    note = (
        ""
        if scene.device == "cuda"
        else "both multiply at the processor's ceiling: only padding can be saved"
    )
    work = f"{runs} LoRA cells of MiniLM, batches of 8"
    return [_row(scene, "G5", work, _PEFT, cells, scene.wanted(2.5, 5.0), note)]


def small_cells(scene: Scene) -> list[Row]:
    """Race full fine-tuning of small networks, and MiniLM beside."""
    wanted = scene.wanted(1.2, 3.0)
    races = [
        ("a BERT of 2 layers", small_bert(scene), small_task(scene), 5, {}, _TRAINER, wanted),
        ("test_resnet on digits", small_resnet(scene), pictures(scene), 5, {}, _TIMM, wanted),
        ("MiniLM", minilm(scene), small_task(scene), 2, {}, _TRAINER, None),
    ]  # fmt: skip
    found = []
    for name, base, task, runs, settings, peer, goal in races:
        cells = _cells(scene, (base, task), "full-finetune", scene.amount(runs, 1), settings)
        found.append(
            _row(scene, "G6", f"full fine-tuning, {name}: {len(cells.cells)} cells", peer, cells, goal)
        )
    return found


def _cells(
    scene: Scene, pair: tuple[Base, BenchTask], strategy: str, runs: int, settings: Mapping[str, SettingValue]
) -> Matrix:
    tiny: dict[str, SettingValue] = {"min_steps": 2, "max_steps": 2} if scene.tiny else {}
    protocol = bench_protocol(
        labels_per_class=(scene.amount(8, 2),),
        runs=runs,
        strategies=(strategy,),
        settings={strategy: {**settings, **tiny}},
    )
    return matrix(scene, [pair], protocol)


def _row(
    scene: Scene, goal: str, work: str, peer: str, cells: Matrix, wanted: float | None, note: str = ""
) -> Row:
    theirs, ours = contest(
        lambda: joined([cells.tuned(planned) for planned in cells.cells]),
        lambda: cells.run_here(cells.fresh_store()),
    )
    return Row(goal, work, "tuned", peer, theirs, ours, wanted, (same_accuracy(theirs, ours, BOUND),), note)
