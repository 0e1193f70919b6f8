"""What every place of bytes can do: stream one file of a model, and say what it is.

A source promises nothing about the bytes; the digests of the lock decide. What it cannot deliver it refuses with a
`SourceProblem`, so that the next mirror is tried and the reason is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from evaluators.errors import EnvironmentProblem

BLOCK = 1 << 20


class SourceProblem(EnvironmentProblem):
    """This place cannot deliver. `message` is the reason, `hint` what would help."""


@dataclass(frozen=True)
class Published:
    """What a place says about a file before its bytes are read; None where it says nothing."""

    size: int | None = None
    sha256: str | None = None


class Source(Protocol):
    """One mirror of a model."""

    def describe(self) -> str:
        """Return its name for people: `hub org/name`, `package name`, `directory path`."""
        ...

    def revision(self) -> str | None:
        """Return the commit that its bytes are of (40 hex digits), or None where there are no commits.

        Raises:
            SourceProblem: If it cannot be found out.
        """
        ...

    def paths(self) -> tuple[str, ...]:
        """Return the names of all files, sorted.

        Raises:
            SourceProblem: If they cannot be found out.
        """
        ...

    def published(self, path: str) -> Published:
        """Return what the place says about a file.

        Raises:
            SourceProblem: If there is no such file, or it cannot be found out.
        """
        ...

    def open(self, path: str) -> Iterator[bytes]:
        """Stream a file. Nothing is promised about the bytes.

        Raises:
            SourceProblem: If it cannot be delivered whole.
        """
        ...
