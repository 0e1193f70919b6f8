"""The model registry in our words: what promote, sync and pull need of it, and nothing more.

Two Protocols, because a pull must work without mlflow installed: `RegistryReader` (REST is enough) and `Registry`
(reads and writes). One contract test runs over every implementation and over the in-memory fake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: Everything of ours carries this tag; what does not carry it is never touched.
OWNED = "hub.managed"

#: The reserved model whose versions are the promotion log. Never listed.
LOG_NAME = "hub-promotion-log"

#: The reserved model whose versions carry the published catalog. Never listed.
CATALOG_NAME = "hub-catalog"

#: Models that hold the hub's own books. Their versions are pages for people: the description is shown as a document.
RESERVED = frozenset({LOG_NAME, CATALOG_NAME})


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model as the registry shows it.

    Attributes:
        name: Its name.
        description: Markdown.
        tags: In the order in which the registry shows them.
        aliases: Alias to version number.
        listed: Whether it stands in the list of models. What is not (yet, or any more) approved does not.
    """

    name: str
    description: str
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    listed: bool = True


@dataclass(frozen=True)
class ModelVersion:
    """A version as the registry shows it."""

    name: str
    number: int
    description: str
    tags: Mapping[str, str]
    source: str
    run_id: str | None = None


@dataclass(frozen=True)
class NewVersion:
    """A version to be made.

    Attributes:
        name: Registered model.
        folder: Folder whose files become the version's artifacts, or None for a version without artifacts (reserved
            models only: a server accepts no source that is not one).
        tags: Tags set in the same write.
        description: Shown in lists (first 32 characters); of a reserved model, the page that a person reads.
        experiment: Experiment of the run that carries the artifacts.
    """

    name: str
    folder: Path | None
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    experiment: str = "hub-promotions"


class RegistryReader(Protocol):
    """Reading."""

    @property
    def uri(self) -> str:
        """Where it is, for people; without credentials."""
        ...

    def model(self, name: str) -> RegisteredModel | None:
        """Return a registered model, or None."""
        ...

    def versions(self, name: str) -> Sequence[ModelVersion]:
        """Return all versions of a model, lowest number first; empty if there is no such model.

        Numbers are handed out once: after a deletion there is a gap.
        """
        ...

    def artifact(self, name: str, number: int, path: str) -> Iterator[bytes]:
        """Stream one artifact of a version.

        Raises:
            IntegrityError: If the version does not have it.
            EnvironmentProblem: If the registry cannot be reached.
        """
        ...


class Registry(RegistryReader, Protocol):
    """Reading and writing."""

    def models(self) -> Sequence[RegisteredModel]:
        """Return every registered model that carries our tag."""
        ...

    def create_model(
        self, name: str, *, description: str, tags: Mapping[str, str], listed: bool = True
    ) -> None:
        """Create a registered model; tags in the given order (the UI shows the first three).

        Reserved models are never listed, whatever `listed` says.

        Raises:
            Conflict: If the name is taken.
        """
        ...

    def list_model(self, name: str, *, listed: bool) -> None:
        """Let a model stand in the list of models, or not."""
        ...

    def describe_model(self, name: str, description: str) -> None:
        """Replace a model's description."""
        ...

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a model."""
        ...

    def delete_model_tag(self, name: str, key: str) -> None:
        """Delete a tag of a model."""
        ...

    def delete_model(self, name: str) -> None:
        """Delete a registered model with its versions."""
        ...

    def create_version(self, new: NewVersion) -> ModelVersion:
        """Create a version. The registry hands out the number.

        Its artifacts are uploaded first, read back and compared: a version that exists is whole. Called again after a
        kill with the same folder, it continues that upload.

        Raises:
            IntegrityError: If what was read back is not what was sent.
            EnvironmentProblem: If the registry cannot be reached or there is no such model.
        """
        ...

    def describe_version(self, name: str, number: int, description: str) -> None:
        """Replace a version's description."""
        ...

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version."""
        ...

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Point an alias at a version."""
        ...

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        ...
