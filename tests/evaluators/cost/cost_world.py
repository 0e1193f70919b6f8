"""A real mix of text lengths, or digits as images, with a base model on disk: what estimates of work are checked on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from evaluators.backbones.structure import count_flops
from evaluators.candidate import Candidate, FileEntry, Structure, TextInput
from evaluators.canonical import digest_of_file
from evaluators.cost.demand import Demand
from evaluators.cost.workload import Workload
from evaluators.data.locations import DataRoots, TaskFiles, locate
from evaluators.data.task_data import TaskData
from evaluators.plan import Plan, PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.protocol import Protocol
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.workbench import Workbench
from evaluators.strategy import strategy
from evaluators.task import DataFile, Part, Splits, Task
from tests.fakes_models import tiny_image

LABELS, TEXTS = 4, 70


@dataclass(frozen=True, eq=False)
class CostWorld:
    """A plan over one base model and one task."""

    plan: Plan
    data: dict[str, TaskData]
    folder: Path
    results: ResultStore

    @property
    def workload(self) -> Workload:
        """What is left of the plan if nothing is stored."""
        name = self.plan.request.candidates[0].candidate.name
        return Workload(Demand(self.plan, self.data, self.results, frozenset()), {name: self.folder})

    @property
    def computation(self) -> Computation:
        """What computes the plan, in this process."""
        name = self.plan.request.candidates[0].candidate.name
        return Computation(Workbench(self.plan, self.data, {name: self.folder}, self.results, "cpu"))


def real_texts(source: Path, folder: Path) -> tuple[Task, TaskFiles]:
    """Write the first texts of four labels of banking77 as a task; their lengths are 5 to 70 tokens."""
    with (source / "banking77" / "train.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    kept = sorted({row["category"] for row in rows})[:LABELS]
    path = folder / "texts.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for label in kept:
            first = [row["text"] for row in rows if row["category"] == label][:TEXTS]
            writer.writerows([text, label] for text in first)
    file = DataFile(
        sha256=digest_of_file(path), size=path.stat().st_size, mirrors=(str(path),), format="csv", text="text",
        label="label",
    )  # fmt: skip
    return _task("texts", "text", file), TaskFiles({"all": path})


def minilm_like(folder: Path, task: TaskData) -> Candidate:
    """Write a BertModel of MiniLM's depth and half its width, and a tokenizer that learnt the task's words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=1000, special_tokens=special)
    tokenizer.train_from_iterator(task.train.samples.texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=192, num_hidden_layers=6, num_attention_heads=6,
        intermediate_size=768,
    )  # fmt: skip
    config.architectures = ["BertModel"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = BertModel(config, add_pooling_layer=False)
    folder.mkdir()
    config.save_pretrained(folder)
    save_file(dict(model.state_dict()), folder / "model.safetensors", metadata={"format": "pt"})
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    accepts = TextInput(max_tokens=128, pooling="mean")
    structure = Structure(
        architecture="BertModel", parameters=sum(weight.numel() for weight in model.parameters()), width=192,
        blocks=6, flops_per_input=count_flops(folder, "transformers", accepts),
    )  # fmt: skip
    return Candidate(
        name="minilm-like", library="transformers", input=accepts, structure=structure, files=_files(folder)
    )


def digits(folder: Path) -> tuple[Task, TaskFiles]:
    """Return the digits of scikit-learn, 8x8, as a task."""
    mirror = "package:scikit-learn/sklearn/datasets/data/digits.csv.gz"
    file = DataFile(
        sha256="09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22", size=57523, mirrors=(mirror,),
        format="pixel-table", shape=(8, 8), maximum=16.0,
    )  # fmt: skip
    task = _task("digits", "image", file)
    return task, locate(task, DataRoots(None, folder))


def small_resnet(folder: Path) -> Candidate:
    """Write timm's test_resnet with random weights; its structure is counted as a lock counts it."""
    candidate, _ = tiny_image(folder)
    flops = count_flops(folder, "timm", candidate.input)
    return candidate.model_copy(
        update={"structure": candidate.structure.model_copy(update={"flops_per_input": flops})}
    )


def make_world(
    candidate: Candidate,
    folder: Path,
    task: Task,
    data: TaskData,
    strategies: tuple[str, ...],
    labels: tuple[int, ...] = (24,),
    settings: dict[str, dict[str, int]] | None = None,
    store: Path | None = None,
) -> CostWorld:
    """Plan one run of every strategy, one epoch where it trains; results lie in `store`, or beside the model."""
    once = {"epochs": 1, "min_steps": 1}
    protocol = Protocol(
        id="cost", title="cost", description="cost", labels_per_class=labels, runs=1, strategies=strategies,
        settings=settings or {name: once for name in strategies if "epochs" in strategy(name).defaults},
    )  # fmt: skip
    request = Request(candidates=(PlannedCandidate(candidate=candidate),), tasks=(task,), protocol=protocol)
    loaded = {task.id: data}
    return CostWorld(
        make_plan(request, loaded), loaded, folder, ResultStore((store or folder.parent) / "results")
    )


def _task(name: str, modality: str, file: DataFile) -> Task:
    return Task(
        id=name, title=name, description=name, modality=modality, owner="tests", licence="LicenseRef-tests",
        margin=0.02, files={"all": file},
        splits=Splits(
            train=Part(file="all"),
            validation=Part(carve="train", fraction=0.2),
            test=Part(carve="train", fraction=0.2),
        ),
    )  # fmt: skip


def _files(folder: Path) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(path=path.name, size=path.stat().st_size, sha256=digest_of_file(path))
        for path in sorted(folder.iterdir())
    )
