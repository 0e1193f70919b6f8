"""What is told of a person's own data, and that nothing is told of good ones."""

from __future__ import annotations

import pytest

from evaluators.candidate import Candidate, Structure, TextInput
from evaluators.data.locations import facts_of
from evaluators.data.remarks import remarks_on
from evaluators.data.task_data import load_task
from evaluators.errors import InvalidDocument
from evaluators.personal_task import OwnData, personal_task

GOOD = [(f"{label} message {number}", label) for number in range(10) for label in "ab"]
READS_16 = Candidate(
    name="mini",
    library="transformers",
    input=TextInput(max_tokens=16, pooling="mean"),
    structure=Structure(architecture="BertModel", parameters=1, width=1, blocks=1, flops_per_input=1),
    files=(),
)


@pytest.fixture
def load(tmp_path):
    def load(rows):
        path = tmp_path / "tickets.csv"
        path.write_text(
            "body,queue\n" + "".join(f'"{text}","{label}"\n' for text, label in rows), encoding="utf-8"
        )
        return load_task(
            personal_task(OwnData(str(path), "body", "queue"), path, facts_of(path)), {"data": path}
        )

    return load


def test_of_good_data_nothing_is_told(load):
    assert remarks_on(load(GOOD), [READS_16]) == ()


def test_labels_that_look_alike_are_told(load):
    rows = [(text, label.upper() if number % 2 else label) for number, (text, label) in enumerate(GOOD * 2)]
    rows = [
        (f"{number} {text}", "a " if label == "b" and number % 4 == 1 else label)
        for number, (text, label) in enumerate(rows)
    ]
    told = remarks_on(load([*rows, *[(f"more {number}", "A") for number in range(5)]]))
    assert any(
        "differ only in case or blanks count as different: 'A' and 'a'" in sentence for sentence in told
    )


def test_copies_and_conflicts_are_counted_and_stay_in_one_split(load):
    data = load([*GOOD, *GOOD[:6], ("same", "a"), ("same", "b")])
    assert remarks_on(data) == (
        f"samples that repeat an earlier one: {data.duplicates['repeated']}; equal samples are kept in one split",
        "samples that stand with more than one label: 1; no model can be right about them",
    )
    assert data.duplicates["exact"] == 0


def test_huge_texts_are_told_with_who_cuts_them(load):
    told = remarks_on(load([*GOOD, ("word " * 200_000, "a")]), [READS_16])
    assert told == ("texts longer than 16 tokens, of which only the start is read by mini: at least 1",)


def rows(counts):
    return [(f"{label} number {number}", label) for label, size in counts.items() for number in range(size)]


@pytest.mark.parametrize(
    ("counts", "said", "hint"),
    [
        ({"a": 1, "b": 1}, "tickets.csv: too few distinct samples: 'a' has 1, 'b' has 1",
         "each label needs 4: 2 to train on, 1 for validation, 1 for test"),
        ({"a": 9, "b": 9, "c": 3}, "tickets.csv: too few distinct samples: 'c' has 3", "merge the label with another"),
        ({"a": 20}, "tickets.csv: all labels are 'a'", "is `label` the right column?"),
        ({str(number): 1 for number in range(50)}, "50 labels for 50 samples, and 50 of them have fewer than 4",
         "an id, a date or a measured number is no label"),
        ({str(number): 5 for number in range(1001)}, "1,001 labels for 5,005 samples; at most 1,000 are", "`other`"),
        ({str(number): 1 for number in range(10_000)}, "10,000 labels for 10,000 samples; at most", "an id, a date"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_measured_are_refused_with_what_is_needed(load, counts, said, hint):
    with pytest.raises(InvalidDocument) as caught:
        load(rows(counts))
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_four_samples_a_label_are_enough(load):
    data = load(rows({"a": 4, "b": 4}))
    assert data.sizes == {"train": 4, "validation": 2, "test": 2}
