"""A folder inside an installed distribution as a source, located without importing anything of it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from hub.sources.directory import DirectorySource
from hub.sources.source import SourceProblem


def installed_package(distribution: str, folder: str) -> DirectorySource:
    """Return the source for a folder of an installed distribution.

    Args:
        distribution: Its name, as it is installed by.
        folder: The folder relative to where packages are installed: `the_package/model`.

    Raises:
        SourceProblem: If it is not installed, or has no such folder.
    """
    install = f"pip install {distribution}"
    try:
        found = importlib.metadata.distribution(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError) as error:
        raise SourceProblem(f"the package {distribution} is not installed", hint=install) from error
    place = Path(str(found.locate_file(folder)))
    if not place.is_dir():
        place = _of_editable_install(folder) or place
    if not place.is_dir():
        raise SourceProblem(
            f"the package {distribution} {found.version} has no folder {folder}",
            hint=f"reinstall it: {install}",
        )
    return DirectorySource(folder=place, name=f"package {distribution}", links=True)


def _of_editable_install(folder: str) -> Path | None:
    """Return the folder below a top-level package that an editable install keeps elsewhere."""
    top, _, below = folder.partition("/")
    # A finder looks a top-level name up without running it; a dotted name would import its parent.
    spec = importlib.util.find_spec(top) if top.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / below
