"""The page that trains an adapted model again without us: sections of `recipes/` put together, constants filled in.

In: a strategy, a base, settings and how the data file is read. Out: the text of `recipe.py`, plain
transformers/timm/peft/scikit-learn, under 80 lines. Pure: sections are text, and no section is ever imported here.

A line of a section that ends in `# when FACT: VALUE ...` stands on the page only if the fact has one of the values.
What a person named (a column) gets onto the page as a quoted string, never as text.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import takewhile

from evaluators.candidate import Candidate, ImageInput, Input
from evaluators.data.system_files import FOLDERS, NAMES
from evaluators.evidence import Estimate
from evaluators.protocol import SettingValue
from evaluators.strategy import Strategy
from evaluators.task import DataFile

#: Settings that become constants, a line of the page for each row; a setting's name in capitals.
_CONSTANTS = (
    ("k",),
    ("C", "max_iter"),
    (
        "epochs",
        "min_steps",
        "max_steps",
        "batch_size",
        "warmup",
        "clip",
        "rank",
        "alpha",
        "dropout",
        "trained_share",
        "trained_blocks",
        "layer_decay",
        "beta",
    ),
)
#: Settings of the line of rates.
_RATES = ("learning_rate", "head_rate", "weight_decay")
#: Settings that choose lines, and what holds where they are not given.
_CHOICES: Mapping[str, SettingValue] = {"standardize": False, "decay": "cosine"}
_MARK = "  # when "
#: A page has fewer lines. Blank ones between the sections give way first.
LINES = 80


@dataclass(frozen=True)
class Training:
    """What is to be trained again.

    Attributes:
        row: The strategy.
        base: The base.
        settings: The complete settings.
        seed: Of initialisation and order.
        dtype: What was computed in.
        data: How each data file is read, in the order in which the page takes them.
        score: Accuracy of the same training on the held-out rows.
    """

    row: Strategy
    base: Candidate
    settings: Mapping[str, SettingValue]
    seed: int
    dtype: str
    data: tuple[DataFile, ...]
    score: Estimate


def recipe_page(training: Training) -> str | None:
    """Return the text of `recipe.py`; None if no page says the same.

    There is none for a row without a recipe, data files that are read in different ways, a setting that no section
    knows, or bfloat16.
    """
    known = {*_RATES, *_CHOICES, *(name for row in _CONSTANTS for name in row)}
    ways = {_way(file) for file in training.data}
    if (
        not training.row.recipe
        or len(ways) > 1
        or training.dtype != "float32"
        or not set(training.settings) <= known
    ):
        return None
    names = ("arguments", f"read_{training.data[0].format}", "split", *training.row.recipe)
    facts = _facts(training)
    sections = [_section(name, facts) for name in names]
    imports = _imports(line for section in sections for line in section.imports)
    head = f"{_docstring(training)}\n{imports}\n{_constants(training)}"
    bodies = [section.body for section in sections]
    airy = f"{head}\n{_joined(bodies, between=1)}"
    return airy if len(airy.splitlines()) < LINES else head + _joined(bodies, between=0)


@dataclass(frozen=True)
class _Section:
    """A section's import statements, and what follows them."""

    imports: tuple[str, ...]
    body: str


def _section(name: str, facts: Mapping[str, str]) -> _Section:
    modality = facts["modality"]
    folder = files("evaluators") / "recipes"
    path = folder / f"{name}_{modality}.py"
    text = (path if path.is_file() else folder / f"{name}.py").read_text(encoding="utf-8")
    kept = [_kept(line, facts) for line in text.splitlines()]
    lines = [line for line in kept if line is not None]
    above = list(takewhile(lambda line: not line or line.startswith(("import ", "from ")), lines))
    return _Section(tuple(filter(None, above)), "\n".join(lines[len(above) :]).strip("\n"))


def _kept(line: str, facts: Mapping[str, str]) -> str | None:
    """Return a line without its conditions; None if one does not hold."""
    code, *conditions = line.split(_MARK)
    for condition in conditions:
        fact, _, values = condition.partition(": ")
        if facts[fact] not in values.split():
            return None
    return code


def _imports(lines: Iterable[str]) -> str:
    """Return import statements sorted and merged as isort does: the standard library, a blank line, the others."""
    modules: set[str] = set()
    members: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.startswith("import "):
            modules.add(line.removeprefix("import "))
        else:
            module, _, names = line.removeprefix("from ").partition(" import ")
            members[module].update(names.split(", "))
    plain = [(name, f"import {name}") for name in sorted(modules)]
    plain += [
        (name, f"from {name} import {', '.join(sorted(members[name]))}")
        for name in sorted(members, key=str.casefold)
    ]
    ours = [line for name, line in plain if re.split(r"[. ]", name)[0] in sys.stdlib_module_names]
    others = [line for name, line in plain if line not in ours]
    return "\n".join([*ours, "", *others]) + "\n"


def _facts(training: Training) -> dict[str, str]:
    accepts = training.base.input
    facts: dict[str, object] = {
        "strategy": training.row.id,
        "modality": accepts.modality,
        "pooling": accepts.pooling,
        "normalize": accepts.normalize,
        "channels": accepts.channels if isinstance(accepts, ImageInput) else 0,
        "packed": training.data[0].mirrors[0].endswith(".gz"),
        "depth": "blocks" if "trained_blocks" in training.settings else "share",
        "rates": "layered" if "layer_decay" in training.settings else "one",
        "penalty": "l2-sp" if "l2_sp" in training.row.recipe else "none",
        "start": "probe" if {"C", "epochs"} <= set(training.settings) else "zeros",
        **_CHOICES,
        **training.settings,
    }
    return {name: str(value) for name, value in facts.items()}


def _docstring(training: Training) -> str:
    takes = "DATA" if len(training.data) == 1 else "TRAIN VALIDATION"
    score = f"accuracy {training.score.value:.4f}, n={training.score.n}"
    return f'''"""{training.row.title} on {training.base.name}, without the hub. This page is yours: change it.

`python recipe.py {takes}` scores held-out rows ({score}); `--out DIR` trains on all rows.
"""
'''


def _constants(training: Training) -> str:
    settings = {"min_steps": 1, **training.settings} if "epochs" in training.settings else training.settings
    lines = _input_lines(training.base.input, training.data[0])
    for row in _CONSTANTS:
        if given := [name for name in row if name in settings]:
            lines.append(f"{', '.join(given).upper()} = {', '.join(repr(settings[name]) for name in given)}")
    if "learning_rate" in settings:
        # The settings have the head's rate as a multiple of the trunk's.
        rate, decay = float(settings["learning_rate"]), float(settings.get("weight_decay", 0.0))
        head_rate = rate * float(settings["head_rate"])
        values = f"{training.seed}, {rate!r}, {head_rate!r}, {decay!r}"
        lines.append(f"SEED, RATE, HEAD_RATE, DECAY = {values}  # of AdamW; only matrices decay")
    return "\n".join(lines) + "\n"


def _input_lines(accepts: Input, file: DataFile) -> list[str]:
    """Return the constants that say how a row is read and prepared."""
    if not isinstance(accepts, ImageInput):
        return [
            f"TEXT, LABEL = {_quoted(file.text or '')}, {_quoted(file.label or '')}  # columns",
            f"PROMPT, MAX_TOKENS = {_quoted(accepts.prompt)}, {accepts.max_tokens}",
        ]
    table = file.format == "pixel-table"
    names, values = (", SHAPE, WHITE", f", {file.shape!r}, {file.maximum!r}") if table else ("", "")
    mean, std = (
        channels if len(channels) == accepts.channels else channels[:1] * accepts.channels
        for channels in (accepts.mean, accepts.std)
    )
    crop, how = repr(accepts.crop), _quoted(accepts.interpolation)
    lines = [
        f"SIZE, CROP, INTERPOLATION{names} = {accepts.size}, {crop}, {how}{values}",
        f"MEAN, STD = {mean!r}, {std!r}",
    ]
    if not table:
        # From the one list that also the hub reads by: with another, row numbers would name other rows.
        lines.append(f"CLUTTER = {_set(NAMES)}  # what file managers leave")
        lines.append(f"CLUTTER_FOLDERS = {_set(FOLDERS)}")
    return lines


def _set(names: Iterable[str]) -> str:
    """Return a Python literal of a set, in one order."""
    return "{" + ", ".join(json.dumps(name) for name in sorted(names)) + "}"


def _quoted(text: str) -> str:
    """Return a Python literal of a text, in double quotes, that shows what it holds."""
    if not text.isprintable():
        return ascii(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _way(file: DataFile) -> tuple[object, ...]:
    packed = file.mirrors[0].endswith(".gz")
    return (file.format, file.text, file.label, file.shape, file.maximum, packed)


def _joined(bodies: Sequence[str], *, between: int) -> str:
    """Put bodies one below the other, with blank lines between them: two around functions, as everybody does."""
    page = bodies[0]
    for body in bodies[1:]:
        last = [line for line in page.splitlines() if line[:1].strip()][-1]
        apart = last.startswith("def ") or body.startswith(("def ", "@"))
        rest = "" if body.startswith("else:") else "\n" * between
        page += ("\n\n\n" if apart else "\n" + rest) + body
    return page + "\n"
