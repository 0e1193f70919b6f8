"""A task of the organization: its data, the roles of its splits, and what counts as better.

Inputs: a reviewed YAML file. Output: a frozen `Task`. Data are identified by the digests of their files; where the
bytes lie (mirrors) is no part of the identity. Loading them is `evaluators.data.task_data`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from evaluators.candidate import Modality
from evaluators.canonical import digest_of
from evaluators.corruption_names import (
    IMAGE_CORRUPTIONS,
    SEVERITIES,
    TEXT_CORRUPTIONS,
    Corruption,
    severity_set,
)
from evaluators.document import Document
from evaluators.names import SafeName, Sha256

FileFormat = Literal["csv", "tsv", "jsonl", "parquet", "image-tar", "image-folder", "pixel-table"]


class DataFile(Document):
    """One file of data. Text formats name their columns; image formats take the class from the folder."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0)]
    mirrors: tuple[str, ...]
    """Places of the same bytes, tried in order: `catalog:PATH`, `data:PATH` (under HUB_DATA),
    `package:DISTRIBUTION/PATH` (an installed package, never imported), or an fsspec URL."""
    format: FileFormat
    text: str | None = None
    """Column of the text."""
    label: str | None = None
    """Column of the label; none for out-of-scope samples."""
    group: str | None = None
    """Column of what rows share where they are not independent: a document, a customer, a patient, a speaker."""
    shape: tuple[int, int] | None = None
    """`pixel-table`: height and width of the image whose pixels are the columns before the label."""
    maximum: float | None = None
    """`pixel-table`: the pixel value shown as white (255)."""

    @model_validator(mode="after")
    def _columns_fit_format(self) -> DataFile:
        if self.format in {"csv", "tsv", "jsonl", "parquet"} and not self.text:
            raise ValueError(f"format {self.format} needs the column `text`")
        if self.group and self.format not in {"csv", "tsv", "jsonl", "parquet"}:
            raise ValueError(f"`group` is a column, and format {self.format} has none that could be named")
        if self.format == "pixel-table" and (self.shape is None or self.maximum is None):
            raise ValueError("format pixel-table needs `shape` and `maximum`")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_named(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Tasks without it keep their digests.
        written: dict[str, Any] = write(self)
        if self.group is None:
            written.pop("group", None)
        return written


class Part(Document):
    """A split: a whole file, or a stratified share carved out of another split (which then lacks it)."""

    file: str | None = None
    carve: SafeName | None = None
    """Name of the split that this one is carved from."""
    fraction: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Part:
        if (self.file is None) == (self.carve is None):
            raise ValueError("give either `file`, or `carve` and `fraction`")
        if (self.carve is None) != (self.fraction is None):
            raise ValueError("`carve` and `fraction` go together")
        return self


class Splits(Document):
    """Roles. Strategies are fitted on `train` only; `validation` is read freely; `test` is locked."""

    train: Part
    validation: Part
    test: Part
    seed: int = 0
    """Seed of the carving."""


class Shift(Document):
    """A set from elsewhere: its own file, or the locked test seen through a transformation. Locked like the test."""

    id: SafeName
    title: str
    file: str | None = None
    transform: Literal["rotate", "noise"] | Corruption | None = None
    amount: float | None = None
    """`rotate`: degrees. `noise`: deviation of Gaussian noise, where white is 1. A corruption: its severity, 1 to 5."""
    out_of_scope: bool = False
    """Samples of no known label: measured by how well confidence tells them apart (AUROC)."""

    @model_validator(mode="after")
    def _one_origin(self) -> Shift:
        if (self.file is None) == (self.transform is None):
            raise ValueError("give either `file`, or `transform` and `amount`")
        if (self.transform is None) != (self.amount is None):
            raise ValueError("`transform` and `amount` go together")
        if self.transform in (*TEXT_CORRUPTIONS, *IMAGE_CORRUPTIONS) and self.amount not in SEVERITIES:
            raise ValueError(f"`{self.transform}` has an `amount` of 1, 2, 3, 4 or 5, its severity")
        return self


class Task(Document):
    """A classification task, exactly identified."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: SafeName
    title: str
    description: str
    modality: Modality
    kind: Literal["classification"] = "classification"
    owner: str
    licence: str
    """SPDX id of the data's licence, or `LicenseRef-...`."""
    metric: Literal["accuracy", "macro_f1"] = "accuracy"
    margin: Annotated[float, Field(gt=0, lt=1)]
    """The smallest difference of the metric that matters in practice."""
    sensitivity: Literal["public", "internal", "restricted"] = "internal"
    """`restricted`: no example may leave the data."""
    files: dict[SafeName, DataFile]
    splits: Splits
    shifted: tuple[Shift, ...] = ()
    corruptions: tuple[Corruption, ...] = ()
    """Families of corruptions; each is five shifted sets, the locked test at severities 1 to 5 (`typos-1`, ...)."""
    right_answer_value: Annotated[float, Field(ge=0)] | None = None
    """What a right answer is worth, in `value_unit`."""
    wrong_answer_cost: Annotated[float, Field(ge=0)] | None = None
    """What a wrong one costs, in the same unit."""
    value_unit: str | None = None
    """`EUR`, `minutes of an agent`: what the owner of the task counts in."""

    @model_validator(mode="after")
    def _values_have_a_unit(self) -> Task:
        if (self.right_answer_value or self.wrong_answer_cost) and not self.value_unit:
            raise ValueError("right_answer_value and wrong_answer_cost need value_unit, such as: minutes")
        return self

    @model_validator(mode="after")
    def _files_are_named(self) -> Task:
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        named = [part.file for part in parts] + [shift.file for shift in self.shifted]
        missing = sorted({name for name in named if name} - set(self.files))
        if missing:
            raise ValueError(f"splits name files that are not listed: {', '.join(missing)}")
        carved = {part.carve for part in (self.splits.validation, self.splits.test) if part.carve}
        if not carved <= {"train"}:
            raise ValueError("a split can be carved from `train` only")
        if self.splits.train.carve:
            raise ValueError("`train` must be a file: the others are carved from it")
        return self

    @model_validator(mode="after")
    def _corruptions_fit_modality(self) -> Task:
        known = TEXT_CORRUPTIONS if self.modality == "text" else IMAGE_CORRUPTIONS
        if strange := sorted(set(self.corruptions) - set(known)):
            raise ValueError(
                f"{self.modality}s have no corruption {', '.join(strange)}; they have {', '.join(known)}"
            )
        if len(set(self.corruptions)) < len(self.corruptions):
            raise ValueError("a corruption stands twice")
        return self

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Plans that hold tasks without them keep their bytes.
        written: dict[str, Any] = write(self)
        for name in ("corruptions", "value_unit"):
            if not getattr(self, name):
                written.pop(name, None)
        return written

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """All shifted sets: those that are written down, then every severity of every corruption."""
        return (
            *self.shifted,
            *(
                Shift(
                    id=severity_set(family, severity),
                    title=f"The locked test with {family}, severity {severity} of {SEVERITIES[-1]}",
                    transform=family,
                    amount=float(severity),
                )
                for family in self.corruptions
                for severity in SEVERITIES
            ),
        )

    @property
    def digest(self) -> str:
        """Identity of everything that predictions depend on: bytes, splits and shifted sets.

        Not words, mirrors, margin or metric: another metric is computed from the same predictions.
        """
        return digest_of(
            {"splits": self.splits_digest, "shifted": [self.shift_identity(row) for row in self.shifts]}
        )

    @property
    def splits_digest(self) -> str:
        """Identity of the splits alone: what is learnt from, and the locked test.

        A shifted set that is added changes no fit, and starts no new count of reads of the test.
        """
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        names = sorted({part.file for part in parts if part.file})
        return digest_of(
            {
                "kind": self.kind,
                "modality": self.modality,
                "files": {name: self._file_identity(name) for name in names},
                "splits": self.splits.model_dump(mode="json"),
            }
        )

    def shift_identity(self, shift: Shift) -> dict[str, Any]:
        """Return what predictions on a shifted set depend on beside the splits, as a JSON-able value."""
        file = self._file_identity(shift.file) if shift.file else None
        return {"shift": shift.model_dump(mode="json", exclude={"title"}), "file": file}

    def _file_identity(self, name: str) -> dict[str, Any]:
        return self.files[name].model_dump(mode="json", exclude={"mirrors"})
