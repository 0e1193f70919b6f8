"""From a task to samples: splits and their roles, what is refused, what is locked, and the real sets."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pydantic import ValidationError

from evaluators.canonical import digest_of
from evaluators.data.locations import facts_of
from evaluators.data.task_data import TaskData, load_task
from evaluators.errors import InvalidDocument, UsageProblem
from evaluators.task import DataFile, FileFormat, Part, Shift, Splits, Task
from evaluators.test_access import TestAccess, TestAccessLog

Rows = list[tuple[str, str]]

CARVED = Splits(
    train=Part(file="pool"),
    validation=Part(carve="train", fraction=0.25),
    test=Part(carve="train", fraction=0.25),
)
FILES = Splits(train=Part(file="pool"), validation=Part(carve="train", fraction=0.25), test=Part(file="test"))
POOL: Rows = [(f"{label} message {number}", label) for number in range(12) for label in ("vpn", "password")]


def task_of(files: dict[str, Path], splits: Splits, *shifted: Shift, kind: FileFormat = "csv") -> Task:
    text = kind == "csv"
    described = {}
    for name, path in files.items():
        facts = facts_of(path)
        label = None if name == "unlabelled" else "label"
        described[name] = DataFile(
            sha256=facts.sha256,
            size=facts.size,
            mirrors=(f"data:{path.name}",),
            format=kind,
            text="text" if text else None,
            label=label if text else None,
        )
    return Task(
        id="desk", title="Desk", description="toy", modality="text" if text else "image", owner="tests",
        licence="CC0-1.0", margin=0.02, files=described, splits=splits, shifted=shifted,
    )  # fmt: skip


Load = Callable[..., TaskData]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a loader of tables given as rows, by file name."""

    def load_rows(splits: Splits, *shifted: Shift, **tables: Rows) -> TaskData:
        paths = {}
        for name, rows in tables.items():
            paths[name] = tmp_path / f"{name}.csv"
            with paths[name].open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([("text", "label"), *rows])
        return load_task(task_of(paths, splits, *shifted), paths)

    return load_rows


def refused(load: Callable[[], TaskData]) -> tuple[str, str | None]:
    with pytest.raises(InvalidDocument) as caught:
        load()
    return caught.value.message, caught.value.hint


def receipt(data: TaskData, folder: Path) -> TestAccess:
    """Return what the log would, for a task of which only the digest is at hand."""
    task = task_of({"pool": folder / "pool.csv"}, CARVED)
    assert task.splits_digest == data.splits_digest
    cells = [digest_of("cell")]
    return TestAccessLog(folder / "log").record(
        task, cells, plan_digest=digest_of("p"), now="2026-01-01", who="ada"
    )


def test_splits_are_carved_in_file_order_with_indices_into_sorted_labels(load: Load) -> None:
    data = load(CARVED, pool=POOL)
    assert data.labels == ("password", "vpn")
    assert data.sizes == {"train": 12, "validation": 6, "test": 6}
    order = [text for text, _ in POOL]
    for name in ("train", "validation", "test"):
        texts = data.samples(name).texts
        assert list(texts) == sorted(texts, key=order.index)
    assert [data.labels[label] for label in data.train.labels] == [
        text.split()[0] for text in data.train.samples.texts
    ]
    assert data.majority_share == 0.5


def test_the_pool_of_both_is_their_union_in_file_order(load: Load) -> None:
    data = load(FILES, pool=POOL, test=[("help vpn", "vpn")])
    both = data.pool("train+validation")
    assert both.samples.texts == tuple(text for text, _ in POOL)
    assert [data.labels[label] for label in both.labels] == [label for _, label in POOL]
    assert data.pool("train") is data.train
    with pytest.raises(UsageProblem, match="unknown pool 'trian'"):
        data.pool("trian")


def test_the_pool_of_two_files_is_one_after_the_other(load: Load) -> None:
    splits = Splits(train=Part(file="pool"), validation=Part(file="other"), test=Part(file="test"))
    data = load(splits, pool=POOL, other=[("other", "vpn")], test=[("help", "vpn")])
    assert data.pool("train+validation").samples.texts == (*(text for text, _ in POOL), "other")


def test_rows_have_roles_and_those_of_a_test_file_have_none(load: Load) -> None:
    carved = load(CARVED, pool=POOL)
    assert [text for (text, _), role in zip(POOL, carved.roles, strict=True) if role == "test"] == list(
        carved.test.samples.texts
    )
    assert set(load(FILES, pool=POOL, test=[("one", "vpn"), ("two", "password")]).roles) == {
        "train",
        "validation",
    }
    apart = Splits(
        train=Part(file="pool"), validation=Part(file="more"), test=Part(carve="train", fraction=0.25)
    )
    roles = load(apart, pool=POOL, more=[("one", "vpn"), ("two", "password")]).roles
    assert (len(roles), roles[-2:], roles.count("test")) == (26, ("validation", "validation"), 6)


def test_validation_is_free_and_the_test_opens_against_a_receipt(load: Load, tmp_path: Path) -> None:
    data = load(CARVED, pool=POOL)
    assert data.open("validation") is data.validation
    assert len(data.samples("test")) == 6
    with pytest.raises(UsageProblem, match="the set 'test' is locked"):
        data.open("test")
    access = receipt(data, tmp_path)
    assert len(data.open("test", access)) == 6
    with pytest.raises(UsageProblem, match="the set 'test' is locked"):
        data.open("test")
    with pytest.raises(UsageProblem, match="unknown set 'tset'"):
        data.open("tset")


def test_shifted_sets_are_locked_and_out_of_scope_has_no_label(load: Load) -> None:
    shifted = (
        Shift(id="typos", title="Typos", file="typos"),
        Shift(id="outside", title="Out of scope", file="unlabelled", out_of_scope=True),
    )
    data = load(
        FILES, *shifted, pool=POOL, test=[("x", "vpn")], typos=[("vnp", "vpn")], unlabelled=[("lunch?", "")]
    )
    assert data.shifted_names == ("typos", "outside")
    assert data.sizes["outside"] == 1
    with pytest.raises(UsageProblem, match="locked"):
        data.open("typos")
    access = TestAccessLog("memory://shifted").record(
        task_with_digest(data), [digest_of("c")], plan_digest=digest_of("p"), now="2026-01-01", who="ada"
    )
    assert data.open("outside", access).labels.tolist() == [-1]


def task_with_digest(data: TaskData) -> Task:
    """Return a stand-in for the task that was loaded: the log needs only its id and digest."""

    class Loaded(Task):
        @property
        def splits_digest(self) -> str:
            return data.splits_digest

    return Loaded.model_construct(id=data.task)


def test_a_label_that_is_only_tested_is_named(load: Load) -> None:
    message, hint = refused(lambda: load(FILES, pool=POOL, test=[("a", "vpm"), ("b", "vpn"), ("c", "lunch")]))
    assert message == "task desk, file test (test.csv): in test but not in train: the labels 'lunch', 'vpm'"
    assert hint == "add samples of it to train, or move its samples to an out-of-scope set"
    assert refused(lambda: load(FILES, pool=POOL, test=[("a", "vpm")]))[1] == (
        "did you mean 'vpn'? otherwise add samples of it to train, or move its samples to an out-of-scope set"
    )


def test_a_class_of_one_training_sample_is_named(load: Load) -> None:
    message, hint = refused(lambda: load(FILES, pool=[*POOL, ("only", "rare")], test=[("a", "vpn")]))
    assert message == "task desk, file pool (pool.csv): too few distinct samples: 'rare' has 1"
    assert hint.startswith("each label needs 3: 2 to train on, 1 for validation; label more")


@pytest.mark.parametrize(
    ("splits", "tables", "message"),
    [
        (
            FILES,
            {"pool": [(text, "vpn") for text, _ in POOL], "test": [("a", "vpn")]},
            "all labels are 'vpn'",
        ),
        (CARVED, {"pool": [("same", "a")] * 4 + [("other", "b")] * 4}, "too few distinct samples: 'a' has 1"),
        (
            Splits(train=Part(file="pool"), validation=Part(file="pool"), test=Part(file="test")),
            {"pool": POOL, "test": [("a", "vpn")]},
            "train and validation are the same file 'pool'",
        ),
        (
            Splits(train=Part(file="unlabelled"), validation=CARVED.validation, test=CARVED.test),
            {"unlabelled": POOL},
            r"file unlabelled \(unlabelled.csv\): it is train, which needs labels",
        ),
        (
            CARVED.model_copy(update={"test": Part(carve="train", fraction=0.8)}),
            {"pool": POOL},
            "the carved fractions leave nothing for train",
        ),
    ],
)
def test_splits_that_carry_no_measurement_are_refused(
    load: Load, splits: Splits, tables: dict[str, Rows], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message) as caught:
        load(splits, **tables)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        (Shift(id="test", title="x", file="other"), "two sets are called 'test'"),
        (Shift(id="copy", title="x", file="pool"), "train and copy are the same file 'pool'"),
        (Shift(id="outside", title="x", file="unlabelled"), "the shifted set outside needs labels"),
        (Shift(id="turned", title="x", transform="rotate", amount=9.0), "turned cannot rotate texts"),
    ],
)
def test_a_shifted_set_that_cannot_be_is_refused(load: Load, shift: Shift, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        load(FILES, shift, pool=POOL, test=[("a", "vpn")], other=[("b", "vpn")], unlabelled=[("c", "")])


def test_duplicates_are_allowed_and_reported(load: Load) -> None:
    data = load(FILES, pool=[*POOL, POOL[0]], test=[POOL[0], ("VPN message 1!", "vpn"), ("new", "vpn")])
    assert data.duplicates == {"exact": 1, "normalised": 2, "conflicting": 0, "repeated": 1}


def test_another_seed_or_order_changes_the_division_or_not(load: Load) -> None:
    data, again = load(CARVED, pool=POOL), load(CARVED, pool=POOL[::-1])
    assert set(data.samples("test").texts) == set(again.samples("test").texts)
    other = load(CARVED.model_copy(update={"seed": 1}), pool=POOL)
    assert set(data.samples("test").texts) != set(other.samples("test").texts)


def test_images_are_loaded_and_shifted_by_transformation(tmp_path: Path) -> None:
    path, random = tmp_path / "set.tar", np.random.RandomState(0)
    with tarfile.open(path, "w") as archive:
        for number in range(24):
            out = io.BytesIO()
            Pillow.fromarray(random.randint(0, 256, (6, 6, 3)).astype(np.uint8)).save(out, "PNG")
            entry = tarfile.TarInfo(f"{'cat' if number % 2 else 'dog'}/{number}.png")
            entry.size = out.tell()
            archive.addfile(entry, io.BytesIO(out.getvalue()))
    shifted = (
        Shift(id="turned", title="Turned", transform="rotate", amount=90.0),
        Shift(id="noisy", title="Noisy", transform="noise", amount=0.1),
    )
    data = load_task(task_of({"pool": path}, CARVED, *shifted, kind="image-tar"), {"pool": path})
    assert data.sizes == {"train": 12, "validation": 6, "test": 6, "turned": 6, "noisy": 6}
    assert np.array_equal(data.samples("turned").images[0], np.rot90(data.samples("test").images[0]))
    assert not set(data.samples("noisy").digests) & set(data.samples("test").digests)


def test_corruptions_are_five_locked_sets_each_and_change_no_fit(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    rows = "".join(f"{text},{label}\n" for text, label in POOL)
    path.write_text("text,label\n" + rows, encoding="utf-8")
    plain = task_of({"pool": path}, CARVED)
    task = plain.model_copy(update={"corruptions": ("case", "typos")})
    data = load_task(task, {"pool": path})
    assert data.shifted_names == tuple(f"{name}-{s}" for name in ("case", "typos") for s in range(1, 6))
    assert data.samples("case-5").texts != data.samples("test").texts
    assert data.samples("case-5").texts[0].lower() == data.samples("test").texts[0].lower()
    with pytest.raises(UsageProblem, match="locked"):
        data.open("typos-1")
    assert (task.splits_digest, task.digest == plain.digest) == (plain.splits_digest, False)
    assert "corruptions" not in plain.model_dump_json()


def test_corruptions_of_another_modality_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("text,label\n", encoding="utf-8")
    fields = task_of({"pool": path}, CARVED).model_dump(by_alias=True)
    with pytest.raises(ValidationError, match="texts have no corruption blur; they have typos, case"):
        Task.model_validate({**fields, "corruptions": ("typos", "blur")})


def test_a_format_of_another_modality_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("text,label\nhello,a\n")
    task = task_of({"pool": path}, CARVED).model_copy(update={"modality": "image"})
    with pytest.raises(InvalidDocument, match="format csv holds texts, the task is about images"):
        load_task(task, {"pool": path})


def test_a_task_without_what_came_later_is_written_as_before(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("text,label\n", encoding="utf-8")
    task = task_of({"pool": path}, CARVED)
    of_the_first_version = {
        "schema_version", "id", "title", "description", "modality", "kind", "owner", "licence", "metric", "margin",
        "sensitivity", "files", "splits", "shifted", "right_answer_value", "wrong_answer_cost",
    }  # fmt: skip
    assert set(task.model_dump()) == of_the_first_version
    counted = task.model_copy(update={"wrong_answer_cost": 4.0, "value_unit": "minutes"})
    assert set(counted.model_dump()) == of_the_first_version | {"value_unit"}
