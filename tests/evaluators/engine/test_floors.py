"""The floors of an adapted model read the data alone, and every one that fits the modality is there."""

from __future__ import annotations

import numpy as np

from evaluators.data.locations import facts_of
from evaluators.data.task_data import TaskData, load_task
from evaluators.engine.floors import floors
from evaluators.personal_task import OwnData, personal_task


def data_of(words: tuple[str, ...], folder) -> TaskData:
    path = folder / "toys.csv"
    rows = [
        f"{word} {number % 7} {'x ' * (number % 5)}{number},{word}" for number in range(30) for word in words
    ]
    path.write_text("body,queue\n" + "\n".join(rows) + "\n")
    return load_task(personal_task(OwnData(str(path), "body", "queue"), path, facts_of(path)), {"data": path})


def test_texts_have_the_majority_class_and_tfidf(tmp_path):
    data = data_of(("card", "train", "rain"), tmp_path)
    found = {floor.row.id: floor for floor in floors(data)}
    assert list(found) == ["majority", "tfidf-logreg"]
    for floor in found.values():
        assert floor.predicted.shape == (len(data.test),)
    assert len(set(found["majority"].predicted.tolist())) == 1
    assert len(set(found["tfidf-logreg"].predicted.tolist())) == 3


def test_the_same_data_give_the_same_digests_and_answers(tmp_path):
    data = data_of(("card", "train", "rain"), tmp_path)
    one, two = list(floors(data)), list(floors(data))
    assert [floor.digest for floor in one] == [floor.digest for floor in two]
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.predicted, b.predicted)
    (tmp_path / "other").mkdir()
    other = list(floors(data_of(("card", "train"), tmp_path / "other")))
    assert {floor.digest for floor in other}.isdisjoint(floor.digest for floor in one)
