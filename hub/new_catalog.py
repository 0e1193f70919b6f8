"""An organization's own catalog repository: the template that the package carries, with its names filled in.

In: a folder that does not exist (or is empty), and the organization's name. Out: the folder, whole or not at all: a
catalog that passes `hub catalog check`, schemas for editors, a workflow, who may approve what. What the template has
under `catalog/` are links to files of this repository's catalog, which a build replaces by their bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub import __version__
from hub.catalog_schema import KINDS, schema_text
from hub.staging import place_folder, staged_folder

TEMPLATE = Path(__file__).parent / "catalog-template"
#: What stands in the template for the organization's name.
_NAME = b"ORGANIZATION"
_VERSION = b"BASEHUB_VERSION"
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def new_catalog(folder: Path, organization: str) -> tuple[str, ...]:
    """Write a new catalog repository.

    Args:
        folder: Where; it appears in one step.
        organization: Its name as GitHub or GitLab knows it: owners are teams of it.

    Returns:
        The paths that were written, relative to the folder, sorted.

    Raises:
        UsageProblem: If the folder holds something, or the name cannot stand in CODEOWNERS.
        EnvironmentProblem: If it cannot be written.
    """
    if not _ALLOWED.fullmatch(organization):
        raise UsageProblem(
            f"{organization!r} cannot be the name of an organization",
            hint="its name on GitHub or GitLab, as in --name acme: letters, digits, '-', '_' and '.'",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageProblem(
            f"{folder} holds something already; it was left as it is",
            hint="name a folder that does not exist",
        )
    target = folder.absolute()
    try:
        with staged_folder(target.parent) as staged:
            for name, data in _files(organization):
                path = staged / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            staged.chmod(0o755)
            place_folder(staged, target)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder} cannot be written ({error.strerror})", hint="name a folder in a place that is yours"
        ) from error
    return tuple(sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()))


def _files(organization: str) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a new repository: its path and its bytes."""
    for parent, _, names in os.walk(TEMPLATE):
        for name in names:
            path = Path(parent, name)
            relative = path.relative_to(TEMPLATE)
            data = path.read_bytes()
            # The examples are byte for byte those of the catalog they come from: digests are of them.
            if relative.parts[0] != "catalog":
                data = data.replace(_NAME, organization.encode()).replace(_VERSION, __version__.encode())
            yield relative.as_posix(), data
    for kind in KINDS:
        yield f"schemas/{kind}.schema.json", schema_text(kind).encode()
