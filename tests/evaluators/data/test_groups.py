"""Rows of one customer are not independent: they are kept in one split, and counted where they are not."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from evaluators.canonical import digest_of_file
from evaluators.data.carving import carve, together
from evaluators.data.locations import TaskFiles
from evaluators.data.task_data import SAME_GROUP, load_task
from evaluators.errors import InvalidDocument
from evaluators.findings.collect import facts_of_task
from evaluators.task import DataFile, Part, Splits
from tests.evaluators.toy_plans import toy_task

GROUPS, EACH = 20, 6


def grouped_task(folder, *, group="customer", test_file=False):
    """Return a task of 120 texts of 20 customers, and its files."""
    folder.mkdir(exist_ok=True)
    task, _ = toy_task(folder)
    rows = [
        (f"text {number} of customer {customer}", ("red", "green", "blue")[number % 3], f"c{customer:02}")
        for customer in range(GROUPS)
        for number in range(EACH)
    ]
    files = {"all": rows}
    splits = task.splits
    if test_file:
        files = {"all": rows[:-30], "test": [("another text", "red", "c00"), *rows[-30:]]}
        splits = Splits(
            train=Part(file="all"), validation=Part(carve="train", fraction=0.2), test=Part(file="test")
        )
    paths = {}
    for name, content in files.items():
        paths[name] = folder / f"{name}.csv"
        with paths[name].open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "label", "customer"), *content])
    described = {
        name: DataFile(
            sha256=digest_of_file(path), size=path.stat().st_size, mirrors=(str(path),), format="csv", text="text",
            label="label", group=group,
        )
        for name, path in paths.items()
    }  # fmt: skip
    return task.model_copy(update={"files": described, "splits": splits}), TaskFiles(paths)


def customers(samples):
    return {text.rpartition(" ")[2] for text in samples.texts}


def test_whole_groups_are_carved(tmp_path):
    task, files = grouped_task(tmp_path)
    data = load_task(task, files)
    parts = [customers(data.samples(name)) for name in ("train", "validation", "test")]
    assert sum(len(part) for part in parts) == GROUPS
    assert set.union(*parts) == {str(number) for number in range(GROUPS)}
    assert data.group_counts == dict(zip(("train", "validation", "test"), map(len, parts), strict=True))
    assert data.duplicates[SAME_GROUP] == 0


def test_without_a_column_rows_of_a_customer_are_parted_and_nothing_is_said_of_groups(tmp_path):
    task, files = grouped_task(tmp_path, group=None)
    data = load_task(task, files)
    assert customers(data.samples("train")) & customers(data.samples("test"))
    assert data.group_counts == {}
    assert SAME_GROUP not in data.duplicates
    assert data.groups("test") is None


def test_test_samples_of_a_customer_that_is_trained_on_are_counted(tmp_path):
    task, files = grouped_task(tmp_path, test_file=True)
    assert load_task(task, files).duplicates[SAME_GROUP] == 1


def test_groups_follow_the_rows_of_their_set(tmp_path):
    task, files = grouped_task(tmp_path)
    data = load_task(task, files)
    for name in ("train", "validation", "test"):
        of_text = [text.rpartition(" ")[2] for text in data.samples(name).texts]
        numbers = data.groups(name)
        assert len({(text, number) for text, number in zip(of_text, numbers.tolist(), strict=True)}) == len(
            set(of_text)
        )
    some = data.train.take([5, 0])
    assert some.groups.tolist() == data.train.groups[[5, 0]].tolist()


def test_findings_say_how_many_groups_there_are_and_nothing_where_there_are_none(tmp_path):
    task, files = grouped_task(tmp_path)
    data = load_task(task, files)
    assert facts_of_task(task, data).groups == data.group_counts
    plain, plain_files = grouped_task(tmp_path / "plain", group=None)
    assert "groups" not in facts_of_task(plain, load_task(plain, plain_files)).model_dump(mode="json")


def test_a_task_that_names_no_group_keeps_its_identity(tmp_path):
    task, _ = grouped_task(tmp_path, group=None)
    assert "group" not in task.files["all"].model_dump(mode="json")
    named, _ = grouped_task(tmp_path, group="customer")
    assert named.splits_digest != task.splits_digest


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path):
    task, files = grouped_task(tmp_path, group="costumer")
    with pytest.raises(InvalidDocument, match="no column 'costumer'") as caught:
        load_task(task, files)
    assert "did you mean 'customer'?" in caught.value.hint


def test_an_empty_group_is_an_error_with_its_line(tmp_path):
    task, files = grouped_task(tmp_path)
    text = files["all"].read_text().replace(",c01", ",", 1)
    files["all"].write_text(text)
    with pytest.raises(InvalidDocument, match="line 8: column 'customer' is empty"):
        load_task(task, files)


def test_images_have_no_column_to_name():
    with pytest.raises(ValueError, match="has none that could be named"):
        DataFile(sha256="0" * 64, size=1, mirrors=(), format="image-tar", group="patient")


def test_groups_that_share_a_content_are_one():
    names = together(["x", "y", "y", "z", "w"], ["a", "a", "b", "b", "c"])
    assert names == ("group a", "group a", "group a", "group a", "group c")


def test_where_a_group_goes_does_not_depend_on_the_order_of_the_rows():
    digests, groups = [f"d{n}" for n in range(60)], [f"g{n % 15}" for n in range(60)]
    labels = ["red" if n % 2 else "blue" for n in range(60)]
    shuffled = np.random.default_rng(0).permutation(60)

    def test_groups_of(order):
        names = together([digests[i] for i in order], [groups[i] for i in order])
        rows = carve(names, [labels[i] for i in order], shares={"test": 0.2}, seed=0)["test"]
        return {groups[order[int(row)]] for row in rows}

    assert test_groups_of(range(60)) == test_groups_of(shuffled.tolist())
