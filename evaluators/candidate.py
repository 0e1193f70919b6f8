"""A base model on disk, exactly identified: what the harness needs to know to measure it.

`hub` turns a card into a Candidate by fetching and verifying its files. The harness never looks at a card.
A candidate is identified by the digests of its files, never by its name: two models never share a result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from evaluators.canonical import digest_of
from evaluators.document import Document
from evaluators.names import RelativePath, SafeName, Sha256

Modality = Literal["text", "image"]
Library = Literal["transformers", "timm"]
Pooling = Literal["mean", "cls", "last", "model"]

_WEIGHTS = (".safetensors", ".safetensors.index.json")
_PROSE = (".md", ".gitattributes")


class FileEntry(Document):
    """One file of a model or a task: path inside its folder, size in bytes, sha256."""

    path: RelativePath
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256


class TextInput(Document):
    """How text becomes one vector a sample."""

    modality: Literal["text"] = "text"
    max_tokens: Annotated[int, Field(ge=1)]
    """Longer inputs are cut."""
    pooling: Pooling
    """`mean` over real tokens, `cls` first token, `last` last real token."""
    normalize: bool = False
    """Divide features by their L2 norm."""
    prompt: str = ""
    """Text put before every input (the e5 family wants `query: `)."""


class ImageInput(Document):
    """How an image becomes a tensor, and the tensor one vector."""

    modality: Literal["image"] = "image"
    size: Annotated[int, Field(ge=1)]
    """Height and width in pixels."""
    channels: Literal[1, 3] = 3
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bicubic"
    crop: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the shorter side that a centre crop keeps."""
    pooling: Pooling = "model"
    normalize: bool = False


Input = Annotated[TextInput | ImageInput, Field(discriminator="modality")]


#: Length of the text that `Structure.flops_per_input` is counted for.
TEXT_TOKENS = 32


class Structure(Document):
    """What was read from the files' headers and configuration when they were locked."""

    architecture: str
    """Class or timm name: `BertModel`, `test_resnet`."""
    parameters: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    """Length of the pooled feature vector."""
    blocks: Annotated[int, Field(ge=1)]
    """Layers or stages that a partial freeze can cut between."""
    flops_per_input: Annotated[int, Field(ge=1)]
    """Of one forward pass over one input: `TEXT_TOKENS` tokens, or one image at the input size."""


class Candidate(Document):
    """A verified base model. Frozen; its folder travels beside it, because the place is no part of the identity."""

    name: SafeName
    library: Library
    input: Input
    structure: Structure
    files: tuple[FileEntry, ...]

    @property
    def modality(self) -> Modality:
        """`text` or `image`."""
        return self.input.modality

    @property
    def digest(self) -> str:
        """Identity of the bytes: sha256 over path, size and sha256 of every file."""
        return manifest_digest(self.files)

    @property
    def subject(self) -> str:
        """Identity of what is measured: the bytes and how inputs reach them."""
        return digest_of(
            {"files": self.digest, "input": self.input.model_dump(mode="json"), "library": self.library}
        )

    @property
    def architecture_subject(self) -> str:
        """Identity of the untrained architecture: every file but weights and prose. From-scratch cells use it."""
        files = [entry for entry in self.files if not entry.path.endswith(_WEIGHTS + _PROSE)]
        return digest_of(
            {
                "files": manifest_digest(files),
                "input": self.input.model_dump(mode="json"),
                "library": self.library,
            }
        )


@dataclass(frozen=True)
class Reference:
    """A model as a person writes it: `NAME`, `NAME@alias` or `NAME:version`."""

    name: str
    alias: str | None = None
    version: int | None = None


def manifest_digest(files: Iterable[FileEntry]) -> str:
    """Return the digest of a set of files, whatever their order."""
    rows = sorted((str(PurePosixPath(entry.path)), entry.size, entry.sha256) for entry in files)
    return digest_of(rows)
