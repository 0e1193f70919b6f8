"""The metadata card of a base model: what it is, where its bytes are, whether and how we may use it.

Input: a reviewed YAML file. Output: a frozen, inert `Card`; fetching, describing and deciding are other modules.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from evaluators.candidate import Input, Library
from evaluators.document import Document
from evaluators.names import RelativePath, Revision, SafeName

State = Literal["proposed", "active", "deprecated", "retired"]


class HubMirror(Document):
    """A Hugging Face Hub repository, pinned to a commit."""

    kind: Literal["hub"]
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")]
    revision: Revision | None = None
    """40 hex digits; empty only while the card is proposed."""


class PackageMirror(Document):
    """A folder inside an installed distribution, located without importing it."""

    kind: Literal["package"]
    distribution: str
    folder: str


class DirectoryMirror(Document):
    """A folder: absolute, or relative to the catalog."""

    kind: Literal["directory"]
    path: str


class MlflowMirror(Document):
    """Files of a run, or of a logged model, on the MLflow that is configured (MLFLOW_TRACKING_URI)."""

    kind: Literal["mlflow"]
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    """Id of the run whose artifacts hold them."""
    path: RelativePath | None = None
    """Folder among the run's artifacts; left out where they are the root."""
    model: Annotated[str, Field(pattern=r"^m-[0-9a-f]{32}$")] | None = None
    """Id of the logged model that holds them, instead of a run."""
    files: dict[RelativePath, RelativePath] = Field(default_factory=dict)
    """Path of the card -> path inside the folder, where MLflow spread them over several; empty: the same paths."""

    @model_validator(mode="after")
    def _one_place(self) -> MlflowMirror:
        if (self.run is None) == (self.model is None):
            raise ValueError("name either a `run`, with its `path`, or a logged `model`")
        if self.model is not None and self.path is not None:
            raise ValueError("`path` is a folder of a run; a logged model has none")
        return self


Mirror = Annotated[HubMirror | PackageMirror | DirectoryMirror | MlflowMirror, Field(discriminator="kind")]


class Sourced(Document):
    """A statement and where it can be checked."""

    text: str
    source: str


class Licence(Document):
    """The licence of the weights, and what that lets us do."""

    spdx: str
    """SPDX id, or `LicenseRef-...`."""
    use: Literal["any", "commercial-with-conditions", "non-commercial", "research-only"]
    source: str
    terms_accepted_by: str | None = None
    """Who accepted access terms for the organization, where there are any."""
    terms_accepted_on: dt.date | None = None


class Lineage(Document):
    """What a model was made of, and by what, as the place it came from says. Nothing of it was checked or measured."""

    base: str | None = None
    """The model it was made from: a repository, a card, a path."""
    relation: Literal["finetune", "adapter", "quantized", "merge"] | None = None
    published: dt.date | None = None
    """Day of the last change at its publisher."""
    run: str | None = None
    """Id of the MLflow run that made it."""
    server: str | None = None
    """The MLflow server of that run."""
    experiment: str | None = None
    user: str | None = None
    started: dt.date | None = None
    commit: str | None = None
    """Commit of the training code."""
    datasets: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)
    """Parameters of the run that say what went in. Its metrics are no evidence here, and are left where they are."""


class Contamination(Document):
    """A task whose data the model saw, or whose data shaped its recipe."""

    task: SafeName
    reason: str


class Lifecycle(Document):
    """Where the card stands."""

    state: State
    since: dt.date | None = None
    replacement: SafeName | None = None
    retires: dt.date | None = None

    @model_validator(mode="after")
    def _dates(self) -> Lifecycle:
        if self.state != "proposed" and self.since is None:
            raise ValueError(f"a card that is {self.state} needs `since`")
        return self


class Card(Document):
    """A base model of the catalog."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: SafeName
    title: str
    summary: str
    library: Library
    family: Literal["encoder", "vision", "causal-lm"]
    input: Input
    mirrors: tuple[Mirror, ...]
    files: tuple[RelativePath, ...]
    """Paths inside the folder that make up the model: weights (safetensors), configuration, tokenizer."""
    languages: tuple[str, ...] = ()
    parameters: Annotated[int, Field(ge=1)] | None = None
    """As published, for a card that is not locked yet."""
    pretraining: Sourced
    lineage: Lineage | None = None
    data_cutoff: str | None = None
    """Year or date of the newest pre-training data, where it is published."""
    owner: str
    """Who answers for this card in the organization."""
    licence: Licence
    intended_use: str
    limits: tuple[str, ...]
    contamination: tuple[Contamination, ...] = ()
    probe: SafeName | None = None
    """Task of the catalog on which it is asked what is left of what it could do, after it was adapted to another."""
    review_by: dt.date | None = None
    lifecycle: Lifecycle
    sources: tuple[str, ...] = ()

    @field_validator("mirrors")
    @classmethod
    def _some_mirror(cls, mirrors: tuple[Mirror, ...]) -> tuple[Mirror, ...]:
        if not mirrors:
            raise ValueError("at least one mirror is needed")
        return mirrors

    @model_validator(mode="after")
    def _pinned_unless_proposed(self) -> Card:
        if self.lifecycle.state != "proposed":
            for mirror in self.mirrors:
                if isinstance(mirror, HubMirror) and mirror.revision is None:
                    raise ValueError(
                        f"a card that is {self.lifecycle.state} needs a 40-digit revision for {mirror.repository}"
                    )
        return self

    @property
    def modality(self) -> Literal["text", "image"]:
        """`text` or `image`."""
        return self.input.modality
