"""The real sets, whole: their sizes, their duplicates, and how long loading takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evaluators.data.locations import DataRoots, facts_of, locate
from evaluators.data.task_data import TaskData, load_task
from evaluators.task import DataFile, Part, Splits, Task

SPLITS = Splits(
    train=Part(file="train"), validation=Part(carve="train", fraction=0.25), test=Part(file="test")
)
BANKING77 = {
    "train.csv": "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
    "test.csv": "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
}


def loaded(root: Path, *files: DataFile) -> TaskData:
    task = Task(
        id="real", title="Real", description="real", modality="image" if files[0].format == "image-tar" else "text",
        owner="tests", licence="LicenseRef-tests", margin=0.01, files=dict(zip(("train", "test"), files, strict=True)),
        splits=SPLITS,
    )  # fmt: skip
    return load_task(task, locate(task, DataRoots(None, root)))


def test_banking77_loads_whole(hub_data: Path) -> None:
    files = [
        DataFile(
            sha256=sha256, size=(hub_data / "banking77" / name).stat().st_size, mirrors=(f"data:banking77/{name}",),
            format="csv", text="text", label="category",
        )
        for name, sha256 in BANKING77.items()
    ]  # fmt: skip
    data = loaded(hub_data, *files)
    assert (len(data.labels), len(data.development), len(data.test)) == (77, 10_003, 3_080)
    assert data.duplicates == {"exact": 0, "normalised": 11, "conflicting": 0, "repeated": 0}


def test_the_cifar10_sample_is_read_member_by_member(hub_data: Path) -> None:
    files = []
    for name in ("train.tar", "test.tar"):
        facts = facts_of(hub_data / "cifar10" / name)
        mirrors = (f"data:cifar10/{name}",)
        files.append(DataFile(sha256=facts.sha256, size=facts.size, mirrors=mirrors, format="image-tar"))
    data = loaded(hub_data, *files)
    assert data.sizes == {"train": 3000, "validation": 1000, "test": 2000}
    assert data.labels[:3] == ("airplane", "automobile", "bird")
    assert np.bincount(data.validation.labels).tolist() == [100] * 10
    assert {image.shape for image in data.samples("test").images} == {(32, 32, 3)}
