"""Where the bytes of a data file may lie: the four kinds of mirror.

In: a mirror as a task writes it (`catalog:data/x.csv`). Out: a `Mirror`; and for the kinds on this machine a path, or
an `Absent` that says why not. A mirror is only a place: whether the bytes there are right says
`evaluators.data.locations`. No package is ever imported to find its files, and no path of a mirror leaves its folder.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evaluators.errors import InvalidDocument

MirrorKind = Literal["catalog", "data", "package", "url"]

_KINDS = "catalog:PATH, data:PATH, package:DISTRIBUTION/PATH, or a URL such as s3://BUCKET/KEY or https://HOST/FILE"


@dataclass(frozen=True)
class Mirror:
    """One place of a file.

    Attributes:
        kind: What `path` is relative to; a `url` is relative to nothing.
        path: POSIX path inside its folder or distribution, or the whole URL.
        distribution: Name of the installed distribution; "" for the other kinds.
    """

    kind: MirrorKind
    path: str
    distribution: str = ""

    def __str__(self) -> str:
        """Return the mirror for people: without the credentials that a URL may carry."""
        if self.kind == "url":
            return re.sub(r"(://)[^/@]*@", r"\1", self.path).partition("?")[0]
        return f"{self.kind}:{self.distribution}{'/' if self.distribution else ''}{self.path}"


@dataclass(frozen=True)
class Absent:
    """A mirror without bytes, and why."""

    mirror: Mirror
    reason: str

    def __str__(self) -> str:
        return f"{self.mirror} ({self.reason})"


def parse_mirror(text: str) -> Mirror:
    """Read a mirror as a task writes it.

    Raises:
        InvalidDocument: If it is of no known kind, or its path leaves its folder.
    """
    if "://" in text:
        return Mirror("url", text)
    kind, _, rest = text.partition(":")
    if kind == "catalog" and _stays_inside(rest):
        return Mirror("catalog", rest)
    if kind == "data" and _stays_inside(rest):
        return Mirror("data", rest)
    distribution, _, path = rest.partition("/")
    if kind == "package" and distribution and _stays_inside(path):
        return Mirror("package", path, distribution)
    if kind in {"catalog", "data", "package"}:
        raise InvalidDocument(
            f"mirror {text!r}: the path must be relative and stay inside its folder", hint=_KINDS
        )
    raise InvalidDocument(f"mirror {text!r} is of no known kind", hint=f"write {_KINDS}")


def find_in_folder(mirror: Mirror, root: Path | None, *, unset: str) -> Path | Absent:
    """Return where a `catalog` or `data` mirror lies (a file or a folder), or why it does not.

    Args:
        mirror: The mirror.
        root: The folder that its path is relative to.
        unset: The reason if there is no such folder.
    """
    if root is None:
        return Absent(mirror, unset)
    path = root / mirror.path
    return path if path.exists() else Absent(mirror, f"no such file in {root}")


def find_in_package(mirror: Mirror) -> Path | Absent:
    """Return where a `package` mirror lies inside an installed distribution, or why it does not."""
    try:
        distribution = importlib.metadata.distribution(mirror.distribution)
    except importlib.metadata.PackageNotFoundError:
        return Absent(mirror, f"the package {mirror.distribution} is not installed")
    located = Path(str(distribution.locate_file(mirror.path)))
    if located.exists():
        return located
    # An editable install keeps its files elsewhere. find_spec imports the parents of a dotted name, so only a
    # top-level name is asked for.
    top, _, rest = mirror.path.partition("/")
    spec = importlib.util.find_spec(top) if top.isidentifier() else None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / rest).exists():
            return Path(folder) / rest
    return Absent(mirror, f"{mirror.distribution} {distribution.version} has no such file")


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and "\\" not in path and not {"", ".", ".."} & set(parts)
