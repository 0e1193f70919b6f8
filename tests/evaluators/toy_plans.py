"""Small real plans: a text task in a CSV file, candidates that are never loaded, and a plan over them."""

from __future__ import annotations

import csv
from pathlib import Path

from evaluators.candidate import Candidate, FileEntry, Structure, TextInput
from evaluators.canonical import digest_of_bytes, digest_of_file
from evaluators.data.locations import TaskFiles
from evaluators.data.task_data import TaskData, load_task
from evaluators.plan import Plan, PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.protocol import Protocol
from evaluators.task import DataFile, Part, Splits, Task

COLOURS = ("red", "green", "blue")


def toy_task(folder: Path, per_label: int = 12) -> tuple[Task, TaskFiles]:
    """Write a separable text task of three labels and return it with its files."""
    path = folder / "colours.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for number in range(per_label):
            for colour in COLOURS:
                writer.writerow([f"the {colour} thing number {number} is {colour}", colour])
    file = DataFile(
        sha256=digest_of_file(path),
        size=path.stat().st_size,
        mirrors=(str(path),),
        format="csv",
        text="text",
        label="label",
    )
    task = Task(
        id="colours", title="Colours", description="toy", modality="text", owner="tests",
        licence="CC0-1.0", margin=0.02,
        files={"all": file},
        splits=Splits(
            train=Part(file="all"),
            validation=Part(carve="train", fraction=0.2),
            test=Part(carve="train", fraction=0.25),
        ),
    )  # fmt: skip
    return task, TaskFiles({"all": path})


def toy_candidate(name: str = "tiny", weights: bytes = b"weights", config: bytes = b"config") -> Candidate:
    """Return a candidate of given bytes; nothing of it is ever loaded."""
    return Candidate(
        name=name,
        library="transformers",
        input=TextInput(max_tokens=16, pooling="mean"),
        structure=Structure(
            architecture="BertModel", parameters=1000, width=8, blocks=2, flops_per_input=10_000
        ),
        files=(
            FileEntry(path="config.json", size=len(config), sha256=digest_of_bytes(config)),
            FileEntry(path="model.safetensors", size=len(weights), sha256=digest_of_bytes(weights)),
        ),
    )


def toy_protocol(**changes: object) -> Protocol:
    """Return a protocol of two sizes and two runs."""
    fields = {
        "id": "toy", "title": "Toy", "description": "toy", "labels_per_class": (1, 2), "runs": 2,
        "strategies": ("majority", "tfidf-logreg", "from-scratch", "knn", "linear-probe"),
    }  # fmt: skip
    return Protocol.model_validate({**fields, **changes})


def toy_plan(
    folder: Path,
    *candidates: Candidate,
    protocol: Protocol | None = None,
    final: bool = False,
    per_label: int = 12,
) -> tuple[Plan, dict[str, TaskData]]:
    """Return a plan of candidates on the toy task, and the loaded task."""
    task, files = toy_task(folder, per_label)
    data = {task.id: load_task(task, files)}
    request = Request(
        candidates=tuple(PlannedCandidate(candidate=c) for c in candidates or (toy_candidate(),)),
        tasks=(task,),
        protocol=protocol or toy_protocol(),
        final=final,
    )
    return make_plan(request, data), data
